"""Every check finds what it is for, says how bad it is, and is silent on what is well."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.bars.times import as_datetime
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.features import catalogue as catalogue_module
from trimtab.features.catalogue import catalogue, feature_sets
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.store import (
    LatestRow,
    Limits,
    ValidationReport,
    latest_row,
    quality,
    read_features,
    summarise,
    table_quality,
    validate,
    validate_row,
    write_family,
)
from trimtab.market import Series, Timeframe
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


@pytest.mark.parametrize(
    ("value", "check"), [(np.inf, "infinite"), (-np.inf, "infinite"), (250.0, "bounds"), (50.0, None)]
)
def test_a_number_inside_the_look_back_is_critical_whatever_it_is(value: float, check: str | None) -> None:
    report = validate(spoiled(5, 1, value))
    expected = [("lookback", "rsi_14", "critical", 1)]
    assert found(report) == ([(check, "rsi_14", "critical", 1)] if check else []) + expected
    assert report.findings[-1].detail == "1 of the 14 rows inside the look-back have a value"
    assert found(validate(spoiled(14, 1, 50.0))) == []  # the first row after it


def test_rows_before_shorten_the_look_back() -> None:
    tail = FeatureBlock(
        BLOCK.series, BLOCK.event_time[10:20], BLOCK.known_time[10:20], BLOCK.names, BLOCK.values[10:20]
    )
    assert found(validate(tail, rows_before=10)) == []
    assert found(validate(tail, rows_before=5)) == [("lookback", "rsi_14", "critical", 5)]  # 9 rows, 4 of them empty


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


@pytest.mark.parametrize("side", [-1, 1])
def test_a_value_on_a_bound_passes_when_float32_has_rounded_it(monkeypatch: pytest.MonkeyPatch, side: int) -> None:
    bound = side * 0.1
    beyond = float(np.float32(bound))
    assert side * beyond > side * bound
    bounds = (bound, None) if side < 0 else (None, bound)
    narrow = {**catalogue(), "return_1": replace(catalogue()["return_1"], bounds=bounds)}
    monkeypatch.setattr(catalogue_module, "_all_features", lambda: narrow)
    values = np.full((60, 1), np.nan)
    values[1:] = 0.0
    block = replace(BLOCK, names=("return_1",), values=values)
    for value, count in ((bound, 0), (beyond, 0), (np.nextafter(bound, side), 1), (np.nextafter(beyond, side), 1)):
        values[40] = value
        assert sum(each.count for each in validate(block).findings) == count, value
        assert table_quality(block).reliability == (59 - count) / 59
        assert quality(block)["within_bounds"] == (59 - count) / 59
    assert validate(
        replace(block, values=np.where(values == values[40], beyond, values).astype(np.float32))
    ).status == ("passed")


def test_a_real_table_that_is_sound_is_sound_as_float32(lake: Lake, shared_data: Path) -> None:
    frame = pd.read_parquet(shared_data / "equities_daily.parquet", filters=[("symbol", "==", "SPY")])
    times = frame["ts"].dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    columns = (frame[name].to_numpy(float) for name in ("open", "high", "low", "close", "volume"))
    bars = Bars.build(Series("SPY", Timeframe.DAY), times, *columns)
    block = compute(bars, feature_sets()["alpha158"])
    assert validate(block).status == "passed"
    write_family(lake, bars.series, "alpha158", block, at_rest=np.float32)
    stored = read_features(lake, bars.series, block.names)
    assert (stored.column("IMXD60") != block.column("IMXD60")).any()  # it was rounded
    assert found(validate(stored)) == [] and table_quality(stored).reliability == 1.0


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
