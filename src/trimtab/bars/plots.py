"""The pictures of bars: a series with what was refused or flagged, and one refused bar among its neighbours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trimtab.bars.schema import PRICES, Bars, concatenate
from trimtab.figures import BLUE, INK, MUTED, ORANGE, RED, as_png, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH = 0.6  # of a candle, in slots
_NEAR = 2.0  # ranges of the stored prices within which a refused price may stretch the scale
_LOG_FROM = 3.0
_DRAWABLE = (1e-30, 1e30)


def plot_bars(bars: Bars, quarantined: np.ndarray, flagged: np.ndarray) -> bytes:
    """PNG: adjusted close on a log axis and volume; times of quarantined and flagged bars marked."""
    figure, (price, volume) = new_figure(2, 1, height=3.6)
    adjusted = bars.adjusted()
    price.plot(bars.event_time, adjusted.close, color=BLUE, linewidth=0.9)
    price.set_yscale("log")
    price.set_ylabel("adjusted close (log)", fontsize=8)
    price.set_title(
        f"{bars.series.instrument_id} {bars.series.timeframe.value}: {len(bars):,} bars", fontsize=9, loc="left"
    )
    for times, color, label in ((quarantined, RED, "quarantined"), (flagged, ORANGE, "flagged")):
        known = times[~np.isnat(times)]
        for number, time in enumerate(known[:200]):
            price.axvline(time, color=color, linewidth=0.7, alpha=0.6, label=label if number == 0 else None)
    if len(quarantined) or len(flagged):
        price.legend(fontsize=7, frameon=False)
    volume.fill_between(bars.event_time, adjusted.volume, color=MUTED, linewidth=0, step="mid")
    volume.set_ylabel("volume", fontsize=8)
    return as_png(figure)


def plot_context(around: Bars, refused: Bars, n: int = 30) -> bytes:
    """PNG: candles of the bars around a refused one, the refused one marked, and volume.

    The scale belongs to the neighbours: a price far outside (more than twice their range away) is
    drawn to the edge and its value written there, a price that is no number is said, and the axis is
    logarithmic only where the stored prices themselves span a factor of three. Prices are shown in
    the units of the refused bar, so that a split nearby is no jump; bars stand side by side whatever
    time lies between them.

    Parameters
    ----------
    around: stored bars of the series by event time; `n` on either side are drawn.
    refused: refused bars of one time, one or more; the first is the one in question.
    n: bars on either side.
    """
    figure, (price, volume) = new_figure(2, 1, width=7.6, height=4.0)
    grid = figure.add_gridspec(2, 1, height_ratios=[3, 1])
    price.set_subplotspec(grid[0])
    volume.set_subplotspec(grid[1])
    time = refused.event_time[0]
    stored = _in_units_of(nearest_bars(around, time, n), time)
    # The refused bars get room of their own beside what is stored at their time.
    slots = np.concatenate([stored.event_time, np.repeat(time, len(refused))])
    order = np.argsort(slots, kind="stable")
    slots, place = slots[order], np.empty(len(slots))
    place[order] = np.arange(len(slots))
    at, refused_at = place[: len(stored)], place[len(stored) :]
    here = np.flatnonzero(slots == time)
    colors = [RED, *[ORANGE] * (len(refused) - 1)]

    neighbours = stored.take(stored.event_time != time)
    limits = _set_scale(price, neighbours, concatenate([refused, stored.take(stored.event_time == time)]))
    for axis in (price, volume):
        axis.axvspan(here[0] - 0.6, here[-1] + 0.6, color=RED, alpha=0.08, linewidth=0)
        axis.set_xlim(min(-0.8, here[0] - 5), max(len(slots) - 0.2, here[-1] + 5))
    _draw_candles(price, at, stored, [INK] * len(stored))
    _draw_candles(price, refused_at, refused, colors)
    _say_clipped(price, refused_at[0], refused, limits, is_right=refused_at[0] > len(slots) / 2)
    _draw_volume(volume, at, stored, refused_at, refused, colors)
    _label_times(price, volume, slots, int(refused_at[0]), refused)
    price.set_ylabel("price", fontsize=8)
    price.set_title(_context_title(refused), fontsize=8, loc="left", color=INK)
    return as_png(figure)


def nearest_bars(bars: Bars, time: np.datetime64, n: int) -> Bars:
    """Up to `n` bars on either side of a time, and the one at that time, of bars by event time.

    >>> days = np.arange("2020-01-01", "2020-01-10", dtype="datetime64[D]")
    >>> from trimtab.market import Series, Timeframe
    >>> bars = Bars.build(Series("A", Timeframe.DAY), days, *[np.ones(9)] * 5)
    >>> nearest_bars(bars, np.datetime64("2020-01-05T12:00"), 1).event_time.astype("datetime64[D]").astype(str).tolist()
    ['2020-01-05', '2020-01-06']
    """
    first, last = np.searchsorted(bars.event_time, time), np.searchsorted(bars.event_time, time, side="right")
    return bars.take(slice(max(int(first) - n, 0), int(last) + n))


def _in_units_of(stored: Bars, time: np.datetime64) -> Bars:
    """Stored bars at the prices they would have had at a time, that of the bar nearest to it."""
    if len(stored) == 0:
        return stored
    # Of two equally near the later one: a split takes effect with a bar, not after it.
    distance = np.abs(stored.event_time - time)
    nearest = len(stored) - 1 - int(np.argmin(distance[::-1]))
    return replace(stored, factor=stored.factor / stored.factor[nearest]).adjusted()


def _prices(bars: Bars) -> np.ndarray:
    """Prices that can be drawn, shape (bars, 4); NaN where one is no positive number of a size an axis can have."""
    prices = np.column_stack([getattr(bars, name) for name in PRICES])
    return np.where((prices > _DRAWABLE[0]) & (prices < _DRAWABLE[1]), prices, np.nan)


def _set_scale(price: Axes, neighbours: Bars, here: Bars) -> tuple[float, float]:
    """Set the limits of the price axis and return them: the neighbours, and what is near to them."""
    known = _prices(neighbours if len(neighbours) else here)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        return price.get_ylim()
    is_log = known.max() > _LOG_FROM * known.min()
    forward, back = (np.log, np.exp) if is_log else (np.asarray, np.asarray)
    low, high = forward(known.min()), forward(known.max())
    span = max(high - low, 0.02 * abs(high))
    others = forward(_prices(here))
    near = others[(others > low - _NEAR * span) & (others < high + _NEAR * span)]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.08 * max(high - low, span)
    limits = float(back(low - margin)), float(back(high + margin))
    if is_log:
        price.set_yscale("log")
    price.set_ylim(*limits)
    return limits


def _draw_candles(axis: Axes, at: np.ndarray, bars: Bars, colors: list[str]) -> None:
    prices = _prices(bars)
    for x, (open_, high, low, close), color in zip(at, prices, colors, strict=True):
        known = np.array([open_, high, low, close])
        if np.isfinite(known).any():
            axis.plot([x, x], [np.nanmin(known), np.nanmax(known)], color=color, linewidth=0.9, zorder=2)
        if np.isfinite(open_) and np.isfinite(close):
            fill = "white" if close > open_ else color
            bottom, height = min(open_, close), abs(close - open_)
            axis.bar(x, height, _WIDTH, bottom, facecolor=fill, edgecolor=color, linewidth=0.9, zorder=3)


def _say_clipped(price: Axes, at: float, refused: Bars, limits: tuple[float, float], *, is_right: bool) -> None:
    """Write down what the scale cannot show of the refused bar in question."""
    above, below, missing = [], [], []
    for name in PRICES:
        value = float(getattr(refused, name)[0])
        if not np.isfinite(value):
            missing.append(name)
        elif value > limits[1]:
            above.append(f"{name} {value:,.7g}")
        elif value < limits[0]:
            below.append(f"{name} {value:,.7g}")
    texts = {
        0.97: ["▲ off the scale", *above] if above else [],
        0.03: [
            *(["▼ off the scale", *below] if below else []),
            *([f"no number in {', '.join(missing)}"] * bool(missing)),
        ],
    }
    _make_room(price, above=len(texts[0.97]), below=len(texts[0.03]))
    for height, lines in texts.items():
        if lines:
            price.annotate(
                "\n".join(lines), (at + (-1.2 if is_right else 1.2), height), xycoords=("data", "axes fraction"),
                ha="right" if is_right else "left", va="top" if height > 0.5 else "bottom", fontsize=8, color=RED,
                bbox={"facecolor": "white", "edgecolor": RED, "linewidth": 0.5, "pad": 2.5}, zorder=5,
            )  # fmt: skip


def _make_room(price: Axes, *, above: int, below: int) -> None:
    """Widen the price axis by so many lines of text, so that they cover no candle."""
    line = 0.065  # of the height of the axis
    forward, back = (np.log, np.exp) if price.get_yscale() == "log" else (np.asarray, np.asarray)
    low, high = (float(forward(limit)) for limit in price.get_ylim())
    per_line = line * (high - low) / max(1.0 - line * (above + below), 0.3)
    price.set_ylim(float(back(low - below * per_line)), float(back(high + above * per_line)))


def _draw_volume(
    axis: Axes, at: np.ndarray, stored: Bars, refused_at: np.ndarray, refused: Bars, colors: list[str]
) -> None:
    axis.bar(at, stored.volume, _WIDTH, color=MUTED)
    volume = np.where(np.isfinite(refused.volume), refused.volume, 0.0)
    axis.bar(refused_at, volume, _WIDTH, color=colors)
    usual = float(stored.volume.max(initial=0.0))
    if usual > 0:  # as with prices, the stored bars say how far the scale goes
        axis.set_ylim(0.0, 1.1 * max(usual, min(float(volume.max()), 2 * usual)))
    axis.set_ylabel("volume", fontsize=8)


def _label_times(price: Axes, volume: Axes, slots: np.ndarray, here: int, refused: Bars) -> None:
    step = max(len(slots) // 5, 1)
    ticks = [here, *(place for place in range(here % step, len(slots), step) if place != here)]
    is_daily = refused.series.timeframe.duration_us >= np.timedelta64(1, "D")
    labels = [str(slots[place])[:10] if is_daily else str(slots[place])[5:16].replace("T", " ") for place in ticks]
    price.set_xticks(ticks, [])
    volume.set_xticks(ticks, labels, fontsize=8)
    volume.get_xticklabels()[0].set_color(RED)


def _context_title(refused: Bars) -> str:
    series, values = refused.series, []
    for name in (*PRICES, "volume"):
        value = float(getattr(refused, name)[0])
        values.append(f"{name} {value:,.7g}" if np.isfinite(value) else f"{name} –")
    more = f"; {len(refused) - 1} more refused at that time (orange)" if len(refused) > 1 else ""
    time = str(refused.event_time[0].astype("datetime64[s]")).replace("T00:00:00", "").replace("T", " ")
    return f"{series.instrument_id} {series.timeframe.value}: the bar of {time} in question (red){more}\n" + ", ".join(
        values
    )
