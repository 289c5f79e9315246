"""What comes from outside: bars, ingested, judged and stored; facts about the instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.stage_asset import Check, StageSpec

if TYPE_CHECKING:
    from trimtab.pipeline.stage import StageResult
    from trimtab.pipeline.workspace import Workspace


def _bars(workspace: Workspace, series_key: str) -> StageResult:
    from trimtab.pipeline.bars import ingest_bars

    return ingest_bars(workspace, series_key)


def _facts(workspace: Workspace, series_key: str) -> StageResult:
    from trimtab.pipeline.facts import ingest_facts

    return ingest_facts(workspace, series_key)


STAGES = (
    StageSpec(
        name="bars",
        group="market_data",
        grain="series",
        description="One row per bar and version: what the source said and when it could be known. Refused bars are in quarantine.",
        kinds=frozenset({"parquet"}),
        stage=_bars,
        checks=(
            Check("bar_quality", "There are bars, and no more than a small share of them had to be refused."),
            Check("quarantine", "No refused bar waits for a person's decision.", blocking=False),
            Check(
                "bars_are_fresh", "Every bar that is over has arrived, by the market's own calendar.", blocking=False
            ),
        ),
    ),
    StageSpec(
        name="facts",
        group="market_data",
        grain="series",
        description="One row per statement about the instrument and version: filed figures, scored posts and headlines, with when each was known.",
        kinds=frozenset({"parquet"}),
        stage=_facts,
        checks=(
            Check(
                "files_read",
                "Every file of facts that a strategy names says something of the instrument.",
                blocking=False,
            ),
            Check("share_counts_fit", "Share counts and prices are on the same basis of splits.", blocking=False),
        ),
    ),
)
