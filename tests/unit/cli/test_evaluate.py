from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from trimtab.cli.evaluate import evaluate
from trimtab.errors import DatasetError
from trimtab.metrics.trading import evaluate_returns

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
    assert document["metrics"] == pytest.approx(evaluate_returns(RETURNS, 252))
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


@pytest.mark.parametrize(
    ("content", "message"),
    [("a,b\n1,2\n", "not clear which column"), ("return\nmuch\n", "must hold numbers"), ("return\n", "no rows")],
)
def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    with pytest.raises(DatasetError, match=message):
        run(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.csv does not exist"):
        run(tmp_path / "none.csv")


def test_the_conventions_asked_for_are_used(tmp_path: Path) -> None:
    path = tmp_path / "returns.csv"
    pd.DataFrame({"return": RETURNS}).to_csv(path, index=False)
    document = run(path, "--ddof", "0", "--risk-free", "0.0001")
    assert document["metrics"]["sharpe_ratio"] == pytest.approx((RETURNS.mean() - 1e-4) / RETURNS.std() * np.sqrt(252))
