"""Many keys in one run, failures that cost nobody else's work, checks that hold back what follows."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from fakes.stages import FakeStages

from dagster_project.failures import sentences_of
from dagster_project.partitions import range_tags

SERIES = ["AAPL__1d", "GOOG__1d", "IBM__1d", "MSFT__1d", "SPX__1d"]
ALL_SERIES = range_tags(SERIES[0], SERIES[-1])
STRATEGY = "us-equity-direction"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def market_data(definitions: dg.Definitions, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = definitions.resolve_job_def("market_data_job")
    return job.execute_in_process(QUIET, instance, tags=ALL_SERIES, raise_on_error=False)


def strategy(definitions: dg.Definitions, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = definitions.resolve_job_def("strategy_job")
    return job.execute_in_process(QUIET, instance, partition_key=STRATEGY, raise_on_error=False)


def said(result: dg.ExecuteInProcessResult, instance: dg.DagsterInstance) -> list[str]:
    return sentences_of(entry.dagster_event for entry in instance.all_logs(result.run_id) if entry.dagster_event)


def materialised(instance: dg.DagsterInstance, asset: str) -> set[str]:
    return instance.get_materialized_partitions(dg.AssetKey(asset))


def test_one_run_takes_all_series_and_each_key_shows_its_own_numbers(
    definitions: dg.Definitions, instance: dg.DagsterInstance, fake: FakeStages
) -> None:
    assert market_data(definitions, instance).success
    assert fake.ran("bars") == fake.ran("technical_features") == SERIES
    records = instance.fetch_materializations(dg.AssetKey("bars"), limit=10).records
    versions = {r.partition_key: r.asset_materialization.metadata["data_version"].value for r in records}
    assert versions == {key: f"version-of-bars-{key}" for key in SERIES}


def test_a_strategy_runs_from_dataset_to_decision_and_report_in_the_order_of_its_dependencies(
    definitions: dg.Definitions, instance: dg.DagsterInstance, fake: FakeStages
) -> None:
    assert strategy(definitions, instance).success
    order = [asset for asset, _ in fake.calls]
    assert order[0] == "training_dataset"
    assert order[-2:] == ["deployment_decision", "model_report"]  # the page tells of the decision
    assert order.index("candidate_model") < order.index("walk_forward_report") < order.index("backtest_report")
    assert {key for _, key in fake.calls} == {STRATEGY}


def test_one_bad_series_costs_nobody_elses_work_and_is_named(
    definitions: dg.Definitions, instance: dg.DagsterInstance, fake: FakeStages
) -> None:
    fake.raising.add(("bars", "IBM__1d"))
    result = market_data(definitions, instance)
    assert not result.success
    assert materialised(instance, "bars") == set(SERIES) - {"IBM__1d"}
    assert fake.ran("technical_features") == []
    assert said(result, instance) == [
        "bars: 1 of 5 keys failed, the others are done. IBM__1d: the source has no bars for IBM__1d"
    ]


def test_a_failure_of_the_only_key_is_said_in_the_words_of_the_library(
    definitions: dg.Definitions, instance: dg.DagsterInstance, fake: FakeStages
) -> None:
    fake.raising.add(("training_dataset", STRATEGY))
    result = strategy(definitions, instance)
    assert said(result, instance) == [f"training_dataset: the source has no bars for {STRATEGY}"]
    assert fake.ran("candidate_model") == []


@pytest.mark.parametrize(("asset", "check"), [("bars", "bar_quality")])
def test_a_failed_blocking_check_holds_back_every_feature(
    definitions: dg.Definitions, instance: dg.DagsterInstance, fake: FakeStages, asset: str, check: str
) -> None:
    fake.failing.add((asset, "GOOG__1d", check))
    result = market_data(definitions, instance)
    assert not result.success
    assert fake.ran("technical_features") == []
    assert said(result, instance) == [f"check {check} of {asset} failed: GOOG__1d: {check}?"]


def test_features_that_see_the_future_fail_their_run(
    definitions: dg.Definitions, instance: dg.DagsterInstance, fake: FakeStages
) -> None:
    fake.failing.add(("technical_features", "GOOG__1d", "no_leaks"))
    result = market_data(definitions, instance)
    assert not result.success
    assert said(result, instance) == ["check no_leaks of technical_features failed: GOOG__1d: no_leaks?"]


def test_labels_that_precede_their_decision_hold_back_training(
    definitions: dg.Definitions, instance: dg.DagsterInstance, fake: FakeStages
) -> None:
    fake.failing.add(("training_dataset", STRATEGY, "labels_follow_decisions"))
    assert not strategy(definitions, instance).success
    assert fake.ran("candidate_model") == []


def test_drift_warns_and_blocks_nothing(
    definitions: dg.Definitions, instance: dg.DagsterInstance, fake: FakeStages
) -> None:
    fake.failing.add(("drift_snapshot", STRATEGY, "no_drift"))
    result = strategy(definitions, instance)
    assert result.success
    assert fake.ran("deployment_decision") == [STRATEGY]
    (answer,) = [c for c in result.get_asset_check_evaluations() if c.check_name == "no_drift"]
    assert not answer.passed
    assert answer.severity is dg.AssetCheckSeverity.WARN


def test_a_stage_that_forgets_a_declared_check_does_not_pass_it(
    definitions: dg.Definitions, instance: dg.DagsterInstance, fake: FakeStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fake._result
    monkeypatch.setattr(
        fake, "_result", lambda spec, key: type(whole(spec, key))(spec.name, key, "v") if spec.name == "bars" else 0
    )
    result = market_data(definitions, instance)
    assert not result.success
    assert (
        "declares the checks {'bar_quality': True, 'quarantine': False, 'bars_are_fresh': False}, but"
        in said(result, instance)[0]
    )


def test_numbers_tables_plots_and_paths_are_shown_and_unknown_numbers_left_out(
    definitions: dg.Definitions, instance: dg.DagsterInstance, fake: FakeStages, tmp_path: Path
) -> None:
    fake.plot = tmp_path / "plot.png"
    fake.plot.write_bytes(b"\x89PNG")
    market_data(definitions, instance)
    (record,) = instance.fetch_materializations(dg.AssetKey("bars"), limit=1).records
    shown = record.asset_materialization.metadata
    assert shown["rows"].value == 10
    assert {"unknown", "not_a_number"}.isdisjoint(shown)
    assert shown["A plot"].value == "![A plot](data:image/png;base64,iVBORw==)"
    assert shown["table"].value == "/somewhere/table.parquet"
    columns = {column.name: column.type for column in shown["rows by kind"].schema.columns}
    assert columns == {"kind": "string", "rows": "int", "share": "float"}
    assert [r.data["rows"] for r in shown["rows by kind"].records] == [7, None]
