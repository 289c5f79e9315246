"""Every `--json`: one document on standard output and nothing else, in the shape other programs rely on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.bars import random_walk
from fakes.command_line import trimtab
from fakes.deliveries import deliver, parquet_bytes
from fakes.strategies import NAME, open_world, run_market_data, run_strategy, write_bars, write_world
from fakes.surroundings import figures_between, texts_between
from typer import main as typer_main

from trimtab.cli.app import app

pytestmark = pytest.mark.slow  # one small lake from bars to decision: about ten seconds

BETWEEN = np.datetime64("2014-01-01", "us"), np.datetime64("2016-01-01", "us")
RECEIVED = datetime(2020, 1, 1, tzinfo=UTC)
# A time of day after a date: it must be ISO 8601 in UTC.
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

MATRIX = [
    *("--instrument", "SIMREGIME", "--timeframe", "1d", "--feature", "doji"),
    *("--at", "2016-02-03T00:00Z"),
]
STORED = {
    "status": ["status"],
    "bars list": ["bars", "list"],
    "features list": ["features", "list"],
    "features show": ["features", "show", "rsi_14"],
    "features matrix": ["features", "matrix", *MATRIX],
    "features latest": ["features", "latest", "SIMREGIME__1d", "--feature", "doji"],
    "features validate": ["features", "validate"],
    "facts list": ["facts", "list"],
    "facts show": ["facts", "show", "SIMREGIME"],
    "facts forget": ["facts", "forget", "SIMREGIME", "--texts", "--yes"],
    "strategies list": ["strategies", "list"],
    "strategies show": ["strategies", "show", NAME],
    "datasets list": ["datasets", "list"],
    "datasets show": ["datasets", "show", "FINGERPRINT"],
    "datasets rebuild": ["datasets", "rebuild", "FINGERPRINT"],
    "datasets compare": ["datasets", "compare", "FINGERPRINT", "FINGERPRINT"],
    "datasets split": ["datasets", "split", "FINGERPRINT", "--shares", "70/15/15"],
    "models list": ["models", "list", "--strategy", NAME],
    "studies list": ["studies", "list", "--strategy", NAME],
    "studies trials": ["studies", "trials", "--strategy", NAME],
    "models show": ["models", "show", NAME],
    "models compare": ["models", "compare", "latest", "1.0.0", "--strategy", NAME],
    "models report": ["models", "report", NAME],
    "models validate": ["models", "validate", NAME, "--splitter", "purged_k_fold", "--n-folds", "2"],
    "drift show": ["drift", "show", NAME],
    "experiments list": ["experiments", "list", "--strategy", NAME],
    "experiments show": ["experiments", "show", "latest"],
    "experiments compare": ["experiments", "compare", "RUN", "latest"],
    "experiments search": ["experiments", "search", f"strategy = {NAME} and seed = 7"],
    "experiments clean": ["experiments", "clean", "--older-than", "30d"],
}
FROM_FILES = {
    "bars check": ["bars", "check", "BARS"],
    "bars ingest": ["bars", "ingest", "BARS"],
    "features compute": ["features", "compute", "BARS", "--set", "candlesticks", "--out", "OUT"],
    "features certify": ["features", "certify", "CLEAN", "--set", "candlesticks", "--cuts", "1"],
    "features warmup": ["features", "warmup", "--set", "candlesticks"],
    "facts ingest": ["facts", "ingest", "FIGURES", "--format", "figures"],
    "backtest": ["backtest", "--bars", "CLEAN", "--signals", "SIGNALS"],
    "evaluate": ["evaluate", "--returns", "RETURNS", "--periods-per-year", "252"],
}
SPAN = ["--instrument", "SIMREGIME", "--from", "2016-02-01", "--to", "2016-02-05"]
WHO = ["--actor", "ada", "--reason", "looked it up"]
BARS_OF_THE_STORE = {
    "bars show": ["bars", "show", *SPAN],
    "bars resample": ["bars", "resample", "--instrument", "SIMREGIME", "--from", "1d", "--to", "1w"],
    "bars recall": ["bars", "recall", *SPAN],
    "bars actions import": ["bars", "actions", "import", "ACTIONS", *WHO],
    "bars actions list": ["bars", "actions", "list"],
    "bars inbox list": ["bars", "inbox", "list"],
    "bars inbox ingest": ["bars", "inbox", "ingest"],
    "bars quarantine list": ["bars", "quarantine", "list"],
    "bars quarantine show": ["bars", "quarantine", "show", "REFUSED"],
    "bars quarantine release": ["bars", "quarantine", "release", "REFUSED", *WHO],
    "bars quarantine reject": ["bars", "quarantine", "reject", "REFUSED", *WHO],
    "bars quarantine correct": [
        "bars",
        "quarantine",
        "correct",
        *SPAN[:2],
        "--time",
        "2016-02-01",
        "--volume",
        "5",
        *WHO,
    ],
    "bars compact": ["bars", "compact"],
}
COMMANDS = STORED | FROM_FILES | BARS_OF_THE_STORE
# They refuse once another test of this module has corrected a bar; tests/unit/cli/test_features_update.py has the
# first, tests/integration/test_models_forecast.py the second. The candlestick network, which has to be trained, is in
# tests/unit/cli/test_model_patterns.py, one study in tests/unit/cli/test_studies.py.
PATTERNS = {f"models patterns {word}" for word in ("train", "evaluate", "find")}
ELSEWHERE = {"features update", "models forecast", "studies show", *PATTERNS}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake in which one small strategy has gone from bars to decision, and files to work on."""
    folder = tmp_path_factory.mktemp("json")
    model = {"algorithm": "lightgbm", "members": {}}
    strategies = write_world(folder, model=model, tuning={"n_trials": 1, "n_folds": 2})
    workspace = open_world(folder / "lake", strategies)
    run_market_data(workspace)
    run_strategy(workspace)
    write_bars(folder / "clean", instruments=["SIMREGIME"])
    (folder / "returns.csv").write_text("return\n0.01\n-0.02\n0.0\n")
    (folder / "signals.csv").write_text("instrument_id,event_time,position\nSIMREGIME,2016-02-01,1\n")
    (folder / "actions.csv").write_text("instrument,ex_date,kind,value\nSIMREGIME,2016-02-01,dividend,0.01\n")
    (folder / "figures.csv").write_text(
        "symbol,concept,period_end,value,filed\nSIMREGIME,assets,2015-12-31,1000,2016-01-20\n"
    )
    workspace.facts.append_figures(figures_between(*BETWEEN, instrument_id="SIMREGIME"), RECEIVED)
    workspace.facts.append_texts(texts_between(*BETWEEN, instrument_id="SIMREGIME"), RECEIVED)
    deliver(folder / "inbox", "delivered.parquet", parquet_bytes(random_walk(40)))
    deliver(folder / "inbox", "useless.csv", b"date,price\n2020-01-02,1\n")
    return folder


@pytest.fixture(autouse=True)
def here(world: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(world / "lake"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(world / "strategies"))
    monkeypatch.setenv("TRIMTAB_INBOX_DIR", str(world / "inbox"))
    monkeypatch.setenv("TRIMTAB_INBOX_SETTLE_SECONDS", "0")
    return


def document(name: str, world: Path) -> Any:
    """What a command prints with --json, places filled in."""
    places = {
        "BARS": world / "bars.parquet",
        "CLEAN": world / "clean" / "bars.parquet",
        "SIGNALS": world / "signals.csv",
        "RETURNS": world / "returns.csv",
        "OUT": world / "features.parquet",
        "ACTIONS": world / "actions.csv",
        "FIGURES": world / "figures.csv",
    }
    arguments = [str(places.get(each, each)) for each in COMMANDS[name]]
    if "FINGERPRINT" in arguments:
        stored = trimtab("datasets", "list", "--json").document["datasets"]
        arguments = [stored[0]["fingerprint"][:12] if each == "FINGERPRINT" else each for each in arguments]
    arguments = [first_run() if each == "RUN" else each for each in arguments]
    if "REFUSED" in arguments:
        (refused, *_) = trimtab("bars", "quarantine", "list", "--json").document["bars"]
        arguments = [refused["id"] if each == "REFUSED" else each for each in arguments]
    answer = trimtab(*arguments, "--json")
    assert answer.code == 0, answer.err
    return answer.document


def first_run() -> str:
    """The id of the oldest recorded run."""
    return str(trimtab("experiments", "list", "--json").document["runs"][-1]["id"])


def texts(value: Any) -> Iterator[str]:
    """Every text in a document."""
    if isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def reading_commands(command: Any = None, name: str = "") -> Iterator[str]:
    """Every command that has --json, in groups of groups too, as the application itself says."""
    command = command or typer_main.get_command(app)
    for inner, each in getattr(command, "commands", {}).items():
        yield from reading_commands(each, f"{name} {inner}".strip())
    if any("--json" in parameter.opts for parameter in command.params):
        yield name


def test_every_command_with_json_is_tested_here() -> None:
    assert sorted(reading_commands()) == sorted({*COMMANDS, *ELSEWHERE})


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_prints_one_document_with_times_in_utc(name: str, world: Path) -> None:
    found = document(name, world)
    assert isinstance(found, dict) and found
    for text in texts(found):
        assert not TIME.match(text) or UTC_TIME.fullmatch(text), text
        assert text not in ("nan", "NaN", "None", "NaT", "inf"), text


def test_status_has_the_shape_others_rely_on(world: Path) -> None:
    status = document("status", world)
    assert {"strategies", "schedules", "sensors"} <= status.keys()
    (strategy,) = status["strategies"]
    assert {"name", "state", "champion", "candidate", "decision", "drift"} <= strategy.keys()
    assert (strategy["name"], strategy["champion"]) == (NAME, None)
    assert {"version", "fingerprint", "metrics", "verdict"} <= strategy["candidate"].keys()
    assert strategy["candidate"]["version"] == "1.0.0"
    assert 0 < strategy["candidate"]["metrics"]["accuracy"] <= 1
    decision = strategy["decision"]
    assert decision["outcome"] in ("refused", "approval_pending")
    for gate in decision["gates"]:
        assert {"name", "value", "limit", "passed", "reason"} <= gate.keys()
        assert isinstance(gate["passed"], bool) and isinstance(gate["limit"], int | float)
    assert (decision["outcome"] == "refused") == any(not gate["passed"] for gate in decision["gates"])
    assert {"status", "score", "as_of"} <= strategy["drift"].keys()
    assert {each["name"] for each in status["schedules"]} >= {f"retrain_{NAME}"}
    assert status["sensors"]


def test_a_strategy_that_never_ran_is_a_draft_with_nulls(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "lake"))
    (strategy,) = document("status", world)["strategies"]
    assert strategy["state"] == "draft"
    assert [strategy[name] for name in ("champion", "candidate", "decision", "drift")] == [None] * 4


def test_bars_check_has_the_shape_others_rely_on(world: Path) -> None:
    checked = document("bars check", world)
    for instrument in checked["instruments"]:
        names = {"instrument_id", "timeframe", "bars", "accepted", "quarantined", "flagged", "findings"}
        assert names <= instrument.keys()
        assert instrument["bars"] == instrument["accepted"] + instrument["quarantined"]
        for finding in instrument["findings"]:
            assert finding.keys() == {"check", "event_time", "severity", "detail"}
            assert finding["severity"] in ("quarantine", "warning")
            assert re.fullmatch("[a-z_]+", finding["check"])
    assert sum(len(each["findings"]) for each in checked["instruments"]) > 0


def test_bars_ingest_has_the_shape_others_rely_on_and_tells_what_the_checks_said(world: Path) -> None:
    checked = {each["instrument_id"]: each for each in document("bars check", world)["instruments"]}
    ingested = trimtab("bars", "ingest", world / "bars.parquet", "--json").document
    for series in ingested["series"]:
        assert series["fetched"] == series["accepted"] + series["quarantined"]
        assert series["unfinished"] == 0
        assert series["warnings"] == sum(each["severity"] == "warning" for each in series["findings"])
        assert all(each.keys() == {"check", "event_time", "severity", "detail"} for each in series["findings"])
    # What is refused is refused in a file and beside the same bars, stored, alike.
    told = {
        each["instrument_id"]: {(f["check"], f["event_time"]) for f in each["findings"]} for each in ingested["series"]
    }
    for name, each in checked.items():
        assert {(f["check"], f["event_time"]) for f in each["findings"] if f["severity"] == "quarantine"} <= told[name]
    assert any(told.values())


def test_backtest_and_evaluate_have_the_shape_others_rely_on(world: Path) -> None:
    simulated = document("backtest", world)
    assert {"metrics", "equity", "trades"} <= simulated.keys()
    assert simulated["equity"][0].keys() == {"event_time", "value"}
    assert simulated["equity"][0]["value"] == 100_000
    measured = document("evaluate", world)
    assert {"metrics", "conventions"} <= measured.keys()
    assert measured["metrics"]["total_return"] == pytest.approx(1.01 * 0.98 - 1)


def test_models_and_drift_agree_with_status(world: Path) -> None:
    (strategy,) = document("status", world)["strategies"]
    (model,) = document("models list", world)["models"]
    assert (model["version"], model["dataset"]) == ("1.0.0", strategy["candidate"]["fingerprint"])
    shown = document("models show", world)
    assert shown["decisions"][0]["outcome"] == strategy["decision"]["outcome"]
    assert [move["to_state"] for move in shown["transitions"]][:2] == ["draft", "validation"]
    assert document("drift show", world)["snapshot_id"] == strategy["drift"]["snapshot_id"]


@pytest.mark.parametrize("name", STORED)
def test_people_get_lines_that_fit_a_hundred_columns(name: str, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    arguments = COMMANDS[name]
    if "FINGERPRINT" in arguments:
        stored = trimtab("datasets", "list", "--json").document["datasets"]
        arguments = [stored[0]["fingerprint"] if each == "FINGERPRINT" else each for each in arguments]
    arguments = [first_run() if each == "RUN" else each for each in arguments]
    answer = trimtab(*arguments)
    assert answer.code == 0, answer.err
    rows = [line for line in answer.out.splitlines() if line.startswith(" ")]
    paths = [len(word) for line in rows for word in line.split() if word.startswith("/")]
    limit = 100 + max([*paths, 50]) - 50  # a path is one piece and never cut; how long it is depends on the machine
    assert [line for line in rows if len(line.rstrip()) > limit] == []
    assert "[" not in answer.out  # no Python list and no markup is left over
