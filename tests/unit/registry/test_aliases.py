"""Aliases move by compare-and-swap and their past stays known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes.registries import register

from trimtab.clock import SimulatedClock
from trimtab.errors import ConflictError, UnknownNameError
from trimtab.registry.repository import Registry


def test_an_alias_moves_only_from_the_expected_holder(registry: Registry) -> None:
    first, second = register(registry, "first", "second")
    registry.set_alias("demo", "champion", first.id, expected=None, actor="ada", reason="first")
    with pytest.raises(ConflictError, match=r"the champion of demo is 1.0.0, not nobody as expected"):
        registry.set_alias("demo", "champion", second.id, expected=None, actor="bob", reason="stale")
    with pytest.raises(ConflictError, match=r"the champion of demo is 1.0.0, not 1.0.1 as expected"):
        registry.set_alias("demo", "champion", None, expected=second.id, actor="bob", reason="stale")
    holder = registry.alias_holder("demo", "champion")
    assert holder is not None
    assert holder.id == first.id
    assert registry.alias_holder("demo", "challenger") is None


def test_the_history_says_who_was_champion_when(registry: Registry, clock: SimulatedClock) -> None:
    first, second = register(registry, "first", "second")
    start = clock.now()
    registry.set_alias("demo", "champion", first.id, expected=None, actor="ada", reason="first")
    change = clock.advance(timedelta(days=1))
    registry.set_alias("demo", "champion", second.id, expected=first.id, actor="bob", reason="better")
    told = [(t.model_id, t.since, t.until, t.actor, t.reason) for t in registry.alias_history("demo")]
    assert told == [(first.id, start, change, "ada", "first"), (second.id, change, None, "bob", "better")]


def test_a_promoted_challenger_stops_being_challenger(registry: Registry) -> None:
    first, second = register(registry, "first", "second")
    registry.set_alias("demo", "champion", first.id, expected=None, actor="a", reason="r")
    registry.set_alias("demo", "challenger", second.id, expected=None, actor="a", reason="r")
    registry.set_alias("demo", "champion", second.id, expected=first.id, actor="a", reason="r")
    record = registry.strategy("demo")
    assert (record.champion_id, record.challenger_id) == (second.id, None)


def test_giving_an_alias_to_its_holder_changes_nothing(registry: Registry) -> None:
    (first,) = register(registry, "first")
    registry.set_alias("demo", "champion", first.id, expected=None, actor="a", reason="r")
    before = registry.audit_head()
    registry.set_alias("demo", "champion", first.id, expected=first.id, actor="a", reason="r")
    assert registry.audit_head() == before


def test_an_alias_goes_to_a_version_of_its_own_strategy_only(registry: Registry) -> None:
    register(registry, "first")
    (other,) = register(registry, "first", strategy="other")
    with pytest.raises(ConflictError, match="belongs to strategy 'other', not to 'demo'"):
        registry.set_alias("demo", "champion", other.id, expected=None, actor="a", reason="r")


def test_there_are_two_aliases(registry: Registry) -> None:
    (first,) = register(registry, "first")
    with pytest.raises(UnknownNameError, match="did you mean 'champion'"):
        registry.set_alias("demo", "champoin", first.id, expected=None, actor="a", reason="r")
