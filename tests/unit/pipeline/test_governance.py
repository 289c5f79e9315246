from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.bars import random_walk

from trimtab.config import Settings
from trimtab.pipeline import (
    backtest,
    datasets,
    features,
    governance,
    honesty,
    leak_certificate,
    model_certificate,
    models,
    monitoring,
    robustness,
    tuning,
    walk_forward,
)
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.workspace import Workspace

LENIENT = """
min_accuracy = 0.0
min_precision = 0.0
min_recall = 0.0
min_consistency = 0.0
max_drawdown = 1.0
max_baseline_p_value = 1.0
max_overfitting_gap = 1.0
min_deflated_sharpe_ratio = 0.0
min_worst_regime_accuracy = 0.0
max_drift_share = 1.0
"""


VALIDATION = "[validation]\nn_seeds = 1"
QUICK = '"return_1", "close_location", "rsi_7"'
SLOW = '"sma_distance_200", "high_distance_252"'


def write(folder: Path, gates: str = LENIENT, l2: float = 1.0, drift: int = 100, names: str = QUICK) -> None:
    (folder / "mine.toml").write_text(f"""
name = "mine"
[universe]
instruments = ["AAA"]
[features]
names = [{names}]
sets = []
[label]
kind = "direction"
[model]
algorithm = "linear"
parameters = {{ l2 = {l2} }}
[tuning]
n_trials = 0
{"" if "[validation]" in gates else VALIDATION}
[drift]
current = {drift}
[gates]
{gates}
""")


def opened(folder: Path) -> Workspace:
    return Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1))


def build(folder: Path) -> Workspace:
    workspace = opened(folder)
    if not workspace.bars.series():
        workspace.bars.append(random_walk(600, seed=5), datetime(2023, 1, 2, tzinfo=UTC))
    for family in features.STAGES:
        features.compute_family(workspace, family, "AAA__1d")
    datasets.build_training_dataset(workspace, "mine")
    tuning.run_tuning_study(workspace, "mine")
    models.train_candidate(workspace, "mine")
    return workspace


def judge(workspace: Workspace) -> None:
    walk_forward.report_walk_forward(workspace, "mine")
    backtest.report_backtest(workspace, "mine")
    honesty.report_honesty(workspace, "mine")
    robustness.report_robustness(workspace, "mine")
    leak_certificate.certify_leaks(workspace, "mine")
    model_certificate.certify_model(workspace, "mine")
    monitoring.snapshot_drift(workspace, "mine")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with everything that is asked before a decision."""
    folder = tmp_path_factory.mktemp("judged")
    write(folder)
    judge(build(folder))
    return folder


@pytest.fixture
def workspace(judged: Path, tmp_path: Path) -> Workspace:
    """A copy of that lake, for one test to change."""
    shutil.copytree(judged, tmp_path, dirs_exist_ok=True)
    return opened(tmp_path)


def failed(workspace: Workspace) -> list[str]:
    result = governance.decide_deployment(workspace, "mine")
    (gates,) = result.tables.values()
    return [str(gate["gate"]) for gate in gates if not gate["passed"]]


def test_who_passes_every_gate_waits_for_approval_and_is_the_challenger(workspace: Workspace) -> None:
    assert governance.decide_deployment(workspace, "mine").metrics["outcome"] == "approval_pending"
    challenger = workspace.registry.alias_holder("mine", "challenger")
    assert challenger is not None
    assert (challenger.version, challenger.state) == ("1.0.0", "approval_pending")


def test_a_challenger_that_is_refused_later_is_no_challenger_any_more(workspace: Workspace, tmp_path: Path) -> None:
    governance.decide_deployment(workspace, "mine")
    write(tmp_path, LENIENT.replace("min_accuracy = 0.0", "min_accuracy = 0.99"))
    assert failed(opened(tmp_path)) == ["accuracy"]
    assert workspace.registry.alias_holder("mine", "challenger") is None


def test_deciding_again_never_takes_the_champion_its_name(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    governance.decide_deployment(workspace, "mine")
    registry = workspace.registry
    model = registry.find_model("mine", "1.0.0")
    registry.set_alias("mine", "champion", model.id, expected=None, actor="someone", reason="promoted")
    monkeypatch.setattr("trimtab.pipeline.running.code_fingerprint", lambda: "another")
    assert not governance.decide_deployment(workspace, "mine").skipped
    champion = registry.alias_holder("mine", "champion")
    assert champion is not None
    assert champion.id == model.id
    assert registry.alias_holder("mine", "challenger") is None


def test_evidence_about_another_recipe_counts_for_nothing(workspace: Workspace, tmp_path: Path) -> None:
    write(tmp_path, l2=50.0)  # another model; nobody has judged it yet
    changed = build(tmp_path)
    assert {
        "sample_size",
        "accuracy",
        "consistency",
        "baseline_significance",
        "max_drawdown",
        "drift_share",
        "deflated_sharpe_ratio",
        "worst_regime",
        "model_certificate",
    } <= set(failed(changed))
    judge(changed)
    assert failed(changed) == []


def test_other_costs_are_not_decided_about_with_the_account_of_the_old_ones(
    workspace: Workspace, tmp_path: Path
) -> None:
    assert failed(workspace) == []
    write(tmp_path, LENIENT + "[backtest]\ncommission_bps = 100.0\n")
    dearer = opened(tmp_path)
    result = governance.decide_deployment(dearer, "mine")
    reasons = {gate["gate"]: str(gate["reason"]) for gate in result.tables["gate by gate"] if not gate["passed"]}
    assert set(reasons) == {"max_drawdown", "deflated_sharpe_ratio", "worst_regime"}
    assert all(reason.startswith("insufficient evidence") for reason in reasons.values())
    assert all(reason.endswith("[backtest] section says; run it again") for reason in reasons.values())
    judge(dearer)
    assert failed(dearer) == []


def test_a_new_walk_forward_is_not_decided_about_with_what_was_traded_before(
    workspace: Workspace, tmp_path: Path
) -> None:
    write(tmp_path, LENIENT + "[validation]\nn_seeds = 1\ninitial_train = 0.5\n")
    recut = opened(tmp_path)
    walk_forward.report_walk_forward(recut, "mine")
    assert {"max_drawdown", "deflated_sharpe_ratio", "worst_regime"} <= set(failed(recut))
    assert "accuracy" not in failed(recut)


def test_a_file_damaged_after_training_is_seen_when_it_is_decided(workspace: Workspace) -> None:
    assert failed(workspace) == []
    model = workspace.registry.find_model("mine", "1.0.0")
    path = workspace.lake.artifacts.path(workspace.registry.artifacts(model.id)[0].sha256)
    right = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(right + b" ")
    assert failed(workspace) == ["artifact_integrity"]
    path.write_bytes(right)
    assert failed(workspace) == []
    workspace.lake.artifacts.path(model.manifest_digest).unlink()
    assert failed(workspace) == ["artifact_integrity"]


def test_a_version_remembers_how_it_was_judged(workspace: Workspace) -> None:
    governance.decide_deployment(workspace, "mine")
    judged = stage_values(workspace, walk_forward.WALK_FORWARD, "mine") or {}
    metrics = workspace.registry.find_model("mine", "1.0.0").metrics
    assert (metrics["recipe"], metrics["cuts"]) == (judged["recipe"], judged["cuts"])


def test_too_little_evidence_of_drift_is_not_absence_of_drift(tmp_path: Path) -> None:
    write(tmp_path, drift=20, names=SLOW)  # twenty bars of features that remember two hundred
    workspace = build(tmp_path)
    judge(workspace)
    assert monitoring.snapshot_drift(workspace, "mine").metrics["status"] == "insufficient_evidence"
    # So short a history leaves no regime with enough forecasts either.
    assert failed(workspace) == ["worst_regime", "drift_share"]


def test_going_back_to_an_earlier_configuration_brings_back_the_earlier_version(
    workspace: Workspace, tmp_path: Path
) -> None:
    governance.decide_deployment(workspace, "mine")
    write(tmp_path, l2=50.0)
    second = build(tmp_path)
    judge(second)
    governance.decide_deployment(second, "mine")
    write(tmp_path)
    back = build(tmp_path)
    judge(back)
    result = governance.decide_deployment(back, "mine")
    assert (result.metrics["version"], result.metrics["outcome"]) == ("1.0.0", "approval_pending")
    assert monitoring.watched_model(back, "mine").version == "1.0.0"
    challenger = workspace.registry.alias_holder("mine", "challenger")
    assert challenger is not None
    assert challenger.version == "1.0.0"
