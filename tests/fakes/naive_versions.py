"""The bitemporal stores written the slow and obvious way: a list of versions, searched from the front."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Version(Generic[K, V]):
    """One version: of what, which value, known from when, received when."""

    key: K
    value: V
    known: datetime
    received: datetime


@dataclass
class NaiveVersions(Generic[K, V]):
    """Versions in the order they were stored."""

    versions: list[Version[K, V]] = field(default_factory=list)

    def of(self, key: K) -> list[Version[K, V]]:
        return [version for version in self.versions if version.key == key]

    def append(self, key: K, value: V, received: datetime, first_known: datetime) -> None:
        mine = self.of(key)
        if not mine:
            self.versions.append(Version(key, value, first_known, received))
        elif mine[-1].value != value:
            self.versions.append(Version(key, value, max(received, mine[-1].known + TICK), received))

    def as_known_at(self, time: datetime) -> dict[K, V]:
        return {version.key: version.value for version in self.versions if version.known <= time}

    def as_received_at(self, time: datetime) -> dict[K, V]:
        return {version.key: version.value for version in self.versions if version.received <= time}
