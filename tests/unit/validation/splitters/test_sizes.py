from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from trimtab.config.strategy import parse_duration
from trimtab.errors import ConfigurationError
from trimtab.validation.splitters.sizes import check_sizes, parse_embargo, parse_size, typed


@pytest.mark.parametrize(
    ("text", "size"), [("0.25", 0.25), ("1.0", 1.0), ("1", 1), ("60", 60), ("12h", timedelta(hours=12))]
)
def test_what_is_typed_is_a_share_a_count_or_a_duration(text: str, size: Any) -> None:
    assert (parse_size(text), type(parse_size(text))) == (size, type(size))


@pytest.mark.parametrize("text", ["", "half", "5 days", "3y", "0x10"])
def test_what_is_none_of_them_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"the size '{text}' cannot be read; give a share such as 0.6"):
        parse_size(text)


def test_an_embargo_without_a_unit_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the embargo is '5'; a duration is a whole number and a unit"):
        parse_embargo("5")


@pytest.mark.parametrize(
    "size", [0, -1, 0.0, -0.1, 1.0001, float("nan"), float("inf"), True, "0.5", None, timedelta(-1)]
)
def test_a_size_that_is_none_is_refused_by_its_name(size: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^step is .*; it must be a share greater than 0 and at most 1"):
        check_sizes(test=0.5, step=size)


@pytest.mark.parametrize("text", ["5d", "36h", "90m", "14d"])
def test_a_duration_is_written_as_it_is_typed(text: str) -> None:
    assert typed(parse_duration(text)) == text


def test_less_than_a_minute_is_written_in_seconds() -> None:
    assert typed(timedelta(seconds=90)) == "90s"
    assert typed(timedelta(milliseconds=1500)) == "1.5s"
