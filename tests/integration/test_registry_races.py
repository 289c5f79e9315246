"""Real processes at the same moment: one wins, the others are told, nothing is doubled."""

from __future__ import annotations

import pytest
from fakes.registries import (
    claim_champion,
    database,
    empty_database,
    insert_champion,
    migrate,
    race,
    register,
    register_same,
    registry,
)

from trimtab.registry.migrate import upgrade
from trimtab.registry.repository import Registry
from trimtab.storage.database import Database

__all__ = ["database", "empty_database", "registry"]

N = 6
pytestmark = pytest.mark.slow  # six processes import SQLAlchemy


def test_one_of_six_processes_makes_its_champion_and_the_others_get_a_conflict(registry: Registry) -> None:
    model_ids = [model.id for model in register(registry, *"abcdef")]
    answers = race(claim_champion, registry.database.url, N, model_ids)
    assert sorted(answers) == ["ConflictError"] * (N - 1) + ["won"]
    assert len(registry.alias_history("demo")) == 1
    assert registry.verify_audit() is None


def test_two_champions_are_impossible_even_with_plain_sql(registry: Registry) -> None:
    model_ids = [model.id for model in register(registry, *"abcdef")]
    answers = race(insert_champion, registry.database.url, N, model_ids)
    assert sorted(answers) == ["refused by the index"] * (N - 1) + ["won"]


def test_six_processes_that_register_the_same_candidate_make_one_version(registry: Registry) -> None:
    assert race(register_same, registry.database.url, N) == ["1.0.0"] * N
    assert len(registry.list_models("demo")) == 1
    assert registry.verify_audit() is None


def test_six_processes_that_migrate_at_once_migrate_once(empty_database: Database) -> None:
    answers = race(migrate, empty_database.url, N)
    assert sorted(answers) == ["migrated"] + ["nothing to do"] * (N - 1)
    assert upgrade(empty_database) is False
