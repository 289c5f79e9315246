"""The audit ledger grows with every change, refuses to be changed, and shows where it was."""

from __future__ import annotations

import hashlib
import json

import pytest
from fakes.registries import make_candidate, register
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from trimtab.errors import RegistryError
from trimtab.registry.ledger import Head
from trimtab.registry.rebuild import rebuild, stored
from trimtab.registry.repository import Registry


def test_every_change_is_in_the_chain_with_actor_and_time(registry: Registry) -> None:
    register(registry, "first")
    entries = list(registry.audit_entries())
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry.event for entry in entries] == ["model_registered"]
    assert {entry.actor for entry in entries} == {"tester"}
    assert {entry.time for entry in entries} == {registry.clock.now()}


def test_the_hash_can_be_recomputed_with_nothing_but_hashlib_and_json(registry: Registry) -> None:
    register(registry, "first", "second")
    prev = "0" * 64
    for entry in registry.audit_entries():
        payload = json.dumps(entry.payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        fields = [entry.seq, prev, entry.actor, entry.time.isoformat(), entry.event, payload]
        told = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(told.encode()).hexdigest() == entry.sha256
        prev = entry.sha256


@pytest.mark.parametrize("statement", ["UPDATE ledger SET actor = 'nobody'", "DELETE FROM ledger"])
def test_the_database_refuses_to_change_an_entry(registry: Registry, statement: str) -> None:
    register(registry, "first")
    with pytest.raises(DatabaseError, match="append-only"), registry.database.write() as connection:
        connection.execute(text(statement))
    assert registry.verify_audit() is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET actor = 'nobody' WHERE seq = 3",
        "UPDATE ledger SET payload = replace(payload, '12', '13') WHERE seq = 3",
        "UPDATE ledger SET event = 'x' WHERE seq = 3",
        "DELETE FROM ledger WHERE seq = 3",
        "UPDATE ledger SET prev = sha256 WHERE seq = 3",
    ],
)
def test_verify_names_the_first_broken_entry(registry: Registry, statement: str) -> None:
    register(registry, "a", "b", "c", "d")
    assert registry.verify_audit() is None
    _without_triggers(registry, statement)
    assert registry.verify_audit() == 3


def test_a_cut_tail_is_seen_only_with_a_witness(registry: Registry) -> None:
    register(registry, "a", "b")
    witness = registry.audit_head()
    last = witness.seq
    _without_triggers(registry, f"DELETE FROM ledger WHERE seq = {last}")
    assert registry.verify_audit() is None
    assert registry.verify_audit(witness) == last
    assert registry.verify_audit(Head(1, "f" * 64)) == 1


def test_a_change_that_fails_leaves_no_entry(registry: Registry) -> None:
    before = registry.audit_head()
    with pytest.raises(TypeError, match="not a JSON value"):
        registry.register_model(make_candidate(configuration={"model": object()}), "tester")
    assert registry.audit_head() == before
    assert registry.list_models() == []


def test_a_change_needs_somebody_who_makes_it(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="non-empty actor"):
        registry.register_model(make_candidate(), "  ")


def test_states_and_aliases_can_be_rebuilt_from_the_ledger_alone(registry: Registry) -> None:
    first, second = register(registry, "first", "second")
    other = register(registry, "third", strategy="other")[0]
    registry.move_model(first.id, expected="draft", to="validation", actor="a", reason="r")
    registry.move_model(other.id, expected="draft", to="archived", actor="a", reason="r")
    registry.set_alias("demo", "champion", first.id, expected=None, actor="a", reason="r")
    registry.set_alias("demo", "challenger", second.id, expected=None, actor="a", reason="r")
    registry.set_alias("demo", "champion", second.id, expected=first.id, actor="a", reason="r")
    registry.set_alias("other", "champion", other.id, expected=None, actor="a", reason="r")
    registry.set_alias("other", "champion", None, expected=other.id, actor="a", reason="r")
    rebuilt = rebuild(registry.audit_entries())
    with registry.database.read() as connection:
        assert rebuilt == stored(connection)
    assert rebuilt.aliases == {("demo", "champion"): second.id}
    assert rebuilt.states == {first.id: "validation", second.id: "draft", other.id: "archived"}


def _without_triggers(registry: Registry, statement: str) -> None:
    """What somebody with all rights on the database could do."""
    database = registry.database
    drops = (
        ["DROP TRIGGER ledger_no_UPDATE", "DROP TRIGGER ledger_no_DELETE"]
        if database.is_sqlite
        else ["DROP TRIGGER ledger_append_only ON ledger"]
    )
    with database.write() as connection:
        for query in (*drops, statement):
            connection.execute(text(query))
