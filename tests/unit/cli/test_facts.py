"""`trimtab facts` from a file into a store and out again."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.command_line import trimtab

FIGURES = """symbol,concept,period_start,period_end,value,filed
AAA,net_income,2008-01-01,2008-12-31,4834,2009-10-27
AAA,net_income,2008-01-01,2008-12-31,6119,2010-01-25
AAA,assets,,2008-12-31,39572,2009-10-27
BBB,assets,,2008-12-31,5,2009-10-27
"""


@pytest.fixture(autouse=True)
def _own_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def figures(tmp_path: Path) -> Path:
    (tmp_path / "figures.csv").write_text(FIGURES)
    return tmp_path / "figures.csv"


def test_an_empty_store_says_what_to_do() -> None:
    answer = trimtab("facts", "list")
    assert (answer.code, answer.err) == (0, "")
    assert "run: trimtab facts ingest FILE" in answer.out
    assert trimtab("facts", "list", "--json").document == {"instruments": []}


def test_ingest_counts_what_is_new_and_told_again_nothing_is(figures: Path) -> None:
    first = trimtab("facts", "ingest", figures, "--format", "figures", "--json").document
    assert first["instruments"] == [
        {"instrument_id": "AAA", "new": 2, "restated": 1, "unchanged": 0},
        {"instrument_id": "BBB", "new": 1, "restated": 0, "unchanged": 0},
    ]
    again = trimtab("facts", "ingest", figures, "--format", "figures", "--json").document
    assert [(row["new"], row["restated"]) for row in again["instruments"]] == [(0, 0), (0, 0)]
    assert "Facts of figures.csv" in trimtab("facts", "ingest", figures, "--format", "figures").out


def test_list_tells_how_much_is_stored_from_when_to_when(figures: Path) -> None:
    trimtab("facts", "ingest", figures, "--format", "figures")
    rows = trimtab("facts", "list", "--json").document["instruments"]
    assert [row["instrument_id"] for row in rows] == ["AAA", "BBB"]
    assert (rows[0]["figures"], rows[0]["concepts"], rows[0]["texts"]) == (3, 2, 0)
    assert (rows[0]["last_event"], rows[0]["newest_known"]) == ("2008-12-31T00:00:00Z", "2010-01-26T00:00:00Z")


def test_show_gives_every_version_and_the_one_known_at_a_time(figures: Path) -> None:
    trimtab("facts", "ingest", figures, "--format", "figures")
    every = trimtab("facts", "show", "AAA", "--concept", "net_income", "--json").document["rows"]
    assert [(row["value"], row["known_time"]) for row in every] == [
        (4834.0, "2009-10-28T00:00:00Z"), (6119.0, "2010-01-26T00:00:00Z"),
    ]  # fmt: skip
    then = trimtab("facts", "show", "AAA", "--concept", "net_income", "--as-of", "2009-12-31", "--json").document
    assert [row["value"] for row in then["rows"]] == [4834.0]
    newest = trimtab("facts", "show", "AAA", "--json").document["rows"]
    assert [(row["concept"], row["value"]) for row in newest] == [("assets", 39572.0), ("net_income", 6119.0)]
    assert (
        trimtab("facts", "show", "AAA", "--as-of", "2009-01-01").out
        == "AAA: newest figures, as known at 2009-01-01: nothing\n"
    )


def test_a_delay_makes_figures_known_later(figures: Path) -> None:
    trimtab("facts", "ingest", figures, "--format", "figures", "--delay", "3d", "--instrument", "BBB")
    assert trimtab("facts", "list", "--json").document["instruments"][0]["newest_known"] == "2009-10-31T00:00:00Z"


def test_a_long_list_of_instruments_is_added_up(tmp_path: Path) -> None:
    lines = [f"S{k},assets,,2008-12-31,{k},2009-10-27" for k in range(25)]
    (tmp_path / "many.csv").write_text("\n".join([FIGURES.splitlines()[0], *lines]))
    out = trimtab("facts", "ingest", tmp_path / "many.csv", "--format", "figures").out
    assert "and 5 more" in out
    assert len(trimtab("facts", "list", "--json").document["instruments"]) == 25


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--format", "figure"], "unknown format of facts 'figure'; did you mean 'figures'?"),
        (["--format", "figures", "--delay", "soon"], "--delay soon: a duration is a whole number and a unit"),
        (["--format", "figures", "--scorer", "vader"], "format 'figures' has no use for --scorer"),
        (["--format", "figures", "--shares", "split_adjusted"], "format 'figures' has no use for --shares"),
        (["--format", "posts", "--shares", "split_adjusted"], "format 'posts' has no use for --shares"),
        (["--format", "figures", "--instrument", "AAB"], "unknown instrument 'AAB'"),
        (["--format", "quarterly_table", "--shares", "some"], "unknown kind of share counts 'some'"),
    ],
)
def test_a_wrong_request_is_refused_in_one_sentence(figures: Path, arguments: list[str], sentence: str) -> None:
    answer = trimtab("facts", "ingest", figures, *arguments)
    assert answer.code == 1
    assert sentence in answer.sentence
    assert trimtab("facts", "list", "--json").document == {"instruments": []}


def test_one_bad_figure_of_a_file_stores_nothing_of_it(figures: Path) -> None:
    figures.write_text(FIGURES + "CCC,assets,,2008-12-31,5,2008-10-27\n")
    answer = trimtab("facts", "ingest", figures, "--format", "figures")
    assert "figures of CCC: assets of 2008-12-31 is known before its period ends" in answer.sentence
    assert trimtab("facts", "list", "--json").document == {"instruments": []}


def test_what_is_not_stored_is_refused_with_what_is(figures: Path) -> None:
    trimtab("facts", "ingest", figures, "--format", "figures")
    assert "unknown instrument 'AA'" in trimtab("facts", "show", "AA").sentence
    assert "unknown concept 'income'" in trimtab("facts", "show", "AAA", "--concept", "income").sentence


def test_texts_are_stored_and_shown_beside_figures(tmp_path: Path) -> None:
    pytest.importorskip("trimtab.facts.sources.texts")
    lines = ["symbol,ts,text", "AAA,2020-01-02T15:00:00Z,great results", "AAA,2020-01-03T15:00:00Z,weak outlook"]
    (tmp_path / "posts.csv").write_text("\n".join(lines) + "\n")
    done = trimtab("facts", "ingest", tmp_path / "posts.csv", "--format", "posts", "--json").document
    assert done["instruments"] == [{"instrument_id": "AAA", "new": 2, "restated": 0, "unchanged": 0}]
    rows = trimtab("facts", "show", "AAA", "--texts", "--as-of", "2020-01-03", "--json").document["rows"]
    assert [row["text"] for row in rows] == ["great results"]


def test_a_misspelt_instrument_or_channel_of_texts_stores_nothing(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("symbol,ts,text\nAAA,2020-01-02T15:00:00Z,great results\n")
    ingest = ("facts", "ingest", tmp_path / "posts.csv", "--format", "posts")
    for more, sentence in (
        (("--instrument", "AAB"), "unknown instrument 'AAB'; did you mean 'AAA'?"),
        (("--channel", "socal"), "unknown channel 'socal'; did you mean 'social'? allowed: news, social"),
        (("--channel", ""), "unknown channel ''; allowed: news, social"),
    ):
        answer = trimtab(*ingest, *more)
        assert answer.code == 1 and sentence in answer.sentence
    assert trimtab("facts", "list", "--json").document == {"instruments": []}


def test_a_figure_of_a_day_is_not_known_on_that_day(figures: Path) -> None:
    figures.write_text("symbol,concept,period_end,value\nAAA,assets,2020-12-31,7\n")
    trimtab("facts", "ingest", figures, "--format", "figures", "--delay", "0d")
    assert trimtab("facts", "list", "--json").document["instruments"][0]["newest_known"] == "2021-01-01T00:00:00Z"


def test_forgetting_asks_first_and_a_wrong_value_is_right_when_loaded_anew(figures: Path) -> None:
    trimtab("facts", "ingest", figures, "--format", "figures")
    before = trimtab("facts", "list", "--json").document
    asked = trimtab("facts", "forget", "AAA")
    assert asked.code == 1
    assert "3 versions of figures and 0 of texts of AAA" in asked.out and "--yes" in asked.out
    told = trimtab("facts", "forget", "AAA", "--json")
    assert told.code == 1
    assert told.document == {"instrument_id": "AAA", "forgotten": False, "figures": 3, "texts": 0}
    assert trimtab("facts", "list", "--json").document == before
    done = trimtab("facts", "forget", "AAA", "--yes", "--json")
    assert (done.code, done.document["forgotten"], done.document["figures"]) == (0, True, 3)
    assert [row["instrument_id"] for row in trimtab("facts", "list", "--json").document["instruments"]] == ["BBB"]
    figures.write_text(FIGURES.replace("39572", "39573"))
    again = trimtab("facts", "ingest", figures, "--format", "figures", "--instrument", "AAA", "--json").document
    assert again["instruments"] == [{"instrument_id": "AAA", "new": 2, "restated": 1, "unchanged": 0}]
    shown = trimtab("facts", "show", "AAA", "--concept", "assets", "--json").document["rows"]
    assert [(row["value"], row["known_time"][:10]) for row in shown] == [(39573.0, "2009-10-28")]


def test_only_the_kind_that_is_named_is_forgotten_and_only_of_who_is_stored(figures: Path) -> None:
    trimtab("facts", "ingest", figures, "--format", "figures")
    assert trimtab("facts", "forget", "AAA", "--texts", "--yes").code == 0
    assert trimtab("facts", "list", "--json").document["instruments"][0]["figures"] == 3
    assert "3 versions of figures of AAA" in trimtab("facts", "forget", "AAA", "--figures", "--yes").out
    answer = trimtab("facts", "forget", "AA", "--yes")
    assert answer.code == 1 and "unknown instrument 'AA'" in answer.sentence


def test_a_concept_of_texts_is_refused(figures: Path) -> None:
    trimtab("facts", "ingest", figures, "--format", "figures")
    answer = trimtab("facts", "show", "AAA", "--texts", "--concept", "assets")
    assert answer.code == 1 and "leave one of the two out" in answer.sentence


def test_the_time_asked_for_is_told_in_utc(figures: Path) -> None:
    trimtab("facts", "ingest", figures, "--format", "figures")
    for given in ("2010-06-01", "2010-05-31T20:00:00-04:00"):
        document = trimtab("facts", "show", "AAA", "--as-of", given, "--json").document
        assert document["as_of"] == "2010-06-01T00:00:00Z"
    assert trimtab("facts", "show", "AAA", "--json").document["as_of"] is None


def test_what_is_stored_fits_eighty_columns(figures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    trimtab("facts", "ingest", figures, "--format", "figures", "--delay", "90m")
    listed, shown = trimtab("facts", "list").out, trimtab("facts", "show", "AAA", "--concept", "net_income").out
    for out in (listed, shown):
        assert max(map(len, out.splitlines()[1:])) <= 80
    assert "net_income" in shown.splitlines()[0] and "net_income" not in "".join(shown.splitlines()[1:])
