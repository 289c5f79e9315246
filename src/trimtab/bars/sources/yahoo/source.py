"""`YahooEquities`: anything with a ticker of Yahoo Finance, its prices as they were traded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from trimtab.bars.actions import ActionKind, Actions
from trimtab.bars.schema import PRICES, TIME, Bars
from trimtab.bars.sources.asking import NoAnswerError, Patience, could_not_deliver
from trimtab.bars.sources.protocol import BarSource, UnknownSeriesError, check_span, refuse_empty, within
from trimtab.bars.sources.yahoo.calendars import calendar_of
from trimtab.bars.sources.yahoo.client import Told, YahooClient
from trimtab.bars.sources.yahoo.prices import as_traded, split_level
from trimtab.bars.sources.yahoo.refusal import RefusedError
from trimtab.bars.times import as_time, first_known
from trimtab.bars.told_actions import paid_out
from trimtab.clock import Clock, SystemClock
from trimtab.errors import ConfigurationError, SourceError, UnknownNameError
from trimtab.market import Series, Timeframe

if TYPE_CHECKING:
    import pandas as pd

FIRST_DAY = datetime(1927, 1, 1, tzinfo=UTC)  # Yahoo's oldest series is the S&P index, from 1927-12-30
# One answer serves calendar, bars and actions of an instrument, if they are asked for together.
_FRESH = timedelta(minutes=1)


@dataclass(frozen=True)
class _Kept:
    """How far back Yahoo keeps bars, and how much one request may span; each a day short of its limit."""

    back: timedelta
    per_request: timedelta


_INTRADAY = {
    Timeframe.MINUTE: _Kept(timedelta(days=29), timedelta(days=7)),
    Timeframe.FIVE_MINUTES: _Kept(timedelta(days=59), timedelta(days=59)),
    Timeframe.FIFTEEN_MINUTES: _Kept(timedelta(days=59), timedelta(days=59)),
    Timeframe.HOUR: _Kept(timedelta(days=729), timedelta(days=729)),
}


class UnknownTickerError(UnknownSeriesError):
    """Yahoo does not know a ticker; what it does know it does not list."""

    def __init__(self, source: str, series: Series, hint: str) -> None:
        super().__init__(source, series, [])
        self.args = (f"source '{source}': unknown series '{series.key}'; {hint}",)


@dataclass(frozen=True)
class _History:
    """The whole daily history of one instrument, as Yahoo tells it today.

    Attributes
    ----------
    asked: when it was asked for.
    told: prices and volume adjusted for all splits, with dividends and splits beside the bar of their day.
    """

    asked: datetime
    told: Told

    @cached_property
    def dates(self) -> np.ndarray:
        """The date of every row, `datetime64[D]`."""
        return _dates(self.told.frame)

    @cached_property
    def splits(self) -> tuple[np.ndarray, np.ndarray]:
        """Dates and ratios of all splits."""
        ratio = self.told.frame["Stock Splits"].to_numpy(np.float64)
        return self.dates[ratio > 0], ratio[ratio > 0]

    @cached_property
    def dividends(self) -> tuple[np.ndarray, np.ndarray]:
        """Dates of dividends, and what was paid per share of the day before."""
        frame = self.told.frame
        paid = frame["Dividends"].to_numpy(np.float64)
        if "Capital Gains" in frame:
            paid = paid_out(paid, frame["Capital Gains"].to_numpy(np.float64))
        dates, paid = self.dates[paid > 0], paid[paid > 0]
        return dates, as_traded(paid, split_level(dates, *self.splits, on_the_day=True))


@dataclass(frozen=True)
class YahooEquities(BarSource):
    """Bars of anything Yahoo Finance has a ticker for, with its splits and dividends as dated facts.

    An instrument is called by its ticker: AAPL, BRK-B, VOD.L, ^GSPC. Yahoo shows prices as if all splits until
    today had always been; they are multiplied back with the splits of the same answer, so that a bar does not
    change when a share is split years later. `factor` is 1: comparable prices are made from `actions`.
    Daily bars carry the session's date at 00:00 UTC.

    One request brings the whole daily history; shorter bars are kept by Yahoo for 30 days (1m), 60 days
    (5m, 15m) or two years (1h), and nothing shorter than asked for is delivered silently.

    Attributes
    ----------
    start: where history begins when nothing else is asked for.
    clock: what time it is; a day is over 24 hours after its date begins, in UTC.
    publication_lag: time from a bar's close until Yahoo shows it for good.
    timeout_seconds: how long one request may take.
    patience: how often and how long a request is tried.
    base_url: asks this address instead of Yahoo's hosts.
    """

    start: datetime | None = None
    clock: Clock = field(default_factory=SystemClock)
    publication_lag: timedelta = timedelta(0)
    timeout_seconds: float = 20.0
    patience: Patience = field(default_factory=Patience)
    base_url: str | None = None
    name: str = "yfinance"
    is_live: bool = True
    overlap: int | None = 10  # volumes, sometimes closes, are revised for a few sessions

    def instruments(self) -> list[Series]:
        """Nothing: Yahoo does not list what it has."""
        return []

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        """Raw bars of a ticker; see `BarSource.fetch`.

        Raises `UnknownNameError` for a timeframe that Yahoo does not have, or has only in a shape
        that cannot be trusted, `UnknownSeriesError` for a ticker, `SourceError` where no answer came.
        """
        check_span(since, until)
        self._check_timeframe(series.timeframe)
        try:
            history = self._history(series)
            bars = self._days(series, history)
            if series.timeframe is not Timeframe.DAY:
                bars = self._intraday(series, since or self.start, history)
        except NoAnswerError as error:
            raise could_not_deliver(self.name, series.key, since or self.start, until, error) from error
        begin = since or self.start
        finished = bars.take(~(bars.known_time > as_time(self.clock.now())))
        return refuse_empty(self.name, series, within(finished, begin, until), begin, until)

    def actions(self, series: Series) -> Actions:
        """Every split and dividend until now; capital gains that a fund distributes count as dividends, once."""
        try:
            history = self._history(series)
        except NoAnswerError as error:
            raise could_not_deliver(self.name, f"actions of {series.key}", None, None, error) from error
        (split_dates, ratios), (dividend_dates, paid) = history.splits, history.dividends
        kinds = np.repeat([str(ActionKind.SPLIT), str(ActionKind.DIVIDEND)], [len(ratios), len(paid)])
        ex_time = np.concatenate([split_dates, dividend_dates]).astype(TIME)
        actions = Actions.build(series.instrument_id, ex_time, kinds, np.concatenate([ratios, paid]))
        in_force = actions.take(actions.ex_time <= as_time(self.clock.now()))
        return in_force.take(np.argsort(in_force.ex_time, kind="stable"))

    def calendar(self, series: Series) -> str | None:
        """The calendar of the exchange Yahoo names, where it is a known one; refused where `fetch` refuses."""
        self._check_timeframe(series.timeframe)
        try:
            return calendar_of(self._history(series).told.exchange)
        except NoAnswerError as error:  # the answer that also holds the bars: they are what is missed
            raise could_not_deliver(self.name, series.key, self.start, None, error) from error

    @cached_property
    def client(self) -> YahooClient:
        """What asks; it has asked nothing yet."""
        return YahooClient(self.patience, self.timeout_seconds, self.base_url)

    @cached_property
    def _latest(self) -> dict[str, _History]:
        """The last history asked for, of one instrument at most."""
        return {}

    def _history(self, series: Series) -> _History:
        now, name = self.clock.now(), series.instrument_id
        kept = self._latest.get(name)
        if kept is None or now - kept.asked > _FRESH:
            told = self._ask(series, "1d", FIRST_DAY)
            if len(told.frame) == 0:
                raise NoAnswerError("Yahoo has not a single day of it")
            kept = _History(now, told)
            self._latest.clear()
            self._latest[name] = kept
        return kept

    def _ask(self, series: Series, interval: str, start: datetime, end: datetime | None = None) -> Told:
        name = series.instrument_id
        if name != name.upper():
            raise UnknownTickerError(self.name, series, f"tickers of Yahoo are in capitals: {name.upper()}")
        try:
            return self.client.ask(name, interval, start, end)
        except RefusedError as refusal:
            if refusal.is_unknown:
                hint = f"{refusal}; look its ticker up on finance.yahoo.com"
                raise UnknownTickerError(self.name, series, hint) from refusal
            raise

    def _days(self, series: Series, history: _History) -> Bars:
        return self._bars(series, history.dates.astype(TIME), history.told.frame, history)

    def _intraday(self, series: Series, begin: datetime | None, history: _History) -> Bars:
        import pandas as pd

        told = [self._ask(series, series.timeframe.value, *span).frame for span in self._spans(series, begin)]
        frame = pd.concat([each for each in told if len(each)] or [history.told.frame[:0]])
        frame = frame[~frame.index.duplicated(keep="last")]
        index: Any = frame.index
        return self._bars(series, index.tz_convert("UTC").tz_localize(None).to_numpy().astype(TIME), frame, history)

    def _spans(self, series: Series, begin: datetime | None) -> Iterator[tuple[datetime, datetime | None]]:
        """Spans of the requests for intraday bars; the last is open, because Yahoo's prices are of its own today."""
        kept, now = _INTRADAY[series.timeframe], self.clock.now()
        earliest = now - kept.back
        if begin is not None and begin < earliest - timedelta(days=1):
            raise SourceError(
                f"source '{self.name}' has {series.key} only since {earliest:%Y-%m-%d}, because Yahoo keeps bars of "
                f"{series.timeframe} for {kept.back.days + 1} days; ask from then on"
            )
        begin = max(begin or earliest, earliest)
        while begin + kept.per_request < now:
            yield begin, begin + kept.per_request
            begin += kept.per_request
        if begin <= now:
            yield begin, None

    def _bars(self, series: Series, times: np.ndarray, frame: pd.DataFrame, history: _History) -> Bars:
        """Bars as traded; a row without any price only carries an action."""
        level = split_level(_dates(frame), *history.splits)
        number = {name: as_traded(frame[name.capitalize()].to_numpy(np.float64), level) for name in PRICES}
        bars = Bars.build(
            series,
            times,
            number["open"],
            number["high"],
            number["low"],
            number["close"],
            # Yahoo counts shares of today; shares were whole when they were traded.
            np.rint(frame["Volume"].to_numpy(np.float64) / level),
            known_time=first_known(series, times, self.publication_lag),
        )
        return bars.take(~np.all([np.isnan(values) for values in number.values()], axis=0))

    def _check_timeframe(self, timeframe: Timeframe) -> None:
        if timeframe is Timeframe.WEEK:
            raise ConfigurationError(
                f"source '{self.name}' does not deliver weeks, because Yahoo adjusts them differently from "
                "its days; ingest 1d and resample to 1w"
            )
        if timeframe is not Timeframe.DAY and timeframe not in _INTRADAY:
            offered = [each.value for each in (*_INTRADAY, Timeframe.DAY)]
            raise UnknownNameError("timeframe", timeframe.value, offered, where=f"source '{self.name}': ")


def _dates(frame: pd.DataFrame) -> np.ndarray:
    """The session date of every row, by the exchange's clock."""
    index: Any = frame.index
    dates: np.ndarray = index.tz_localize(None).to_numpy().astype("datetime64[D]")
    return dates
