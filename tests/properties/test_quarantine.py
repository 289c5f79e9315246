"""For any sequence of decisions and refreshes, the store holds what the last decision stored."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fakes.quarantined import CONFLICT, Desk, clean_bars, delivered
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.bars.quarantine import bar_ids
from trimtab.config import Settings
from trimtab.errors import NotFoundError, TransitionError
from trimtab.storage.lake import open_lake

AROUND = slice(CONFLICT - 3, CONFLICT + 4)
DELIVERED = [CONFLICT - 3, CONFLICT - 2, CONFLICT - 1, CONFLICT, 59, CONFLICT + 1, CONFLICT + 2, CONFLICT + 3]
WHICH = st.sampled_from([0, 1])
CLOSES = st.sampled_from([0.9995, 1.0, 1.0005])
OPERATIONS = st.one_of(
    st.tuples(st.just("release"), WHICH),
    st.tuples(st.just("reject"), WHICH),
    st.tuples(st.just("correct"), WHICH, CLOSES),
    st.tuples(st.just("correct_stored"), CLOSES),
    st.tuples(st.just("refresh"), st.lists(WHICH, unique=True)),
)


@dataclass
class Expected:
    """The plain rule: the last decision that stored something stands, and each bar has its last state."""

    bars: list[str]
    stands: str | None = None
    states: dict[str, str] = field(default_factory=dict)

    def storing(self, bar: str, stands: str, state: str) -> None:
        self.states |= dict.fromkeys(self.bars, "rejected") | {bar: state}
        self.stands = stands


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(operations=st.lists(OPERATIONS, min_size=1, max_size=8))
def test_the_last_decision_stands_through_every_refresh(operations: list[tuple]) -> None:  # type: ignore[type-arg]  # of mixed kinds
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(open_lake(Settings(data_dir=Path(folder))))
        desk.refresh(delivered().take(DELIVERED))
        expected = Expected(desk.refused(CONFLICT))
        for operation, *arguments in operations:
            before = len(desk.stored(CONFLICT))
            _apply(desk, expected, operation, arguments)
            stored = desk.stored(CONFLICT)
            assert (bar_ids(stored)[-1] if len(stored) else None) == expected.stands
            assert expected.stands not in desk.quarantine.overruled(desk.series)
            states = desk.quarantine.states(desk.series)
            assert {bar: states[bar] for bar in expected.bars} == dict.fromkeys(expected.bars, "open") | {
                bar: state for bar, state in expected.states.items() if bar in expected.bars
            }
            assert len(stored) == before or operation != "refresh"


def _apply(desk: Desk, expected: Expected, operation: str, arguments: list) -> None:  # type: ignore[type-arg]
    close = float(clean_bars().close[CONFLICT])
    try:
        if operation == "release":
            bar = expected.bars[arguments[0]]
            desk.release(bar)
            expected.storing(bar, bar, "released")
        elif operation == "reject":
            bar = expected.bars[arguments[0]]
            desk.reject(bar)
            expected.states[bar] = "rejected"
        elif operation == "correct":
            bar = expected.bars[arguments[0]]
            desk.correct(bar, {"close": close * arguments[1], "high": close * 1.1, "low": close * 0.9})
            expected.storing(bar, bar_ids(desk.stored(CONFLICT))[-1], "corrected")
        elif operation == "correct_stored":
            settlement = desk.correct_stored(CONFLICT, {"close": close * arguments[0], "high": close * 1.1})
            expected.storing(settlement.decision.bar, bar_ids(desk.stored(CONFLICT))[-1], "corrected")
        elif len(arguments[0]) != 1 or expected.stands is not None:
            # One of two that contradict each other, delivered alone, is no conflict any more: not asked here.
            away = {3, 4} - {3 + which for which in arguments[0]}
            desk.refresh(delivered().take([row for at, row in enumerate(DELIVERED) if at not in away]))
    except (TransitionError, NotFoundError):
        return
