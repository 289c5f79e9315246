"""An evaluation says what scikit-learn says, means leave out the rare, and instruments are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from trimtab.errors import NotEnoughDataError
from trimtab.models.candlestick_network.evaluation import FEWEST, Evaluation, evaluate
from trimtab.models.candlestick_network.patterns import PATTERNS

LIMITS = np.full(len(PATTERNS), 0.5)
Made = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def made() -> Made:
    """Labels, probabilities and instruments of 2,000 windows; only the last pattern is rare."""
    rng = np.random.default_rng(5)
    labels = rng.random((2000, len(PATTERNS))) < 0.1
    labels[:, -1] = np.arange(2000) < FEWEST - 1
    return labels, np.clip(rng.normal(0.2 + 0.4 * labels, 0.2), 0.0, 1.0), rng.integers(0, 12, 2000) * 7


@pytest.fixture(scope="module")
def result(made: Made) -> Evaluation:
    return evaluate(made[0], made[1], LIMITS, made[2])


def test_each_pattern_is_scored_as_scikit_learn_does(made: Made, result: Evaluation) -> None:
    labels, said, _ = made
    for number, score in enumerate(result.scores):
        assert score.pattern == PATTERNS[number]
        assert score.cases == labels[:, number].sum()
        assert score.base_rate == pytest.approx(labels[:, number].mean())
        assert score.mean_probability == pytest.approx(said[:, number].mean())
        assert score.f1 == pytest.approx(f1_score(labels[:, number], said[:, number] >= 0.5))
        expected = average_precision_score(labels[:, number], said[:, number])
        assert score.average_precision == pytest.approx(expected, abs=1e-12)
        assert score.interval[0] < score.average_precision < score.interval[1]


def test_means_are_those_of_scikit_learn_without_the_pattern_that_is_too_rare(made: Made, result: Evaluation) -> None:
    labels, said = made[0][:, :-1], made[1][:, :-1]
    assert [score.is_too_few for score in result.scores] == [False] * 14 + [True]
    assert result.macro_f1.value == pytest.approx(f1_score(labels, said >= 0.5, average="macro"))
    assert result.micro_f1.value == pytest.approx(f1_score(labels, said >= 0.5, average="micro"))
    assert result.macro_average_precision.value == pytest.approx(average_precision_score(labels, said, average="macro"))
    for mean in (result.macro_f1, result.micro_f1, result.macro_average_precision):
        assert mean.interval[0] < mean.value < mean.interval[1]


def test_an_interval_widens_when_instruments_differ(made: Made, result: Evaluation) -> None:
    labels, said, group = made
    unlike = np.where((group < 42)[:, None], said, 0.5 * said[::-1])  # of half the instruments nothing is known
    other = evaluate(labels, unlike, LIMITS, group).macro_average_precision.interval
    same = result.macro_average_precision.interval
    assert other[1] - other[0] > 3 * (same[1] - same[0])


def test_one_instrument_has_no_interval(made: Made) -> None:
    one = evaluate(made[0], made[1], LIMITS, np.zeros(2000, int))
    assert np.isnan(one.macro_f1.interval).all()
    assert np.isfinite(one.macro_f1.value)


def test_nothing_to_evaluate_is_said() -> None:
    with pytest.raises(NotEnoughDataError, match="no window to evaluate"):
        evaluate(np.zeros((0, 15), bool), np.zeros((0, 15)), LIMITS, np.zeros(0, int))


def test_a_document_holds_every_pattern_and_says_which_are_too_rare(result: Evaluation) -> None:
    document = result.document()
    assert [each["pattern"] for each in document["patterns"]] == list(PATTERNS)
    assert document["patterns"][-1]["too_few_to_say"] is True
    assert document["n_instruments"] == 12
