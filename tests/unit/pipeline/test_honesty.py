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
from trimtab.pipeline.manual_trials import Look, look_of, manual_study, uncounted_tables
from trimtab.pipeline.trial_returns import forecasts_digest, trade_trials
from trimtab.pipeline.validate import validate_model
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


def test_the_study_tells_which_rows_it_searched(lake: Workspace) -> None:
    _, dataset = datasets.load_training_dataset(lake, NAME)
    rows = tuning.rows_fingerprint(*tuning.tuning_folds(dataset, lake.strategy(NAME)))
    assert honesty.stage_values(lake, tuning.TUNING, NAME)["rows"] == rows


def test_every_trial_and_the_judged_recipe_are_counted_once(lake: Workspace) -> None:
    for _ in range(2):
        trials = document(lake)["trials"]
    assert (trials["n_trials"], trials["n_with_returns"]) == (5, 5)
    assert [(each["kind"], each["n"]) for each in trials["by_source"]] == [("tuning", 4), ("manual", 1)]
    assert 1 <= trials["n_effective"] <= 5
    assert len(trials["sharpe_ratios"]) == 5
    (by_hand,) = [trial for trial in trials_of(lake) if trial.kind == "manual"]
    assert by_hand.label == "direction:1"
    judged = honesty.stage_values(lake, walk_forward.WALK_FORWARD, NAME)
    assert by_hand.parameters == {
        "recipe": judged["recipe"],
        "cuts": judged["cuts"],
        "backtest": lake.strategy(NAME).backtest.model_dump(mode="json"),
        "model": tuning.tuned_parameters(lake, NAME),
    }


def test_a_recipe_that_was_validated_by_hand_counts_and_its_walk_forward_does_not_count_it_again(
    lake: Workspace,
) -> None:
    found = validate_model(lake, NAME, "purged_k_fold", {"n_folds": 2})
    (by_hand,) = [trial for trial in trials_of(lake) if trial.kind == "manual"]
    document(lake)
    assert by_hand.study == manual_study(look_of(lake, lake.strategy(NAME), found.recipe, found.dataset))
    assert [trial for trial in trials_of(lake) if trial.kind == "manual"] == [by_hand]


def test_a_recipe_that_was_only_validated_counts_as_independent(lake: Workspace) -> None:
    before = document(lake)["trials"]
    written = (lake.settings.strategies_dir / "mine.toml").read_text()
    (lake.settings.strategies_dir / "mine.toml").write_text(
        written.replace('algorithm = "linear"', 'algorithm = "linear"\nparameters = { l2 = 5.0 }')
    )
    other = opened(lake.settings.strategies_dir)
    validate_model(other, NAME, "purged_k_fold", {"n_folds": 2})
    (lake.settings.strategies_dir / "mine.toml").write_text(written)
    after = document(lake)["trials"]
    assert (after["n_trials"], after["n_with_returns"]) == (before["n_trials"] + 1, before["n_with_returns"])
    assert after["n_effective"] == before["n_effective"] + 1


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
    assert values["spa_p_consistent"] == found["superior_ability"]["spa_p_consistent"]
    judged = honesty.stage_values(lake, walk_forward.WALK_FORWARD, NAME)
    assert (values["recipe"], values["forecasts"]) == (judged["recipe"], judged["forecasts"])
    assert values["traded"] == honesty.stage_values(lake, backtest.BACKTEST, NAME)["data_version"]
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
    lost = f"{'ab' * 12}-{'cd' * 6}"
    shutil.copy(kept, folder / f"{lost}.parquet")
    assert uncounted_tables(lake, NAME, trials_of(lake)) == [lost]
    after = document(lake)["trials"]
    assert after["n_trials"] == before["n_trials"] + 1
    assert after["by_source"][-1] == {"study": lost, "kind": "manual", "dataset": None, "n": 1}


def edited(workspace: Workspace, old: str, new: str) -> Workspace:
    """The lake with another strategy file, judged and traded anew where that asks for it."""
    file = workspace.settings.strategies_dir / "mine.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    return run(workspace.settings.strategies_dir)


def test_who_turns_the_threshold_three_times_has_made_three_trials_each_with_its_own_returns(lake: Workspace) -> None:
    first = document(lake)
    for old, new in (("delay_bars = 1", "delay_bars = 1\nthreshold = 0.48"), ("threshold = 0.48", "threshold = 0.46")):
        lake = edited(lake, old, new)
        found = document(lake)
    trials = found["trials"]
    assert (trials["n_trials"], trials["n_with_returns"]) == (7, 7)
    assert [each["n"] for each in trials["by_source"] if each["kind"] == "manual"] == [1, 1, 1]
    *_, looks = trade_trials(lake, lake.strategy(NAME), trials_of(lake))
    ratios = {
        trial.parameters["backtest"]["threshold"]: sharpe_sample(column).ratio
        for trial, column in zip(looks.trials, looks.returns.T, strict=True)
    }
    assert len(set(ratios.values())) == 3
    assert ratios[0.5] == pytest.approx(first["sharpe"]["per_period"], rel=1e-9)
    assert ratios[0.46] == pytest.approx(found["sharpe"]["per_period"], rel=1e-9)


def test_other_validation_windows_are_another_look_whose_forecasts_are_kept_beside_the_first(lake: Workspace) -> None:
    before = document(lake)["trials"]
    other = edited(lake, "n_seeds = 1", "n_seeds = 1\ntest = 0.2\nstep = 0.2")
    after = document(other)["trials"]
    assert (after["n_trials"], after["n_with_returns"]) == (before["n_trials"] + 1, before["n_with_returns"] + 1)


def test_what_was_looked_at_for_another_label_is_no_lost_trial_of_this_one(lake: Workspace) -> None:
    before = document(lake)["trials"]
    other = document(edited(lake, 'kind = "direction"', 'kind = "direction"\nhorizons = [3]'))["trials"]
    assert (other["n_trials"], other["n_with_returns"]) == (5, 5)  # its own four and its own look
    assert document(edited(lake, "\nhorizons = [3]", ""))["trials"] == before


def test_a_look_is_counted_under_the_label_that_was_judged(lake: Workspace) -> None:
    file = lake.settings.strategies_dir / "mine.toml"
    file.write_text(file.read_text().replace('kind = "direction"', 'kind = "direction"\nhorizons = [3]'))
    with pytest.raises(NotFoundError, match=r"judged the label direction:1 and its strategy file says direction:3"):
        honesty.report_honesty(opened(lake.settings.strategies_dir), NAME)
    (look,) = [trial for trial in trials_of(lake) if trial.kind == "manual"]
    assert (look.label, look.family) == ("direction:1", "linear")


def test_a_backtest_by_another_section_is_no_evidence(lake: Workspace) -> None:
    file = lake.settings.strategies_dir / "mine.toml"
    file.write_text(file.read_text().replace("commission_bps = 3.0", "commission_bps = 0.0"))
    with pytest.raises(NotFoundError, match=r"by its section \[backtest\] as it is now"):
        honesty.report_honesty(opened(lake.settings.strategies_dir), NAME)


def test_a_backtest_that_another_run_wrote_is_no_evidence(lake: Workspace) -> None:
    path = lake.report_folder(backtest.BACKTEST, NAME) / "report.json"
    path.write_text(path.read_text().replace('"n_fills"', '"n_fills" '))
    with pytest.raises(NotFoundError, match="run the stage backtest_report again"):
        honesty.report_honesty(lake, NAME)


@pytest.mark.parametrize("damage", ["altered", "cut short", "without its digest"])
def test_forecasts_that_are_not_as_they_were_written_are_unknown(lake: Workspace, damage: str) -> None:
    before = document(lake)["trials"]
    trial = next(trial for trial in trials_of(lake) if trial.kind == "tuning")
    kept = study_folder(lake.lake.root, trial.study) / f"{trial.number}.npy"
    if damage == "altered":
        np.save(kept, 1.0 - np.load(kept))
    elif damage == "cut short":
        kept.write_bytes(kept.read_bytes()[:-100])
    else:
        kept.with_suffix(".sha256").unlink()
    assert forecasts_digest(lake, trial) is None
    after = document(lake)["trials"]  # and not skipped as unchanged
    assert (after["n_trials"], after["n_with_returns"]) == (before["n_trials"], before["n_with_returns"] - 1)


def test_a_table_that_cannot_be_read_is_unknown_too(lake: Workspace) -> None:
    document(lake)
    (kept,) = (lake.lake.root / "reports" / walk_forward.WALK_FORWARD / NAME / "by_recipe").glob("*.parquet")
    kept.write_bytes(b"nothing")
    assert document(lake)["trials"]["n_with_returns"] == 4


class KilledError(Exception):
    """Stands for a kill at the moment it is raised."""


@pytest.mark.parametrize("moment", ["before the ledger", "after it"])
def test_the_trials_of_a_study_that_was_killed_and_never_finished_count(
    lake: Workspace, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    before = document(lake)["trials"]

    def killed(*_: Any) -> Callable[..., None]:
        def tell(trial: Any, n_wanted: int) -> None:
            if trial.number == 2:
                raise KilledError

        return tell

    with monkeypatch.context() as patched:
        patched.setattr(tuning, "told_trial", killed)
        if moment == "before the ledger":
            patched.setattr(tuning, "counted_as_they_finish", lambda *given: given[-1])
        with pytest.raises(KilledError):
            edited(lake, "n_folds = 2", "n_folds = 3")
    known = len(trials_of(lake))
    assert known == 5 + (0 if moment == "before the ledger" else 3)
    after = document(edited(lake, "n_folds = 3", "n_folds = 2"))["trials"]
    assert (after["n_trials"], after["n_with_returns"]) == (before["n_trials"] + 3, before["n_with_returns"] + 3)


def test_an_account_that_is_withheld_has_no_honesty_numbers_and_the_reason_is_told(lake: Workspace) -> None:
    withheld = edited(lake, 'kind = "direction"', 'kind = "direction"\nneutral_band = 0.002')
    found = document(withheld)
    assert found["notes"][0].startswith("Nothing is known about the account: not traded: with neutral_band = 0.002")
    for measure in ("deflated_sharpe_ratio", "probabilistic_sharpe_ratio", "minimum_track_record_length"):
        assert found[measure]["classic"] is None
    assert found["backtest_overfitting"] is None and found["superior_ability"] is None
    assert found["trials"]["n_trials"] >= 5 and found["trials"]["n_with_returns"] == 0


def test_trials_whose_samples_were_chosen_by_their_future_are_not_traded(
    lake: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials, strategy = trials_of(lake), lake.strategy(NAME)
    assert trade_trials(lake, strategy, trials)
    recipe = {"label": {"kind": "direction", "horizons": [1], "neutral_band": 0.01}}
    monkeypatch.setattr("trimtab.pipeline.trial_returns.read_recipe", lambda lake, fingerprint: recipe)
    assert trade_trials(lake, strategy, trials) == ()


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


def test_the_name_of_a_manual_study_tells_looks_apart_and_nothing_else() -> None:
    look = Look("mine", "ab" * 32, "d" * 64, "0123456789ab", {"threshold": 0.5}, "direction:1", "linear", {"l2": 1.0})
    name = manual_study(look)
    assert name.startswith("walk_forward:mine:") and len(name.rpartition(":")[2]) == 16
    others = [replace(look, recipe="cd" * 32), replace(look, cuts="b" * 12), replace(look, backtest={"threshold": 0.4})]
    assert len({name, *(manual_study(other) for other in others)}) == 4
    assert manual_study(replace(look, label="direction:3", parameters={})) == name


def test_what_was_tried_is_worth_what_its_returns_say(lake: Workspace) -> None:
    found = document(lake)
    groups = trade_trials(lake, lake.strategy(NAME), trials_of(lake))
    expected = independent_trials(*(group.returns for group in groups))
    assert found["trials"]["estimates"]["eigenvalues"] == pytest.approx(expected.eigenvalues)
    assert found["trials"]["n_effective"] == expected.n_effective
