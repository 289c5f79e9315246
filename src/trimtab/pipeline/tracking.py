"""Which stages leave a run behind, what each tells, and how the runs come into MLflow.

A stage that is skipped leaves none: a run is work that was done. The stages that learn or judge are
recorded (the study, the candidate, the walk-forward); what the others do is in their reports.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from trimtab.metrics.plain import plain
from trimtab.pipeline.code_version import code_fingerprint
from trimtab.pipeline.running import Produced
from trimtab.pipeline.workspace import Workspace
from trimtab.tracking.lake_tracker import LakeTracker
from trimtab.tracking.protocol import NoTracking, Run, RunStart, Tracker
from trimtab.tracking.run_store import RunStore

if TYPE_CHECKING:
    from trimtab.models.artifacts import StoredModel
    from trimtab.registry.models import ModelVersion
    from trimtab.tuning.choice import TrialRecord
    from trimtab.validation.walk_forward import WalkForwardReport


def tracker_of(workspace: Workspace) -> Tracker:
    """Where the runs of a workspace are recorded: in its lake, unless its settings say "none"."""
    return NoTracking() if workspace.settings.tracking == "none" else LakeTracker(workspace.lake)


@contextmanager
def tracked(
    workspace: Workspace,
    kind: str,
    strategy: str,
    dataset: str,
    parameters: Mapping[str, Any],
    tags: Mapping[str, str | None],
    *,
    is_work: bool = True,
) -> Iterator[Run]:
    """A run of a stage: finished when the block ends, failed when an error leaves it; tags that are None are left out.

    The parameters begin with the algorithm that the strategy file names: a forecaster may tell only of its parts.
    Where there is nothing to do (`is_work` is false) nothing is recorded.
    """
    algorithm = workspace.strategy(strategy).model.algorithm
    start = RunStart(
        kind=kind,
        strategy=strategy,
        seed=workspace.settings.seed,
        n_threads=workspace.settings.n_threads,
        dataset=dataset,
        code=code_fingerprint(),
        parameters=plain({"algorithm": algorithm, **parameters}),
        tags={name: value for name, value in tags.items() if value},
    )
    tracker = tracker_of(workspace) if is_work else NoTracking()
    with tracker.start(start) as run:
        yield run


class FoldProgress:
    """Counts folds as they are done, of several walk-forwards in a row, side by side or not."""

    def __init__(self, run: Run, n_walks: int) -> None:
        self._run, self._n_walks, self._n_done, self._guard = run, n_walks, 0, threading.Lock()

    def __call__(self, done: int, total: int) -> None:
        """One more fold is done; `done` itself says which, and folds side by side end in any order."""
        with self._guard:
            self._n_done += 1
            self._run.metrics({}, step=self._n_done, total=total * self._n_walks)


def told_trial(run: Run, objectives: Sequence[str]) -> Callable[[TrialRecord, int], None]:
    """What a study calls after each trial: its values become step `number + 1` of the run."""

    def tell(trial: TrialRecord, n_wanted: int) -> None:
        run.metrics(dict(zip(objectives, trial.values, strict=False)), step=trial.number + 1, total=n_wanted)

    return tell


def told_metrics(values: Mapping[str, Any]) -> dict[str, float]:
    """Of what a stage shows, the numbers: texts and flags are no metrics.

    >>> told_metrics({"accuracy": 0.5, "verdict": "good", "samples": 10, "passed": True})
    {'accuracy': 0.5, 'samples': 10.0}
    """
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def tell_stage(run: Run, produced: Produced) -> None:
    """The numbers and the plots that a stage shows."""
    run.metrics(told_metrics(produced.metrics))
    for title, png in produced.plots.items():
        run.figure(title, png)


def tell_candidate(
    workspace: Workspace, run: Run, stored: StoredModel, version: ModelVersion, produced: Produced
) -> None:
    """What came of a training: the version, its files by SHA-256, its plots, and the learning curve if it had steps."""
    run.tags({"version": version.version, "model_id": str(version.id), "manifest": stored.manifest_digest})
    for file in stored.files:
        run.stored(f"model/{file.name}", file.sha256, file.size_bytes)
    tell_stage(run, produced)
    series = RunStore.of(workspace.lake).series(run.id) if run.id else {}
    if series:
        from trimtab.tracking.plots import plot_learning_curve

        run.figure("Learning curve", plot_learning_curve(series))


def tell_walk_forward(run: Run, report: WalkForwardReport, produced: Produced) -> None:
    """Every measure by fold (the step is the fold), the pooled ones, and which classes were confused."""
    from trimtab.tracking.plots import plot_confusion
    from trimtab.validation.scoring import classes

    for number, fold in enumerate(report.folds, 1):
        run.metrics(
            {f"fold/{name}": value for name, value in fold.metrics.items()}, step=number, total=len(report.folds)
        )
    run.metrics({f"pooled/{name}": value for name, value in report.pooled.items()})
    tell_stage(run, produced)
    found = report.out_of_sample
    names = ("0", "1") if report.task == "classification" else ("down", "up")
    run.figure("Confusion matrix", plot_confusion(*classes(report.task, found.target, found.value), names))


# Mirroring into MLflow


def mirrors(workspace: Workspace) -> bool:
    """Whether the settings ask for MLflow, or let it be used where it is installed."""
    from trimtab.tracking.mlflow_mirror import is_installed

    wanted = workspace.settings.tracking
    return wanted == "mlflow" or (wanted == "auto" and is_installed())


def mirror_runs(workspace: Workspace) -> list[str]:
    """Copy the runs that MLflow lacks; return their ids. Raises what goes wrong."""
    from trimtab.tracking.mlflow_mirror import mirror

    lake = workspace.lake
    return mirror(RunStore.of(lake), lake.artifacts, lake.root, workspace.settings.mlflow_uri)


def uncopied_runs(workspace: Workspace) -> list[str]:
    """The ids of runs that MLflow is not known to have; asked without MLflow."""
    from trimtab.tracking.mlflow_mirror import uncopied

    lake = workspace.lake
    return uncopied(RunStore.of(lake), lake.root, workspace.settings.mlflow_uri)


def copying_said(n_runs: int) -> str:
    """What is said before runs are copied, for it may take a while.

    >>> copying_said(1), copying_said(3)
    ('copying 1 run to MLflow ...', 'copying 3 runs to MLflow ...')
    """
    return f"copying {n_runs} {'run' if n_runs == 1 else 'runs'} to MLflow ..."


def try_to_mirror(workspace: Workspace, say: Callable[[str], object] = lambda _: None) -> str | None:
    """Copy the runs that MLflow lacks where that is wanted; what went wrong as a sentence, never an error.

    `say` is told before the copying starts.

    The record in the lake is whole either way, and the next mirroring makes up for this one. Where nothing is
    left to copy MLflow is not even imported.
    """
    lacking = uncopied_runs(workspace) if mirrors(workspace) else []
    if not lacking:
        return None
    say(copying_said(len(lacking)))
    try:
        mirror_runs(workspace)
    except Exception as error:  # whatever MLflow or its database does, the run stands
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return f"the runs are recorded in the lake but were not copied to MLflow: {reason}; try `trimtab experiments mirror`"
    return None
