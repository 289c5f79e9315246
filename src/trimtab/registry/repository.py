"""`Registry`: everything the registry can be asked and told, one transaction per change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text

from trimtab.clock import Clock
from trimtab.errors import NotFoundError
from trimtab.registry import aliases, comparison, decisions, drift, ledger, models, performance, strategies, trials
from trimtab.registry.aliases import AliasTenure
from trimtab.registry.comparison import VersionComparison
from trimtab.registry.decisions import Decision, Verdict
from trimtab.registry.drift import DriftRecord
from trimtab.registry.ledger import Change, Head
from trimtab.registry.models import ArtifactFile, Candidate, ModelVersion, Transition
from trimtab.registry.performance import Performance
from trimtab.registry.schema import SUMMARY_COLUMNS, model_features
from trimtab.registry.schema import models as models_table
from trimtab.registry.strategies import StrategyRecord
from trimtab.registry.trials import Study, Trial
from trimtab.storage.database import Database


@dataclass(frozen=True)
class Registry:
    """The registry in a database whose schema is up to date (`migrate.upgrade`).

    Every change takes the `actor` who makes it, runs in one transaction and appends to the audit
    ledger in that same transaction. Changes that may be repeated after a crash (registering,
    recording) recognise what is stored already; changes that depend on what was read before
    (aliases, states) take the expected value and raise `ConflictError` when it is not so any more.

    >>> import tempfile
    >>> from datetime import UTC, datetime
    >>> from trimtab.clock import SimulatedClock
    >>> from trimtab.registry.migrate import upgrade
    >>> database = Database(f"sqlite:///{tempfile.mkdtemp()}/trimtab.db")
    >>> _ = upgrade(database)
    >>> registry = Registry(database, SimulatedClock(datetime(2024, 1, 2, tzinfo=UTC)))
    >>> candidate = Candidate("demo", "linear", {}, {}, "d" * 64, "a" * 64, 10, "0.1.0")
    >>> model = registry.register_model(candidate, "example")
    >>> model.version, model.state, registry.register_model(candidate, "example") == model
    ('1.0.0', 'draft', True)
    """

    database: Database
    clock: Clock

    # Model versions

    def register_model(self, candidate: Candidate, actor: str) -> ModelVersion:
        """Register a candidate as the next semantic version, in state "draft".

        The same candidate (strategy, artifact manifest, dataset) again returns the version it
        already is, so a run that was killed and repeated leaves one version.
        """
        with self._change(actor) as change:
            return models.register(change, candidate)

    def get_model(self, model_id: int) -> ModelVersion:
        """One version by id, or `NotFoundError`."""
        with self.database.read() as connection:
            return models.get(connection, model_id)

    def find_model(self, strategy: str, name: str) -> ModelVersion:
        """The version of a strategy by number ("1.0.2"), alias ("champion") or "latest"."""
        with self.database.read() as connection:
            found = models.fetch(connection, models.newest_first(strategy))
            holder = strategies.current_holders(connection, strategy).get(name)
        for model in found:
            if name in ("latest", model.version) or model.id == holder:
                return model
        known = ", ".join(model.version for model in found) or "none yet"
        raise NotFoundError(f"strategy '{strategy}' has no version '{name}'; it has: {known}")

    def latest_model(self, strategy: str) -> ModelVersion | None:
        """The version registered last, or None."""
        with self.database.read() as connection:
            return models.latest(connection, strategy)

    def list_models(self, strategy: str | None = None) -> list[ModelVersion]:
        """All versions, newest first."""
        return self.search_models(strategy=strategy)

    def search_models(
        self,
        *,
        strategy: str | None = None,
        state: str | None = None,
        algorithm: str | None = None,
        dataset_fingerprint: str | None = None,
        feature: str | None = None,
        min_metrics: Mapping[str, float] | None = None,
    ) -> list[ModelVersion]:
        """Versions that meet every given condition, newest first.

        `feature` finds the versions that read it; `min_metrics` those whose metrics reach all
        the given values (a version without the metric does not).
        """
        query = models.newest_first(strategy)
        given = {"state": state, "algorithm": algorithm, "dataset_fingerprint": dataset_fingerprint}
        for name, value in given.items():
            if value is not None:
                query = query.where(models_table.c[name] == value)
        if feature is not None:
            readers = select(model_features.c.model_id).where(model_features.c.name == feature)
            query = query.where(models_table.c.id.in_(readers))
        with self.database.read() as connection:
            found = models.fetch(connection, query)
        return [model for model in found if _reaches(model.metrics, min_metrics or {})]

    def compare_models(self, first_id: int, second_id: int) -> VersionComparison:
        """What is different between two versions."""
        with self.database.read() as connection:
            first, second = models.get(connection, first_id), models.get(connection, second_id)
            names = [set(models.features(connection, model_id)) for model_id in (first_id, second_id)]
        return comparison.compare(first, second, *names)

    def model_summaries(self, strategy: str | None = None) -> list[dict[str, Any]]:
        """Rows of the view `model_summary`, newest first."""
        condition = "" if strategy is None else "WHERE strategy = :strategy "
        sql = f"SELECT {', '.join(SUMMARY_COLUMNS)} FROM model_summary {condition}ORDER BY model_id DESC"
        query = text(sql).columns(created=models_table.c.created.type)
        with self.database.read() as connection:
            parameters = {} if strategy is None else {"strategy": strategy}
            return [dict(row._mapping) for row in connection.execute(query, parameters)]

    def features(self, model_id: int) -> dict[str, float | None]:
        """Importance by feature name, most important first."""
        with self.database.read() as connection:
            return models.features(connection, model_id)

    def artifacts(self, model_id: int) -> tuple[ArtifactFile, ...]:
        """The files of a version."""
        with self.database.read() as connection:
            return models.artifacts(connection, model_id)

    def record_metrics(self, model_id: int, metrics: Mapping[str, Any], actor: str) -> ModelVersion:
        """Add or replace metrics of a version."""
        with self._change(actor) as change:
            return models.update_metrics(change, model_id, metrics)

    def record_lineage(self, *, parent_id: int, child_id: int, relation: str, actor: str) -> None:
        """Record that `child_id` comes from `parent_id` ("retrained_from", "member_of", ...)."""
        with self._change(actor) as change:
            models.link(change, parent_id=parent_id, child_id=child_id, relation=relation)

    def lineage(self, model_id: int) -> list[tuple[int, str]]:
        """Model id and relation of everything a version comes from."""
        with self.database.read() as connection:
            return models.lineage(connection, model_id)

    # States, decisions, aliases

    def move_model(self, model_id: int, *, expected: str, to: str, actor: str, reason: str) -> ModelVersion:
        """Change the state if it is still `expected`; `trimtab.lifecycle.states` says what is allowed."""
        with self._change(actor) as change:
            return models.move(change, model_id, expected=expected, to=to, reason=reason)

    def transitions(self, model_id: int) -> list[Transition]:
        """The moves of a version, oldest first."""
        with self.database.read() as connection:
            return models.transitions(connection, model_id)

    def record_decision(self, model_id: int, verdict: Verdict, *, expected_state: str, actor: str) -> Decision:
        """Store a verdict and make its moves, all or nothing; the same verdict again changes nothing."""
        with self._change(actor) as change:
            return decisions.decide(change, model_id, verdict, expected_state=expected_state)

    def latest_decision(self, *, model_id: int | None = None, strategy: str | None = None) -> Decision | None:
        """The last decision about a version or a strategy."""
        with self.database.read() as connection:
            return decisions.latest(connection, model_id=model_id, strategy=strategy)

    def decisions(self, *, model_id: int | None = None, strategy: str | None = None) -> list[Decision]:
        """Decisions about a version or a strategy, newest first."""
        with self.database.read() as connection:
            return decisions.history(connection, model_id=model_id, strategy=strategy)

    def set_alias(
        self, strategy: str, alias: str, model_id: int | None, *, expected: int | None, actor: str, reason: str
    ) -> None:
        """Give an alias to a version (None: to nobody) if its holder is still `expected`."""
        with self._change(actor) as change:
            aliases.assign(change, strategy, alias, model_id, expected=expected, reason=reason)

    def alias_holder(self, strategy: str, alias: str) -> ModelVersion | None:
        """The version that holds an alias now."""
        with self.database.read() as connection:
            holder = strategies.current_holders(connection, strategy).get(alias)
            return models.get(connection, holder) if holder is not None else None

    def alias_history(self, strategy: str) -> list[AliasTenure]:
        """Who held which alias when, oldest first."""
        with self.database.read() as connection:
            return aliases.history(connection, strategy)

    def strategy(self, name: str) -> StrategyRecord:
        """A strategy with the state to show, or `NotFoundError`."""
        with self.database.read() as connection:
            return strategies.get(connection, name)

    def strategies(self) -> list[StrategyRecord]:
        """Every strategy the registry knows, by name."""
        with self.database.read() as connection:
            return [strategies.get(connection, name) for name in strategies.names(connection)]

    # What was tried and observed

    def record_trials(self, found: Sequence[Trial], actor: str) -> int:
        """Store the trials not known yet (by study and number); return how many those were."""
        with self._change(actor) as change:
            return trials.record(change, found)

    def count_trials(
        self, dataset_fingerprint: str | None = None, *, strategy: str | None = None, label: str | None = None
    ) -> int:
        """How many configurations were tried on a dataset, for a strategy or a label."""
        with self.database.read() as connection:
            return trials.count(connection, dataset_fingerprint=dataset_fingerprint, strategy=strategy, label=label)

    def trials(self, study: str) -> list[Trial]:
        """The trials of a study, by number."""
        with self.database.read() as connection:
            return trials.history(connection, study)

    def studies(self, dataset_fingerprints: Collection[str]) -> list[Study]:
        """The studies that searched on any of some datasets."""
        with self.database.read() as connection:
            return trials.studies(connection, dataset_fingerprints)

    def record_drift_snapshot(self, snapshot: DriftRecord, actor: str) -> DriftRecord:
        """Store a drift snapshot once."""
        with self._change(actor) as change:
            return drift.record(change, snapshot)

    def latest_drift_snapshot(self, strategy: str) -> DriftRecord | None:
        """The latest snapshot with its features, or None."""
        with self.database.read() as connection:
            return drift.latest(connection, strategy)

    def drift_snapshots(self, strategy: str | None = None, limit: int | None = None) -> list[DriftRecord]:
        """Snapshots without features, newest first."""
        with self.database.read() as connection:
            return drift.history(connection, strategy, limit)

    def record_performance(self, window: Performance, actor: str) -> None:
        """Store what a version achieved in a window, once."""
        with self._change(actor) as change:
            performance.record(change, window)

    def performance(
        self, *, model_id: int | None = None, strategy: str | None = None, metric: str | None = None
    ) -> list[Performance]:
        """Windows of a version or a strategy, oldest first."""
        with self.database.read() as connection:
            return performance.history(connection, model_id=model_id, strategy=strategy, metric=metric)

    # Audit

    def audit_entries(self) -> Iterator[ledger.Entry]:
        """The audit ledger, oldest first."""
        with self.database.read() as connection:
            yield from ledger.entries(connection)

    def audit_head(self) -> Head:
        """The end of the ledger; keep it elsewhere as a witness."""
        with self.database.read() as connection:
            return ledger.head(connection)

    def verify_audit(self, witness: Head | None = None) -> int | None:
        """The first broken sequence number of the ledger, or None when it is whole."""
        return ledger.verify(self.database, witness)

    def _change(self, actor: str) -> AbstractContextManager[Change]:
        return ledger.changing(self.database, self.clock, actor)


def _reaches(metrics: Mapping[str, Any], minimum: Mapping[str, float]) -> bool:
    return all(isinstance(found := metrics.get(name), int | float) and found >= low for name, low in minimum.items())
