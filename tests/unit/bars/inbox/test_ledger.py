"""What was processed, by content."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trimtab.bars.inbox.ledger import InboxLedger, Processed, SeriesTaken
from trimtab.storage.lake import Lake

NOW = datetime(2024, 1, 2, 3, tzinfo=UTC)
A, B = "a" * 64, "b" * 64


def processed(content: str, name: str = "bars.csv", hours: int = 0) -> Processed:
    series = (SeriesTaken("AAA__1d", fetched=10, new=7, restated=1, unchanged=1, quarantined=1),)
    return Processed(content, name, 1234, NOW + timedelta(hours=hours), NOW + timedelta(days=1), series)


def test_what_was_recorded_is_read_back_as_it_was(lake: Lake) -> None:
    ledger = InboxLedger(lake)
    assert ledger.last(A) is None
    ledger.record(processed(A))
    assert InboxLedger(lake).last(A) == processed(A)


def test_a_content_is_known_under_any_name(lake: Lake) -> None:
    ledger = InboxLedger(lake)
    ledger.record(processed(A))
    assert ledger.find("another name.csv", A) == processed(A)
    assert ledger.find("bars.csv", B) is None


def test_a_content_that_comes_back_under_its_name_after_another_counts_again(lake: Lake) -> None:
    ledger = InboxLedger(lake)
    ledger.record(processed(A))
    ledger.record(processed(B, hours=1))
    assert ledger.find("bars.csv", B) is not None
    assert ledger.find("bars.csv", A) is None
    ledger.record(processed(A, hours=2))
    assert ledger.find("bars.csv", A) == processed(A, hours=2)
    assert [each.content for each in ledger.entries()] == [A, B, A]
    assert ledger.last(A) == processed(A, hours=2)


def test_an_entry_is_never_changed(lake: Lake) -> None:
    ledger = InboxLedger(lake)
    ledger.record(processed(A))
    (path,) = (lake.root / "inbox_ledger" / "processed").rglob("*.json")
    first = path.read_bytes()
    ledger.record(processed(A, hours=1))
    assert path.read_bytes() == first
