from __future__ import annotations

import socket

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


def test_a_mean_of_folds_says_so_beside_the_value_over_all_forecasts(lake: Lake) -> None:
    ids = []
    for accuracy in (0.61, 0.51):
        values = {"pooled/accuracy": 0.6, "accuracy": accuracy, "pooled/recall": 0.7, "recall": 0.7}
        with start_run(lake, kind="walk_forward_report", dataset="d" * 64) as run:
            run.metrics(values)
        ids.append(run.id)
    said = trimtab("experiments", "compare", *ids).out
    assert " accuracy (mean of folds)" in said
    assert " pooled/recall" in said
    assert "\n recall" not in said  # it would only repeat the pooled one


def test_fingerprints_that_differ_are_shown_as_long_as_a_person_reads_them(lake: Lake) -> None:
    ids = []
    for letter in "ab":
        with start_run(lake, code=letter * 64) as run:
            pass
        ids.append(run.id)
    said = trimtab("experiments", "compare", *ids).out
    assert [line.split() for line in said.splitlines() if line.startswith(" code")] == [["code", "a" * 12, "b" * 12]]


def test_the_runs_of_a_strategy_that_never_was_are_refused(lake: Lake) -> None:
    assert "unknown strategy 'nope'" in trimtab("experiments", "list", "--strategy", "nope").sentence
    with start_run(lake, strategy="gone"):
        pass
    assert trimtab("experiments", "list", "--strategy", "gone").code == 0


@pytest.mark.slow  # imports MLflow's part of the package
def test_copying_to_a_server_that_is_not_there_is_refused_at_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow", reason="needs mlflow")
    with start_run(lake):
        pass
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TRIMTAB_MLFLOW_URI", f"http://127.0.0.1:{taken.getsockname()[1]}")
        answer = trimtab("experiments", "mirror")
    assert answer.code == 1
    assert "no MLflow server answers at http://127.0.0.1:" in answer.sentence


def test_a_run_at_work_says_how_far_it_is(lake: Lake) -> None:
    with start_run(lake) as run:
        run.metrics({}, step=4, total=9)
        said = trimtab("experiments", "list").out
        assert "running," in said and "4 of 9" in said  # a narrow terminal puts them below each other


def test_the_interface_listens_to_this_machine_only() -> None:
    command = server_command("sqlite:////lake/mlflow.db", 5001)
    assert command[command.index("--host") + 1] == "127.0.0.1"
    assert command[command.index("--backend-store-uri") + 1] == "sqlite:////lake/mlflow.db"
