from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fakes.runs import BEGUN, record
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import ConfigurationError
from trimtab.tracking.record import RunRecord
from trimtab.tracking.retention import CleanPlan, plan_cleaning

NOW = BEGUN + timedelta(days=100)
RULES: dict[str, Any] = {
    "now": NOW, "older_than": timedelta(days=30), "keep": 1, "protected_runs": {}, "protected_blobs": (),
}  # fmt: skip


def plan(records: list[RunRecord], **rules: Any) -> CleanPlan:
    return plan_cleaning(records, **RULES | rules)


def test_old_runs_go_and_the_newest_finished_of_each_kind_and_strategy_stays() -> None:
    runs = [record("1"), record("2"), record("3", status="failed"), record("4", kind="tuning_study")]
    found = plan([*runs, record("5", strategy="other")])
    assert [each.id for each in found.removed] == ["3", "1"]
    assert {each.run.id for each in found.kept} == {"2", "4", "5"}
    assert [each.id for each in plan(runs, keep=2).removed] == ["3"]


def test_young_running_and_protected_runs_stay_with_the_reason() -> None:
    runs = [
        record("1", status="failed", started=NOW - timedelta(days=29)),
        record("2", status="running"),
        record("3", status="interrupted"),
        record("4", status="interrupted"),
    ]
    found = plan(runs, protected_runs={"3": "it trained version 1.0.0"})
    assert {each.run.id: each.reason for each in found.kept} == {
        "1": "it is young",
        "2": "it is running",
        "3": "it trained version 1.0.0",
    }
    assert [each.id for each in found.removed] == ["4"]


def test_only_files_that_nothing_else_refers_to_go() -> None:
    old = record("1", files={"a": "a" * 64, "b": "b" * 64, "c": "c" * 64})
    found = plan([old, record("2", files={"x": "a" * 64})], protected_blobs={"b" * 64})
    assert (found.blobs, found.freed_bytes) == ({"c" * 64: 10}, 10)


@pytest.mark.parametrize("rules", [{"keep": 0}, {"older_than": timedelta(days=-1)}])
def test_senseless_rules_are_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        plan([], **rules)


DIGESTS = st.sampled_from([letter * 64 for letter in "abcdef"])
RUNS = st.lists(
    st.builds(
        lambda kind, status, days, files: {"kind": kind, "status": status, "days": days, "files": files},
        st.sampled_from(["tuning_study", "candidate_model"]),
        st.sampled_from(["finished", "failed", "interrupted", "running"]),
        st.integers(0, 60),
        st.lists(DIGESTS, max_size=3),
    ),
    max_size=8,
)


@given(RUNS, st.sets(DIGESTS), st.integers(1, 3), st.data())
def test_whatever_is_cleaned_every_run_that_stays_and_all_that_is_protected_keeps_its_files(
    given_runs: list[dict[str, Any]], protected: set[str], keep: int, data: st.DataObject
) -> None:
    runs = [
        record(
            str(number),
            kind=each["kind"],
            status=each["status"],
            started=NOW - timedelta(days=each["days"]),
            files={str(place): digest for place, digest in enumerate(each["files"])},
        )
        for number, each in enumerate(given_runs)
    ]
    needed = {each.id: "needed" for each in runs if data.draw(st.booleans())}
    found = plan(runs, keep=keep, protected_runs=needed, protected_blobs=protected)
    kept = {each.run.id for each in found.kept}
    assert kept | {each.id for each in found.removed} == {each.id for each in runs}
    assert set(needed) <= kept
    assert {each.id for each in runs if each.status == "running"} <= kept
    in_use = {file.sha256 for each in found.kept for file in each.run.artifacts.values()} | protected
    assert not in_use & set(found.blobs)
    assert (
        plan([each.run for each in found.kept], keep=keep, protected_runs=needed, protected_blobs=protected).removed
        == ()
    )
