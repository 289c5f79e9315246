"""From kept forecasts to the document of the honesty stage, on a linear model and one instrument."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.backtest.costs import costs_from
from trimtab.backtest.forecasts import backtest_forecasts
from trimtab.config import Settings
from trimtab.errors import NotFoundError
from trimtab.metrics.sharpe import sharpe_sample
from trimtab.pipeline import backtest, datasets, features, honesty, tuning, walk_forward
from trimtab.pipeline.trial_returns import manual_study, trade_trials, uncounted_recipes
from trimtab.pipeline.workspace import Workspace
from trimtab.registry.trials import Trial, tried
from trimtab.tuning.trial_forecasts import read_forecasts, read_rows, study_folder
from trimtab.validation.independent_trials import independent_trials
from trimtab.validation.walk_forward import OutOfSample

NAME = "mine"


STRATEGY = f"""
name = "{NAME}"
[universe]
instruments = ["AAA", "BBB"]
[features]
names = ["return_1", "close_location", "rsi_7"]
sets = []
[label]
kind = "direction"
[model]
algorithm = "linear"
[tuning]
sampler = "random"
n_trials = 4
n_folds = 2
[validation]
n_seeds = 1
[backtest]
delay_bars = 1
commission_bps = 3.0
slippage_bps = 2.0
max_exposure = 0.8
"""


def opened(folder: Path) -> Workspace:
    return Workspace.open(Settings(data_dir=folder / "data", strategies_dir=folder, n_threads=1))


def run(folder: Path) -> Workspace:
    """Bars to backtest."""
    workspace = opened(folder)
    if not workspace.bars.series():
        for seed, name in enumerate(("AAA", "BBB")):
            workspace.bars.append(random_walk(500, seed=seed, instrument=name), datetime(2023, 1, 2, tzinfo=UTC))
    for series in workspace.series:
        features.compute_family(workspace, "technical", series)
    datasets.build_training_dataset(workspace, NAME)
    tuning.run_tuning_study(workspace, NAME)
    walk_forward.report_walk_forward(workspace, NAME)
    backtest.report_backtest(workspace, NAME)
    return workspace


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with four tuned trials, a walk-forward and its backtest; copied by who changes it."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "mine.toml").write_text(STRATEGY)
    run(folder)
    return folder


@pytest.fixture
def lake(finished: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(finished, tmp_path / "copy")
    return opened(tmp_path / "copy")


def document(workspace: Workspace) -> dict[str, Any]:
    honesty.report_honesty(workspace, NAME)
    found: dict[str, Any] = json.loads(
        (workspace.report_folder(honesty.HONESTY, NAME) / "report.json").read_text(), parse_constant=pytest.fail
    )
    return found


def trials_of(workspace: Workspace) -> list[Trial]:
    with workspace.lake.database.read() as connection:
        return tried(connection, NAME)


def test_the_sharpe_ratio_is_that_of_the_backtest_and_so_is_that_of_its_recipe(lake: Workspace) -> None:
    found = document(lake)
    traded = json.loads((lake.report_folder(backtest.BACKTEST, NAME) / "report.json").read_text())
    assert found["sharpe"]["annual"] == pytest.approx(traded["metrics"]["sharpe_ratio"], rel=1e-9)
    assert found["sharpe"]["n_periods"] == len(traded["equity"])
    *_, judged = trade_trials(lake, lake.strategy(NAME), trials_of(lake))
    assert judged.period == "walk_forward"
    own = sharpe_sample(judged.returns[:, 0])
    assert own.ratio == pytest.approx(found["sharpe"]["per_period"], rel=1e-9)  # traded alike: rule, costs, delay
    assert own.kurtosis == pytest.approx(found["sharpe"]["kurtosis"], rel=1e-9)


def test_every_trial_and_the_judged_recipe_are_counted_once(lake: Workspace) -> None:
    for _ in range(2):
        trials = document(lake)["trials"]
    assert (trials["n_trials"], trials["n_with_returns"]) == (5, 5)
    assert [(each["kind"], each["n"]) for each in trials["by_source"]] == [("tuning", 4), ("manual", 1)]
    assert 1 <= trials["n_effective"] <= 5
    assert len(trials["sharpe_ratios"]) == 5
    (by_hand,) = [trial for trial in trials_of(lake) if trial.kind == "manual"]
    assert by_hand.label == "direction:1"
    assert by_hand.parameters == tuning.tuned_parameters(lake, NAME)


def test_a_trial_earns_what_its_out_of_fold_forecasts_earn(lake: Workspace) -> None:
    trials = trials_of(lake)
    tuned, *_ = trade_trials(lake, lake.strategy(NAME), trials)
    _, dataset = datasets.load_training_dataset(lake, NAME)
    folder = study_folder(lake.lake.root, trials[0].study)
    rows = read_rows(folder)
    seen, _ = tuning.tuning_folds(dataset, lake.strategy(NAME))
    assert np.array_equal(dataset.decision_time[rows], seen.decision_time)
    assert tuned.returns.shape == (len(tuned.event_time), 4)
    assert tuned.event_time[-1] <= dataset.label_end[rows].max()
    n, nothing = len(seen), np.full(len(seen), np.nan)
    for column, each in enumerate(tuned.trials):  # traded on the study's own samples, without their positions
        said = read_forecasts(folder, each.number)
        forecasts = OutOfSample(np.arange(n), np.zeros(n, np.int32), said, seen.target, seen.baseline, nothing)
        costs, bars = (
            costs_from(lake.strategy(NAME).backtest),
            {s.instrument_id: lake.bars.current(s) for s in lake.series.values()},
        )
        options = {"rule": "long_short", "max_exposure": 0.8, "costs": costs, "delay_bars": 1}
        own = backtest_forecasts(seen, forecasts, bars, **options)
        assert tuned.returns[:, column] == pytest.approx(own.returns, abs=1e-15)
    # Buying and holding at the exposure that the strategy may have: 0.8 of the mean of both instruments at first.
    bars = {name: lake.bars.current(series) for name, series in zip(("AAA", "BBB"), lake.series.values(), strict=True)}
    at = [np.searchsorted(b.event_time, tuned.event_time[:2]) for b in bars.values()]
    values = [b.close[i] / b.open[i[0]] for b, i in zip(bars.values(), at, strict=True)]
    money = np.mean(values, axis=0)
    assert tuned.buy_and_hold[1] == pytest.approx(0.8 * (money[1] / money[0] - 1.0), rel=1e-9)


def test_the_summary_and_the_document_say_the_same(lake: Workspace) -> None:
    found = document(lake)
    values = honesty.stage_values(lake, honesty.HONESTY, NAME)
    assert values["deflated_sharpe_ratio"] == found["deflated_sharpe_ratio"]["classic"]
    assert values["probabilistic_sharpe_ratio"] == found["probabilistic_sharpe_ratio"]["classic"]
    assert values["n_trials"] == 5 and values["n_effective_trials"] == found["trials"]["n_effective"]
    assert values["pbo"] == found["backtest_overfitting"]["pbo"]
    assert values["spa_p_value"] == found["superior_ability"]["spa_p_value"]
    assert values["recipe"] == honesty.stage_values(lake, walk_forward.WALK_FORWARD, NAME)["recipe"]
    assert found["conventions"]["gate"] == "classic"
    for convention in ("classic", "null_variance"):
        assert found["deflated_sharpe_ratio"][convention] <= found["probabilistic_sharpe_ratio"][convention]


def test_the_same_again_is_skipped_and_made_anew_is_the_same(lake: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    first = honesty.report_honesty(lake, NAME)
    assert honesty.report_honesty(lake, NAME).skipped
    monkeypatch.setattr("trimtab.pipeline.running.code_fingerprint", lambda: "another")
    again = honesty.report_honesty(lake, NAME)
    assert not again.skipped
    assert again.data_version == first.data_version


def test_a_trial_more_makes_the_numbers_anew(lake: Workspace) -> None:
    before = document(lake)
    (known, *_) = [trial for trial in trials_of(lake) if trial.kind == "tuning"]
    lake.registry.record_trials([replace(known, study="elsewhere", number=n) for n in range(30)], "somebody")
    after = document(lake)
    assert after["trials"]["n_trials"] == before["trials"]["n_trials"] + 30
    assert after["trials"]["n_with_returns"] == 5
    assert after["trials"]["n_effective"] == before["trials"]["n_effective"] + 30  # nobody knows what they traded
    assert after["deflated_sharpe_ratio"]["classic"] < before["deflated_sharpe_ratio"]["classic"]
    assert any("30 trials were not kept" in note for note in after["notes"])


def test_the_same_trials_once_more_hardly_count(lake: Workspace) -> None:
    before = document(lake)["trials"]
    known = [trial for trial in trials_of(lake) if trial.kind == "tuning"]
    again = [replace(trial, study="mine:again") for trial in known]
    shutil.copytree(study_folder(lake.lake.root, known[0].study), study_folder(lake.lake.root, "mine:again"))
    lake.registry.record_trials(again, "somebody")
    after = document(lake)["trials"]
    assert after["n_trials"] == before["n_trials"] + 4
    assert after["estimates"]["eigenvalues"] == pytest.approx(before["estimates"]["eigenvalues"], rel=1e-6)


def test_without_kept_forecasts_the_deflated_sharpe_ratio_is_unknown_and_says_why(lake: Workspace) -> None:
    shutil.rmtree(lake.lake.root / "trial_forecasts")
    found = document(lake)
    assert found["deflated_sharpe_ratio"] == {
        "classic": None,
        "null_variance": None,
        "expected_max_sharpe_annual": None,
    }
    assert found["probabilistic_sharpe_ratio"]["classic"] is not None
    assert found["backtest_overfitting"] is None and found["superior_ability"] is None
    assert found["trials"]["n_effective"] == 5
    assert any("run the stage tuning_study" in note for note in found["notes"])
    assert any("no study kept" in note for note in found["notes"])


def test_a_recipe_judged_but_never_counted_counts_all_the_same(lake: Workspace) -> None:
    before = document(lake)["trials"]
    folder = lake.lake.root / "reports" / walk_forward.WALK_FORWARD / NAME / "by_recipe"
    (kept,) = folder.glob("*.parquet")
    shutil.copy(kept, folder / f"{'ab' * 12}.parquet")
    assert uncounted_recipes(lake, NAME, trials_of(lake)) == ["ab" * 12]
    after = document(lake)["trials"]
    assert after["n_trials"] == before["n_trials"] + 1
    assert after["by_source"][-1] == {"study": "ab" * 12, "kind": "manual", "dataset": None, "n": 1}


def test_another_label_is_another_search(lake: Workspace) -> None:
    before = document(lake)["trials"]["n_trials"]
    (known, *_) = trials_of(lake)
    lake.registry.record_trials([replace(known, study="other", label="direction:5")], "somebody")
    lake.registry.record_trials([replace(known, study="other2", strategy="else")], "somebody")
    assert document(lake)["trials"]["n_trials"] == before


def test_a_backtest_of_another_recipe_is_no_evidence(lake: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    values: Callable[..., Any] = honesty.stage_values
    monkeypatch.setattr(honesty, "stage_values", lambda w, stage, key: values(w, stage, key) | {"recipe": stage})
    with pytest.raises(NotFoundError, match="run the stage backtest_report first"):
        honesty.report_honesty(lake, NAME)


def test_the_name_of_a_manual_study_is_short_and_stable() -> None:
    assert manual_study("mine", "0123456789abcdef0000") == "walk_forward:mine:0123456789abcdef"


def test_what_was_tried_is_worth_what_its_returns_say(lake: Workspace) -> None:
    found = document(lake)
    groups = trade_trials(lake, lake.strategy(NAME), trials_of(lake))
    expected = independent_trials(*(group.returns for group in groups))
    assert found["trials"]["estimates"]["eigenvalues"] == pytest.approx(expected.eigenvalues)
    assert found["trials"]["n_effective"] == expected.n_effective
