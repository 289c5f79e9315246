"""One door to all labels: the label section of a strategy file in, a `LabelBlock` out."""

from __future__ import annotations

from trimtab.bars import Bars
from trimtab.config.strategy import Label
from trimtab.labels.returns import label_direction, label_forward_return
from trimtab.labels.schema import LabelBlock
from trimtab.labels.volatility import label_volatility_regime

CODE_VERSION = "1"  # part of every dataset's recipe: raise it when a formula changes


def compute_label(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    """The label of every bar. `bars` must be accepted bars in order, as the store returns them."""
    match label.kind:
        case "forward_return":
            return label_forward_return(bars, horizon)
        case "direction":
            return label_direction(bars, horizon, label.neutral_band)
        case "volatility_regime":
            return label_volatility_regime(bars, horizon, label.memory)
