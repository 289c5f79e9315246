from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from trimtab.facts import Texts
from trimtab.facts.store import FactStore
from trimtab.facts.tables import point_lengths, texts_of, texts_table
from trimtab.storage.lake import Lake


def embedded(first_day: int, *points: list[float]) -> Texts:
    """A text a day, each with a point."""
    days = np.datetime64("2024-01-01", "us") + (first_day + np.arange(len(points))) * np.timedelta64(
        86_400_000_000, "us"
    )
    words = [f"text {first_day + k}" for k in range(len(points))]
    return Texts.build("AAA", days, ["news"] * len(points), words, embedding=np.array(points, np.float32))


def test_texts_come_back_with_their_points() -> None:
    texts = embedded(0, [1.0, 2.0], [0.0, 0.0])
    np.testing.assert_array_equal(texts_of(texts_table(texts), "AAA").embedding, texts.embedding)
    none = Texts.build("AAA", ["2024-01-01"], ["news"])
    assert texts_of(texts_table(none), "AAA").embedding.shape == (1, 0)
    assert len(texts_of(texts_table(Texts.empty("AAA")), "AAA")) == 0


def test_texts_of_another_embedder_leave_the_stored_points_as_they_were(lake: Lake) -> None:
    store = FactStore(lake)
    store.append_texts(embedded(0, [1.0, 2.0], [3.0, 4.0]), datetime(2024, 2, 1, tzinfo=UTC))
    store.append_texts(embedded(2, [5.0, 6.0, 7.0]), datetime(2024, 2, 2, tzinfo=UTC))
    nan = np.nan
    held = store.texts("AAA").embedding
    np.testing.assert_array_equal(held, np.array([[1, 2, nan], [3, 4, nan], [5, 6, 7]], np.float32))
    store.append_texts(embedded(3, [8.0]), datetime(2024, 2, 3, tzinfo=UTC))
    np.testing.assert_array_equal(store.texts("AAA").embedding[:3], held)
    assert point_lengths(store.texts("AAA").embedding).tolist() == [2, 2, 3, 1]


def test_the_filling_of_short_points_is_not_stored() -> None:
    table = texts_table(embedded(0, [1.0, np.nan], [1.0, 2.0], [np.nan, 2.0], [np.nan, np.nan]))
    assert [len(point) for point in table["embedding"].to_pylist()] == [1, 2, 2, 0]
