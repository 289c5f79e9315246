from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from trimtab.errors import ConfigurationError, SchemaError, UnknownNameError
from trimtab.facts.sources import read_figures

HEAD = "symbol,concept,period_start,period_end,value"


def written(folder: Path, *lines: str) -> Path:
    (folder / "figures.csv").write_text("\n".join(lines) + "\n")
    return folder / "figures.csv"


def test_a_filing_date_counts_from_the_day_after(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + ",filed", "AAA,revenue,2020-01-01,2020-12-31,4.5,2021-02-01")
    figures = read_figures("figures", path)["AAA"]
    assert (figures.value.tolist(), str(figures.known_time[0])[:16]) == ([4.5], "2021-02-02T00:00")


def test_a_moment_with_its_zone_counts_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + ",known_time", "AAA,revenue,2020-01-01,2020-12-31,4.5,2021-02-01T16:30:00-05:00")
    assert str(read_figures("figures", path)["AAA"].known_time[0])[:16] == "2021-02-01T21:30"


def test_a_moment_at_midnight_is_no_date(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + ",known_time", "AAA,revenue,2020-01-01,2020-12-31,4.5,2021-02-01T00:00:00Z")
    assert str(read_figures("figures", path)["AAA"].known_time[0])[:16] == "2021-02-01T00:00"


def test_without_a_date_the_delay_says_when_it_was_known(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD, "AAA,assets,,2020-12-31,4.5")
    figures = read_figures("figures", path, delay=timedelta(days=45))["AAA"]
    assert str(figures.known_time[0])[:10] == "2021-02-14"
    with pytest.raises(SchemaError, match="says in no column when a figure was known"):
        read_figures("figures", path)


def test_options_figures_are_about_their_day(tmp_path: Path) -> None:
    path = written(
        tmp_path, "ticker,concept,date,value,known_time", "AAA,put_volume,2020-12-31,700,2020-12-31T22:00:00Z"
    )
    figures = read_figures("figures", path)["AAA"]
    assert figures.period_start == figures.period_end


def test_a_file_without_instruments_is_of_the_one_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, "concept,date,value,filed", "assets,2020-12-31,7,2021-01-31")
    assert list(read_figures("figures", path, ["CCC"])) == ["CCC"]
    with pytest.raises(ConfigurationError, match="names no instrument"):
        read_figures("figures", path)


@pytest.mark.parametrize(
    ("line", "error", "sentence"),
    [
        ("AAA,revenu,2020-01-01,2020-12-31,4,2021-02-01", UnknownNameError, "unknown concept 'revenu'; did you mean 'revenue'"),
        ("AAA,revenue,,2020-12-31,4,2021-02-01", SchemaError, "row 1, revenue, is summed over a period; say its period_start"),
        ("AAA,revenue,2020-01-01,2020-12-31,much,2021-02-01", SchemaError, r"row 1 has no number in 'value' \(much\)"),
        ("AAA,revenue,2020-01-01,,4,2021-02-01", SchemaError, "row 1 has no period_end"),
        ("AAA,revenue,2020-01-01,2020-12-31,4,", SchemaError, "row 1 has no filed"),
        ("AAA,revenue,2020-01-01,2020-12-31,4,soon", SchemaError, "'filed' holds something that is no time"),
        ("AAA,revenue,2020-01-01,2020-12-31,4,2020-06-01", SchemaError, "is known before its period ends"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named(tmp_path: Path, line: str, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        read_figures("figures", written(tmp_path, HEAD + ",filed", line))


def test_a_time_of_day_without_zone_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + ",known_time", "AAA,revenue,2020-01-01,2020-12-31,4.5,2021-02-01T16:30:00")
    with pytest.raises(SchemaError, match="carry no zone"):
        read_figures("figures", path)


def test_a_missing_column_is_said_in_the_words_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "symbol,what,date,value", "AAA,assets,2020-12-31,7")
    with pytest.raises(SchemaError, match="no column 'concept'; it has symbol, what, date, value"):
        read_figures("figures", path)
