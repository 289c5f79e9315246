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
    assert str(figures.known_time[0])[:10] == "2021-02-15"
    with pytest.raises(SchemaError, match="says in no column when a figure was known"):
        read_figures("figures", path)


def test_options_figures_are_about_their_day_and_known_when_it_is_over(tmp_path: Path) -> None:
    head, line = "ticker,concept,date,value", "AAA,put_volume,2020-12-31,700"
    figures = read_figures("figures", written(tmp_path, head, line), delay=timedelta(0))["AAA"]
    assert figures.period_start == figures.period_end
    assert str(figures.known_time[0])[:16] == "2021-01-01T00:00"
    told = written(tmp_path, head + ",known_time", line + ",2020-12-31T23:59:59Z")
    with pytest.raises(SchemaError, match="put_volume of 2020-12-31 is known before its period ends"):
        read_figures("figures", told)


@pytest.mark.parametrize("column", ["filed", "known_time"])
def test_what_is_told_on_the_last_day_of_a_period_is_known_when_that_day_is_over(tmp_path: Path, column: str) -> None:
    head, line = HEAD + f",{column}", "AAA,assets,,2020-12-31,4.5,"
    figures = read_figures("figures", written(tmp_path, head, line + "2020-12-31"))["AAA"]
    assert str(figures.known_time[0])[:16] == "2021-01-01T00:00"
    with pytest.raises(SchemaError, match="is known before its period ends"):
        read_figures("figures", written(tmp_path, head, line + "2020-12-30"))


@pytest.mark.parametrize("midnight", ["2021-02-01T00:00:00Z", "2021-02-01T00:00:00-05:00"])
def test_filing_dates_stored_as_midnights_are_dates(tmp_path: Path, midnight: str) -> None:
    path = written(tmp_path, HEAD + ",filed", f"AAA,assets,,2020-12-31,4.5,{midnight}")
    known = read_figures("figures", path)["AAA"].known_time[0]
    assert str(known)[:16] == ("2021-02-02T00:00" if midnight.endswith("Z") else "2021-02-02T05:00")


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


def test_an_instrument_the_file_does_not_have_is_refused_or_passed_over_as_asked(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + ",filed", "AAA,assets,,2020-12-31,4.5,2021-02-01")
    with pytest.raises(UnknownNameError, match="unknown instrument 'BBB'; allowed: AAA"):
        read_figures("figures", path, ["AAA", "BBB"])
    assert list(read_figures("figures", path, ["AAA", "BBB"], missing="skip")) == ["AAA"]
    assert read_figures("figures", path, ["BBB"], missing="skip") == {}
    wrong = written(tmp_path, HEAD + ",filed", "AAA,asets,,2020-12-31,4.5,2021-02-01")
    with pytest.raises(UnknownNameError, match="unknown concept 'asets'"):
        read_figures("figures", wrong, ["BBB"], missing="skip")
    with pytest.raises(UnknownNameError, match="unknown format of figures"):
        read_figures("figure", path, ["BBB"], missing="skip")


def test_a_missing_column_is_said_in_the_words_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "symbol,what,date,value", "AAA,assets,2020-12-31,7")
    with pytest.raises(SchemaError, match="no column 'concept'; it has symbol, what, date, value"):
        read_figures("figures", path)
