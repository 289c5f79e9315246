"""Asking again: how often, after how long, and what it says when it gives up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from trimtab.bars.sources.asking import (
    BusyError,
    NoAnswerError,
    Patience,
    ask,
    busy_status,
    could_not_deliver,
    in_its_words,
    retry_after_seconds,
    say_status,
)


class Server:
    """Fails a number of times, then answers; writes down how often it was asked and what was waited."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.asked, self.waits = list(failures), 0, []  # type: ignore[var-annotated]  # seconds

    def answer(self) -> str:
        self.asked += 1
        if self.failures:
            raise self.failures.pop(0)
        return "bars"

    def patience(self, **limits: float) -> Patience:
        return Patience(sleep=self.waits.append, chance=lambda: 1.0, **limits)  # type: ignore[arg-type]


def test_waits_double_until_the_longest_and_the_answer_comes() -> None:
    server = Server(*[BusyError("busy")] * 6)
    assert ask(server.answer, server.patience(attempts=7, first_wait_seconds=0.5, longest_wait_seconds=6.0)) == "bars"
    assert server.waits == [0.5, 1.0, 2.0, 4.0, 6.0, 6.0]


def test_jitter_takes_away_up_to_half_of_a_wait() -> None:
    waits = {chance: Patience(chance=lambda chance=chance: chance).wait_seconds(2) for chance in (0.0, 0.5, 1.0)}  # type: ignore[misc]
    assert waits == {0.0: 1.0, 0.5: 1.5, 1.0: 2.0}


def test_waits_differ_between_two_who_ask() -> None:
    assert Patience().wait_seconds(1) != Patience().wait_seconds(1)


def test_a_server_that_says_how_long_is_believed() -> None:
    server = Server(BusyError("busy", 30.0), BusyError("busy", 0.1))
    ask(server.answer, server.patience())
    assert server.waits == [30.0, 2.0]


def test_nobody_waits_for_hours() -> None:
    server = Server(BusyError("HTTP 418", 7200.0))
    with pytest.raises(NoAnswerError, match="HTTP 418, and it asks to be left alone for 7200 s; asked once"):
        ask(server.answer, server.patience())
    assert (server.asked, server.waits) == (1, [])


def test_it_is_given_up_after_the_last_attempt_without_another_wait() -> None:
    server = Server(*[BusyError("silent")] * 9)
    with pytest.raises(NoAnswerError, match="silent; asked 3 times, try again later"):
        ask(server.answer, server.patience(attempts=3))
    assert (server.asked, len(server.waits)) == (3, 2)


def test_what_is_no_passing_trouble_is_not_asked_again() -> None:
    server = Server(ValueError("no such market"))
    with pytest.raises(ValueError, match="no such market"):
        ask(server.answer, server.patience())
    assert server.asked == 1


@pytest.mark.parametrize("status", [408, 418, 425, 429, 500, 502, 503, 504, 520])
def test_these_statuses_pass(status: int) -> None:
    assert isinstance(busy_status(status, {}), BusyError)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 410, 422, 451])
def test_these_statuses_are_an_answer(status: int) -> None:
    assert busy_status(status, {}) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "soon"}, 0.0),
        ({"Retry-After": "inf"}, 0.0),
        ({"Retry-After": "nan"}, 0.0),
        ({"Retry-After": "Thu, 02 Jan 2020 00:01:00 GMT", "date": "Thu, 02 Jan 2020 00:00:00 GMT"}, 60.0),
        ({"Retry-After": "Thu, 02 Jan 2020 00:01:00 GMT"}, 0.0),
        ({}, 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_moment(headers: dict[str, str], seconds: float) -> None:
    assert retry_after_seconds(headers) == seconds


def test_a_failure_names_source_series_and_span() -> None:
    since, until = datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC)
    error = could_not_deliver("ccxt", "BTC-USDT__1h of binance", since, until, "silent; asked once")
    assert str(error) == (
        "source 'ccxt' could not deliver BTC-USDT__1h of binance since 2020-01-02T00:00:00Z until "
        "2020-02-01T00:00:00Z: silent; asked once"
    )


def test_a_server_that_talks_much_is_cut_and_an_unknown_status_is_only_a_number() -> None:
    assert len(in_its_words("x" * 10_000)) < 200
    assert say_status(520) == "HTTP 520"
