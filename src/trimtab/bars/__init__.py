"""Bars: from a source, through the checks, into the bitemporal store.

source → raw bar → verdict (accepted, quarantined with reason) → store (Parquet, append-only).
Add a source in `sources/`, a check in `checks/`. What is computed from bars belongs to
`trimtab.features` (looking back) or `trimtab.labels` (looking forward).
"""

from trimtab.bars.schema import Bars

__all__ = ["Bars"]
