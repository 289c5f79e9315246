"""Crypto exchanges, through the library ccxt: one client for the public price history of a hundred of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np

from trimtab.bars.schema import TIME, Bars
from trimtab.bars.sources.asking import (
    BusyError,
    NoAnswerError,
    Patience,
    ask,
    busy_status,
    could_not_deliver,
    in_its_words,
    say_status,
)
from trimtab.bars.sources.pages import NOTHING, Pages, Rows
from trimtab.bars.sources.protocol import BarSource, UnknownSeriesError, check_span, refuse_empty
from trimtab.bars.times import as_time, first_known
from trimtab.clock import Clock, SystemClock
from trimtab.errors import ConfigurationError, SourceError, UnknownNameError
from trimtab.market import Series, Timeframe

Answer = TypeVar("Answer")
# Before any exchange; where nobody says when history begins it is looked for from here.
FIRST_TRADE = datetime(2010, 1, 1, tzinfo=UTC)
BARS_PER_PAGE = 300  # for an exchange that does not say how many it gives: the smallest page of a large one
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True)
class CryptoExchange(BarSource):
    """The public price history of one crypto exchange, in any market and timeframe that ccxt can ask it for.

    An instrument is called as its market in ccxt, with a hyphen for the slash and an underscore for
    the colon: `BTC-USDT` is the spot market BTC/USDT, `BTC-USDT_USDT` the perpetual BTC/USDT:USDT.
    Prices are those of the exchange, `factor` is 1 and the calendar 24/7. No account or key is needed.

    History is asked for page by page, as fast as ccxt's limit for the exchange allows. A request that
    fails in passing (time-out, lost or broken answer, HTTP 429 and 5xx) is asked again as `patience` says.

    Attributes
    ----------
    exchange_id: which exchange, in ccxt's words: binance, kraken, coinbaseexchange, ...
    start: where history begins when nothing else is asked for; None looks for the first bar.
    clock: what time it is; the unfinished bar is not delivered.
    publication_lag: time from a bar's close until the exchange shows it for good.
    timeout_seconds: how long the exchange may be silent during one request.
    patience: how often and how long a request is tried.
    base_url: asks this address instead of the exchange's own, with the same paths.
    """

    exchange_id: str
    start: datetime | None = None
    clock: Clock = field(default_factory=SystemClock)
    publication_lag: timedelta = timedelta(0)
    timeout_seconds: float = 20.0
    patience: Patience = field(default_factory=Patience)
    base_url: str | None = None
    name: str = "ccxt"
    is_live: bool = True
    overlap: int | None = 5

    def instruments(self) -> list[Series]:
        """Nothing: thousands of markets are not ingested because nobody said which."""
        return []

    def fetch(self, series: Series, since: datetime | None = None, until: datetime | None = None) -> Bars:
        """Raw bars of a market; see `BarSource.fetch`.

        Raises `UnknownNameError` for a timeframe and `UnknownSeriesError` for a market that the
        exchange does not have, `SourceError` where it gave no answer, or not all of one.
        """
        check_span(since, until)
        try:
            rows = self._rows(series, since, until)
        except NoAnswerError as error:
            what = f"{series.key} of {self.exchange_id}"
            raise could_not_deliver(self.name, what, since, until, error) from error
        times = rows[:, 0].astype("datetime64[ms]").astype(TIME)
        open_, high, low, close, volume = rows[:, 1:].T
        known = first_known(series, times, self.publication_lag)
        bars = Bars.build(series, times, open_, high, low, close, volume, known_time=known)
        return refuse_empty(self.name, series, bars, since, until)

    def calendar(self, series: Series) -> str | None:
        """Open every minute of the year."""
        return "24/7"

    @cached_property
    def client(self) -> Any:
        """The client of ccxt for this exchange; it has asked nothing yet."""
        ccxt = _ccxt()
        if self.exchange_id not in ccxt.exchanges:
            raise UnknownNameError("exchange", self.exchange_id, ccxt.exchanges, where=f"source '{self.name}': ")
        client = getattr(ccxt, self.exchange_id)({"enableRateLimit": True, "timeout": self.timeout_seconds * 1000})
        if client.has["fetchOHLCV"] is not True:  # "emulated": made from the trades of the last minutes
            raise ConfigurationError(f"source '{self.name}': exchange '{self.exchange_id}' does not publish bars")
        client.session.hooks["response"].append(_refuse_broken)
        if self.base_url:
            client.urls["api"] = _at(self.base_url, client.urls["api"])
        return client

    @cached_property
    def markets(self) -> dict[str, str]:
        """The exchange's markets in ccxt's words, by instrument id."""
        return {instrument_of(symbol): symbol for symbol in self._ask(self.client.load_markets)}

    def _rows(self, series: Series, since: datetime | None, until: datetime | None) -> Rows:
        self._check_timeframe(series.timeframe)
        if series.instrument_id not in self.markets:
            raise UnknownSeriesError(self.name, series, self._listed(series.timeframe))
        pages = self._pages(self.markets[series.instrument_id], series.timeframe)
        finished = self.clock.now() - self.publication_lag - series.timeframe.duration
        last = _ms(min(until, finished) if until else finished)
        first = self._first(pages, since, last)
        return NOTHING if first is None else pages.collect(first, last)

    def _first(self, pages: Pages, since: datetime | None, last: int) -> int | None:
        start = since or self.start
        if start is not None:
            return _ms(start)
        return (pages.longer or pages).first_from(_ms(FIRST_TRADE), last)

    def _pages(self, symbol: str, timeframe: Timeframe) -> Pages:
        n_per_page = self.client.feature_value(symbol, "fetchOHLCV", "limit") or BARS_PER_PAGE

        def page(first_ms: int) -> Rows:
            question = lambda: self.client.fetch_ohlcv(symbol, timeframe.value, first_ms, n_per_page)  # noqa: E731 - one question, asked perhaps again
            return _as_rows(self._ask(question))

        longer = self._longer(timeframe)
        return Pages(
            page=page,
            step_ms=timeframe.duration // _MS,
            n_per_page=n_per_page,
            patience=self.patience,
            longer=self._pages(symbol, longer) if longer else None,
        )

    def _longer(self, timeframe: Timeframe) -> Timeframe | None:
        """Days for shorter bars, weeks for days, where the exchange has them."""
        candidates = {Timeframe.WEEK: (), Timeframe.DAY: (Timeframe.WEEK,)}.get(timeframe, (Timeframe.DAY,))
        return next((each for each in candidates if each.value in self.client.timeframes), None)

    def _check_timeframe(self, timeframe: Timeframe) -> None:
        offered = [each.value for each in Timeframe if each.value in self.client.timeframes]
        if timeframe.value not in offered:
            where = f"source '{self.name}': exchange '{self.exchange_id}': "
            raise UnknownNameError("timeframe", timeframe.value, offered, where=where)

    def _listed(self, timeframe: Timeframe) -> list[Series]:
        series = []
        for instrument in self.markets:
            try:
                series.append(Series(instrument, timeframe))
            except ConfigurationError:  # a market whose name no series can have
                continue
        return series

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        """Ask through ccxt; what may pass is asked again, a refusal is `NoAnswerError` in the exchange's words."""
        ccxt = _ccxt()

        def once() -> Answer:
            try:
                return question()
            except (ccxt.BaseError, AttributeError, LookupError, TypeError, ValueError) as error:
                raise _understood(error) from error

        return ask(once, self.patience)


def instrument_of(symbol: str) -> str:
    """The instrument id of a market of ccxt.

    >>> instrument_of("BTC/USDT"), instrument_of("BTC/USDT:USDT"), instrument_of("BTC/USD:BTC-241227")
    ('BTC-USDT', 'BTC-USDT_USDT', 'BTC-USD_BTC-241227')
    """
    return symbol.replace("/", "-").replace(":", "_")


def _understood(error: Any) -> BusyError | NoAnswerError:
    """What an error of ccxt says about asking again."""
    ccxt = _ccxt()
    response = _response(error)
    if response is not None:
        # ccxt counts 400, 403 and 451 as outages too; the status says better what will pass.
        words = f"the exchange answers {say_status(response.status_code)}: {in_its_words(response.text)}"
        return busy_status(response.status_code, response.headers) or NoAnswerError(words)
    if isinstance(error, ccxt.RequestTimeout):
        return BusyError("the exchange did not answer in time")
    if isinstance(error, ccxt.NetworkError):
        return BusyError(f"the exchange could not be reached or broke off ({in_its_words(_root(error))})")
    if isinstance(error, ccxt.BaseError):
        return NoAnswerError(f"the exchange refuses: {in_its_words(error)}")
    return NoAnswerError(f"ccxt cannot read the answer of the exchange ({in_its_words(error)})")


def _response(error: BaseException | None) -> Any:
    """The HTTP answer behind an error, if it had one."""
    while error is not None:
        response = getattr(error, "response", None)
        if response is not None:
            return response
        error = error.__cause__ or error.__context__
    return None


def _root(error: BaseException) -> BaseException:
    deeper = error.__cause__ or error.__context__
    return _root(deeper) if deeper else error


def _refuse_broken(response: Any, *_: Any, **__: Any) -> None:
    """Refuse a good answer that is not whole JSON: ccxt would take half of one for an answer without bars."""
    if not response.ok:
        return
    try:
        is_answer = isinstance(response.json(), (list, dict))
    except ValueError:
        is_answer = False
    if not is_answer:
        raise _ccxt().NetworkError(f"no whole JSON: {in_its_words(response.text)[-40:]!r} at the end")


def _as_rows(candles: Any) -> Rows:
    if not isinstance(candles, list):
        raise NoAnswerError(f"the exchange answers {in_its_words(candles)}")
    # A price that is absent becomes NaN, which the checks refuse by name; without a time it is no bar of any page.
    rows = np.array([row[:6] for row in candles], dtype=np.float64).reshape(-1, 6)
    if np.isnan(rows[:, 0]).any():
        raise NoAnswerError("the exchange answers with bars that have no time")
    return rows


def _at(base_url: str, address: Any) -> Any:
    """The addresses of an exchange on another host, their paths as they are."""
    if isinstance(address, dict):
        return {name: _at(base_url, inner) for name, inner in address.items()}
    return base_url.rstrip("/") + urlsplit(address).path


def _ms(moment: datetime) -> int:
    return int(as_time(moment).astype("datetime64[ms]").astype(np.int64))


def _ccxt() -> Any:
    try:
        import ccxt
    except ImportError:
        raise SourceError("source 'ccxt' needs the package ccxt; run pip install 'trimtab[network]'") from None
    return ccxt
