"""Writing HTML so that text from outside can never become markup, and every tag is closed.

The output is both HTML and well-formed XML, so that tests can read it with an XML parser.
"""

from __future__ import annotations

import html
import re
from typing import Any

VOID = frozenset({"meta", "br", "wbr", "path", "line", "rect"})
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # no XML document may hold these


class Markup(str):
    """Text that is HTML already; every other string is escaped when it becomes a child."""

    __slots__ = ()


def escaped(value: object) -> Markup:
    """Any value as text inside HTML; markup stays as it is, None is nothing.

    >>> escaped("<script>"), escaped(Markup("<b>")), escaped(None)
    ('&lt;script&gt;', '<b>', '')
    """
    if isinstance(value, Markup):
        return value
    if isinstance(value, list | tuple):
        return Markup("".join(escaped(each) for each in value))
    return Markup("" if value is None else html.escape(_FORBIDDEN.sub("\ufffd", str(value))))


def tag(name: str, /, *children: Any, **attributes: Any) -> Markup:
    """One element; `class_` is written class, other underscores are hyphens, None and False are left out.

    >>> tag("p", "5 < 6", class_="note", aria_hidden=True, id=None)
    '<p class="note" aria-hidden="true">5 &lt; 6</p>'
    >>> tag("br")
    '<br/>'
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{"true" if value is True else escaped(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Markup(f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{escaped(children)}</{name}>")


def breakable(name: str) -> Markup:
    """A name that may be broken after its underscores, where it does not fit; copied, it is the same name.

    >>> breakable("close_location")
    'close_<wbr/>location'
    """
    return Markup(f"_{tag('wbr')}".join(escaped(part) for part in name.split("_")))
