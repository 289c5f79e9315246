"""The corporate actions that are told beside prices, in the rows of a bar file or by Yahoo."""

from __future__ import annotations

import numpy as np

from trimtab.bars.actions.schema import ActionKind, Actions
from trimtab.bars.schema import TIME

TELLING = ("dividend", "split", "capital_gain")


def actions_of(instrument_id: str, event_time: np.ndarray, numbers: dict[str, np.ndarray]) -> Actions:
    """The corporate actions that the rows of one instrument tell, in order of their dates.

    An action takes effect with the session of its row, so its `ex_time` is the row's date. Zero and
    NaN tell nothing, and neither does a row without a time. An action is known by its date and kind;
    where several rows of a date tell the same kind, the last one counts.

    Capital gains are paid like dividends; see `paid_out` for when they are added.

    Parameters
    ----------
    event_time: of every row, `datetime64[us]`.
    numbers: the columns of `TELLING` that the table has, float64.

    >>> days = np.array(["2024-01-02", "2024-01-03"], dtype="datetime64[us]")
    >>> told = actions_of("X", days, {"dividend": np.array([0.5, 0.5]), "capital_gain": np.array([0.2, 0.75])})
    >>> told.kind.tolist(), told.value.tolist()
    (['dividend', 'dividend'], [0.5, 1.25])
    """
    given = {name: np.where(np.isnan(values), 0.0, values) for name, values in numbers.items()}
    nothing = np.zeros(len(event_time))
    told = {
        ActionKind.DIVIDEND: paid_out(given.get("dividend", nothing), given.get("capital_gain", nothing)),
        ActionKind.SPLIT: given.get("split", nothing),
    }
    parts = [_last_of_each_date(event_time, kind, values) for kind, values in told.items()]
    ex_time = np.concatenate([times for times, _, _ in parts])
    order = np.argsort(ex_time, kind="stable")
    return Actions.build(
        instrument_id,
        ex_time[order],
        np.concatenate([kinds for _, kinds, _ in parts])[order],
        np.concatenate([values for _, _, values in parts])[order],
    )


def paid_out(dividend: np.ndarray, capital_gain: np.ndarray) -> np.ndarray:
    """What a share received in cash, from a dividend and the capital gains listed beside it; float64.

    Yahoo's dividend of a date already includes the gains it lists beside it (adding them again is its
    well-known double count), so they are added only to a dividend too small to hold them. NaN is nothing.

    >>> paid_out(np.array([9.968, 0.3]), np.array([8.999, 1.2])).tolist()
    [9.968, 1.5]
    """
    dividend, capital_gain = np.nan_to_num(dividend, nan=0.0), np.nan_to_num(capital_gain, nan=0.0)
    paid: np.ndarray = np.where(dividend >= capital_gain, dividend, dividend + capital_gain)
    return paid


def _last_of_each_date(
    event_time: np.ndarray, kind: ActionKind, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = np.flatnonzero((values != 0) & ~np.isnat(event_time))[::-1]
    dates, last = np.unique(event_time[rows].astype("datetime64[D]"), return_index=True)
    return dates.astype(TIME), np.full(len(dates), kind.value, dtype="U8"), values[rows][last]
