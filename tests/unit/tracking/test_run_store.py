from __future__ import annotations

from datetime import timedelta

import pytest
from fakes.runs import start_run

from trimtab.clock import SimulatedClock
from trimtab.errors import ConfigurationError, NotFoundError, StorageError
from trimtab.storage.lake import Lake
from trimtab.tracking.run_store import RunStore


def test_runs_are_listed_newest_first_and_by_strategy(lake: Lake, clock: SimulatedClock) -> None:
    names = []
    for strategy in ("a", "b", "a"):
        with start_run(lake, strategy=strategy) as run:
            names.append(run.id)
        clock.advance(timedelta(seconds=1))
    store = RunStore.of(lake)
    assert [record.id for record in store.list()] == names[::-1]
    assert [record.id for record in store.list("a")] == [names[2], names[0]]


def test_a_run_is_found_by_its_id_its_beginning_its_last_digits_and_as_the_latest(
    lake: Lake, clock: SimulatedClock
) -> None:
    with start_run(lake) as old:
        pass
    clock.advance(timedelta(days=40))
    with start_run(lake) as new:
        pass
    store = RunStore.of(lake)
    for given, wanted in ((old.id, old), (old.id[:6], old), (new.id[-8:], new), (new.id[-8:-3], new), ("latest", new)):
        assert store.find(given).id == wanted.id
    with pytest.raises(ConfigurationError, match=f"'2024' fits 2 runs .*{old.id}.*give more of the id"):
        store.find("2024")
    for absent in ("2025", "", "zzzz"):
        with pytest.raises(NotFoundError, match="among the 2 recorded"):
            store.find(absent)


def test_without_any_run_there_is_no_latest(lake: Lake) -> None:
    assert RunStore.of(lake).list() == []
    with pytest.raises(NotFoundError, match="there is no run 'latest'"):
        RunStore.of(lake).find("latest")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 2}', '{"format": 1, "id": "x"}'])
def test_a_record_that_cannot_be_read_names_its_file(lake: Lake, text: str) -> None:
    with start_run(lake) as run:
        pass
    path = lake.root / "runs" / run.id / "run.json"
    path.write_text(text)
    with pytest.raises(StorageError, match=r"run\.json is no readable record of a run"):
        RunStore.of(lake).read(run.id)


def test_a_removed_run_is_gone_and_its_files_in_the_artifact_store_are_not(lake: Lake) -> None:
    with start_run(lake) as run:
        run.artifact("model", b"weights")
    store = RunStore.of(lake)
    digest = store.read(run.id).artifacts["model"].sha256
    store.remove(run.id)
    assert store.ids() == []
    assert lake.artifacts.get(digest) == b"weights"
