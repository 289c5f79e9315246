"""The store of corporate actions: told in time, told late, told differently, withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from fakes.actions import actions_of, listed

from trimtab.bars.actions import Actions
from trimtab.bars.actions.store import ActionStore
from trimtab.bars.schema import TIME
from trimtab.bars.versions import AppendReport
from trimtab.errors import SchemaError
from trimtab.storage.lake import Lake

RECEIVED = datetime(2024, 1, 2, 9, 30, tzinfo=UTC)
LATER = RECEIVED + timedelta(days=1)
SPLIT, DIVIDEND = ("2020-06-01", "split", 2.0), ("2020-03-02", "dividend", 0.5)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def seen(text: str) -> np.datetime64:
    return np.datetime64(text, "us")


@pytest.fixture
def store(lake: Lake) -> ActionStore:
    return ActionStore(lake)


def files(store: ActionStore) -> list[str]:
    return list(store.lake.tables.names("actions"))


def test_an_empty_store_has_no_actions(store: ActionStore) -> None:
    assert store.instruments() == []
    assert len(store.current("AAA")) == 0
    assert len(store.revision_times("AAA")) == 0
    assert store.fingerprint("AAA") is None


def test_actions_of_a_history_loaded_at_once_are_known_at_their_ex_time(store: ActionStore) -> None:
    assert store.append(actions_of(SPLIT, DIVIDEND), RECEIVED, last_seen=None) == AppendReport(2, 0, 0)
    current = store.current("AAA")
    assert listed(current) == [DIVIDEND, SPLIT]
    np.testing.assert_array_equal(current.known_time, current.ex_time)
    assert (current.received_time == np.datetime64("2024-01-02T09:30")).all()
    assert listed(store.as_known_at("AAA", day("2020-05-31"))) == [DIVIDEND]
    assert listed(store.as_known_at("AAA", day("2020-06-01"))) == [DIVIDEND, SPLIT]
    assert len(store.revision_times("AAA")) == 0
    assert store.instruments() == ["AAA"]


def test_the_same_actions_again_change_no_file(store: ActionStore) -> None:
    store.append(actions_of(SPLIT, DIVIDEND), RECEIVED, last_seen=None)
    before = files(store)
    again = store.append(actions_of(DIVIDEND, SPLIT), LATER, last_seen=seen("2024-01-01"))
    assert again == AppendReport(0, 0, unchanged=2)
    assert files(store) == before


def test_an_action_told_before_its_first_bar_is_known_at_its_ex_time(store: ActionStore) -> None:
    store.append(actions_of(SPLIT), RECEIVED, last_seen=seen("2020-05-29"))
    assert store.current("AAA").known_time.tolist() == [datetime(2020, 6, 1)]


@pytest.mark.parametrize("last_seen", ["2020-06-01", "2020-06-05"])
def test_an_action_told_after_bars_of_its_day_were_stored_is_known_from_receipt(
    store: ActionStore, last_seen: str
) -> None:
    store.append(actions_of(SPLIT), RECEIVED, last_seen=seen(last_seen))
    assert len(store.as_known_at("AAA", RECEIVED - timedelta(microseconds=1))) == 0
    assert listed(store.as_known_at("AAA", RECEIVED)) == [SPLIT]
    assert store.revision_times("AAA").tolist() == [datetime(2024, 1, 2, 9, 30)]


def test_a_changed_action_is_a_version_known_from_receipt(store: ActionStore) -> None:
    store.append(actions_of(DIVIDEND), RECEIVED, last_seen=None)
    changed = ("2020-03-02", "dividend", 0.6)
    assert store.append(actions_of(changed), LATER, last_seen=seen("2023-12-29")) == AppendReport(0, 1, 0)
    assert listed(store.as_known_at("AAA", LATER - timedelta(seconds=1))) == [DIVIDEND]
    assert listed(store.current("AAA")) == [changed]
    assert store.history("AAA", day("2020-03-02")).value.tolist() == [0.5, 0.6]
    assert store.revision_times("AAA").tolist() == [datetime(2024, 1, 3, 9, 30)]
    assert listed(store.as_received_at("AAA", RECEIVED)) == [DIVIDEND]
    assert len(store.as_received_at("AAA", RECEIVED - timedelta(seconds=1))) == 0


def test_an_action_that_a_source_stops_telling_stays(store: ActionStore) -> None:
    store.append(actions_of(DIVIDEND, SPLIT), RECEIVED, last_seen=None)
    store.append(actions_of(SPLIT), LATER, last_seen=None)
    store.append(actions_of(), LATER, last_seen=None)
    assert listed(store.current("AAA")) == [DIVIDEND, SPLIT]


@pytest.mark.parametrize(("told", "nothing"), [(SPLIT, 1.0), (DIVIDEND, 0.0)])
def test_an_action_is_withdrawn_by_its_nothing_value_and_can_be_told_again(
    store: ActionStore, told: tuple[str, str, float], nothing: float
) -> None:
    store.append(actions_of(told), RECEIVED, last_seen=None)
    withdrawn = (told[0], told[1], nothing)
    assert store.append(actions_of(withdrawn), LATER, last_seen=None).restated == 1
    assert len(store.current("AAA")) == 0
    assert listed(store.as_known_at("AAA", RECEIVED)) == [told]
    assert store.append(actions_of(withdrawn), LATER, last_seen=None).unchanged == 1
    store.append(actions_of(told), LATER + timedelta(days=1), last_seen=None)
    assert listed(store.current("AAA")) == [told]
    assert len(store.history("AAA")) == 3


def test_withdrawing_what_was_never_told_stores_nothing(store: ActionStore) -> None:
    assert store.append(actions_of(("2020-03-02", "dividend", 0.0)), RECEIVED, last_seen=None) == AppendReport(0, 0, 1)
    assert files(store) == []


def test_a_split_and_a_dividend_of_one_day_are_two_actions(store: ActionStore) -> None:
    both = [("2020-06-01", "dividend", 0.5), SPLIT]
    store.append(actions_of(*both), RECEIVED, last_seen=None)
    store.append(actions_of(("2020-06-01", "dividend", 0.7)), LATER, last_seen=None)
    assert listed(store.current("AAA")) == [("2020-06-01", "dividend", 0.7), SPLIT]


def test_instruments_do_not_share_actions(store: ActionStore) -> None:
    store.append(actions_of(SPLIT), RECEIVED, last_seen=None)
    store.append(actions_of(DIVIDEND, instrument="AA"), RECEIVED, last_seen=None)
    assert store.instruments() == ["AA", "AAA"]
    assert listed(store.current("AAA")) == [SPLIT]


def test_versions_keep_their_order_when_the_clock_was_set_back(store: ActionStore) -> None:
    for value, received in ((0.5, RECEIVED), (0.6, LATER), (0.7, RECEIVED)):
        store.append(actions_of(("2020-03-02", "dividend", value)), received, last_seen=None)
    assert listed(store.current("AAA")) == [("2020-03-02", "dividend", 0.7)]


def test_the_fingerprint_is_of_what_was_told_and_known(store: ActionStore) -> None:
    store.append(actions_of(SPLIT, DIVIDEND), RECEIVED, last_seen=None)
    for told in (DIVIDEND, SPLIT):
        store.append(actions_of(told, instrument="BBB"), LATER, last_seen=None)
    assert store.fingerprint("AAA") == store.fingerprint("BBB")
    store.append(actions_of(("2020-03-02", "dividend", 0.6), instrument="BBB"), LATER, last_seen=None)
    assert store.fingerprint("AAA") != store.fingerprint("BBB")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ((SPLIT, SPLIT), "two splits on 2020-06-01 cannot be stored"),
        ((("2020-06-01", "split", 0.0),), "a split of 0 on 2020-06-01 is impossible"),
        ((("2020-06-01", "dividend", -0.1),), "a dividend of -0.1 on 2020-06-01 is impossible"),
        ((("2020-06-01", "dividend", float("nan")),), "a dividend of nan on 2020-06-01 is impossible"),
        ((("NaT", "split", 2.0),), "an action without an ex-date cannot be stored"),
    ],
)
def test_an_impossible_action_is_refused_and_nothing_of_its_batch_is_stored(
    store: ActionStore, wrong: tuple[tuple[str, str, float], ...], message: str
) -> None:
    with pytest.raises(SchemaError, match=message):
        store.append(actions_of(*wrong, ("2019-01-02", "dividend", 0.1)), RECEIVED, last_seen=None)
    assert files(store) == []


def test_the_parts_are_plain_parquet(store: ActionStore) -> None:
    store.append(actions_of(SPLIT, DIVIDEND), RECEIVED, last_seen=None)
    frame = pd.read_parquet(store.lake.root / "actions" / "AAA")
    assert frame.columns.tolist() == ["instrument_id", "ex_time", "kind", "value", "known_time", "received_time"]
    assert frame[["instrument_id", "kind", "value"]].values.tolist() == [
        ["AAA", "dividend", 0.5],
        ["AAA", "split", 2.0],
    ]
    assert str(frame["ex_time"].dtype) == "datetime64[us, UTC]"


def test_actions_survive_the_way_through_a_table() -> None:
    actions = actions_of(SPLIT, DIVIDEND)
    back = Actions.from_table(actions.to_table(), "AAA")
    for name, array in actions.arrays():
        np.testing.assert_array_equal(getattr(back, name), array)
    assert back.ex_time.dtype == TIME
