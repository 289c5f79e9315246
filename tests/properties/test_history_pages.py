"""A paged history against the plain one: whatever pages look like, every bar of the span comes out once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.bars.sources.asking import NoAnswerError, Patience
from trimtab.bars.sources.pages import Pages

STEP, DAY = 10, 100  # ms; ten bars make a longer one
PATIENT = Patience(attempts=3, sleep=lambda _: None)


@dataclass
class Server:
    """Holds bars; serves them the way exchanges do.

    Attributes
    ----------
    times: event times it has.
    style: "next" the next bars from a time on, "window" those of a window, "overlap" also some from before
        the time, "shuffled" in any order, "latest" the last ones and "stuck" the first ones whatever was asked.
    size: bars of a page.
    silent: how many pages are empty by mistake.
    """

    times: np.ndarray
    style: str = "next"
    size: int = 4
    silent: int = 0
    step: int = STEP
    asked: list[int] = field(default_factory=list)

    def page(self, first: int) -> np.ndarray:
        self.asked.append(first)
        if self.silent:
            self.silent -= 1
            return rows_at(self.times[:0])
        begin = {"overlap": first - 2 * self.step, "latest": -(10**9)}.get(self.style, first)
        chosen = self.times[self.times >= begin]
        if self.style == "window":
            chosen = chosen[chosen < first + self.size * self.step]
        chosen = self.times if self.style == "stuck" else chosen
        chosen = chosen[-self.size :] if self.style == "latest" else chosen[: self.size]
        return rows_at(chosen[::-1] if self.style == "shuffled" else chosen)

    def pages(self, longer: Pages | None = None) -> Pages:
        return Pages(self.page, self.step, self.size, PATIENT, longer)


def rows_at(times: np.ndarray) -> np.ndarray:
    """A bar per time whose prices say which it is."""
    prices = np.repeat(times[:, None] + 1.0, 5, axis=1)
    return np.column_stack([times, prices]).astype(float)


def longer_of(times: np.ndarray, **served: object) -> Server:
    return Server(np.unique(times // DAY * DAY), step=DAY, **served)  # type: ignore[arg-type]


event_times = st.lists(st.integers(0, 300), max_size=120, unique=True).map(
    lambda steps: np.array(sorted(steps), dtype=np.int64) * STEP
)


@settings(max_examples=300, deadline=None)
@given(
    times=event_times,
    # A page of "overlap" must hold more than it repeats, or the server never gets any further.
    style=st.sampled_from(["next", "window", "overlap", "shuffled"]),
    size=st.integers(4, 12),
    first=st.integers(-50, 3100),
    length=st.integers(0, 3300),
    has_longer=st.booleans(),
    longer_style=st.sampled_from(["next", "window"]),
)
def test_every_bar_of_the_span_comes_out_once(
    times: np.ndarray, style: str, size: int, first: int, length: int, has_longer: bool, longer_style: str
) -> None:
    longer = longer_of(times, style=longer_style).pages() if has_longer else None
    pages = Server(times, style, size).pages(longer)
    collected = pages.collect(first, first + length)
    expected = times[(times >= first) & (times <= first + length)]
    np.testing.assert_array_equal(collected, rows_at(expected))


@settings(max_examples=200, deadline=None)
@given(times=event_times, first=st.integers(-50, 3100), style=st.sampled_from(["next", "window"]))
def test_the_first_bar_is_found(times: np.ndarray, first: int, style: str) -> None:
    later = times[(times >= first) & (times <= 3000)]
    assert Server(times, style).pages().first_from(first, 3000) == (later[0] if len(later) else None)


def test_a_page_that_is_empty_once_by_mistake_is_asked_again() -> None:
    server = Server(np.arange(0, 1000, STEP))
    server.silent = 1
    assert len(server.pages().collect(0, 990)) == 100


def test_a_page_that_stays_empty_while_longer_bars_show_trade_is_no_silence_of_the_market() -> None:
    times = np.arange(0, 5000, STEP)
    server = Server(times, size=20, silent=100)
    with pytest.raises(NoAnswerError, match="is empty, though other bars show trade there; asked 3 times"):
        server.pages(longer_of(times).pages()).collect(0, 4990)


def test_a_server_that_keeps_the_latest_bars_only_is_found_out() -> None:
    times = np.arange(0, 5000, STEP)
    server = Server(times, "latest", size=20)
    with pytest.raises(
        NoAnswerError, match=r"begin at 1970-01-01T00:00:04\.800000Z, though its longer bars show trade"
    ):
        server.pages(longer_of(times).pages()).collect(0, 4990)
    assert len(server.pages(longer_of(times).pages()).collect(4800, 4990)) == 20


def test_a_server_that_stands_still_does_not_keep_us() -> None:
    times = np.arange(0, 5000, STEP)
    with pytest.raises(NoAnswerError, match=r"its page from 1970-01-01T00:00:00\.200000Z is empty"):
        Server(times, "stuck", size=20).pages(longer_of(times).pages()).collect(0, 4990)


def test_pages_in_any_order_are_asked_for_once() -> None:
    server = Server(np.arange(0, 1000, STEP), "shuffled", size=10)
    server.pages().collect(0, 990)
    assert server.asked == list(range(0, 1000, 100))


def test_an_outage_of_days_is_left_to_the_checks_even_if_days_were_made_up_for_it() -> None:
    times = np.r_[np.arange(0, 300, STEP), np.arange(700, 2000, STEP)]
    longer = longer_of(np.arange(0, 2000, STEP)).pages()
    assert Server(times, size=50).pages(longer).collect(300, 1990)[0, 0] == 700


def test_longer_bars_without_volume_show_no_trade() -> None:
    times = np.array([0, 4000])
    filled = rows_at(np.arange(0, 4100, DAY))
    filled[1:40, 5] = 0.0
    longer = Pages(lambda first: filled[filled[:, 0] >= first][:4], DAY, 4, PATIENT)
    assert Server(times, "window", 20).pages(longer).collect(0, 4090)[:, 0].tolist() == [0, 4000]


def test_a_silence_of_months_is_not_asked_page_by_page() -> None:
    times = np.array([0, 10, 900_000, 900_010])
    plain, guided = Server(times, "window", 20), Server(times, "window", 20)
    plain.pages().collect(0, 900_100)
    guided.pages(longer_of(times, size=500).pages()).collect(0, 900_100)
    assert len(plain.asked) > 5_000
    assert len(guided.asked) < 20
