"""`trimtab bars inbox` as a person or a program uses it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fakes.bars import random_walk
from fakes.deliveries import csv_bytes, deliver, parquet_bytes
from fakes.strategies import write_strategy
from typer.testing import CliRunner

from trimtab.bars.inbox import InboxLedger
from trimtab.cli.bars.inbox import app
from trimtab.errors import StorageError

BARS = random_walk(40)
BAD = b"date,price\n2020-01-02,1\n"


@pytest.fixture(autouse=True)
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    strategies = write_strategy(tmp_path / "strategies", universe={"source": "inbox", "instruments": ["AAA"]})
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(strategies))
    monkeypatch.setenv("TRIMTAB_INBOX_DIR", str(tmp_path / "inbox"))
    monkeypatch.setenv("TRIMTAB_INBOX_SETTLE_SECONDS", "0")
    monkeypatch.setenv("COLUMNS", "300")
    return tmp_path / "inbox"


def shown(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.exception or result.output
    return str(result.stdout)


def document(command: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shown(command, "--json"))
    return found


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["file"] for row in rows]


def fill(inbox: Path) -> None:
    """One file of every kind."""
    deliver(inbox, "good.parquet", parquet_bytes(BARS))
    deliver(inbox, "bad.csv", BAD)
    deliver(inbox, "half.parquet", parquet_bytes(BARS)[:900])


def test_a_missing_and_an_empty_inbox_are_said(inbox: Path) -> None:
    assert f"There is no folder {inbox}; make it" in shown("list")
    assert f"Nothing in {inbox} is ready." in shown("ingest")
    inbox.mkdir()
    assert f"The inbox {inbox} is empty." in shown("list")
    assert document("list") == {"inbox": str(inbox), "ready": [], "waiting": [], "set_aside": [], "done": []}


def test_the_list_says_what_will_happen_and_changes_nothing(inbox: Path) -> None:
    fill(inbox)
    found = document("list")
    assert names(found["ready"]) == ["good.parquet"]
    why = {row["file"]: row["why"] for row in found["waiting"]}
    assert "without its end" in why["half.parquet"]
    assert re.match(r"it is about to be set aside: .* has no column for open", why["bad.csv"])
    assert sorted(path.name for path in inbox.iterdir()) == ["bad.csv", "good.parquet", "half.parquet"]


def test_what_is_ready_is_ingested_and_what_is_bad_is_set_aside(inbox: Path) -> None:
    fill(inbox)
    done = document("ingest")
    (row,) = done["ingested"]
    assert (row["file"], row["series"], row["new"], row["warnings"]) == ("good.parquet", ["AAA__1d"], 40, [])
    assert names(done["set_aside"]) == ["bad.csv"]
    assert names(done["waiting"]) == ["half.parquet"]
    found = document("list")
    assert (names(found["done"]), names(found["ready"])) == (["good.parquet"], [])
    assert found["done"][0]["content"] == row["content"]
    assert names(found["set_aside"]) == ["bad.csv"]
    assert document("ingest")["ingested"] == []


def test_files_are_ingested_in_the_order_of_their_delivery(inbox: Path) -> None:
    for name, n in (("c.csv", 40), ("a.csv", 41), ("b.csv", 42)):
        deliver(inbox, name, csv_bytes(BARS if n == 40 else random_walk(n)))
    assert names(document("ingest")["ingested"]) == ["c.csv", "a.csv", "b.csv"]


def test_people_read_tables(inbox: Path) -> None:
    fill(inbox)
    assert "Ready in" in shown("list")
    said = shown("ingest")
    assert "good.parquet" in said
    assert "AAA__1d" in said
    assert "has no column for open" in said
    assert "Done in" in shown("list")


def test_a_lake_that_cannot_be_written_is_an_error_and_the_file_stays_ready(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(inbox, "good.parquet", parquet_bytes(BARS))

    def full(*_: Any) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(InboxLedger, "record", full)
        assert isinstance(CliRunner().invoke(app, ["ingest"]).exception, StorageError)
    assert names(document("list")["ready"]) == ["good.parquet"]
