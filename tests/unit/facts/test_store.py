from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations

import numpy as np
import pytest

from trimtab.errors import ConfigurationError, SchemaError, UnknownNameError
from trimtab.facts import Figures, Texts
from trimtab.facts.schema import arrays_of
from trimtab.facts.store import FactStore
from trimtab.facts.versions import AppendReport, known_by
from trimtab.storage.lake import Lake

RECEIVED = datetime(2024, 1, 2, tzinfo=UTC)
LATER = datetime(2024, 3, 4, 5, 6, tzinfo=UTC)


def filed(
    value: float, known: str, end: str = "2020-12-31", concept: str = "net_income", start: str = "2020-01-01"
) -> Figures:
    return Figures.build("AAA", [concept], [start], [end], [value], [known], document=[f"filing of {known}"])


def texts(score: float = 0.5, scorer: str = "one", words: str = "up", d: int = 2) -> Texts:
    points = np.full((1, d), 0.25, np.float32)
    return Texts.build("AAA", ["2020-01-01T10:00"], ["news"], [words], [score], [0.5], [scorer], points)


def values(store: FactStore) -> list[tuple[float, str]]:
    figures = store.figures("AAA")
    return [(float(v), str(k)[:10]) for v, k in zip(figures.value, figures.known_time, strict=True)]


@pytest.fixture
def store(lake: Lake) -> FactStore:
    return FactStore(lake)


def test_an_empty_store_has_nothing_and_says_so_without_an_error(store: FactStore) -> None:
    assert (len(store.figures("AAA")), len(store.texts("AAA"))) == (0, 0)
    assert (store.instruments(), store.content("AAA"), store.fingerprint("AAA")) == ([], (), {})


def test_what_was_stored_is_read_back_column_by_column(store: FactStore) -> None:
    figures = filed(4.0, "2021-02-01")
    store.append_figures(figures, RECEIVED)
    for name, array in arrays_of(store.figures("AAA")):
        expected = np.array(["2024-01-02"], "datetime64[us]") if name == "received_time" else getattr(figures, name)
        np.testing.assert_array_equal(array, expected)
    store.append_texts(texts(), RECEIVED)
    for name, array in arrays_of(store.texts("AAA")):
        expected = np.array(["2024-01-02"], "datetime64[us]") if name == "received_time" else getattr(texts(), name)
        np.testing.assert_array_equal(array, expected)
    assert store.instruments() == ["AAA"]
    assert set(store.fingerprint("AAA")) == {"figures", "texts"}


def test_figures_told_again_change_nothing(store: FactStore) -> None:
    assert store.append_figures(filed(4.0, "2021-02-01"), RECEIVED) == AppendReport(new=1, restated=0, unchanged=0)
    before = store.content("AAA")
    assert store.append_figures(filed(4.0, "2021-02-01"), LATER) == AppendReport(new=0, restated=0, unchanged=1)
    assert store.content("AAA") == before


def test_a_value_filed_again_is_no_version_and_is_written_once(store: FactStore) -> None:
    store.append_figures(filed(4.0, "2021-02-01"), RECEIVED)
    fingerprint = store.fingerprint("AAA")
    again = filed(4.0, "2022-02-01")
    assert store.append_figures(again, LATER) == AppendReport(new=0, restated=0, unchanged=1)
    assert values(store) == [(4.0, "2021-02-01")] and store.fingerprint("AAA") == fingerprint
    written = store.content("AAA")
    assert store.append_figures(again, LATER) == AppendReport(new=0, restated=0, unchanged=1)
    assert store.content("AAA") == written


def test_a_restatement_loaded_late_ends_where_the_old_value_was_filed_again(store: FactStore) -> None:
    store.append_figures(filed(4.0, "2021-01-10"), RECEIVED)
    store.append_figures(filed(4.0, "2021-03-10"), RECEIVED)
    store.append_figures(filed(4.0, "2021-05-10"), RECEIVED)
    store.compact("AAA")
    assert store.append_figures(filed(6.0, "2021-02-10"), LATER) == AppendReport(new=0, restated=1, unchanged=0)
    assert values(store) == [(4.0, "2021-01-10"), (6.0, "2021-02-10"), (4.0, "2021-03-10")]


def test_a_restatement_is_known_from_its_own_filing(store: FactStore) -> None:
    store.append_figures(filed(4.0, "2021-02-01"), RECEIVED)
    assert store.append_figures(filed(6.0, "2022-02-01"), LATER).restated == 1
    assert values(store) == [(4.0, "2021-02-01"), (6.0, "2022-02-01")]
    assert known_by(store.figures("AAA"), np.datetime64("2021-12-31", "us")).value.tolist() == [4.0]
    assert known_by(store.figures("AAA"), np.datetime64("2022-02-01", "us")).value.tolist() == [6.0]


def test_an_earlier_filing_loaded_late_takes_its_place_in_the_past(store: FactStore) -> None:
    store.append_figures(filed(6.0, "2022-02-01"), RECEIVED)
    assert store.append_figures(filed(4.0, "2021-02-01"), LATER).restated == 1
    assert values(store) == [(4.0, "2021-02-01"), (6.0, "2022-02-01")]


def test_the_same_value_filed_earlier_makes_it_known_earlier(store: FactStore) -> None:
    store.append_figures(filed(6.0, "2022-02-01"), RECEIVED)
    store.append_figures(filed(6.0, "2021-02-01"), LATER)
    assert values(store) == [(6.0, "2021-02-01")]


def test_a_correction_nobody_dated_is_known_from_when_it_was_received(store: FactStore) -> None:
    store.append_figures(filed(4.0, "2021-02-01"), RECEIVED)
    assert store.append_figures(filed(5.0, "2021-02-01"), LATER).restated == 1
    assert values(store) == [(4.0, "2021-02-01"), (5.0, "2024-03-04")]
    written = store.content("AAA")
    much_later = datetime(2025, 1, 1, tzinfo=UTC)
    assert store.append_figures(filed(5.0, "2021-02-01"), much_later).unchanged == 1
    assert store.content("AAA") == written  # it is known already, and nobody stated it at another time


def test_levels_of_one_day_are_one_figure_though_they_have_no_beginning(store: FactStore) -> None:
    level = filed(4.0, "2021-02-01", concept="assets", start="NaT")
    store.append_figures(level, RECEIVED)
    assert store.append_figures(level, LATER).unchanged == 1
    assert (
        store.append_figures(replace(level, value=np.array([5.0]), known_time=level.known_time + 1), LATER).restated
        == 1
    )


def test_whichever_filing_comes_first_the_store_says_the_same(
    lake: Lake, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = [
        *(filed(4.0, "2021-02-01"), filed(6.0, "2022-02-01"), filed(4.0, "2023-02-01"), filed(4.0, "2023-05-01")),
        filed(1.0, "2021-05-01", "2021-03-31"),
    ]
    found = set()
    for number, order in enumerate(permutations(told)):
        store = FactStore(replace(lake, tables=replace(lake.tables, root=lake.root / str(number))))
        for figures in order:
            store.append_figures(figures, RECEIVED)
        found.add(store.fingerprint("AAA")["figures"])
    assert len(found) == 1


def test_when_facts_were_received_is_not_part_of_what_they_say(lake: Lake) -> None:
    one, other = (FactStore(replace(lake, tables=replace(lake.tables, root=lake.root / name))) for name in "ab")
    for store, moment in ((one, RECEIVED), (other, LATER)):
        store.append_figures(filed(4.0, "2021-02-01"), moment)
        store.append_texts(texts(), moment)
    assert one.fingerprint("AAA") == other.fingerprint("AAA")
    other.append_texts(texts(words="down"), LATER)
    assert one.fingerprint("AAA")["figures"] == other.fingerprint("AAA")["figures"]
    assert one.fingerprint("AAA")["texts"] != other.fingerprint("AAA")["texts"]


def test_texts_told_again_change_nothing(store: FactStore) -> None:
    assert store.append_texts(texts(), RECEIVED) == AppendReport(new=1, restated=0, unchanged=0)
    assert store.append_texts(texts(), LATER) == AppendReport(new=0, restated=0, unchanged=1)
    assert len(store.content("AAA")) == 1


@pytest.mark.parametrize("again", [texts(score=0.6), texts(scorer="two"), texts(d=3)])
def test_a_text_scored_again_is_known_from_when_that_was_received(store: FactStore, again: Texts) -> None:
    store.append_texts(texts(), RECEIVED)
    assert store.append_texts(again, LATER).restated == 1
    stored = store.texts("AAA")
    assert [str(time)[:16] for time in stored.known_time] == ["2020-01-01T10:00", "2024-03-04T05:06"]
    assert store.append_texts(again, LATER).unchanged == 1


def test_two_texts_of_one_moment_are_two(store: FactStore) -> None:
    store.append_texts(texts(), RECEIVED)
    assert store.append_texts(texts(words="down"), RECEIVED).new == 1
    assert sorted(store.texts("AAA").text) == ["down", "up"]


def test_points_of_another_embedder_stay_as_they_were_beside_the_newest(store: FactStore) -> None:
    store.append_texts(texts(d=2), RECEIVED)
    store.append_texts(texts(words="down", d=3), LATER)
    stored = store.texts("AAA")
    assert stored.embedding.shape == (2, 3)
    by_words = dict(zip(stored.text, stored.embedding, strict=True))
    np.testing.assert_array_equal(by_words["up"], [0.25, 0.25, np.nan])
    assert (by_words["down"] == 0.25).all()


def test_a_thousand_small_appends_stay_a_few_files_and_lose_nothing(lake: Lake) -> None:
    store = FactStore(lake, max_parts=4)
    for day in range(60):
        end = str(np.datetime64("2020-01-01") + day)
        store.append_figures(filed(float(day), "2021-02-01", end, "assets", "NaT"), RECEIVED)
        assert len(store.content("AAA")) <= 6
    assert store.figures("AAA").value.tolist() == [float(day) for day in range(60)]


def test_compaction_changes_neither_versions_nor_fingerprint(store: FactStore) -> None:
    for value, known in ((4.0, "2021-02-01"), (6.0, "2022-02-01"), (5.0, "2023-02-01")):
        store.append_figures(filed(value, known), RECEIVED)
        store.append_texts(texts(score=value / 10.0), RECEIVED)
    before = values(store), store.fingerprint("AAA")
    assert store.compact("AAA") == 2
    assert (values(store), store.fingerprint("AAA")) == before
    assert store.append_figures(filed(5.0, "2023-02-01"), LATER).unchanged == 1


def test_a_bad_figure_stores_nothing_of_its_batch(store: FactStore) -> None:
    good, bad = filed(4.0, "2021-02-01"), filed(np.nan, "2021-02-01", concept="revenue")
    batch = Figures.build("AAA", *(np.concatenate([getattr(good, n), getattr(bad, n)]) for n in ("concept", "period_start", "period_end", "value", "known_time")))  # fmt: skip
    with pytest.raises(SchemaError, match="revenue of 2020-12-31 has no value"):
        store.append_figures(batch, RECEIVED)
    assert store.content("AAA") == ()


def test_a_name_that_no_folder_may_have_is_refused(store: FactStore) -> None:
    with pytest.raises(ConfigurationError, match="cannot name a series"):
        store.append_figures(replace(filed(1.0, "2021-02-01"), instrument_id="../AAA"), RECEIVED)


def test_a_time_without_zone_is_refused(store: FactStore) -> None:
    with pytest.raises(SchemaError, match="carries no time zone"):
        store.append_figures(filed(1.0, "2021-02-01"), datetime(2024, 1, 1))


def test_parts_left_behind_by_a_killed_compaction_are_ignored_and_then_removed(store: FactStore) -> None:
    for value, known in ((4.0, "2021-02-01"), (6.0, "2022-02-01")):
        store.append_figures(filed(value, known), RECEIVED)
    parts = {store.lake.tables.path(name): store.lake.tables.path(name).read_bytes() for name in store.content("AAA")}
    store.compact("AAA")
    for path, content in parts.items():
        path.write_bytes(content)  # as if it had been killed before it deleted them
    assert len(store.content("AAA")) == 3
    assert values(store) == [(4.0, "2021-02-01"), (6.0, "2022-02-01")]
    store.append_figures(filed(5.0, "2023-02-01"), LATER)
    assert len(store.content("AAA")) == 2
    assert values(store) == [(4.0, "2021-02-01"), (6.0, "2022-02-01"), (5.0, "2023-02-01")]


def fill(store: FactStore) -> None:
    """Two versions of a figure and of a text about AAA, in a compacted part and later ones; one figure about BBB."""
    store.append_figures(filed(4.0, "2021-02-01"), RECEIVED)
    store.append_figures(filed(5.0, "2022-02-01"), RECEIVED)
    store.append_texts(texts(), RECEIVED)
    store.append_texts(texts(score=0.6), LATER)
    store.compact("AAA")
    store.append_figures(filed(6.0, "2023-02-01"), RECEIVED)
    store.append_figures(replace(filed(1.0, "2021-02-01"), instrument_id="BBB"), RECEIVED)


def test_what_is_forgotten_is_gone_and_told_again_is_as_new(store: FactStore) -> None:
    fill(store)
    others = store.fingerprint("BBB")
    assert store.forget("AAA") == {"figures": 3, "texts": 2}
    assert (store.content("AAA"), store.instruments(), store.fingerprint("AAA")) == ((), ["BBB"], {})
    assert store.fingerprint("BBB") == others
    assert store.forget("AAA") == {"figures": 0, "texts": 0}
    assert store.append_figures(filed(40.0, "2021-02-01"), LATER) == AppendReport(new=1, restated=0, unchanged=0)
    assert values(store) == [(40.0, "2021-02-01")]


def test_figures_can_be_forgotten_without_the_texts_and_texts_without_the_figures(store: FactStore) -> None:
    fill(store)
    assert store.forget("AAA", ("texts",)) == {"texts": 2}
    assert (len(store.figures("AAA")), len(store.texts("AAA"))) == (3, 0)
    assert store.append_texts(texts(d=5), LATER).new == 1
    assert store.forget("AAA", ("figures",)) == {"figures": 3}
    assert (len(store.figures("AAA")), len(store.texts("AAA"))) == (0, 1)
    assert store.texts("AAA").embedding.shape == (1, 5)
    with pytest.raises(UnknownNameError, match="unknown kind of facts 'text'; did you mean 'texts'"):
        store.forget("AAA", ("text",))


class _KilledError(Exception):
    """Stands for SIGKILL between two steps on the disk."""


@pytest.mark.parametrize("steps", range(8))
def test_killed_at_any_step_of_forgetting_an_instrument_is_known_whole_or_not_at_all(
    store: FactStore, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    fill(store)
    done, tables = 0, type(store.lake.tables)

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object) -> object:
            nonlocal done
            if done == steps:
                raise _KilledError
            done += 1
            return real(*arguments)

        return step

    with monkeypatch.context() as patched:
        for name in ("write", "delete"):
            patched.setattr(tables, name, counted(getattr(tables, name)))
        try:
            store.forget("AAA")
        except _KilledError:
            pass
        else:
            assert steps >= 7  # one write of each kind, five deletions
    assert len(store.figures("AAA")) in (0, 3) and len(store.texts("AAA")) in (0, 2)
    assert ("AAA" in store.instruments()) == bool(len(store.figures("AAA")) + len(store.texts("AAA")))
    again = FactStore(store.lake)
    again.append_figures(filed(4.0, "2021-02-01", "2019-12-31", start="2019-01-01"), LATER)  # whoever comes next
    assert len(again.figures("AAA")) in (1, 4)
    again.forget("AAA")
    assert again.content("AAA") == ()
