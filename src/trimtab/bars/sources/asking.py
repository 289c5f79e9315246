"""Asking a server that may be busy, slow or half awake: again, later each time, and not for ever.

What is worth asking again is said by the source that asks: it raises `BusyError`. Everything else is an
answer, also a refusal, and asking again would not change it.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeVar

from trimtab.bars.sources.protocol import say_span
from trimtab.errors import SourceError

Answer = TypeVar("Answer")
# Too early, too many, out of order for a moment; 418 is what Binance says instead of 429 to who did not listen.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.IM_A_TEAPOT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_SHOWN = 160  # characters of a server's own words


class BusyError(Exception):
    """The server could not answer this time; `wait_seconds` is how long it asks to be left alone."""

    def __init__(self, reason: str, wait_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class NoAnswerError(Exception):
    """A question was given up; the text says why and how often it was asked."""


@dataclass(frozen=True)
class Patience:
    """How often a question is asked, and how long is waited between two times.

    Waits double from `first_wait_seconds`; each is shortened by up to half, at random, so that many who
    were refused together do not come back together ("equal jitter": M. Brooker, Exponential Backoff
    And Jitter, AWS Architecture Blog, 2015).

    Attributes
    ----------
    attempts: how often in all, at least once.
    first_wait_seconds: before the second time, without jitter.
    longest_wait_seconds: no wait is longer; a server that asks for more is not waited for.
    sleep: what waits, given seconds.
    chance: uniform in [0, 1), for the jitter.

    >>> Patience(chance=lambda: 0.0).wait_seconds(3), Patience(chance=lambda: 1.0).wait_seconds(3)
    (2.0, 4.0)
    """

    attempts: int = 5
    first_wait_seconds: float = 1.0
    longest_wait_seconds: float = 90.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def wait_seconds(self, failed: int) -> float:
        """How long to wait after a number of failures, from 1."""
        longest = min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** (failed - 1))
        return longest * (0.5 + 0.5 * self.chance())


def ask(question: Callable[[], Answer], patience: Patience) -> Answer:
    """The answer to a question, asked again while it raises `BusyError`.

    Raises `NoAnswerError` when it was asked often enough, or when the server wants to be left alone for
    longer than is waited; every other error of the question passes.

    >>> ask(lambda: 42, Patience())
    42
    """
    failed = 0
    while True:
        try:
            return question()
        except BusyError as busy:
            failed += 1
            if busy.wait_seconds > patience.longest_wait_seconds:
                raise NoAnswerError(
                    f"{busy}, and it asks to be left alone for {busy.wait_seconds:.0f} s; {_tried(failed)}, try again then"
                ) from busy
            if failed >= patience.attempts:
                raise NoAnswerError(f"{busy}; {_tried(failed)}, try again later") from busy
            patience.sleep(max(busy.wait_seconds, patience.wait_seconds(failed)))


def busy_status(status: int, headers: Mapping[str, str]) -> BusyError | None:
    """What an HTTP status says about asking again: `BusyError` where that may help, None where it will not.

    >>> busy_status(429, {"Retry-After": "7"}).wait_seconds
    7.0
    >>> busy_status(404, {}) is None
    True
    """
    if status not in _PASSING and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return None
    return BusyError(f"the server answers {say_status(status)}", retry_after_seconds(headers))


def retry_after_seconds(headers: Mapping[str, str]) -> float:
    """The header `Retry-After` as seconds, 0 where there is none that can be read.

    A moment is compared with the `Date` of the same answer, so that only one clock counts (RFC 9110, 10.2.3).

    >>> retry_after_seconds({"Date": "Thu, 02 Jan 2020 00:00:00 GMT", "Retry-After": "Thu, 02 Jan 2020 00:00:30 GMT"})
    30.0
    """
    told = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    date = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        seconds = float(told)
    except ValueError:
        then, now = _moment(told), _moment(date)
        seconds = (then - now).total_seconds() if then and now else 0.0
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0


def say_status(status: int) -> str:
    """An HTTP status in words.

    >>> say_status(502)
    'HTTP 502 Bad Gateway'
    """
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def in_its_words(text: object) -> str:
    """What a server or its client says, on one line and cut to a readable length.

    >>> in_its_words("Invalid   symbol.\\n")
    'Invalid symbol.'
    """
    words = " ".join(str(text).split())
    return words if len(words) <= _SHOWN else words[:_SHOWN] + "..."


def could_not_deliver(
    source: str, what: str, since: datetime | None, until: datetime | None, reason: object
) -> SourceError:
    """The sentence for a question that stays open: which source, which series and span, and why.

    >>> print(could_not_deliver("ccxt", "BTC-USDT__1h of kraken", None, None, "it did not answer in time"))
    source 'ccxt' could not deliver BTC-USDT__1h of kraken: it did not answer in time
    """
    return SourceError(f"source '{source}' could not deliver {what}{say_span(since, until)}: {reason}")


def _tried(failed: int) -> str:
    return "asked once" if failed == 1 else f"asked {failed} times"


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
