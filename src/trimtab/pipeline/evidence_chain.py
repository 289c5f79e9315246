"""Which of the stored evidence holds together: one recipe, judged and traded as its strategy file says today.

Every stage may be run by itself, and every section of a strategy file may be changed between two of them. So what a
stage found counts only where it is about what the stage before it found: the walk-forward about this recipe and
today's cuts of time, the backtest about these forecasts and today's [backtest] section, honesty and robustness about
this backtest. Whatever is not has to be made again, and is no evidence until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.pipeline.backtest import BACKTEST, section_of
from trimtab.pipeline.honesty import HONESTY
from trimtab.pipeline.robustness import ROBUSTNESS
from trimtab.pipeline.running import stage_values
from trimtab.pipeline.walk_forward import WALK_FORWARD
from trimtab.pipeline.walk_forward_forecasts import cuts_of
from trimtab.pipeline.workspace import Workspace

_OTHER = {
    "recipe": "is about another recipe",
    "cuts": "cuts time otherwise than the [validation] section says",
    "forecasts": "is not about the forecasts of the latest walk-forward",
    "section": "does not trade as the [backtest] section says",
    "traded": "is not about the latest backtest",
}


@dataclass(frozen=True)
class EvidenceChain:
    """What the four stages found, each empty where it does not follow from the one before.

    Attributes
    ----------
    judged, traded, honest, robust: summary values of walk-forward, backtest, honesty and robustness.
    missing: by stage, why there is no evidence, and the first stage to run again.
    """

    judged: Mapping[str, Any] = field(default_factory=dict)
    traded: Mapping[str, Any] = field(default_factory=dict)
    honest: Mapping[str, Any] = field(default_factory=dict)
    robust: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


def evidence_chain(workspace: Workspace, strategy_name: str, recipe: str | None) -> EvidenceChain:
    """The evidence about a recipe that holds as the strategy file reads now."""
    strategy = workspace.strategy(strategy_name)
    missing: dict[str, str] = {}

    def find(stage: str, wanted: Mapping[str, Any], follows: str | None) -> dict[str, Any]:
        values = stage_values(workspace, stage, strategy_name)
        reason = missing.get(follows or "") or _why_not(stage, values, wanted)
        if reason is None and values is not None:
            return values
        missing[stage] = str(reason)
        return {}

    judged = find(WALK_FORWARD, {"recipe": recipe, "cuts": cuts_of(strategy)}, None)
    same = {"recipe": recipe, "forecasts": judged.get("forecasts")}
    traded = find(BACKTEST, same | {"section": section_of(strategy)}, WALK_FORWARD)
    about = same | {"traded": traded.get("data_version")}
    honest, robust = (find(stage, about, BACKTEST) for stage in (HONESTY, ROBUSTNESS))
    return EvidenceChain(judged, traded, honest, robust, missing)


def _why_not(stage: str, values: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> str | None:
    """Why a stage's values are no evidence, in a clause; None where they are."""
    if values is None:
        return f"the stage {stage} has not run"
    other = [key for key, value in wanted.items() if value is None or values.get(key) != value]
    return f"the latest {stage} {_OTHER[other[0]]}; run it again" if other else None
