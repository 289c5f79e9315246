"""The datasets that model families are judged on: real days and hours, and a market whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.feature_bars import market_file
from trimtab.bars import Bars
from trimtab.bars.files import read_bar_file
from trimtab.bars.sources.sample import PackagedSample
from trimtab.bars.sources.simulated import SimulatedMarket
from trimtab.config.strategy import Label
from trimtab.datasets import Dataset
from trimtab.datasets.build import build_dataset
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.features.engine import compute
from trimtab.features.export import accepted_in_order
from trimtab.labels.compute import compute_labels
from trimtab.market import Series, Timeframe

EQUITIES = ("AAPL", "JPM", "KO", "MSFT", "WMT", "XOM")
SAMPLED = ("AAPL", "GOOG", "IBM", "MSFT")
CRYPTO = ("BTC-USDT", "ETH-USDT")
FEATURES = (
    "return_1", "return_2", "return_5", "return_10", "return_20", "return_60", "return_lag_1", "return_lag_2",
    "sma_distance_5", "sma_distance_20", "sma_distance_50", "sma_distance_200", "sma_ratio_20_50",
    "price_zscore_20", "price_zscore_60", "rsi_14", "cmo_14", "volatility_5", "volatility_20", "volatility_60",
    "parkinson_volatility_5", "parkinson_volatility_20", "garman_klass_volatility_20", "yang_zhang_volatility_20",
    "volume_zscore_20", "volume_zscore_60", "price_volume_correlation_20", "return_mean_20", "return_zscore_20",
)  # fmt: skip


@dataclass(frozen=True)
class Market:
    """A dataset with the bars behind it.

    Attributes
    ----------
    said: what it is, for a title.
    dataset: the samples, with the history that sequence models need.
    bars: by instrument.
    """

    said: str
    dataset: Dataset
    bars: dict[str, Bars]


def equity_days(label: Label, since: str = "2009-01-01") -> Market:
    """Days of six large equities 2009 to 2016, or of the packaged sample where the real file is absent."""
    path = market_file("equities_daily")
    if path is None:
        sample = PackagedSample()
        bars = [accepted_in_order(sample.fetch(Series(name, Timeframe.DAY))) for name in SAMPLED]
        return _market("days of AAPL, GOOG, IBM and MSFT (packaged sample)", bars, label)
    bars = [each for each in _read(path) if each.series.instrument_id in EQUITIES]
    return _market(f"days of {', '.join(EQUITIES)} since {since[:4]}", [_since(each, since) for each in bars], label)


def crypto_hours(label: Label, since: str = "2020-01-01") -> Market | None:
    """Hours of BTC and ETH since 2020; None where the file is absent."""
    path = market_file("crypto_1h")
    if path is None:
        return None
    bars = [each for each in _read(path) if each.series.instrument_id in CRYPTO]
    return _market(f"hours of {' and '.join(CRYPTO)} since {since[:4]}", [_since(each, since) for each in bars], label)


def simulated_days(
    instrument: str, seed: int, label: Label, names: Sequence[str] = FEATURES, n_twins: int = 3
) -> Dataset:
    """Six years of days of a simulated instrument and its independent twins; no two seeds are the same market."""
    market = SimulatedMarket(seed)
    twins = [f"{instrument}{number or ''}" for number in (0, *range(2, n_twins + 1))]
    return _dataset([market.fetch(Series(name, Timeframe.DAY)) for name in twins], label, names)


def with_columns(dataset: Dataset, columns: dict[str, np.ndarray]) -> Dataset:
    """The dataset with more features, in its history too; a bar of the history that is no sample has none of them."""
    assert dataset.history is not None and dataset.position is not None
    added = np.column_stack(list(columns.values()))
    past = np.full((len(dataset.history.features), added.shape[1]), np.nan)
    past[dataset.position] = added
    return replace(
        dataset,
        features=np.asfortranarray(np.column_stack([dataset.features, added])),
        feature_names=(*dataset.feature_names, *columns),
        history=replace(dataset.history, features=np.column_stack([dataset.history.features, past])),
    )


def _market(said: str, bars: Sequence[Bars], label: Label) -> Market:
    return Market(said, _dataset(bars, label, FEATURES), {each.series.instrument_id: each for each in bars})


def _dataset(bars: Sequence[Bars], label: Label, names: Sequence[str]) -> Dataset:
    parts = [SeriesSamples(compute(each, names), compute_labels(each, label)) for each in bars]
    return build_dataset(parts, with_history=True)


def _since(bars: Bars, start: str) -> Bars:
    return bars.take(bars.event_time >= np.datetime64(start))


def _read(path: Path) -> list[Bars]:
    # These files are clean, which a test of the checks holds to; judging them again would take most of the time.
    return list(read_bar_file(path).bars.values())
