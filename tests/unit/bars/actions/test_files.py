"""Files of actions that a person made: what they say, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from fakes.actions import listed

from trimtab.bars.actions.files import read_action_file
from trimtab.errors import SchemaError, SourceError, TrimtabError

HEADER = "instrument,ex_date,kind,value,note\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "actions.csv"
    path.write_text(text)
    return path


def test_the_actions_of_a_csv_file_come_by_instrument(tmp_path: Path) -> None:
    rows = "MSFT,2003-02-18,split,2,\nAAPL,2020-08-31,Split,4,four for one\nAAPL,2020-08-07, dividend ,0.82,\n"
    apple, microsoft = read_action_file(written(tmp_path, HEADER + rows))
    assert (apple.instrument_id, microsoft.instrument_id) == ("AAPL", "MSFT")
    assert listed(apple) == [("2020-08-31", "split", 4.0), ("2020-08-07", "dividend", 0.82)]


def test_an_instrument_whose_name_is_a_number_stays_text(tmp_path: Path) -> None:
    (actions,) = read_action_file(written(tmp_path, HEADER + "0700,2014-05-15,split,5,\n"))
    assert actions.instrument_id == "0700"


@pytest.mark.parametrize(
    "dates", [["2020-08-31"], pd.to_datetime(["2020-08-31"]), pd.to_datetime(["2020-08-31"], utc=True)]
)
def test_a_parquet_file_may_hold_dates_in_any_of_its_types(tmp_path: Path, dates: object) -> None:
    frame = pd.DataFrame({"instrument": ["AAPL"], "ex_date": dates, "kind": ["split"], "value": [4]})
    frame.to_parquet(tmp_path / "actions.parquet")
    (actions,) = read_action_file(tmp_path / "actions.parquet")
    assert listed(actions) == [("2020-08-31", "split", 4.0)]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "instrument,date,kind,value\n",
            SchemaError,
            "has no column 'ex_date' .it has: instrument, date, kind, value.",
        ),
        (HEADER, SourceError, "has columns but no rows"),
        (HEADER + "AAPL,31.8.2020,split,4,\n", SchemaError, "row 1: no date in '31.8.2020'; write 2020-08-31"),
        (HEADER + "AAPL,2020-08-31T09:30,split,4,\n", SchemaError, "row 1: no date .* without a time of day"),
        (HEADER + "AAPL,,split,4,\n", SchemaError, "row 1: no date in ''"),
        (
            HEADER + "AAPL,2020-08-31,split,4,\nAAPL,2020-09-30,spin-off,4,\n",
            SchemaError,
            "row 2: unknown kind 'spin-off'",
        ),
        (HEADER + "AAPL,2020-08-31,split,4:1,\n", SchemaError, "row 1: no number in '4:1'"),
        (HEADER + ",2020-08-31,split,4,\n", SchemaError, "row 1: no instrument"),
        ("", SourceError, "cannot be read"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_row(
    tmp_path: Path, text: str, error: type[TrimtabError], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_action_file(written(tmp_path, text))


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no file"):
        read_action_file(tmp_path / "none.csv")
