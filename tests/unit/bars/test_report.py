"""The document of `trimtab bars check`, in the shape other programs rely on."""

from __future__ import annotations

import json
from pathlib import Path

from trimtab.bars.files import read_bar_file
from trimtab.bars.report import check_file


def test_the_document_has_the_documented_shape(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(
        "symbol,timeframe,ts,open,high,low,close,volume\n"
        "A,1d,2020-01-02,1,1,1,1,1\nA,1d,2020-01-03,1,1,1,1,0\nA,1d,2020-01-06,1,1,1,-1,2\nB,1d,2020-01-06,1,1,1,1,2\n"
    )
    document = check_file(read_bar_file(path))
    assert json.loads(json.dumps(document)) == document
    assert [set(one) for one in document["instruments"]] == [
        {"instrument_id", "timeframe", "bars", "accepted", "quarantined", "flagged", "findings"}
    ] * 2
    first = document["instruments"][0]
    assert (first["instrument_id"], first["timeframe"]) == ("A", "1d")
    assert (first["bars"], first["accepted"], first["quarantined"], first["flagged"]) == (3, 2, 1, 1)
    assert {"check": "zero_volume", "event_time": "2020-01-03T00:00:00Z", "severity": "warning"}.items() <= first[
        "findings"
    ][0].items()
    assert document["columns"]["event_time"] == "ts (dates)"
