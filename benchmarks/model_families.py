"""`python -m benchmarks.model_families [--write]`: every family on real data, judged the same way."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.model_data import Market, crypto_hours, equity_days
from benchmarks.model_lineup import LEARNING, NAIVE, Entry
from trimtab.backtest.costs import costs_from
from trimtab.backtest.forecasts import backtest_forecasts
from trimtab.config.strategy import Backtest, Label
from trimtab.datasets import Dataset
from trimtab.models.artifacts import pack
from trimtab.models.forecasting import inputs_of
from trimtab.models.golden import golden_inputs
from trimtab.models.protocol import FitContext, FittedForecaster
from trimtab.signals.positions import default_rule
from trimtab.validation.significance import compare_with_baseline
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import WalkForwardReport, walk_forward

PAGE = Path(__file__).parents[1] / "docs" / "model_families.md"
SPLITTER = WalkForward(initial_train=0.6, test=0.2, step=0.2)
SEEDS, NETWORK_SEEDS = (7, 1007, 2007), (7, 1007)
LEVEL = 0.05
COSTS = Backtest()  # 5 bp commission and 5 bp slippage per side
N_CALLS = 400


@dataclass(frozen=True)
class Line:
    """One family on one market.

    Attributes
    ----------
    name: of the family.
    report: its walk-forward with the first seed.
    spread: standard deviation of the accuracy over the seeds; NaN for what has no seed.
    p_value: of "no better than both naive forecasts of the label".
    seconds: training, all folds, mean over the seeds.
    microseconds: one row, median.
    kilobytes: the stored model with its golden rows.
    sharpe: of the forecasts traded at the next open after costs, per year.
    """

    name: str
    report: WalkForwardReport
    spread: float
    p_value: float
    seconds: float
    microseconds: float
    kilobytes: float
    sharpe: float

    @property
    def beats_naive(self) -> bool:
        """Significantly, and against both."""
        return self.p_value < LEVEL

    def cells(self) -> tuple[str, ...]:
        """As written in the table."""
        pooled = self.report.pooled
        cells = (
            self.name,
            f"{100 * pooled['accuracy']:.1f} %",
            "" if np.isnan(self.spread) else f"{100 * self.spread:.1f}",
            f"{100 * pooled['balanced_accuracy']:.1f} %",
            f"{pooled['log_loss']:.3f}",
            f"{pooled['information_coefficient']:.3f}",
            f"{self.p_value:.3f}" + (" *" if self.beats_naive else ""),
            f"{self.sharpe:.2f}",
            f"{self.seconds:.1f}",
            f"{self.microseconds:.0f}",
            f"{self.kilobytes:.0f}",
        )
        return tuple("" if cell == "nan" else cell for cell in cells)  # a constant forecast has no correlation


HEADER = (
    "family", "accuracy", "± seeds", "balanced", "log loss", "IC", "p", "Sharpe after costs", "training s",
    "one row µs", "stored kB",
)  # fmt: skip


def line(entry: Entry, market: Market, label: Label) -> Line:
    """Judge one family on one market."""
    seeds = NETWORK_SEEDS if entry.family in ("dense", "lstm", "cnn", "tcn", "transformer") else SEEDS
    taken: list[float] = []
    last: list[FittedForecaster] = []

    def fit_with(seed: int) -> Callable[..., FittedForecaster]:
        def fit(train: Dataset, _: object) -> FittedForecaster:
            began = time.perf_counter()
            last[:] = [entry.forecaster().fit(train, None, FitContext(seed, n_threads=1))]
            taken.append(time.perf_counter() - began)
            return last[0]

        return fit

    used = seeds if entry.learns else seeds[:1]
    reports = [walk_forward(market.dataset, fit_with(seed), SPLITTER) for seed in used]
    accuracies = [report.pooled["accuracy"] for report in reports]
    comparison = compare_with_baseline(reports[0], market.dataset, seed=7)
    return Line(
        entry.name,
        reports[0],
        float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else float("nan"),
        comparison.strongest.p_value,
        sum(taken) / len(used),
        _one_row(last[0], market.dataset),
        sum(map(len, pack(last[0], golden_inputs(last[0], market.dataset)).values())) / 1000,
        _sharpe(reports[0], market, label),
    )


def baseline_accuracy(market: Market, report: WalkForwardReport) -> tuple[float, float]:
    """Of the naive forecast of the label, and of the commoner class of the training part."""
    comparison = compare_with_baseline(report, market.dataset, seed=7)
    return comparison.naive.baseline_accuracy, comparison.majority.baseline_accuracy


def _one_row(fitted: FittedForecaster, dataset: Dataset) -> float:
    rows = [
        np.ascontiguousarray(inputs_of(fitted, dataset, np.array([i]))) for i in range(len(dataset) - 64, len(dataset))
    ]
    taken = []
    for i in range(N_CALLS):
        began = time.perf_counter()
        fitted.predict(rows[i % 64])
        taken.append(time.perf_counter() - began)
    return float(np.median(taken) * 1e6)


def _sharpe(report: WalkForwardReport, market: Market, label: Label) -> float:
    found = backtest_forecasts(
        market.dataset, report.out_of_sample, market.bars, rule=default_rule(label.kind), costs=costs_from(COSTS)
    )
    return found.metrics["sharpe_ratio"]


def section(title: str, market: Market, label: Label, entries: Sequence[Entry]) -> str:
    """One table with what it says in words."""
    lines = []
    for entry in entries:
        lines.append(line(entry, market, label))
        print(title, " ".join(lines[-1].cells()), flush=True)
    table = "\n".join(
        f"| {' | '.join(row)} |"
        for row in [HEADER, ("---", *["---:"] * (len(HEADER) - 1)), *[e.cells() for e in lines]]
    )
    naive, majority = baseline_accuracy(market, lines[0].report)
    learning = [each for each, entry in zip(lines, entries, strict=True) if entry.learns]
    winners = [each.name for each in learning if each.beats_naive]
    others = [each.name for each in learning if not each.beats_naive]
    samples = len(lines[0].report.out_of_sample.row)
    return f"""## {title}

{market.said}: {len(market.dataset):,} samples, {samples:,} of them judged. The naive forecast of this label is right in {100 * naive:.1f} % of them,
the commoner class of the training part in {100 * majority:.1f} %.

{table}

{_verdict(winners, others)}
"""


def _verdict(winners: Sequence[str], others: Sequence[str]) -> str:
    beats = f"Better than both naive forecasts at 5 %: {', '.join(winners)}." if winners else ""
    not_ = f"**Not better than naive**: {', '.join(others)}." if others else ""
    return " ".join(filter(None, (beats, not_)))


def page() -> str:
    """Measure everything and write it down."""
    began = time.perf_counter()
    direction, later = Label(kind="direction", horizons=(1,)), Label(kind="direction", horizons=(4,))
    regime = Label(kind="volatility_regime", horizons=(5,))
    entries = (*NAIVE, *LEARNING)
    sections = [
        section("Next day's direction", equity_days(direction), direction, entries),
        section("Volatility of the next five days", equity_days(regime), regime, entries),
    ]
    hours = crypto_hours(later)
    if hours is not None:
        sections.append(section("Direction over four hours", hours, later, entries))
    return _text("\n".join(sections), time.perf_counter() - began)


def _text(sections: str, seconds: float) -> str:
    return f"""# Model families, measured

Every family, trained and judged the same way: walk-forward with two folds (train on the first 60 %, judge the next 20 %, once more
with 80 %), purged by label interval, defaults of the family, 29 technical features, one thread. Nothing was tuned.

- **p** is one-sided, from a paired block bootstrap against the harder of two naive forecasts (the label's own, and the commoner class);
  \\* marks p < 0.05. There are {len(LEARNING)} learning families per table, so one mark in twenty comes by chance.
- **± seeds** is the standard deviation of the accuracy over three seeds (two for networks), in percentage points. Two families closer
  than that have not been told apart.
- **Sharpe after costs** trades the forecasts at the next open with {COSTS.commission_bps:.0f} bp commission and {COSTS.slippage_bps:.0f} bp slippage per side, by the default rule of
  the label (a naive family may be long all the time: compare with it, not with zero).
- **training s** is the sum over both folds on one core; **one row µs** the median of one forecast in this process; **stored kB** includes the golden rows.
- A log loss of 0.693 is that of a coin.

{sections}
Made by `python -m benchmarks.model_families --write` in {seconds / 60:.0f} minutes on a machine that had other work to do: compare the times with one another.
"""


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model_families", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name} too")
    parser.add_argument("--families", help="only these, on the first market, separated by commas; not with --write")
    arguments = parser.parse_args()
    if arguments.families:
        if arguments.write:
            parser.error("--write needs every family; leave out --families")
        chosen = [e for e in (*NAIVE, *LEARNING) if e.name in arguments.families.split(",")]
        label = Label(kind="direction", horizons=(1,))
        print(section("Next day's direction", equity_days(label), label, chosen))
        return
    text = page()
    print(text)
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
