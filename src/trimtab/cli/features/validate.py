"""`trimtab features validate`: quality and validation of every stored table of features."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import typer

from trimtab.cli.features.telling import INDENT, counted, print_wrapped
from trimtab.cli.output import print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from trimtab.features.engine import FeatureBlock
    from trimtab.features.store import QualityScore, ValidationReport, ValidationSummary
    from trimtab.market import Series
    from trimtab.market.calendar import SessionCalendar
    from trimtab.storage.lake import Lake

_WORST_FINDINGS = 20  # printed, equal ones as one; --json has all
_NAMED = 3  # tables in a finding
_SHORT = {"completeness": "complete", "freshness": "fresh", "reliability": "reliable", "overall": "overall"}


def validate(
    series: list[str] = typer.Argument(None, help="Series such as AAPL__1d; absent, all that have stored features."),
    now: str | None = typer.Option(
        None, "--now", help="Judge freshness at this time, or at `now`; absent, it is not judged."
    ),
    required: list[str] = typer.Option([], "--required", help="A feature that must be there; may be repeated."),
    as_json: bool = typer.Option(False, "--json", help="One JSON document."),
) -> None:
    """Validate stored features and score their quality, family by family.

    Shares are between 0 and 1. The status is critical where values must not be used. Flagged are rows
    whose bar passed the checks with a warning; they count as not reliable. Exit code 1 where a table is
    critical.
    """
    from trimtab.bars.times import parse_moment
    from trimtab.config import load_settings
    from trimtab.errors import FeatureError
    from trimtab.features.catalogue import resolve
    from trimtab.features.store import summarise
    from trimtab.storage.lake import open_lake

    lake, wanted = open_lake(load_settings()), resolve(names=required)
    moment = None if now is None else lake.clock.now() if now == "now" else parse_moment(now)
    judged = [_judge(lake, each, family, wanted, moment) for each, family in _tables(lake, series or [], wanted)]
    summary = summarise(report for report, _ in judged)
    if as_json:
        tables = [{**report.document(), "quality": score and score.document()} for report, score in judged]
        print_json({"summary": summary.document(), "tables": tables})
    elif judged:
        _print(judged, summary)
    else:
        typer.echo(f"No features are stored in {lake.root}; run: trimtab run")
    if summary.critical:
        are = "is" if len(judged) == 1 else "are"
        raise FeatureError(f"{len(summary.critical)} of {counted(len(judged), 'table')} {are} critical")


def _tables(lake: Lake, keys: Sequence[str], required: Sequence[str]) -> list[tuple[Series, str]]:
    """The stored tables of some series, or of all, and those that hold a required feature, stored or not."""
    from trimtab.cli.features.stored import require_stored, stored
    from trimtab.features.catalogue import catalogue
    from trimtab.market import Series

    chosen = [Series.parse(key) for key in dict.fromkeys(keys)]
    found = {each: require_stored(lake, each) for each in chosen} if chosen else stored(lake)
    needed = [catalogue()[name].family for name in required]
    return [(each, family) for each, families in found.items() for family in dict.fromkeys((*families, *needed))]


def _judge(
    lake: Lake, series: Series, family: str, required: Sequence[str], now: datetime | None
) -> tuple[ValidationReport, QualityScore | None]:
    """A table that cannot be read is a finding, so that the others are judged all the same."""
    from trimtab.errors import TrimtabError
    from trimtab.features.store import Finding, ValidationReport

    try:
        return _judge_readable(lake, series, family, required, now)
    except TrimtabError as error:
        finding = Finding("readable", None, "critical", 1, str(error))
        return ValidationReport(f"{family} of {series}", 0, 0, (finding,)), None


def _judge_readable(
    lake: Lake, series: Series, family: str, required: Sequence[str], now: datetime | None
) -> tuple[ValidationReport, QualityScore]:
    from trimtab.errors import FeatureError
    from trimtab.features.catalogue import catalogue
    from trimtab.features.store import lineage, read_features, table_quality, validate
    from trimtab.market.calendar import calendar_for

    names = tuple(lineage(lake, series, family).identities)
    if not names:
        raise FeatureError("the table does not say which code computed it; run `trimtab run`, which computes it again")
    block = read_features(lake, series, names)
    calendar = None if now is None else calendar_for(series, block.event_time)
    own = [name for name in required if catalogue()[name].family == family]
    report = validate(block, required=own, now=now, calendar=calendar, subject=f"{family} of {series}")
    return report, table_quality(block, behind=_behind(block, now, calendar), flagged=_flagged(lake, block))


def _flagged(lake: Lake, block: FeatureBlock) -> np.ndarray | None:
    """Rows whose bar passed the checks with a warning; None where the bars are not in the lake."""
    import numpy as np

    from trimtab.bars.checks import judge
    from trimtab.bars.store import BarStore

    store = BarStore(lake)
    if block.series not in store.series():
        return None
    bars = store.current(block.series)
    flagged: np.ndarray = np.isin(block.event_time, bars.event_time[judge(bars).flagged])
    return flagged


def _behind(block: FeatureBlock, now: datetime | None, calendar: SessionCalendar | None) -> int | None:
    from trimtab.bars.freshness import freshness
    from trimtab.bars.times import as_datetime

    if now is None or calendar is None:
        return None
    last = as_datetime(block.event_time[-1]) if len(block) else None
    return freshness(block.series, last, now, calendar, timedelta(0)).n_behind


def _print(judged: list[tuple[ValidationReport, QualityScore | None]], summary: ValidationSummary) -> None:
    rows: list[dict[str, Any]] = [
        {"table": report.subject, "status": report.status, "rows": report.rows}
        | {short: score.document()[name] if score else None for name, short in _SHORT.items()}
        | {"flagged": score.document()["flagged"] if score else None}
        for report, score in judged
    ]
    # What was judged of no table, or found in none, would only take the room of the others.
    empty = {"fresh": (None,), "flagged": (None, 0)}
    columns = [name for name in rows[0] if any(row[name] not in empty.get(name, ()) for row in rows)]
    print_table("Stored features", rows, columns)
    _print_findings([report for report, _ in judged])
    typer.echo(", ".join(f"{n} {status}" for status, n in summary.by_status.items()))


def _print_findings(reports: Sequence[ValidationReport]) -> None:
    """What is wrong, the critical first; what is the same in many tables or features is said once."""
    tables: dict[tuple[str, ...], dict[str, None]] = {}
    features: dict[tuple[str, ...], dict[str, None]] = {}
    for report in reports:
        for each in report.findings:
            key: tuple[str, ...] = (each.severity, each.check, each.detail)
            tables.setdefault(key, {})[report.subject] = None
            features.setdefault(key, {}).update({each.feature: None} if each.feature else {})
    if not tables:
        return
    typer.echo(counted(sum(len(each.findings) for each in reports), "finding"))
    worst = sorted(tables, key=lambda key: key[0] != "critical")
    for key in worst[:_WORST_FINDINGS]:
        severity, check, detail = key
        print_wrapped(f"{severity} {check}: {detail}", INDENT)
        whose = f" of {', '.join(features[key])}" if features[key] else ""
        print_wrapped(f"in {_listed(list(tables[key]))}{whose}", 2 * INDENT)
    if len(worst) > _WORST_FINDINGS:
        print_wrapped(f"{len(worst) - _WORST_FINDINGS} more kinds of finding are left out; --json has all.")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more tables" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
