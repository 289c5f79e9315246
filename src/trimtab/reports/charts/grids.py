"""Tables whose cells are tinted by their value: the cost and delay surface, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from trimtab.reports.markup import Markup, tag
from trimtab.reports.wording import is_known, number, percent

STEPS = 4  # shades on either side of nought


def heat_map(
    values: Sequence[Sequence[Any]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    corner: str,
    write: Callable[[Any], str],
    caption: str,
) -> Markup:
    """A value for every row and column; the sign decides the hue, the size the shade, the number says it all."""
    known = [abs(value) for line in values for value in line if is_known(value)]
    largest = max(known, default=0.0)
    head = tag("tr", tag("th", corner, scope="col"), *[tag("th", name, scope="col", class_="n") for name in columns])
    body = [
        tag("tr", tag("th", name, scope="row"), *[tag("td", write(v), class_=f"n {shade(v, largest)}") for v in line])
        for name, line in zip(rows, values, strict=False)
    ]
    inside = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body), class_="heat")
    return tag("div", inside, class_="scroll", tabindex="0", role="group", aria_label=caption)


def shade(value: Any, largest: float) -> str:
    """The class of a cell: `up1` to `up4`, `down1` to `down4`, or `none`.

    >>> shade(1.0, 1.0), shade(-0.1, 1.0), shade(0.0, 1.0), shade(None, 1.0)
    ('up4', 'down1', 'none', 'none')
    """
    if not is_known(value) or value == 0 or largest <= 0:
        return "none"
    step = min(int(STEPS * abs(value) / largest) + 1, STEPS)
    return f"{'up' if value > 0 else 'down'}{step}"


def confusion(matrix: Sequence[Sequence[int]]) -> Markup:
    """What was said against what happened, as counts and as shares of all; right is on the diagonal.

    Parameters
    ----------
    matrix: [[true negatives, false positives], [false negatives, true positives]].
    """
    total = sum(sum(line) for line in matrix) or 1
    head = tag("tr", tag("td", ""), tag("th", "said no", scope="col"), tag("th", "said yes", scope="col"))
    body = [
        tag(
            "tr", tag("th", name, scope="row"),
            *[_cell(count, total, is_right=row == column) for column, count in enumerate(line)],
        )
        for row, (name, line) in enumerate(zip(("was no", "was yes"), matrix, strict=False))
    ]  # fmt: skip
    caption = tag("caption", "What it said against what happened")
    return tag("table", caption, tag("thead", head), tag("tbody", *body), class_="confusion")


def _cell(count: int, total: int, *, is_right: bool) -> Markup:
    said = "right" if is_right else "wrong"
    step = min(int(8 * count / total) + 1, STEPS)
    return tag(
        "td", tag("b", number(int(count))), tag("span", f"{percent(count / total)} · {said}", class_="under"),
        class_=f"{'up' if is_right else 'down'}{step}",
    )  # fmt: skip
