"""One door to all labels: the label section of a strategy file in, a `LabelBlock` per horizon out."""

from __future__ import annotations

from trimtab.bars import Bars
from trimtab.config.strategy import Label
from trimtab.labels.returns import label_direction, label_forward_return
from trimtab.labels.schema import LabelBlock
from trimtab.labels.triple_barrier import label_triple_barrier
from trimtab.labels.volatility import label_volatility_regime

CODE_VERSION = "2"  # part of every dataset's recipe: raise it when a formula changes


def compute_label(bars: Bars, label: Label, horizon: int) -> LabelBlock:
    """The label of every bar. `bars` must be accepted bars in order, as the store returns them."""
    match label.kind:
        case "forward_return":
            return label_forward_return(bars, horizon)
        case "direction":
            return label_direction(bars, horizon, label.neutral_band)
        case "triple_barrier":
            return label_triple_barrier(bars, horizon, label.take_profit, label.stop_loss, label.volatility_window)
        case "volatility_regime":
            return label_volatility_regime(bars, horizon, label.memory)


def compute_labels(bars: Bars, label: Label) -> tuple[LabelBlock, ...]:
    """The label of every bar over each horizon, in the order of the strategy file; each as if it were alone."""
    return tuple(compute_label(bars, label, horizon) for horizon in label.horizons)
