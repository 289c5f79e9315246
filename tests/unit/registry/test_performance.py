"""What a version really achieved is kept window by window."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes.registries import register

from trimtab.clock import SimulatedClock
from trimtab.errors import NotFoundError
from trimtab.registry.performance import Performance
from trimtab.registry.repository import Registry


def test_windows_are_stored_once_and_come_back_in_time_order(registry: Registry, clock: SimulatedClock) -> None:
    first, second = register(registry, "first", "second")
    now, week = clock.now(), timedelta(days=7)
    late = Performance(first.id, "accuracy", 0.61, 0.7, 120, now - week, now)
    early = Performance(first.id, "accuracy", float("nan"), None, 80, now - 2 * week, now - week)
    other = Performance(second.id, "f1", 0.5, None, 10, now - week, now)
    for window in (late, early, other, late):
        registry.record_performance(window, "monitoring")
    found = registry.performance(model_id=first.id)
    assert [window.n_samples for window in found] == [80, 120]
    assert found[0].value is None
    assert found[1] == late
    assert registry.performance(strategy="demo", metric="f1") == [other]
    assert registry.model_summaries("demo")[1]["last_performance"] == 0.61


def test_a_window_belongs_to_a_known_version(registry: Registry, clock: SimulatedClock) -> None:
    with pytest.raises(NotFoundError, match="no model 7"):
        registry.record_performance(Performance(7, "f1", 0.5, None, 1, clock.now(), clock.now()), "monitoring")
