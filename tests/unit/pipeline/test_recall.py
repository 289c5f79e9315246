"""A recall over bars, datasets and models that were put in place one by one."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.registries import make_candidate
from fakes.strategies import write_strategy

from trimtab.bars.checks.verdict import Finding
from trimtab.bars.schema import Bars
from trimtab.bars.times import as_datetime
from trimtab.clock import SimulatedClock
from trimtab.config import Settings
from trimtab.config.strategy import Label
from trimtab.datasets.build import build_dataset
from trimtab.datasets.series_samples import SeriesSamples
from trimtab.datasets.snapshot import load_snapshot, save_snapshot
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.features.engine import compute
from trimtab.features.point_in_time import compute_point_in_time
from trimtab.labels.compute import compute_label
from trimtab.labels.point_in_time import compute_label_point_in_time
from trimtab.market import Series, Timeframe
from trimtab.pipeline.recall import RecallReport, recall
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.drift import DriftRecord

BARS = random_walk(300)
AT = 150
NAMES = ("return_5", "body_ratio")
LABEL = Label(kind="forward_return", horizons=(3,))
LOOKBACK, HORIZON = 5, 3
START = as_datetime(BARS.event_time[-1]) + timedelta(days=2)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An installation without strategy files that has stored 300 bars of AAA."""
    (tmp_path / "strategies").mkdir()
    settings = Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path / "strategies")
    opened = Workspace.open(settings, SimulatedClock(START))
    opened.bars.append(BARS, START)
    return opened


def restated(at: int = AT, **factors: float) -> Bars:
    arrays = {name: getattr(BARS, name).copy() for name in factors}
    for name, by in factors.items():
        arrays[name][at] *= by
    return replace(BARS, **arrays)


def freeze(workspace: Workspace, **changes: Any) -> str:
    """A dataset of what is stored now, as the pipeline would freeze it; returns its fingerprint."""
    bars, store = workspace.bars.current(BARS.series), workspace.bars
    features = compute_point_in_time(store, BARS.series, NAMES)
    labels = compute_label_point_in_time(store, BARS.series, LABEL, HORIZON)
    dataset = build_dataset([SeriesSamples(features, (labels,))])
    recipe = {
        "as_of": str(bars.known_time.max()),
        "bars": {BARS.series.key: workspace.bars.fingerprint(BARS.series)},
        "instruments": ["AAA"],
        "timeframe": "1d",
        "features": list(NAMES),
        "label": LABEL.model_dump(mode="json") | {"code": "1"},
    }
    return save_snapshot(workspace.lake, dataset, recipe | changes)


def asked(workspace: Workspace, first: int = AT, last: int = AT, **more: Any) -> RecallReport:
    start, end = as_datetime(BARS.event_time[first]), as_datetime(BARS.event_time[last])
    return recall(workspace, "AAA", start, end, **more)


def advance(workspace: Workspace, **time: float) -> datetime:
    assert isinstance(workspace.lake.clock, SimulatedClock)
    workspace.lake.clock.advance(timedelta(**time))
    return workspace.lake.clock.now()


def test_bars_that_nothing_was_built_on_say_so(workspace: Workspace) -> None:
    report = asked(workspace)
    assert (report.n_bars, report.series) == (1, ("AAA__1d",))
    assert report.sentences == (
        "1 stored bar of AAA (AAA__1d) between 2020-05-30 and 2020-05-30, never changed.",
        "Nothing that is stored was built on them.",
    )


def test_a_span_within_a_day_is_about_the_bar_of_the_day(workspace: Workspace) -> None:
    name = freeze(workspace)
    workspace.bars.append(restated(close=1.02, high=1.02), advance(workspace, hours=1))
    strange = BARS.take(slice(AT, AT + 1))
    finding = Finding("spike", strange.event_time[0], "quarantine", "ten times as high", 0)
    workspace.quarantine.add(BARS.series, strange, [finding], START)
    noon = as_datetime(BARS.event_time[AT]) + timedelta(hours=14)
    report = recall(workspace, "AAA", noon, noon + timedelta(hours=1))
    whole = asked(workspace)
    assert (report.n_bars, [dataset.fingerprint for dataset in report.datasets]) == (1, [name])
    assert (report.datasets, report.changes, report.quarantined) == (whole.datasets, whole.changes, whole.quarantined)
    assert (len(report.changes), len(report.quarantined)) == (1, 1)
    midnight = noon + timedelta(hours=10)  # the end of that day is the open of the next
    after = recall(workspace, "AAA", midnight, midnight)
    assert (after.n_bars, after.changes, after.quarantined) == (1, (), ())


def test_bars_made_of_the_recalled_ones_are_followed(tmp_path: Path) -> None:
    universe = {"source": "files", "instruments": ["AAA"], "path": "unused.csv", "timeframe": "1d"}
    opened = {}
    for how in ("made of hours", "its own"):
        made = {"resample_from": "1h"} if how == "made of hours" else {}
        folder = write_strategy(tmp_path / how, universe=universe | made)
        settings = Settings(data_dir=tmp_path / "data", strategies_dir=folder)
        opened[how] = Workspace.open(settings, SimulatedClock(START))
    workspace = opened["made of hours"]
    times = BARS.event_time[0] + np.arange(24 * 300) * Timeframe.HOUR.duration_us
    hours = Bars.build(Series("AAA", Timeframe.HOUR), times, *(np.full(len(times), 100.0) for _ in range(5)))
    for bars in (BARS, hours):
        workspace.bars.append(bars, START)
    name = freeze(workspace)
    hour = as_datetime(BARS.event_time[AT]) + timedelta(hours=14)
    report = recall(workspace, "AAA", hour, hour, Timeframe.HOUR)
    assert (report.series, report.n_bars) == (("AAA__1h", "AAA__1d"), 2)
    assert [dataset.fingerprint for dataset in report.datasets] == [name]
    assert report.datasets == recall(workspace, "AAA", hour, hour, Timeframe.DAY).datasets
    # Days that come from elsewhere have nothing to do with the hours.
    assert recall(opened["its own"], "AAA", hour, hour, Timeframe.HOUR).series == ("AAA__1h",)


def test_a_span_without_bars_says_so(workspace: Workspace) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    report = recall(workspace, "AAA", long_ago, long_ago + timedelta(days=3))
    assert report.sentences[0] == "No bar of AAA (AAA__1d) is stored between 2001-01-01 and 2001-01-04."


def test_what_cannot_be_asked_is_refused_in_one_sentence(workspace: Workspace) -> None:
    day = datetime(2020, 3, 1, tzinfo=UTC)
    with pytest.raises(UnknownNameError, match="unknown instrument 'AAB'; did you mean 'AAA'"):
        recall(workspace, "AAB", day, day)
    with pytest.raises(UnknownNameError, match=r"unknown series 'AAA__1h'.*allowed: AAA__1d"):
        recall(workspace, "AAA", day, day, Timeframe.HOUR)
    with pytest.raises(ConfigurationError, match="before it starts"):
        recall(workspace, "AAA", day, day - timedelta(days=1))
    with pytest.raises(ConfigurationError, match="starts in the future"):
        recall(workspace, "AAA", START + timedelta(days=1), START + timedelta(days=2))
    with pytest.raises(ConfigurationError, match="carries no time zone"):
        recall(workspace, "AAA", datetime(2020, 3, 1), day)


def test_a_dataset_is_touched_by_the_samples_that_read_the_bars(workspace: Workspace) -> None:
    name = freeze(workspace)
    (dataset,) = asked(workspace, AT, AT + 4).datasets
    assert (dataset.fingerprint, dataset.n_samples) == (name, 300 - LOOKBACK - HORIZON)
    assert dataset.n_touched == dataset.n_within_lookback == HORIZON + 5 + LOOKBACK
    assert dataset.share == dataset.n_touched / dataset.n_samples
    assert (dataset.built_before, dataset.n_superseded, dataset.strategies) == (False, 0, ())
    assert asked(workspace, 299, 299).datasets[0].n_touched == 1  # only the last label reads the last bar


def test_a_dataset_for_windows_is_touched_by_those_whose_earlier_rows_read_the_bar(workspace: Workspace) -> None:
    plain, windowed = freeze(workspace), freeze(workspace, window=20)
    touched = {dataset.fingerprint: dataset.n_touched for dataset in asked(workspace).datasets}
    assert touched == {plain: HORIZON + 1 + LOOKBACK, windowed: HORIZON + 1 + LOOKBACK + 19}


def test_a_dataset_built_before_a_restatement_is_told_from_one_built_after(workspace: Workspace) -> None:
    old = freeze(workspace)
    workspace.registry.register_model(make_candidate("m", dataset_fingerprint=old), "tester")
    received = advance(workspace, hours=1)
    workspace.bars.append(restated(close=1.02, high=1.02), received)
    new = freeze(workspace)
    report = asked(workspace)
    (change,) = report.changes
    assert (change.changed, change.known_time, change.close_before) == (("high", "close"), received, BARS.close[AT])
    found = {dataset.fingerprint: dataset for dataset in report.datasets}
    assert (found[old].built_before, found[new].built_before) == (True, False)
    assert found[old].strategies == ("demo",)
    assert found[old].n_superseded == found[new].n_superseded == LOOKBACK + 1 + HORIZON
    assert [(model.version, model.built_before) for model in report.models] == [("1.0.0", True)]
    assert report.sentences[1:] == (
        "Built on them: 2 datasets, 1 model version, no reports, no stored forecasts.",
        f"Built before the latest change, of {received:%Y-%m-%d %H:%M} UTC: 1 dataset and 1 model version.",
        "1 dataset built since holds 9 samples with the values from before it: "
        "a sample says what could be known when it was decided, and a retrain keeps it.",
    )
    assert asked(workspace, 0, AT - 1).changes == ()
    assert [dataset.built_before for dataset in asked(workspace, 0, AT - 1).datasets] == [False, False]


def test_superseded_samples_are_those_that_today_s_bars_would_make_otherwise(workspace: Workspace) -> None:
    workspace.bars.append(restated(close=1.02, high=1.02), advance(workspace, hours=1))
    kept, _ = load_snapshot(workspace.lake, freeze(workspace))
    bars = workspace.bars.current(BARS.series)
    today = build_dataset([SeriesSamples(compute(bars, NAMES), (compute_label(bars, LABEL, HORIZON),))])
    kept = kept.take(
        np.isin(kept.event_time, today.event_time)
    )  # the restated bar itself came after its label was over
    order = np.argsort(today.event_time)
    otherwise = (kept.features != today.features[order]).any(axis=1) | (kept.target != today.target[order])
    rows = np.searchsorted(BARS.event_time, kept.event_time[otherwise])
    assert (rows[0], rows[-1]) == (AT - HORIZON, AT + LOOKBACK)  # the first and the last of those that are counted
    assert asked(workspace).datasets[0].n_superseded == rows[-1] - rows[0] + 1


def test_a_bar_restated_before_a_sample_was_decided_is_in_it(workspace: Workspace) -> None:
    assert isinstance(workspace.lake.clock, SimulatedClock)
    shutil.rmtree(workspace.lake.root / "bars")
    early = as_datetime(BARS.known_time[AT + 1])
    workspace.bars.append(BARS.take(slice(0, AT + 2)), early)
    workspace.bars.append(restated(volume=2.0).take(slice(0, AT + 2)), early + timedelta(hours=1))
    workspace.bars.append(restated(volume=2.0), START)
    freeze(workspace)
    # Decided with it or one bar later: features from before. Realised by then: labels from before.
    (dataset,) = asked(workspace).datasets
    assert (dataset.n_within_lookback, dataset.n_superseded) == (LOOKBACK + 1 + HORIZON, 2 + (HORIZON - 1))


def test_a_factor_that_changed_alone_supersedes_no_sample(workspace: Workspace) -> None:
    freeze(workspace)
    workspace.bars.append(restated(at=slice(0, 200), factor=0.5), advance(workspace, hours=1))  # type: ignore[arg-type]  # a slice is a position too
    report = asked(workspace)
    assert report.changes[0].is_only_factor
    assert (report.datasets[0].built_before, report.datasets[0].n_superseded) == (True, 0)


def test_a_bar_that_came_late_was_not_seen_by_what_was_built_before(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    settings = Settings(data_dir=tmp_path / "data", strategies_dir=tmp_path / "strategies")
    workspace = Workspace.open(settings, SimulatedClock(START))
    workspace.bars.append(BARS.take(np.arange(300) != AT), START)
    name = freeze(workspace)
    workspace.registry.register_model(make_candidate("m", dataset_fingerprint=name), "tester")
    workspace.bars.append(BARS, advance(workspace, hours=1))
    (dataset,) = asked(workspace).datasets
    (change,) = asked(workspace).changes
    assert (change.changed, change.is_late, change.close_before) == (("late",), True, None)
    assert dataset.built_before
    # The windows of the five samples after the hole and of the three before it go over its time.
    assert dataset.n_touched == dataset.n_superseded == LOOKBACK + HORIZON
    # The sample five bars after the hole looked back over it, on the bar before it.
    (beside,) = asked(workspace, AT - 1, AT - 1).datasets
    assert beside.n_touched == LOOKBACK + 1 + HORIZON
    after = freeze(workspace)
    assert {each.fingerprint: each.built_before for each in asked(workspace).datasets} == {name: True, after: False}


def test_the_same_bars_loaded_again_in_another_order_are_what_the_dataset_saw(workspace: Workspace) -> None:
    name = freeze(workspace)
    workspace.registry.register_model(make_candidate("m", dataset_fingerprint=name), "tester")
    shutil.rmtree(workspace.lake.root / "bars")
    workspace.bars.append(BARS.take(slice(200, None)), advance(workspace, hours=1))
    workspace.bars.append(BARS, advance(workspace, hours=1))
    report = asked(workspace)
    assert ([change.is_late for change in report.changes], report.datasets[0].built_before) == ([True], False)


def test_a_refused_bar_has_touched_nothing_unless_one_of_its_time_was_accepted(workspace: Workspace) -> None:
    strange = BARS.take(slice(AT, AT + 2))
    other = replace(strange, series=replace(strange.series, instrument_id="BBB"))
    findings = [
        Finding("spike", strange.event_time[0], "quarantine", "ten times as high", 0),
        Finding("unit_error", strange.event_time[0], "quarantine", "a hundred times", 0),
    ]
    for bars in (strange, other):
        workspace.quarantine.add(bars.series, bars, findings, START)
    assert asked(workspace, AT + 2, 299).quarantined == ()
    (refused,) = asked(workspace).quarantined
    assert (refused.checks, refused.state, refused.is_stored) == (("spike", "unit_error"), "open", True)
    day = as_datetime(BARS.event_time[AT])
    report = recall(workspace, "BBB", day, day)
    assert [bar.is_stored for bar in report.quarantined] == [False]
    assert report.sentences == (
        "No bar of BBB (BBB__1d) is stored between 2020-05-30 and 2020-05-30.",
        "1 refused bar was never stored: nothing was built on that.",
        "Nothing that is stored was built on them.",
    )


def test_a_damaged_dataset_is_named_and_hides_no_other(workspace: Workspace) -> None:
    whole, damaged, strange = freeze(workspace), freeze(workspace, note=1), freeze(workspace, label={"kind": "other"})
    (workspace.lake.root / "datasets" / damaged / "recipe.json").write_text("{")
    report = asked(workspace)
    assert [dataset.fingerprint for dataset in report.datasets] == [whole]
    assert sorted(report.unreadable) == sorted([damaged, strange])
    assert report.sentences[-1] == "2 datasets cannot be read and may have been built on them too."


def test_many_datasets_are_asked_without_reading_a_feature(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [freeze(workspace, note=number) for number in range(20)]
    asked_for: list[tuple[str, list[str] | None]] = []
    original = type(workspace.lake.tables).read

    def watched(self: Any, table: str, columns: list[str] | None = None) -> Any:
        asked_for.append((table, columns))
        return original(self, table, columns)

    monkeypatch.setattr(type(workspace.lake.tables), "read", watched)
    assert {dataset.fingerprint for dataset in asked(workspace).datasets} == set(names)
    read = [columns for table, columns in asked_for if table.startswith("datasets/")]
    assert len(read) == 20
    assert all(columns and not any(name.startswith("feature:") for name in columns) for columns in read)


@pytest.fixture
def watched(tmp_path: Path) -> Workspace:
    """A strategy on AAA that compares the newest 100 rows, and one drift snapshot of a version nobody knows any more."""
    universe = {"source": "files", "instruments": ["AAA"], "path": "unused.csv"}
    features = {"sets": [], "names": list(NAMES)}
    label = {"kind": "forward_return", "horizons": [HORIZON]}
    folder = write_strategy(tmp_path / "strategies", universe=universe, features=features, label=label)
    opened = Workspace.open(Settings(data_dir=tmp_path / "data", strategies_dir=folder), SimulatedClock(START))
    opened.bars.append(BARS, START)
    known = as_datetime(BARS.known_time[-1])
    opened.registry.record_drift_snapshot(DriftRecord("s" * 64, "tiny", None, "stable", 0.1, 0.0, 1.0, known), "tester")
    return opened


def test_a_drift_snapshot_is_found_by_the_newest_rows_it_compared(watched: Workspace) -> None:
    first_read = 300 - 100 - LOOKBACK
    assert asked(watched, 0, first_read - 1).reports == ()
    (report,) = asked(watched, first_read, first_read).reports
    assert (report.kind, report.strategy, report.about) == ("drift_snapshot", "tiny", "the newest rows")
    assert (report.detail, report.built_before) == ("stable, as of 2020-10-27", False)
    watched.bars.append(restated(250, volume=2.0), advance(watched, hours=1))
    assert asked(watched, 250, 250).reports[0].built_before
