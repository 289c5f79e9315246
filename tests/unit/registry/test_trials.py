"""Every trial is counted, and counted once."""

from __future__ import annotations

from dataclasses import replace

from fakes.registries import digest

from trimtab.registry.repository import Registry
from trimtab.registry.trials import Study, Total, Trial, totals, tried


def _trials(study: str, numbers: range, strategy: str = "demo", label: str = "direction") -> list[Trial]:
    return [Trial(study, n, strategy, digest("data"), label, "lightgbm", {"num_leaves": n}, n / 10) for n in numbers]


def test_trials_recorded_again_are_not_counted_again(registry: Registry) -> None:
    assert registry.record_trials(_trials("s", range(3)), "tuning") == 3
    assert registry.record_trials(_trials("s", range(5)), "tuning") == 2
    assert registry.record_trials(_trials("s", range(5)), "tuning") == 0
    assert registry.record_trials([], "tuning") == 0
    assert registry.count_trials(digest("data")) == 5


def test_trials_are_counted_by_dataset_strategy_and_label(registry: Registry) -> None:
    registry.record_trials(
        _trials("a", range(2)) + _trials("b", range(3), "other") + _trials("c", range(4), label="x"), "t"
    )
    assert registry.count_trials() == 9
    assert registry.count_trials(strategy="other") == 3
    assert registry.count_trials(digest("data"), label="x") == 4
    assert registry.count_trials(digest("other data")) == 0


def test_a_failed_trial_counts_and_has_no_value(registry: Registry) -> None:
    failed = Trial("s", 0, "demo", digest("data"), "direction", "linear", {}, float("nan"), "manual")
    registry.record_trials([failed], "t")
    (found,) = registry.trials("s")
    assert (found.value, found.kind) == (None, "manual")
    assert registry.count_trials() == 1


def test_a_trial_keeps_every_objective_and_whether_it_was_pruned(registry: Registry) -> None:
    known = replace(_trials("s", range(1))[0], objectives={"accuracy": 0.6, "complexity": 12.0}, pruned=True)
    unknown = replace(known, number=1, objectives={"accuracy": float("nan")}, pruned=False)
    registry.record_trials([known, unknown, *_trials("s", range(2, 3))], "t")
    found = registry.trials("s")
    assert found[0] == known
    assert [(trial.objectives, trial.pruned) for trial in found[1:]] == [({"accuracy": None}, False), (None, None)]


def test_studies_are_found_by_what_they_searched_on(registry: Registry) -> None:
    elsewhere = [replace(trial, dataset_fingerprint=digest("other")) for trial in _trials("z", range(2))]
    registry.record_trials([*_trials("b", range(3), "other"), *_trials("a", range(2)), *elsewhere], "t")
    assert registry.studies([digest("data")]) == [
        Study("a", "demo", digest("data"), 2),
        Study("b", "other", digest("data"), 3),
    ]
    assert registry.studies([]) == []


def test_what_was_tried_for_a_label_is_found_on_every_dataset(registry: Registry) -> None:
    newer = [replace(trial, dataset_fingerprint=digest("newer")) for trial in _trials("b", range(2))]
    elsewhere = _trials("c", range(3), "other") + _trials("d", range(1), label="x")
    registry.record_trials([*newer, *_trials("a", range(2)), *elsewhere], "t")
    with registry.database.read() as connection:
        assert tried(connection, "demo", "direction") == [*_trials("a", range(2)), *newer]
        assert len(tried(connection, "demo")) == 5
        assert tried(connection, "nobody") == []


def test_totals_are_told_by_strategy_dataset_label_and_kind(registry: Registry) -> None:
    by_hand = [replace(trial, kind="manual") for trial in _trials("walk", range(1))]
    registry.record_trials([*_trials("a", range(2)), *_trials("b", range(3)), *by_hand], "t")
    registry.record_trials(_trials("c", range(4), "other"), "t")
    data = digest("data")
    with registry.database.read() as connection:
        assert totals(connection) == [
            Total("demo", data, "direction", "manual", 1, 1),
            Total("demo", data, "direction", "tuning", 5, 2),
            Total("other", data, "direction", "tuning", 4, 1),
        ]
        assert totals(connection, "other") == [Total("other", data, "direction", "tuning", 4, 1)]
