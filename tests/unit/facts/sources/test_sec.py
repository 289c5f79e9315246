from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.errors import ConfigurationError, SourceError, UnknownNameError
from trimtab.facts import Figures
from trimtab.facts.concepts import CONCEPTS
from trimtab.facts.sources import read_figures
from trimtab.facts.sources.tags import TAGS
from trimtab.facts.versions import figure_versions

YEAR = {"start": "2020-01-01", "end": "2020-12-31"}


def entry(
    tag: str, val: float, filed: str = "2021-02-01", accn: str = "a-1", unit: str = "USD", **period: str
) -> dict[str, object]:
    return {"symbol": "AAA", "tag": tag, "unit": unit, "start": None, **(period or YEAR), "val": val, "accn": accn, "filed": filed}  # fmt: skip


def read(folder: Path, *entries: dict[str, object], delay: timedelta | None = None) -> Figures:
    pd.DataFrame(entries).to_csv(folder / "facts.csv", index=False)
    return read_figures("sec_companyfacts", folder / "facts.csv", delay=delay)["AAA"]


def said(figures: Figures) -> list[tuple[str, float, str]]:
    known = [str(time)[:10] for time in figures.known_time]
    return list(zip(figures.concept.tolist(), figures.value.tolist(), known, strict=True))


def test_every_concept_of_the_tags_is_one_of_ours() -> None:
    assert set(TAGS) <= set(CONCEPTS)


def test_a_figure_is_known_when_the_day_of_its_filing_is_over(tmp_path: Path) -> None:
    figures = read(tmp_path, entry("NetIncomeLoss", 4.0))
    assert said(figures) == [("net_income", 4.0, "2021-02-02")]
    assert str(figures.period_start[0])[:10] == "2020-01-01"
    assert figures.document.tolist() == ["a-1"]
    later = read(tmp_path, entry("NetIncomeLoss", 4.0), delay=timedelta(days=2))
    assert said(later) == [("net_income", 4.0, "2021-02-04")]


def test_a_figure_filed_again_and_again_is_passed_on_each_time_and_known_from_the_first_filing(tmp_path: Path) -> None:
    again = [entry("NetIncomeLoss", 4.0, f"202{k}-02-01", f"a-{k}") for k in (3, 1, 2)]
    figures = read(tmp_path, *again)
    assert said(figures) == [("net_income", 4.0, f"202{k}-02-02") for k in (1, 2, 3)]
    assert said(figure_versions(figures)) == [("net_income", 4.0, "2021-02-02")]


def test_a_restatement_is_a_second_figure_and_taking_it_back_a_third(tmp_path: Path) -> None:
    filings = [entry("NetIncomeLoss", value, f"202{k}-02-01", f"a-{k}") for k, value in ((1, 4.0), (2, 6.0), (3, 4.0))]
    assert [(value, known[:4]) for _, value, known in said(read(tmp_path, *filings))] == [
        (4.0, "2021"), (6.0, "2022"), (4.0, "2023"),
    ]  # fmt: skip


def test_of_one_filing_the_best_tag_counts(tmp_path: Path) -> None:
    both = entry("SalesRevenueNet", 9.0), entry("Revenues", 10.0)
    assert said(read(tmp_path, *both)) == [("revenue", 10.0, "2021-02-02")]


def test_a_worse_tag_of_a_later_filing_restates_nothing_but_a_better_one_does(tmp_path: Path) -> None:
    worse = entry("Revenues", 10.0), entry("SalesRevenueNet", 9.0, "2022-02-01", "a-2")
    assert said(read(tmp_path, *worse)) == [("revenue", 10.0, "2021-02-02")]
    better = entry("SalesRevenueNet", 9.0), entry("Revenues", 10.0, "2022-02-01", "a-2")
    assert [value for _, value, _ in said(read(tmp_path, *better))] == [9.0, 10.0]


def test_tags_that_are_one_concept_together_are_added_where_a_filing_has_both(tmp_path: Path) -> None:
    day = {"end": "2020-12-31"}
    goodwill = entry("Goodwill", 5.0, **day), entry("IntangibleAssetsNetExcludingGoodwill", 2.0, **day)
    assert said(read(tmp_path, *goodwill)) == [("goodwill_intangibles", 7.0, "2021-02-02")]
    assert said(read(tmp_path, goodwill[0])) == [("goodwill_intangibles", 5.0, "2021-02-02")]


def test_entries_repeated_for_calendar_frames_are_one(tmp_path: Path) -> None:
    day = {"end": "2020-12-31"}
    twice = entry("Goodwill", 5.0, **day), entry("Goodwill", 5.0, **day)
    other = entry("IntangibleAssetsNetExcludingGoodwill", 2.0, **day)
    assert said(read(tmp_path, *twice, other)) == [("goodwill_intangibles", 7.0, "2021-02-02")]


def test_a_share_count_restated_for_a_later_split_does_not_replace_the_first(tmp_path: Path) -> None:
    day = {"end": "2020-01-20", "unit": "shares"}
    counts = [
        entry("EntityCommonStockSharesOutstanding", 100.0, **day),
        entry("EntityCommonStockSharesOutstanding", 400.0, "2022-02-01", "a-2", **day),
    ]
    assert said(read(tmp_path, *counts)) == [("shares_outstanding", 100.0, "2021-02-02")]


def test_money_in_other_units_and_slips_of_a_filing_are_left_out(tmp_path: Path) -> None:
    figures = read(
        tmp_path,
        entry("NetIncomeLoss", 4.0),
        entry("NetIncomeLoss", 3.0, unit="EUR"),
        entry("Assets", 9.0),  # a level over a period
        entry("Revenues", 9.0, end="2020-12-31"),  # a flow without one
        entry("OperatingIncomeLoss", 9.0, start="2021-12-31", end="2020-12-31"),
        entry("EntityCommonStockSharesOutstanding", 5.0, unit="shares", end="2021-12-31"),  # after its filing
        entry("Goodwill", 9.0, end="2021-02-02"),  # a day after its filing
        entry("SomethingElse", 9.0),
    )
    assert said(figures) == [("net_income", 4.0, "2021-02-02")]


def test_a_company_that_files_in_another_currency_is_read_in_it(tmp_path: Path) -> None:
    figures = read(tmp_path, entry("NetIncomeLoss", 3.0, unit="EUR"), entry("Revenues", 9.0, unit="EUR"))
    assert sorted(said(figures))[0] == ("net_income", 3.0, "2021-02-02")


def test_the_json_of_the_sec_is_read_for_the_one_instrument_it_is_of(tmp_path: Path) -> None:
    entries = [{**YEAR, "val": 4, "accn": "a-1", "fy": 2020, "fp": "FY", "form": "10-K", "filed": "2021-02-01"}]
    shares = [{"end": "2021-01-20", "val": 100, "accn": "a-1", "filed": "2021-02-01"}]
    document = {
        "cik": 1,
        "facts": {
            "us-gaap": {"NetIncomeLoss": {"label": "", "units": {"USD": entries}}},
            "dei": {"EntityCommonStockSharesOutstanding": {"units": {"shares": shares}}},
        },
    }
    path = tmp_path / "CIK0000000001.json"
    path.write_text(json.dumps(document))
    figures = read_figures("sec_companyfacts", path, ["AAA"])["AAA"]
    assert said(figures) == [("net_income", 4.0, "2021-02-02"), ("shares_outstanding", 100.0, "2021-02-02")]
    with pytest.raises(ConfigurationError, match="names no instrument"):
        read_figures("sec_companyfacts", path)
    path.write_text("{}")
    with pytest.raises(SourceError, match="not readable as the SEC's company facts"):
        read_figures("sec_companyfacts", path, ["AAA"])


def test_a_level_of_the_day_of_its_filing_is_known_when_that_day_is_over(tmp_path: Path) -> None:
    assert said(read(tmp_path, entry("Goodwill", 9.0, end="2021-02-01"))) == [
        ("goodwill_intangibles", 9.0, "2021-02-02")
    ]


def test_what_cannot_be_read_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown format of figures 'sec'; allowed: figures"):
        read_figures("sec", tmp_path / "x.csv")
    with pytest.raises(SourceError, match=r"there is no file .*x\.csv"):
        read_figures("sec_companyfacts", tmp_path / "x.csv")
    (tmp_path / "x.parquet").write_text("no parquet")
    with pytest.raises(SourceError, match="cannot be read"):
        read_figures("sec_companyfacts", tmp_path / "x.parquet")
    read(tmp_path, entry("NetIncomeLoss", 4.0))
    with pytest.raises(UnknownNameError, match="unknown instrument 'BBB'"):
        read_figures("sec_companyfacts", tmp_path / "facts.csv", ["BBB"])


def test_the_restatement_of_apple_has_both_values_with_their_filings(shared_data: Path) -> None:
    figures = read_figures("sec_companyfacts", shared_data / "sec_companyfacts.parquet", ["AAPL"])["AAPL"]
    chosen = (figures.concept == "net_income") & (figures.period_end == np.datetime64("2008-09-27"))
    chosen &= figures.period_start == np.datetime64("2007-09-30")
    assert said(figure_versions(figures.take(chosen))) == [
        ("net_income", 4.834e9, "2009-10-28"),
        ("net_income", 6.119e9, "2010-01-26"),
    ]
    assert len(np.unique(figures.concept)) == 26
