"""The families that are compared, with the parameters they are compared at: the defaults, made small where slow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab.models.families import make_forecaster
from trimtab.models.protocol import Forecaster


@dataclass(frozen=True)
class Entry:
    """One line of the table.

    Attributes
    ----------
    name: what it is called there.
    family, parameters: what it is.
    learns: whether it looks at the features and the target together.
    """

    name: str
    family: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    learns: bool = True

    def forecaster(self) -> Forecaster:
        """Ready to be trained."""
        return make_forecaster(self.family, self.parameters)


NAIVE = (
    Entry("naive: mean", "naive", {"rule": "mean"}, learns=False),
    Entry("naive: majority", "naive", {"rule": "majority"}, learns=False),
    Entry("naive: buy and hold", "naive", {"rule": "buy_and_hold"}, learns=False),
    Entry("naive: last value", "naive", {"rule": "last_value", "feature": "return_1"}, learns=False),
    Entry("naive: moving average", "naive", {"rule": "moving_average", "feature": "sma_distance_20"}, learns=False),
)
PRICE_MEMBERS = {"xgboost": 0.4, "lightgbm": 0.4, "random_forest": 0.2}
LEARNING = (
    Entry("linear", "linear"),
    Entry("lightgbm", "lightgbm"),
    Entry("xgboost", "xgboost"),
    Entry("random_forest", "random_forest"),
    Entry("dense", "dense"),
    Entry("lstm", "lstm"),
    Entry("cnn", "cnn"),
    Entry("tcn", "tcn"),
    Entry("transformer", "transformer"),
    Entry("ensemble 40/40/20", "ensemble", {"members": PRICE_MEMBERS}),
    Entry("stacking", "ensemble", {"members": PRICE_MEMBERS, "combination": "stacking"}),
)
