"""The picture of a refused bar among its neighbours."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.quarantined import edited

from trimtab.bars.plots import nearest_bars, plot_context
from trimtab.bars.schema import PRICES, Bars, concatenate

AT = 40
RED = (0xDC, 0x26, 0x26)


def others(bars: Bars) -> Bars:
    return bars.take(np.delete(np.arange(len(bars)), AT))


def one(bars: Bars, **values: float) -> Bars:
    return edited(bars, AT, **values).take(slice(AT, AT + 1))


def pixels(png: bytes) -> np.ndarray:
    from matplotlib.image import imread

    array: np.ndarray = (imread(io.BytesIO(png))[..., :3] * 255).round().astype(int)
    return array


def ink_height(png: bytes) -> int:
    """Rows of the picture in which something dark is drawn between the axes: how much room the candles have."""
    image = pixels(png)[60:270, 120:700]
    return int((image.max(axis=2) < 60).any(axis=1).sum())


def test_an_absurd_price_does_not_flatten_its_neighbours() -> None:
    bars = random_walk(80)
    usual = ink_height(plot_context(others(bars), one(bars)))
    absurd = plot_context(others(bars), one(bars, **{name: 100 * getattr(bars, name)[AT] for name in PRICES}))
    assert ink_height(absurd) > 0.5 * usual
    assert (np.abs(pixels(absurd) - RED).sum(axis=2) < 40).any()


def test_the_refused_bar_is_marked_even_where_it_is_plausible() -> None:
    bars = random_walk(80)
    image = pixels(plot_context(others(bars), one(bars)))
    assert (np.abs(image - RED).sum(axis=2) < 40).sum() > 30


@pytest.mark.parametrize(
    "values",
    [
        {"close": np.nan},
        dict.fromkeys((*PRICES, "volume"), np.nan),
        {"low": -1.0, "close": -1.0},
        {"close": np.inf},
        {"volume": -5.0},
        {"close": 1e300},
    ],
)
def test_whatever_was_delivered_can_be_drawn(values: dict[str, float]) -> None:
    bars = random_walk(80)
    assert plot_context(others(bars), one(bars, **values)).startswith(b"\x89PNG")
    assert plot_context(Bars.empty(bars.series), one(bars, **values)).startswith(b"\x89PNG")
    assert plot_context(bars, concatenate([one(bars, **values), one(bars)])).startswith(b"\x89PNG")


def test_a_split_nearby_is_no_jump() -> None:
    bars = random_walk(80)
    old = np.arange(80) < AT
    raw = {name: np.where(old, 4.0, 1.0) * getattr(bars, name) for name in PRICES}
    split = replace(bars, factor=np.where(old, 0.25, 1.0), volume=bars.volume / np.where(old, 4.0, 1.0), **raw)
    assert plot_context(others(split), one(split)) == plot_context(others(bars), one(bars))


def test_the_same_bars_make_the_same_picture() -> None:
    bars = random_walk(80)
    assert plot_context(bars, one(bars)) == plot_context(bars, one(bars))


def test_neighbours_are_as_many_as_there_are() -> None:
    bars = random_walk(10)
    times = bars.event_time
    assert len(nearest_bars(bars, times[5], 3)) == 7
    assert len(nearest_bars(bars, times[5] + np.timedelta64(1, "h"), 3)) == 6
    assert len(nearest_bars(bars, times[0], 3)) == 4
    assert len(nearest_bars(bars, times[0] - np.timedelta64(9, "D"), 3)) == 3
    assert len(nearest_bars(bars.take(slice(0, 0)), times[5], 3)) == 0
