"""The two walls: no instrument and no bar is in training and in the test."""

from __future__ import annotations

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.errors import ArtifactError, ConfigurationError, NotEnoughDataError
from trimtab.models.candlestick_network.split import Split, make_split
from trimtab.models.candlestick_network.windows import WINDOW, Windows, windows_of


@pytest.fixture(scope="module")
def windows() -> Windows:
    return windows_of([random_walk(240, seed=n, instrument=name) for n, name in enumerate("ABCDEFGHI")])


def bars_of(windows: Windows, rows: np.ndarray) -> set[np.datetime64]:
    return set(windows.time[(windows.last[rows][:, None] + np.arange(1 - WINDOW, 1)).ravel()].tolist())


def test_no_bar_of_training_validation_and_test_is_in_another_part(windows: Windows) -> None:
    split = make_split(windows)
    parts = [split.training(windows), split.validation(windows), split.unseen(windows)]
    times = [bars_of(windows, rows) for rows in parts]
    assert max(times[0]) < min(times[1]) <= max(times[1]) < min(times[2])
    assert all(len(rows) for rows in parts)


def test_a_third_of_the_instruments_is_never_trained_on(windows: Windows) -> None:
    split = make_split(windows)
    names = np.array([each.instrument_id for each in windows.series])
    unseen = set(names[windows.code[split.unseen(windows)]].tolist())
    trained = set(names[windows.code[split.training(windows)]].tolist())
    assert trained == split.trained
    assert len(unseen) == 3
    assert not unseen & trained


def test_windows_across_a_wall_are_in_no_part(windows: Windows) -> None:
    split = make_split(windows)
    across = (windows.first_time < split.test_from) & (windows.event_time >= split.test_from)
    used = np.concatenate([split.training(windows), split.validation(windows), split.unseen(windows)])
    assert across.any()
    assert not np.isin(np.flatnonzero(across), used).any()


def test_the_draw_does_not_depend_on_the_order_of_the_series(windows: Windows) -> None:
    other = windows_of([random_walk(240, seed=n, instrument=name) for n, name in enumerate("IHGFEDCBA")])
    assert make_split(windows).trained == make_split(other).trained


def test_a_split_survives_json(windows: Windows) -> None:
    split = make_split(windows)
    assert Split.from_json(split.to_json()) == split
    with pytest.raises(ArtifactError, match="train it again"):
        Split.from_json({"trained": ["A"], "validation_from": "soon"})


def test_one_instrument_cannot_be_split() -> None:
    with pytest.raises(NotEnoughDataError, match="two or more"):
        make_split(windows_of([random_walk(200)]))


def test_times_in_the_wrong_order_or_outside_the_bars_are_refused(windows: Windows) -> None:
    with pytest.raises(ConfigurationError, match="after the validation"):
        make_split(windows, np.datetime64("2020-06-01", "us"), np.datetime64("2020-05-01", "us"))
    with pytest.raises(NotEnoughDataError, match="test part"):
        make_split(
            windows, test_from=np.datetime64("2030-01-01", "us"), validation_from=np.datetime64("2020-05-01", "us")
        )
