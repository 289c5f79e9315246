"""`Figures` and `Texts`: what was said about one instrument, as contiguous arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from trimtab.errors import SchemaError

TIME = np.dtype("datetime64[us]")


@dataclass(frozen=True)
class Figures:
    """Numbers somebody stated about one instrument, one element per statement, arrays of equal length.

    Attributes
    ----------
    instrument_id: about whom.
    concept: what is stated, in trimtab's words (`net_income`, `assets`, `put_call_ratio`), array of str.
    period_start: first moment of the period a flow is summed over, `datetime64[us]`, UTC; NaT for a
        level such as a balance, which is true at `period_end`.
    period_end: what the statement is about: the event time. `datetime64[us]`, UTC.
    value: in the unit of the concept (currency, shares, a ratio), float64.
    known_time: when it could first be used, for example when it was filed. `datetime64[us]`, UTC.
    received_time: when trimtab received it. `datetime64[us]`, UTC.
    document: where it was said, such as an accession number; "" where nobody told. Array of str.

    A figure stated again for the same concept and period is a restatement: of those known at a time,
    the one known last counts. The same figure filed twice is one statement, known from the first filing.

    >>> filed = Figures.build("AAPL", ["net_income"], ["2007-09-30"], ["2008-09-27"], [4.834e9], ["2009-10-27"])
    >>> len(filed), str(filed.known_time[0])
    (1, '2009-10-27T00:00:00.000000')
    """

    instrument_id: str
    concept: np.ndarray
    period_start: np.ndarray
    period_end: np.ndarray
    value: np.ndarray
    known_time: np.ndarray
    received_time: np.ndarray
    document: np.ndarray

    def __post_init__(self) -> None:
        _require_shapes(self, {"concept": "U", "period_start": "M", "period_end": "M", "value": "f", "document": "U"})
        _require_times(self, "period_end")

    def __len__(self) -> int:
        return len(self.period_end)

    def take(self, selection: np.ndarray | slice) -> Figures:
        """The figures at some positions, by slice, mask or indices."""
        return Figures(self.instrument_id, **{name: array[selection] for name, array in arrays_of(self)})

    @classmethod
    def build(
        cls,
        instrument_id: str,
        concept: Sequence[str] | np.ndarray,
        period_start: Any,
        period_end: Any,
        value: Any,
        known_time: Any,
        received_time: Any = None,
        document: Sequence[str] | np.ndarray | None = None,
    ) -> Figures:
        """Figures from anything array-like; received when known, from no document, where nothing is said."""
        known = np.asarray(known_time, dtype=TIME)
        return cls(
            instrument_id,
            np.asarray(concept, dtype=np.str_),
            np.asarray(period_start, dtype=TIME),
            np.asarray(period_end, dtype=TIME),
            np.asarray(value, dtype=np.float64),
            known,
            known if received_time is None else np.asarray(received_time, dtype=TIME),
            np.full(len(known), "", dtype=np.str_) if document is None else np.asarray(document, dtype=np.str_),
        )

    @classmethod
    def empty(cls, instrument_id: str) -> Figures:
        """No figures."""
        return cls.build(instrument_id, [], [], [], [], [])


@dataclass(frozen=True)
class Texts:
    """Posts and headlines about one instrument, one element per text, arrays of equal length.

    Attributes
    ----------
    instrument_id: about whom.
    event_time: when it was published, `datetime64[us]`, UTC.
    channel: who speaks: `news` (professional) or `social` (retail). Array of str.
    text: what was written, array of str objects.
    score: mood in [-1, 1], -1 bearish, 1 bullish; NaN where nobody scored it. float64.
    confidence: how sure the score is, in [0, 1]; NaN with the score. float64.
    scorer: who scored: a scorer with its version, or "author" where the writer said it. Array of str.
    embedding: the text as a point, float32, shape (n, d); d is 0 where nothing embedded it.
    known_time: when it could first be used. `datetime64[us]`, UTC.
    received_time: when trimtab received it. `datetime64[us]`, UTC.
    """

    instrument_id: str
    event_time: np.ndarray
    channel: np.ndarray
    text: np.ndarray
    score: np.ndarray
    confidence: np.ndarray
    scorer: np.ndarray
    embedding: np.ndarray
    known_time: np.ndarray
    received_time: np.ndarray

    def __post_init__(self) -> None:
        kinds = {"channel": "U", "text": "O", "score": "f", "confidence": "f", "scorer": "U", "embedding": "f"}
        _require_shapes(self, kinds)
        _require_times(self, "event_time")
        inside = np.isnan(self.score) | (np.abs(self.score) <= 1.0)
        if not inside.all():
            worst = float(self.score[~inside][0])
            raise SchemaError(f"texts of {self.instrument_id}: a score must lie in [-1, 1], not {worst}; rescale it")

    def __len__(self) -> int:
        return len(self.event_time)

    def take(self, selection: np.ndarray | slice) -> Texts:
        """The texts at some positions, by slice, mask or indices."""
        return Texts(self.instrument_id, **{name: array[selection] for name, array in arrays_of(self)})

    @classmethod
    def build(
        cls,
        instrument_id: str,
        event_time: Any,
        channel: Sequence[str] | np.ndarray,
        text: Sequence[str] | np.ndarray | None = None,
        score: Any = None,
        confidence: Any = None,
        scorer: Sequence[str] | np.ndarray | None = None,
        embedding: np.ndarray | None = None,
        known_time: Any = None,
        received_time: Any = None,
    ) -> Texts:
        """Texts from anything array-like; known when published and unscored where nothing is said."""
        times = np.asarray(event_time, dtype=TIME)
        n = len(times)
        known = times if known_time is None else np.asarray(known_time, dtype=TIME)
        scores = np.full(n, np.nan) if score is None else np.asarray(score, dtype=np.float64)
        sure = (
            np.where(np.isnan(scores), np.nan, 1.0) if confidence is None else np.asarray(confidence, dtype=np.float64)
        )
        written = np.empty(n, dtype=object)
        written[:] = [""] * n if text is None else list(text)
        return cls(
            instrument_id,
            times,
            np.asarray(channel, dtype=np.str_),
            written,
            scores,
            sure,
            np.full(n, "", dtype=np.str_) if scorer is None else np.asarray(scorer, dtype=np.str_),
            np.empty((n, 0), np.float32) if embedding is None else np.asarray(embedding, dtype=np.float32),
            known,
            known if received_time is None else np.asarray(received_time, dtype=TIME),
        )

    @classmethod
    def empty(cls, instrument_id: str) -> Texts:
        """No texts."""
        return cls.build(instrument_id, [], [])


def arrays_of(facts: Figures | Texts) -> Iterator[tuple[str, np.ndarray]]:
    """The columns by name, in the order of the schema, without the instrument."""
    for field in fields(facts)[1:]:
        yield field.name, getattr(facts, field.name)


def _require_shapes(facts: Figures | Texts, kinds: dict[str, str]) -> None:
    n = len(facts.known_time)
    for name, array in arrays_of(facts):
        right = array.dtype == TIME if name.endswith("_time") else array.dtype.kind == kinds[name]
        if not right or len(array) != n:
            raise SchemaError(
                f"{type(facts).__name__.lower()} of {facts.instrument_id}: '{name}' has {array.dtype} and length "
                f"{len(array)}, the times have length {n}; give arrays of one length, times as datetime64[us]"
            )


def _require_times(facts: Figures | Texts, event: str) -> None:
    for name in (event, "known_time", "received_time"):
        if np.isnat(getattr(facts, name)).any():
            raise SchemaError(
                f"{type(facts).__name__.lower()} of {facts.instrument_id}: {name} is missing in "
                f"{int(np.isnat(getattr(facts, name)).sum())} rows; leave those out or say when"
            )
