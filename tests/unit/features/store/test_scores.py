"""Quality between 0 and 1, per table and per row, from counts that can be made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.errors import ConfigurationError, FeatureError
from trimtab.features import catalogue as catalogue_module
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock, compute
from trimtab.features.store import Limits, row_quality, table_quality

BARS = random_walk(40)
BLOCK = compute(BARS, ("return_1", "rsi_14"))  # look-backs of 1 and 14 bars


def spoiled(*cells: tuple[int, int, float]) -> FeatureBlock:
    values = BLOCK.values.copy(order="F")
    for row, column, value in cells:
        values[row, column] = value
    return replace(BLOCK, values=values)


def test_a_good_table_scores_one() -> None:
    score = table_quality(BLOCK, behind=0)
    assert (score.completeness, score.freshness, score.reliability, score.overall) == (1.0, 1.0, 1.0, 1.0)
    assert (score.rows, score.features, score.flagged) == (40, 2, 0)


def test_a_table_is_judged_by_its_cells() -> None:
    score = table_quality(spoiled((20, 0, np.nan), (21, 1, 101.0), (22, 0, np.inf)), behind=1)
    expected = 39 + 26
    assert score.completeness == (expected - 1) / expected
    assert score.reliability == (expected - 3) / (expected - 1)
    assert score.freshness == pytest.approx(2 / 3)
    assert score.overall == pytest.approx(0.4 * score.completeness + 0.2 * score.freshness + 0.4 * score.reliability)


def test_what_is_unknown_is_left_out_of_the_mean_and_null_in_json() -> None:
    score = table_quality(BLOCK)
    assert score.overall == 1.0 and np.isnan(score.freshness)
    assert json.loads(json.dumps(score.document()))["freshness"] is None
    nothing = table_quality(compute(BARS.take(slice(0, 0)), BLOCK.names)).document()
    assert nothing["overall"] is None and nothing["completeness"] is None


@pytest.mark.parametrize(("behind", "share"), [(0, 1.0), (1, 0.75), (2, 0.5), (4, 0.0), (400, 0.0)])
def test_freshness_fades_until_the_critical_limit(behind: int, share: float) -> None:
    assert table_quality(BLOCK, behind=behind, limits=Limits(behind_critical=4)).freshness == share


def test_each_row_has_its_own_score() -> None:
    flagged = np.zeros(40, bool)
    flagged[30] = True
    rows = row_quality(spoiled((20, 0, np.nan), (21, 1, 101.0)), flagged=flagged)
    assert np.isnan(rows.completeness[0]) and rows.completeness[1] == 1.0  # nothing is expected of the first row
    assert rows.completeness[20] == 0.5 and rows.reliability[20] == 1.0
    assert rows.completeness[21] == 1.0 and rows.reliability[21] == 0.5
    assert rows.reliability[30] == 0.0
    assert rows.overall[21] == pytest.approx(0.4 + 0.2 + 0.2)
    assert rows.overall[30] == pytest.approx(0.4 + 0.2)
    known = ~np.isnan(rows.overall)
    assert ((rows.overall[known] >= 0.0) & (rows.overall[known] <= 1.0)).all()


def test_a_row_that_came_late_is_less_fresh() -> None:
    known = BLOCK.known_time.copy()
    known[10] += np.timedelta64(1, "D")
    known[11] += np.timedelta64(5, "D")
    known[12] += np.timedelta64(3, "h")  # within its bar's length: the lag of a source
    assert row_quality(replace(BLOCK, known_time=known)).freshness[9:13] == pytest.approx([1.0, 2 / 3, 0.0, 1.0])


def test_a_tail_is_not_expected_to_begin_without_values() -> None:
    tail = FeatureBlock(BLOCK.series, BLOCK.event_time[:5], BLOCK.known_time[:5], BLOCK.names, BLOCK.values[:5])
    assert table_quality(tail).completeness == 1.0  # rsi_14 needs no value in the first five rows
    assert table_quality(tail, rows_before=100).completeness == pytest.approx(4 / 10)


def test_a_number_inside_the_look_back_is_not_reliable_and_does_not_complete() -> None:
    score = table_quality(spoiled((5, 1, 50.0), (20, 1, np.nan)))
    assert score.completeness == 64 / 65 and score.reliability == 64 / 65
    assert row_quality(spoiled((5, 1, np.inf))).reliability[5] == 0.5


def test_an_excused_absence_is_not_expected_but_a_value_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    excused = {**catalogue(), "rsi_14": replace(catalogue()["rsi_14"], unknown_when="no figures were filed")}
    monkeypatch.setattr(catalogue_module, "_all_features", lambda: excused)
    assert table_quality(spoiled((20, 1, np.nan))).completeness == 1.0
    assert table_quality(spoiled((20, 0, np.nan))).completeness == 64 / 65


def test_flags_that_do_not_fit_and_limits_out_of_order_are_refused() -> None:
    with pytest.raises(FeatureError, match="do not fit 40 rows"):
        table_quality(BLOCK, flagged=np.zeros(3, bool))
    with pytest.raises(ConfigurationError, match="critical <= warning"):
        Limits(completeness_warning=0.5)
    with pytest.raises(ConfigurationError, match="1 <= warning <= critical"):
        Limits(behind_warning=5)
