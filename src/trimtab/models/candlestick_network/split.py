"""Which windows train, which choose thresholds, and which the model never sees.

Two walls: instruments, and time. A test window belongs to an instrument that never trained, and all its
twenty bars are later than every bar that trained, so neither a price nor a market day is in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from trimtab.errors import ArtifactError, ConfigurationError, NotEnoughDataError
from trimtab.models.candlestick_network.windows import Windows

TEST_INSTRUMENTS = 1 / 3  # share of the instruments kept away from training
VALIDATION_FROM, TEST_FROM = 7 / 12, 8 / 12  # of the time the bars span, where nothing else is said


@dataclass(frozen=True)
class Split:
    """The two walls.

    Attributes
    ----------
    trained: instruments that train; every other one is a test instrument.
    validation_from: the last of the training time begins here: thresholds and early stopping, no weights.
    test_from: from here on the model sees nothing. `datetime64[us]`, UTC, both.
    """

    trained: frozenset[str]
    validation_from: np.datetime64
    test_from: np.datetime64

    def training(self, windows: Windows) -> np.ndarray:
        """Rows of windows that lie before `validation_from` as a whole."""
        return np.flatnonzero(self._is_trained(windows) & (windows.event_time < self.validation_from))

    def validation(self, windows: Windows) -> np.ndarray:
        """Rows of windows of the same instruments that lie between the two times as a whole."""
        between = (windows.first_time >= self.validation_from) & (windows.event_time < self.test_from)
        return np.flatnonzero(self._is_trained(windows) & between)

    def unseen(self, windows: Windows) -> np.ndarray:
        """Rows of windows of other instruments that begin at `test_from` or later."""
        return np.flatnonzero(~self._is_trained(windows) & (windows.first_time >= self.test_from))

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        times = {"validation_from": str(self.validation_from), "test_from": str(self.test_from)}
        return {"trained": sorted(self.trained), **times}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Split:
        """Read back what `to_json` gave; `ArtifactError` when it is damaged."""
        try:
            times = [np.datetime64(str(values[name]), "us") for name in ("validation_from", "test_from")]
            return cls(frozenset(map(str, values["trained"])), *times)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"what the model says of its split is damaged ({error!r}); train it again") from error

    def _is_trained(self, windows: Windows) -> np.ndarray:
        mine = np.array([each.instrument_id in self.trained for each in windows.series], dtype=bool)
        return mine[windows.code]


def make_split(
    windows: Windows, validation_from: np.datetime64 | None = None, test_from: np.datetime64 | None = None
) -> Split:
    """A split of these windows: a third of the instruments and the last third of the time are never seen.

    Instruments are drawn by the SHA-256 of their names, so the draw is the same for every run and no
    choice of ours. Times left out lie at 7/12 and 8/12 of the span of the bars.

    Raises `ConfigurationError` for times in the wrong order and `NotEnoughDataError` for a single
    instrument or a part without windows.
    """
    start, end = windows.first_time.min(), windows.event_time.max()
    test_from = _between(start, end, TEST_FROM) if test_from is None else test_from
    share = VALIDATION_FROM / TEST_FROM
    validation_from = _between(start, test_from, share) if validation_from is None else validation_from
    if not validation_from < test_from:
        raise ConfigurationError(
            f"validation begins {validation_from} and the test {test_from}; the test must begin after the validation"
        )
    split = Split(_trained(each.instrument_id for each in windows.series), validation_from, test_from)
    for name, rows in (("training", split.training), ("validation", split.validation), ("test", split.unseen)):
        if not len(rows(windows)):
            raise NotEnoughDataError(
                f"no window of 20 bars is left for the {name} part (bars from {start} to {end}, validation from "
                f"{validation_from}, test from {test_from}); give longer bars or other times"
            )
    return split


def _trained(instruments: Iterable[str]) -> frozenset[str]:
    """All instruments but the third whose names have the smallest SHA-256."""
    drawn = sorted(set(instruments), key=lambda name: sha256(name.encode()).hexdigest())
    if len(drawn) < 2:
        raise NotEnoughDataError("one instrument cannot show how the network does on others; give bars of two or more")
    return frozenset(drawn[max(1, round(TEST_INSTRUMENTS * len(drawn))) :])


def _between(start: np.datetime64, end: np.datetime64, share: float) -> np.datetime64:
    """The midnight at or before a share of a span of time."""
    moment = start + np.timedelta64(int(share * (end - start).astype(np.int64)), "us")
    return moment.astype("datetime64[D]").astype("datetime64[us]")
