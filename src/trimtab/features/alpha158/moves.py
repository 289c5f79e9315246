"""How price and volume moved over the last 5, 10, 20, 30 and 60 bars: CORR to VSUMD.

A window of changes reads one bar more than its length: with 60 bars instead of 61, CNTD60 and SUMD60
miss a change. The first bar of a history has no change: counts take it as neither rise nor fall, sums
leave it out, as in Qlib.
"""

from __future__ import annotations

import numpy as np

from trimtab.features.alpha158.family import STILL, TINY, last, last_changes, of_window, rolling
from trimtab.features.context import Context
from trimtab.features.kernels.nested import WINDOWS, nested_spread, nested_sums
from trimtab.features.kernels.regression import nested_correlations

PRICE_AND_VOLUME = ("close", "volume")


@rolling(
    "CORR{n}", "Correlation of close and log volume over {n} bars.",
    formula="Corr(close, ln(volume + 1), {n})", inputs=PRICE_AND_VOLUME, lookback=1, warmup=last, bounds=(-1.0, 1.0),
    unknown_when="the standard deviation of the close, in units of price, or of the log volume is 0.00002 or less",
)  # fmt: skip
def corr(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(_level_correlations, c), n)


@rolling(
    "CORD{n}",
    "Correlation of the relative changes of close and volume over {n} bars; bars after an empty one are left out.",
    formula="Corr(close / Ref(close, 1), ln(volume / Ref(volume, 1) + 1), {n})", inputs=PRICE_AND_VOLUME, lookback=2,
    warmup=last_changes, bounds=(-1.0, 1.0),
    unknown_when="either change has a standard deviation of 0.00002 or less, or fewer than two of its bars count",
)  # fmt: skip
def cord(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(_change_correlations, c), n)


@rolling(
    "CNTP{n}", "Share of {n} bars that closed above the bar before.",
    formula="Mean(close > Ref(close, 1), {n})", warmup=last_changes, bounds=(0.0, 1.0),
)  # fmt: skip
def cntp(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(_share_of_rises, c), n)


@rolling(
    "CNTN{n}", "Share of {n} bars that closed below the bar before.",
    formula="Mean(close < Ref(close, 1), {n})", warmup=last_changes, bounds=(0.0, 1.0),
)  # fmt: skip
def cntn(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(_share_of_falls, c), n)


@rolling(
    "CNTD{n}", "Share of rising bars less share of falling bars among {n}.",
    formula="Mean(close > Ref(close, 1), {n}) - Mean(close < Ref(close, 1), {n})", warmup=last_changes,
    bounds=(-1.0, 1.0),
)  # fmt: skip
def cntd(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(_share_of_rises, c), n) - of_window(c.of(_share_of_falls, c), n)


@rolling(
    "SUMP{n}", "Share of the movement of the close over {n} bars that went up; 0 where it did not move.",
    formula="Sum(max(d, 0), {n}) / (Sum(|d|, {n}) + 1e-12), d = close - Ref(close, 1)", lookback=1,
    warmup=last_changes, bounds=(0.0, 1.0),
)  # fmt: skip
def sump(c: Context, n: int) -> np.ndarray:
    return _share_of_movement(c, "close", n, up=1.0, down=0.0)


@rolling(
    "SUMN{n}", "Share of the movement of the close over {n} bars that went down; 0 where it did not move.",
    formula="Sum(max(-d, 0), {n}) / (Sum(|d|, {n}) + 1e-12), d = close - Ref(close, 1)", lookback=1,
    warmup=last_changes, bounds=(0.0, 1.0),
)  # fmt: skip
def sumn(c: Context, n: int) -> np.ndarray:
    return _share_of_movement(c, "close", n, up=0.0, down=1.0)


@rolling(
    "SUMD{n}", "Net movement of the close over {n} bars as a share of all movement; 0 where it did not move.",
    formula="(Sum(max(d, 0), {n}) - Sum(max(-d, 0), {n})) / (Sum(|d|, {n}) + 1e-12), d = close - Ref(close, 1)",
    lookback=1, warmup=last_changes, bounds=(-1.0, 1.0),
)  # fmt: skip
def sumd(c: Context, n: int) -> np.ndarray:
    return _share_of_movement(c, "close", n, up=1.0, down=-1.0)


@rolling(
    "VMA{n}", "Mean volume of {n} bars over the volume; huge in a bar without volume.",
    formula="Mean(volume, {n}) / (volume + 1e-12)", inputs=("volume",), warmup=last, bounds=(0.0, None),
)  # fmt: skip
def vma(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(nested_spread, "volume")[0], n) / c.of(_padded_volume, c)


@rolling(
    "VSTD{n}", "Sample standard deviation of the volume of {n} bars over the volume; huge in a bar without volume.",
    formula="Std(volume, {n}) / (volume + 1e-12)", inputs=("volume",), lookback=1, warmup=last, bounds=(0.0, None),
)  # fmt: skip
def vstd(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(nested_spread, "volume")[1], n) / c.of(_padded_volume, c)


@rolling(
    "WVMA{n}", "How unevenly price changes times volume fell on {n} bars: their standard deviation over their mean.",
    formula="Std(m, {n}) / (Mean(m, {n}) + 1e-12), m = |close / Ref(close, 1) - 1| volume", inputs=PRICE_AND_VOLUME,
    lookback=2, warmup=last_changes, bounds=lambda n: (0.0, n**0.5),
)  # fmt: skip
def wvma(c: Context, n: int) -> np.ndarray:
    return of_window(c.of(_unevenness, c), n)


@rolling(
    "VSUMP{n}", "Share of the changes of volume over {n} bars that were rises; 0 where it did not change.",
    formula="Sum(max(d, 0), {n}) / (Sum(|d|, {n}) + 1e-12), d = volume - Ref(volume, 1)", inputs=("volume",),
    lookback=1, warmup=last_changes, bounds=(0.0, 1.0),
)  # fmt: skip
def vsump(c: Context, n: int) -> np.ndarray:
    return _share_of_movement(c, "volume", n, up=1.0, down=0.0)


@rolling(
    "VSUMN{n}", "Share of the changes of volume over {n} bars that were falls; 0 where it did not change.",
    formula="Sum(max(-d, 0), {n}) / (Sum(|d|, {n}) + 1e-12), d = volume - Ref(volume, 1)", inputs=("volume",),
    lookback=1, warmup=last_changes, bounds=(0.0, 1.0),
)  # fmt: skip
def vsumn(c: Context, n: int) -> np.ndarray:
    return _share_of_movement(c, "volume", n, up=0.0, down=1.0)


@rolling(
    "VSUMD{n}", "Net change of volume over {n} bars as a share of all its changes; 0 where it did not change.",
    formula="(Sum(max(d, 0), {n}) - Sum(max(-d, 0), {n})) / (Sum(|d|, {n}) + 1e-12), d = volume - Ref(volume, 1)",
    inputs=("volume",), lookback=1, warmup=last_changes, bounds=(-1.0, 1.0),
)  # fmt: skip
def vsumd(c: Context, n: int) -> np.ndarray:
    return _share_of_movement(c, "volume", n, up=1.0, down=-1.0)


def _level_correlations(c: Context) -> np.ndarray:
    close, volume = c.of(_rounded, "close"), c.of(_rounded, "volume")
    return nested_correlations(_wide(close), _wide(np.log(volume + np.float32(1.0))), STILL)


def _change_correlations(c: Context) -> np.ndarray:
    close, volume = c.of(_rounded, "close"), c.of(_rounded, "volume")
    change = np.log(volume[1:] / volume[:-1] + np.float32(1.0))
    change[np.isinf(change)] = np.nan  # after a bar without volume there is no relative change
    return _after_first_bar(nested_correlations(_wide(close[1:] / close[:-1]), _wide(change), STILL))


def _unevenness(c: Context) -> np.ndarray:
    close, volume = c.of(_rounded, "close"), c.of(_rounded, "volume")
    mean, deviation = nested_spread(_wide(np.abs(close[1:] / close[:-1] - np.float32(1.0)) * volume[1:]))
    most = np.sqrt(np.array(WINDOWS, dtype=np.float64))[:, None]  # where one bar has it all
    return _after_first_bar(np.minimum(deviation / (mean + TINY), most))


def _rounded(values: np.ndarray) -> np.ndarray:
    """As float32, in which Qlib takes the steps before a correlation or a spread; without it the last digits differ."""
    return values.astype(np.float32)


def _wide(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64)


def _after_first_bar(of_changes: np.ndarray) -> np.ndarray:
    return np.concatenate([np.full((len(WINDOWS), 1), np.nan), of_changes], axis=1)


def _share_of_rises(c: Context) -> np.ndarray:
    return nested_sums(np.maximum(np.sign(_changes(c.close)), 0.0)) / _rows_in_windows(len(c.close))


def _share_of_falls(c: Context) -> np.ndarray:
    return nested_sums(np.maximum(-np.sign(_changes(c.close)), 0.0)) / _rows_in_windows(len(c.close))


def _rows_in_windows(n: int) -> np.ndarray:
    return np.minimum(np.arange(1.0, n + 1.0), np.array(WINDOWS, dtype=np.float64)[:, None])


def _share_of_movement(c: Context, name: str, n: int, up: float, down: float) -> np.ndarray:
    """The rises, the falls or their difference, over the sum of both."""
    rises, falls = (of_window(each, n) for each in c.of(_movement, name))
    return (up * rises + down * falls) / (rises + falls + TINY)


def _movement(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the rises and of the falls of an array in each window, both of shape (5, n); NaN in row 0."""
    changes = _changes(values)
    rises, falls = nested_sums(np.maximum(changes, 0.0)), nested_sums(np.maximum(-changes, 0.0))
    rises[:, :1] = np.nan
    return rises, falls


def _changes(values: np.ndarray) -> np.ndarray:
    """From one row to the next; 0 in row 0."""
    return np.diff(values, prepend=values[:1])


def _padded_volume(c: Context) -> np.ndarray:
    return c.volume + TINY
