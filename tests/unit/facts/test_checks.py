from __future__ import annotations

import numpy as np
import pytest

from trimtab.errors import SchemaError
from trimtab.facts import Figures, Texts
from trimtab.facts.checks import require_sound_figures, require_sound_texts


def told(value: float = 1.0, start: str = "2020-04-01", end: str = "2020-06-30", known: str = "2020-07-20") -> Figures:
    return Figures.build("A", ["revenue"], [start], [end], [value], [known])


def both(one: Figures, other: Figures) -> Figures:
    names = ("concept", "period_start", "period_end", "value", "known_time")
    return Figures.build("A", *(np.concatenate([getattr(one, name), getattr(other, name)]) for name in names))


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        (told(value=np.nan), "figures of A: revenue of 2020-06-30 has no value; leave it out"),
        (told(value=np.inf), "has no value"),
        (told(start="2020-07-01"), "ends before it begins; correct its period"),
        (told(known="2020-06-29"), "is known before its period ends"),
        (told(known="2020-06-30T22:00"), r"is known before its period ends \(2020-07-01 00:00 UTC, when its last day"),
        (both(told(), told(value=2.0)), "is told with two values at one known time; keep the right one"),
    ],
)
def test_what_no_figure_can_be_is_refused_with_its_name(figures: Figures, sentence: str) -> None:
    with pytest.raises(SchemaError, match=sentence):
        require_sound_figures(figures)


def test_a_restatement_and_a_repetition_are_sound() -> None:
    require_sound_figures(both(told(), told(value=2.0, known="2021-07-20")))
    require_sound_figures(both(told(), told()))
    require_sound_figures(Figures.empty("A"))


def test_a_level_has_no_beginning_to_be_wrong() -> None:
    require_sound_figures(Figures.build("A", ["assets"], ["NaT"], ["2020-06-30"], [1.0], ["2020-07-01"]))


def test_a_period_that_ends_within_a_day_is_over_at_that_moment() -> None:
    end = "2020-06-30T14:00"
    require_sound_figures(told(end=end, known=end))
    with pytest.raises(SchemaError, match=r"before its period ends \(2020-06-30 14:00 UTC\); correct a time"):
        require_sound_figures(told(end=end, known="2020-06-30T13:59"))


def test_a_text_known_before_it_was_published_is_refused() -> None:
    texts = Texts.build("A", ["2020-01-02"], ["news"], ["up"], known_time=["2020-01-01"])
    with pytest.raises(SchemaError, match="before it was published; correct one of the times"):
        require_sound_texts(texts)
