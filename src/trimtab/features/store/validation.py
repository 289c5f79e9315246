"""Whether features may be used: every check on a table, or on a single row before it is served.

| check | finds | severity |
|---|---|---|
| shape | values, names and times that do not fit together | critical |
| dtype | values that are no floats, times that are no `datetime64[us]` | critical |
| times | rows not increasing in event time, times that are missing | critical |
| name | features the catalogue does not know | critical |
| required | a required feature that is absent, or has no value in the newest row | critical |
| infinite | infinite values | critical |
| bounds | values outside the catalogue's bounds | critical |
| lookback | a number inside the look-back, where a feature has none yet | critical |
| nan | no value after the look-back, in a feature that never goes without one | warning |
| completeness | too few of the expected values | warning or critical |
| freshness | bars that the market has given and that have no row | warning or critical |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np

from trimtab.bars.freshness import freshness
from trimtab.bars.schema import TIME
from trimtab.bars.times import as_datetime, as_time
from trimtab.errors import ConfigurationError
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.engine import FeatureBlock
from trimtab.features.store.judged import judged_columns
from trimtab.features.store.limits import DEFAULT_LIMITS, Limits
from trimtab.features.store.online import LatestRow
from trimtab.market.calendar import SessionCalendar

Severity = Literal["warning", "critical"]
Status = Literal["passed", "warning", "critical"]
_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
_NO_LAG = timedelta(0)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    check: which one failed, as in the table of this module.
    feature: the feature it is about; None where it is about all.
    severity: "critical" must not be used; "warning" may be.
    count: how many values, rows or bars.
    detail: the same as a sentence.
    """

    check: str
    feature: str | None
    severity: Severity
    count: int
    detail: str


@dataclass(frozen=True)
class ValidationReport:
    """What was found in one table or row.

    Attributes
    ----------
    subject: what was looked at, such as `technical of AAPL__1d`.
    rows, features: its size.
    findings: what is wrong, nothing when all is well.
    """

    subject: str
    rows: int
    features: int
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """The worst of the findings."""
        found = {each.severity for each in self.findings}
        return "critical" if "critical" in found else "warning" if found else "passed"

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "subject": self.subject,
            "status": self.status,
            "rows": self.rows,
            "features": self.features,
            "findings": [each.__dict__.copy() for each in self.findings],
        }


@dataclass(frozen=True)
class ValidationSummary:
    """Many reports in a few numbers.

    Attributes
    ----------
    reports: how many.
    by_status: how many of them passed, warn, are critical.
    by_check: how many findings of each check there are.
    critical: what must not be used.
    """

    reports: int
    by_status: dict[str, int]
    by_check: dict[str, int]
    critical: tuple[str, ...]

    @property
    def status(self) -> Status:
        """The worst of the reports."""
        return "critical" if self.critical else "warning" if self.by_status["warning"] else "passed"

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {"status": self.status, **self.__dict__, "critical": list(self.critical)}


def validate(
    block: FeatureBlock,
    *,
    required: Sequence[str] = (),
    now: datetime | None = None,
    calendar: SessionCalendar | None = None,
    publication_lag: timedelta = _NO_LAG,
    limits: Limits = DEFAULT_LIMITS,
    rows_before: int = 0,
    subject: str | None = None,
) -> ValidationReport:
    """Run every check on a block.

    Parameters
    ----------
    required: features that must be there, with a value in the newest row.
    now, calendar: the present and the market's calendar, for freshness; without both it is not judged.
    publication_lag: how long after its close the source gives a bar.
    rows_before: rows of history before the first row of the block.

    Raises `UnknownNameError` for a required feature that the catalogue does not know, and
    `ConfigurationError` for `now` without a calendar.
    """
    required = resolve(names=required)
    if now is not None and calendar is None:
        raise ConfigurationError(
            "freshness is judged by the market's calendar; give `calendar` beside `now`, or neither"
        )
    report = ValidationReport(subject or str(block.series), len(block.event_time), len(block.names), ())
    broken = tuple(_broken(block))
    if broken:  # what does not fit together cannot be counted
        return replace(report, findings=broken)
    findings = [*_times_in_disorder(block), *_required(block, required), *_values(block, rows_before, limits)]
    if now is not None and calendar is not None:
        findings += _stale(block, now, calendar, publication_lag, limits)
    return replace(report, findings=tuple(findings))


def validate_row(
    row: LatestRow,
    *,
    required: Sequence[str] = (),
    now: datetime | None = None,
    calendar: SessionCalendar | None = None,
    publication_lag: timedelta = _NO_LAG,
    limits: Limits = DEFAULT_LIMITS,
) -> ValidationReport:
    """Run every check on one row before it is served; parameters as in `validate`."""
    event, known = (np.array([as_time(moment)]) for moment in (row.event_time, row.known_time))
    block = FeatureBlock(row.series, event, known, row.names, np.asarray(row.values).reshape(1, -1))
    return validate(
        block,
        required=required,
        now=now,
        calendar=calendar,
        publication_lag=publication_lag,
        limits=limits,
        rows_before=row.rows_before,
        subject=f"the latest row of {row.series}",
    )


def summarise(reports: Iterable[ValidationReport]) -> ValidationSummary:
    """Many reports, one per table or row, in one."""
    reports = tuple(reports)
    statuses = Counter(each.status for each in reports)
    return ValidationSummary(
        reports=len(reports),
        by_status={status: statuses[status] for status in ("passed", "warning", "critical")},
        by_check=dict(Counter(finding.check for each in reports for finding in each.findings)),
        critical=tuple(each.subject for each in reports if each.status == "critical"),
    )


def _broken(block: FeatureBlock) -> Iterator[Finding]:
    n, k = len(block.event_time), len(block.names)
    if block.values.shape != (n, k) or block.known_time.shape != (n,):
        yield Finding(
            "shape", None, "critical", 1, f"values of shape {block.values.shape} do not fit {n} rows of {k} features"
        )
    if block.values.dtype not in _FLOATS:
        yield Finding("dtype", None, "critical", 1, f"values are {block.values.dtype}, not float64 or float32")
    for name in ("event_time", "known_time"):
        if getattr(block, name).dtype != TIME:
            yield Finding("dtype", None, "critical", 1, f"{name} is {getattr(block, name).dtype}, not {TIME}")
    for name in (each for each in block.names if each not in catalogue()):
        yield Finding("name", name, "critical", 1, f"the catalogue knows no feature '{name}'")


def _times_in_disorder(block: FeatureBlock) -> Iterator[Finding]:
    missing = int((np.isnat(block.event_time) | np.isnat(block.known_time)).sum())
    if missing:
        yield Finding("times", None, "critical", missing, f"{missing} rows have no event or known time")
    disordered = int((block.event_time[1:] <= block.event_time[:-1]).sum())
    if disordered:
        yield Finding("times", None, "critical", disordered, f"{disordered} rows are not after the row before them")


def _required(block: FeatureBlock, required: Iterable[str]) -> Iterator[Finding]:
    for name in required:
        if name not in block.names:
            yield Finding("required", name, "critical", 1, "the feature is required and not there")
        elif not len(block) or np.isnan(block.column(name)[-1]):
            yield Finding("required", name, "critical", 1, "the feature is required and has no value in the newest row")


def _values(block: FeatureBlock, rows_before: int, limits: Limits) -> Iterator[Finding]:
    expected = present = 0
    for column in judged_columns(block, rows_before):
        name, (low, high) = column.feature.name, column.feature.bounds
        expected += int(column.expected.sum())
        present += int((column.expected & column.present).sum())
        if infinite := int(column.infinite.sum()):
            yield Finding("infinite", name, "critical", infinite, f"{infinite} values are infinite")
        if outside := int(column.outside.sum()):
            interval = f"{'-' if low is None else f'{low:g}'} to {'-' if high is None else f'{high:g}'}"
            yield Finding("bounds", name, "critical", outside, f"{outside} values are outside {interval}")
        if column.early:
            detail = f"{column.early} of the {column.first_row} rows inside the look-back have a value"
            yield Finding("lookback", name, "critical", column.early, detail)
        if column.missing:
            detail = (
                f"{column.missing} of {len(column.present) - column.first_row} rows after the look-back have no value"
            )
            yield Finding("nan", name, "warning", column.missing, detail)
    yield from _incomplete(expected, present, limits)


def _incomplete(expected: int, present: int, limits: Limits) -> Iterator[Finding]:
    share = present / expected if expected else 1.0
    if share < limits.completeness_warning:
        severity: Severity = "critical" if share < limits.completeness_critical else "warning"
        limit = limits.completeness_critical if severity == "critical" else limits.completeness_warning
        detail = f"{share:.2%} of the expected values are there, less than {limit:.0%}"
        yield Finding("completeness", None, severity, expected - present, detail)


def _stale(
    block: FeatureBlock, now: datetime, calendar: SessionCalendar, publication_lag: timedelta, limits: Limits
) -> Iterator[Finding]:
    last = as_datetime(block.event_time.max()) if len(block) else None
    behind = freshness(block.series, last, now, calendar, publication_lag).n_behind
    if behind >= limits.behind_warning:
        severity: Severity = "critical" if behind >= limits.behind_critical else "warning"
        yield Finding(
            "freshness",
            None,
            severity,
            behind,
            f"{behind} bars that should be known at {now:%Y-%m-%d %H:%M} UTC have no row",
        )
