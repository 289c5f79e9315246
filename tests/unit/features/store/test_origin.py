"""A table says what it was made from, when and by which code."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from fakes.bars import random_walk

from trimtab import __version__
from trimtab.bars.times import as_datetime
from trimtab.clock import SimulatedClock
from trimtab.errors import NotFoundError
from trimtab.features.engine import compute
from trimtab.features.store import MadeFrom, identities, lineage, write_family
from trimtab.storage.lake import Lake

BARS = random_walk(50)
SERIES = BARS.series
NAMES = ("return_1", "rsi_14")


def test_a_table_says_where_it_comes_from(lake: Lake, clock: SimulatedClock) -> None:
    write_family(lake, SERIES, "technical", compute(BARS, NAMES), made_from=MadeFrom("bars", {"texts": "t"}))
    origin = lineage(lake, SERIES, "technical")
    assert (origin.series, origin.family, origin.bars, origin.facts) == ("AAA__1d", "technical", "bars", {"texts": "t"})
    assert (origin.n_rows, origin.n_files, origin.made_at) == (50, 1, clock.now())
    assert (origin.first_event_time, origin.last_event_time) == (
        as_datetime(BARS.event_time[0]),
        as_datetime(BARS.event_time[-1]),
    )
    assert origin.identities == identities(NAMES)
    assert origin.code_version is not None and origin.code_version.startswith(f"{__version__}+")
    assert json.loads(json.dumps(origin.document()))["made_at"] == clock.now().isoformat()


def test_when_it_was_made_is_no_part_of_the_fingerprint(lake: Lake, clock: SimulatedClock) -> None:
    first = write_family(lake, SERIES, "technical", compute(BARS, NAMES))
    clock.advance(timedelta(days=1))
    assert write_family(lake, SERIES, "technical", compute(BARS, NAMES)) == first
    assert lineage(lake, SERIES, "technical").made_at == clock.now()


def test_a_family_that_was_never_computed_has_no_lineage(lake: Lake) -> None:
    with pytest.raises(NotFoundError, match="there is no table"):
        lineage(lake, SERIES, "technical")


def test_an_empty_table_has_a_lineage_without_times(lake: Lake) -> None:
    write_family(lake, SERIES, "technical", compute(BARS.take(slice(0, 0)), NAMES))
    origin = lineage(lake, SERIES, "technical")
    assert (origin.n_rows, origin.first_event_time, origin.document()["last_event_time"]) == (0, None, None)
