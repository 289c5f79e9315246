"""Texts from files: posts, headlines, and posts whose writers said whether they are bullish.

Three formats, as CSV (plain or gzipped) or Parquet, one row per text:

- `posts`: instrument, time, text; channel `social`.
- `headlines`: instrument, time, title; channel `news`.
- `scored_posts`: as `posts`, with a label such as bullish or bearish; channel `social`. A row without a label is
  scored like any other text.

A text is known when it was published, later by `delay` where one is given. Where only the day is told, nobody can say
that the text was there before the day was over: it is known at the end of that day, 24:00 UTC. The same text of the
same instrument and time is read once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trimtab.errors import SchemaError, SourceError, UnknownNameError
from trimtab.facts.embedding import TextEmbedder, embedder_named
from trimtab.facts.schema import Texts
from trimtab.facts.scoring import AUTHOR, TextScorer, scorer_named
from trimtab.facts.sources.files import is_parquet, readable, require_file
from trimtab.facts.sources.protocol import Missing, as_delay, chosen_instruments
from trimtab.facts.sources.text_times import TextTimes, text_times

if TYPE_CHECKING:
    import pyarrow as pa

CHANNELS = {"posts": "social", "headlines": "news", "scored_posts": "social"}  # who speaks in a format
SPEAKERS = ("news", "social")  # the channels that features listen to
LABELS = {"bullish": 1.0, "bearish": -1.0, "neutral": 0.0, "positive": 1.0, "negative": -1.0}
_NAMES = {
    "instrument_id": ("instrument_id", "instrument", "symbol", "ticker", "stock"),
    "time": ("event_time", "time", "ts", "timestamp", "datetime", "created_at", "published_at", "date"),
    "text": ("text", "title", "headline", "body", "message", "content", "tweet"),
    "label": ("label", "sentiment", "senti_label"),
    "precision": ("ts_precision", "precision"),
}
_SUFFIXES = (".parquet", ".pq", ".csv", ".csv.gz")


@dataclass(frozen=True)
class TextFile:
    """What a file of texts holds.

    Attributes
    ----------
    texts: by instrument, in the order of their times.
    columns: our name -> the column of the file, for people.
    n_rows: rows of the instruments asked for.
    n_blank, n_repeated: of those, rows left out because they had no words or were there before.
    by_day: whether the file tells days, so that its texts are known at the end of them.
    """

    texts: dict[str, Texts]
    columns: dict[str, str]
    n_rows: int
    n_blank: int
    n_repeated: int
    by_day: bool


def read_texts(
    format: str,
    path: Path | str,
    instruments: Iterable[str] | None = None,
    channel: str | None = None,
    delay: timedelta | None = None,
    scorer: str = "vader",
    embedder: str = "hashed",
    missing: Missing = "raise",
) -> dict[str, Texts]:
    """Texts by instrument from a file; see `read_text_file`."""
    return read_text_file(format, path, instruments, channel, delay, scorer, embedder, missing).texts


def read_text_file(
    format: str,
    path: Path | str,
    instruments: Iterable[str] | None = None,
    channel: str | None = None,
    delay: timedelta | None = None,
    scorer: str = "vader",
    embedder: str = "hashed",
    missing: Missing = "raise",
) -> TextFile:
    """Read, score and embed the texts of a file.

    Parameters
    ----------
    format: `posts`, `headlines` or `scored_posts`.
    path: of a CSV or Parquet file; columns are found by their usual names.
    instruments: only these; None is all. One of whom all texts are blank is not in the answer.
    channel: who speaks, `news` or `social`; None is what the format says.
    delay: added to when a text was known, such as the time a feed takes; None is none.
    scorer, embedder: a name in `scoring.SCORERS` and in `embedding.EMBEDDERS`; "none" for neither.
    missing: "raise" for an error where the file does not have an instrument, "skip" to leave it out.

    Raises
    ------
    UnknownNameError: a format, channel, scorer or embedder that does not exist, or an instrument not in the file.
    ConfigurationError: a delay below zero.
    SourceError: the file is missing, empty or cannot be read.
    SchemaError: a column is missing, a time has no zone, a row no instrument, or a label is unknown.
    """
    if format not in CHANNELS:
        raise UnknownNameError("format of texts", format, CHANNELS)
    speaks, waits = CHANNELS[format] if channel is None else _speaker(channel), as_delay(delay)
    scores, embeds = scorer_named(scorer), embedder_named(embedder)
    table = _read(Path(path))
    columns = _found_columns(table.column_names, format, path)
    rows = _rows(table, columns, f"{path}")
    if instruments is not None:  # only now: whether a file tells days must not hang on what is asked of it
        rows = rows.of(chosen_instruments(rows.instrument, map(_plain_name, instruments), path, missing))
    kept = rows.kept()
    texts = _build(rows, kept, speaks, waits, scores, embeds)
    n_blank = int((rows.text == "").sum())
    return TextFile(texts, columns, len(rows.text), n_blank, len(rows.text) - n_blank - len(kept), rows.times.by_day)


@dataclass(frozen=True)
class _Rows:
    """The rows of the instruments asked for; `label` is NaN where nobody said one."""

    instrument: np.ndarray
    times: TextTimes
    text: np.ndarray
    label: np.ndarray

    def take(self, rows: np.ndarray) -> _Rows:
        """Some of the rows."""
        chosen = TextTimes(self.times.event_time[rows], self.times.known_time[rows], self.times.by_day)
        return _Rows(self.instrument[rows], chosen, self.text[rows], self.label[rows])

    def of(self, instruments: Iterable[str]) -> _Rows:
        """The rows of some instruments."""
        wanted = set(instruments)
        return self.take(np.flatnonzero([name in wanted for name in self.instrument]))

    def kept(self) -> np.ndarray:
        """Positions of texts with words that were not there before, by instrument and time."""
        seen: dict[tuple[object, ...], int] = {}
        moments = self.times.event_time.astype(np.int64).tolist()
        for row, text in enumerate(self.text):
            if text:
                seen.setdefault((self.instrument[row], moments[row], text), row)
        rows = np.fromiter(seen.values(), np.int64, len(seen))
        return rows[np.lexsort((self.times.event_time[rows], self.instrument[rows].astype(np.str_)))]


def _build(
    rows: _Rows, kept: np.ndarray, channel: str, delay: np.timedelta64, scorer: TextScorer, embedder: TextEmbedder
) -> dict[str, Texts]:
    instrument, text, label = rows.instrument[kept].astype(np.str_), rows.text[kept], rows.label[kept]
    said = ~np.isnan(label)
    score, confidence = label.copy(), np.ones(len(kept))
    score[~said], confidence[~said] = scorer.score(text[~said].tolist())
    by = np.where(said, AUTHOR, scorer.name)
    points = embedder.embed(text.tolist())
    event_time, known_time = rows.times.event_time[kept], rows.times.known_time[kept] + delay
    texts = {}
    for name in dict.fromkeys(instrument.tolist()):
        its = slice(*(int(np.searchsorted(instrument, name, side)) for side in ("left", "right")))
        arrays = (text[its], score[its], confidence[its], by[its], points[its], known_time[its])
        texts[name] = Texts.build(name, event_time[its], np.full(its.stop - its.start, channel), *arrays)
    return texts


def _speaker(channel: str) -> str:
    if channel not in SPEAKERS:
        raise UnknownNameError("channel", channel, SPEAKERS)
    return channel


def _plain_name(instrument: str) -> str:
    return instrument.replace("/", "-")


def _read(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    require_file(path)
    if not path.name.lower().endswith(_SUFFIXES):
        raise SourceError(f"{path.name} is no file of texts; allowed endings are {', '.join(_SUFFIXES)}")
    with readable(path):
        table = pq.read_table(path) if is_parquet(path) else _read_csv(path)
    if table.num_rows == 0:
        raise SourceError(f"{path} holds no rows; give a file with at least one text")
    return table


def _read_csv(path: Path) -> pa.Table:
    """All columns as text: zones of times and words such as `null` and `123` survive."""
    import pyarrow as pa
    from pyarrow import csv

    with csv.open_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True)) as opened:
        names = opened.schema.names
    as_text = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    return csv.read_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=as_text)


def _found_columns(names: list[str], format: str, path: Path | str) -> dict[str, str]:
    """Our name -> the column of the file; `SchemaError` where one that the format needs is missing."""
    by_lower = {name.strip().lower(): name for name in reversed(names)}
    found = {}
    for ours, usual in _NAMES.items():
        called = next((by_lower[each] for each in usual if each in by_lower), None)
        needed = ours in ("instrument_id", "time", "text") or (ours == "label" and format == "scored_posts")
        if called is not None and (needed or ours == "precision"):
            found[ours] = called
        elif needed:
            raise SchemaError(
                f"{path} has no column for the {ours.replace('_id', '')} of {format}; one of {', '.join(usual)} "
                f"is allowed, it has {', '.join(names)}; rename the column"
            )
    return found


def _rows(table: pa.Table, columns: dict[str, str], path: str) -> _Rows:
    instrument = _strings(table, columns["instrument_id"])
    instrument = np.array([_plain_name(name) for name in instrument], dtype=object)
    if (instrument == "").any():
        n = int((instrument == "").sum())
        raise SchemaError(f"{path}: {n} rows have no {columns['instrument_id']}; fill them in or leave them out")
    precision = _strings(table, columns["precision"]) if "precision" in columns else None
    times = text_times(table.column(columns["time"]), precision, f"{path}: column '{columns['time']}'")
    label = _labels(_strings(table, columns["label"]), path) if "label" in columns else np.full(len(instrument), np.nan)
    return _Rows(instrument, times, _strings(table, columns["text"]), label)


def _strings(table: pa.Table, column: str) -> np.ndarray:
    """A column as stripped text, "" where there is none, array of str objects."""
    values = table.column(column).to_pylist()
    found = np.empty(len(values), dtype=object)
    found[:] = ["" if value is None else str(value).strip() for value in values]
    return found


def _labels(labels: np.ndarray, path: str) -> np.ndarray:
    words = {word: LABELS.get(word.lower(), np.nan) for word in set(labels)}
    for word, score in words.items():
        if word and np.isnan(score):
            raise SchemaError(f"{path}: unknown label '{word}'; allowed are {', '.join(LABELS)} and none at all")
    return np.array([words[word] for word in labels], dtype=np.float64)
