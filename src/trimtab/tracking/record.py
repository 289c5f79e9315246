"""`RunRecord`: one run as `run.json` holds it, and the lines of `metrics.jsonl`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from trimtab.errors import StorageError
from trimtab.tracking.protocol import Status

FORMAT = 1


@dataclass(frozen=True)
class RunFile:
    """A file of a run: its SHA-256 in the artifact store, and its size."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes
    ----------
    id: sorts by the time the run began.
    kind, strategy, seed, dataset, code, parameters, tags: as in `RunStart`.
    status: "running" until it ends; "interrupted" when its process has gone without ending it.
    started, finished: from the lake's clock, UTC.
    environment: python, platform, libraries and git commit, see `environment`.
    metrics: of the run as a whole; NaN where a value is not defined.
    resources: seconds and megabytes, see `resources`.
    artifacts: files by name.
    error: the sentence it failed with.
    """

    id: str
    kind: str
    strategy: str
    status: Status
    started: datetime
    seed: int
    finished: datetime | None = None
    dataset: str | None = None
    code: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    resources: dict[str, float] = field(default_factory=dict)
    artifacts: dict[str, RunFile] = field(default_factory=dict)
    error: str | None = None

    @property
    def is_over(self) -> bool:
        return self.status != "running"

    def to_json(self) -> str:
        """The text of `run.json`: unknown numbers are null, times ISO 8601 in UTC."""
        document = {"format": FORMAT, **asdict(self), "started": in_utc(self.started)}
        document["finished"] = in_utc(self.finished) if self.finished else None
        document["metrics"] = {name: finite(value) for name, value in self.metrics.items()}
        return json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> RunRecord:
        """Read `run.json`; `StorageError` naming the file when it is no record."""
        try:
            document = json.loads(text)
            if document.pop("format") != FORMAT:
                raise ValueError(f"its format is not {FORMAT}")
            return cls(
                **document
                | {
                    "started": datetime.fromisoformat(document["started"]),
                    "finished": datetime.fromisoformat(document["finished"]) if document["finished"] else None,
                    "metrics": {name: known(value) for name, value in document["metrics"].items()},
                    "artifacts": {name: RunFile(**file) for name, file in document["artifacts"].items()},
                }
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(
                f"{where} is no readable record of a run ({error}); restore it from a copy, or remove its folder"
            ) from error

    def with_file(self, name: str, file: RunFile) -> RunRecord:
        """The record with one file more."""
        return replace(self, artifacts={**self.artifacts, name: file})


@dataclass(frozen=True)
class MetricPoint:
    """One line of `metrics.jsonl`.

    Attributes
    ----------
    name: of the metric; None for a step that told no value.
    step: from 1; None for a value of the whole run.
    total: steps there will be, where that is known.
    """

    name: str | None
    step: int | None
    value: float
    time: datetime
    total: int | None = None


def metric_lines(
    values: Mapping[str, float | None], step: int | None, total: int | None, time: datetime
) -> Iterator[str]:
    """The lines for the metrics of one moment.

    >>> list(metric_lines({"loss": 0.5}, 3, None, datetime(2024, 1, 2, tzinfo=UTC)))
    ['{"name":"loss","step":3,"value":0.5,"time":"2024-01-02T00:00:00Z"}\\n']
    """
    moment: dict[str, Any] = {"time": in_utc(time)} | ({"total": total} if total is not None else {})
    for name, value in values.items() or [(None, None)]:
        yield json.dumps({"name": name, "step": step, "value": finite(value), **moment}, separators=(",", ":")) + "\n"


def read_points(lines: Iterable[str]) -> Iterator[MetricPoint]:
    """The points of `metrics.jsonl`; a last line that was cut by a crash is left out."""
    for line in lines:
        try:
            point = json.loads(line)
            yield MetricPoint(
                point["name"],
                point["step"],
                known(point["value"]),
                datetime.fromisoformat(point["time"]),
                point.get("total"),
            )
        except (ValueError, KeyError, TypeError):
            continue


def finite(value: float | None) -> float | None:
    """The number as JSON can hold it: unknown and infinite ones are None."""
    return float(value) if value is not None and math.isfinite(value) else None


def known(value: float | None) -> float:
    """The number back from JSON: None is NaN."""
    return math.nan if value is None else float(value)


def in_utc(time: datetime) -> str:
    """ISO 8601 in UTC, with a Z."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
