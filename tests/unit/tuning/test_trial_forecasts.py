from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.datasets import make_dataset
from fakes.folds import thirds
from fakes.studies import DATASET, FOLDS

from trimtab.models.families import make_forecaster
from trimtab.models.forecasting import forecast
from trimtab.models.protocol import FitContext
from trimtab.tuning.study import StudyResult
from trimtab.tuning.trial_forecasts import (
    kept_digest,
    n_kept,
    read_forecasts,
    read_rows,
    study_folder,
    write_forecasts,
    write_rows,
)

Study = Callable[..., StudyResult]


def test_every_trial_keeps_what_a_model_that_had_not_seen_the_row_said(study: Study, tmp_path: Path) -> None:
    result = study(kept_in=tmp_path, n_trials=3)
    for trial in result.trials:
        kept = read_forecasts(tmp_path, trial.number)
        for fold in FOLDS:
            fitted = make_forecaster("linear", trial.parameters).fit(
                DATASET.take(fold.train), None, FitContext(seed=2, n_threads=1)
            )
            assert np.array_equal(kept[fold.test], forecast(fitted, DATASET.take(fold.test)).value)


def test_keeping_forecasts_does_not_change_the_trials(study: Study, tmp_path: Path) -> None:
    assert study(kept_in=tmp_path, study_name="kept", n_trials=4) == study(n_trials=4)
    assert study(study_name="kept", n_trials=4).trials  # and a study goes on without them under the same name


def test_a_study_that_stopped_halfway_ends_with_the_same_files(study: Study, tmp_path: Path) -> None:
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    study(kept_in=whole, n_trials=5, study_name="whole")

    class StoppedError(Exception): ...

    def stop_after_two(trial: Any, n_wanted: int) -> None:
        if trial.number == 1:
            raise StoppedError

    with pytest.raises(StoppedError):
        study(kept_in=resumed, n_trials=5, study_name="resumed", on_trial=stop_after_two)
    assert sorted(contents(resumed)) == ["0.npy", "0.sha256", "1.npy", "1.sha256"]
    study(kept_in=resumed, n_trials=5, study_name="resumed")
    assert contents(resumed) == contents(whole)
    assert len(contents(whole)) == 10


def test_the_file_is_there_before_the_trial_is_told(study: Study, tmp_path: Path) -> None:
    seen: list[bool] = []
    study(
        kept_in=tmp_path, n_trials=2, on_trial=lambda trial, n: seen.append((tmp_path / f"{trial.number}.npy").exists())
    )
    assert seen == [True, True]
    (tmp_path / "blocked").write_text("a file where the folder should be")
    with pytest.raises(Exception, match="blocked"):
        study(kept_in=tmp_path / "blocked", n_trials=1, study_name="other")
    assert study(n_trials=1, study_name="other").n_interrupted == 1  # a trial whose forecasts are lost is not finished


def test_a_pruned_trial_says_nothing_about_the_folds_it_was_not_given(study: Study, tmp_path: Path) -> None:
    options = {"sampler": "random", "n_trials": 11, "pruning": True}
    one, two = tmp_path / "one", tmp_path / "two"
    result = study(**options, kept_in=one)
    study(**options, kept_in=two, study_name="threads", context=FitContext(seed=2, n_threads=3))
    pruned = [trial for trial in result.trials if trial.pruned]
    assert pruned
    for trial in pruned:
        given = len(trial.fold_values[0])
        judged = [not np.isnan(read_forecasts(one, trial.number)[fold.test]).any() for fold in FOLDS]
        assert judged == [n < given for n in range(len(FOLDS))]
    assert contents(one) == contents(two)  # however many folds were trained side by side


@pytest.mark.slow
def test_workers_keep_the_same_bytes(study: Study, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    options = {"sampler": "random", "n_trials": 3, "dataset": make_dataset(150), "folds": thirds(150)}
    study(**options, kept_in=alone, study_name="alone")
    study(**options, kept_in=together, study_name="together", n_workers=2)
    assert contents(together) == contents(alone)


def test_what_is_absent_is_none(tmp_path: Path) -> None:
    assert read_rows(tmp_path) is None and read_forecasts(tmp_path, 0) is None
    assert (kept_digest(tmp_path, 0), n_kept(tmp_path)) == (None, 0)
    write_forecasts(tmp_path, 0, np.array([0.5, np.nan]))
    assert kept_digest(tmp_path, 0) is None  # of which rows is not said
    write_rows(tmp_path, np.array([3, 7]))
    assert kept_digest(tmp_path, 0) is not None and kept_digest(tmp_path, 1) is None
    assert n_kept(tmp_path) == 1
    assert read_rows(tmp_path).tolist() == [3, 7]
    assert read_forecasts(tmp_path, 0).tolist() == [0.5, pytest.approx(np.nan, nan_ok=True)]


def test_a_digest_is_of_the_rows_and_of_what_was_said(tmp_path: Path) -> None:
    def digest(rows: list[int], said: list[float]) -> str | None:
        write_rows(tmp_path, np.array(rows))
        write_forecasts(tmp_path, 0, np.array(said))
        return kept_digest(tmp_path, 0)

    first = digest([3, 7], [0.5, 0.6])
    assert digest([3, 7], [0.5, 0.6]) == first
    assert len({first, digest([3, 8], [0.5, 0.6]), digest([3, 7], [0.5, 0.7])}) == 3


@pytest.mark.parametrize("damage", ["another array", "an object", "half of it", "nothing", "no digest"])
def test_an_array_that_is_not_as_it_was_written_is_none_and_cannot_run_code(tmp_path: Path, damage: str) -> None:
    write_rows(tmp_path, np.array([3, 7]))
    write_forecasts(tmp_path, 0, np.array([0.5, 0.6]))
    kept = tmp_path / "0.npy"
    if damage == "another array":
        np.save(kept, np.array([0.5, 0.7]))
    elif damage == "an object":
        np.save(kept, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    elif damage == "no digest":
        (tmp_path / "0.sha256").unlink()
    else:
        kept.write_bytes(kept.read_bytes()[: 64 if damage == "half of it" else 0])
    assert read_forecasts(tmp_path, 0) is None and kept_digest(tmp_path, 0) is None
    assert n_kept(tmp_path) == 1


def test_the_folder_of_a_study_is_named_after_it(tmp_path: Path) -> None:
    assert study_folder(tmp_path, "mine:ab12") == tmp_path / "trial_forecasts" / "mine" / "ab12"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
