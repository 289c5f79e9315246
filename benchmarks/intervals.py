"""Do prediction intervals hold what they promise? `python -m benchmarks.intervals --write` writes docs/confidence.md.

Walk-forward of a linear model with confidence on real bars where they are at hand, and on the simulated market,
whose volatility is known to change. Coverage is counted on forecasts that are out of sample. Seeded; a minute of processor time.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

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
from trimtab.metrics.intervals import interval_coverage, interval_score
from trimtab.models.confident import ConfidentForecaster, FittedConfident
from trimtab.models.conformal import COVERAGES, ResidualIntervals
from trimtab.models.families import make_forecaster
from trimtab.models.out_of_fold import out_of_fold
from trimtab.models.protocol import FitContext
from trimtab.validation.folds import Fold
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import WalkForwardReport, walk_forward

PAGE = Path(__file__).resolve().parents[1] / "docs" / "confidence.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
EQUITIES = ("AAPL", "JPM", "XOM", "KO", "MSFT", "WMT", "JNJ", "CAT")
PAIRS = ("BTC-USDT", "ETH-USDT", "BNB-USDT", "LTC-USDT")
HOURS = 5_000
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


def judge(dataset: Dataset) -> dict[float, Judged]:
    """Walk-forward of the linear family with everything `[confidence]` offers, per coverage asked for.

    A model keeps the whole curve of its errors, so one training per fold serves every coverage.
    """
    trained: dict[str, FittedConfident] = {}
    even: dict[str, ResidualIntervals] = {}

    def fit(train: Dataset, fold: Fold, coverage: float) -> FittedConfident:
        if fold.name not in trained:
            trained[fold.name] = ConfidentForecaster({"confidence": _asked(coverage)}).fit(train, None, CONTEXT)
            even[fold.name] = _even_intervals(train)
        own = trained[fold.name]
        return replace(own, parameters={**own.parameters, "confidence": _asked(coverage)})

    found = {}
    for coverage in NOMINAL:
        report = walk_forward(dataset, partial(fit, coverage=coverage), WalkForward())
        halves = np.array([even[fold.name].quantile(coverage) for fold in report.folds])
        found[coverage] = Judged(report, halves[report.out_of_sample.fold])
    return found


@dataclass(frozen=True)
class Judged:
    """A walk-forward, and half the width that one width for all rows would have at each forecast."""

    report: WalkForwardReport
    even: np.ndarray


def _asked(coverage: float) -> dict[str, Any]:
    return {"calibration": "sigmoid", "coverage": coverage, "novelty": True}


def _even_intervals(train: Dataset) -> ResidualIntervals:
    """The same conformal quantiles without the difficulty of a row."""
    if train.task == "classification":
        return ResidualIntervals(np.full(len(COVERAGES), np.nan))
    errors = train.target - out_of_fold(make_forecaster("linear"), train, 5, CONTEXT)
    return ResidualIntervals.fit(np.abs(errors), train.weight)


def measure(chosen: Sequence[Case]) -> list[Section]:
    """Coverage and width of every case, what difficulty brings, calibration and abstention."""
    covered: list[tuple[str, ...]] = []
    scored: list[tuple[str, ...]] = []
    certain: list[tuple[str, ...]] = []
    for case in chosen:
        dataset = case.dataset()
        judged = judge(dataset)
        covered += [_coverage_row(case, dataset, coverage, each.report) for coverage, each in judged.items()]
        certain.append(_certainty_row(case, judged[0.9].report))
        if dataset.task == "regression":
            scored.append(_score_row(case, judged[0.9]))
    return [
        Section("Coverage", ("data", "asked", "static", "adaptive", "farthest fold, static", "farthest fold, adaptive", "width, static", "width, adaptive"), covered, f"{_within(covered)}\n{COVERAGE_NOTE}"),
        Section("What difficulty brings", ("data", "coverage, one width", "coverage, by difficulty", "interval score, one width", "interval score, by difficulty"), scored, SCORE_NOTE),
        Section("Calibration and abstention", ("data", "forecasts", "accuracy", "expected calibration error", "abstained", "accuracy where it speaks"), certain, CERTAINTY_NOTE),
    ]  # fmt: skip


def _within(rows: Sequence[tuple[str, ...]], points: float = 2.0) -> str:
    """How many of the rows of the table are close to what was asked, as a sentence."""
    asked, static, adaptive = (np.array([float(row[i].strip(" %")) for row in rows]) for i in (1, 2, 3))
    close = [int((np.abs(found - asked) <= points).sum()) for found in (static, adaptive)]
    farthest = [float(np.abs(found - asked).max()) for found in (static, adaptive)]
    return (
        f"Within {points:g} points of what was asked: {close[0]} of {len(rows)} static coverages (the farthest misses by "
        f"{farthest[0]:.1f}), {close[1]} of {len(rows)} adaptive ones (the farthest by {farthest[1]:.1f})."
    )


def _coverage_row(case: Case, dataset: Dataset, coverage: float, report: WalkForwardReport) -> tuple[str, ...]:
    pooled = report.pooled
    farthest = [_farthest([fold.metrics[name] for fold in report.folds], coverage) for name in _COVERAGES]
    shares = (*(pooled[name] for name in _COVERAGES), *farthest)
    widths = [pooled["interval_width"], pooled["adaptive_width"]]
    shown = [f"{width:.2f}" if dataset.task == "classification" else f"{1e4 * width:.0f} bp" for width in widths]
    return (case.name, f"{coverage:.0%}", *(f"{100 * share:.1f} %" for share in shares), *shown)


_COVERAGES = ("interval_coverage", "adaptive_coverage")


def _farthest(values: Sequence[float], from_: float) -> float:
    return max(values, key=lambda value: abs(value - from_))


def _score_row(case: Case, judged: Judged, coverage: float = 0.9) -> tuple[str, ...]:
    out = judged.report.out_of_sample
    assert out.low is not None and out.high is not None
    even = out.value - judged.even, out.value + judged.even
    both = (even, (out.low, out.high))
    shares = [interval_coverage(out.target, low, high) for low, high in both]
    scores = [interval_score(out.target, low, high, coverage) for low, high in both]
    return (case.name, *(f"{100 * share:.1f} %" for share in shares), *(f"{1e4 * score:.0f} bp" for score in scores))


def _certainty_row(case: Case, report: WalkForwardReport) -> tuple[str, ...]:
    names = ("accuracy", "expected_calibration_error", "abstained_share", "accuracy_when_not_abstaining")
    numbers = [f"{100 * report.pooled[name]:.1f} %" for name in names]
    return (case.name, f"{len(report.out_of_sample.row):,}", *numbers)


def _real(file: str, names: Sequence[str]) -> list[Bars]:
    path = market_file(file)
    assert path is not None
    bars = {series.instrument_id: each for series, each in read_bar_file(path).bars.items()}
    return [bars[name] for name in names]


COVERAGE_NOTE = """Shares of out-of-sample outcomes inside their interval, over all folds, and in the fold that is farthest from what
was asked. Widths are means: basis points of return, or in classification the share of sets that hold both classes."""
SCORE_NOTE = """Static intervals at 90 %. The interval score (Winkler 1972) weighs width against outcomes outside; lower is better."""
CERTAINTY_NOTE = """Of the model asked for 90 %. The calibration error is that of the confidence in the direction said, in ten bins."""


def main() -> None:
    """Measure, print and, if asked, write the measured part of the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intervals", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write the measured part of {PAGE.name} too")
    arguments = parser.parse_args()
    chosen = cases()
    if arguments.write and not (market_file("equities_daily") and market_file("crypto_1h")):
        parser.error("the page needs the real market data; set TRIMTAB_TEST_DATA to the folder that holds it")
    began = time.process_time()
    sections = measure(chosen)
    for section in sections:
        print(section.text(), flush=True)
    print(f"measured in {time.process_time() - began:.0f} s of processor time")
    if arguments.write:
        measured = "\n".join(section.markdown().replace("## ", "### ", 1) for section in sections)
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{measured}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
