from __future__ import annotations

import numpy as np
import pytest

from trimtab.errors import SchemaError
from trimtab.facts import Figures, Texts
from trimtab.facts.concepts import CONCEPTS, FLOWS, LEVELS, OPTIONS


def test_a_concept_is_a_flow_or_a_level_or_stated_for_a_day() -> None:
    assert len(CONCEPTS) == len(FLOWS) + len(LEVELS) + len(OPTIONS)


def test_figures_are_known_and_received_when_nothing_else_is_said() -> None:
    figures = Figures.build("A", ["assets"], ["NaT"], ["2020-06-30"], [1.0], ["2020-07-20"])
    assert figures.received_time == figures.known_time
    assert figures.document.tolist() == [""]


def test_figures_without_a_known_time_are_refused() -> None:
    with pytest.raises(SchemaError, match="known_time is missing in 1 rows"):
        Figures.build("A", ["assets"], ["NaT"], ["2020-06-30"], [1.0], ["NaT"])


def test_arrays_of_other_lengths_are_refused() -> None:
    with pytest.raises(SchemaError, match="'value' has float64 and length 2, the times have length 1"):
        Figures.build("A", ["assets"], ["NaT"], ["2020-06-30"], [1.0, 2.0], ["2020-07-20"])


def test_a_score_outside_minus_one_and_one_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"must lie in \[-1, 1\], not 3.0"):
        Texts.build("A", ["2020-01-01"], ["news"], ["up"], [3.0])


def test_a_selection_keeps_every_column_together() -> None:
    texts = Texts.build("A", ["2020-01-01", "2020-01-02"], ["news", "social"], ["a", "b"], [0.1, np.nan])
    chosen = texts.take(np.array([1]))
    assert (chosen.text.tolist(), chosen.channel.tolist()) == (["b"], ["social"])
    assert np.isnan(chosen.score).all()
    assert np.isnan(chosen.confidence).all()


def test_nothing_is_a_value() -> None:
    assert len(Figures.empty("A")) == len(Texts.empty("A")) == 0
