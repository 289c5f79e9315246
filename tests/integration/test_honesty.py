"""The whole training path, from bars to significance: it finds what was planted, and nothing where nothing is.

`python -m benchmarks.honesty` does the same for every family and twenty markets; here a few stand for them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # the measurements live beside the tests, not in the package

from benchmarks.honesty import LEAKS, judge, market, quick
from benchmarks.model_lineup import LEARNING, NAIVE

ENTRIES = {entry.name: quick(entry) for entry in (*LEARNING, *NAIVE)}
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["linear", "lightgbm", "dense", "lstm"])
def test_a_planted_signal_is_found(name: str) -> None:
    judged = judge(ENTRIES[name], market("SIMALPHA", 0))
    assert judged.is_significant and 0.55 < judged.accuracy < 0.65


def test_the_naive_families_find_nothing_even_there() -> None:
    planted = market("SIMALPHA", 0)
    assert not any(judge(entry, planted).is_significant for entry in NAIVE)


def test_without_the_signal_hardly_anything_is_called_skill() -> None:
    judged = [judge(ENTRIES[name], market("SIMNULL", seed)) for seed in range(8) for name in ("linear", "lightgbm")]
    assert sum(each.is_significant for each in judged) <= 2  # at 5 % three or more of 16 come in 4 % of all cases
    assert abs(sum(each.accuracy for each in judged) / len(judged) - 0.5) < 0.01


@pytest.mark.parametrize("leak", sorted(LEAKS))
def test_a_leak_planted_into_a_market_without_signal_looks_like_skill(leak: str) -> None:
    nothing = market("SIMNULL", 0)
    assert not judge(ENTRIES["linear"], nothing).is_significant
    assert judge(ENTRIES["linear"], LEAKS[leak](nothing)).is_significant
