from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.metrics import relative, trading
from trimtab.metrics.catalogue import (
    HEADLINE,
    MEANINGS,
    MEASURES,
    RELATIVE_MEASURES,
    compare_returns,
    evaluate_returns,
)

PAGE = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
RETURNS = np.random.default_rng(1).normal(0.001, 0.02, 200)
COUNTS = {"n_periods", "n_unknown"}


def test_every_measure_has_its_row_in_the_documentation() -> None:
    tables, _ = PAGE.split("## Forecasts")
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", tables, flags=re.MULTILINE)
    assert rows == list(MEANINGS.items())


def test_every_function_that_the_documentation_names_exists() -> None:
    table = PAGE.split("## Forecasts")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \| (.+) \|$", table, flags=re.MULTILINE)
    assert len(rows) == 7
    for modules, functions in rows:
        found = {name for module in _words(modules) for name in dir(import_module(f"trimtab.metrics.{module}"))}
        assert set(_words(functions)) <= found, modules


def test_every_function_on_returns_alone_can_be_asked_for_by_name() -> None:
    other = {"Drawdown", "compare_returns", "conventions", "drawdown_table", "drawdowns", "evaluate_returns"}
    positions = {"exposure", "turnover"}
    assert set(trading.__all__) - other - positions <= set(MEASURES)


@pytest.mark.parametrize("name", sorted(set(MEASURES) - COUNTS))
def test_a_measure_of_the_catalogue_is_the_function_of_its_name(name: str) -> None:
    plain = name.removesuffix("_sum").removesuffix("_gaussian")
    options = {"compounding": False} if name.endswith("_sum") else {}
    options |= {"method": "gaussian"} if name.endswith("_gaussian") else {}
    measure = getattr(trading, plain)
    taken = measure.__code__.co_varnames[: measure.__code__.co_argcount]
    offered = {"periods_per_year": 252, "risk_free": 1e-4, "required_return": 1e-4, "level": 0.1}
    # The ulcer index keeps Martin's own divisor.
    offered |= {} if name.startswith("ulcer") else {"ddof": 0}
    options |= {key: value for key, value in offered.items() if key in taken}
    found = evaluate_returns(RETURNS, 252, risk_free=1e-4, ddof=0, level=0.1, names=[name])
    assert found == {name: measure(RETURNS, **options)}


@pytest.mark.parametrize("name", RELATIVE_MEASURES)
def test_a_relative_measure_is_the_function_of_its_name(name: str) -> None:
    market = RETURNS[::-1]
    measure = getattr(relative, name)
    taken = measure.__code__.co_varnames[: measure.__code__.co_argcount]
    offered = {"periods_per_year": 252, "risk_free": 1e-4, "ddof": 0}
    options = {key: value for key, value in offered.items() if key in taken}
    found = compare_returns(RETURNS, market, 252, risk_free=1e-4, ddof=0, names=[name])
    assert found == {name: measure(RETURNS, market, **options)}


def test_reports_show_the_headline_unless_asked_for_more() -> None:
    assert list(evaluate_returns(RETURNS, 252)) == list(HEADLINE)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'sharpe_ratio'"):
        evaluate_returns(RETURNS, 252, names=["sharp_ratio"])
    with pytest.raises(UnknownNameError, match="did you mean 'beta'"):
        compare_returns(RETURNS, RETURNS, 252, names=["betta"])


def test_a_relative_measure_without_a_benchmark_says_what_it_lacks() -> None:
    with pytest.raises(ConfigurationError, match="beta compares with a benchmark"):
        evaluate_returns(RETURNS, 252, names=["beta"])


def _words(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)
