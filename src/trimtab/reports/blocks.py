"""The pieces every section is made of: a card, a tile, a table, and the block that says what was not measured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trimtab.reports.markup import Markup, tag
from trimtab.reports.wording import DASH, MINUS, NARROW, is_known, sentence, spelled, words

LONG = 36  # characters; a longer text gets room enough to be read in a narrow table
_ONE = rf"({DASH}|<? ?[+{MINUS}]?[\d,.]+({NARROW}(%|pp))?)"
_NUMBER = re.compile(rf"{_ONE}( to {_ONE})?|\d{{4}}-\d\d-\d\d")
LABELS = {
    "n_trades": "Trades", "break_even_cost_bps": "Break-even cost, bps", "p_value": "p-value", "max_drawdown": "Largest drawdown",
    "excess_return_sum_low": "Mean excess return, at least", "excess_return_sum_high": "Mean excess return, at most", "trade_win_rate": "Trades that won",
    "deflated_sharpe_ratio": "Deflated Sharpe ratio", "n_bars": "Bars compared",
    "commission_bps": "Commission, bps", "slippage_bps": "Slippage, bps", "borrow_bps_per_year": "Borrowing, bps a year",
    "roc_auc": "ROC AUC", "f1": "F1", "n_effective": "Effective trials", "value_at_risk": "Value at risk, 95 %", "expected_shortfall": "Expected shortfall, 95 %",
}  # fmt: skip


def section(name: str, title: str, *content: Any, lede: str = "") -> Markup:
    """A numbered part of the page; `lede` is the one sentence to remember of it."""
    heading = tag("h2", title, id=f"{name}-title")
    opening = tag("p", lede, class_="lede") if lede else ""
    return tag("section", heading, opening, *content, id=name, aria_labelledby=f"{name}-title")


def card(title: str, *content: Any, note: str = "", wide: bool = False) -> Markup:
    """A box with a title; a wide one takes the whole row."""
    ending = tag("p", note, class_="note") if note else ""
    return tag("div", tag("h3", title), *content, ending, class_="card wide" if wide else "card")


def cards(*content: Any) -> Markup:
    """Boxes side by side where there is room."""
    return tag("div", *content, class_="cards")


def not_measured(what: str, why: str) -> Markup:
    """In place of a drawing or table that nobody could make."""
    said = tag("strong", f"{what}: not measured.")
    return tag("p", said, " ", sentence(why), class_="missing")


def not_judged(what: str, why: str) -> Markup:
    """In place of a number that exists and means nothing."""
    return tag("p", tag("strong", f"{what}: not judged."), " ", sentence(why), class_="missing")


def tile(label: str, value: str, *under: str, tone: str = "") -> Markup:
    """One number to remember, with what it is compared with below it."""
    lines = [tag("div", line, class_="under") for line in under if line]
    classes = f"tile {tone}".strip()
    return tag("div", tag("div", label, class_="label"), tag("div", value, class_="value"), *lines, class_=classes)


def table(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], caption: str, *, is_titled: bool = False
) -> Markup:
    """Rows as a table that scrolls inside its box.

    `columns` gives the heading by key of a row. A column whose values are all numbers, written already or
    not, is right-aligned; the first column names its row. The caption is for screen readers, and seen by all
    where the table `is_titled`.
    """
    if not rows:
        return not_measured(caption, "there is nothing to show")
    numeric = {key for key in columns if all(_is_number(row.get(key)) for row in rows)}
    head = [tag("th", name, scope="col", class_="n" if key in numeric else None) for key, name in columns.items()]
    body = [_row(row, columns, numeric) for row in rows]
    named = tag("caption", caption, class_="seen" if is_titled else None)
    inside = tag("table", named, tag("thead", tag("tr", *head)), tag("tbody", *body))
    return tag("div", inside, class_="scroll", tabindex="0", role="group", aria_label=caption)


def _row(row: Mapping[str, Any], columns: Mapping[str, Any], numeric: set[str]) -> Markup:
    cells = []
    for place, key in enumerate(columns):
        value = row.get(key)
        text = value if isinstance(value, str) else spelled(value)
        name, scope = ("td", None) if place else ("th", "row")
        is_long = len(text) > LONG and not isinstance(value, Markup)
        cells.append(tag(name, text, scope=scope, class_="n" if key in numeric else "long" if is_long else None))
    return tag("tr", *cells)


def _is_number(value: Any) -> bool:
    return value is None or is_known(value) or (isinstance(value, str) and _NUMBER.fullmatch(value) is not None)


def pairs(values: Iterable[tuple[str, Any]]) -> Markup:
    """Labels and values below each other."""
    items = [
        tag("div", tag("dt", label), tag("dd", value if isinstance(value, str) else spelled(value)))
        for label, value in values
    ]
    return tag("dl", *items, class_="pairs")


def folded(summary: str, *content: Any, is_open: bool = False) -> Markup:
    """What not everybody needs, behind its heading; nothing where there is nothing."""
    inside = [each for each in content if each]
    return tag("details", tag("summary", summary), *inside, open="open" if is_open else None) if inside else Markup("")


def notes(sentences: Iterable[Any]) -> Markup:
    """Remarks below a table; nothing where there are none."""
    items = [tag("li", sentence(each)) for each in sentences if each]
    return tag("ul", *items, class_="notes") if items else Markup("")


def label_of(name: Any) -> str:
    """A name for programs as the heading of a row: `sharpe_ratio` is "Sharpe ratio"."""
    text = words(name)
    return LABELS.get(str(name)) or text[:1].upper() + text[1:]
