"""Corporate actions for tests, written as a person would list them."""

from __future__ import annotations

import numpy as np

from trimtab.bars.actions import Actions
from trimtab.bars.schema import TIME


def actions_of(*listed: tuple[str, str, float], instrument: str = "AAA") -> Actions:
    """Actions from (ex-date, kind, value)."""
    dates, kinds, values = zip(*listed, strict=True) if listed else ((), (), ())
    return Actions.build(instrument, np.array(dates, TIME), np.array(kinds, "U8"), np.array(values, dtype=float))


def listed(actions: Actions) -> list[tuple[str, str, float]]:
    """Actions as (ex-date, kind, value)."""
    dates = [str(time)[:10] for time in actions.ex_time]
    return list(zip(dates, actions.kind.tolist(), actions.value.tolist(), strict=True))
