"""Where the time goes: features by what they cost, for the day a target is out of reach.

`python -m benchmarks features --profile`. In a pass, what several features share is paid by the first that
asks for it; alone, every feature pays for everything it needs.
"""

from __future__ import annotations

import time
from collections import defaultdict

import numpy as np

from benchmarks.feature_bars import Instruments
from benchmarks.feature_sets import of_bars
from benchmarks.measuring import Section
from trimtab.bars import Bars
from trimtab.features.catalogue import catalogue
from trimtab.features.context import Context

SHOWN, ROUNDS = 30, 3
NOTE = f"""Processor nanoseconds per value and feature, fastest of {ROUNDS} rounds, without the copy into the block; the share is of the whole pass.
In the pass, an array that several features need is paid by the first one; alone, by each."""


def measure_profile(instruments: Instruments) -> Section:
    """The dearest features in one pass, and what each family costs in all."""
    names = of_bars()
    passed = _fastest(instruments, lambda bars: _one_pass(bars, names), len(names))
    alone = _fastest(instruments, lambda bars: _each_alone(bars, names), len(names))
    whole, scale = passed.sum(), 1e9 / instruments.rows
    order = np.argsort(-passed)[:SHOWN]
    rows = [
        (names[j], f"{passed[j] * scale:.1f}", f"{alone[j] * scale:.1f}", f"{passed[j] / whole:.1%}") for j in order
    ]
    by_family: dict[str, list[float]] = defaultdict(list)
    for name, seconds in zip(names, passed, strict=True):
        by_family[catalogue()[name].family].append(seconds)
    said = "\n".join(
        f"- {family}: {np.mean(each) * scale:.2f} ns per value over {len(each)} features, {sum(each) / whole:.1%} of the pass"
        for family, each in by_family.items()
    )
    header = ("feature", "ns in the pass", "ns alone", "share of the pass")
    return Section(f"Features: the {SHOWN} dearest, {instruments.said}", header, rows, f"{NOTE}\n\n{said}")


def _fastest(instruments: Instruments, work, k: int) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Seconds of each feature over all instruments, the fastest round of each."""
    total = np.zeros(k)
    for bars in instruments.bars:
        total += np.min([work(bars) for _ in range(ROUNDS + 1)][1:], axis=0)
    return total


def _one_pass(bars: Bars, names: tuple[str, ...]) -> np.ndarray:
    context = Context(bars)
    return np.array([_seconds(name, context) for name in names])


def _each_alone(bars: Bars, names: tuple[str, ...]) -> np.ndarray:
    return np.array([_seconds(name, Context(bars)) for name in names])


def _seconds(name: str, context: Context) -> float:
    feature = catalogue()[name]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        began = time.process_time()
        feature.values(context)
        return time.process_time() - began
