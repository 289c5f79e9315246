"""A real HTTP server on the loopback that answers from a recording, and misbehaves when told to."""

from __future__ import annotations

import json
import socket
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Query = Mapping[str, str]
STALL_SECONDS = 6.0  # longer than any client of a test waits; then the line is closed


@dataclass(frozen=True)
class Reply:
    """What is sent: a status, a body (bytes, or anything JSON can say) and headers.

    `sent_share` of the body is sent; what happens then is `ending`: "whole" says the true length,
    "cut" promises the whole length and closes the line, "stalled" promises it and falls silent,
    "closed" sends nothing at all.
    """

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent_share: float = 1.0
    ending: str = "whole"

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Trouble = Callable[[Reply], Reply]


def status(code: int, body: Any = b"", **headers: str) -> Trouble:
    """Another answer instead of the right one; a header's underscore is a hyphen."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Reply(code, body, told)


def truncated(reply: Reply) -> Reply:
    """Half the JSON, as if it were all: the length is right and the text is not."""
    return Reply(reply.status, reply.content[: len(reply.content) // 2], reply.headers)


def cut(reply: Reply) -> Reply:
    """The line goes dead in the middle of the body."""
    return Reply(reply.status, reply.content, reply.headers, 0.5, "cut")


def stalled(reply: Reply) -> Reply:
    """Headers and half a body, then silence."""
    return Reply(reply.status, reply.content, reply.headers, 0.5, "stalled")


def closed(_: Reply) -> Reply:
    """The line is closed before a word is said."""
    return Reply(ending="closed")


@dataclass(frozen=True)
class Asked:
    """One request that came in."""

    path: str
    query: Query


class ReplayServer:
    """Answers `answer(path, query)` on the loopback; `troubles` are spent one per request of their path."""

    def __init__(self, answer: Callable[[str, Query], Reply]) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self._troubles: list[tuple[str, deque[Trouble]]] = []
        self._over = Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                split = urlsplit(self.path)
                server.handle(self, split.path, dict(parse_qsl(split.query)))

            def log_message(self, *_: Any) -> None:
                """Tests say what matters."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def trouble(self, *troubles: Trouble, path: str = "") -> None:
        """The next requests whose path contains `path` are answered like this, one trouble each."""
        self._troubles.append((path, deque(troubles)))

    def requests(self, path: str) -> list[Asked]:
        """What was asked of a path so far."""
        return [asked for asked in self.asked if path in asked.path]

    def handle(self, handler: BaseHTTPRequestHandler, path: str, query: Query) -> None:
        self.asked.append(Asked(path, query))
        reply = self.answer(path, query)
        for where, troubles in self._troubles:
            if where in path and troubles:
                reply = troubles.popleft()(reply)
                break
        self._send(handler, reply)

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        handler.close_connection = reply.ending != "whole"
        if reply.ending == "closed":
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        handler.send_response(reply.status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(reply.content)))
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(reply.content[: int(len(reply.content) * reply.sent_share)])
        handler.wfile.flush()
        if reply.ending == "stalled":
            self._over.wait(STALL_SECONDS)

    @contextmanager
    def running(self) -> Iterator[ReplayServer]:
        """The server, until the block is left."""
        thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._http.shutdown()
            self._http.server_close()
            thread.join(timeout=5)
