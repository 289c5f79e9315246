from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from trimtab.config.strategy import Validation
from trimtab.validation.splitters import HoldOut, WalkForward, walk_forward_from


def test_a_strategy_file_gives_the_splitter_it_describes() -> None:
    config = Validation(window="rolling", initial_train=0.5, test=0.2, step=0.1, embargo="3d")
    assert walk_forward_from(config) == WalkForward("rolling", 0.5, 0.2, 0.1, timedelta(days=3))


@pytest.mark.parametrize(
    ("written", "read"),
    [(500, 500), (1, 1.0), (0.25, 0.25), ("730d", timedelta(days=730)), ("12w", timedelta(weeks=12))],
)
def test_a_size_is_a_share_a_number_of_times_or_a_duration(written: Any, read: Any) -> None:
    splitter = walk_forward_from(Validation(step=written))
    assert isinstance(splitter, WalkForward)
    assert (splitter.step, type(splitter.step)) == (read, type(read))


def test_a_strategy_file_may_ask_for_one_cut_instead() -> None:
    config = Validation(window="hold_out", hold_out=(0.7, 0.15, 0.15), embargo="3d")
    assert walk_forward_from(config) == HoldOut((0.7, 0.15, 0.15), timedelta(days=3))
