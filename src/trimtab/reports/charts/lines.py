"""A line chart: several series over the same places, such as equity over time or accuracy over training size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from trimtab.reports.charts.scale import Scale, decimals, scale_over, ticks
from trimtab.reports.markup import Markup, tag
from trimtab.reports.wording import is_known, percent

WIDTH, HEIGHT = 1000, 300  # of the drawing's own coordinates; the page stretches them
FEW = 20  # observations; a point of fewer is drawn pale
MOST_POINTS = 1200  # more cannot be told apart on a screen


@dataclass(frozen=True)
class Line:
    """One series: a name, a value per place (None breaks the line), its look, and the area it fills.

    Attributes
    ----------
    style: 1 to 4; colour and dashes.
    ending: text beside the name in the legend.
    fills: whether the area between the line and nought is tinted.
    dots: whether every point is marked.
    joined: whether the points are joined by a line.
    weights: how many observations each point stands for; the more, the larger its dot.
    """

    name: str
    values: Sequence[float | None] | np.ndarray
    style: int = 1
    ending: str = ""
    fills: bool = False
    dots: bool = False
    joined: bool = True
    weights: Sequence[float | None] | None = None

    @property
    def numbers(self) -> np.ndarray:
        """The values, NaN where one is unknown."""
        return (
            np.array([v if is_known(v) else np.nan for v in self.values])
            if isinstance(self.values, list)
            else np.asarray(self.values, float)
        )


@dataclass(frozen=True)
class Axis:
    """What stands below and beside the drawing.

    Attributes
    ----------
    places: where each value is, from 0 to 1; None puts them at equal distances.
    marks: texts below, with their places.
    write: how a value of the vertical axis is written, given how many decimals tell the marks apart.
    reference: a value with a line of its own, such as 0.
    """

    marks: Sequence[tuple[float, str]]
    write: Callable[[float, int], str] = percent
    places: Sequence[float] | None = None
    reference: float | None = None


def line_chart(title: str, lines: Sequence[Line], axis: Axis, *, height: str = "tall", alt: str = "") -> Markup:
    """The drawing with its legend; `alt` says in one sentence what it shows."""
    ends = [end for line in lines for end in _ends(line.numbers)]
    scale = scale_over([*ends, axis.reference])
    marks = ticks(scale)
    rules = [_rule(scale, value, "grid") for value in marks]
    if axis.reference is not None:
        rules.append(_rule(scale, axis.reference, "zero"))
    drawn = [_draw(line, scale, axis.places) for line in lines]
    svg = tag(
        "svg", tag("title", title), tag("desc", alt or title), *rules, *drawn,
        viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none", role="img", aria_label=alt or title,
    )  # fmt: skip
    beside = [
        tag("span", axis.write(v, decimals(marks)), style=f"bottom:{100 * scale.place(v):.2f}%", aria_hidden=True)
        for v in marks
    ]
    below = [_below(place, text) for place, text in axis.marks]
    plot = tag(
        "div", tag("div", *beside, class_="beside"), tag("div", svg, class_="area"), tag("div", *below, class_="below"),
        class_=f"plot {height}",
    )  # fmt: skip
    return tag("figure", legend(lines) if len(lines) > 1 or lines[0].ending else "", plot)


def legend(lines: Sequence[Line]) -> Markup:
    """The names of the series, each with a sample of its line."""
    return tag("ul", *[_named(line) for line in lines], class_="legend")


def equally_marked(names: Sequence[str], at_most: int = 5) -> list[tuple[float, str]]:
    """So many of the names, at equal distances, the first and the last among them.

    >>> equally_marked(["a", "b", "c"], 2)
    [(0.0, 'a'), (1.0, 'c')]
    """
    n = min(at_most, len(names))
    if n < 2:
        return [(0.0, name) for name in names[:1]]
    chosen = [round(step * (len(names) - 1) / (n - 1)) for step in range(n)]
    return [(place / (len(names) - 1), names[place]) for place in chosen]


def spaced(values: Sequence[float]) -> list[float]:
    """Where values stand on their own axis, from 0 to 1.

    >>> spaced([0.25, 0.5, 1.0])
    [0.0, 0.3333333333333333, 1.0]
    """
    low, high = min(values), max(values)
    return [(value - low) / (high - low) if high > low else 0.5 for value in values]


def apart(marks: Sequence[tuple[float, str]], least: float = 0.12) -> list[tuple[float, str]]:
    """Without the marks that would stand on the one before.

    >>> apart([(0.0, "a"), (0.1, "b"), (0.2, "c")])
    [(0.0, 'a'), (0.2, 'c')]
    """
    kept: list[tuple[float, str]] = []
    for place, text in marks:
        if not kept or place - kept[-1][0] >= least:
            kept.append((place, text))
    return kept


def thinned(values: np.ndarray, at_most: int = MOST_POINTS) -> np.ndarray:
    """Places to draw: all of a short series; of a long one each part's smallest and largest, so no peak is lost.

    >>> thinned(np.array([0.0, 9.0, 1.0, 0.0, -5.0, 0.0]), 4).tolist()
    [0, 1, 4, 5]
    """
    n = len(values)
    if n <= at_most:
        return np.arange(n)
    edges = np.linspace(0, n, max(at_most // 2 - 1, 1) + 1).astype(int)
    chosen = {0, n - 1}
    for start, end in pairwise(edges.tolist()):
        part = values[start:end]
        if np.isfinite(part).any():
            chosen |= {start + int(np.nanargmin(part)), start + int(np.nanargmax(part))}
    return np.array(sorted(chosen))


def _ends(values: np.ndarray) -> list[float]:
    return [float(np.nanmin(values)), float(np.nanmax(values))] if np.isfinite(values).any() else []


def _named(line: Line) -> Markup:
    sample = tag(
        "svg", tag("path", d="M0 5H24", class_=f"line s{line.style}"), viewBox="0 0 24 10", aria_hidden=True, class_="key"
    )  # fmt: skip
    return tag("li", sample, tag("span", line.name), tag("b", line.ending) if line.ending else "")


def _below(place: float, text: str) -> Markup:
    edge = "first" if place < 0.04 else "last" if place > 0.96 else None
    return tag("span", text, style=f"left:{100 * place:.2f}%", class_=edge, aria_hidden=True)


def _rule(scale: Scale, value: float, look: str) -> Markup:
    y = f"{HEIGHT * (1 - scale.place(value)):.1f}"
    return tag("line", x1=0, x2=WIDTH, y1=y, y2=y, class_=look)


def _draw(line: Line, scale: Scale, places: Sequence[float] | None) -> list[Any]:
    runs = _runs(line, scale, places)
    path = "".join("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) for run in runs)
    parts = []
    if line.fills:
        ground = HEIGHT * (1 - scale.place(0.0))
        closed = [
            f"M{r[0][0]:.1f} {ground:.1f}L"
            + "L".join(f"{x:.1f} {y:.1f}" for x, y in r)
            + f"L{r[-1][0]:.1f} {ground:.1f}Z"
            for r in runs
        ]
        parts.append(tag("path", d="".join(closed), class_=f"fill s{line.style}"))
    if line.joined:
        parts.append(tag("path", d=path, class_=f"line s{line.style}"))
    if line.dots and line.weights is not None:
        parts += _weighed(line, [point for run in runs for point in run])
    elif line.dots:
        parts.append(
            tag("path", d="".join(f"M{x:.1f} {y:.1f}h0" for run in runs for x, y in run), class_=f"dot s{line.style}")
        )
    return parts


def _weighed(line: Line, points: list[tuple[float, float]]) -> list[Markup]:
    """A dot per point, its area in proportion to what it stands for; pale where that is little."""
    values = line.numbers
    known = [float(w or 0.0) for w, v in zip(line.weights or [], values, strict=True) if np.isfinite(v)]
    most = max(known, default=0.0) or 1.0
    dots = []
    for (x, y), weight in zip(points, known, strict=True):
        look = f"dot s{line.style}{' few' if weight < FEW else ''}"
        dots.append(
            tag(
                "path",
                d=f"M{x:.1f} {y:.1f}h0",
                class_=look,
                style=f"stroke-width:{5 + 8 * (weight / most) ** 0.5:.1f}px",
            )
        )
    return dots


def _runs(line: Line, scale: Scale, places: Sequence[float] | None) -> list[list[tuple[float, float]]]:
    """Unbroken parts of a line, as points of the drawing."""
    runs: list[list[tuple[float, float]]] = []
    values = line.numbers
    last = max(len(values) - 1, 1)
    broken = True
    for i in thinned(values).tolist():
        if not np.isfinite(values[i]):
            broken = True
            continue
        if broken:
            runs.append([])
        x = WIDTH * (places[i] if places is not None else i / last)
        runs[-1].append((x, HEIGHT * (1 - scale.place(float(values[i])))))
        broken = False
    return runs
