from __future__ import annotations

import numpy as np
import pytest

from trimtab.config.strategy import Label
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.signals.positions import default_rule, target_positions

P = np.array([0.9, 0.6, 0.5, 0.4, 0.1, np.nan])


def test_long_short_holds_nothing_between_the_thresholds() -> None:
    assert target_positions(P, "long_short", 0.6).tolist() == [1.0, 0.0, 0.0, 0.0, -1.0, 0.0]


def test_long_flat_never_sells_short() -> None:
    assert target_positions(P, "long_flat", 0.5).tolist() == [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]


def test_avoiding_high_volatility_steps_aside_while_it_is_likely() -> None:
    assert target_positions(P, "avoid_high_volatility", 0.5).tolist() == [0.0, 0.0, 0.0, 1.0, 1.0, 0.0]


def test_in_regression_the_sign_of_the_return_decides() -> None:
    value = np.array([0.02, -0.01, 0.0, np.nan])
    assert target_positions(value, "long_short", task="regression").tolist() == [1.0, -1.0, 0.0, 0.0]


def test_volatility_cannot_be_avoided_by_a_return() -> None:
    with pytest.raises(ConfigurationError, match="needs probabilities"):
        target_positions(P, "avoid_high_volatility", task="regression")


def test_every_kind_of_label_has_a_default_rule() -> None:
    kinds = Label.model_fields["kind"].annotation.__args__
    assert {kind: target_positions(P, default_rule(kind)) is not None for kind in kinds} == dict.fromkeys(kinds, True)


def test_an_unknown_rule_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="long_flat"):
        target_positions(P, "long_flatt")


def test_a_threshold_is_a_probability() -> None:
    with pytest.raises(ConfigurationError, match="between 0 and 1"):
        target_positions(P, "long_short", 60.0)
