"""What of a stage's result is shown in Dagster: numbers, tables, plots, paths, checks."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from trimtab.pipeline.stage import CheckOutcome, Scalar, StageResult, Table

MAX_ROWS = 200  # metadata is kept in every event; the full table is behind the link
MAX_PLOT_BYTES = 400_000

_COLUMN_TYPES = ((bool, "bool"), (int, "int"), (float, "float"))


def metadata_of(result: StageResult, seconds: float) -> dict[str, dg.MetadataValue[Any]]:
    """Metadata of one materialisation: `data_version`, `seconds`, `unchanged`, then the stage's
    numbers, plots, tables and paths.

    Numbers become plots over time in the UI, so a number that is unknown is left out instead of being
    shown as something else.
    """
    shown: dict[str, dg.MetadataValue[Any]] = {
        "data_version": dg.MetadataValue.text(result.data_version),
        "seconds": dg.MetadataValue.float(round(seconds, 3)),
        "unchanged": dg.MetadataValue.bool(result.skipped),
    }
    _show(shown, "number", {name: _scalar(value) for name, value in result.metrics.items() if _is_known(value)})
    _show(shown, "plot", {title: _plot(title, path) for title, path in result.plots.items()})
    _show(shown, "table", {title: _table(rows) for title, rows in result.tables.items() if rows})
    _show(shown, "file", {title: dg.MetadataValue.path(path) for title, path in result.links.items()})
    return shown


def _show(shown: dict[str, dg.MetadataValue[Any]], kind: str, found: Mapping[str, dg.MetadataValue[Any]]) -> None:
    # A stage may give a number and a table the same title; neither may hide the other.
    for title, value in found.items():
        shown[f"{title} ({kind})" if title in shown else title] = value


def check_result(asset: str, name: str, outcomes: Mapping[str, CheckOutcome]) -> dg.AssetCheckResult:
    """One Dagster check result of the outcomes of one check, by partition key.

    A failed check that does not block is a warning. A run over many keys has one answer: that of the
    keys together, with those that failed named.
    """
    failed = {key: outcome for key, outcome in outcomes.items() if not outcome.passed}
    shown = failed or outcomes
    sentences = [
        outcome.description if len(outcomes) == 1 else f"{key}: {outcome.description}" for key, outcome in shown.items()
    ]
    blocking = any(outcome.blocking for outcome in outcomes.values())
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
        description="; ".join(sentences),
        metadata=_check_metadata(shown),
    )


def _check_metadata(outcomes: Mapping[str, CheckOutcome]) -> dict[str, dg.MetadataValue[Any]]:
    if len(outcomes) == 1:
        (outcome,) = outcomes.values()
        return {name: _scalar(value) for name, value in outcome.metadata.items() if _is_known(value)}
    rows: Table = [{"key": key, "passed": outcome.passed, **outcome.metadata} for key, outcome in outcomes.items()]
    return {"keys": _table(rows)}


def _scalar(value: Scalar) -> dg.MetadataValue[Any]:
    if isinstance(value, bool):
        return dg.MetadataValue.bool(value)
    if isinstance(value, int):
        return dg.MetadataValue.int(value)
    return dg.MetadataValue.float(_rounded(value)) if isinstance(value, float) else dg.MetadataValue.text(str(value))


def _is_known(value: Scalar) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _table(rows: Table) -> dg.MetadataValue[Any]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    schema = dg.TableSchema([dg.TableColumn(name, _column_type([row.get(name) for row in rows])) for name in columns])
    records = [dg.TableRecord({name: _cell(row.get(name)) for name in columns}) for row in rows[:MAX_ROWS]]
    return dg.MetadataValue.table(records, schema)


def _column_type(values: Sequence[Scalar]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "string"
    for python_type, name in _COLUMN_TYPES:
        if all(isinstance(value, python_type) for value in known):
            return name
    return "float" if all(isinstance(value, int | float) for value in known) else "string"


def _cell(value: Scalar) -> Scalar:
    if isinstance(value, float):
        return _rounded(value) if math.isfinite(value) else None
    return value


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")  # what a person reads; the full result is behind the link


def _plot(title: str, path: Path) -> dg.MetadataValue[Any]:
    content = path.read_bytes()
    if len(content) > MAX_PLOT_BYTES:
        return dg.MetadataValue.path(path)
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{base64.b64encode(content).decode()})")
