"""Rows with a small drawing each: a value with its interval, a bar, and what it is compared with.

One drawing serves folds, regimes, instruments, importance and removal: names keep their size, and the number
stands beside the mark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trimtab.reports.charts.scale import Scale, scale_over, ticks
from trimtab.reports.markup import Markup, breakable, tag
from trimtab.reports.wording import is_known


@dataclass(frozen=True)
class Track:
    """One row.

    Attributes
    ----------
    name, under: what the row is about, and small print below.
    value: the value; None draws nothing.
    low, high: its interval, where there is one.
    baseline: what the value is compared with, drawn as an upright tick.
    is_faint: whether there is too little behind it to judge it.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    baseline: float | None = None
    under: str = ""
    is_faint: bool = False


@dataclass(frozen=True)
class Look:
    """How all rows are drawn.

    Attributes
    ----------
    write: how a value is written.
    reference: where the upright line is and bars begin, such as one half or nought.
    bars: bars from the reference, instead of dots.
    heading, value_heading: of the columns.
    """

    write: Callable[[float | None], str]
    reference: float | None = None
    bars: bool = False
    heading: str = ""
    value_heading: str = "value"


def tracks(rows: Sequence[Track], look: Look, caption: str, *, is_titled: bool = False) -> Markup:
    """The rows as a table with a drawing in each, on one scale; the caption is seen where it `is_titled`."""
    ends = [v for r in rows for v in (r.value, r.low, r.high, r.baseline)]
    scale = scale_over([*ends, look.reference], margin=0.06)
    head = tag(
        "tr", tag("th", look.heading, scope="col"), tag("th", _marks(scale, look), scope="col", class_="track"),
        tag("th", look.value_heading, scope="col", class_="n"),
    )  # fmt: skip
    body = [_row(row, look, scale) for row in rows]
    return tag(
        "table",
        tag("caption", caption, class_="seen" if is_titled else None),
        tag("thead", head),
        tag("tbody", *body),
        class_="tracks",
    )


def _row(row: Track, look: Look, scale: Scale) -> Markup:
    under = tag("span", row.under, class_="under") if row.under else ""
    written = look.write(row.value)
    return tag(
        "tr",
        tag("th", breakable(row.name), under, scope="row"),
        tag("td", _draw(row, look, scale, written), class_="track"),
        tag("td", written, class_="n"),
        class_="faint" if row.is_faint else None,
    )


def _draw(row: Track, look: Look, scale: Scale, written: str) -> Markup:
    marks = []
    if look.reference is not None:
        marks.append(_upright(scale.place(look.reference), "zero", 0, 20))
    if row.baseline is not None and is_known(row.baseline):
        marks.append(_upright(scale.place(row.baseline), "baseline", 2, 18))
    if row.value is not None and is_known(row.value):
        marks += _value(row.value, look, scale) + _interval(row, scale)
    else:
        written = "not known"
    said = f"{row.name}: {written}{_between(row, look)}"
    return tag(
        "svg", tag("title", said), *marks, viewBox="0 0 1000 20", preserveAspectRatio="none", role="img", aria_label=said
    )  # fmt: skip


def _value(value: float, look: Look, scale: Scale) -> list[Markup]:
    x = 1000 * scale.place(value)
    if not look.bars:
        return [tag("path", d=f"M{x:.1f} 10h0", class_="dot s1")]
    start = 1000 * scale.place(look.reference or 0.0)
    style = 1 if value >= (look.reference or 0.0) else 2
    left, width = min(x, start), max(abs(x - start), 1.0)
    return [tag("rect", x=f"{left:.1f}", y=5, width=f"{width:.1f}", height=10, class_=f"bar s{style}")]


def _interval(row: Track, scale: Scale) -> list[Markup]:
    if not (is_known(row.low) and is_known(row.high)):
        return []
    low, high = (1000 * scale.place(float(end or 0.0)) for end in (row.low, row.high))
    return [tag("path", d=f"M{low:.1f} 10H{high:.1f}", class_="interval")]


def _between(row: Track, look: Look) -> str:
    said = f", interval {look.write(row.low)} to {look.write(row.high)}" if is_known(row.low) else ""
    return said + (f", compared with {look.write(row.baseline)}" if is_known(row.baseline) else "")


def _upright(place: float, look: str, top: int, bottom: int) -> Markup:
    x = f"{1000 * place:.1f}"
    return tag("line", x1=x, x2=x, y1=top, y2=bottom, class_=look)


def _marks(scale: Scale, look: Look) -> Markup:
    """Round values above the drawings; the column's heading for those who see it."""
    marks = [tag("span", look.write(value), style=f"left:{100 * scale.place(value):.1f}%") for value in ticks(scale, 3)]
    return tag("div", *marks, class_="marks")
