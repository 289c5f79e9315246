from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from trimtab.reports.markup import Markup, escaped, tag

UNREADABLE = "\ufffd"


def test_a_text_cannot_open_an_element_or_leave_an_attribute() -> None:
    made = tag("p", "<img src=x onerror=alert(1)>", title='"><script>')
    assert "<img" not in made
    assert "<script" not in made
    assert ET.fromstring(made).attrib["title"] == '"><script>'


def test_markup_inside_markup_is_not_escaped_twice() -> None:
    assert tag("b", tag("i", "a & b")) == "<b><i>a &amp; b</i></b>"


def test_markup_stays_markup_and_text_becomes_it() -> None:
    assert isinstance(escaped("a"), Markup)
    assert escaped(Markup("<br/>")) == "<br/>"


def test_false_and_none_leave_an_attribute_out_and_true_is_written() -> None:
    assert tag("td", hidden=False, scope=None, aria_hidden=True) == '<td aria-hidden="true"></td>'


@given(st.text())
def test_any_text_comes_out_of_an_xml_parser_as_it_went_in_but_for_what_xml_cannot_hold(text: str) -> None:
    read = ET.fromstring(tag("p", text)).text or ""
    if "\r" in text:  # every line end is a line feed to an XML parser
        return
    assert len(read) == len(text)
    assert all(after in (before, UNREADABLE) for before, after in zip(text, read, strict=True))
