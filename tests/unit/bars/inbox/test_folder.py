"""A look at the inbox: what is ready, what waits, what is bad, what is done."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.deliveries import csv_bytes, deliver, parquet_bytes

from trimtab.bars.inbox import Delivery, Inbox, InboxScan, Processed, folder
from trimtab.clock import SimulatedClock
from trimtab.errors import ConfigurationError, SourceError
from trimtab.storage.lake import Lake

BARS = random_walk(30)
PARQUET, CSV = parquet_bytes(BARS), csv_bytes(BARS)
SETTLED, STALLED = timedelta(seconds=11), timedelta(hours=1, seconds=11)


@pytest.fixture
def inbox(lake: Lake, tmp_path: Path) -> Inbox:
    return Inbox(lake, tmp_path / "inbox")


def scan(inbox: Inbox, later: timedelta = SETTLED) -> InboxScan:
    return inbox.scan(datetime.now(UTC) + later)


def waiting(found: InboxScan) -> dict[str, str]:
    return {each.path.name: each.why for each in found.waiting}


def refused(found: InboxScan) -> dict[str, str]:
    return {each.path.name: each.reason for each in found.refused}


def record(inbox: Inbox, delivery: Delivery, unknown_until: datetime | None = None) -> None:
    now = inbox.lake.clock.now()
    inbox.ledger.record(Processed(delivery.content, delivery.name, delivery.n_bytes, now, unknown_until, ()))


def test_a_folder_that_is_not_there_holds_nothing(inbox: Inbox) -> None:
    assert scan(inbox) == InboxScan()


def test_an_inbox_that_is_a_file_is_refused(inbox: Inbox) -> None:
    inbox.folder.write_text("")
    with pytest.raises(ConfigurationError, match="is a file; give a folder"):
        scan(inbox)


def test_a_written_file_is_ready_and_a_young_one_waits(inbox: Inbox) -> None:
    deliver(inbox.folder, "bars.parquet", PARQUET)
    assert "must be left alone for 10 s" in waiting(scan(inbox, timedelta(seconds=2)))["bars.parquet"]
    (ready,) = scan(inbox).ready
    assert (ready.name, ready.n_bytes, ready.processed) == ("bars.parquet", len(PARQUET), None)


def test_ready_files_come_in_the_order_of_their_delivery(inbox: Inbox) -> None:
    for n, name in enumerate(("c.csv", "a.csv", "b.csv")):
        deliver(inbox.folder, name, csv_bytes(random_walk(10, seed=n)))
    assert [each.name for each in scan(inbox).ready] == ["c.csv", "a.csv", "b.csv"]


@pytest.mark.parametrize(("name", "cut"), [("a.parquet", PARQUET[:-20]), ("a.csv.gz", gzip.compress(CSV)[:-20])])
def test_a_half_written_file_waits_an_hour_and_is_bad_then(inbox: Inbox, name: str, cut: bytes) -> None:
    deliver(inbox.folder, name, cut)
    assert "without its end; it is waited for" in waiting(scan(inbox))[name]
    assert "without its end, and nobody has touched it for an hour" in refused(scan(inbox, STALLED))[name]
    deliver(inbox.folder, name, {"a.parquet": PARQUET, "a.csv.gz": gzip.compress(CSV)}[name])
    assert [each.name for each in scan(inbox).ready] == [name]


def test_a_csv_without_its_last_line_break_waits_an_hour_and_is_taken_then(inbox: Inbox) -> None:
    deliver(inbox.folder, "a.csv", CSV.rstrip())
    assert "no line break" in waiting(scan(inbox))["a.csv"]
    assert [each.name for each in scan(inbox, STALLED).ready] == ["a.csv"]


def test_an_empty_file_waits_an_hour_and_is_bad_then(inbox: Inbox) -> None:
    deliver(inbox.folder, "a.csv", b"")
    assert "it is empty" in waiting(scan(inbox))["a.csv"]
    assert "it is empty" in refused(scan(inbox, STALLED))["a.csv"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"date,price\n2020-01-02,1\n", "has no column for open, high, low, close"),
        (b"date,open,high,low,close,volume\n2020-01-02 10:00,1,1,1,1,1\n2020-01-02 11:00,1,1,1,1,1\n", "zone"),
        (b"date,open,high,low,close,volume\n", "no rows"),
        (b"date,open,high,low,close,volume\n2020-01-02,1,1,1,1,1\n2020-01-03,1,1\n", "cannot be read"),
        (b"a,date,open,high,low,close,volume\n\xff\xfe\x00\n", "cannot be read"),
        (CSV.replace(b"AAA", b"A|B"), "cannot name a series"),
        (CSV.replace(b"1d", b"9d"), "unknown timeframe '9d'"),
    ],
)
def test_a_file_that_cannot_be_used_is_bad_for_one_reason(inbox: Inbox, content: bytes, reason: str) -> None:
    deliver(inbox.folder, "bad.csv", content)
    found = scan(inbox)
    assert reason in refused(found)["bad.csv"]
    assert "\n" not in refused(found)["bad.csv"]
    assert found.ready == ()


def test_a_bad_file_lies_where_it_is_until_it_is_set_aside(inbox: Inbox) -> None:
    path = deliver(inbox.folder, "bad.csv", b"date,price\n2020-01-02,1\n")
    (bad,) = scan(inbox).refused
    assert path.exists()
    moved = inbox.set_aside(bad)
    assert scan(inbox) == InboxScan(set_aside=(moved,))
    assert not path.exists()


def test_what_is_no_bar_file_waits_and_what_is_hidden_or_in_a_folder_is_not_looked_at(inbox: Inbox) -> None:
    for name in ("notes.txt", "bars.csv.part", ".hidden.csv"):
        deliver(inbox.folder, name, CSV)
    deliver(inbox.folder / "folder.csv", "bars.csv", CSV)
    found = scan(inbox)
    assert sorted(waiting(found)) == ["bars.csv.part", "notes.txt"]
    assert found.ready == ()


def test_a_done_file_stays_and_is_done(inbox: Inbox) -> None:
    path = deliver(inbox.folder, "bars.parquet", PARQUET)
    record(inbox, scan(inbox).ready[0])
    found = scan(inbox)
    assert (found.ready, [each.name for each in found.done]) == ((), ["bars.parquet"])
    assert path.exists()


def test_the_same_content_under_another_name_is_done_and_other_content_under_the_same_name_is_not(inbox: Inbox) -> None:
    deliver(inbox.folder, "bars.parquet", PARQUET)
    record(inbox, scan(inbox).ready[0])
    deliver(inbox.folder, "again.parquet", PARQUET)
    assert [each.name for each in scan(inbox).done] == ["bars.parquet", "again.parquet"]
    deliver(inbox.folder, "bars.parquet", parquet_bytes(random_walk(31)))
    assert [each.name for each in scan(inbox).ready] == ["bars.parquet"]


def test_a_file_that_is_put_back_to_an_earlier_state_is_ready_again(inbox: Inbox) -> None:
    for content in (PARQUET, parquet_bytes(random_walk(31)), PARQUET):
        deliver(inbox.folder, "bars.parquet", content)
        (ready,) = scan(inbox).ready
        record(inbox, ready)
        assert scan(inbox).ready == ()


def test_a_file_with_bars_not_yet_known_is_ready_again_when_they_are(inbox: Inbox, clock: SimulatedClock) -> None:
    deliver(inbox.folder, "bars.parquet", PARQUET)
    later = clock.now() + timedelta(hours=3)
    record(inbox, scan(inbox).ready[0], unknown_until=later)
    found = scan(inbox)
    assert (found.ready, found.quiet_until) == ((), later)
    clock.advance(timedelta(hours=3))
    (ready,) = scan(inbox).ready
    assert ready.processed is not None


def test_an_opened_file_is_not_read_again_until_it_changes(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    path = deliver(inbox.folder, "bars.parquet", PARQUET)
    opened = []
    monkeypatch.setattr(folder, "content_of", lambda path: opened.append(path) or "c" * 64)
    before = scan(inbox)
    assert scan(inbox) == before
    assert len(opened) == 1
    os.utime(path, (1e9, 1e9))
    assert len(scan(inbox).ready) == 1
    assert len(opened) == 2


@pytest.mark.parametrize("cost", [0, 10 * len(PARQUET)])
def test_a_look_opens_so_much_and_no_more(inbox: Inbox, monkeypatch: pytest.MonkeyPatch, cost: int) -> None:
    monkeypatch.setattr(folder, "COST_OF_OPENING_BYTES", cost)
    monkeypatch.setattr(folder, "MAX_OPENED_BYTES", max(len(PARQUET), cost) + 1)
    for name in ("a.parquet", "b.parquet", "c.parquet", "d.parquet"):
        deliver(inbox.folder, name, PARQUET)
    looks = [scan(inbox) for _ in range(3)]
    assert [len(found.ready) for found in looks] == [2, 4, 4]
    assert waiting(looks[0])["d.parquet"] == "its turn comes at the next look"


def test_a_very_large_file_is_judged_when_it_is_taken(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MAX_JUDGED_BYTES", 5)
    deliver(inbox.folder, "bad.csv", b"date,price\n2020-01-02,1\n")
    assert [each.name for each in scan(inbox).ready] == ["bad.csv"]


def test_a_file_that_breaks_the_reader_in_a_new_way_keeps_nobody_waiting(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(inbox.folder, "bars.parquet", PARQUET)
    monkeypatch.setattr(folder, "BarFiles", lambda *_: {}["unheard of"])
    assert refused(scan(inbox))["bars.parquet"] == "bars.parquet cannot be read (KeyError: 'unheard of')"


def test_a_delivery_is_taken_as_a_copy_that_is_gone_afterwards(inbox: Inbox) -> None:
    path = deliver(inbox.folder, "bars.parquet", PARQUET)
    (delivery,) = scan(inbox).ready
    with inbox.taken(delivery) as copy:
        path.write_bytes(b"overwritten meanwhile")
        assert copy.read_bytes() == PARQUET
    assert not copy.exists()
    assert list((inbox.lake.root / "inbox_ledger" / "taken").iterdir()) == []


def test_a_delivery_that_is_no_longer_what_it_was_is_not_taken(inbox: Inbox) -> None:
    path = deliver(inbox.folder, "bars.parquet", PARQUET)
    (delivery,) = scan(inbox).ready
    path.write_bytes(PARQUET + b"more")
    with pytest.raises(SourceError, match="was changed while it was taken"), inbox.taken(delivery):
        pass
    path.unlink()
    with pytest.raises(SourceError, match="was taken away from the inbox"), inbox.taken(delivery):
        pass


def test_a_delivery_is_asked_for_by_its_plain_name(inbox: Inbox) -> None:
    deliver(inbox.folder, "bars.parquet", PARQUET)
    assert inbox.delivery("bars.parquet").content == scan(inbox).ready[0].content
    with pytest.raises(SourceError, match="give the name without a folder"):
        inbox.delivery("../bars.parquet")
    with pytest.raises(SourceError, match="deliver it again"):
        inbox.delivery("other.parquet")


def test_a_delivery_that_was_set_aside_meanwhile_says_why(inbox: Inbox) -> None:
    deliver(inbox.folder, "bad.csv", b"date,price\n2020-01-02,1\n")
    inbox.set_aside(scan(inbox).refused[0])
    with pytest.raises(SourceError, match=r"bad\.csv was set aside: .* has no column for open"):
        inbox.delivery("bad.csv")


def test_the_listing_changes_with_any_file_and_with_nothing_else(inbox: Inbox) -> None:
    seen = [inbox.listing()]
    path = deliver(inbox.folder, "bars.parquet", PARQUET)
    seen.append(inbox.listing())
    scan(inbox)
    assert inbox.listing() == seen[-1]
    path.write_bytes(PARQUET)
    seen.append(inbox.listing())
    path.unlink()
    assert inbox.listing() == seen[0]
    assert len(np.unique(seen)) == 3
