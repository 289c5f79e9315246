"""The same outputs by other libraries, on the same bars, in the same run.

Each library runs in a process of its own environment (`peer_environment`) on bars handed over as a file, first
once for its values, which must equal ours, then for its time, taken as ours is.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.feature_bars import ROOT, Instruments
from benchmarks.measuring import Section, best_of, times
from benchmarks.pandas_peer import with_pandas
from benchmarks.peer_process import COLUMNS
from benchmarks.peer_units import SETTLED, TICKS, Values, differing, in_our_units, on_a_grid
from trimtab.bars import Bars
from trimtab.errors import TrimtabError
from trimtab.features.catalogue import catalogue
from trimtab.features.engine import compute

EQUITIES, LEAST_ROWS, MINUTES = 12, 2_700, 30_000  # the slowest library needs a second for five equities
NOTE = f"""Processor time of one thread, the faster of two rounds, for the same outputs of the same bars: {EQUITIES} equities spread
over all with at least {LEAST_ROWS:,} days, and the first {MINUTES:,} minutes of the longest pair. Before anything is
timed the values of every output and bar after row {SETTLED:,} are compared, on prices rounded to 1/{TICKS:.0f}: at most 0.2 % of an
output's rows may differ by more than 1e-6 (what the last bit decides), of Qlib, which computes in float32, none by more
than 1e-4. Others answer in prices where a feature is a distance or a share; the formulas in between run outside of
their time and inside of ours. pandas-ta-classic has numba at hand, without TA-Lib; Qlib computes from its own store of files with one kernel
and without its caches. "pandas, windows by hand" is `benchmarks/pandas_peer.py`: only compiled windows, what several
features need computed once."""


class PeerError(TrimtabError):
    """Another library gives other values, so that its time says nothing, or it cannot be run."""


@dataclass(frozen=True)
class Peer:
    """A library, or a part of one.

    Attributes
    ----------
    key: its name for `peer_process`.
    said: its name for people.
    relative: how far a value may differ and count as equal.
    unlike: the largest share of an output's rows that may differ all the same.
    """

    key: str
    said: str
    relative: float = 1e-6
    unlike: float = 0.002


INDICATORS = Peer("pandas_ta", "pandas-ta-classic 0.8.32, indicators")
PATTERNS = Peer("pandas_ta_patterns", "pandas-ta-classic 0.8.32, patterns")
TA = Peer("ta", "ta 0.11.0")
QLIB = Peer("qlib", "Qlib 0.9.7, Alpha158", relative=1e-4, unlike=0.0)
PEERS = (INDICATORS, PATTERNS, TA, QLIB)


@dataclass(frozen=True)
class Comparison:
    """Both sides on the same outputs of the same bars.

    Attributes
    ----------
    said: who is compared with us.
    features: the names compared.
    rows: bars of all instruments.
    theirs, ours: processor seconds.
    """

    said: str
    features: tuple[str, ...]
    rows: int
    theirs: float
    ours: float

    def row(self, kind: str) -> tuple[str, ...]:
        """A row of the table; `kind` is the kind of bars."""
        values = self.rows * len(self.features)
        nanoseconds = [f"{seconds / values * 1e9:.1f}" for seconds in (self.theirs, self.ours)]
        return (
            f"{self.said}, {kind}",
            str(len(self.features)),
            f"{self.rows:,}",
            *nanoseconds,
            times(self.theirs, self.ours),
        )


class PeerRun:
    """Other libraries on the bars of some instruments, which wait for them in a folder."""

    def __init__(self, python: Path, folder: Path, instruments: Sequence[Bars]) -> None:
        self.python, self.folder = python, folder
        self.instruments = [on_a_grid(bars) for bars in instruments]
        columns = {name: np.concatenate([getattr(each, name) for each in self.instruments]) for name in COLUMNS}
        np.savez(folder / "bars.npz", lengths=[len(each) for each in self.instruments], **columns)

    def values(self, peer: Peer) -> list[Values]:
        """What the library answers for each instrument, under our names and in our units."""
        self._run(peer, rounds=0)
        with np.load(self.folder / f"{peer.key}.npz") as stored:
            whole = {name: stored[name].astype(np.float64) for name in stored.files}
        ends = np.cumsum([len(each) for each in self.instruments])
        return [
            in_our_units({name: values[end - len(bars) : end] for name, values in whole.items()}, bars)
            for bars, end in zip(self.instruments, ends, strict=True)
        ]

    def seconds(self, peer: Peer, rounds: int) -> float:
        """Processor seconds of its fastest round over all instruments."""
        return float(self._run(peer, rounds).splitlines()[-1])

    def shares(self, peer: Peer) -> dict[str, float]:
        """For each output that is a feature too, the largest share of an instrument's rows that differ."""
        found: dict[str, float] = {}
        for bars, theirs in zip(self.instruments, self.values(peer), strict=True):
            for name, share in shares_unlike(bars, theirs, peer.relative).items():
                found[name] = max(found.get(name, 0.0), share)
        return found

    def _run(self, peer: Peer, rounds: int) -> str:
        command = [str(self.python), "-m", "benchmarks.peer_process", peer.key, str(self.folder), str(rounds)]
        answer = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
        if answer.returncode:
            said = answer.stderr.strip().splitlines() or [f"it ended with {answer.returncode}"]
            raise PeerError(f"{peer.said} could not be run ({said[-1]}); delete .venv-peers to make it anew")
        return answer.stdout


def shares_unlike(bars: Bars, theirs: Values, relative: float) -> dict[str, float]:
    """The share of rows in which our values differ from theirs, for each name that is a feature."""
    names = [name for name in theirs if name in catalogue()]
    ours = compute(bars, names)
    return {name: differing(ours.column(name), theirs[name], relative) for name in names}


def measure_peers(python: Path | None, days: Instruments, minutes: Instruments) -> Section:
    """Every library on both kinds of bars; without `python` those that need no other environment.

    A library that differs from us or cannot be run has no row; the note says why.
    """
    kinds = {"days": days.some(EQUITIES, LEAST_ROWS), "minutes": minutes.first(MINUTES)}
    rows, notes = [], [NOTE]
    for kind, instruments in kinds.items():
        peers = [peer for peer in PEERS if kind == "days" or peer is not QLIB] if python is not None else []
        for work in (*(partial(compare, python, instruments, peer) for peer in peers), partial(by_hand, instruments)):
            try:
                rows.append(work().row(kind))
            except PeerError as error:
                notes.append(f"Without a row for {kind}: {error}")
    if python is None:
        notes.append("The environment of the other libraries could not be made, so they are missing here.")
    header = ("library", "outputs", "bars", "ns per value", "trimtab", "× trimtab")
    return Section("Features: the same outputs by other libraries", header, rows, "\n\n".join(notes))


def compare(python: Path, instruments: Instruments, peer: Peer, rounds: int = 2) -> Comparison:
    """Check that both sides give equal values, then time both; raises `PeerError` when an output differs."""
    with tempfile.TemporaryDirectory() as folder:
        run = PeerRun(python, Path(folder), instruments.bars)
        shares = run.shares(peer)
        _refuse_unequal(peer.said, shares, peer.unlike)
        theirs = run.seconds(peer, rounds)
    return Comparison(peer.said, tuple(shares), instruments.rows, theirs, _our_seconds(instruments, tuple(shares)))


def by_hand(instruments: Instruments) -> Comparison:
    """The same with windows of pandas, in this process."""
    said, shares = "pandas, windows by hand", {}
    adjusted = [on_a_grid(bars) for bars in instruments.bars]
    for bars in adjusted:
        theirs = {name: values.to_numpy() for name, values in with_pandas(bars).items()}
        for name, share in shares_unlike(bars, theirs, 1e-6).items():
            shares[name] = max(shares.get(name, 0.0), share)
    _refuse_unequal(said, shares, 0.002)
    features = tuple(shares)
    theirs_taken = best_of(lambda: [with_pandas(bars) and None for bars in adjusted], 2)
    return Comparison(said, features, instruments.rows, theirs_taken, _our_seconds(instruments, features))


def _refuse_unequal(said: str, shares: dict[str, float], unlike: float) -> None:
    unequal = {name: round(share, 4) for name, share in shares.items() if share > unlike}
    if unequal:
        raise PeerError(f"{said} and trimtab differ in these shares of rows: {unequal}; see which of them is right")


def _our_seconds(instruments: Instruments, features: Sequence[str]) -> float:
    def work() -> None:
        for bars in instruments.bars:  # nothing is kept: the memory of one serves the next
            compute(bars, features)

    return best_of(work, 3)
