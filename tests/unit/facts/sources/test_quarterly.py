from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.errors import ConfigurationError, SchemaError, UnknownNameError
from trimtab.facts import Figures
from trimtab.facts.sources import read_figures


@pytest.fixture
def table(tmp_path: Path) -> Path:
    frame = pd.DataFrame(
        {
            "symbol": ["AAA", "AAA", "AAA", "BBB"],
            "period_end": ["2020-06-30", "2020-03-31", "2021-06-30", "2020-03-31"],
            "revenue": [11.0, 10.0, 12.0, 5.0],
            "assets": [100.0, np.nan, 120.0, 50.0],
            "dividend_per_share": [0.5, 0.5, 0.5, 0.0],
            "shares": [10.0, 10.0, 20.0, 7.0],
            "shares_split_adjusted": [20.0, 20.0, 20.0, 7.0],
        }
    )
    frame.to_parquet(tmp_path / "quarters.parquet")
    return tmp_path / "quarters.parquet"


def of(figures: Figures, concept: str, column: str) -> list[object]:
    values = getattr(figures.take(figures.concept == concept), column)
    return [str(v)[:10] for v in values] if values.dtype.kind == "M" else values.tolist()


def test_figures_are_known_ninety_days_after_the_last_day_of_their_quarter_is_over_or_as_said(table: Path) -> None:
    figures = read_figures("quarterly_table", table)["AAA"]
    assert of(figures, "revenue", "known_time") == ["2020-06-30", "2020-09-29", "2021-09-29"]
    assert of(figures, "revenue", "period_end") == ["2020-03-31", "2020-06-30", "2021-06-30"]
    sooner = read_figures("quarterly_table", table, delay=timedelta(days=45))["AAA"]
    assert of(sooner, "revenue", "known_time")[0] == "2020-05-16"
    at_once = read_figures("quarterly_table", table, delay=timedelta(0))["AAA"]
    assert of(at_once, "revenue", "known_time")[0] == "2020-04-01"
    with pytest.raises(ConfigurationError, match="known before they were"):
        read_figures("quarterly_table", table, delay=timedelta(days=-1))


def test_a_quarter_begins_after_the_one_before_or_91_days_back(table: Path) -> None:
    figures = read_figures("quarterly_table", table)["AAA"]
    assert of(figures, "revenue", "period_start") == ["2020-01-01", "2020-04-01", "2021-04-01"]
    assert of(figures, "revenue", "value") == [10.0, 11.0, 12.0]
    assert np.isnat(figures.take(figures.concept == "assets").period_start).all()


def test_absent_values_are_no_figures(table: Path) -> None:
    assert of(read_figures("quarterly_table", table)["AAA"], "assets", "value") == [100.0, 120.0]


def test_dividends_are_those_of_all_shares(table: Path) -> None:
    for shares in ("as_reported", "split_adjusted"):
        assert of(read_figures("quarterly_table", table, shares=shares)["AAA"], "dividends_paid", "value") == [5.0, 5.0, 10.0]  # fmt: skip


def test_share_counts_are_as_reported_or_on_the_basis_of_adjusted_prices(table: Path) -> None:
    assert of(read_figures("quarterly_table", table)["AAA"], "shares_outstanding", "value") == [10.0, 10.0, 20.0]
    adjusted = read_figures("quarterly_table", table, shares="split_adjusted")["AAA"]
    assert of(adjusted, "shares_outstanding", "value") == [20.0, 20.0, 20.0]
    with pytest.raises(UnknownNameError, match="unknown kind of share counts 'adjusted'"):
        read_figures("quarterly_table", table, shares="adjusted")


def test_only_the_instruments_asked_for_are_read(table: Path) -> None:
    assert list(read_figures("quarterly_table", table)) == ["AAA", "BBB"]
    assert list(read_figures("quarterly_table", table, ["BBB"])) == ["BBB"]


def test_a_table_without_quarters_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("symbol,revenue\nAAA,1\n")
    with pytest.raises(SchemaError, match="no column 'period_end'; it has symbol, revenue"):
        read_figures("quarterly_table", tmp_path / "x.csv")


def test_the_vendors_own_date_is_our_assumption_once_that_day_is_over(shared_data: Path) -> None:
    path = shared_data / "fundamentals_quarterly.parquet"
    figures = read_figures("quarterly_table", path, ["AAPL"])["AAPL"]
    frame = pd.read_parquet(path).query("symbol == 'AAPL'").sort_values("period_end")
    told = frame["available_from_conservative"].to_numpy().astype("datetime64[us]")
    known = figures.take(figures.concept == "revenue").known_time
    np.testing.assert_array_equal(known, told + np.timedelta64(1, "D"))
