"""A vendor's table of quarterly accounts: one row per company and quarter, without the date they were published.

Nothing in it says when a figure was known, so that is assumed: the end of the last day of the quarter plus a
delay, 90 days where nothing else is said (the SEC gives a company 40 to 45 days for a quarter and 60 to 90 for a year).
Values are as the vendor has them today: a restatement has overwritten what was first published, and no delay undoes that.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trimtab.errors import UnknownNameError
from trimtab.facts.concepts import FLOWS
from trimtab.facts.schema import TIME, Figures
from trimtab.facts.sources.protocol import (
    DAY,
    ReadOptions,
    as_delay,
    chosen_instruments,
    days,
    over,
    read_table,
    require_columns,
)

if TYPE_CHECKING:
    import pandas as pd

DELAY = timedelta(days=90)
SHARES = {"as_reported": "shares", "split_adjusted": "shares_split_adjusted"}
COLUMNS = {
    "revenue": "revenue",
    "net_income": "earnings",
    "operating_cash_flow": "cash_from_operating_activities",
    "capital_expenditures": "capital_expenditures",
    "assets": "assets",
    "current_assets": "current_assets",
    "cash": "cash_at_end_of_period",
    "liabilities": "liabilities",
    "current_liabilities": "current_liabilities",
    "long_term_debt": "long_term_debt",
    "equity": "shareholders_equity",
    "goodwill_intangibles": "goodwill_intangibles",
}
_QUARTER = (60, 125)  # days between two rows that follow each other


def read(path: Path, options: ReadOptions) -> dict[str, Figures]:
    """Figures of every company in a quarterly table; dividends are those per share times the shares."""
    if options.shares not in SHARES:
        raise UnknownNameError("kind of share counts", options.shares, SHARES)
    table = read_table(path)
    require_columns(table, ("symbol", "period_end"), path)
    found = chosen_instruments(table["symbol"].astype(str).unique(), options.instruments or None, path, options.missing)
    delay = as_delay(DELAY if options.delay is None else options.delay)
    rows = table.assign(period_end=days(table["period_end"], "period_end", path)).sort_values("period_end")
    by_name = dict(tuple(rows.groupby(rows["symbol"].astype(str))))
    return {name: _figures(name, by_name[name], SHARES[options.shares], delay) for name in found}


def _figures(instrument: str, rows: pd.DataFrame, shares: str, delay: np.timedelta64) -> Figures:
    end = rows["period_end"].to_numpy().astype(TIME)
    values = {concept: rows[column] for concept, column in COLUMNS.items() if column in rows}
    if shares in rows:
        values["shares_outstanding"] = rows[shares]
    if {"shares", "dividend_per_share"} <= set(rows.columns):
        values["dividends_paid"] = rows["dividend_per_share"] * rows["shares"]
    parts = [
        _column(instrument, concept, end, column.to_numpy(np.float64), delay) for concept, column in values.items()
    ]
    return Figures.build(
        instrument,
        *(
            np.concatenate([getattr(part, name) for part in parts]) if parts else []
            for name in ("concept", "period_start", "period_end", "value", "known_time")
        ),
    )


def _column(instrument: str, concept: str, end: np.ndarray, value: np.ndarray, delay: np.timedelta64) -> Figures:
    start = _starts(end) if concept in FLOWS else np.full(len(end), np.datetime64("NaT"), TIME)
    figures = Figures.build(instrument, np.full(len(end), concept), start, end, value, over(end) + delay)
    return figures.take(np.isfinite(value))


def _starts(end: np.ndarray) -> np.ndarray:
    """First day of each quarter: the day after the one before, or 91 days where that is not there."""
    before = np.r_[end[:1] - 91 * DAY, end[:-1]]
    length = (end - before) / DAY
    follows = (length >= _QUARTER[0]) & (length <= _QUARTER[1])
    starts: np.ndarray = np.where(follows, before, end - 91 * DAY) + DAY
    return starts
