"""Copying finished runs into MLflow, for those who like its interface. The lake stays the record.

Only MLflow's tracking is used: not its registry, and nothing that pickles. A run is known by the tag
`trimtab.run_id` and marked complete with its last call, so mirroring may be repeated and may be killed. MLflow
would send usage data to its makers: that is turned off before it is imported.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from trimtab.errors import MissingExtraError
from trimtab.storage.artifacts import ArtifactStore
from trimtab.storage.atomic import write_text
from trimtab.storage.hashing import canonical_json
from trimtab.storage.locks import exclusive
from trimtab.tracking.mlflow_server import PATIENCE, require_answer
from trimtab.tracking.parameters import flat_parameters
from trimtab.tracking.record import RunRecord
from trimtab.tracking.run_store import RunStore

RUN_ID, COMPLETE = "trimtab.run_id", "trimtab.mirrored"
DATABASE, FILES = "mlflow.db", "mlartifacts"
UNUSED = "Default"  # MLflow makes it by itself
NOTE = "mirrored"  # in the folder of a run: where it was copied to
METRICS_PER_CALL, PARAMETERS_PER_CALL = 1000, 100  # what the server takes at once
LONGEST_PARAMETER, LONGEST_TAG = 6000, 5000
STATUS = {"finished": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
MUTED = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",  # no lines about making tables
    "GIT_PYTHON_REFRESH": "quiet",
}


def is_installed() -> bool:
    """Whether MLflow can be imported; asked without importing it (two seconds)."""
    return importlib.util.find_spec("mlflow") is not None


def tracking_uri(root: Path, given: str | None) -> str:
    """Where MLflow keeps its runs: what the settings say, or `mlflow.db` in the lake."""
    return given or f"sqlite:///{root / DATABASE}"


def uncopied(runs: RunStore, root: Path, uri: str | None) -> list[str]:
    """The ids of runs that are not known to be in MLflow, by the notes in their folders: asked without MLflow.

    A run that is still running counts as well. The notes are worth nothing once our own database has gone.
    """
    place = tracking_uri(root, uri)
    if uri is None and not (root / DATABASE).is_file():
        return runs.ids()
    return [name for name in runs.ids() if _noted(runs.root / name) != place]


def mirror(runs: RunStore, artifacts: ArtifactStore, root: Path, uri: str | None = None) -> list[str]:
    """Copy every run that is over and that MLflow does not have yet; return the ids of those copied.

    `root` is the lake, where MLflow's database and files go when `uri` names no other place.

    Raises `MissingExtraError` without MLflow and `StorageError` where no server answers; what goes wrong in
    MLflow itself is raised as it is.
    """
    records = runs.list()
    if not records:
        return []
    with exclusive(root / "locks" / "mlflow_mirror.lock"):
        client, copied = _client(tracking_uri(root, uri)), []
        for strategy, own in _by_strategy([record for record in records if record.is_over]).items():
            experiment = _experiment(client, strategy, None if uri else root / FILES)
            known = _known(client, experiment)
            for record in reversed(own):  # oldest first
                if known.get(record.id) != "complete":
                    if record.id in known:  # a mirroring that was killed half-way
                        client.delete_run(known[record.id])
                    _copy(client, experiment, record, runs, artifacts)
                    copied.append(record.id)
                write_text(runs.root / record.id / NOTE, tracking_uri(root, uri))
        return copied


def experiment_ids(root: Path, uri: str | None = None) -> dict[str, str]:
    """MLflow's own id of the experiment of each strategy, by its name."""
    client = _client(tracking_uri(root, uri))
    return {each.name: str(each.experiment_id) for each in client.search_experiments() if each.name != UNUSED}


def forget(root: Path, uri: str | None, ids: Sequence[str]) -> int:
    """Delete the copies of runs that were cleaned; return how many there were."""
    if not ids or not (uri or (root / DATABASE).is_file()):
        return 0
    with exclusive(root / "locks" / "mlflow_mirror.lock"):
        client, gone = _client(tracking_uri(root, uri)), 0
        for experiment in client.search_experiments():
            for run in _runs(client, experiment.experiment_id):
                if run.data.tags.get(RUN_ID) in ids:
                    client.delete_run(run.info.run_id)
                    gone += 1
        return gone


def _noted(folder: Path) -> str | None:
    try:
        return (folder / NOTE).read_text()
    except FileNotFoundError:
        return None


def _client(uri: str) -> Any:
    if not is_installed():
        raise MissingExtraError("tracking", "mlflow")
    require_answer(uri)
    os.environ.update(MUTED)  # read when MLflow is imported
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=uri)


def _by_strategy(records: Sequence[RunRecord]) -> dict[str, list[RunRecord]]:
    found: dict[str, list[RunRecord]] = {}
    for record in records:
        found.setdefault(record.strategy, []).append(record)
    return found


def _experiment(client: Any, strategy: str, files: Path | None) -> str:
    found = client.get_experiment_by_name(strategy)
    if found is not None:
        return str(found.experiment_id)
    place = None if files is None else (files / strategy).as_uri()
    # What kind of experiment it is; the pages of MLflow 3.17 follow the browser's own choice instead.
    tags = {"mlflow.experimentKind": "custom_model_development"}
    return str(client.create_experiment(strategy, artifact_location=place, tags=tags))


def _known(client: Any, experiment: str) -> dict[str, str]:
    """For every run of ours in an experiment "complete", or MLflow's own id where copying was cut short."""
    ours = [run for run in _runs(client, experiment) if RUN_ID in run.data.tags]
    return {run.data.tags[RUN_ID]: "complete" if COMPLETE in run.data.tags else run.info.run_id for run in ours}


def _runs(client: Any, experiment: str) -> Iterator[Any]:
    token = None
    while True:
        page = client.search_runs([experiment], max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _copy(client: Any, experiment: str, record: RunRecord, runs: RunStore, artifacts: ArtifactStore) -> None:
    made = client.create_run(experiment, start_time=_ms(record.started), run_name=_title(record), tags=_tags(record))
    name = made.info.run_id
    for parameters in _batches(_parameters(record), PARAMETERS_PER_CALL):
        client.log_batch(name, params=parameters)
    for metrics in _batches(_metrics(record, runs), METRICS_PER_CALL):
        client.log_batch(name, metrics=metrics)
    _name_dataset(client, name, record)
    with tempfile.TemporaryDirectory(prefix="trimtab-mirror-") as folder:
        _write_files(Path(folder), record, artifacts)
        client.log_artifacts(name, folder)
    client.set_terminated(name, STATUS[record.status], end_time=_ms(record.finished or record.started))
    client.set_tag(name, COMPLETE, "yes")


def _title(record: RunRecord) -> str:
    version = record.tags.get("version")
    return f"{record.kind} {version}" if version else f"{record.kind} {record.id[-8:]}"


def _tags(record: RunRecord) -> dict[str, str]:
    files = {name: file.sha256 for name, file in record.artifacts.items()}
    found = {
        RUN_ID: record.id,
        "kind": record.kind,
        "dataset": record.dataset,
        "code": record.code,
        "artifacts_sha256": canonical_json(files),
        "mlflow.source.name": f"trimtab {record.kind}",
        "mlflow.source.git.commit": record.environment.get("git_commit"),
        "mlflow.note.content": record.error,
        **record.tags,
    }
    return {name: str(value)[:LONGEST_TAG] for name, value in found.items() if value is not None}


def _parameters(record: RunRecord) -> list[Any]:
    from mlflow.entities import Param

    given = {**flat_parameters(record.parameters), "seed": record.seed}
    texts = {name: value if isinstance(value, str) else canonical_json(value) for name, value in given.items()}
    return [Param(_allowed(name), text[:LONGEST_PARAMETER]) for name, text in texts.items()]


def _metrics(record: RunRecord, runs: RunStore) -> list[Any]:
    """The metrics by step, those of the run as a whole, and its resources where MLflow shows system metrics."""
    from mlflow.entities import Metric

    end = _ms(record.finished or record.started)
    told = [point for point in runs.points(record.id) if point.name is not None and point.step is not None]
    found = [
        Metric(_allowed(str(p.name)), p.value, _ms(p.time), int(p.step or 0)) for p in told if math.isfinite(p.value)
    ]
    stepped = {metric.key for metric in found}
    for name, value in record.metrics.items():
        if math.isfinite(value):  # unknown is left out
            key = _allowed(name)
            found.append(Metric(f"{key}_of_run" if key in stepped else key, value, end, 0))
    return [*found, *(Metric(f"system/{name}", value, end, 0) for name, value in record.resources.items())]


def _name_dataset(client: Any, name: str, record: RunRecord) -> None:
    if record.dataset is None:
        return
    from mlflow.entities import Dataset, DatasetInput

    digest = record.dataset[:36]  # the most it takes; the whole fingerprint is a tag
    dataset = Dataset(name=record.strategy, digest=digest, source_type="trimtab", source=json.dumps(record.dataset))
    client.log_inputs(name, [DatasetInput(dataset)])


def _write_files(folder: Path, record: RunRecord, artifacts: ArtifactStore) -> None:
    (folder / "environment.json").write_text(json.dumps(record.environment, indent=1))
    for name, file in record.artifacts.items():
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()) and artifacts.has(file.sha256):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(artifacts.get(file.sha256))


def _allowed(name: str) -> str:
    """The name with what MLflow refuses replaced by an underscore."""
    return "".join(c if c.isalnum() or c in "_-. /" else "_" for c in name)


def _batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
