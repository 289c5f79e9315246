"""Tables for people and documents for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from trimtab.cli.json_text import clean
from trimtab.cli.output import column_cells, fit_widths, print_json, print_table, shown


def test_unknown_numbers_are_null_and_times_are_utc(capsys: pytest.CaptureFixture[str]) -> None:
    berlin = timezone(timedelta(hours=2))
    print_json(
        {
            "sharpe": float("nan"),
            "limit": np.float64("inf"),
            "bars": np.int64(3),
            "made": datetime(2024, 6, 1, 2, tzinfo=berlin),
            "folds": (np.float32(0.5), None),
            "path": Path("a/b"),
        }
    )
    assert json.loads(capsys.readouterr().out) == {
        "sharpe": None, "limit": None, "bars": 3, "made": "2024-06-01T00:00:00Z", "folds": [0.5, None], "path": "a/b",
    }  # fmt: skip


def test_booleans_stay_booleans() -> None:
    assert clean({"passed": np.bool_(True), "failed": False}) == {"passed": True, "failed": False}


def test_days_are_shown_without_a_time_of_day_unless_one_has_it() -> None:
    midnight, morning = datetime(2024, 1, 2, tzinfo=UTC), datetime(2024, 1, 2, 9, 30, tzinfo=UTC)
    assert column_cells([midnight, None]) == ["2024-01-02", "–"]
    assert column_cells([midnight, morning]) == ["2024-01-02 00:00", "2024-01-02 09:30"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"), (12345, "12,345"), (float("nan"), "–"), (..., "…"), (0.0, "0"), (-0.0, "0"),
        (411.23, "411.23"), (28924.0, "28,924"), (28924.63, "28924.63"), (12605900.0, "12,605,900"),
        (147.74000549316406, "147.74001"), (1234567890.4, "1,234,567,890"), (-0.5, "-0.5"),
        (0.0000123456, "0.0000123456"), (1.5e-12, "1.5e-12"), (float("inf"), "–"),
        (timedelta(days=3), "3d"), (timedelta(hours=36), "36h"), (timedelta(minutes=90), "90m"), (timedelta(0), "0d"),
        ({"lightgbm": 0.4}, "lightgbm = 0.4"), ((), "–"), (["AAPL", "IBM"], "AAPL, IBM"),
    ],
)  # fmt: skip
def test_values_read_as_a_person_writes_them(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.61234567, "0.6123"), (1234567.8, "1,234,568"), (123456.789, "123,457"), (0.00005, "0.00005"), (1.0, "1")],
)
def test_a_measure_has_four_significant_digits(value: float, text: str) -> None:
    assert shown(value, 4) == text
    assert column_cells([value], 4) == [text]


def test_prices_keep_their_digits_and_measures_stay_short(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Mixed", [{"close": 411.2345, "factor": 0.98765432, "sharpe": 1.23456}])
    said = capsys.readouterr().out
    assert "411.2345" in said and "0.98765432" in said
    assert "1.235" in said and "1.2346" not in said
    print_table("Dividends", [{"value": 0.192857}], digits=8)
    assert "0.192857" in capsys.readouterr().out


NARROW: list[dict[str, object]] = [
    {
        "instrument_id": "SIM000", "bars": 12605900, "low": 525.8301, "known_time": datetime(2013, 1, 4, 21, tzinfo=UTC),
        "id": "3f2a9c11aa22bb33", "fetched": 3270, "accepted": 3270, "new": 17,
        "why": "the price left its range overnight and antidisestablishmentarianism says so",
    }
]  # fmt: skip


@pytest.mark.parametrize("columns", ["10", "40", "80"])
def test_a_narrow_terminal_breaks_no_number_time_or_id_and_drops_no_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    print_table("Narrow", NARROW)
    said = capsys.readouterr().out
    for whole in ("SIM000", "12,605,900", "525.8301", "2013-01-04 21:00", "3f2a9c11aa22bb33", "3,270", " 17 "):
        assert whole in said, whole
    for head in ("instrument", "bars", "low", "known", "fetched", "accepted", "new", "why"):
        assert head in said, head
    assert "antidisesta…" in said


def test_a_sentence_gives_way_before_the_line_runs_over(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    print_table("Fits", [{"id": "3f2a9c11aa22bb33", "why": "what an extraordinarily unforeseeable circumstance " * 3}])
    said = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in said.splitlines()) <= 60
    assert "unforeseeable" in said and "…" not in said


def test_what_is_left_out_does_not_turn_numbers_into_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Ends", [{"low": 526.25}, {"low": ...}, {"low": 1.0}])
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()[-4:-1]] == [" 526.25", "      …", "      1"]


def test_columns_give_way_until_they_fit_but_never_cut_a_word() -> None:
    columns = [["equity-volatility-regime"], ["a long explanation in many words"], ["x"]]
    assert fit_widths(columns, 200) == [24, 32, 1]
    assert sum(fit_widths(columns, 60)) == 60 - 2 * 3
    assert fit_widths(columns, 60)[0] == 24
    assert fit_widths(columns, 10) == [24, 11, 1]


def test_square_brackets_in_a_cell_are_text_and_not_formatting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    print_table("Reasons [all]", [{"reason": "see [red] and [/]", "n": 1}])
    said = capsys.readouterr().out
    assert "Reasons [all]" in said
    assert "see [red] and [/]" in said


def test_an_empty_table_is_only_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Models", [], ("name", "size_bytes"))
    assert "size bytes" in capsys.readouterr().out
