"""What the page about the bar store shows can be run and says what it says."""

from __future__ import annotations

import doctest
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from fakes.bars import bars_from_closes

from trimtab.bars.store import MAX_PARTS, BarStore
from trimtab.storage.lake import Lake

PAGE = Path(__file__).resolve().parents[2] / "docs" / "bar_store.md"
RECEIVED = datetime(2024, 1, 2, 9, 30, tzinfo=UTC)
BARS = bars_from_closes([100.0, 100.0, 90.0, 45.0], instrument="AAPL")


@pytest.fixture(autouse=True)
def store(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> BarStore:
    """Four bars, of which the second was restated a day later; the lake is where we are."""
    store, close = BarStore(lake), BARS.close.copy()
    store.append(BARS, RECEIVED)
    close[1] = 101.0
    store.append(replace(BARS, close=close), RECEIVED + timedelta(days=1))
    monkeypatch.chdir(lake.root)
    return store


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("leftovers", [False, True], ids=["plain", "beside what a killed compaction left"])
def test_its_queries_are_the_views_of_the_store(store: BarStore, leftovers: bool) -> None:
    if leftovers:
        parts = {path: path.read_bytes() for path in (store.lake.root / "bars" / "AAPL__1d").glob("*.parquet")}
        store.compact(BARS.series)
        for path, content in parts.items():
            path.write_bytes(content)
    current, known = ([row[6] for row in duckdb.sql(query).fetchall()] for query in blocks("sql"))
    np.testing.assert_array_equal(current, store.stored(BARS.series).close)
    np.testing.assert_array_equal(known, store.as_known_at(BARS.series, RECEIVED).close)


def test_its_python_gives_what_is_printed() -> None:
    (shown,) = blocks("python")
    test = doctest.DocTestParser().get_doctest(shown, {}, "bar_store.md", str(PAGE), 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_it_says_how_many_parts_are_allowed() -> None:
    assert f"More than {MAX_PARTS} parts" in PAGE.read_text()
