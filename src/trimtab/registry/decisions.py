"""Decisions about model versions: every gate with its value, limit and verdict, kept for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from trimtab.errors import ConflictError
from trimtab.registry import models
from trimtab.registry.ledger import Change
from trimtab.registry.plain import number, plain
from trimtab.registry.schema import decision_gates, decisions
from trimtab.registry.schema import models as models_table
from trimtab.storage.hashing import fingerprint_json


@dataclass(frozen=True)
class GateResult:
    """What one gate found.

    Attributes
    ----------
    name: snake case, stable.
    value: the measured value; None when there is no evidence.
    limit: what it was compared with; None when the gate has no number.
    passed: whether the candidate may go on as far as this gate is concerned.
    reason: one sentence for a person.
    """

    name: str
    value: float | None
    limit: float | None
    passed: bool
    reason: str


@dataclass(frozen=True)
class Decision:
    """What was decided about one model version.

    Attributes
    ----------
    id, number: of the row; the count among the decisions about this version.
    model_id, strategy, version: what was decided about.
    outcome: "approval_pending", "refused", or "kept" (judged again after its approval).
    state: the version's life-cycle state now.
    gates: every gate, passed or not.
    reasons: the sentences of the gates that failed.
    evidence, limits: what the gates read, as JSON values.
    fingerprint: SHA-256 of evidence, limits and which gates passed.
    decided, actor: when and by whom.
    """

    id: int
    number: int
    model_id: int
    strategy: str
    version: str
    outcome: str
    state: str
    gates: tuple[GateResult, ...]
    reasons: tuple[str, ...]
    evidence: dict[str, Any]
    limits: dict[str, Any]
    fingerprint: str
    decided: datetime
    actor: str

    @property
    def passed(self) -> bool:
        """Whether every gate passed."""
        return all(gate.passed for gate in self.gates)


@dataclass(frozen=True)
class Verdict:
    """A decision before it is stored: outcome, gates, and the moves it asks for.

    Attributes
    ----------
    outcome, gates, evidence, limits: as in `Decision`.
    moves: the states to go through, in order, each with its reason.
    volatile: measurements that differ from run to run (a load time): only whether their gates
        passed tells one verdict from another, or a repeated run would decide anew each time.
    """

    outcome: str
    gates: tuple[GateResult, ...]
    evidence: Mapping[str, Any]
    limits: Mapping[str, Any]
    moves: Sequence[tuple[str, str]] = ()
    volatile: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what was judged: the same evidence and limits give the same decision."""
        steady = {name: value for name, value in self.evidence.items() if name not in self.volatile}
        return fingerprint_json(plain([steady, self.limits, [(gate.name, gate.passed) for gate in self.gates]]))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it failed."""
        return tuple(gate.reason for gate in self.gates if not gate.passed)


def decide(change: Change, model_id: int, verdict: Verdict, *, expected_state: str) -> Decision:
    """Store a verdict and make its moves; the same verdict as last time changes nothing."""
    previous = latest(change.connection, model_id=model_id)
    if previous and previous.fingerprint == verdict.fingerprint:
        return previous
    state = _check_state(change, model_id, expected_state)
    for to, reason in verdict.moves:
        state = models.move(change, model_id, expected=state, to=to, reason=reason).state
    values = {
        "model_id": model_id, "number": previous.number + 1 if previous else 1, "outcome": verdict.outcome,
        "reasons": list(verdict.reasons), "evidence": plain(verdict.evidence), "limits": plain(verdict.limits),
        "fingerprint": verdict.fingerprint,
    }  # fmt: skip
    stored = change.connection.execute(insert(decisions).values(**values, decided=change.time, actor=change.actor))
    decision_id = stored.inserted_primary_key[0]  # type: ignore[index]  # an insert of one row has a key
    rows = [_gate_row(decision_id, position, gate) for position, gate in enumerate(verdict.gates)]
    if rows:
        change.connection.execute(insert(decision_gates), rows)
    change.record("decided", decision_id=decision_id, **values, gates=[vars(gate) for gate in verdict.gates])
    return _decision(change.connection, change.connection.execute(_query().where(decisions.c.id == decision_id)).one())


def _check_state(change: Change, model_id: int, expected: str) -> str:
    model = models.get(change.connection, model_id)
    if model.state != expected:
        raise ConflictError(models.moved_sentence(model, expected))
    return expected


def latest(connection: Connection, *, model_id: int | None = None, strategy: str | None = None) -> Decision | None:
    """The last decision about a model version or a strategy."""
    return next(iter(history(connection, model_id=model_id, strategy=strategy, limit=1)), None)


def history(
    connection: Connection, *, model_id: int | None = None, strategy: str | None = None, limit: int | None = None
) -> list[Decision]:
    """Decisions about a model version or a strategy, newest first."""
    query = _query().order_by(decisions.c.id.desc())
    if model_id is not None:
        query = query.where(decisions.c.model_id == model_id)
    if strategy is not None:
        query = query.where(models_table.c.strategy == strategy)
    rows = connection.execute(query.limit(limit) if limit else query).all()
    return [_decision(connection, row) for row in rows]


def _query() -> Any:
    columns = (models_table.c.strategy, models_table.c.version, models_table.c.state)
    return select(decisions, *columns).join(models_table, models_table.c.id == decisions.c.model_id)


def _gate_row(decision_id: int, position: int, gate: GateResult) -> dict[str, Any]:
    values = {**vars(gate), "value": number(gate.value), "limit": number(gate.limit)}
    return {"decision_id": decision_id, "position": position, **values}


def _decision(connection: Connection, row: Row[Any]) -> Decision:
    query = select(decision_gates).where(decision_gates.c.decision_id == row.id).order_by(decision_gates.c.position)
    gates = tuple(
        GateResult(gate.name, gate.value, gate.limit, gate.passed, gate.reason) for gate in connection.execute(query)
    )
    return Decision(**{**row._mapping, "reasons": tuple(row.reasons)}, gates=gates)
