from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from trimtab.cli.evaluate import evaluate
from trimtab.errors import ConfigurationError, DatasetError, UnknownNameError
from trimtab.metrics.catalogue import MEASURES, RELATIVE_MEASURES, compare_returns, evaluate_returns
from trimtab.metrics.drawdown import drawdown_table
from trimtab.validation.headline_intervals import return_intervals

app = typer.Typer()
app.command()(evaluate)
RETURNS = np.random.default_rng(0).normal(0.001, 0.01, 300)


def run(path: Path, *more: str) -> dict:
    arguments = ["--returns", str(path), "--periods-per-year", "252", *more, "--json"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
@pytest.mark.parametrize("column", ["return", "Returns", "strategy"])
def test_returns_of_a_file_are_measured(tmp_path: Path, ending: str, column: str) -> None:
    path = tmp_path / f"returns{ending}"
    table = pd.DataFrame({"date": pd.date_range("2020-01-01", periods=300).astype(str), column: RETURNS})
    table.to_csv(path, index=False) if ending == ".csv" else table.to_parquet(path)
    document = run(path)
    assert document["metrics"] == pytest.approx(evaluate_returns(RETURNS, 252, names=list(MEASURES)))
    assert document["notes"] == []
    assert document["conventions"]["periods_per_year"] == 252


def test_what_is_not_defined_is_null(tmp_path: Path) -> None:
    path = tmp_path / "flat.csv"
    path.write_text("return\n0.01\n0.01\n")
    assert run(path)["metrics"]["sharpe_ratio"] is None


def test_an_empty_return_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "gap.csv"
    path.write_text("day,return\na,0.01\nb,\nc,0.02\n")
    assert run(path)["metrics"]["total_return"] == pytest.approx(1.01 * 1.02 - 1)
    assert run(path)["metrics"]["n_periods"] == 3


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.csv does not exist"):
        run(tmp_path / "none.csv")


def test_the_conventions_asked_for_are_used(tmp_path: Path) -> None:
    path = tmp_path / "returns.csv"
    pd.DataFrame({"return": RETURNS}).to_csv(path, index=False)
    document = run(path, "--ddof", "0", "--risk-free", "0.0001")
    assert document["metrics"]["sharpe_ratio"] == pytest.approx((RETURNS.mean() - 1e-4) / RETURNS.std() * np.sqrt(252))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Returns, and those of a benchmark that has one more day."""
    days = pd.date_range("2020-01-01", periods=301).astype(str)
    market = np.random.default_rng(1).normal(0.0005, 0.01, 301)
    pd.DataFrame({"date": days[1:], "return": RETURNS}).to_csv(tmp_path / "returns.csv", index=False)
    pd.DataFrame({"date": days, "return": market}).to_csv(tmp_path / "market.csv", index=False)
    return tmp_path / "returns.csv", tmp_path / "market.csv"


def test_a_benchmark_adds_the_measures_beside_it(files: tuple[Path, Path]) -> None:
    returns, market = files
    document = run(returns, "--benchmark", str(market), "--risk-free", "0.0001")
    assert list(document["metrics"]) == [*MEASURES, *RELATIVE_MEASURES]
    expected = compare_returns(RETURNS, pd.read_csv(market)["return"][1:], 252, risk_free=0.0001)
    assert {name: document["metrics"][name] for name in RELATIVE_MEASURES} == pytest.approx(expected)
    assert document["notes"] == ["1 of 301 returns of the benchmark lie before or after and were left out"]


def test_the_deepest_drawdowns_are_listed_with_their_times(files: tuple[Path, Path]) -> None:
    days, table = pd.date_range("2020-01-02", periods=300), drawdown_table(RETURNS, n_deepest=5)
    found = run(files[0])["drawdowns"]
    assert [row["trough"] for row in found] == [f"{days[each.trough].isoformat()}Z" for each in table]
    assert [row["depth"] for row in found] == [each.depth for each in table]


def test_without_times_drawdowns_count_periods(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("return\n0.1\n-0.5\n0.1\n")
    (only,) = run(path)["drawdowns"]
    assert only == {"start": 1, "trough": 1, "end": 2, "depth": -0.5, "length": 2, "is_recovered": False}
    assert "drawdowns" not in run(path, "--metric", "max_drawdown")


def test_only_the_measures_asked_for_are_given_in_their_order(files: tuple[Path, Path]) -> None:
    returns, market = files
    options = ("--metric", "sortino_ratio", "--metric", "beta", "--metric", "sharpe_ratio")
    assert list(run(returns, "--benchmark", str(market), *options)["metrics"]) == [
        "sortino_ratio",
        "beta",
        "sharpe_ratio",
    ]


def test_an_unknown_measure_is_answered_with_the_nearest(files: tuple[Path, Path]) -> None:
    with pytest.raises(UnknownNameError, match="unknown metric 'sharp_ratio'; did you mean 'sharpe_ratio'"):
        run(files[0], "--metric", "sharp_ratio")
    with pytest.raises(ConfigurationError, match="beta compares with a benchmark"):
        run(files[0], "--metric", "beta")


def test_intervals_are_those_of_the_block_bootstrap(files: tuple[Path, Path]) -> None:
    options = ("--confidence", "0.9", "--seed", "3", "--risk-free", "0.0002")
    found = {row["measure"]: row for row in run(files[0], *options)["intervals"]}
    expected = return_intervals(RETURNS - 0.0002, periods_per_year=252, seed=3, confidence=0.9)[0]
    assert list(found) == ["sharpe_ratio", "annual_return", "annual_volatility", "max_drawdown"]
    assert (found["sharpe_ratio"]["low"], found["sharpe_ratio"]["high"]) == (expected.low, expected.high)
    for name, row in found.items():
        assert row["value"] == pytest.approx(run(files[0], *options)["metrics"][name]), name
        assert row["low"] <= row["value"] <= row["high"], name


def test_an_interval_of_too_few_returns_is_null(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text("return\n0.01\n0.02\n-0.01\n")
    assert {row["low"] for row in run(path, "--confidence", "0.95")["intervals"]} == {None}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--confidence", "0.95", "--ddof", "0"), "leave out --ddof 0 or --confidence"),
        (("--confidence", "95"), "between 0 and 1"),
        (("--tail-level", "5"), "between 0 and 1"),
        (("--risk-free", "inf"), "finite"),
    ],
)
def test_conventions_that_make_no_sense_are_refused(
    files: tuple[Path, Path], options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        run(files[0], *options)


def test_one_return_has_a_growth_but_no_deviation(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("return\n0.01\n")
    measures = run(path)["metrics"]
    assert measures["total_return"] == pytest.approx(0.01)
    assert (measures["annual_volatility"], measures["sharpe_ratio"], measures["skew"]) == (None, None, None)


def test_losing_every_time_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "losing.csv"
    path.write_text("return\n-0.1\n-0.2\n-0.1\n")
    measures = run(path)["metrics"]
    assert (measures["win_rate"], measures["profit_factor"], measures["gain_to_pain_ratio"]) == (0.0, 0.0, -1.0)
    assert (measures["payoff_ratio"], measures["kelly_criterion"]) == (None, None)
    assert measures["max_drawdown"] == pytest.approx(measures["total_return"]) == pytest.approx(-0.352)


def test_the_table_for_people_explains_each_measure_and_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # narrower, sentences are wrapped
    path = tmp_path / "gap.csv"
    path.write_text("day,return\na,0.01\nb,\nc,0.02\n")
    result = CliRunner().invoke(app, ["--returns", str(path), "--periods-per-year", "252"], catch_exceptions=False)
    assert result.exit_code == 0
    assert MEASURES["win_rate"].meaning in result.stdout
    assert "Note: gap.csv: 1 of 3 returns are not known" in result.stdout


def test_a_measure_without_a_value_has_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "flat.csv"
    path.write_text("return\n" + "0.01\n" * 4)
    notes = run(path, "--metric", "sharpe_ratio", "--confidence", "0.95")["notes"]
    assert notes == [
        "sharpe_ratio is undefined: the returns do not vary",
        "4 returns are known; an interval and a p-value need 20",
    ]
