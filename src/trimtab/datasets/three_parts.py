"""One cut of time in three: train, validation and test, such as 60/20/20 or 70/15/15, purged between."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from trimtab.bars.times import iso
from trimtab.datasets.build import MIN_SAMPLES
from trimtab.datasets.purging import ROUNDING, forward_margins, positions
from trimtab.datasets.schema import Dataset
from trimtab.errors import ConfigurationError, NotEnoughDataError


@dataclass(frozen=True)
class ThreeParts:
    """Row positions of three parts of a dataset, in order of time; int, increasing.

    Attributes
    ----------
    train: may be learnt from while `validation` chooses and stops.
    validation: may be learnt from too once everything is chosen.
    test: judges, and nothing else.
    n_purged_train: samples of the first part left out, because their label reaches into what follows.
    n_purged_validation: samples of the second part left out, because their label reaches into the test.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    n_purged_train: int
    n_purged_validation: int

    def table(self, dataset: Dataset) -> list[dict[str, str | int | None]]:
        """A row per part: samples, samples purged from its end, first and last decision (ISO 8601, UTC)."""
        purged = {"train": self.n_purged_train, "validation": self.n_purged_validation, "test": 0}
        rows: list[dict[str, str | int | None]] = []
        for name, n_purged in purged.items():
            times = dataset.decision_time[getattr(self, name)]
            rows.append(
                {
                    "part": name,
                    "samples": len(times),
                    "purged": n_purged,
                    "first_decision": iso(times[0]),
                    "last_decision": iso(times[-1]),
                }
            )
        return rows


def parse_shares(text: str) -> tuple[float, float, float]:
    """Read shares in percent, such as `60/20/20`, or of the whole, such as `0.6/0.2/0.2`.

    >>> parse_shares("70/15/15"), parse_shares("0.7/0.15/0.15")
    ((0.7, 0.15, 0.15), (0.7, 0.15, 0.15))
    """
    found = re.fullmatch("/".join([r"(\d+(?:\.\d+)?)"] * 3), text, re.ASCII)
    given = [float(number) for number in found.groups()] if found else [0.0]
    whole = 1.0 if sum(given) <= 1.0 + ROUNDING else 100.0
    if min(given) <= 0 or abs(sum(given) / whole - 1.0) > ROUNDING:
        raise ConfigurationError(
            f"shares are '{text}'; they must be three numbers above 0 that sum to 100, such as 60/20/20, "
            "or to 1, such as 0.6/0.2/0.2"
        )
    train, validation, test = (number / whole for number in given)
    return train, validation, test


def three_parts(
    dataset: Dataset, shares: tuple[float, float, float] = (0.6, 0.2, 0.2), embargo: timedelta = timedelta(0)
) -> ThreeParts:
    """Cut a dataset by time into train, validation and test.

    The cuts lie between distinct decision times, so that a session of many instruments stays together. A
    training sample must have been realised by the first decision of the validation, both by that of the test,
    and `embargo` earlier still where one is asked for (see `trimtab.datasets.purging`, forward).

    Raises `ConfigurationError` for shares that are no cut, and `NotEnoughDataError` below 100 samples or where a
    part is empty.
    """
    if min(shares) <= 0 or abs(sum(shares) - 1.0) > ROUNDING:
        raise ConfigurationError(f"shares are {shares}; they must be three numbers above 0 that sum to 1")
    if len(dataset) < MIN_SAMPLES:
        raise NotEnoughDataError(
            f"the dataset has {len(dataset)} samples, at least {MIN_SAMPLES} are needed to cut it in three; "
            "load a longer history"
        )
    position, times = positions(dataset)
    first, second = (int(share * len(times) + ROUNDING * len(times)) for share in (shares[0], shares[0] + shares[1]))
    parts = position < first, (position >= first) & (position < second), position >= second
    _refuse_empty(parts, "before purging")
    train, validation, test = parts
    kept_validation = validation & ~_too_late(dataset, test, embargo)
    kept_train = train & ~_too_late(dataset, validation, embargo) & ~_too_late(dataset, test, embargo)
    _refuse_empty((kept_train, kept_validation, test), "after purging", "a shorter embargo, " if embargo else "")
    return ThreeParts(
        train=np.flatnonzero(kept_train),
        validation=np.flatnonzero(kept_validation),
        test=np.flatnonzero(test),
        n_purged_train=int((train & ~kept_train).sum()),
        n_purged_validation=int((validation & ~kept_validation).sum()),
    )


def _too_late(dataset: Dataset, later: np.ndarray, embargo: timedelta) -> np.ndarray:
    purged, embargoed = forward_margins(dataset, later, embargo)
    return purged | embargoed


def _refuse_empty(parts: tuple[np.ndarray, np.ndarray, np.ndarray], when: str, first: str = "") -> None:
    for name, part in zip(("train", "validation", "test"), parts, strict=True):
        if not part.any():
            raise NotEnoughDataError(
                f"the {name} part is empty {when}; choose {first}other shares, a shorter horizon or a longer history"
            )
