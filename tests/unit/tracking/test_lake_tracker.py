from __future__ import annotations

import json
import math
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from fakes.runs import start_run, writing_process

from trimtab.clock import SimulatedClock
from trimtab.storage.hashing import sha256_bytes
from trimtab.storage.lake import Lake
from trimtab.tracking.lake_tracker import LakeTracker
from trimtab.tracking.protocol import RunStart
from trimtab.tracking.run_store import RunStore


def test_a_finished_run_is_read_back_as_it_was_told(lake: Lake, clock: SimulatedClock) -> None:
    begun = clock.now()
    with start_run(lake, dataset="d" * 64, parameters={"depth": 3}, tags={"recipe": "r"}) as run:
        run.parameters({"width": [4, 8]})
        run.metrics({"train_loss": 0.7}, step=1, total=2)
        run.metrics({"train_loss": 0.6}, step=2, total=2)
        run.metrics({"accuracy": 0.5, "p_value": math.nan})
        run.artifact("model/weights", b"weights")
        run.figure("Learning curve", b"png")
        clock.advance(timedelta(minutes=5))
    store = RunStore.of(lake)
    found = store.read(run.id)
    assert (found.status, found.started, found.finished) == ("finished", begun, begun + timedelta(minutes=5))
    assert (found.parameters, found.tags, found.dataset) == ({"depth": 3, "width": [4, 8]}, {"recipe": "r"}, "d" * 64)
    assert found.metrics["accuracy"] == 0.5
    assert math.isnan(found.metrics["p_value"])
    assert store.series(run.id) == {"train_loss": {1: 0.7, 2: 0.6}}
    assert found.artifacts["model/weights"].sha256 == sha256_bytes(b"weights")
    assert lake.artifacts.get(found.artifacts["figures/learning_curve.png"].sha256) == b"png"
    assert found.resources["wall_seconds"] > 0
    assert found.resources["peak_rss_mb"] > 10
    assert found.environment["libraries"]["numpy"]


def test_an_error_makes_the_run_failed_and_goes_on(lake: Lake) -> None:
    with pytest.raises(ValueError, match="too few"), start_run(lake) as run:
        raise ValueError("too few samples")
    found = RunStore.of(lake).read(run.id)
    assert (found.status, found.error) == ("failed", "ValueError: too few samples")


def test_ctrl_c_makes_the_run_interrupted(lake: Lake) -> None:
    with pytest.raises(KeyboardInterrupt), start_run(lake) as run:
        raise KeyboardInterrupt
    assert RunStore.of(lake).read(run.id).status == "interrupted"


def test_what_is_told_after_the_end_is_ignored(lake: Lake) -> None:
    with start_run(lake) as run:
        run.metrics({"accuracy": 0.5})
    before = {path.name: path.read_bytes() for path in (lake.root / "runs" / run.id).iterdir()}
    run.metrics({"accuracy": 0.9})
    run.parameters({"depth": 9})
    run.finish("failed")
    assert {path.name: path.read_bytes() for path in (lake.root / "runs" / run.id).iterdir()} == before


def test_runs_that_begin_alike_at_one_moment_have_different_ids_and_the_same_ones_next_time(
    lake: Lake, clock: SimulatedClock
) -> None:
    first, second = start_run(lake), start_run(lake)
    assert first.id != second.id
    ids = [first.id, second.id]
    for run in (first, second):
        run.finish()
        RunStore.of(lake).remove(run.id)
    again = [start_run(lake), start_run(lake)]
    assert [run.id for run in again] == ids
    for run in again:
        run.finish()
    clock.advance(timedelta(milliseconds=1))
    later = start_run(lake)
    later.finish()
    assert later.id > max(ids)


def test_a_run_is_running_while_its_process_lives_and_says_how_far_it_is(lake: Lake) -> None:
    store = RunStore.of(lake)
    with start_run(lake) as run:
        run.metrics({}, step=3, total=10)
        assert store.read(run.id).status == "running"
        assert store.progress(run.id) == (3, 10)
    assert store.read(run.id).status == "finished"


def test_a_killed_run_keeps_what_it_had_told_and_is_interrupted(lake: Lake) -> None:
    process = writing_process(lake.root, "killed", 50)
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    assert process.stdout.readline() == "told\n"
    store = RunStore.of(lake)
    assert store.read(name).status == "running"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    found = store.read(name)
    assert (found.status, found.parameters, found.metrics) == ("interrupted", {"depth": 3}, {"accuracy": 0.5})
    assert len(store.series(name)["train_loss"]) == 50
    assert found.finished is not None  # the last it was heard of


def test_a_last_line_that_was_cut_costs_nothing_but_itself(lake: Lake) -> None:
    with start_run(lake) as run:
        run.metrics({"train_loss": 0.7}, step=1)
        run.metrics({"train_loss": 0.6}, step=2)
    path = lake.root / "runs" / run.id / "metrics.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert RunStore.of(lake).series(run.id) == {"train_loss": {1: 0.7}}


def test_two_processes_writing_at_once_keep_both_runs_whole(lake: Lake) -> None:
    processes = [writing_process(lake.root, name, 300) for name in ("one", "two")]
    said = [process.communicate("go\n")[0].split() for process in processes]
    store = RunStore.of(lake)
    for (name, _), strategy in zip(said, ("one", "two"), strict=True):
        found = store.read(name)
        assert (found.status, found.strategy) == ("finished", strategy)
        series = store.series(name)
        assert series["train_loss"] == {step: 1 / step for step in range(1, 301)}
        assert series["validation_loss"] == {step: 2 / step for step in range(1, 301)}
        assert lake.artifacts.get(found.artifacts["who"].sha256) == strategy.encode()


def test_threads_may_tell_one_run_at_once(lake: Lake) -> None:
    with start_run(lake) as run, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda step: run.metrics({"train_loss": step / 2}, step=step), range(1, 201)))
        list(pool.map(lambda number: run.parameters({f"p{number}": number}), range(20)))
    store = RunStore.of(lake)
    assert store.series(run.id)["train_loss"] == {step: step / 2 for step in range(1, 201)}
    assert store.read(run.id).parameters == {f"p{number}": number for number in range(20)}


def test_the_record_is_plain_json_without_numbers_json_does_not_have(lake: Lake) -> None:
    with LakeTracker(lake).start(RunStart("kind", "demo", 7, 1)) as run:
        run.metrics({"a": math.inf, "b": math.nan, "c": None})
        run.metrics({"a": math.nan}, step=1)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    folder = lake.root / "runs" / run.id
    assert json.loads((folder / "run.json").read_text(), parse_constant=refuse)["metrics"] == dict.fromkeys("abc")
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        assert json.loads(line, parse_constant=refuse)["value"] is None
