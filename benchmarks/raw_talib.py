"""TA-Lib called directly: its 61 patterns and its indicators, on the bars that features are computed from.

What a compiled library written in C needs for a value of this kind: a scale beside the copy, which does no work.
Parameters are TA-Lib's own. Left out: cycles (Hilbert transforms, which no feature uses), mathematics, and
MAVP, which wants a period for every bar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import talib
from talib import abstract

from trimtab.bars import Bars

PATTERNS = ("Pattern Recognition",)
INDICATORS = (
    "Overlap Studies",
    "Momentum Indicators",
    "Volume Indicators",
    "Volatility Indicators",
    "Price Transform",
    "Statistic Functions",
)
LEFT_OUT = ("MAVP",)
Call = Callable[[dict[str, np.ndarray]], object]


def calls(groups: Sequence[str]) -> tuple[list[Call], int]:
    """A call for every function of some groups, and how many outputs they have in all."""
    names = [name for group in groups for name in talib.get_function_groups()[group] if name not in LEFT_OUT]
    described = [abstract.Function(name).info for name in names]
    outputs = sum(len(each["output_names"]) for each in described)
    return [partial(_call, getattr(talib, each["name"]), _inputs(each["input_names"])) for each in described], outputs


def work(groups: Sequence[str]) -> tuple[Callable[[Bars], None], int]:
    """A function that makes these calls on the adjusted prices of one instrument; how many outputs that gives."""
    each_call, outputs = calls(groups)

    def on(bars: Bars) -> None:
        adjusted = bars.adjusted()
        prices = {name: getattr(adjusted, name) for name in ("open", "high", "low", "close", "volume")}
        for call in each_call:
            call(prices)

    return on, outputs


def _inputs(names: dict[str, str | list[str]]) -> list[str]:
    """The columns a function reads, in its order."""
    return [column for value in names.values() for column in (value if isinstance(value, list) else [value])]


def _call(function: Callable[..., object], columns: list[str], prices: dict[str, np.ndarray]) -> object:
    return function(*(prices[column] for column in columns))
