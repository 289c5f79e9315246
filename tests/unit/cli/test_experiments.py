from __future__ import annotations

import pytest
from fakes.command_line import trimtab
from fakes.runs import start_run

from trimtab.cli.experiments.ui import server_command
from trimtab.storage.lake import Lake


@pytest.fixture(autouse=True)
def here(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(lake.root))


def test_without_a_run_it_is_said_what_makes_one() -> None:
    assert trimtab("experiments", "list").out == "No run is recorded yet; say: trimtab run\n"
    assert trimtab("experiments", "list", "--json").document == {"runs": []}


def test_the_best_of_two_runs_is_marked_where_they_read_the_same_dataset(lake: Lake) -> None:
    ids = []
    for seed, accuracy, dataset in ((1, 0.6, "d"), (2, 0.5, "d"), (3, 0.9, "e")):
        with start_run(lake, seed=seed, dataset=dataset * 64, parameters={"depth": seed}) as run:
            run.metrics({"accuracy": accuracy, "samples": 100})
        ids.append(run.id)
    same = trimtab("experiments", "compare", *ids[:2]).out
    assert "All read the same dataset." in same
    assert [line.split() for line in same.splitlines() if line.startswith(" accuracy")] == [
        ["accuracy", "0.6", "*", "0.5"]
    ]
    assert [line.split() for line in same.splitlines() if line.startswith(" depth")] == [["depth", "1", "2"]]
    different = trimtab("experiments", "compare", *ids[1:]).out
    assert "numbers measured on different rows do not compare" in different
    assert "*" not in different


def test_a_run_at_work_says_how_far_it_is(lake: Lake) -> None:
    with start_run(lake) as run:
        run.metrics({}, step=4, total=9)
        said = trimtab("experiments", "list").out
        assert "running," in said and "4 of 9" in said  # a narrow terminal puts them below each other


def test_the_interface_listens_to_this_machine_only() -> None:
    command = server_command("sqlite:////lake/mlflow.db", 5001)
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--backend-store-uri") + 1] == "sqlite:////lake/mlflow.db"
