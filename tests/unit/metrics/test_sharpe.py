"""Every published number of the Sharpe ratio's error, against the formulas; each with its source."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.metrics import sharpe as ours

PAPER = {"skew": -3.0, "kurtosis": 10.0}  # Bailey and López de Prado 2014, numerical example: T = 1250 days of 250
PAPER_SHARPE, PAPER_STD = 2.5 / math.sqrt(250), math.sqrt(0.5 / 250)
FUND = (0.036 / 0.079, 24, -2.448, 10.164)  # López de Prado, Lipton and Zoonek 2025: 24 months of a hedge fund index
RANDOM = np.random.default_rng(3).standard_t(5, 900) * 0.01 + 0.0006


@pytest.mark.parametrize(("n_trials", "expected"), [(100, 0.900397), (46, 0.950502)])
def test_the_deflated_sharpe_ratio_of_the_2014_paper(n_trials: int, expected: float) -> None:
    found = ours.deflated_sharpe_ratio(PAPER_SHARPE, 1250, **PAPER, n_trials=n_trials, sharpe_std=PAPER_STD)
    assert found == pytest.approx(expected, abs=5e-7)


def test_normal_returns_allow_more_trials() -> None:
    found = ours.deflated_sharpe_ratio(PAPER_SHARPE, 1250, n_trials=88, sharpe_std=PAPER_STD)
    assert found == pytest.approx(0.950491, abs=5e-7)  # recomputed from the paper's statement about 88 trials


def test_what_luck_would_show_in_the_2014_paper() -> None:
    assert ours.expected_maximum_sharpe(100, PAPER_STD) == pytest.approx(0.113172, abs=5e-7)
    assert ours.expected_maximum_sharpe(100, PAPER_STD) * math.sqrt(250) == pytest.approx(1.7894, abs=5e-5)


@pytest.mark.parametrize(("n", "expected"), [(10, 1.574598), (50, 2.276303), (100, 2.530603), (1000, 3.255122)])
def test_the_expected_maximum_of_normal_numbers(n: int, expected: float) -> None:
    assert ours.expected_maximum_sharpe(n, 1.0) == pytest.approx(expected, abs=5e-7)
    exact, _ = integrate.quad(lambda z: z * n * stats.norm.pdf(z) * stats.norm.cdf(z) ** (n - 1), -10, 10)
    assert ours.expected_maximum_sharpe(n, 1.0) == pytest.approx(exact, rel=0.025)  # it is an approximation


def test_what_mlfinlab_tests_with() -> None:
    assert ours.probabilistic_sharpe_ratio(1.14, 250, benchmark=1.0) == pytest.approx(0.957278, abs=5e-7)
    assert ours.minimum_track_record_length(1.14, benchmark=1.0) == pytest.approx(228.734979, abs=5e-7)


@pytest.mark.parametrize(("ddof", "expected"), [(0, 0.958366), (1, 0.152375)])
def test_with_three_trials_the_deviation_decides(ddof: int, expected: float) -> None:
    std = ours.trials_deviation([3.5, 1.01, 1.02], ddof)
    assert ours.deflated_sharpe_ratio(1.14, 250, n_trials=3, sharpe_std=std) == pytest.approx(expected, abs=5e-7)


def test_the_deviation_of_trials_is_that_of_a_sample_unless_told_otherwise() -> None:
    assert ours.trials_deviation([3.5, 1.01, np.nan, 1.02]) == np.std([3.5, 1.01, 1.02], ddof=1)
    assert math.isnan(ours.trials_deviation([1.0]))


def test_the_example_of_the_2025_paper_in_its_own_convention() -> None:
    newer = "null_variance"
    assert ours.sharpe_standard_deviation(*FUND, newer) == pytest.approx(0.329, abs=5e-4)
    assert ours.sharpe_standard_deviation(FUND[0], 24, convention=newer) == pytest.approx(0.214, abs=5e-4)
    assert ours.probabilistic_sharpe_ratio(*FUND, convention=newer) == pytest.approx(0.987, abs=5e-4)
    assert ours.probabilistic_sharpe_ratio(*FUND, benchmark=0.1, convention=newer) == pytest.approx(0.939, abs=5e-4)
    length = ours.minimum_track_record_length(FUND[0], *FUND[2:], convention=newer)
    assert length == pytest.approx(13.029, abs=5e-4)


def test_the_same_example_in_the_classic_convention() -> None:
    assert ours.probabilistic_sharpe_ratio(*FUND) == pytest.approx(0.912709, abs=5e-7)
    assert ours.probabilistic_sharpe_ratio(*FUND, benchmark=0.1) == pytest.approx(0.855361, abs=5e-7)


@pytest.mark.parametrize("convention", ["classic", "null_variance"])
def test_a_track_record_of_the_minimum_length_reaches_the_confidence_exactly(convention: ours.Convention) -> None:
    shape = {"skew": -0.4, "kurtosis": 6.0, "benchmark": 0.02, "convention": convention}
    length = ours.minimum_track_record_length(0.09, confidence=0.95, **shape)
    assert ours.probabilistic_sharpe_ratio(0.09, length, **shape) == pytest.approx(0.95, abs=1e-12)


def test_every_published_example_of_the_reference_file(shared_data: Path) -> None:
    examples = json.loads((shared_data / "reference" / "sharpe_expected.json").read_text())["paper_examples"]
    seen = 0
    for example in examples:
        given, expected = example["inputs"], example["expect"]
        for name, value in expected.items():
            digits = len(str(value).partition(".")[2])
            assert round(_published(name, given), digits) == pytest.approx(value), (example["name"], name)
            seen += 1
    assert seen == 12


def _published(name: str, given: dict[str, float]) -> float:
    moments = (given["skew"], given["kurtosis"])
    if name in ("dsr", "sr0_daily"):
        per_year = given["periods_per_year"]
        std = math.sqrt(given["var_of_trial_sr_annual"] / per_year)
        daily = given["sr_annual"] / math.sqrt(per_year)
        maximum = ours.expected_maximum_sharpe(given["trials"], std)
        deflated = ours.deflated_sharpe_ratio(daily, given["n"], *moments, n_trials=given["trials"], sharpe_std=std)
        return deflated if name == "dsr" else maximum
    ratio, n = given["sr"], given["n"]
    return {
        "psr": ours.probabilistic_sharpe_ratio(ratio, n, *moments),
        "sr_std": ours.sharpe_standard_deviation(ratio, n, *moments),
        "min_trl_years_95": ours.minimum_track_record_length(ratio, *moments) / 12,
        "sr_std_at_sr": ours.sharpe_standard_deviation(ratio, n, *moments, "null_variance"),
        "psr_vs_0": ours.probabilistic_sharpe_ratio(ratio, n, *moments, convention="null_variance"),
        "psr_vs_0_1": ours.probabilistic_sharpe_ratio(ratio, n, *moments, benchmark=0.1, convention="null_variance"),
        "min_trl_alpha_0_05": ours.minimum_track_record_length(ratio, *moments, convention="null_variance"),
    }[name]


def test_the_49_trials_of_the_reference_file(shared_data: Path) -> None:
    expected = json.loads((shared_data / "reference" / "sharpe_expected.json").read_text())["real_example"]
    trials = pd.read_parquet(shared_data / "reference" / "sharpe_trials_spy_ma.parquet").drop(columns="ts")
    ratios = {name: ours.sharpe_sample(trials[name]).ratio for name in trials}
    assert max(ratios, key=ratios.__getitem__) == expected["best"]
    best, std = ours.sharpe_sample(trials[expected["best"]]), ours.trials_deviation(list(ratios.values()))
    known = (best.ratio, best.n_periods, best.skew, best.kurtosis)
    assert best.ratio == pytest.approx(expected["sr_per_period"], rel=1e-12)
    assert ours.sharpe_standard_deviation(*known) == pytest.approx(expected["sr_std"], rel=1e-9)
    assert ours.probabilistic_sharpe_ratio(*known) == pytest.approx(expected["psr_vs_0"], rel=1e-12)
    length = ours.minimum_track_record_length(best.ratio, best.skew, best.kurtosis)
    assert length == pytest.approx(expected["min_trl_95"], rel=1e-9)
    assert ours.expected_maximum_sharpe(10, std) == pytest.approx(expected["expected_max_sr"], rel=1e-9)
    for n, name in ((10, "deflated_sharpe_ratio"), (49, "dsr_with_all_trials_independent")):
        found = ours.deflated_sharpe_ratio(*known, n_trials=n, sharpe_std=std)
        assert found == pytest.approx(expected[name], rel=1e-9)


def test_moments_equal_scipy_and_a_missing_return_is_left_out() -> None:
    found = ours.sharpe_sample(np.append(RANDOM, np.nan))
    assert found.n_periods == len(RANDOM)
    assert found.skew == pytest.approx(stats.skew(RANDOM), rel=1e-12)
    assert found.kurtosis == pytest.approx(stats.kurtosis(RANDOM, fisher=False), rel=1e-12)
    assert found.ratio == pytest.approx(RANDOM.mean() / RANDOM.std(ddof=1), rel=1e-12)
    assert ours.sharpe_sample(RANDOM, ddof=0).ratio == pytest.approx(RANDOM.mean() / RANDOM.std(), rel=1e-12)


def test_one_trial_is_not_deflated() -> None:
    known = (0.08, 500, -0.5, 5.0)
    plain = ours.probabilistic_sharpe_ratio(*known)
    assert ours.deflated_sharpe_ratio(*known, n_trials=1, sharpe_std=math.nan) == plain


def test_more_trials_never_raise_the_deflated_sharpe_ratio() -> None:
    counts = [1, 1.2, 1.7, 2, 3, 10, 1000]
    found = [ours.deflated_sharpe_ratio(0.1, 500, n_trials=n, sharpe_std=0.03) for n in counts]
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0]


def test_returns_that_do_not_vary_are_too_few_or_lose_have_no_answer() -> None:
    for returns in ([0.01] * 50, [0.02], [], [np.nan, 0.1]):
        found = ours.sharpe_sample(returns)
        assert math.isnan(found.ratio) and math.isnan(ours.probabilistic_sharpe_ratio(found.ratio, found.n_periods))
    assert math.isnan(ours.minimum_track_record_length(-0.1))
    assert math.isnan(ours.sharpe_standard_deviation(0.5, 1))
    assert math.isnan(ours.sharpe_standard_deviation(1.0, 100, skew=5.0, kurtosis=3.0))  # no such moments exist
    assert math.isnan(ours.deflated_sharpe_ratio(0.1, 500, n_trials=5, sharpe_std=math.nan))


def test_a_hopeless_account_keeps_its_digits() -> None:
    found = ours.probabilistic_sharpe_ratio(-0.4, 1000, convention="null_variance")
    assert found == pytest.approx(stats.norm.cdf(-0.4 * math.sqrt(1000)), rel=1e-9)
    assert 0.0 < found < 1e-30


def test_what_cannot_be_meant_is_refused_in_one_sentence() -> None:
    with pytest.raises(UnknownNameError, match="allowed: classic, null_variance"):
        ours.probabilistic_sharpe_ratio(0.1, 100, convention="newer")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="n_trials is 0"):
        ours.expected_maximum_sharpe(0, 1.0)
    with pytest.raises(ConfigurationError, match="n_trials is nan"):
        ours.expected_maximum_sharpe(math.nan, 1.0)
    with pytest.raises(ConfigurationError, match="confidence is 95"):
        ours.minimum_track_record_length(0.1, confidence=95)
