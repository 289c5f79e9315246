"""Asking yfinance, so that an answer is whole, new and nobody else's, and an error is an error."""

from __future__ import annotations

import logging
import os
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from trimtab.bars.sources.asking import NoAnswerError, Patience, in_its_words
from trimtab.bars.sources.yahoo.refusal import RefusedError
from trimtab.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd


class Told(NamedTuple):
    """What Yahoo tells of a span.

    Attributes
    ----------
    frame: yfinance's table by the open of the bar, in the exchange's time; empty where nothing was traded.
    exchange: Yahoo's code of the exchange.
    """

    frame: pd.DataFrame
    exchange: str


@dataclass(frozen=True)
class YahooClient:
    """Asks yfinance for one ticker at a time; see `YahooEquities` for what the attributes limit."""

    patience: Patience = field(default_factory=Patience)
    timeout_seconds: float = 20.0
    base_url: str | None = None

    def ask(self, name: str, interval: str, start: datetime, end: datetime | None = None) -> Told:
        """The bars of a ticker from `start` to `end` (not included), or to the present of Yahoo.

        Prices are adjusted for splits and not for dividends; `Dividends`, `Stock Splits` and, for funds,
        `Capital Gains` stand beside the bar of their day. Raises `RefusedError` and `NoAnswerError`.
        """
        library = yfinance()
        # It keeps answers by their question, for ever; bars may have been revised since.
        library.data.YfData.cache_get.cache_clear()
        try:
            ticker = self._ticker(name)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", module=r"yfinance\.")  # pandas' advice to its authors
                frame = ticker.history(start=start, end=end, interval=interval, auto_adjust=False, prepost=False)
            return Told(frame, str(ticker.history_metadata.get("exchangeName", "")))
        except RefusedError as refusal:
            if refusal.is_empty:
                return _nothing()
            raise
        except (library.exceptions.YFException, AttributeError, LookupError, TypeError, ValueError) as error:
            raise NoAnswerError(f"yfinance cannot read Yahoo's answer ({in_its_words(error)})") from error

    @cached_property
    def _session(self) -> Any:
        from trimtab.bars.sources.yahoo.session import YahooSession

        return YahooSession(self.patience, self.timeout_seconds, self.base_url)

    @cached_property
    def _tickers(self) -> dict[str, Any]:
        """yfinance's object for the last ticker; it knows the time zone, which costs a request."""
        return {}

    def _ticker(self, name: str) -> Any:
        library = yfinance()
        if name not in self._tickers:
            self._tickers.clear()
            self._tickers[name] = library.Ticker(name, session=self._session)
        # yfinance keeps one session for all; another client may have put its own there.
        library.data.YfData(session=self._session)
        return self._tickers[name]


@lru_cache(maxsize=1)
def yfinance() -> Any:
    """The library, set up so that it raises errors, prints nothing and keeps nothing on disk.

    Raises `SourceError` where it is not installed.
    """
    try:
        import yfinance as library
    except ImportError:
        raise SourceError("source 'yfinance' needs the package yfinance; run pip install 'trimtab[network]'") from None
    library.config.debug.hide_exceptions = False
    # Its cache on disk holds pickled cookies, which nobody here reads: what cannot be a folder turns it off.
    library.set_tz_cache_location(os.devnull)
    logging.getLogger("yfinance").addHandler(logging.NullHandler())
    return library


def _nothing() -> Told:
    import pandas as pd

    return Told(pd.DataFrame(), "")
