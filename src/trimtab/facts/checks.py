"""What facts must be before they are stored: refused with one sentence that says which one is wrong."""

from __future__ import annotations

import numpy as np

from trimtab.errors import SchemaError
from trimtab.facts.schema import Figures, Texts
from trimtab.facts.sources.protocol import over
from trimtab.facts.versions import same_figure


def require_sound_figures(figures: Figures) -> None:
    """`SchemaError` for a value that is no number, an impossible period or time, and two values at once."""
    for wrong, what in (
        (~np.isfinite(figures.value), "has no value; leave it out"),
        (figures.period_start > figures.period_end, "ends before it begins; correct its period"),
    ):
        if wrong.any():
            raise SchemaError(f"{_told(figures, int(np.argmax(wrong)))} {what}")
    _require_over(figures)
    start = figures.period_start.astype(np.int64)
    figures = figures.take(np.lexsort((figures.known_time, start, figures.concept, figures.period_end)))
    if len(figures) == 0:
        return
    twice = same_figure(figures) & (figures.known_time[1:] == figures.known_time[:-1])
    twice &= figures.value[1:] != figures.value[:-1]
    if twice.any():
        raise SchemaError(
            f"{_told(figures, int(np.argmax(twice)))} is told with two values at one known time; keep the right one"
        )


def _require_over(figures: Figures) -> None:
    ends = over(figures.period_end)
    early = figures.known_time < ends
    if early.any():
        at = int(np.argmax(early))
        is_day = ", when its last day is over" if ends[at] != figures.period_end[at] else ""
        raise SchemaError(
            f"{_told(figures, at)} is known before its period ends ({str(ends[at])[:16].replace('T', ' ')} UTC{is_day}); "
            "correct a time (forecasts are no figures)"
        )


def require_sound_texts(texts: Texts) -> None:
    """`SchemaError` for a text that was known before it was published."""
    early = texts.known_time < texts.event_time
    if early.any():
        at = int(np.argmax(early))
        raise SchemaError(
            f"texts of {texts.instrument_id}: the one of {texts.event_time[at]} is said to be known at "
            f"{texts.known_time[at]}, before it was published; correct one of the times"
        )


def _told(figures: Figures, at: int) -> str:
    return f"figures of {figures.instrument_id}: {figures.concept[at]} of {str(figures.period_end[at])[:10]}"
