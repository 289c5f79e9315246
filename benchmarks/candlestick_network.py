"""How well the candlestick network tells fifteen patterns: `python -m benchmarks.candlestick_network --write`.

Trained on two thirds of the instruments until 2011, thresholds from 2012, scored on the other third from 2013 on,
beside a logistic regression per pattern on the same numbers. Seeded; needs the optional market data; some minutes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.sentiment import data_folder
from benchmarks.tables import table
from trimtab.bars import Bars
from trimtab.bars.sources.files import BarFiles
from trimtab.features.catalogue import catalogue
from trimtab.features.export import accepted_in_order
from trimtab.models.candlestick_network.comparison import Comparison, compare
from trimtab.models.candlestick_network.evaluation import DRAWS, FEWEST, Evaluation, Mean, PatternScore
from trimtab.models.candlestick_network.patterns import PATTERNS
from trimtab.models.candlestick_network.split import Split, make_split
from trimtab.models.candlestick_network.stored import network_files
from trimtab.models.candlestick_network.training import LARGEST_CLASS_WEIGHT, Plan, plan_for
from trimtab.models.candlestick_network.windows import FARTHEST_PRICE, LARGEST_VOLUME, WINDOW, Windows, windows_of
from trimtab.models.protocol import FitContext

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "candlestick_network.md"
FILE = "equities_daily.parquet"
VALIDATION_FROM, TEST_FROM = (np.datetime64(day, "us") for day in ("2012-01-01", "2013-01-01"))
SEED = 0


@dataclass(frozen=True)
class Measured:
    """A run: what came out, and the processor seconds of training and scoring both models."""

    windows: Windows
    plan: Plan
    result: Comparison
    processor_seconds: float
    seconds_per_1000: float  # processor time of the network for 1,000 windows


class Told:
    """Says every epoch on standard error."""

    def step(self, number: int, total: int | None, values: Mapping[str, float]) -> None:
        """One line per epoch."""
        told = ", ".join(f"{name} {value:.5f}" for name, value in values.items())
        print(f"epoch {number} of {total}: {told}", file=sys.stderr, flush=True)


def measure(folder: Path, epochs: int | None = None) -> Measured:
    """Train and score, timed."""
    windows = windows_of(_accepted(folder / FILE))
    split = make_split(windows, VALIDATION_FROM, TEST_FROM)
    plan = plan_for(len(split.training(windows)), epochs)
    began = time.process_time()
    result = compare(windows, split, plan, FitContext(SEED, 1, "cpu", watch=Told()))
    took = time.process_time() - began
    some = windows.take(split.unseen(windows)[:20_000])
    asked = time.process_time()
    result.model.probabilities_of(some)
    return Measured(windows, plan, result, took, (time.process_time() - asked) / len(some) * 1000)


def _accepted(path: Path) -> Iterator[Bars]:
    source = BarFiles(path)
    for series in source.instruments():
        yield accepted_in_order(source.fetch(series))


def patterns_section(result: Comparison) -> str:
    """The table, a row per pattern."""
    head = [
        "pattern",
        "cases in training",
        "cases in test",
        "base rate",
        "said on average",
        "precision",
        "recall",
        "F1",
    ]
    return table(
        [*head, "**average precision**", "linear F1", "linear average precision"],
        [_row(result, *pair) for pair in zip(result.network.scores, result.linear.scores, strict=True)],
    )


def _row(result: Comparison, ours: PatternScore, linear: PatternScore) -> list[str]:
    name = ours.pattern.replace("_", " ")
    counts = [f"{result.training_cases[ours.pattern]:,}", f"{ours.cases:,}", f"{ours.base_rate:.2%}"]
    if ours.is_too_few:
        return [name, *counts, f"{ours.mean_probability:.2%}", *["too few to say"] * 6]
    low, high = ours.interval
    scores = [f"{value:.2f}" for value in (ours.precision, ours.recall, ours.f1)]
    ap = f"**{ours.average_precision:.3f}** ({low:.3f} to {high:.3f})"
    return [
        name,
        *counts,
        f"{ours.mean_probability:.2%}",
        *scores,
        ap,
        f"{linear.f1:.2f}",
        f"{linear.average_precision:.3f}",
    ]


def means_section(result: Comparison) -> str:
    """The network and the baseline over all patterns with enough cases."""
    base = np.mean([each.base_rate for each in result.network.scores if not each.is_too_few])
    rows = [
        [name, _mean(each.macro_average_precision), _mean(each.macro_f1), _mean(each.micro_f1)]
        for name, each in (("**network**", result.network), ("logistic regressions", result.linear))
    ]
    header = ["model", "macro average precision", "macro F1", "micro F1"]
    return table(header, [*rows, ["knowing only the base rates", f"{base:.3f}", "–", "–"]])


def _mean(mean: Mean) -> str:
    return f"{mean.value:.3f} ({mean.interval[0]:.3f} to {mean.interval[1]:.3f})"


def verdict(result: Comparison) -> str:
    """Whether the network beats the baseline, in a sentence that cannot be wrong."""
    pairs = [(a, b) for a, b in zip(result.network.scores, result.linear.scores, strict=True) if not a.is_too_few]
    better = sum(ours.interval[0] > linear.interval[1] for ours, linear in pairs)
    few = [each.pattern.replace("_", " ") for each in result.network.scores if each.is_too_few]
    told = f"Of the {len(pairs)} patterns with at least {FEWEST} cases in the test, the network is ahead of the baseline in {better} with intervals apart."
    return told + (f" Too rare to judge: {', '.join(few)}." if few else "")


def longest_lookback() -> int:
    """Bars before its own that the slowest of the fifteen rules reads."""
    return max(catalogue()[name].lookback for name in PATTERNS)


def page(measured: Measured) -> str:
    """The whole page as Markdown."""
    result, plan, settings = measured.result, measured.plan, measured.plan.settings
    split: Split = result.model.split
    network: Evaluation = result.network
    size = sum(map(len, network_files(result.model).values()))
    shape = plan.shape
    n_instruments = len(measured.windows.series)
    drawn = (
        "all of them"
        if result.n_drawn == result.n_training
        else f"{result.n_drawn:,} of them: every one with a rare pattern, and others drawn and weighted"
    )
    return f"""# The candlestick network

A small convolutional network reads {WINDOW} bars and says fifteen probabilities, one per named candlestick pattern. The
[rules](features.md) that have always told these patterns are its teacher. So it learns nothing that is not known
already. It is good for two things: as a check of the whole training path on a task whose truth is known, and as a
smooth answer where a rule says only yes or no. It says nothing about returns: a well-recognised pattern is no alpha.

This page is written by `python -m benchmarks.candlestick_network --write`.

## Use

```
trimtab models patterns train                     # on the packaged sample; seconds to a minute
trimtab models patterns evaluate data/candlestick_network
trimtab models patterns find data/candlestick_network --newest 5
```

`--bars FILE` takes any bar file, or a folder of them. `find` lists a pattern from
its threshold on and shows both numbers; `find --out FILE.parquet` writes a probability per bar and pattern; all three take
`--json`. `evaluate` leaves out what the network has seen. The packaged sample has four instruments, three of which
train: a few thousand windows are enough to see the command work, not for good scores.

## What it reads, and what it is taught

- A window is {WINDOW} bars in a row of one instrument. An absent bar is no boundary: the rules count bars, too.
- Prices become their distance from the last close, in units of the mean high-low range of the window (clipped at
  {FARTHEST_PRICE:g}). Neither the unit of a price nor its level is left; the rules do not look at those either. Volume
  is divided by its mean, less one (clipped at {LARGEST_VOLUME:g}). No rule reads volume.
- The label of a window is what the fifteen rules say at its last bar. TA-Lib judges "long" and "short" by means of
  up to ten bars before, so the slowest rule looks back {longest_lookback()} bars: all that a rule reads is in the window.
- Harami and marubozu count in both directions.
- The network: two convolutions ({shape.channels} channels, {shape.kernel} bars), a dense layer of {shape.hidden}, fifteen sigmoid outputs.
- The loss is binary cross-entropy. A case of a rare pattern counts more, by the root of absent over present, at
  most {LARGEST_CLASS_WEIGHT:g}; that factor is taken out of the last layer afterwards, so that probabilities are those of the market.

## How it was split

Daily bars of {n_instruments} US equities, {_day(measured.windows.time.min())} to {_day(measured.windows.time.max())}. Two thirds of the instruments
({len(split.trained)}, drawn by the SHA-256 of their names) train on windows that end before {_day(split.validation_from)}: {result.n_training:,}, {drawn}.
Their windows that lie in the time from then to {_day(split.test_from)} ({result.n_validation:,}) stop the training and choose the threshold
of each pattern (the highest F1). The test is the other {network.n_instruments} instruments, windows whose {WINDOW} bars all lie from
{_day(split.test_from)} on: {network.n_windows:,}. No instrument and no day is in both. The instruments are those in an
index in 2019, and the market of the two parts is one market: other instruments, not other worlds.

The baseline is a logistic regression per pattern (scikit-learn) on the same {5 * WINDOW} numbers, standardised, trained on
the same windows, its thresholds chosen the same way.

## Results

{means_section(result)}

{verdict(result)}

{patterns_section(result)}

Precision, recall and F1 are at the chosen threshold. Average precision is over all thresholds; a model that knows nothing
has the base rate. Said on average: the mean probability, which should be near the base rate. In brackets: 95 % of {DRAWS} bootstrap
draws of test instruments. They do not cover another training seed, nor that instruments share days. Patterns with
fewer than {FEWEST} cases are in no mean.

What is left wrong: mostly the rare formations of two and three bars. They ask for several conditions at once, each of which
may hold only just, and there are few cases to learn them from. A smooth function is blurred at an exact border; the
rule is not. Where the exact answer is wanted, ask the rule.

## Cost

Seed {SEED}, one thread, PyTorch on a CPU: {measured.processor_seconds:.0f} s of processor time for training both models and scoring them
(best epoch {result.model.training["best_epoch"]} of {settings.epochs}, batches of {settings.batch_size}). 1,000 windows are told
in {1000 * measured.seconds_per_1000:.0f} ms. The stored network has {size / 1e6:.1f} MB: `model.json` and `weights.safetensors`, named by their SHA-256 and checked
before they are read, with golden windows that a loaded network must tell as it did when it was stored. The same
bars, settings and seed give the same bytes.
"""


def _day(time_: np.datetime64) -> str:
    return str(time_.astype("datetime64[D]"))


def main() -> None:
    """Measure, print the page, and write it if asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.candlestick_network", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name} instead of printing it")
    parser.add_argument("--epochs", type=int, help="fewer passes, to try it out")
    arguments = parser.parse_args()
    folder = data_folder()
    if not (folder / FILE).is_file():
        sys.exit(f"needs the optional market data, which is not at {folder} (set TRIMTAB_TEST_DATA)")
    text = page(measure(folder, arguments.epochs))
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
