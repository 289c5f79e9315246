"""Cutting a dataset into folds so that no training label knows anything of the test.

One splitter per file. Each says where the cuts lie; what must not train beside a test (purge by label
interval, embargo by time) are the rules of `trimtab.datasets.purging`, which also says why they are two.
A new splitter is a frozen dataclass with `split(dataset) -> list[Fold]`, named in `named.SPLITTERS`: the
contract suite then runs on it. Training and judging on folds belongs to `trimtab.validation`.
"""

from trimtab.validation.folds import Fold
from trimtab.validation.splitters.combinatorial import CombinatorialPurged
from trimtab.validation.splitters.configured import walk_forward_from
from trimtab.validation.splitters.hold_out import HoldOut
from trimtab.validation.splitters.inner import inner_validation
from trimtab.validation.splitters.k_fold import PurgedKFold
from trimtab.validation.splitters.monte_carlo import MonteCarlo
from trimtab.validation.splitters.named import SPLITTERS, make_splitter
from trimtab.validation.splitters.time_series import TimeSeriesCV
from trimtab.validation.splitters.walk_forward import WalkForward

__all__ = [
    "SPLITTERS", "CombinatorialPurged", "Fold", "HoldOut", "MonteCarlo", "PurgedKFold", "TimeSeriesCV", "WalkForward",
    "inner_validation", "make_splitter", "walk_forward_from",
]  # fmt: skip
