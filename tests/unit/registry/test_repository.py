"""The registry is searched, compared and summarised."""

from __future__ import annotations

import pytest
from fakes.registries import CONFIGURATION, make_candidate, register

from trimtab.errors import NotFoundError
from trimtab.registry.repository import Registry


def test_a_search_meets_every_condition(registry: Registry) -> None:
    first = registry.register_model(make_candidate("a", metrics={"accuracy": 0.6}), "t")
    second = registry.register_model(make_candidate("b", metrics={"accuracy": 0.8}, algorithm="linear"), "t")
    third = registry.register_model(make_candidate("c", strategy="other", features={"roc_5": 1.0}), "t")
    registry.move_model(second.id, expected="draft", to="validation", actor="t", reason="r")

    def found(**conditions: object) -> list[int]:
        return [model.id for model in registry.search_models(**conditions)]  # type: ignore[arg-type]  # by name

    assert found() == [third.id, second.id, first.id]
    assert found(strategy="demo") == [second.id, first.id]
    assert found(algorithm="linear") == [second.id]
    assert found(state="draft") == [third.id, first.id]
    assert found(feature="roc_5") == [third.id]
    assert found(dataset_fingerprint=first.dataset_fingerprint) == [first.id]
    assert found(min_metrics={"accuracy": 0.7}, strategy="demo") == [second.id]
    assert found(min_metrics={"sharpe": 0.0}) == []
    assert found(algorithm="linear", state="draft") == []


def test_a_comparison_shows_what_changed(registry: Registry) -> None:
    first = registry.register_model(make_candidate("a"), "t")
    changed = {**CONFIGURATION, "label": {"kind": "direction", "horizons": [5]}}
    second = registry.register_model(
        make_candidate("b", configuration=changed, metrics={"f1": 0.5}, features={"rsi_14": 0.5, "roc_5": 0.5}), "t"
    )
    comparison = registry.compare_models(first.id, second.id)
    assert comparison.changed == {"label.horizons": ([1], [5])}
    assert comparison.metrics == {"accuracy": (0.7, None), "f1": (None, 0.5)}
    assert comparison.features_added == ("roc_5",)
    assert comparison.features_removed == ("atr_14", "obv")
    assert comparison.is_same_data is False
    assert registry.compare_models(first.id, first.id).changed == {}


def test_the_summary_has_one_row_per_version(registry: Registry) -> None:
    first, second = register(registry, "first", "second")
    register(registry, "third", strategy="other")
    registry.set_alias("demo", "champion", first.id, expected=None, actor="a", reason="r")
    newest, oldest = registry.model_summaries("demo")
    assert (newest["model_id"], newest["alias"]) == (second.id, None)
    assert oldest == {
        "model_id": first.id, "strategy": "demo", "version": "1.0.0", "state": "draft", "algorithm": "lightgbm",
        "alias": "champion", "created": registry.clock.now(), "size_bytes": 12, "n_features": 3, "n_artifacts": 1,
        "n_decisions": 0, "last_outcome": None, "last_performance": None,
    }  # fmt: skip
    assert len(registry.model_summaries()) == 3


def test_the_shown_state_is_the_champions_else_the_latest_versions(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match="knows no strategy 'demo'; it knows: none yet"):
        registry.strategy("demo")
    first, second = register(registry, "first", "second")
    registry.move_model(second.id, expected="draft", to="validation", actor="a", reason="r")
    assert registry.strategy("demo").state == "validation"
    registry.set_alias("demo", "champion", first.id, expected=None, actor="a", reason="r")
    record = registry.strategy("demo")
    assert (record.state, record.champion_id, record.challenger_id) == ("draft", first.id, None)
    assert [strategy.name for strategy in registry.strategies()] == ["demo"]
