"""Bad input, end to end: exit code 1, one sentence that says what to do, no traceback, nothing half-written."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.bars import random_walk
from fakes.command_line import Answer, trimtab, trimtab_process
from fakes.servers import free_port
from fakes.strategies import open_world, run_environment, run_market_data, write_strategy
from fakes.yahoo_server import share_of_walk, yahoo_server

from trimtab.errors import NotEnoughDataError
from trimtab.pipeline.datasets import build_training_dataset

HEADER = "date,open,high,low,close,volume\n"
DAYS = "".join(f"2020-01-{day:02},10,11,9,10,100\n" for day in range(1, 29))
FILES = {
    "empty.csv": "",
    "empty.parquet": "",
    "header.csv": HEADER,
    "wrong.csv": "date,foo,bar\n2020-01-02,1,2\n",
    "naive.csv": "ts,open,high,low,close,volume\n2020-01-02 10:00:00,1,1,1,1,1\n2020-01-02 11:00:00,1,1,1,1,1\n",
    "torn.parquet": "PAR1 and then the machine was switched off",
    "short.csv": HEADER + DAYS,
    "dirty.csv": HEADER
    + "2020-01-03,1,1,1,1,1\n2020-01-02,1,1,1,1,1\n2020-01-02,1,1,1,1,1\n2020-01-06,1,1,1,-1,1\n2020-01-07,1,1,1,1,1\n",
}
STRATEGY = """name = "mine"
[universe]
source = "files"
path = "{folder}/short.csv"
instruments = ["short"]
[label]
kind = "direction"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bad files, one sound strategy, and a lake that does not exist yet."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.toml").write_text(STRATEGY.format(folder=tmp_path))
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "lake"))
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(tmp_path / "strategies"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(*arguments: str) -> str:
    """The one sentence with which a command is refused."""
    answer = trimtab(*arguments)
    assert answer.code == 1, answer
    assert answer.out == ""
    assert "Traceback" not in answer.err
    return answer.sentence


def files(folder: Path) -> set[str]:
    """Every file but the locks and the registry, which any command may make."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in found if "locks" not in path.parts and not path.name.startswith("trimtab.db")}


BAD_FILES = [
    ("none.csv", "bar file none.csv does not exist; check the path"),
    ("empty.csv", "empty.csv is empty (0 bytes)"),
    ("empty.parquet", "empty.parquet is empty (0 bytes)"),
    ("header.csv", "has columns but no rows; give a file with at least one bar"),
    ("wrong.csv", "no column for open, high, low, close, volume (or vol); its columns are: date, foo, bar"),
    ("naive.csv", "column 'ts': times carry no time zone (2020-01-02T10:00:00); write them in UTC"),
    ("torn.parquet", "torn.parquet cannot be read"),
    (".", "is a folder; give one file"),
]


@pytest.mark.parametrize(("name", "sentence"), BAD_FILES)
@pytest.mark.parametrize(
    "command",
    [
        ("bars", "check", "FILE"),
        ("features", "compute", "FILE", "--set", "technical", "--out", "out.parquet"),
        ("backtest", "--bars", "FILE", "--signals", "FILE"),
    ],
    ids=lambda words: words[0],
)
def test_a_bar_file_that_cannot_be_used(folder: Path, name: str, sentence: str, command: tuple[str, ...]) -> None:
    before = files(folder)
    assert sentence in refused(*(name if word == "FILE" else word for word in command))
    assert files(folder) == before


@pytest.mark.parametrize(("name", "sentence"), [pair for pair in BAD_FILES if pair[0] != "."])
def test_nothing_is_ingested_from_a_file_that_cannot_be_used(folder: Path, name: str, sentence: str) -> None:
    before = files(folder)
    assert sentence in refused("bars", "ingest", name)
    assert files(folder) == before


def test_duplicate_unordered_and_negative_bars_are_found_and_kept_out(folder: Path) -> None:
    (checked,) = trimtab("bars", "check", "dirty.csv", "--json").document["instruments"]
    checks = {(finding["check"], finding["severity"]) for finding in checked["findings"]}
    assert {("duplicate_time", "quarantine"), ("non_positive_price", "quarantine")} <= checks
    assert ("out_of_order", "warning") in checks
    (stored,) = trimtab("bars", "ingest", "dirty.csv", "--json").document["series"]
    assert (stored["fetched"], stored["accepted"], stored["quarantined"]) == (5, 3, 2)
    (listed,) = trimtab("bars", "list", "--json").document["series"]
    assert (listed["bars"], listed["quarantined"]) == (3, 2)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (
            ("features", "compute", "short.csv", "--set", "techncal", "--out", "out.parquet"),
            ("unknown feature set 'techncal'; did you mean 'technical'?", "allowed: all, alpha158, candlesticks"),
        ),
        (("features", "list", "--family", "x"), ("unknown feature set 'x'", "allowed: ")),
        (("features", "show", "rsi"), ("unknown feature 'rsi'; did you mean 'rsi_", "in all)")),
        (("strategies", "show", "mien"), ("unknown strategy 'mien'; did you mean 'mine'?", "allowed: mine")),
        (("run", "--strategy", "mien"), ("unknown strategy 'mien'; did you mean 'mine'?", "allowed: mine")),
        (("models", "list", "--strategy", "x"), ("unknown strategy 'x'", "allowed: mine")),
        (("models", "show", "x"), ("unknown strategy 'x'", "allowed: mine")),
        (("models", "show", "mine"), ("strategy 'mine' has no version 'latest'", "none yet")),
        (("drift", "show", "mine"), ("no drift snapshot yet", "trimtab run --strategy mine")),
        (
            ("bars", "ingest", "--instrument", "APPL"),
            ("unknown series 'APPL__1d'", "did you mean 'AAPL__1d'", "IBM__1d"),
        ),
        (
            ("bars", "ingest", "--source", "yahoo"),
            ("unknown source 'yahoo'", "ccxt, duckdb, files, inbox, sample, simulated, yfinance"),
        ),
        (
            ("bars", "ingest", "--source", "sample", "--timeframe", "1h"),
            ("source 'sample' lists nothing of 1h; it has 1d of AAPL, FB, GOOG,", "give one of these timeframes"),
        ),
        (
            ("bars", "ingest", "--source", "sample", "--timeframe", "1h", "--instrument", "AAPL"),
            ("unknown series 'AAPL__1h'", "did you mean 'AAPL__1d'"),
        ),
        (
            ("bars", "ingest", "--source", "simulated", "--instrument", "SIMNULL", "--instrument", "SIMNIL"),
            ("unknown series 'SIMNIL__1d'", "did you mean 'SIMNULL__1d'"),
        ),
        (("bars", "check", "short.csv", "--timeframe", "2d"), ("unknown timeframe '2d'", "1d")),
        (("datasets", "show", "abc"), ("abc",)),
    ],
    ids=lambda value: " ".join(value[:3]) if value and value[0].islower() else "",
)
def test_a_name_that_is_not_known_is_answered_with_those_that_are(
    folder: Path, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    before = files(folder)
    sentence = refused(*arguments)
    assert [part for part in parts if part not in sentence] == []
    assert len(sentence) < 900
    assert files(folder) == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("[label]", "[lable]"), "unknown key 'lable'; did you mean 'label'? allowed here: "),
        (
            ('kind = "direction"', 'kind = "direction"\nhorizon = [5]'),
            "unknown key 'label.horizon'; did you mean 'horizons'?",
        ),
        (('kind = "direction"', 'kind = "up"'), "'label.kind' is 'up', but input should be 'forward_return'"),
        (('kind = "direction"', 'kind = "direction"\nhorizons = "five"'), "'label.horizons' is 'five', but"),
        (('kind = "direction"', ""), "key 'label.kind' is missing"),
        (('name = "mine"', 'name = "mine'), "is not readable TOML"),
        (('name = "mine"', 'name = "My Strategy"'), "'name' is 'My Strategy', but"),
        (
            ('instruments = ["short"]', 'instruments = ["short"]\ntimeframe = "2d"'),
            "'universe.timeframe' is '2d', but input should be '1m', '5m'",
        ),
    ],
    ids=["unknown section", "unknown key", "value", "type", "missing", "not TOML", "name", "timeframe"],
)
@pytest.mark.parametrize(
    "command", [("strategies", "list"), ("status", "--json"), ("run",)], ids=lambda words: words[0]
)
def test_a_mistake_in_a_strategy_file_names_file_key_and_what_is_allowed(
    folder: Path, change: tuple[str, str], sentence: str, command: tuple[str, ...]
) -> None:
    path = folder / "strategies" / "mine.toml"
    path.write_text(path.read_text().replace(*change))
    said = refused(*command)
    assert sentence in said
    assert "mine.toml" in said
    assert not (folder / "lake").exists()


def test_a_strategy_file_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "strategies" / "broken.toml").write_bytes(b"\xff\xfe\x00name")
    assert "broken.toml is not readable TOML" in refused("strategies", "list")
    (folder / "strategies" / "broken.toml").unlink()
    (folder / "strategies" / "folder.toml").mkdir()
    assert "folder.toml cannot be read" in refused("strategies", "list")


def test_a_strategies_folder_that_does_not_exist_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_STRATEGIES_DIR", str(folder / "elsewhere"))
    assert "elsewhere does not exist; make it or set TRIMTAB_STRATEGIES_DIR" in refused("strategies", "list")


def test_fewer_than_a_hundred_samples_are_refused(folder: Path) -> None:
    workspace = open_world(folder / "lake", folder / "strategies")
    run_market_data(workspace)
    with pytest.raises(NotEnoughDataError, match="100"):
        build_training_dataset(workspace, "mine")
    assert not (folder / "lake" / "datasets").exists()


@pytest.mark.slow  # Dagster starts in a process of its own
def test_a_run_on_too_few_bars_says_so_in_one_sentence(folder: Path) -> None:
    environment = run_environment(folder / "lake", folder / "strategies")
    answer = trimtab_process("run", environment=environment, folder=folder)
    assert answer.code == 1
    assert "samples" in answer.sentence and "100" in answer.sentence
    assert "Traceback" not in answer.err
    assert not (folder / "lake" / "datasets").exists()


@pytest.mark.slow  # as above
def test_a_run_on_an_unknown_instrument_lists_what_there_is(folder: Path) -> None:
    universe = {"source": "sample", "instruments": ["APPL"]}
    environment = run_environment(folder / "lake", write_strategy(folder / "other", universe=universe))
    answer = trimtab_process("run", environment=environment, folder=folder)
    assert answer.code == 1
    assert "did you mean 'AAPL__1d'" in answer.sentence and "IBM__1d" in answer.sentence
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--source", "sample", "--exchange", "binance"), "'sample' has no use for --exchange, which is for ccxt"),
        (("--exchange", "binance"), "'sample' has no use for --exchange, which is for ccxt"),
        (("short.csv", "--exchange", "binance"), "'files' has no use for --exchange, which is for ccxt"),
        (("short.csv", "--query", "bars"), "'files' has no use for --query, which is for duckdb"),
        (("--source", "simulated", "--query", "bars"), "'simulated' has no use for --query, which is for duckdb"),
        (
            ("--source", "sample", "--path", "short.csv"),
            "'sample' has no use for --path, which is for files and duckdb",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_option_that_a_source_would_pass_over_is_refused(
    folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused("bars", "ingest", *arguments)
    assert files(folder) == set(FILES) | {"strategies/mine.toml"}


@pytest.mark.parametrize("command", [("bars", "ingest"), ("status",)], ids=" ".join)
def test_what_the_system_refuses_is_told_with_its_path(
    folder: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(folder / "short.csv" / "lake"))  # a file cannot hold a folder
    sentence = refused(*command)
    assert f"{folder / 'short.csv'}" in sentence
    assert "Not a directory" in sentence and "check that path" in sentence
    assert (folder / "short.csv").read_text() == FILES["short.csv"]


def test_debug_shows_what_the_system_refused_as_a_traceback(folder: Path) -> None:
    environment = run_environment(folder / "short.csv" / "lake", folder / "strategies")
    answer = trimtab_process("--debug", "bars", "ingest", folder=folder, environment=environment)
    assert answer.code == 1
    assert "Traceback" in answer.err and "NotADirectoryError" in answer.err


@pytest.mark.parametrize(
    "arguments", [("SIMNULL2",), ("SIMNULL", "--timeframe", "4h"), ("SIMALPHA", "--timeframe", "1w")], ids=" ".join
)
def test_a_source_may_have_more_than_it_lists(
    folder: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMTAB_NOW", "2016-01-01T00:00:00Z")
    answer = trimtab("bars", "ingest", "--source", "simulated", "--json", "--instrument", *arguments)
    assert answer.code == 0, answer.err
    (stored,) = answer.document["series"]
    assert (stored["instrument_id"], stored["timeframe"]) == (arguments[0], arguments[-1] if arguments[1:] else "1d")
    assert stored["new"] == stored["fetched"] > 50


def test_bars_that_are_not_over_yet_are_counted_and_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_NOW", "2020-01-20T00:00:00Z")  # the nineteenth is over since midnight
    (stored,) = trimtab("bars", "ingest", "short.csv", "--json").document["series"]
    assert (stored["fetched"], stored["unfinished"]) == (19, 28 - 19)
    assert "not over yet" not in trimtab("bars", "ingest", "short.csv").out
    monkeypatch.setenv("TRIMTAB_NOW", "2020-01-01T12:00:00Z")
    said = trimtab("bars", "ingest", "short.csv")
    assert said.code == 0
    assert "Nothing of short__1d was taken: all its 28 bars are not over yet; ingest it again later." in said.out
    (folder / "one.csv").write_text(
        "instrument_id,timeframe,ts,open,high,low,close,volume\nA,1d,2020-01-02,1,1,1,1,1\n"
    )
    assert "Nothing of A__1d was taken: its one bar is not over yet" in trimtab("bars", "ingest", "one.csv").out


def test_a_table_with_warnings_says_how_to_see_them(folder: Path) -> None:
    said = trimtab("bars", "ingest", "dirty.csv")
    findings = trimtab("bars", "check", "dirty.csv", "--json").document["instruments"][0]["findings"]
    n_warnings = sum(each["severity"] == "warning" for each in findings)
    assert n_warnings
    assert "see them with --json, or with: trimtab bars check dirty.csv" in said.out.splitlines()[-1]
    sound = ("bars", "ingest", "--source", "simulated", "--instrument", "SIMNULL")
    assert trimtab(*sound, "--json").document["series"][0]["warnings"] == 0
    assert "--json" not in trimtab(*sound).out


def test_weeks_are_refused_by_yahoo_before_anything_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with yahoo_server(share_of_walk("AAA")).running() as server:
        monkeypatch.setenv("TRIMTAB_SOURCE_BASE_URL", server.url)
        ask = ("bars", "ingest", "--source", "yfinance", "--instrument", "AAA", "--timeframe")
        assert "ingest 1d and resample to 1w" in refused(*ask, "1w")
        assert "unknown timeframe '4h'" in refused(*ask, "4h")
        assert server.requests("") == []


def test_a_server_that_is_down_is_said_of_the_bars_and_their_span(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMTAB_SOURCE_BASE_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("TRIMTAB_NETWORK_ATTEMPTS", "1")
    sentence = refused("bars", "ingest", "--source", "yfinance", "--instrument", "AAA", "--from", "2020-01-02")
    assert "could not deliver AAA__1d since 2020-01-02T00:00:00Z: Yahoo could not be reached" in sentence
    assert "calendar" not in sentence


def test_debug_shows_the_traceback(folder: Path) -> None:
    answer = trimtab_process("--debug", "bars", "check", "none.csv", folder=folder)
    assert answer.code == 1
    assert "Traceback" in answer.err
    assert answer.err.rstrip().endswith("SourceError: bar file none.csv does not exist; check the path")


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("bars", "check"), ("backtest",), ("evaluate", "--returns", "x", "--periods-per-year", "many"),
     ("backtest", "--bars", "x", "--signals", "y", "--fill", "yesterday"), ("status", "--nonsense")],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_leaves_with_two(folder: Path, arguments: tuple[str, ...]) -> None:
    answer: Answer = trimtab(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert "Usage" in answer.err


def test_an_instrument_at_two_timeframes_cannot_be_simulated(folder: Path) -> None:
    (folder / "two.csv").write_text(
        "instrument_id,timeframe,ts,open,high,low,close,volume\n"
        "A,1d,2020-01-02T00:00:00Z,1,1,1,1,1\nA,1h,2020-01-02T00:00:00Z,1,1,1,1,1\n"
    )
    (folder / "signals.csv").write_text("instrument_id,event_time,position\nA,2020-01-02,1\n")
    assert "several timeframes" in refused("backtest", "--bars", "two.csv", "--signals", "signals.csv")


def test_bars_that_are_sound_are_not_refused(folder: Path) -> None:
    import pyarrow.parquet as pq

    pq.write_table(random_walk(50).to_table(), folder / "sound.parquet")
    assert trimtab("bars", "check", "sound.parquet").code == 0
    assert trimtab("bars", "ingest", "sound.parquet").code == 0
