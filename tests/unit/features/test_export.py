"""A bar file becomes a feature file: the numbers of `compute`, whole or not at all, in little memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from fakes.bars import random_walk
from fakes.command_line import COMMAND, Answer, trimtab

from trimtab.bars import Bars
from trimtab.bars.sources.files import BarFiles
from trimtab.errors import FeatureError
from trimtab.features import export
from trimtab.features.catalogue import catalogue, feature_sets, resolve
from trimtab.features.engine import compute
from trimtab.features.export import SeriesOfFile, accepted_in_order, export_features
from trimtab.features.surroundings import Surroundings
from trimtab.market import Series, Timeframe
from trimtab.storage.lake import Lake

NAMES = ("rsi_14", "return_1", "hammer")
MEASURED = """
import sys
from pathlib import Path
from trimtab.bars.sources.files import BarFiles
from trimtab.features.catalogue import resolve
from trimtab.features.export import SeriesOfFile, export_features

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

names = resolve(sets=["technical", "candlesticks"])
for file in sys.argv[1:]:
    export_features(SeriesOfFile(BarFiles(Path(file))), names, Path(file + ".features.parquet"), n_workers=2)
    print(peak())
"""


def walks(n_series: int, n: int = 300) -> dict[Series, Bars]:
    made = [random_walk(n, seed, f"W{seed:03d}") for seed in range(n_series)]
    return {bars.series: bars for bars in made}


def write_bars(bars: dict[Series, Bars], path: Path) -> Path:
    pq.write_table(pa.concat_tables([each.to_table() for each in bars.values()]), path)
    return path


@pytest.mark.parametrize("n_workers", [1, 3])
def test_the_file_holds_the_numbers_of_compute_series_after_series(tmp_path: Path, n_workers: int) -> None:
    bars, done = walks(5), []
    report = export_features(bars, NAMES, tmp_path / "f.parquet", done.append, n_workers=n_workers)
    table = pq.read_table(tmp_path / "f.parquet")
    assert table.column_names == ["instrument_id", "timeframe", "event_time", *NAMES]
    assert done == sorted(bars) and list(report.rows.values()) == [300] * 5
    for k, series in enumerate(sorted(bars)):
        part = table.slice(300 * k, 300)
        assert set(part["instrument_id"].to_pylist()) == {series.instrument_id}
        block = compute(bars[series], NAMES)
        for name in NAMES:
            np.testing.assert_array_equal(part[name].to_numpy(), block.column(name))
    assert pq.ParquetFile(tmp_path / "f.parquet").num_row_groups == 1


def test_large_series_have_a_row_group_of_their_own_and_small_ones_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = 300 * len(NAMES) * 8
    for limit, groups in ((block, [300] * 5), (block + 1, [600, 600, 300]), (1, [300] * 5)):
        monkeypatch.setattr(export, "ROW_GROUP_BYTES", limit)
        export_features(walks(5), NAMES, tmp_path / "f.parquet")
        layout = pq.ParquetFile(tmp_path / "f.parquet").metadata
        assert [layout.row_group(k).num_rows for k in range(layout.num_row_groups)] == groups


def test_the_number_of_workers_changes_no_byte(tmp_path: Path) -> None:
    for n_workers in (1, 2):
        export_features(walks(4), NAMES, tmp_path / f"{n_workers}.parquet", n_workers=n_workers)
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()


def test_half_the_size_is_the_rounded_number(tmp_path: Path) -> None:
    for dtype in ("float32", "float64"):
        export_features(walks(1), NAMES, tmp_path / f"{dtype}.parquet", dtype=dtype)
    small, large = (pq.read_table(tmp_path / f"{dtype}.parquet") for dtype in ("float32", "float64"))
    assert small["rsi_14"].type == pa.float32()
    np.testing.assert_array_equal(small["rsi_14"].to_numpy(), large["rsi_14"].to_numpy().astype(np.float32))


def test_refused_bars_are_left_out_and_counted(tmp_path: Path) -> None:
    (series, bars), *_ = walks(1).items()
    high = bars.high.copy()
    high[100] = bars.low[100] / 2.0
    report = export_features({series: replace(bars, high=high)}, NAMES, tmp_path / "f.parquet")
    assert report.left_out == {series.key: 1} and report.rows == {series.key: 299}


def test_accepted_bars_are_in_order_whatever_the_order_of_the_file() -> None:
    bars = random_walk(200)
    shuffled = bars.take(np.random.default_rng(0).permutation(200))
    np.testing.assert_array_equal(accepted_in_order(shuffled).event_time, bars.event_time)


def test_series_are_read_one_at_a_time_and_only_when_a_worker_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "ROW_GROUP_BYTES", 1)
    read: list[str] = []

    class Watched(SeriesOfFile):
        def __getitem__(self, series: Series) -> Bars:
            read.append(series.instrument_id)
            return super().__getitem__(series)

    written: list[int] = []
    watched = Watched(BarFiles(write_bars(walks(6), tmp_path / "bars.parquet")))
    export_features(watched, NAMES, tmp_path / "f.parquet", lambda _: written.append(len(read)), n_workers=2)
    assert read == [f"W{k:03d}" for k in range(6)]
    assert written == [2, 3, 4, 5, 6, 6]


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_failure_half_way_leaves_what_stood_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_workers: int
) -> None:
    out = tmp_path / "f.parquet"
    out.write_bytes(b"before")
    honest = export.compute

    def failing(bars: Bars, *rest: object) -> object:
        if bars.series.instrument_id == "W002":
            raise FeatureError("cannot")
        return honest(bars, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(export, "compute", failing)
    with pytest.raises(FeatureError, match="cannot"):
        export_features(walks(4), NAMES, out, n_workers=n_workers)
    assert out.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [out]


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sentences are wrapped only for a terminal; tests that run side by side are given the width of one."""
    monkeypatch.delenv("COLUMNS", raising=False)


def told(answer: Answer, words: str) -> str:
    """The one line of an answer that holds some words."""
    assert answer.code == 0, answer.err
    (line,) = [line for line in answer.out.splitlines() if words in line]
    return line


def reading(*needs: str) -> tuple[str, ...]:
    """The features that read any of some kinds of surroundings."""
    return tuple(name for name in catalogue() if set(catalogue()[name].needs) & set(needs))


def hourly(bars: Bars) -> Bars:
    """The same prices, one an hour."""
    time = np.datetime64("2020-01-01", "us") + np.arange(len(bars)) * np.timedelta64(1, "h")
    series = Series("HOUR", Timeframe.HOUR)
    return Bars.build(series, time, bars.open, bars.high, bars.low, bars.close, bars.volume)


def test_features_of_facts_and_peers_are_unknown_and_the_command_says_so(tmp_path: Path) -> None:
    facts, peers = reading("figures", "texts", "options"), reading("peers")
    report = export_features(walks(1), [*NAMES, *facts, *peers], tmp_path / "f.parquet")
    table = pq.read_table(tmp_path / "f.parquet")
    assert set(report.unknown) == {*facts, *peers} and report.alone == tuple(walks(1))
    assert all(np.isnan(table[name].to_numpy()).all() for name in (*facts, *peers))
    bars = write_bars(walks(1), tmp_path / "bars.parquet")
    answer = trimtab("features", "compute", bars, "--set", "all", "--out", tmp_path / "g.parquet")
    assert told(answer, "filed figures") == (
        f"{len(facts)} features read filed figures, posts or headlines and options figures, which a bar file does not "
        "hold: no value in any row"
    )
    assert told(answer, "peers") == (
        f"{len(peers)} features read bars of peers, and the file holds no other instrument at 1d: no value in any row"
    )


@pytest.mark.parametrize("n_workers", [1, 2])
def test_the_other_instruments_of_the_file_at_the_same_timeframe_are_peers(tmp_path: Path, n_workers: int) -> None:
    names, bars, hours = ("rsi_14", "peer_rank_5", "peer_turbulence"), walks(3), hourly(random_walk(300, 7))
    report = export_features(bars | {hours.series: hours}, names, tmp_path / "f.parquet", n_workers=n_workers)
    table = pq.read_table(tmp_path / "f.parquet")
    for series, own in bars.items():
        beside = {other.instrument_id: each for other, each in bars.items() if other != series}
        whole = compute(own, names, surroundings=Surroundings(peers=beside))
        part = table.filter(pc.equal(table["instrument_id"], series.instrument_id))
        for name in names:
            np.testing.assert_array_equal(part[name].to_numpy(), whole.column(name))
        assert np.isfinite(whole.column("peer_rank_5")).any()
    assert (report.unknown, report.alone) == ((), (hours.series,))
    alone = table.filter(pc.equal(table["instrument_id"], "HOUR"))
    assert len(alone) == 300 and np.isnan(alone["peer_rank_5"].to_numpy()).all()


def test_an_instrument_without_peers_is_named_where_others_have_some(tmp_path: Path) -> None:
    hours = hourly(random_walk(300, 7))
    bars = write_bars(walks(2) | {hours.series: hours}, tmp_path / "bars.parquet")
    answer = trimtab("features", "compute", bars, "--set", "peers", "--out", tmp_path / "f.parquet")
    assert told(answer, "bars of peers").endswith(
        "the file holds no other instrument at 1h beside HOUR__1h: no value there"
    )
    both = write_bars(walks(2), tmp_path / "both.parquet")
    answer = trimtab("features", "compute", both, "--set", "peers", "--out", tmp_path / "f.parquet", "--json")
    assert answer.document["without_peers"] == [] and answer.document["unknown"] == []


def test_a_peer_without_an_accepted_bar_is_none(tmp_path: Path) -> None:
    (one, bars), (other, broken) = walks(2).items()
    refused = replace(broken, close=np.full(len(broken), np.nan))
    report = export_features({one: bars, other: refused}, ["peer_rank_5"], tmp_path / "f.parquet")
    assert report.alone == (one,)
    assert report.rows[other.key] == 0


def test_too_little_history_is_told_once(tmp_path: Path) -> None:
    short = [name for name in feature_sets()["technical"] if catalogue()[name].lookback >= 3]
    longest = max(catalogue()[name].lookback for name in short)
    bars = write_bars(walks(1, n=3), tmp_path / "bars.parquet")
    answer = trimtab("features", "compute", bars, "--set", "technical", "--out", tmp_path / "f.parquet")
    assert told(answer, "look-back") == (
        f"{len(short)} features have no value: the longest look-back is {longest} bars, W000__1d has 3"
    )
    table = pq.read_table(tmp_path / "f.parquet")
    assert all(np.isnan(table[name].to_numpy()).all() for name in short)
    enough = write_bars(walks(1, n=longest + 1), tmp_path / "enough.parquet")
    answer = trimtab("features", "compute", enough, "--set", "technical", "--out", tmp_path / "f.parquet")
    assert "look-back" not in answer.out


@pytest.mark.parametrize("link", ["same", "symbolic", "hard"])
def test_the_bars_are_not_written_over(tmp_path: Path, link: str) -> None:
    bars = write_bars(walks(1), tmp_path / "bars.parquet")
    before, out = bars.read_bytes(), tmp_path / "sub" / ".." / "bars.parquet"
    (tmp_path / "sub").mkdir()
    if link != "same":
        out = tmp_path / "link.parquet"
        out.symlink_to(bars) if link == "symbolic" else out.hardlink_to(bars)
    answer = trimtab("features", "compute", bars, "--set", "candlesticks", "--out", out)
    assert answer.code == 1 and "is the file that is read" in answer.sentence
    assert bars.read_bytes() == before


def test_no_stored_table_is_written_over(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(lake.root))
    bars, stored = write_bars(walks(1), tmp_path / "bars.parquet"), lake.root / "bars" / "AAA__1d.parquet"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"before")
    answer = trimtab("features", "compute", bars, "--set", "candlesticks", "--out", stored)
    assert answer.code == 1 and "is a file of the stored data" in answer.sentence
    assert stored.read_bytes() == b"before"


def test_the_command_writes_with_any_number_of_workers_and_in_half_the_size(tmp_path: Path) -> None:
    bars = write_bars(walks(3), tmp_path / "bars.parquet")
    for label, more in (("one", ["--processes", "1"]), ("two", ["--processes", "2"]), ("small", ["--float32"])):
        answer = trimtab(
            "features", "compute", bars, "--set", "candlesticks", "--out", tmp_path / f"{label}.parquet", *more
        )
        assert answer.code == 0, answer.err
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert pq.read_schema(tmp_path / "small.parquet").field("hammer").type == pa.float32()
    assert trimtab("features", "compute", bars, "--set", "all", "--out", "x.parquet", "--processes", "0").code == 2


@pytest.mark.slow
def test_an_interruption_leaves_no_file_and_no_traceback(tmp_path: Path) -> None:
    bars, out = write_bars(walks(60, n=3_000), tmp_path / "bars.parquet"), tmp_path / "out" / "f.parquet"
    command = [*COMMAND, "features", "compute", str(bars), "--set", "technical", "--out", str(out), "--processes", "2"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 60
    while not list(out.parent.glob(".f.parquet*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(out.parent.glob(".f.parquet*")), "the export was interrupted before it began"
    os.kill(running.pid, signal.SIGINT)
    told = running.communicate(timeout=60)[1]
    assert running.returncode != 0
    assert "Traceback" not in told
    assert list(out.parent.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux, which tells the peak of a process")
def test_four_times_the_instruments_take_no_more_memory(tmp_path: Path) -> None:
    few, many = (write_bars(walks(n, n=1_500), tmp_path / f"{n}.parquet") for n in (40, 160))
    one_block = 1_500 * len(resolve(sets=["technical", "candlesticks"])) * 8 / 2**20
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(few), str(many)], capture_output=True, text=True, check=True, timeout=280
    )
    after_few, after_many = map(float, done.stdout.split())
    # A quarter of what the blocks would take if they were kept; what grows is the table of contents of the file.
    assert after_many - after_few < 0.25 * 120 * one_block


@pytest.mark.slow
def test_real_series_with_dirty_bars_are_written(shared_data: Path, tmp_path: Path) -> None:
    source = BarFiles(shared_data / "dirty" / "dirty_crypto_5m_bittrex.parquet")
    bars = SeriesOfFile(source)
    report = export_features(bars, NAMES, tmp_path / "f.parquet", n_workers=2)
    assert sum(report.left_out.values()) > 0
    assert report.rows == {series.key: len(accepted_in_order(bars[series])) for series in bars}
