"""Facts and peers around the bars of a test, made here: filings with restatements, posts of two channels, options."""

from __future__ import annotations

import numpy as np
from fakes.bars import random_walk

from trimtab.bars import Bars
from trimtab.bars.actions.schema import Actions
from trimtab.facts import Figures, Texts
from trimtab.facts.concepts import FLOWS, LEVELS, OPTIONS
from trimtab.features.surroundings import Surroundings
from trimtab.market import Series

DAY = np.timedelta64(86_400_000_000, "us")
SIZE = {"shares_outstanding": 1e7, "revenue": 4e8, "assets": 2e9}


def surroundings_of(bars: Bars, seed: int = 1, n_peers: int = 4) -> Surroundings:
    """Everything a feature may read, over the time of some bars and two years before it."""
    first, last = bars.event_time[0] - 760 * DAY, bars.event_time[-1]
    return Surroundings(
        figures=figures_between(first, last, seed),
        texts=texts_between(bars.event_time[0], last, seed),
        actions=Actions.build(bars.series.instrument_id, [first + (last - first) * 3 // 4], ["split"], [2.0]),
        peers={f"PEER{k}": peer_of(bars, k, seed) for k in range(n_peers)},
    )


def figures_between(first: np.datetime64, last: np.datetime64, seed: int = 1, instrument_id: str = "FAKE") -> Figures:
    """Quarterly accounts filed 40 days after their quarter, every fifth restated 200 days later; options every day."""
    rng = np.random.default_rng(seed)
    ends = np.arange(first, last, 91 * DAY)
    rows: list[tuple[str, np.datetime64, np.datetime64, float, np.datetime64]] = []
    for concept in (*FLOWS, *LEVELS):
        size = SIZE.get(concept, 1e8 if concept in FLOWS else 5e8)
        values = size * np.exp(np.cumsum(rng.normal(0.01, 0.05, len(ends))))
        for k, (end, value) in enumerate(zip(ends, values, strict=True)):
            start = end - 91 * DAY if concept in FLOWS else np.datetime64("NaT", "us")
            rows.append((concept, start, end, float(value), end + 40 * DAY))
            if k % 5 == 2:
                rows.append((concept, start, end, float(value) * 1.1, end + 240 * DAY))
    days = np.arange(last - 400 * DAY, last, DAY)
    for concept in OPTIONS:
        scale = 0.3 if concept.startswith("implied") else 1_000.0
        rows += [(concept, day - DAY, day, scale * float(np.exp(rng.normal(0.0, 0.3))), day + DAY) for day in days]
    columns = list(zip(*rows, strict=True))
    return Figures.build(
        "FAKE", columns[0], np.array(columns[1]), np.array(columns[2]), columns[3], np.array(columns[4])
    )


def texts_between(
    first: np.datetime64, last: np.datetime64, seed: int = 1, n: int = 1_500, d: int = 8, instrument_id: str = "FAKE"
) -> Texts:
    """Scored texts of two channels at random times, a few unscored, some known a while after they were published."""
    rng = np.random.default_rng(seed)
    times = np.sort(first + (rng.random(n) * (last - first).astype(np.int64)).astype("timedelta64[us]"))
    score = np.clip(rng.normal(0.1, 0.5, n), -1.0, 1.0)
    score[rng.random(n) < 0.05] = np.nan
    late = (rng.exponential(3600e6, n) * (rng.random(n) < 0.3)).astype("timedelta64[us]")
    return Texts.build(
        instrument_id,
        times,
        np.where(rng.random(n) < 0.3, "news", "social"),
        [f"text {k}" for k in range(n)],
        score,
        np.where(np.isnan(score), np.nan, rng.random(n)),
        np.full(n, "fake-1"),
        rng.normal(0.0, 1.0, (n, d)).astype(np.float32),
        times + late,
    )


def peer_of(bars: Bars, number: int, seed: int = 1) -> Bars:
    """A random walk at the times of some bars, with a few of them absent."""
    walk = random_walk(len(bars), seed=seed * 100 + number)
    kept = np.random.default_rng(seed * 100 + number).random(len(bars)) > 0.01
    prices = (walk.open, walk.high, walk.low, walk.close, walk.volume)
    peer = Bars.build(
        Series(f"PEER{number}", bars.series.timeframe), bars.event_time, *prices, known_time=bars.known_time
    )
    return peer.take(kept)
