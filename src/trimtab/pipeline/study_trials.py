"""Trials of studies in the trial ledger: each as it finishes, and those that a killed run left behind.

Optuna's tables hold a trial as soon as it is finished. A run that is killed between that and the ledger, and a study
that nobody ever goes on with, would otherwise be forgotten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.pipeline.workspace import Workspace
from trimtab.registry.trials import Trial, tried
from trimtab.tuning.choice import TrialRecord
from trimtab.tuning.stored import stored_studies
from trimtab.tuning.study import About, OnTrial
from trimtab.tuning.trial_forecasts import n_kept, study_folder

ACTOR = "pipeline"


def count_trials(
    workspace: Workspace, about: About, objectives: Sequence[str], study: str, trials: Sequence[TrialRecord]
) -> None:
    """Record trials that gave a result, pruned ones too: each was a chance to be lucky. Known ones stay as they are."""
    given = {"strategy": about.strategy, "label": about.label, "family": about.family}
    given |= {"study": study, "dataset_fingerprint": about.dataset_fingerprint}
    workspace.registry.record_trials([_counted(given, objectives, trial) for trial in trials], ACTOR)


def counted_as_they_finish(
    workspace: Workspace, about: About, objectives: Sequence[str], study: str, tell: OnTrial
) -> OnTrial:
    """What a study calls after each trial: it is in the ledger before `tell` hears of it."""

    def on_trial(trial: TrialRecord, n_wanted: int) -> None:
        count_trials(workspace, about, objectives, study, [trial])
        tell(trial, n_wanted)

    return on_trial


def count_forgotten(workspace: Workspace, strategy_name: str) -> int:
    """Record the finished trials of a strategy's studies that the ledger lacks, of any label; return how many.

    Optuna is asked only where a study kept the forecasts of more trials than the ledger knows.
    """
    registry = workspace.registry  # brings the schema up to date
    with workspace.lake.database.read() as connection:
        known = Counter(trial.study for trial in tried(connection, strategy_name) if trial.kind == "tuning")
    folders = study_folder(workspace.lake.root, strategy_name)
    kept = {f"{strategy_name}:{folder.name}": n_kept(folder) for folder in folders.glob("*")}
    if all(known[study] >= n for study, n in kept.items()):
        return 0
    found = [
        _counted({**_given(study.about), "study": study.name}, study.about["objectives"], trial)
        for study in stored_studies(workspace.lake.database, strategy_name)
        for trial in study.trials
    ]
    return registry.record_trials(found, ACTOR)


def _given(about: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(about[name]) for name in ("strategy", "label", "family", "dataset_fingerprint")}


def _counted(given: Mapping[str, Any], objectives: Sequence[str], trial: TrialRecord) -> Trial:
    return Trial(
        **given,
        number=trial.number,
        parameters=trial.parameters,
        value=trial.values[0],
        objectives=dict(zip(objectives, trial.values, strict=True)),
        pruned=trial.pruned,
    )
