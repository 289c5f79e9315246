"""What the stages leave behind as runs, what reads them, and that cleaning never takes what a model needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fakes.command_line import trimtab
from fakes.runs import start_run
from fakes.strategies import NAME, open_world, run_market_data, write_world

from trimtab.clock import SimulatedClock
from trimtab.errors import LockedError
from trimtab.models.artifacts import load_model
from trimtab.pipeline.datasets import build_training_dataset
from trimtab.pipeline.models import train_candidate
from trimtab.pipeline.run_cleaning import clean_runs, running_stage
from trimtab.pipeline.tracking import tracked, try_to_mirror
from trimtab.pipeline.tuning import run_tuning_study
from trimtab.pipeline.walk_forward import report_walk_forward
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.locks import exclusive
from trimtab.tracking.run_store import RunStore

pytestmark = pytest.mark.slow  # a small lake as far as its walk-forward

STAGES = (build_training_dataset, run_tuning_study, train_candidate, report_walk_forward)
OLD = timedelta(days=365)


def run_stages(workspace: Workspace) -> list[Any]:
    return [stage(workspace, NAME) for stage in STAGES]


@pytest.fixture(scope="module")
def clock() -> SimulatedClock:
    return SimulatedClock(datetime(2024, 1, 2, tzinfo=UTC))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, clock: SimulatedClock) -> Workspace:
    """A lake with a study, a candidate and a walk-forward, from stages that ran once."""
    folder = tmp_path_factory.mktemp("experiments")
    strategies = write_world(
        folder,
        universe={"instruments": ["SIMREGIME"]},
        features={"sets": ["candlesticks"]},
        model={"algorithm": "lightgbm", "members": {}, "parameters": {"n_estimators": 20}},
        tuning={"n_trials": 1, "n_folds": 2},
    )
    workspace = open_world(folder / "lake", strategies, clock, tracking="lake")
    run_market_data(workspace)
    run_stages(workspace)
    return workspace


@pytest.fixture
def runs(world: Workspace) -> RunStore:
    return RunStore.of(world.lake)


@pytest.fixture
def here(world: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(world.settings.data_dir))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(world.settings.strategies_dir))
    monkeypatch.setenv("TRIMTAB_TRACKING", "lake")


def test_the_candidate_leaves_its_version_files_steps_and_cost(world: Workspace, runs: RunStore) -> None:
    (run,) = [each for each in runs.list() if each.kind == "candidate_model"]
    (model,) = world.registry.list_models(NAME)
    assert (run.status, run.dataset, run.seed) == ("finished", model.dataset_fingerprint, world.settings.seed)
    assert run.parameters == {"algorithm": "lightgbm", **model.hyper_parameters}
    assert (run.tags["version"], run.tags["manifest"]) == (model.version, model.manifest_digest)
    stored = {f"model/{file.name}": file.sha256 for file in world.registry.artifacts(model.id)}
    assert stored.items() <= {name: file.sha256 for name, file in run.artifacts.items()}.items()
    assert run.metrics["training_seconds"] > 0
    assert runs.progress(run.id) == (20, 20)  # every boosting round was told


def test_the_walk_forward_leaves_every_fold_and_the_confusion_matrix(world: Workspace, runs: RunStore) -> None:
    (run,) = [each for each in runs.list() if each.kind == "walk_forward_report"]
    accuracy = runs.series(run.id)["fold/accuracy"]
    assert list(accuracy) == list(range(1, len(accuracy) + 1))
    assert run.metrics["accuracy"] == pytest.approx(sum(accuracy.values()) / len(accuracy))
    assert {"figures/accuracy_by_fold.png", "figures/confusion_matrix.png"} <= run.artifacts.keys()


def test_skipped_stages_leave_no_run(world: Workspace, runs: RunStore) -> None:
    before = runs.ids()
    assert all(result.skipped for result in run_stages(world))
    assert runs.ids() == before


def test_without_tracking_nothing_is_recorded_and_the_result_is_the_same(world: Workspace, runs: RunStore) -> None:
    untracked = open_world(world.settings.data_dir, world.settings.strategies_dir, world.lake.clock, tracking="none")
    (before, known) = report_walk_forward(world, NAME), runs.ids()
    (world.manifests.root / before.stage / f"{NAME}.json").unlink()
    again = report_walk_forward(untracked, NAME)
    assert not again.skipped
    assert again.data_version == before.data_version
    assert runs.ids() == known


def test_cleaning_keeps_what_every_alias_decision_and_version_needs(
    world: Workspace, runs: RunStore, clock: SimulatedClock
) -> None:
    model = world.registry.latest_model(NAME)
    assert model
    world.registry.set_alias(NAME, "champion", model.id, expected=None, actor="ada", reason="test")
    file = world.registry.artifacts(model.id)[0]
    kept = set(runs.ids())
    with start_run(world.lake, strategy=NAME, kind="candidate_model") as old:
        old.stored("model/same", file.sha256, file.size_bytes)  # what the champion needs too
        old.artifact("model/own", b"nobody else has this")
        old.finish("failed")
    own = runs.read(old.id).artifacts["model/own"].sha256
    clock.advance(OLD)
    planned = clean_runs(world, timedelta(days=30), dry_run=True)
    assert [each.id for each in planned.removed] == [old.id]
    assert world.lake.artifacts.has(own)
    done = clean_runs(world, timedelta(days=30))
    assert (done.removed, done.blobs) == (planned.removed, planned.blobs) == (planned.removed, {own: 20})
    assert set(runs.ids()) == kept
    assert not world.lake.artifacts.has(own)
    champion = world.registry.alias_holder(NAME, "champion")
    assert champion
    assert load_model(world.lake.artifacts, champion.manifest_digest).feature_names
    reasons = {each.run.kind: each.reason for each in done.kept}
    assert reasons["candidate_model"] == "it trained version 1.0.0"
    assert reasons["walk_forward_report"] == "it is evidence for version 1.0.0"
    assert all(result.skipped for result in run_stages(world))  # nothing the stages look for has gone


def test_nothing_is_cleaned_while_a_stage_is_at_work(world: Workspace) -> None:
    path = world.lake.lock_path(f"stages/candidate_model/{NAME}")
    with exclusive(path), pytest.raises(LockedError, match="candidate_model of tiny is running; clean when it is done"):
        clean_runs(world, timedelta(0))


def test_what_would_be_cleaned_is_told_while_a_stage_is_at_work(world: Workspace) -> None:
    assert running_stage(world) is None
    with exclusive(world.lake.lock_path(f"stages/candidate_model/{NAME}")):
        assert running_stage(world) == "candidate_model of tiny is running; clean when it is done"
        assert clean_runs(world, timedelta(days=30), dry_run=True).kept


def test_a_study_of_no_trials_leaves_no_run(world: Workspace, runs: RunStore) -> None:
    known = runs.ids()
    parameters = {"algorithm": "lightgbm"}
    with tracked(world, "tuning_study", NAME, "d" * 64, parameters, {}, is_work=False) as run:
        run.metrics({"best_value": float("nan")})
    assert runs.ids() == known


@pytest.mark.usefixtures("here")
def test_runs_are_compared_on_the_command_line_without_mlflow(runs: RunStore) -> None:
    ids = [each.id for each in runs.list() if each.status == "finished"][:2]
    document = trimtab("experiments", "compare", *ids, "--json").document
    assert document["runs"] == ids
    assert document["same_dataset"] is True
    assert "of different kinds" in document["warnings"][0]
    said = trimtab("experiments", "compare", *ids)
    assert said.code == 0
    assert "All read the same dataset." in said.out


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show", "1999"], "there is no run '1999' among the"),
        (["compare", "latest", "latest"], "comparing needs two different runs or more"),
        (["search", "acuracy > 0.6"], "did you mean 'accuracy'?"),
        (["search", "accuracy >"], "is no filter"),
        (["clean", "--older-than", "soon"], "--older-than is 'soon': a duration is"),
        (["clean", "--older-than", "30d", "--keep", "0"], "keep is 0"),
    ],
)
def test_a_wrong_request_is_refused_in_one_sentence(arguments: list[str], sentence: str) -> None:
    answer = trimtab("experiments", *arguments)
    assert answer.code == 1
    assert sentence in answer.sentence


def test_a_failure_of_mlflow_is_told_and_fails_nothing(world: Workspace) -> None:
    pytest.importorskip("mlflow")
    broken = open_world(
        world.settings.data_dir, world.settings.strategies_dir, mlflow_uri="sqlite:////proc/nowhere/mlflow.db"
    )
    warning = try_to_mirror(broken)
    assert warning is not None
    assert warning.startswith("the runs are recorded in the lake but were not copied to MLflow: ")
    assert "\n" not in warning
    assert try_to_mirror(world) is None  # its settings say "lake"


def test_the_registry_alone_protects_the_files_of_a_version(
    world: Workspace, runs: RunStore, clock: SimulatedClock
) -> None:
    for name in runs.ids():
        runs.remove(name)
    model = world.registry.latest_model(NAME)
    assert model
    with start_run(world.lake, strategy=NAME) as old:
        for file in world.registry.artifacts(model.id):
            old.stored(file.name, file.sha256, file.size_bytes)
        old.stored("manifest", model.manifest_digest, 1)
        old.finish("failed")
    for path in world.manifests.root.rglob("candidate_model/*.json"):
        path.unlink()  # nor does the latest stage name them
    clock.advance(OLD)
    done = clean_runs(world, timedelta(days=30))
    assert ([each.id for each in done.removed], done.blobs) == ([old.id], {})
    assert load_model(world.lake.artifacts, model.manifest_digest).feature_names
