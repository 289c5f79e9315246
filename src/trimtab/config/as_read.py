"""Sections of a strategy file as they are read: without the keys that what was chosen in them never looks at.

A result depends on these and on nothing else of the section, so they are what fingerprints are taken of: another
`take_profit` beside a label that has no barriers makes nothing again.
"""

from __future__ import annotations

from typing import Any

from trimtab.config.strategy import Confidence, Label, Model, Tuning, Validation

_OF_LABEL = {
    "forward_return": (),
    "direction": ("neutral_band",),
    "triple_barrier": ("take_profit", "stop_loss", "volatility_window"),
    "volatility_regime": ("memory",),
}
_OF_WALK_FORWARD = ("initial_train", "test", "step")


def label_as_read(label: Label) -> dict[str, Any]:
    """The kind, the horizons and what this kind reads, as JSON values.

    >>> label_as_read(Label(kind="direction", take_profit=2.0))
    {'kind': 'direction', 'horizons': [1], 'neutral_band': 0.0}
    """
    return label.model_dump(mode="json", include={"kind", "horizons", *_OF_LABEL[label.kind]})


def model_as_read(model: Model) -> dict[str, Any]:
    """The model; how many features are selected only where some are.

    >>> "n_selected" in model_as_read(Model(n_selected=9))
    False
    """
    return model.model_dump(mode="json", exclude={"n_selected"} if model.selection == "none" else None)


def confidence_as_read(confidence: Confidence) -> dict[str, Any]:
    """What is asked about certainty; empty where nothing is.

    >>> confidence_as_read(Confidence(n_parts=7))
    {}
    """
    return {} if confidence.asks_nothing else confidence.model_dump(mode="json")


def folds_as_read(validation: Validation) -> dict[str, Any]:
    """What the cuts of a walk-forward depend on: the sizes of its kind of window, and the embargo.

    A size keeps its kind: a share, a count and a duration that cut alike today will not on longer data.

    >>> folds_as_read(Validation(window="hold_out"))
    {'window': 'hold_out', 'hold_out': [0.6, 0.2, 0.2], 'embargo': 'PT0S'}
    """
    shares = ("hold_out",) if validation.window == "hold_out" else _OF_WALK_FORWARD
    return validation.model_dump(mode="json", include={"window", "embargo", *shares})


def validation_as_read(validation: Validation) -> dict[str, Any]:
    """The cuts, and how many trainings show the spread."""
    return folds_as_read(validation) | {"n_seeds": validation.n_seeds}


def search_as_read(tuning: Tuning) -> dict[str, Any]:
    """How trials are chosen and judged, beside how the rows are cut.

    The number of trials is part of a grid only: the others go on where they stopped. Workers are none: they change
    who runs a trial.

    >>> search_as_read(Tuning(n_trials=50, n_workers=2)) == search_as_read(Tuning())
    True
    """
    kept = {"sampler", "objectives", "pruning", "narrowing"} | ({"n_trials"} if tuning.sampler == "grid" else set())
    return tuning.model_dump(mode="json", include=kept)
