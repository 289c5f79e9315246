"""A leak is found where there is one, and only there."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.errors import NotEnoughDataError
from trimtab.features.leaks import certify, certify_function


def _planted(bars: Bars) -> np.ndarray:
    close = pd.Series(bars.close)
    columns = {
        "honest": close.rolling(5).mean(),
        "centred": close.rolling(5, center=True).mean(),
        "tomorrow": close.shift(-1),
        "standardised": (close - close.mean()) / close.std(),
        "filled_back": close.where(np.arange(len(close)) % 7 != 3).bfill(),
    }
    return np.column_stack([column.to_numpy() for column in columns.values()])


PLANTED = ("honest", "centred", "tomorrow", "standardised", "filled_back")


def test_planted_leaks_are_caught_with_their_first_row() -> None:
    certificate = certify_function(_planted, PLANTED, random_walk(300), cuts=[150, 202], seed=0)
    found = {finding.name: finding for finding in certificate.findings}
    assert certificate.leaking == ("centred", "tomorrow", "standardised")
    assert not certificate.passed
    assert found["honest"].outcome == "passed"
    assert found["centred"].first_row == 148  # two rows before the first cut
    assert found["tomorrow"].first_row == 149
    assert found["standardised"].first_row == 0


def test_a_leak_that_shows_only_at_some_cuts_is_found_by_cutting_there() -> None:
    bars = random_walk(300)
    at = next(cut for cut in range(150, 200) if (cut - 1) % 7 == 3)
    certificate = certify_function(_planted, PLANTED, bars, cuts=[at], seed=0)
    assert "filled_back" in certificate.leaking


def test_one_changed_bit_is_a_leak() -> None:
    def almost(bars: Bars) -> np.ndarray:
        rounding = np.nextafter(bars.close, np.inf) if len(bars) % 2 else bars.close
        return rounding.reshape(-1, 1)

    assert certify_function(almost, ["almost"], random_walk(200), cuts=[101], seed=0).leaking == ("almost",)


def test_a_feature_without_a_value_before_the_cuts_is_unchecked_not_passed() -> None:
    certificate = certify(["sma_distance_200", "return_1"], random_walk(150), cuts=3, seed=0)
    assert certificate.unchecked == ("sma_distance_200",)
    assert certificate.leaking == ()


def test_the_certificate_says_what_was_checked() -> None:
    certificate = certify(["return_1"], random_walk(100), cuts=3, seed=5)
    document = certificate.document()
    assert json.loads(json.dumps(document)) == document
    assert document["n_bars"] == 100 and len(document["cuts"]) == 3 and len(document["futures"]) == 3
    assert document["findings"][0]["values_compared"] == 3 * sum(cut - 1 for cut in document["cuts"])
    assert certify(["return_1"], random_walk(100), cuts=3, seed=5) == certificate
    assert certificate.code_version


def test_too_short_a_history_is_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="at least two bars"):
        certify(["return_1"], random_walk(5).take(slice(0, 1)), seed=0)
    with pytest.raises(NotEnoughDataError, match="between 1 and 9"):
        certify(["return_1"], random_walk(10), cuts=[10], seed=0)
