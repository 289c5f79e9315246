"""A lake that is damaged, locked or full: never a wrong number, never a crash, one sentence."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from fakes.command_line import trimtab, trimtab_process
from fakes.strategies import NAME, open_world, run_environment, run_market_data, run_strategy, write_world

from trimtab.errors import ArtifactError, IntegrityError, LockedError, NotFoundError
from trimtab.models.artifacts import load_model, read_manifest
from trimtab.pipeline.models import candidate_version, train_candidate
from trimtab.pipeline.workspace import Workspace
from trimtab.storage.hashing import canonical_json

pytestmark = pytest.mark.slow  # one small lake from bars to decision: about ten seconds

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


class Trap:
    """A pickle of this makes a file when somebody loads it."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a lake in which one small strategy has gone from bars to decision."""
    folder = tmp_path_factory.mktemp("broken")
    model = {"algorithm": "lightgbm", "members": {}}
    strategies = write_world(folder, model=model, tuning={"n_trials": 1, "n_folds": 2})
    workspace = open_world(folder / "lake", strategies)
    run_market_data(workspace)
    run_strategy(workspace)
    workspace.lake.database.dispose()
    return folder


@pytest.fixture
def world(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A copy of it, to be broken."""
    lake = Path(shutil.copytree(finished / "lake", tmp_path / "lake"))
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(lake))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(finished / "strategies"))
    monkeypatch.setenv("TRIMTAB_DATABASE_TIMEOUT_SECONDS", "0.2")
    monkeypatch.chdir(tmp_path)
    return open_world(lake, finished / "strategies", database_timeout_seconds=0.2)


def model_blob(workspace: Workspace) -> Path:
    """The file of the model's trees."""
    version = candidate_version(workspace, NAME)
    assert version
    artifacts = workspace.lake.artifacts
    (name,) = [name for name in read_manifest(artifacts, version.manifest_digest)["files"] if name.endswith(".txt")]
    return artifacts.path(read_manifest(artifacts, version.manifest_digest)["files"][name]["sha256"])


def load(workspace: Workspace) -> None:
    version = candidate_version(workspace, NAME)
    assert version
    load_model(workspace.lake.artifacts, version.manifest_digest)


def flip_three_bytes(path: Path) -> bytes:
    """Damage a file in its middle; returns what it was."""
    before = path.read_bytes()
    damaged, middle = bytearray(before), len(before) // 2
    for position in range(middle, middle + 3):
        damaged[position] ^= 0xFF
    path.write_bytes(bytes(damaged))
    return before


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Another process that holds the database for itself."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdin
        assert process.stdout.readline() == "held\n"
        yield
        process.stdin.close()


def test_three_flipped_bytes_are_refused_before_a_parser_sees_them(world: Workspace) -> None:
    flip_three_bytes(model_blob(world))
    with pytest.raises(IntegrityError, match=r"is damaged: its SHA-256 is .* registered was .* train again"):
        load(world)


def test_the_next_run_notices_a_damaged_model_and_makes_the_same_one_again(world: Workspace) -> None:
    assert train_candidate(world, NAME).skipped
    blob = model_blob(world)
    before = flip_three_bytes(blob)
    again = train_candidate(world, NAME)
    assert not again.skipped
    assert blob.read_bytes() == before
    assert [model.version for model in world.registry.list_models(NAME)] == ["1.0.0"]
    load(world)


def test_a_model_that_is_gone_is_named_and_made_again(world: Workspace) -> None:
    blob = model_blob(world)
    before = blob.read_bytes()
    blob.unlink()
    with pytest.raises(NotFoundError, match="is not in"):
        load(world)
    assert not train_candidate(world, NAME).skipped
    assert blob.read_bytes() == before


def test_a_pickle_in_place_of_an_artifact_is_never_opened(world: Workspace, tmp_path: Path) -> None:
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    model_blob(world).write_bytes(trap)
    with pytest.raises(IntegrityError, match="is damaged"):
        load(world)
    assert not (tmp_path / "sprung").exists()


def test_a_pickle_that_is_registered_with_its_own_hash_is_never_opened(world: Workspace, tmp_path: Path) -> None:
    artifacts, version = world.lake.artifacts, candidate_version(world, NAME)
    assert version
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    manifest = read_manifest(artifacts, version.manifest_digest)
    (name,) = [name for name in manifest["files"] if name.endswith(".txt")]
    manifest["files"][name] = {"sha256": artifacts.put(trap), "size_bytes": len(trap)}
    with pytest.raises(ArtifactError, match="is a pickle: a program, not data, so it is never opened"):
        load_model(artifacts, artifacts.put(canonical_json(manifest).encode()))
    assert not (tmp_path / "sprung").exists()


def test_a_locked_database_is_waited_for_and_then_named(world: Workspace) -> None:
    assert world.lake.database.busy_timeout_seconds == 0.2  # as the settings say
    model_blob(world).unlink()  # something to do, or the stage would be recognised as done
    with held(world.lake.root / "trimtab.db"):
        # Readers go on: the database keeps its journal aside.
        assert trimtab("models", "list", "--json").document["models"][0]["version"] == "1.0.0"
        with pytest.raises(LockedError, match="is locked by another process; wait for it to finish or stop it"):
            train_candidate(world, NAME)
    train_candidate(world, NAME)
    load(world)
    assert [model.version for model in world.registry.list_models(NAME)] == ["1.0.0"]


def test_a_database_that_is_locked_before_its_first_use_is_one_sentence(
    world: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "new"))
    (tmp_path / "new").mkdir()
    with held(tmp_path / "new" / "trimtab.db"):
        answer = trimtab("status")
    assert (answer.code, answer.out) == (1, "")
    assert (
        "trimtab.db is locked by another process; wait for it to finish or stop it, then run again" in answer.sentence
    )


def test_a_database_that_is_none_is_one_sentence(world: Workspace) -> None:
    (world.lake.root / "trimtab.db").write_bytes(b"this is no database at all" * 100)
    for name in ("trimtab.db-wal", "trimtab.db-shm"):
        (world.lake.root / name).unlink(missing_ok=True)
    answer = trimtab("models", "list")
    assert answer.code == 1
    assert "is not a usable database" in answer.sentence and "restore it from a backup" in answer.sentence


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 KiB, where the machine lets us have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=160k", "trimtab-test", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let the test mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def whole_tables(folder: Path) -> list[str]:
    """The stored tables, after making sure that every one can be read and no temporary file is left."""
    assert list(folder.rglob(".*.tmp")) == []
    found = sorted(folder.rglob("*.parquet"))
    for path in found:
        pq.read_table(path)
    return [path.name for path in found]


def ingested(bars: Path, environment: dict[str, str]) -> Any:
    """What a lake lists after a file was ingested."""
    assert trimtab_process("bars", "ingest", bars, environment=environment).code == 0
    return trimtab_process("bars", "list", "--json", environment=environment).document


def test_a_full_disk_stops_with_one_sentence_and_leaves_no_part(finished: Path, small_disk: Path) -> None:
    environment = run_environment(small_disk / "lake", finished / "strategies")
    bars = finished / "bars.parquet"
    (small_disk / "ballast").write_bytes(bytes(100_000))
    for command in (
        ("features", "compute", bars, "--set", "all", "--out", small_disk / "out.parquet"),
        ("bars", "ingest", bars),
    ):
        answer = trimtab_process(*command, environment=environment)
        assert answer.code == 1, answer
        assert answer.sentence.startswith("the disk is full: ")
        assert answer.sentence.endswith("free some space and run again")
        assert "Traceback" not in answer.err
        kept = whole_tables(small_disk)
        assert "out.parquet" not in kept
    (small_disk / "ballast").unlink()
    assert ingested(bars, environment) == ingested(bars, run_environment(finished / "new", finished / "strategies"))


def test_a_database_on_a_full_disk_is_one_sentence(finished: Path, small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(145_000))
    answer = trimtab_process(
        "models", "list", environment=run_environment(small_disk / "lake", finished / "strategies")
    )
    assert answer.code == 1
    assert "free some space and run again" in answer.sentence
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    "command",
    [
        ("bars", "ingest", "BARS"),
        ("features", "compute", "BARS", "--set", "all", "--out", "out.parquet"),
        ("models", "list"),
    ],
    ids=lambda words: words[0],
)
def test_a_write_that_the_system_refuses_is_one_sentence(
    finished: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    environment = run_environment(tmp_path / "lake", finished / "strategies")
    arguments = [str(finished / "bars.parquet") if word == "BARS" else word for word in command]
    limited = ("bash", "-c", 'ulimit -f 8; exec "$@"', "bash")  # no file may grow beyond 8 KiB
    answer = trimtab_process(*arguments, environment=environment, folder=tmp_path, through=limited)
    assert answer.code == 1, answer
    assert "run again" in answer.sentence
    assert "Traceback" not in answer.err
    assert "out.parquet" not in whole_tables(tmp_path)


def test_a_run_on_a_damaged_lake_heals_it(world: Workspace, finished: Path) -> None:
    blob = model_blob(world)
    before = flip_three_bytes(blob)
    environment = run_environment(world.lake.root, finished / "strategies")
    answer = trimtab_process("run", environment=environment)
    assert answer.code == 0, answer.err
    (line,) = [line for line in answer.err.splitlines() if "candidate_model" in line]
    assert "unchanged" not in line
    assert blob.read_bytes() == before
