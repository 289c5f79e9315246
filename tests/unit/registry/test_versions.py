"""Semantic versions order and step as numbers."""

from __future__ import annotations

import pytest

from trimtab.errors import RegistryError
from trimtab.registry.versions import SemanticVersion, change_level, changed_keys


@pytest.mark.parametrize("text", ["1.0", "v1.0.0", "1.0.0-rc1", "", "a.b.c"])
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(RegistryError, match=r"not of the form major.minor.patch"):
        SemanticVersion.parse(text)


def test_a_greater_step_resets_the_lesser_ones() -> None:
    version = SemanticVersion(1, 4, 7)
    assert [str(version.next(level)) for level in ("patch", "minor", "major")] == ["1.4.8", "1.5.0", "2.0.0"]


def test_keys_that_come_and_go_are_changes() -> None:
    assert changed_keys({"a": {"x": 1}, "b": 2}, {"a": {"x": 1, "y": None}, "c": 2}) == ("a.y", "b", "c")
    assert changed_keys({"a": [1, 2]}, {"a": [2, 1]}) == ("a",)


def test_a_part_nobody_named_is_a_minor_change() -> None:
    assert change_level(("something_new.x",)) == "minor"
    assert change_level(("gates.min_accuracy", "description")) == "patch"
