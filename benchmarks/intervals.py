"""Do prediction intervals hold what they promise? `python -m benchmarks.intervals --write` writes docs/confidence.md.

Walk-forward of a linear model with confidence on real bars where they are at hand, and on the simulated market,
whose volatility is known to change. Coverage is counted on forecasts that are out of sample. Seeded; two minutes or so.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.feature_bars import market_file
from benchmarks.measuring import Section
from trimtab.bars import Bars
from trimtab.bars.files import read_bar_file
from trimtab.bars.sources.simulated import SimulatedMarket
from trimtab.config.strategy import Label
from trimtab.datasets import Dataset
from trimtab.datasets.build import build_dataset
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.features.catalogue import resolve
from trimtab.features.engine import compute
from trimtab.labels.compute import compute_labels
from trimtab.market import Series, Timeframe
from trimtab.models.conformal import conformal_quantile
from trimtab.models.families import make_forecaster
from trimtab.models.protocol import FitContext
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import OutOfSample, WalkForwardReport, walk_forward

PAGE = Path(__file__).resolve().parents[1] / "docs" / "confidence.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
EQUITIES = ("AAPL", "JPM", "XOM", "KO", "MSFT", "WMT", "JNJ", "CAT")
PAIRS = ("BTC/USDT", "ETH/USDT", "BNB/USDT", "LTC/USDT")
HOURS = 8_000
NOMINAL = (0.8, 0.9)
CONTEXT = FitContext(seed=7, n_threads=1)
SINCE = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """One dataset to be judged on: what it is called, its bars, its label."""

    name: str
    bars: Callable[[], Sequence[Bars]]
    label: Label

    def dataset(self) -> Dataset:
        """The samples, with every feature of the technical set."""
        names = resolve(sets=("technical",))
        return build_dataset([SeriesSamples(compute(b, names), compute_labels(b, self.label)) for b in self.bars()])


def equities() -> Sequence[Bars]:
    """Twelve years of days of eight large companies."""
    return _real("equities_daily", EQUITIES)


def crypto() -> Sequence[Bars]:
    """The newest hours of four crypto pairs."""
    return [bars.take(slice(-HOURS, None)) for bars in _real("crypto_1h", PAIRS)]


def simulated(name: str) -> Callable[[], Sequence[Bars]]:
    """Ten years of days of four twins of a simulated instrument."""
    market = SimulatedMarket(seed=7, until=SINCE)
    twins = (name, *(f"{name}{number}" for number in (2, 3, 4)))
    return lambda: [market.fetch(Series(twin, Timeframe.DAY)) for twin in twins]


def cases() -> list[Case]:
    """What is measured here; real markets only where their files are."""
    day, week = Label(kind="forward_return"), Label(kind="forward_return", horizons=(5,))
    side = Label(kind="direction")
    found = [
        Case(f"simulated {name}, 1 day", simulated(name), day)
        for name in ("SIMNULL", "SIMGARCH", "SIMREGIME", "SIMDRIFT")
    ]
    if market_file("crypto_1h"):
        found = [Case("crypto, 1 hour", crypto, day), Case("crypto, direction, 1 hour", crypto, side), *found]
    if market_file("equities_daily"):
        own = [Case("equities, 1 day", equities, day), Case("equities, 5 days", equities, week)]
        found = [*own, Case("equities, direction, 1 day", equities, side), *found]
    return found


def judge(dataset: Dataset, coverage: float) -> WalkForwardReport:
    """Walk-forward of the linear family with everything `[confidence]` offers."""
    asked = {"calibration": "sigmoid", "coverage": coverage, "novelty": True}
    forecaster = make_forecaster("confident", {"confidence": asked, "family": "linear"})
    return walk_forward(dataset, lambda train, _: forecaster.fit(train, None, CONTEXT), WalkForward())


def even_width(dataset: Dataset, forecasts: OutOfSample) -> float:
    """Width that intervals of one width for all rows would need to cover as many of these outcomes as ours did."""
    low, high = forecasts.adaptive_low, forecasts.adaptive_high
    if low is None or high is None or dataset.task == "classification":
        return float("nan")
    covered = ((low <= forecasts.target) & (forecasts.target <= high)).mean()
    return 2.0 * float(np.quantile(np.abs(forecasts.target - forecasts.value), covered))


def measure(chosen: Sequence[Case]) -> list[Section]:
    """Coverage and width of every case, then calibration and abstention."""
    covered, certain = [], []
    for case in chosen:
        dataset = case.dataset()
        for coverage in NOMINAL:
            report = judge(dataset, coverage)
            covered.append(_coverage_row(case, dataset, coverage, report))
        certain.append(_certainty_row(case, report))
    return [
        Section("Coverage", ("data", "asked", "static", "adaptive", "worst fold, static", "worst fold, adaptive", "width, static", "width, adaptive", "even width"), covered, COVERAGE_NOTE),
        Section("Calibration and abstention", ("data", "forecasts", "accuracy", "expected calibration error", "abstained", "accuracy where it speaks"), certain, CERTAINTY_NOTE),
    ]  # fmt: skip


def _coverage_row(case: Case, dataset: Dataset, coverage: float, report: WalkForwardReport) -> tuple[str, ...]:
    pooled = report.pooled
    worst = [_farthest([fold.metrics[name] for fold in report.folds], coverage) for name in _COVERAGES]
    widths = [pooled["interval_width"], pooled["adaptive_width"], even_width(dataset, report.out_of_sample)]
    shown = [f"{width:.3f}" if dataset.task == "classification" else f"{1e4 * width:.0f} bp" for width in widths]
    shown = ["" if text.startswith("nan") else text for text in shown]
    return (case.name, f"{coverage:.0%}", *(f"{100 * value:.1f} %" for value in (*(pooled[n] for n in _COVERAGES), *worst)), *shown)  # fmt: skip


def _farthest(values: Sequence[float], from_: float) -> float:
    return max(values, key=lambda value: abs(value - from_))


_COVERAGES = ("interval_coverage", "adaptive_coverage")


def _certainty_row(case: Case, report: WalkForwardReport) -> tuple[str, ...]:
    names = ("accuracy", "expected_calibration_error", "abstained_share", "accuracy_when_not_abstaining")
    numbers = [f"{100 * report.pooled[name]:.1f} %" for name in names]
    return (case.name, f"{len(report.out_of_sample.row):,}", *numbers)


def _real(file: str, names: Sequence[str]) -> list[Bars]:
    path = market_file(file)
    assert path is not None
    bars = {series.instrument_id: each for series, each in read_bar_file(path).bars.items()}
    return [bars[name] for name in names]


COVERAGE_NOTE = "TODO"
CERTAINTY_NOTE = "TODO"


def main() -> None:
    """Measure, print and, if asked, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} too")
    arguments = parser.parse_args()
    began = time.perf_counter()
    sections = measure(cases())
    for section in sections:
        print(section.text(), flush=True)
    print(f"measured in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
