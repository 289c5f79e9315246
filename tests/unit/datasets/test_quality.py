"""Bars that are no samples are counted once each, under the first reason that applies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from fakes.samples import samples

from trimtab.config.strategy import DatasetRules
from trimtab.datasets.quality import bars_left_out, usable_bars
from trimtab.datasets.series_samples import SeriesSamples

DAY = np.timedelta64(86_400_000_000, "us")
STALE = DatasetRules(max_staleness=timedelta(hours=36))
EVERY_FEATURE = DatasetRules(min_completeness=1.0)


def published_late(part: SeriesSamples, row: int, days: int) -> SeriesSamples:
    known = part.features.known_time.copy()
    known[row] += days * DAY
    return replace(part, features=replace(part.features, known_time=known))


def after_a_pause(part: SeriesSamples, row: int, days: int) -> SeriesSamples:
    """The bars from a row on, moved into the future."""
    shift = np.where(np.arange(len(part.features)) >= row, days, 0) * DAY
    block = part.labels[0]
    times = {name: getattr(block, name) + shift for name in ("event_time", "label_start", "label_end")}
    features = part.features
    features = replace(features, event_time=features.event_time + shift, known_time=features.known_time + shift)
    return replace(part, features=features, labels=(replace(block, **times),))


def test_every_bar_is_a_sample_or_counted_with_its_reason() -> None:
    found = usable_bars(samples("AAA"), DatasetRules())
    counted = {reason: n for reason, n in found.left_out.items() if n}
    assert counted == {"no feature has a value": 20, "the label is not decided yet": 3}
    assert len(found.rows) == 200 - 23
    both = bars_left_out([samples("AAA"), samples("BBB")], DatasetRules())
    assert both == {"no feature has a value": 40, "the label is not decided yet": 6}


def test_incomplete_bars_are_left_out_as_the_share_asks() -> None:
    part = samples("AAA")
    part.features.values[30:40, 0] = np.nan  # three of four are left
    plain = usable_bars(part, DatasetRules(min_completeness=0.75))
    strict = usable_bars(part, EVERY_FEATURE)
    assert set(plain.rows) - set(strict.rows) == set(range(30, 40))
    assert strict.left_out["fewer than 100% of the features have a value"] == 10


@pytest.mark.parametrize(("days", "over"), [(2, False), (3, True), (30, True)])
def test_a_bar_known_only_when_its_label_was_over_is_no_sample(days: int, over: bool) -> None:
    part = published_late(samples("AAA", horizon=3), 60, days)
    found = usable_bars(part, DatasetRules())
    assert (60 not in found.rows) is over and {59, 61} <= set(found.rows)
    assert found.left_out["known only when its label was over"] == over


def test_of_bars_delivered_together_only_those_whose_label_still_runs_are_samples() -> None:
    part = samples("AAA", horizon=2)
    known = part.features.known_time.copy()
    known[60:66] = known[66]
    found = usable_bars(replace(part, features=replace(part.features, known_time=known)), DatasetRules())
    assert set(range(58, 70)) - set(found.rows) == {60, 61, 62, 63, 64}
    assert found.left_out["known only when its label was over"] == 5


def test_a_bar_known_later_than_allowed_is_no_sample() -> None:
    part = published_late(samples("AAA"), 60, days=2)
    assert 60 in usable_bars(part, DatasetRules()).rows
    found = usable_bars(part, STALE)
    assert 60 not in found.rows and {59, 61} <= set(found.rows)
    assert found.left_out["known too late after its close"] == 1
    assert 60 in usable_bars(part, DatasetRules(max_staleness=timedelta(days=2))).rows  # as late as allowed


def test_a_bar_after_a_long_gap_is_no_sample_and_the_next_one_is_again() -> None:
    part = after_a_pause(samples("AAA"), 60, days=3)
    found = usable_bars(part, STALE)
    assert 60 not in found.rows and {59, 61} <= set(found.rows)
    assert found.left_out["follows a gap that is too long"] == 1
    assert 60 in usable_bars(part, DatasetRules(max_staleness=timedelta(days=3))).rows


def test_an_unfinished_label_and_a_return_inside_the_band_are_told_apart() -> None:
    part = samples("AAA")
    part.labels[0].value[80:85] = np.nan  # ended, but nobody's success
    found = usable_bars(part, DatasetRules())
    assert found.left_out["the label is not decided yet"] == 3
    assert found.left_out["no label (too little history, or inside the neutral band)"] == 5
    assert not set(range(80, 85)) & set(found.rows)
