"""Every check finds what it is for, says how bad it is, and is silent on what is well."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars.times import as_datetime
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.features import catalogue as catalogue_module
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.store import (
    LatestRow,
    Limits,
    ValidationReport,
    latest_row,
    summarise,
    validate,
    validate_row,
    write_family,
)
from trimtab.market.calendar import SessionCalendar
from trimtab.storage.lake import Lake

BARS = random_walk(60)
BLOCK = compute(BARS, ("return_1", "rsi_14"))
ALWAYS_OPEN = SessionCalendar("24/7")


def spoiled(row: int, column: int, value: float) -> FeatureBlock:
    values = BLOCK.values.copy(order="F")
    values[row, column] = value
    return replace(BLOCK, values=values)


def found(report: ValidationReport) -> list[tuple[str, str | None, str, int]]:
    return [(each.check, each.feature, each.severity, each.count) for each in report.findings]


def test_what_is_well_has_no_findings() -> None:
    now = as_datetime(BLOCK.known_time[-1])
    report = validate(BLOCK, required=["rsi_14"], now=now, calendar=ALWAYS_OPEN)
    assert found(report) == [] and report.status == "passed"
    assert (report.rows, report.features, report.subject) == (60, 2, "AAA__1d")


def test_the_catalogue_declares_bounds_of_at_least_forty_features() -> None:
    bounded = [name for name, each in catalogue().items() if each.bounds != (None, None)]
    assert len(bounded) >= 40


def test_a_value_outside_the_bounds_of_any_feature_is_found() -> None:
    bounded = {name: each.bounds for name, each in catalogue().items() if each.bounds != (None, None)}
    assert len(bounded) >= 40
    for name, (low, high) in bounded.items():
        for value in [*([] if low is None else [low - 1.0]), *([] if high is None else [high + 1.0])]:
            one = FeatureBlock(BARS.series, BARS.event_time[:1], BARS.known_time[:1], (name,), np.array([[value]]))
            assert ("bounds", name, "critical", 1) in found(validate(one, rows_before=10_000)), (name, value)


@pytest.mark.parametrize(
    ("value", "finding"),
    [
        (np.inf, ("infinite", "rsi_14", "critical", 1)),
        (-np.inf, ("infinite", "rsi_14", "critical", 1)),
        (100.5, ("bounds", "rsi_14", "critical", 1)),
        (-1e-9, ("bounds", "rsi_14", "critical", 1)),
    ],
)
def test_a_value_that_cannot_be_is_critical(value: float, finding: tuple[str, str, str, int]) -> None:
    report = validate(spoiled(40, 1, value))
    assert found(report) == [finding] and report.status == "critical"


def test_an_absent_value_is_a_warning_after_the_look_back_and_nothing_before() -> None:
    assert found(validate(spoiled(40, 1, np.nan))) == [("nan", "rsi_14", "warning", 1)]
    assert found(validate(spoiled(0, 0, np.nan))) == []
    assert validate(spoiled(40, 1, np.nan)).status == "warning"


def test_an_excused_absence_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    excused = {**catalogue(), "rsi_14": replace(catalogue()["rsi_14"], unknown_when="no figures were filed")}
    monkeypatch.setattr(catalogue_module, "_all_features", lambda: excused)
    assert found(validate(spoiled(40, 1, np.nan))) == []
    assert ("required", "rsi_14", "critical", 1) in found(validate(spoiled(59, 1, np.nan), required=["rsi_14"]))


@pytest.mark.parametrize(("n_missing", "severity"), [(1, None), (3, "warning"), (20, "critical")])
def test_completeness_is_held_against_its_limits(n_missing: int, severity: str | None) -> None:
    values = BLOCK.values.copy(order="F")
    values[30 : 30 + n_missing, 0] = np.nan
    report = validate(replace(BLOCK, values=values))
    severities = [each.severity for each in report.findings if each.check == "completeness"]
    assert severities == ([severity] if severity else [])


@pytest.mark.parametrize(("days", "severity"), [(0, None), (1, "warning"), (2, "warning"), (3, "critical")])
def test_freshness_warns_and_then_is_critical(days: int, severity: str | None) -> None:
    now = as_datetime(BLOCK.known_time[-1]) + timedelta(days=days)
    wanted = [("freshness", None, severity, days)] if severity else []
    assert found(validate(BLOCK, now=now, calendar=ALWAYS_OPEN)) == wanted
    lenient = Limits(behind_warning=4, behind_critical=5)
    assert found(validate(BLOCK, now=now, calendar=ALWAYS_OPEN, limits=lenient)) == []


def test_a_required_feature_must_be_there_with_a_value() -> None:
    assert found(validate(BLOCK, required=["doji"])) == [("required", "doji", "critical", 1)]
    assert ("required", "rsi_14", "critical", 1) in found(validate(spoiled(59, 1, np.nan), required=["rsi_14"]))
    assert found(validate(compute(BARS.take(slice(0, 5)), ["rsi_14"]), required=["rsi_14"])) == [
        ("required", "rsi_14", "critical", 1)
    ]
    with pytest.raises(UnknownNameError):
        validate(BLOCK, required=["rsi"])


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"values": np.zeros((60, 2), np.int64)}, "dtype"),
        ({"values": BLOCK.values.astype(object)}, "dtype"),
        ({"event_time": BLOCK.event_time.astype("datetime64[ns]")}, "dtype"),
        ({"values": BLOCK.values[:-1]}, "shape"),
        ({"known_time": BLOCK.known_time[:-1]}, "shape"),
        ({"names": ("return_1", "no_such_feature")}, "name"),
        ({"names": ("return_1",)}, "shape"),
        ({"event_time": BLOCK.event_time[::-1]}, "times"),
        ({"known_time": np.full(60, "NaT", "datetime64[us]")}, "times"),
    ],
)
def test_what_does_not_fit_together_is_critical(change: dict[str, Any], check: str) -> None:
    report = validate(replace(BLOCK, **change))
    assert report.status == "critical"
    assert check in {each.check for each in report.findings}


def test_float32_passes() -> None:
    assert validate(replace(BLOCK, values=BLOCK.values.astype(np.float32))).status == "passed"


def test_freshness_needs_a_calendar() -> None:
    with pytest.raises(ConfigurationError, match="give `calendar` beside `now`"):
        validate(BLOCK, now=datetime(2024, 1, 1, tzinfo=UTC))


def test_a_stored_row_is_judged_before_it_is_served(lake: Lake) -> None:
    write_family(lake, BARS.series, "technical", BLOCK)
    row = latest_row(lake, BARS.series, BLOCK.names)
    assert validate_row(row, required=["rsi_14"], now=row.known_time, calendar=ALWAYS_OPEN).status == "passed"
    late = validate_row(row, now=row.known_time + timedelta(days=9), calendar=ALWAYS_OPEN)
    assert found(late) == [("freshness", None, "critical", 9)]
    bad = replace(row, values=np.array([0.1, np.nan]))
    assert ("nan", "rsi_14", "warning", 1) in found(validate_row(bad))
    assert validate_row(bad).subject == "the latest row of AAA__1d"


def test_the_first_rows_of_a_history_may_lack_values() -> None:
    moment = datetime(2024, 1, 2, tzinfo=UTC)
    row = LatestRow(BARS.series, moment, moment, ("rsi_14",), np.array([np.nan]), rows_before=5)
    assert validate_row(row).status == "passed"
    assert validate_row(replace(row, rows_before=14)).status == "critical"  # nothing of what is expected


def test_an_empty_table_has_nothing_wrong_but_what_is_required() -> None:
    empty = compute(BARS.take(slice(0, 0)), BLOCK.names)
    assert validate(empty).status == "passed"
    assert found(validate(empty, required=["return_1"])) == [("required", "return_1", "critical", 1)]
    behind = validate(empty, now=datetime(2024, 1, 5, tzinfo=UTC), calendar=ALWAYS_OPEN)
    assert found(behind) == [("freshness", None, "warning", 1)]


def test_many_reports_are_summed_up() -> None:
    reports = [
        validate(BLOCK, subject="a"),
        validate(spoiled(40, 1, np.nan), subject="b"),
        validate(spoiled(40, 1, np.inf), subject="c"),
    ]
    summary = summarise(reports)
    assert summary.by_status == {"passed": 1, "warning": 1, "critical": 1}
    assert summary.by_check == {"nan": 1, "infinite": 1} and summary.critical == ("c",)
    assert summary.status == "critical" and summarise(reports[:2]).status == "warning"
    assert summarise([]).status == "passed"
    document = {"summary": summary.document(), "reports": [each.document() for each in reports]}
    assert json.loads(json.dumps(document)) == document
