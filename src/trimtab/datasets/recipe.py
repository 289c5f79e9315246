"""What a recipe says, in our own words: the series, the label and the time a dataset was made for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from trimtab.config.strategy import DatasetRules, Label
from trimtab.market import Series, Timeframe


def series_of(recipe: Mapping[str, Any]) -> list[Series]:
    """The series a dataset was made from."""
    timeframe = Timeframe.parse(recipe["timeframe"])
    return [Series(name, timeframe) for name in recipe["instruments"]]


def label_of(recipe: Mapping[str, Any]) -> Label:
    """The label of a dataset."""
    return Label(**{name: value for name, value in recipe["label"].items() if name != "code"})


def written_rules(rules: DatasetRules) -> dict[str, Any]:
    """Rules as JSON values, durations in seconds.

    >>> written_rules(DatasetRules(max_staleness="3d"))["max_staleness"]
    259200.0
    """
    values = rules.model_dump()
    return {name: value.total_seconds() if isinstance(value, timedelta) else value for name, value in values.items()}


def rules_of(recipe: Mapping[str, Any]) -> DatasetRules:
    """The rules a dataset was made by; the defaults where its recipe is from before there were any."""
    written = dict(recipe.get("rules", {}))
    for name in ("max_staleness", "recency_half_life"):
        if written.get(name) is not None:
            written[name] = timedelta(seconds=written[name])
    return DatasetRules(**written)


def window_of(recipe: Mapping[str, Any]) -> int:
    """How many bars the model of a dataset looks at at once; 1 where its recipe says nothing of it."""
    return int(recipe.get("window", 1))


def has_history(recipe: Mapping[str, Any]) -> bool:
    """Whether the rows of all bars are kept beside the samples, for models that look at windows."""
    return window_of(recipe) > 1


def as_of(recipe: Mapping[str, Any]) -> datetime:
    """The newest known time of the bars a dataset was made from and of their revisions; it saw nothing known later.

    >>> as_of({"as_of": "2020-01-03T00:00:00.000000"}).isoformat()
    '2020-01-03T00:00:00+00:00'
    """
    return datetime.fromisoformat(recipe["as_of"]).replace(tzinfo=UTC)
