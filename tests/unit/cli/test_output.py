"""Tables for people and documents for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from trimtab.cli.output import clean, column_cells, fit_widths, print_json, print_table, shown


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
        (True, "yes"), (12345, "12,345"), (0.61234567, "0.6123"), (1234567.8, "1,234,568"), (float("nan"), "–"),
        (timedelta(days=3), "3d"), (timedelta(hours=36), "36h"), (timedelta(minutes=90), "90m"), (timedelta(0), "0d"),
        ({"lightgbm": 0.4}, "lightgbm = 0.4"), ((), "–"), (["AAPL", "IBM"], "AAPL, IBM"),
    ],
)  # fmt: skip
def test_values_read_as_a_person_writes_them(value: object, text: str) -> None:
    assert shown(value) == text


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
