"""What a leak check says: a finding per feature, a finding per planted leak, and the certificate of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Literal

Outcome = Literal["passed", "leaks", "unchecked", "absent"]
LISTED = 5  # names in a sentence


@dataclass(frozen=True)
class LeakFinding:
    """What was found for one feature.

    Attributes
    ----------
    name: the feature.
    outcome: "passed"; "leaks"; "unchecked" when the check could not have seen a leak; "absent" when
        the facts or peers it reads are not there, so that it has no value in any row.
    values_compared: numbers (not NaN) of the past that were compared, over all cuts and futures; those at
        which the future was only removed are not counted.
    first_row: the first row of the past that changed, None unless it leaks.
    first_cut: the first row of the future when it changed.
    future: what had been done to the future, one of `FUTURES`.
    canary_caught: whether the same values moved one bar ahead were caught by the same comparison.
    reason: what changed, or why it is unchecked or absent; "" when it passed.
    """

    name: str
    outcome: Outcome
    values_compared: int
    first_row: int | None = None
    first_cut: int | None = None
    future: str | None = None
    canary_caught: bool = False
    reason: str = ""


@dataclass(frozen=True)
class CanaryFinding:
    """Whether a leak planted on purpose was caught on these very bars.

    Attributes
    ----------
    name: the leak, such as "a text used before it was known".
    reads: what it leaks from: "bars", "figures", "options", "texts", "actions" or "peers".
    caught: whether it was noticed; a check that misses it proves nothing.
    """

    name: str
    reads: str
    caught: bool


@dataclass(frozen=True)
class LeakCertificate:
    """The result of certifying features on some bars.

    Attributes
    ----------
    findings: one per feature, in the order asked for.
    canaries: one per planted leak.
    series: what the bars were of.
    n_bars: how many there were.
    cuts: the first rows of the futures that were changed.
    futures: what was done to the future at each cut.
    seed: of the cuts and of the other values.
    code_version: trimtab's version and a hash of the versions of the features.
    versions: version of every feature, by name; empty for functions that are not in the catalogue.
    content: SHA-256 of the bars and of each part of what surrounded them.
    removed_at: further cuts at which the future was only removed: a stretch of consecutive rows, and some
        over all the history; empty where the cuts were given.
    """

    findings: tuple[LeakFinding, ...]
    canaries: tuple[CanaryFinding, ...]
    series: str
    n_bars: int
    cuts: tuple[int, ...]
    futures: tuple[str, ...]
    seed: int
    code_version: str
    versions: Mapping[str, int] = field(default_factory=dict)
    content: Mapping[str, str] = field(default_factory=dict)
    removed_at: tuple[int, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no feature leaks, every planted leak was caught, and at least one feature was checked."""
        return not self.leaking and not self.missed and bool(self.named("passed"))

    @property
    def leaking(self) -> tuple[str, ...]:
        """The features that see the future."""
        return self.named("leaks")

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The features about which nothing can be said on these bars."""
        return self.named("unchecked")

    @property
    def missed(self) -> tuple[str, ...]:
        """The planted leaks that were not noticed: then the check could not see."""
        return tuple(each.name for each in self.canaries if not each.caught)

    @property
    def values_compared(self) -> int:
        """Numbers of the past compared in all."""
        return sum(each.values_compared for each in self.findings)

    @property
    def sentence(self) -> str:
        """The result for a person."""
        if self.leaking:
            return f"these features see the future: {listed(self.leaking)}"
        if self.missed:
            return f"the check could not see: planted leaks went unnoticed ({listed(self.missed)})"
        if not self.passed:
            return f"no feature could be checked: {self._why_nothing()}"
        left = f"; {len(self.unchecked)} features could not be checked" if self.unchecked else ""
        return f"changing or cutting the future left every past value bit-identical{left}"

    @property
    def not_seen(self) -> str:
        """What could leak and still pass, for a person."""
        if not self.removed_at:
            return "leaks by one bar whose rows lie right before none of the cuts"
        return (
            "leaks by one bar in rows right before none of the cuts: any that comes back within "
            f"{_longest_run(self.removed_at)} rows was seen, a rarer one only by chance"
        )

    def named(self, outcome: Outcome) -> tuple[str, ...]:
        """The features with an outcome."""
        return tuple(each.name for each in self.findings if each.outcome == outcome)

    def document(self) -> dict[str, Any]:
        """The certificate as JSON values."""
        return {
            "passed": self.passed,
            "leaking": list(self.leaking),
            "unchecked": list(self.unchecked),
            "missed": list(self.missed),
            "series": self.series,
            "n_bars": self.n_bars,
            "cuts": list(self.cuts),
            "removed_at": list(self.removed_at),
            "not_seen": self.not_seen,
            "futures": list(self.futures),
            "seed": self.seed,
            "code_version": self.code_version,
            "versions": dict(self.versions),
            "content": dict(self.content),
            "canaries": [asdict(each) for each in self.canaries],
            "findings": [asdict(each) for each in self.findings],
        }

    def _why_nothing(self) -> str:
        return next((each.reason for each in self.findings if each.reason), "none was asked for")


def _longest_run(rows: tuple[int, ...]) -> int:
    """How many of some rising rows follow one another without a gap, at most.

    >>> _longest_run((1, 4, 5, 6, 9))
    3
    """
    longest = run = 1
    for row, following in pairwise(rows):
        run = run + 1 if following == row + 1 else 1
        longest = max(longest, run)
    return longest


def listed(names: tuple[str, ...]) -> str:
    """The first few names, and how many more there are.

    >>> listed(("a", "b", "c", "d", "e", "f", "g"))
    'a, b, c, d, e and 2 more'
    """
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
