"""Splitters by name, for people who choose one."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.validation.folds import Splitter
from trimtab.validation.splitters.combinatorial import CombinatorialPurged
from trimtab.validation.splitters.hold_out import HoldOut
from trimtab.validation.splitters.k_fold import PurgedKFold
from trimtab.validation.splitters.monte_carlo import MonteCarlo
from trimtab.validation.splitters.time_series import TimeSeriesCV
from trimtab.validation.splitters.walk_forward import WalkForward

# Every splitter there is; the contract suite runs over all of them.
SPLITTERS: dict[str, Any] = {
    "walk_forward": WalkForward,
    "time_series": TimeSeriesCV,
    "purged_k_fold": PurgedKFold,
    "combinatorial_purged": CombinatorialPurged,
    "monte_carlo": MonteCarlo,
    "hold_out": HoldOut,
}


def make_splitter(name: str, **options: Any) -> Splitter:
    """The splitter of a name with its options; what is not given takes the splitter's default.

    Raises `UnknownNameError` for a name that is none, with the nearest one, and `ConfigurationError` for an
    option that this splitter does not have.

    >>> make_splitter("purged_k_fold", n_folds=3)
    PurgedKFold(n_folds=3, embargo=datetime.timedelta(0))
    """
    if name not in SPLITTERS:
        raise UnknownNameError("splitter", name, SPLITTERS)
    known = options_of(name)
    for option in options:
        if option not in known:
            raise ConfigurationError(f"splitter '{name}' has no option '{option}'; it has {', '.join(known)}")
    made: Splitter = SPLITTERS[name](**options)
    return made


def options_of(name: str) -> list[str]:
    """The options of a splitter, in order.

    >>> options_of("purged_k_fold")
    ['n_folds', 'embargo']
    """
    return [each.name for each in fields(SPLITTERS[name])]
