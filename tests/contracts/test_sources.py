"""What every source of bars promises, run over all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk

from trimtab.bars.sources import SOURCES, SourceOptions, open_source
from trimtab.bars.sources.protocol import BarSource
from trimtab.bars.times import as_datetime
from trimtab.errors import SourceError, UnknownNameError
from trimtab.market import Series, Timeframe


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> BarSource:
    import pyarrow.parquet as pq

    pq.write_table(random_walk(60).to_table(), tmp_path / "bars.parquet")
    return open_source(request.param, SourceOptions(path=tmp_path))


def test_it_is_a_source_and_knows_its_name(source: BarSource) -> None:
    assert isinstance(source, BarSource)
    assert source.name in SOURCES


def test_it_lists_what_it_has_in_order(source: BarSource) -> None:
    offered = source.instruments()
    assert offered == sorted(set(offered))


def test_everything_it_lists_can_be_fetched(source: BarSource) -> None:
    for series in source.instruments():
        bars = source.fetch(series)
        assert bars.series == series
        assert len(bars) > 0


def test_no_bar_is_known_before_its_close(source: BarSource) -> None:
    for series in source.instruments():
        bars = source.fetch(series)
        assert (bars.known_time >= bars.event_time + series.timeframe.duration_us).all()


def test_the_same_question_has_the_same_answer(source: BarSource) -> None:
    series = source.instruments()[0]
    for (name, once), (_, again) in zip(source.fetch(series).arrays(), source.fetch(series).arrays(), strict=True):
        np.testing.assert_array_equal(once, again, err_msg=name)


def test_since_leaves_out_what_is_earlier_and_nothing_else(source: BarSource) -> None:
    series = source.instruments()[0]
    everything = source.fetch(series)
    since = everything.event_time[len(everything) // 2]
    some = source.fetch(series, as_datetime(since))
    np.testing.assert_array_equal(some.close, everything.close[everything.event_time >= since])


def test_an_unknown_instrument_is_refused_by_name_with_what_there_is(source: BarSource) -> None:
    with pytest.raises(SourceError, match=f"source '{source.name}': unknown series 'NOPE__1d'") as caught:
        source.fetch(Series("NOPE", Timeframe.DAY))
    assert isinstance(caught.value, UnknownNameError)
    assert source.instruments()[0].key in str(caught.value)


def test_an_empty_answer_is_an_error_naming_source_and_series(source: BarSource) -> None:
    series = source.instruments()[0]
    with pytest.raises(SourceError, match=f"source '{source.name}' has no bars of {series.key} since 2100"):
        source.fetch(series, datetime(2100, 1, 1, tzinfo=UTC))
