"""Evidence counts where every stage is about what the stage before it found, as the strategy file says today."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimtab.config import Settings
from trimtab.pipeline.backtest import section_of
from trimtab.pipeline.evidence_chain import evidence_chain
from trimtab.pipeline.walk_forward_forecasts import cuts_of
from trimtab.pipeline.workspace import Workspace

STRATEGY = """
name = "mine"
[universe]
instruments = ["AAA"]
[label]
kind = "direction"
[validation]
n_seeds = {n_seeds}
initial_train = {initial_train}
[backtest]
commission_bps = {commission}
"""
WALK_FORWARD, BACKTEST, HONESTY, ROBUSTNESS = STAGES = (
    "walk_forward_report", "backtest_report", "honesty_report", "robustness_report",
)  # fmt: skip
Finished = Callable[..., Workspace]


@pytest.fixture
def finished(tmp_path: Path) -> Finished:
    """What four stages have left, each able to be about something else than the stage before it."""

    def build(*, changed: str = "", **other: object) -> Workspace:
        workspace = reopened(tmp_path)
        strategy = workspace.strategy("mine")
        forecasts: dict[str, Any] = {"recipe": "r", "forecasts": "f"}
        summaries = {
            WALK_FORWARD: forecasts | {"cuts": cuts_of(strategy)},
            BACKTEST: forecasts | {"section": section_of(strategy)},
            HONESTY: forecasts | {"traded": f"version of {BACKTEST}"},
            ROBUSTNESS: forecasts | {"traded": f"version of {BACKTEST}"},
        }
        for stage, summary in summaries.items():
            values = summary | (other if stage == changed else {})
            workspace.manifests.record(stage, "mine", {}, f"version of {stage}", {"values": values})
        return workspace

    return build


def reopened(folder: Path, commission: float = 1.0, initial_train: float = 0.6, n_seeds: int = 1) -> Workspace:
    """The same lake with a strategy file that may have been edited."""
    text = STRATEGY.format(commission=commission, initial_train=initial_train, n_seeds=n_seeds)
    (folder / "mine.toml").write_text(text)
    return Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder))


def missing(workspace: Workspace, recipe: str | None = "r") -> dict[str, str]:
    return dict(evidence_chain(workspace, "mine", recipe).missing)


def test_evidence_of_one_recipe_cuts_and_costs_counts(finished: Finished) -> None:
    chain = evidence_chain(finished(), "mine", "r")
    assert chain.missing == {}
    found = (chain.judged, chain.traded, chain.honest, chain.robust)
    assert [each["data_version"] for each in found] == [f"version of {stage}" for stage in STAGES]


@pytest.mark.parametrize("recipe", ["another", None])
def test_nothing_counts_for_another_recipe(recipe: str | None, finished: Finished) -> None:
    reason = "the latest walk_forward_report is about another recipe; run it again"
    assert missing(finished(), recipe) == dict.fromkeys(STAGES, reason)


def test_other_costs_in_the_file_leave_the_forecasts_and_nothing_traded(finished: Finished, tmp_path: Path) -> None:
    finished()
    reason = "the latest backtest_report does not trade as the [backtest] section says; run it again"
    assert missing(reopened(tmp_path, commission=100.0)) == dict.fromkeys((BACKTEST, HONESTY, ROBUSTNESS), reason)


def test_other_cuts_in_the_file_leave_nothing_and_other_seeds_leave_all(finished: Finished, tmp_path: Path) -> None:
    finished()
    reason = "the latest walk_forward_report cuts time otherwise than the [validation] section says; run it again"
    assert missing(reopened(tmp_path, initial_train=0.4)) == dict.fromkeys(STAGES, reason)
    assert missing(reopened(tmp_path, n_seeds=5)) == {}


@pytest.mark.parametrize(
    ("stage", "other", "lost"),
    [
        (BACKTEST, {"forecasts": "older"}, (BACKTEST, HONESTY, ROBUSTNESS)),
        (BACKTEST, {"recipe": "older"}, (BACKTEST, HONESTY, ROBUSTNESS)),
        (HONESTY, {"forecasts": "older"}, (HONESTY,)),
        (HONESTY, {"traded": "older"}, (HONESTY,)),
        (ROBUSTNESS, {"traded": "older"}, (ROBUSTNESS,)),
        (ROBUSTNESS, {"traded": None}, (ROBUSTNESS,)),  # a lake of before: nobody knows what it is about
    ],
)
def test_a_stage_about_something_older_is_no_evidence_nor_is_what_rests_on_it(
    stage: str, other: dict[str, object], lost: tuple[str, ...], finished: Finished
) -> None:
    found = missing(finished(changed=stage, **other))
    assert tuple(found) == lost
    assert all(reason.startswith(f"the latest {stage} is ") for reason in found.values())


def test_a_stage_that_never_ran_is_named(tmp_path: Path) -> None:
    assert missing(reopened(tmp_path)) == dict.fromkeys(STAGES, f"the stage {WALK_FORWARD} has not run")
