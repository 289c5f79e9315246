"""What a person decided about a bar: who, when, why, and what follows from all decisions together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from trimtab.bars.quarantine.identity import bar_ids
from trimtab.bars.quarantine.refused import VALUES, one_bar
from trimtab.errors import ConfigurationError
from trimtab.market import Series

if TYPE_CHECKING:
    import pyarrow as pa

Action = Literal["release", "reject", "correct"]
State = Literal["open", "released", "rejected", "corrected"]
STATE_AFTER: dict[Action, State] = {"release": "released", "reject": "rejected", "correct": "corrected"}


@dataclass(frozen=True)
class QuarantineDecision:
    """One decision about one bar.

    Attributes
    ----------
    bar: which bar, see `bar_ids`; refused, or accepted and corrected afterwards.
    event_time: open of the bar; None where it had no time and got none.
    action: "release" stores it as delivered, "correct" with other values, "reject" keeps it out.
    actor, reason: who decided, and why; neither may be empty.
    decided: when.
    values: what the decision stored, prices, volume and factor by name; None for a rejection.
    overruled: ids of bars that must not be stored again because of this decision.
    """

    bar: str
    event_time: datetime | None
    action: Action
    actor: str
    reason: str
    decided: datetime
    values: Mapping[str, float] | None = None
    overruled: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for name, why in (("actor", "who decides"), ("reason", "why")):
            if not getattr(self, name).strip():
                raise ConfigurationError(
                    f"a decision about a bar needs a {name}, and '{getattr(self, name)}' is empty; say {why}"
                )


@dataclass(frozen=True)
class QuarantineCounts:
    """Bars by what was decided about them.

    Attributes
    ----------
    open: refused, and nobody has decided yet.
    released: refused, then stored as delivered.
    rejected: refused, and to stay out.
    corrected: stored with other values, whether refused before or accepted.
    """

    open: int
    released: int
    rejected: int
    corrected: int

    @property
    def sentence(self) -> str:
        """The counts for a person.

        >>> QuarantineCounts(open=1, released=2, rejected=0, corrected=0).sentence
        '1 refused bar waits for a decision; 2 released, 0 rejected, 0 corrected'
        """
        waiting = "1 refused bar waits" if self.open == 1 else f"{self.open or 'no'} refused bars wait"
        decided = f"{self.released} released, {self.rejected} rejected, {self.corrected} corrected"
        return f"{waiting} for a decision; {decided}"


def states(decisions: Iterable[QuarantineDecision]) -> dict[str, State]:
    """The state of every bar that was decided about; the last decision counts."""
    return {decision.bar: STATE_AFTER[decision.action] for decision in decisions}


def count_states(refused: Iterable[str], decisions: Sequence[QuarantineDecision]) -> QuarantineCounts:
    """Refused bars by state; accepted bars that were corrected count once for each time."""
    decided, ids = states(decisions), set(refused)
    found: list[State] = [decided.get(bar, "open") for bar in ids]
    others = {decision.event_time: decision for decision in decisions if decision.bar not in ids}
    found += ["corrected"] * sum(decision.action == "correct" for decision in others.values())
    return QuarantineCounts(*(found.count(state) for state in ("open", "released", "rejected", "corrected")))


def overruled_ids(series: Series, decisions: Iterable[QuarantineDecision]) -> frozenset[str]:
    """Ids of the bars that must not be stored (again), all decisions together.

    What a decision stores is overruled no more, whatever was decided before.
    """
    overruled: set[str] = set()
    for decision in decisions:
        overruled |= set(decision.overruled)
        if decision.values is not None:
            overruled -= set(bar_ids(one_bar(series, decision.event_time, decision.values)))
    return frozenset(overruled)


def to_table(series: Series, decisions: Sequence[QuarantineDecision]) -> pa.Table:
    """An Arrow table, one row per decision, times as timestamp[us, UTC]."""
    import pyarrow as pa

    time, text = pa.timestamp("us", tz="UTC"), pa.string()
    kinds = {"instrument_id": text, "timeframe": text, "bar": text, "event_time": time, "action": text}
    kinds |= {"actor": text, "reason": text, "decided": time} | dict.fromkeys(VALUES, pa.float64())
    schema = pa.schema(kinds | {"overruled": pa.list_(text)})
    return pa.Table.from_pylist([_row(series, decision) for decision in decisions], schema=schema)


def from_row(row: Mapping[str, Any]) -> QuarantineDecision:
    """Read a row of `to_table` back."""
    names = ("bar", "event_time", "action", "actor", "reason", "decided")
    values = None if row["action"] == "reject" else {name: row[name] for name in VALUES}
    return QuarantineDecision(**{name: row[name] for name in names}, values=values, overruled=tuple(row["overruled"]))


def _row(series: Series, decision: QuarantineDecision) -> dict[str, Any]:
    fields = {"instrument_id": series.instrument_id, "timeframe": series.timeframe.value, **vars(decision)}
    return {**fields, **(decision.values or {}), "overruled": list(decision.overruled)}
