"""Sources of raw bars, all behind the one protocol of `protocol.py`.

Add a source as one module here and one line in `_OPENERS`; the contract tests find it by its
name. A source only delivers: judging and storing belong to `trimtab.bars.ingest`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.errors import ConfigurationError, UnknownNameError

if TYPE_CHECKING:
    from trimtab.bars.sources.protocol import BarSource
    from trimtab.bars.store import BarStore
    from trimtab.clock import Clock
    from trimtab.config import Settings
    from trimtab.market import Timeframe


@dataclass(frozen=True)
class SourceOptions:
    """Everything a source may want to know; each takes what concerns it.

    Attributes
    ----------
    path: file, folder or glob ("files", "duckdb").
    query: a table's name or a SELECT ("duckdb").
    exchange: the exchange's id in ccxt's words ("ccxt").
    start: where history begins when nothing is stored yet ("ccxt", "yfinance").
    timeframe: for bar files that do not say theirs ("files", "duckdb").
    seed: of the market ("simulated").
    publication_lag: time from a bar's close until a source shows it.
    clock: what time it is ("simulated", "ccxt", "yfinance"); without it the system's.
    timeout_seconds, attempts: limits of one request ("ccxt", "yfinance").
    base_url: another address to ask instead of the source's own ("ccxt", "yfinance").
    store, inbox: what files that were delivered have left behind, and where they arrive ("inbox").
    """

    path: Path | None = None
    query: str | None = None
    exchange: str | None = None
    start: datetime | None = None
    timeframe: Timeframe | None = None
    seed: int = 7
    publication_lag: timedelta = timedelta(0)
    clock: Clock | None = None
    timeout_seconds: float = 20.0
    attempts: int = 5
    base_url: str | None = None
    store: BarStore | None = None
    inbox: Path | None = None


def open_source(name: str, options: SourceOptions | None = None) -> BarSource:
    """Open a source by name; an unknown name raises `UnknownNameError` listing `SOURCES`.

    >>> open_source("sample").name
    'sample'
    """
    try:
        opener = _OPENERS[name]
    except KeyError:
        raise UnknownNameError("source", name, SOURCES) from None
    return opener(options or SourceOptions())


def source_options(
    settings: Settings,
    clock: Clock,
    *,
    path: Path | None = None,
    query: str | None = None,
    exchange: str | None = None,
    start: datetime | None = None,
    timeframe: Timeframe | None = None,
    store: BarStore | None = None,
) -> SourceOptions:
    """The options of a source in one installation: what the settings say, and what was asked for."""
    return SourceOptions(
        path=path,
        query=query,
        exchange=exchange,
        start=start,
        timeframe=timeframe,
        seed=settings.seed,
        publication_lag=timedelta(seconds=settings.publication_lag_seconds),
        clock=clock,
        timeout_seconds=settings.network_timeout_seconds,
        attempts=settings.network_attempts,
        base_url=settings.source_base_url,
        store=store,
        inbox=settings.inbox_dir_or_default.absolute(),
    )


def _sample(options: SourceOptions) -> BarSource:
    from trimtab.bars.sources.sample import PackagedSample

    return PackagedSample(options.publication_lag)


def _files(options: SourceOptions) -> BarSource:
    from trimtab.bars.sources.files import BarFiles

    if options.path is None:
        raise ConfigurationError("source 'files' needs a path: give the bar file or the folder that holds them")
    return BarFiles(options.path, options.publication_lag, options.timeframe)


def _duckdb(options: SourceOptions) -> BarSource:
    from trimtab.bars.sources.duckdb import DuckDBBars

    return DuckDBBars(options.path, options.query, options.publication_lag, options.timeframe)


def _simulated(options: SourceOptions) -> BarSource:
    from trimtab.bars.sources.simulated import SimulatedMarket

    return SimulatedMarket(options.seed, until=options.clock.now() if options.clock else None)


def _ccxt(options: SourceOptions) -> BarSource:
    from trimtab.bars.sources.asking import Patience
    from trimtab.bars.sources.exchanges import CryptoExchange
    from trimtab.clock import SystemClock

    if options.exchange is None:
        raise ConfigurationError("source 'ccxt' needs an exchange: say which, such as binance or kraken")
    return CryptoExchange(
        options.exchange,
        start=options.start,
        clock=options.clock or SystemClock(),
        publication_lag=options.publication_lag,
        timeout_seconds=options.timeout_seconds,
        patience=Patience(options.attempts),
        base_url=options.base_url,
    )


def _yfinance(options: SourceOptions) -> BarSource:
    from trimtab.bars.sources.asking import Patience
    from trimtab.bars.sources.yahoo import YahooEquities
    from trimtab.clock import SystemClock

    return YahooEquities(
        start=options.start,
        clock=options.clock or SystemClock(),
        publication_lag=options.publication_lag,
        timeout_seconds=options.timeout_seconds,
        patience=Patience(options.attempts),
        base_url=options.base_url,
    )


def _inbox(options: SourceOptions) -> BarSource:
    from trimtab.bars.sources.inbox import DeliveredBars

    if options.store is None or options.inbox is None:
        raise ConfigurationError("source 'inbox' is for strategy files; take its files with: trimtab bars inbox ingest")
    return DeliveredBars(options.store, options.inbox)


_OPENERS: dict[str, Callable[[SourceOptions], BarSource]] = {
    "sample": _sample,
    "files": _files,
    "inbox": _inbox,
    "duckdb": _duckdb,
    "simulated": _simulated,
    "ccxt": _ccxt,
    "yfinance": _yfinance,
}
SOURCES = tuple(_OPENERS)
