"""Features of many instruments as they were known at many decision times, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from trimtab.bars.schema import TIME
from trimtab.bars.times import as_time
from trimtab.errors import ConfigurationError
from trimtab.features.catalogue import catalogue, resolve
from trimtab.features.store.code_identity import identities
from trimtab.features.store.files import TableChangedError, consistently
from trimtab.features.store.views import Kept, SeriesView, open_view
from trimtab.market import Series
from trimtab.storage.lake import Lake

KEEP_BYTES = 512 * 2**20
DecisionTimes = Sequence[datetime] | np.ndarray


@dataclass(frozen=True)
class FeatureMatrix:
    """What was known of I series at T decision times, K features each.

    Attributes
    ----------
    series: the I series.
    names: the K features.
    decision_time: `datetime64[us]`, UTC, shape (T,), as they were asked for.
    values: float64, shape (T, I, K); NaN where no row was known, and where a feature has no value.
    event_time, known_time: of the row that was used, `datetime64[us]`, UTC, shape (T, I); NaT where
        there was none. `known_time` is never after the decision time.
    """

    series: tuple[Series, ...]
    names: tuple[str, ...]
    decision_time: np.ndarray
    values: np.ndarray
    event_time: np.ndarray
    known_time: np.ndarray


class MatrixReader:
    """Reads matrices and keeps what it has read, as long as the files stay as they are.

    Every call looks at the state of the files first, so a table that was written or appended to in
    between is read anew. Not for several threads at once: give each its own.
    """

    def __init__(self, lake: Lake, keep_bytes: int = KEEP_BYTES) -> None:
        """`keep_bytes`: values kept between calls; the longest unused go first."""
        self._lake, self._kept = lake, Kept(keep_bytes)
        self._views: dict[tuple[Series, tuple[str, ...]], SeriesView] = {}

    def matrix(
        self,
        series: Sequence[Series],
        names: Sequence[str],
        decision_times: DecisionTimes,
        max_age: timedelta | None = None,
    ) -> FeatureMatrix:
        """For each series and decision time the newest row with `known_time <= decision_time`.

        Parameters
        ----------
        decision_times: aware datetimes, or `datetime64` in UTC, in any order.
        max_age: a row whose bar was over longer before the decision time does not count.

        Where one family has newer bars than another, the newest row that all families asked for have
        is used. Raises `UnknownNameError`, `NotFoundError` and `FeatureError` as `read_features` does, and
        `ConfigurationError` for a time that is none.
        """
        names, times = resolve(names=names), _times(decision_times)
        by_family = _by_family(names)
        current = identities(names)
        n_times, n_series = len(times), len(series)
        found = FeatureMatrix(
            tuple(series),
            names,
            times,
            np.full((n_times, n_series, len(names)), np.nan),
            np.full((n_times, n_series), "NaT", TIME),
            np.full((n_times, n_series), "NaT", TIME),
        )
        for place, each in enumerate(series):
            fill = partial(self._fill, found, place, each, by_family, current, max_age)
            consistently(f"the features of {each}", fill)
        return found

    def _fill(
        self,
        found: FeatureMatrix,
        place: int,
        series: Series,
        by_family: dict[str, list[int]],
        current: dict[str, str],
        max_age: timedelta | None,
    ) -> None:
        view = self._view(series, tuple(by_family))
        try:
            rows = view.known.at(found.decision_time)
            is_there = rows >= 0
            if max_age is not None:
                is_there &= _age(found.decision_time, view.event_time, rows, series) <= np.timedelta64(max_age)
            chosen, taken = np.flatnonzero(is_there), rows[is_there]
            for family, columns in by_family.items():
                asked = tuple(found.names[column] for column in columns)
                view.fill(found.values[:, place, :], chosen, taken, family, columns, asked, current, self._kept)
        except TableChangedError:
            self._forget(series, tuple(by_family))
            raise
        finally:
            view.close()  # thousands of tables may be kept, and a process may hold only so many files open
        found.event_time[chosen, place] = view.event_time[taken]
        found.known_time[chosen, place] = view.known_time[taken]

    def _view(self, series: Series, families: tuple[str, ...]) -> SeriesView:
        view = self._views.get((series, families))
        if view is None or not view.is_current():
            self._forget(series, families)
            view = self._views[series, families] = open_view(self._lake, series, families)
        return view

    def _forget(self, series: Series, families: tuple[str, ...]) -> None:
        view = self._views.pop((series, families), None)
        if view is not None:
            self._kept.drop(view)


def matrix(
    lake: Lake,
    series: Sequence[Series],
    names: Sequence[str],
    decision_times: DecisionTimes,
    max_age: timedelta | None = None,
) -> FeatureMatrix:
    """One matrix, read once (see `MatrixReader.matrix`); keep a reader where many are asked for."""
    return MatrixReader(lake).matrix(series, names, decision_times, max_age)


def _by_family(names: Sequence[str]) -> dict[str, list[int]]:
    known = catalogue()
    by_family: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        by_family.setdefault(known[name].family, []).append(column)
    return by_family


def _times(decision_times: DecisionTimes) -> np.ndarray:
    if isinstance(decision_times, np.ndarray):
        times = decision_times.astype(TIME).reshape(-1)
    else:
        times = np.array([as_time(each) for each in decision_times], TIME)
    if np.isnat(times).any():
        raise ConfigurationError(
            f"{int(np.isnat(times).sum())} of {len(times)} decision times are missing (NaT); leave them out"
        )
    return times


def _age(decision_time: np.ndarray, event_time: np.ndarray, rows: np.ndarray, series: Series) -> np.ndarray:
    """Time since the close of the bar of each row; nonsense where there is no row."""
    if not len(event_time):
        return np.zeros(len(rows), "timedelta64[us]")
    age: np.ndarray = decision_time - (event_time[rows] + series.timeframe.duration_us)
    return age
