"""Whether a study may hand its parameters to a walk-forward: it must have seen nothing that is judged there."""

from __future__ import annotations

from trimtab.config.strategy import Strategy
from trimtab.datasets import Dataset
from trimtab.errors import NotFoundError
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.tuning import TUNING, rows_fingerprint, tuning_folds
from trimtab.pipeline.workspace import Workspace


def check_searched_rows(workspace: Workspace, strategy: Strategy, dataset: Dataset) -> None:
    """Raise `NotFoundError` unless the latest study searched the rows that today's cuts leave before the first test.

    A study without trials chose nothing, so whatever it saw is no matter.
    """
    study = stage_values(workspace, TUNING, strategy.name)
    if not study or not study["n_trials"]:
        return
    if study.get("rows") != rows_fingerprint(*tuning_folds(dataset, strategy)):
        raise NotFoundError(
            f"the latest study of '{strategy.name}' searched other rows than its strategy file now leaves before the "
            f"first test, so its parameters may know what is to be judged; run the stage {TUNING} again"
        )
