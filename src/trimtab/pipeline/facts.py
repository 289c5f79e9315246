"""Stage one, beside bars: the facts about the instrument of a series, from the files its strategies name."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.config.strategy import FactFile
from trimtab.errors import UnknownNameError
from trimtab.facts import Figures, Texts
from trimtab.facts.sources import read_figures, read_texts
from trimtab.market import Series
from trimtab.pipeline.running import Produced, run_stage
from trimtab.pipeline.share_counts import unmatched_splits
from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult, Table
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.hashing import fingerprint_json

STAGE = "facts"


def ingest_facts(workspace: Workspace, series_key: str) -> StageResult:
    """Store what the files of facts say of the instrument of a series; what is stored already changes nothing.

    Without files this describes what `trimtab facts ingest` has stored, if anything.
    """
    try:
        series = workspace.series[series_key]
    except KeyError:
        raise UnknownNameError("series", series_key, workspace.series) from None
    files = fact_files(workspace, series)

    def inputs() -> dict[str, Any]:
        return {
            "files": [file.model_dump(mode="json") | {"content": _content(file.path)} for file in files],
            "stored": workspace.facts.fingerprint(series.instrument_id),
        }

    def compute() -> Produced:
        said = {str(file.path): _ingest(workspace, series.instrument_id, file) for file in files}
        return _describe(workspace, series, said)

    return run_stage(workspace, STAGE, series_key, inputs, compute)


def fact_files(workspace: Workspace, series: Series) -> tuple[FactFile, ...]:
    """The files that the strategies of a series name, each once, in the order of the strategies."""
    strategies = [each for each in workspace.strategies.values() if series in each.universe.all_series]
    return tuple(dict.fromkeys(file for strategy in strategies for file in strategy.facts.files))


def _ingest(workspace: Workspace, instrument_id: str, file: FactFile) -> int:
    """Store what a file says of an instrument; returns how many statements it held, new or not."""
    received = workspace.lake.clock.now()
    if file.is_text:
        texts = read_texts(
            file.format, file.path, [instrument_id], channel=file.channel, delay=file.delay, missing="skip"
        )
        told_texts = texts.get(instrument_id, Texts.empty(instrument_id))
        workspace.facts.append_texts(told_texts, received)
        return len(told_texts)
    shares = file.shares or "as_reported"
    # A file need not speak of every instrument; the check says of which it does not.
    figures = read_figures(file.format, file.path, [instrument_id], delay=file.delay, shares=shares, missing="skip")
    told = figures.get(instrument_id, Figures.empty(instrument_id))
    workspace.facts.append_figures(told, received)
    return len(told)


def _describe(workspace: Workspace, series: Series, said: dict[str, int]) -> Produced:
    figures, texts = workspace.facts.figures(series.instrument_id), workspace.facts.texts(series.instrument_id)
    silent = [path for path, n in said.items() if n == 0]
    newest = [part.known_time.max() for part in (figures, texts) if len(part)]
    told = f"{len(figures)} figures and {len(texts)} texts about {series.instrument_id} are stored"
    return Produced(
        data_version=fingerprint_json(workspace.facts.fingerprint(series.instrument_id)),
        metrics={
            "figures": len(figures),
            "texts": len(texts),
            "files": len(said),
            "newest_known": str(max(newest))[:19] if newest else None,
        },
        tables={"figures by concept": _by_concept(figures), "texts by channel": _by_channel(texts)},
        checks=(
            CheckOutcome(
                "files_read",
                not silent,
                False,
                f"{told}; nothing about it is in {', '.join(silent)}" if silent else told,
                {"files": len(said), "silent": len(silent)},
            ),
            _share_counts(workspace, series, figures),
        ),
        summary={"facts": workspace.facts.fingerprint(series.instrument_id)},
    )


def _share_counts(workspace: Workspace, series: Series, figures: Figures) -> CheckOutcome:
    """Whether share counts and prices are on one basis of splits; market values need both."""
    bars, actions = workspace.bars.current(series, "raw"), workspace.bars.actions.current(series.instrument_id)
    odd = unmatched_splits(figures, bars, actions)
    told = "; ".join(f"{each.ratio:.4g} for one by {str(each.stated)[:10]}" for each in odd[:3])
    return CheckOutcome(
        "share_counts_fit",
        not odd,
        False,
        f"share counts of {series.instrument_id} changed like a split that neither the prices nor the actions show ({told}): "
        "the prices seem adjusted for splits, so read counts that are too (shares = split_adjusted), or prices as traded"
        if odd
        else "no share count changed like a split without the prices or the actions showing one",
        {"unmatched": len(odd)},
    )


def _by_concept(figures: Figures) -> Table:
    rows: list[dict[str, Scalar]] = []
    for concept in np.unique(figures.concept):
        mine = figures.take(figures.concept == concept)
        newest = int(np.lexsort((mine.known_time, mine.period_end))[-1])
        rows.append(
            {
                "concept": str(concept),
                "versions": len(mine),
                "first_period_end": str(mine.period_end.min())[:10],
                "last_period_end": str(mine.period_end.max())[:10],
                "latest_value": float(mine.value[newest]),
                "known": str(mine.known_time[newest])[:10],
            }
        )
    return rows


def _by_channel(texts: Texts) -> Table:
    rows: list[dict[str, Scalar]] = []
    for channel in np.unique(texts.channel):
        mine = texts.take(texts.channel == channel)
        scored = mine.score[~np.isnan(mine.score)]
        rows.append(
            {
                "channel": str(channel),
                "texts": len(mine),
                "scored": len(scored),
                "mean_score": float(f"{scored.mean():.4g}") if len(scored) else None,
                "first": str(mine.event_time.min())[:10],
                "last": str(mine.event_time.max())[:10],
            }
        )
    return rows


def _content(path: Path) -> str | None:
    """SHA-256 of a file; None where it is absent, which the reader then says better."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
