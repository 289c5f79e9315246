"""Drift snapshots are kept with every feature's numbers, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from fakes.registries import digest, register

from trimtab.clock import SimulatedClock
from trimtab.registry.drift import DriftRecord
from trimtab.registry.repository import Registry

NUMBERS = (
    "psi",
    "ks",
    "ks_p_value",
    "wasserstein",
    "jensen_shannon",
    "effective_n",
    "missing_reference",
    "missing_current",
)


def test_a_snapshot_is_stored_once_with_its_features(registry: Registry, clock: SimulatedClock) -> None:
    (model,) = register(registry, "first")
    measured = dict.fromkeys(NUMBERS, 0.5)
    features = {
        "atr_14": {"status": "drifted", **measured},
        "rsi_14": {"status": "insufficient_evidence", **dict.fromkeys(NUMBERS, float("nan"))},
    }
    first = DriftRecord(digest("one"), "demo", model.id, "drifted", 0.4, 0.5, 0.9, clock.now(), features)
    registry.record_drift_snapshot(first, "drift")
    before = registry.audit_head()
    registry.record_drift_snapshot(first, "drift")
    assert registry.audit_head() == before
    found = registry.latest_drift_snapshot("demo")
    unknown = {"status": "insufficient_evidence", **dict.fromkeys(NUMBERS)}
    assert found == replace(first, features={"atr_14": features["atr_14"], "rsi_14": unknown})


def test_the_latest_snapshot_is_the_one_about_the_latest_time(registry: Registry, clock: SimulatedClock) -> None:
    now = clock.now()
    for name, as_of in (("new", now), ("old", now - timedelta(days=5))):
        record = DriftRecord(digest(name), "demo", None, "stable", 0.0, 0.0, None, as_of)
        registry.record_drift_snapshot(record, "drift")
    latest = registry.latest_drift_snapshot("demo")
    assert latest is not None
    assert latest.snapshot_id == digest("new")
    assert [s.snapshot_id for s in registry.drift_snapshots("demo")] == [digest("new"), digest("old")]
    assert len(registry.drift_snapshots(limit=1)) == 1
    assert registry.latest_drift_snapshot("other") is None
