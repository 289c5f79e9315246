"""Other futures for facts: figures, texts and corporate actions that were not known at a moment.

What is known later may be about earlier: so the other values come with statements planted just after
the moment about the time before it: a restatement and a new period for every concept, texts of the last
bars that arrive late, and splits and dividends that were told late, told anew or are still to come. A
feature that reads the wrong time sees them at any cut.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.facts import Figures, Texts
from trimtab.features.surroundings import NOTHING, Surroundings

PLANTED = 8  # of every concept or channel
BARS_LATE = (0, 1, 2, 5, 20, 80)  # how many bars before a moment actions told after it took effect
BARS_AHEAD = (1, 5, 20)  # how many bars after it they will
TICK = np.timedelta64(1, "us")
Facts = TypeVar("Facts", Figures, Texts, Actions)


def known_by(surroundings: Surroundings, moment: np.datetime64) -> Surroundings:
    """The facts known at a moment and no others; peers are left as they are."""
    return replace(
        surroundings,
        figures=_known_by(surroundings.figures, moment),
        texts=_known_by(surroundings.texts, moment),
        actions=_known_by(surroundings.actions, moment),
    )


def with_other_facts(
    surroundings: Surroundings, moment: np.datetime64, span: np.timedelta64, generator: np.random.Generator
) -> Surroundings:
    """Other values for what was known after a moment, and late news about the time before it.

    `span` is the length of a bar: late texts are said to be published within a few of it. Late actions
    come also where there were none, as long as there is anything at all.
    """
    figures, texts, actions = surroundings.figures, surroundings.texts, surroundings.actions
    if figures is not None:
        later = figures.known_time > moment
        late = _late_figures(figures.take(~later), moment, span, generator)
        figures = _joined(other_figures(figures, later, generator), late, "period_end")
    if texts is not None:
        later = texts.known_time > moment
        late_texts = _late_texts(texts.take(~later), moment, span, generator)
        texts = _joined(other_texts(texts, later, generator), late_texts, "event_time")
    if surroundings is not NOTHING:
        actions = _other_actions_after(Actions.empty("") if actions is None else actions, moment, span, generator)
    return replace(surroundings, figures=figures, texts=texts, actions=actions)


def without_values(surroundings: Surroundings, moment: np.datetime64) -> Surroundings:
    """The same facts, with NaN as value of those known after a moment."""
    figures, texts, actions = surroundings.figures, surroundings.texts, surroundings.actions
    if figures is not None:
        figures = replace(figures, value=np.where(figures.known_time > moment, np.nan, figures.value))
    if actions is not None:
        actions = replace(actions, value=np.where(actions.known_time > moment, np.nan, actions.value))
    if texts is not None:
        later = texts.known_time > moment
        texts = replace(
            texts,
            score=np.where(later, np.nan, texts.score),
            confidence=np.where(later, np.nan, texts.confidence),
            embedding=np.where(later[:, None], np.float32(np.nan), texts.embedding),
        )
    return replace(surroundings, figures=figures, texts=texts, actions=actions)


def other_figures(figures: Figures, chosen: np.ndarray, generator: np.random.Generator) -> Figures:
    """The figures with wildly other values where chosen, some of the other sign."""
    n = len(figures)
    wild = np.exp(generator.normal(0.0, 2.0, n)) * generator.choice([-1.0, 1.0], n, p=[0.2, 0.8])
    return replace(figures, value=np.where(chosen, figures.value * wild, figures.value))


def other_texts(texts: Texts, chosen: np.ndarray, generator: np.random.Generator) -> Texts:
    """The texts with other moods and other embeddings where chosen."""
    n = len(texts)
    return replace(
        texts,
        score=np.where(chosen, generator.uniform(-1.0, 1.0, n), texts.score),
        confidence=np.where(chosen, generator.random(n), texts.confidence),
        embedding=np.where(chosen[:, None], _other_points(texts.embedding, generator), texts.embedding),
    )


def other_actions(actions: Actions, chosen: np.ndarray, generator: np.random.Generator) -> Actions:
    """The splits and dividends with other sizes where chosen."""
    return replace(actions, value=np.where(chosen, generator.uniform(0.2, 5.0, len(actions)), actions.value))


def _late_figures(
    past: Figures, moment: np.datetime64, span: np.timedelta64, generator: np.random.Generator
) -> Figures:
    restated = past.take(_newest_of_each(past.concept, past.period_end, PLANTED))
    newest = past.take(_newest_of_each(past.concept, past.period_end, 1))
    moved = np.maximum(moment - span // 4 - newest.period_end, np.timedelta64(0, "us"))
    ended = replace(newest, period_start=newest.period_start + moved, period_end=newest.period_end + moved)
    late = _joined(restated, ended, "period_end")
    late = other_figures(late, np.ones(len(late), bool), generator)
    known = np.full(len(late), moment + TICK)
    return replace(late, known_time=known, received_time=known)


def _late_texts(past: Texts, moment: np.datetime64, span: np.timedelta64, generator: np.random.Generator) -> Texts:
    late = past.take(_newest_of_each(past.channel, past.event_time, PLANTED))
    n = len(late)
    # Half of them in the last bar: a window of one bar must see some.
    bars_ago = generator.random(n) * np.where(np.arange(n) % 2, 1.0, 5.0)
    bars_ago[np.append(late.channel[1:] != late.channel[:-1], True)[:n]] = 0.0  # one is the newest of its channel
    published = moment - (bars_ago * span.astype(np.int64)).astype("timedelta64[us]")
    known = np.full(n, moment + TICK)
    late = other_texts(late, np.ones(n, bool), generator)
    late = replace(late, event_time=published, known_time=known, received_time=known)
    return late.take(np.argsort(published, kind="stable"))


def _other_actions_after(
    actions: Actions, moment: np.datetime64, span: np.timedelta64, generator: np.random.Generator
) -> Actions:
    later = actions.known_time > moment
    told_anew = actions.take(~later)
    known = np.full(len(told_anew), moment + TICK)
    told_anew = replace(told_anew, known_time=known, received_time=known)
    told_anew = other_actions(told_anew, np.ones(len(told_anew), bool), generator)
    late = _joined(told_anew, _late_actions(actions.instrument_id, moment, span, generator), "ex_time")
    return _joined(other_actions(actions, later, generator), late, "ex_time")


def _late_actions(
    instrument_id: str, moment: np.datetime64, span: np.timedelta64, generator: np.random.Generator
) -> Actions:
    """Splits and dividends that took effect before a moment and were told after it, and some of its future."""
    bars = np.array([*(-late for late in BARS_LATE), *BARS_AHEAD])
    ex_time = np.sort(moment + np.repeat(bars, len(ActionKind)) * span)
    kind = np.tile([str(kind) for kind in ActionKind], len(bars))
    value = generator.uniform(1.5, 5.0, len(kind))  # never NOTHING, and their product never 1
    return Actions.build(instrument_id, ex_time, kind, value, np.maximum(ex_time, moment + TICK))


def _newest_of_each(label: np.ndarray, time: np.ndarray, n: int) -> np.ndarray:
    """Positions of the last `n` elements of every label, by time.

    >>> _newest_of_each(np.array(["a", "b", "a", "a"]), np.array([1, 5, 3, 2]), 2).tolist()
    [3, 2, 1]
    """
    order = np.lexsort((time, label))
    after = np.searchsorted(label[order], label[order], side="right")
    return order[after - np.arange(len(order)) <= n]


def _other_points(embedding: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return generator.normal(0.0, 1.0, embedding.shape).astype(embedding.dtype)


def _known_by(facts: Facts | None, moment: np.datetime64) -> Facts | None:
    return None if facts is None else facts.take(facts.known_time <= moment)


def _joined(facts: Facts, added: Facts, by: str) -> Facts:
    """Both together; in the order of their time where they came in that order, so that the past keeps its own."""
    names = [field.name for field in fields(facts) if field.name != "instrument_id"]
    both: dict[str, Any] = {name: np.concatenate([getattr(facts, name), getattr(added, name)]) for name in names}
    joined = replace(facts, **both)
    time = getattr(facts, by)
    ordered = bool((time[1:] >= time[:-1]).all())
    return joined.take(np.argsort(getattr(joined, by), kind="stable")) if ordered else joined
