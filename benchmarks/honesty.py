"""`python -m benchmarks.honesty [--write]`: does the training path find what is there, and nothing else?

Every learning family is trained and judged by walk-forward on a simulated market. Where a signal is planted it must
beat both naive forecasts significantly; where the signal is removed it must not, over many markets; and where a leak
is planted into the market without a signal, the same judgement must be fooled, or it could not have found a leak.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.model_data import simulated_days, with_columns
from benchmarks.model_lineup import LEARNING, Entry
from trimtab.config.strategy import Label
from trimtab.datasets import Dataset
from trimtab.models.protocol import FitContext
from trimtab.validation.significance import compare_with_baseline
from trimtab.validation.splitters import WalkForward
from trimtab.validation.walk_forward import walk_forward

PAGE = Path(__file__).parents[1] / "docs" / "honesty.md"
LABEL = Label(kind="direction", horizons=(1,))
SPLITTER = WalkForward(initial_train=0.6, test=0.4, step=0.4)
CONTEXT = FitContext(seed=7, n_threads=1)
LEVEL = 0.05
N_MARKETS, N_WITH_SIGNAL, N_WITH_LEAK = 20, 3, 3
NAMES = (
    "return_1", "return_2", "return_5", "return_10", "return_lag_1", "return_lag_2", "sma_distance_5",
    "sma_distance_20", "price_zscore_20", "volatility_5", "volatility_20", "volume_zscore_20",
)  # fmt: skip
# Networks at their defaults look at 20 bars for many epochs; the question here is honesty, not skill.
_FASTER = {"epochs": 12, "learning_rate": 0.005, "dropout": 0.2}
QUICK: dict[str, dict[str, Any]] = {
    "dense": {"hidden": [16], **_FASTER},
    "lstm": {"hidden": [12], "window": 6, **_FASTER},
    "cnn": {"channels": [12], "window": 6, **_FASTER},
    "tcn": {"channels": [12], "window": 6, **_FASTER},
    "transformer": {"width": 16, "n_layers": 1, "window": 6, **_FASTER},
}


@dataclass(frozen=True)
class Judged:
    """What the judgement said of one family on one market.

    Attributes
    ----------
    accuracy: share of the out-of-sample directions that were right.
    p_value: of "it is no better than both naive forecasts", the larger of the two.
    """

    accuracy: float
    p_value: float

    @property
    def is_significant(self) -> bool:
        """Whether it would be taken for skill."""
        return self.p_value < LEVEL


def quick(entry: Entry) -> Entry:
    """The entry with parameters that train in a second or two."""
    return replace(entry, parameters={**entry.parameters, **QUICK.get(entry.family, {})})


def judge(entry: Entry, dataset: Dataset) -> Judged:
    """Train on the first 60 % of a market, judge on the rest."""
    forecaster = entry.forecaster()
    report = walk_forward(dataset, lambda train, _: forecaster.fit(train, None, CONTEXT), SPLITTER)
    p_value = compare_with_baseline(report, dataset, seed=7, n_resamples=1000).strongest.p_value
    return Judged(report.accuracy, p_value)


def market(instrument: str, seed: int, n_twins: int = 3) -> Dataset:
    """One simulated market of a few independent instruments."""
    return simulated_days(instrument, seed, LABEL, NAMES, n_twins)


def peeking(dataset: Dataset) -> Dataset:
    """A leak: one feature is the next bar's return, three quarters hidden in noise."""
    rng = np.random.default_rng(0)
    coming = np.where(dataset.target > 0.5, 1.0, -1.0)
    return with_columns(dataset, {"peeks": coming + 3.0 * rng.standard_normal(len(dataset))})


def chosen_on_all_rows(dataset: Dataset, n_noise: int = 2000, n_kept: int = 24) -> Dataset:
    """A leak: of 2,000 columns of noise, the two dozen that fit the target best, looked for on all rows, test and all."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((len(dataset), n_noise))
    fit = np.abs(noise.T @ (dataset.target - dataset.target.mean()))
    best = np.argsort(-fit)[:n_kept]
    return with_columns(dataset, {f"noise_{number}": noise[:, column] for number, column in enumerate(best)})


LEAKS: dict[str, Callable[[Dataset], Dataset]] = {
    "a feature that peeks one bar ahead": peeking,
    "features chosen on all rows": chosen_on_all_rows,
}


def page(entries: Sequence[Entry]) -> str:
    """Measure everything and write it down."""
    began = time.perf_counter()
    with_signal = [market("SIMALPHA", seed, n_twins=6) for seed in range(N_WITH_SIGNAL)]
    without = [market("SIMNULL", seed) for seed in range(N_MARKETS)]
    leaking = {name: [plant(each) for each in without[:N_WITH_LEAK]] for name, plant in LEAKS.items()}
    rows, false_alarms = [], 0
    for entry in entries:
        found = [judge(entry, each) for each in with_signal]
        nothing = [judge(entry, each) for each in without]
        fooled = [[judge(entry, each) for each in markets] for markets in leaking.values()]
        alarms = sum(each.is_significant for each in nothing)
        false_alarms += alarms
        rows.append(
            (
                entry.name,
                f"{100 * np.mean([each.accuracy for each in found]):.1f} %",
                f"{max(each.p_value for each in found):.3f}",
                f"{sum(each.is_significant for each in found)} of {len(found)}",
                f"{100 * np.mean([each.accuracy for each in nothing]):.1f} %",
                f"{alarms} of {len(nothing)}",
                *(f"{sum(each.is_significant for each in markets)} of {len(markets)}" for markets in fooled),
            )
        )
        print(" ".join(rows[-1]), flush=True)
    header = (
        "family", "accuracy with signal", "largest p", "beats naive", "accuracy without", "false alarms",
        *(f"fooled by {name}" for name in LEAKS),
    )  # fmt: skip
    lines = [header, ("---", *["---:"] * (len(header) - 1)), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    share = 100 * false_alarms / (len(entries) * N_MARKETS)
    return _text(table, share, len(entries), time.perf_counter() - began)


def _text(table: str, share: float, n_families: int, seconds: float) -> str:
    return f"""# Does the training path find what is there, and nothing else?

Simulated days of three independent instruments (six where a signal is planted) over six years, trained on the first 60 %, judged on the rest with the same significance test as the gates:
better than both naive forecasts at {100 * LEVEL:.0f} %. In `SIMALPHA` the next return has the sign of the last five bars' in 60 %
of all cases, so 60 % is the best accuracy there is. `SIMNULL` is a random walk: whatever "beats naive" there is a false alarm.
The last columns plant a leak into the random walk. A judgement that a leak does not fool could not have found one either.

{table}

False alarms over all: **{share:.1f} %** of {n_families * N_MARKETS} trainings ({N_MARKETS} markets, {n_families} families; markets are shared, so the
families' alarms are not independent). The significance asks for better than two naive forecasts at once, so less than
{100 * LEVEL:.0f} % is expected. Networks are trained small here (`QUICK` in benchmarks/honesty.py); the others at their defaults.

Made by `python -m benchmarks.honesty --write` in {seconds / 60:.0f} minutes.
"""


def main() -> None:
    """Measure, print, and write the page if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.honesty", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name} too")
    parser.add_argument("--families", help="only these, separated by commas; not with --write")
    arguments = parser.parse_args()
    if arguments.families and arguments.write:
        parser.error("--write needs every family; leave out --families")
    chosen = arguments.families.split(",") if arguments.families else [entry.name for entry in LEARNING]
    text = page([quick(entry) for entry in LEARNING if entry.name in chosen])
    print(text)
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
