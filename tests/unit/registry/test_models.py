"""Model versions are registered once, numbered by what changed, and found again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fakes.registries import CONFIGURATION, make_candidate, register

from trimtab.clock import SimulatedClock
from trimtab.errors import ConflictError, NotFoundError
from trimtab.registry.models import Candidate, Transition
from trimtab.registry.repository import Registry


def _changed(part: str, **values: object) -> dict[str, object]:
    return {**CONFIGURATION, part: values}


def test_a_registered_version_holds_everything_the_candidate_said(registry: Registry) -> None:
    candidate = make_candidate("first")
    model = registry.register_model(candidate, "ada")
    for name in ("strategy", "algorithm", "configuration", "hyper_parameters", "metrics", "dataset_fingerprint",
                 "manifest_digest", "size_bytes", "code_version"):  # fmt: skip
        assert getattr(model, name) == getattr(candidate, name)
    assert (model.version, model.state, model.parent_id, model.created_by) == ("1.0.0", "draft", None, "ada")
    assert model.created == registry.clock.now()
    assert model.changelog == "first version"
    assert registry.artifacts(model.id) == candidate.artifacts
    assert list(registry.features(model.id).items()) == [("atr_14", 0.75), ("rsi_14", 0.25), ("obv", None)]
    assert registry.get_model(model.id) == model


def test_registering_the_same_candidate_again_returns_the_version_and_stores_nothing(
    registry: Registry, clock: SimulatedClock
) -> None:
    (model,) = register(registry, "first")
    before = registry.audit_head()
    clock.advance(timedelta(hours=1))
    assert registry.register_model(make_candidate("first"), "somebody else") == model
    assert registry.audit_head() == before
    assert registry.strategy("demo").version == 1


@pytest.mark.parametrize(
    ("second", "version", "log"),
    [
        (make_candidate("second"), "1.0.1", "patch of 1.0.0: trained on new data"),
        (
            make_candidate("second", dataset_fingerprint=make_candidate("first").dataset_fingerprint),
            "1.0.1",
            "patch of 1.0.0: trained again on the same data",
        ),
        (
            make_candidate("second", hyper_parameters={"num_leaves": 31}),
            "1.1.0",
            "minor of 1.0.0: changed hyper_parameters.num_leaves; trained on new data",
        ),
        (
            make_candidate("second", algorithm="xgboost"),
            "1.1.0",
            "minor of 1.0.0: changed algorithm; trained on new data",
        ),
        (
            make_candidate("second", configuration=_changed("features", sets=["candlesticks"])),
            "2.0.0",
            "major of 1.0.0: changed features.sets; trained on new data",
        ),
        (make_candidate("second", configuration=_changed("label", kind="direction", horizons=[5])), "2.0.0", None),
        (make_candidate("second", configuration=_changed("universe", instruments=["IBM"])), "2.0.0", None),
        (make_candidate("second", configuration=_changed("gates", min_accuracy=0.5)), "1.0.1", None),
    ],
)
def test_what_changed_decides_the_next_version(
    registry: Registry, second: Candidate, version: str, log: str | None
) -> None:
    (first,) = register(registry, "first")
    model = registry.register_model(second, "tester")
    assert (model.version, model.parent_id) == (version, first.id)
    assert log is None or model.changelog == log
    assert registry.lineage(model.id) == [(first.id, "retrained_from")]


def test_numbers_go_past_nine(registry: Registry) -> None:
    versions = [model.version for model in register(registry, *"abcdefghijkl")]
    assert versions[-2:] == ["1.0.10", "1.0.11"]
    assert registry.find_model("demo", "latest").version == "1.0.11"


def test_strategies_are_numbered_on_their_own(registry: Registry) -> None:
    register(registry, "a", "b")
    assert register(registry, "a", strategy="other")[0].version == "1.0.0"


def test_unknown_metrics_are_stored_as_unknown(registry: Registry) -> None:
    model = registry.register_model(make_candidate(metrics={"sharpe": float("nan"), "n": 3}), "tester")
    assert model.metrics == {"sharpe": None, "n": 3}


def test_metrics_are_added_and_replaced_and_unchanged_ones_leave_no_trace(registry: Registry) -> None:
    (model,) = register(registry, "first")
    updated = registry.record_metrics(model.id, {"accuracy": 0.8, "f1": 0.5}, "tester")
    assert updated.metrics == {"accuracy": 0.8, "f1": 0.5}
    before = registry.audit_head()
    registry.record_metrics(model.id, {"f1": 0.5}, "tester")
    assert registry.audit_head() == before


def test_a_move_is_made_only_from_the_expected_state(registry: Registry) -> None:
    (model,) = register(registry, "first")
    moved = registry.move_model(model.id, expected="draft", to="validation", actor="ada", reason="judged")
    assert moved.state == "validation"
    with pytest.raises(ConflictError, match=r"demo 1.0.0 is in state 'validation', not 'draft' as expected"):
        registry.move_model(model.id, expected="draft", to="archived", actor="bob", reason="late")
    when = registry.clock.now()
    assert registry.transitions(model.id) == [
        Transition(model.id, None, "draft", when, "tester", "registered"),
        Transition(model.id, "draft", "validation", when, "ada", "judged"),
    ]


def test_versions_are_found_by_number_alias_and_latest(registry: Registry) -> None:
    first, second = register(registry, "first", "second")
    registry.set_alias("demo", "champion", first.id, expected=None, actor="a", reason="r")
    assert registry.find_model("demo", "1.0.0").id == first.id
    assert registry.find_model("demo", "champion").id == first.id
    assert registry.find_model("demo", "latest").id == second.id
    with pytest.raises(NotFoundError, match=r"no version 'challenger'; it has: 1.0.1, 1.0.0"):
        registry.find_model("demo", "challenger")
    with pytest.raises(NotFoundError, match="it has: none yet"):
        registry.find_model("nothing", "latest")
    with pytest.raises(NotFoundError, match="no model 99"):
        registry.get_model(99)


def test_ensemble_members_are_linked_once(registry: Registry) -> None:
    first, second, whole = register(registry, "first", "second", "whole")
    for _ in range(2):
        for member in (first, second):
            registry.record_lineage(parent_id=member.id, child_id=whole.id, relation="member_of", actor="a")
    assert registry.lineage(whole.id) == [
        (first.id, "member_of"), (second.id, "member_of"), (second.id, "retrained_from"),
    ]  # fmt: skip
