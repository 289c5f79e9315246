"""What a recipe says, in our own words: the series, the label and the time a dataset was made for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trimtab.config.strategy import Label
from trimtab.market import Series, Timeframe


def series_of(recipe: Mapping[str, Any]) -> list[Series]:
    """The series a dataset was made from."""
    timeframe = Timeframe.parse(recipe["timeframe"])
    return [Series(name, timeframe) for name in recipe["instruments"]]


def label_of(recipe: Mapping[str, Any]) -> Label:
    """The label of a dataset."""
    return Label(**{name: value for name, value in recipe["label"].items() if name != "code"})


def as_of(recipe: Mapping[str, Any]) -> datetime:
    """The newest known time of the bars a dataset was made from; it saw nothing known later.

    >>> as_of({"as_of": "2020-01-03T00:00:00.000000"}).isoformat()
    '2020-01-03T00:00:00+00:00'
    """
    return datetime.fromisoformat(recipe["as_of"]).replace(tzinfo=UTC)
