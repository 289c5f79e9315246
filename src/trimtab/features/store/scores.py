"""How usable stored features are, as numbers between 0 and 1: per table, and per row.

Three shares, and their weighted mean:

- completeness (weight 0.4): values that are there, of those expected: every value after a feature's
  look-back, but none where the catalogue gives a reason for its absence (`Feature.unknown_when`); unknown
  where every feature has one, because an empty table of facts is not a complete one.
- freshness (weight 0.2): of a table, 1 when its market has given no bar since the newest row and 0 from
  the critical limit on; of a row, the same from the whole bars that passed between the close of
  its bar and the time it could first be used.
- reliability (weight 0.4): values that are finite, inside the catalogue's bounds and not inside the
  look-back, of those there; a row whose bar is flagged has none.

What cannot be known is NaN (None in a document), and the mean is taken over the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from trimtab.errors import FeatureError
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import FeatureBlock
from trimtab.features.store.judged import judged_columns, outside_bounds
from trimtab.features.store.limits import DEFAULT_LIMITS, Limits

WEIGHTS = {"completeness": 0.4, "freshness": 0.2, "reliability": 0.4}


@dataclass(frozen=True)
class QualityScore:
    """How usable a table is; the shares are in [0, 1], NaN where unknown.

    Attributes
    ----------
    rows, features: size of the table.
    completeness, freshness, reliability: as this module says.
    overall: their weighted mean.
    flagged: rows whose bar is flagged.
    behind: bars the market should have given since the newest row; None where nobody said.
    """

    rows: int
    features: int
    completeness: float
    freshness: float
    reliability: float
    overall: float
    flagged: int
    behind: int | None

    def document(self) -> dict[str, Any]:
        """As JSON values: an unknown share is None."""
        return {name: _json(value) for name, value in self.__dict__.items()}


@dataclass(frozen=True)
class RowQuality:
    """How usable each row is: float64 arrays of shape (n,) in [0, 1], NaN where unknown."""

    completeness: np.ndarray
    freshness: np.ndarray
    reliability: np.ndarray
    overall: np.ndarray


def table_quality(
    block: FeatureBlock,
    *,
    behind: int | None = None,
    flagged: np.ndarray | None = None,
    rows_before: int = 0,
    limits: Limits = DEFAULT_LIMITS,
) -> QualityScore:
    """The score of a table, or of some rows of one.

    Parameters
    ----------
    behind: bars that the market should have given since the newest row (`LatestRow.freshness`, or
        `trimtab.bars.freshness`); None leaves freshness unknown.
    flagged: rows whose bar is not to be trusted, bool, shape (n,).
    rows_before: rows of history before the first one, so that no look-back is expected twice.
    """
    counts = _count(block, flagged, rows_before)
    parts = {
        "completeness": _share(int(counts.found.sum()), int(counts.expected.sum())) if _expects(block) else math.nan,
        "freshness": math.nan if behind is None else float(_fading(np.float64(behind), limits)),
        "reliability": _share(int(counts.good.sum()), int(counts.present.sum())),
    }
    overall = float(_mean({name: np.float64(value) for name, value in parts.items()}))
    n_flagged = 0 if flagged is None else int(flagged.sum())
    return QualityScore(len(block), len(block.names), **parts, overall=overall, flagged=n_flagged, behind=behind)


def row_quality(
    block: FeatureBlock, *, flagged: np.ndarray | None = None, rows_before: int = 0, limits: Limits = DEFAULT_LIMITS
) -> RowQuality:
    """The score of each row; parameters as in `table_quality`."""
    counts = _count(block, flagged, rows_before)
    late = (block.known_time - (block.event_time + block.series.timeframe.duration_us)) // np.timedelta64(1, "us")
    bars_late = late // block.series.timeframe.duration_us.astype(np.int64)
    parts = {
        "completeness": _shares(counts.found, counts.expected) if _expects(block) else np.full(len(block), np.nan),
        "freshness": _fading(bars_late.astype(np.float64), limits),
        "reliability": _shares(counts.good, counts.present),
    }
    return RowQuality(**parts, overall=_mean(parts))


def quality(block: FeatureBlock) -> dict[str, Any]:
    """What is absent or out of bounds in a block, feature by feature, as JSON values.

    `rows`, `features`; `completeness`: share of values present among those after each feature's
    lookback; `within_bounds`: share of present values inside the catalogue's bounds; `infinite`: how
    many are infinite; `incomplete` and `out_of_bounds`: features below 1.0 with their share;
    `last_event_time`, `last_known_time`: what freshness is judged from. Shares are None where
    nothing could be counted. `table_quality` is the score of the same block.
    """
    complete = {name: _completeness(block, name) for name in block.names}
    inside = {name: _within_bounds(block, name) for name in block.names}
    return {
        "rows": len(block),
        "features": len(block.names),
        "completeness": _pooled(complete),
        "within_bounds": _pooled(inside),
        "infinite": int(np.isinf(block.values).sum()),
        "incomplete": _below_one(complete),
        "out_of_bounds": _below_one(inside),
        "last_event_time": _iso(block.event_time[-1]) if len(block) else None,
        "last_known_time": _iso(block.known_time[-1]) if len(block) else None,
    }


@dataclass(frozen=True)
class _Counts:
    """Features per row, int64, shape (n,).

    Attributes
    ----------
    expected: that should have a value.
    found: of those, that have one.
    present: that have a value, expected or not.
    good: that have a good one.
    """

    expected: np.ndarray
    found: np.ndarray
    present: np.ndarray
    good: np.ndarray


def _expects(block: FeatureBlock) -> bool:
    """Whether some feature has a value in every row after its look-back."""
    known = catalogue()
    return any(not known[name].unknown_when for name in block.names)


def _count(block: FeatureBlock, flagged: np.ndarray | None, rows_before: int) -> _Counts:
    n = len(block)
    if flagged is not None and flagged.shape != (n,):
        raise FeatureError(f"{block.series}: flags of shape {flagged.shape} do not fit {n} rows; give one per row")
    counts = _Counts(*(np.zeros(n, np.int64) for _ in range(4)))
    for column in judged_columns(block, rows_before):
        counts.expected[:] += column.expected
        counts.found[:] += column.expected & column.present
        counts.present[:] += column.present
        counts.good[:] += column.good
    if flagged is not None:
        counts.good[flagged] = 0
    return counts


def _fading(behind: np.ndarray | np.float64, limits: Limits) -> np.ndarray:
    """1 at no bar behind, 0 from the critical limit on, a straight line between."""
    faded: np.ndarray = np.clip(1.0 - behind / limits.behind_critical, 0.0, 1.0)
    return faded


def _mean(parts: dict[str, Any]) -> np.ndarray:
    """The weighted mean of the parts that are known."""
    values = np.array([parts[name] for name in WEIGHTS])
    weights = np.array(list(WEIGHTS.values())).reshape(-1, *([1] * (values.ndim - 1))) * ~np.isnan(values)
    total = weights.sum(axis=0)
    summed = (weights * np.nan_to_num(values)).sum(axis=0)
    mean: np.ndarray = np.divide(summed, total, out=np.full(np.shape(total), np.nan), where=total > 0.0)
    return mean


def _shares(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    shares: np.ndarray = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return shares


def _share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _completeness(block: FeatureBlock, name: str) -> tuple[int, int]:
    after = block.column(name)[catalogue()[name].lookback :]
    return int((~np.isnan(after)).sum()), len(after)


def _within_bounds(block: FeatureBlock, name: str) -> tuple[int, int]:
    values = block.column(name)
    n_present = int((~np.isnan(values)).sum())
    return n_present - int(outside_bounds(values, catalogue()[name]).sum()), n_present


def _pooled(counts: dict[str, tuple[int, int]]) -> float | None:
    total = sum(n for _, n in counts.values())
    return sum(good for good, _ in counts.values()) / total if total else None


def _below_one(counts: dict[str, tuple[int, int]]) -> dict[str, float]:
    return {name: good / n for name, (good, n) in counts.items() if good < n}


def _iso(time: np.datetime64) -> str:
    return f"{time.astype('datetime64[us]').item().isoformat()}+00:00"
