"""`Workspace`: settings, lake and strategies of one installation, opened once and passed in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from trimtab.clock import Clock
from trimtab.config.settings import Settings
from trimtab.config.strategy import Strategy, Universe, load_strategies
from trimtab.errors import ConfigurationError, UnknownNameError
from trimtab.market import Series
from trimtab.storage.lake import Lake, open_lake
from trimtab.storage.manifests import ManifestStore

if TYPE_CHECKING:
    from trimtab.bars.quarantine import Quarantine
    from trimtab.bars.store import BarStore
    from trimtab.facts.store import FactStore
    from trimtab.registry.repository import Registry
    from trimtab.retraining.ledger import RetrainingLedger


@dataclass(frozen=True)
class Workspace:
    """Everything a stage may use.

    Attributes
    ----------
    settings: where things are.
    lake: the stores and the clock.
    strategies: the strategy files by name, sorted.
    """

    settings: Settings
    lake: Lake
    strategies: dict[str, Strategy]

    @classmethod
    def open(cls, settings: Settings, clock: Clock | None = None) -> Workspace:
        """Read the strategy files and open the lake; writes nothing."""
        strategies = load_strategies(settings.strategies_dir)
        return cls(settings, open_lake(settings, clock), dict(sorted(strategies.items())))

    def strategy(self, name: str) -> Strategy:
        """The strategy of a name, or an error listing the names there are."""
        try:
            return self.strategies[name]
        except KeyError:
            raise UnknownNameError("strategy", name, self.strategies, f"{self.settings.strategies_dir}: ") from None

    @cached_property
    def universes(self) -> dict[str, Universe]:
        """For every series key any strategy needs, the universe that says where it comes from."""
        found: dict[str, Universe] = {}
        for strategy in self.strategies.values():
            for series in strategy.universe.all_series:
                other = found.setdefault(series.key, strategy.universe)
                if other.origin != strategy.universe.origin:
                    raise ConfigurationError(
                        f"series {series.key} comes from source '{other.source}' in one strategy and from "
                        f"'{strategy.universe.source}' in '{strategy.name}', or with another path, query, exchange, "
                        "start, calendar or resample_from; one series has one source"
                    )
        return dict(sorted(found.items()))

    @property
    def series(self) -> dict[str, Series]:
        """Every series any strategy needs, by key, sorted."""
        return {key: Series.parse(key) for key in self.universes}

    @property
    def manifests(self) -> ManifestStore:
        return ManifestStore(self.lake.root / "manifests")

    @cached_property
    def bars(self) -> BarStore:
        """The bitemporal bar store."""
        from trimtab.bars.store import BarStore

        return BarStore(self.lake)

    @cached_property
    def facts(self) -> FactStore:
        """Every version of the figures and texts about the instruments."""
        from trimtab.facts.store import FactStore

        return FactStore(self.lake)

    @cached_property
    def quarantine(self) -> Quarantine:
        """The bars that were refused, with their reasons."""
        from trimtab.bars.quarantine import Quarantine

        return Quarantine(self.lake)

    @cached_property
    def registry(self) -> Registry:
        """The registry, its schema brought up to date."""
        from trimtab.registry.migrate import upgrade
        from trimtab.registry.repository import Registry

        upgrade(self.lake.database)
        return Registry(self.lake.database, self.lake.clock)

    @cached_property
    def retraining(self) -> RetrainingLedger:
        """The ledger of retraining jobs."""
        from trimtab.retraining.ledger import RetrainingLedger

        _ = self.registry  # brings the schema up to date
        return RetrainingLedger(self.lake.database, self.lake.clock)

    def report_folder(self, stage: str, key: str) -> Path:
        """Where a stage leaves plots and full results."""
        return self.lake.root / "reports" / stage / key
