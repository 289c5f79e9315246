"""The splitter that a strategy file describes."""

from __future__ import annotations

from trimtab.config.strategy import Validation
from trimtab.validation.splitters.hold_out import HoldOut
from trimtab.validation.splitters.walk_forward import WalkForward


def walk_forward_from(config: Validation) -> WalkForward | HoldOut:
    """The splitter a strategy file asks for: a walk-forward, or the single cut of a hold-out.

    >>> walk_forward_from(Validation(window="hold_out")).shares
    (0.6, 0.2, 0.2)
    """
    if config.window == "hold_out":
        return HoldOut(config.hold_out, config.embargo)
    return WalkForward(config.window, config.initial_train, config.test, config.step, config.embargo)
