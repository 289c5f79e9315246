"""`trimtab up`: the Dagster UI and daemon, started, kept together and stopped together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import typer

from trimtab.cli.run import project_root, require_dagster
from trimtab.errors import ConfigurationError, TrimtabError

START_SECONDS = 120.0  # a cold start on a busy machine; usually five
STOP_SECONDS = 15.0
POLL_SECONDS = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Children = dict[str, "subprocess.Popen[bytes]"]


def up(
    port: int = typer.Option(3000, min=1, max=65535, help="Port of the Dagster UI."),
    host: str = typer.Option("127.0.0.1", help="Address to listen on. The UI has no login: keep it on loopback."),
) -> None:
    """Start the Dagster UI and its daemon; Ctrl-C stops both."""
    require_dagster("dagster", "dagster_webserver")
    require_free(host, port)
    root = project_root(Path.cwd())
    if subprocess.run(_serve("prepare"), cwd=root, check=False).returncode:
        raise typer.Exit(1)
    served = _serve("webserver", "--host", host, "--port", str(port))
    with _told_to_stop() as told, _children(root, {"webserver": served, "daemon": _serve("daemon")}) as children:
        _wait_until_it_answers(f"http://{_reachable(host)}:{port}", children, told)
        if not told:
            typer.echo(f"Dagster is at http://{_reachable(host)}:{port}  (Ctrl-C stops it)")
        while not told and not _ended(children):
            time.sleep(POLL_SECONDS)
        ended = None if told else _ended(children)
    # Runs that were stopped with everything else would stay "started" for ever.
    subprocess.run(_serve("prepare"), cwd=root, check=False, stderr=subprocess.DEVNULL)
    if ended:
        raise TrimtabError(f"the {ended} ended by itself, so everything was stopped; its last words are above")


def require_free(host: str, port: int) -> None:
    """Refuse a port that somebody else listens on, before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port} on {host} cannot be used ({error.strerror}); give another, such as --port {port % 65535 + 1}"
            ) from None


def _serve(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "dagster_project.serve", *arguments]


def _reachable(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else f"[{host}]" if ":" in host else host


@contextmanager
def _told_to_stop() -> Iterator[list[int]]:
    """A list that holds the signals received; the handlers before are put back at the end."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)

    before = {number: signal.signal(number, note) for number in STOP_SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _children(root: Path, commands: Mapping[str, list[str]]) -> Iterator[Children]:
    """The processes, each in a session of its own; however this ends, none is left."""
    children: Children = {}
    try:
        for name, command in commands.items():
            children[name] = subprocess.Popen(command, cwd=root, stdin=subprocess.DEVNULL, start_new_session=True)
        yield children
    finally:
        _stop(children)


def _stop(children: Children) -> None:
    """Ask all to end, wait, and end whatever of their process groups is left."""
    for child in children.values():
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children.values():
        try:
            child.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            child.terminate()
    for child in children.values():
        # The code servers and run workers a child started are in its group and may outlive it.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _ended(children: Children) -> str | None:
    return next((name for name, child in children.items() if child.poll() is not None), None)


def _wait_until_it_answers(url: str, children: Children, told: list[int]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not told and not _ended(children):
        if _answers(f"{url}/server_info"):
            return
        if time.monotonic() > deadline:
            raise TrimtabError(f"the webserver did not answer at {url} within {START_SECONDS:.0f} seconds")
        time.sleep(POLL_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
