"""What a simple rule would have reached on the rows of one condition, such as a kind of market."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab.reports.wording import is_known, words


def best_rule(row: Mapping[str, Any]) -> tuple[float | None, str]:
    """The best share said right by a rule without skill on these rows, and which rule it is.

    Rules are the naive forecast, the class that was commoner in training, and always the same answer: the last
    is chosen knowing how often it happened here, so it is the hardest to beat.

    >>> best_rule({"baseline_accuracy": 0.65, "majority_accuracy": 0.70, "base_rate": 0.29})
    (0.71, 'always saying no')
    >>> best_rule({})
    (None, '')
    """
    known = [
        (row.get("baseline_accuracy"), "the naive forecast"),
        (row.get("majority_accuracy"), "the commoner class in training"),
    ]
    rate = row.get("base_rate", row.get("happened_share"))
    if is_known(rate):
        known += [(max(rate, 1 - rate), "always saying yes" if rate >= 0.5 else "always saying no")]
    shares = [(share, name) for share, name in known if is_known(share)]
    return max(shares, key=lambda each: each[0], default=(None, ""))


def condition_name(row: Mapping[str, Any]) -> str:
    """A regime in words: "low volatility"."""
    return f"{words(row.get('regime'))} {words(row.get('kind'))}"
