"""`HoldOut`: one cut of time in three, whose last part judges once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from trimtab.datasets import Dataset
from trimtab.datasets.purging import ROUNDING
from trimtab.datasets.three_parts import three_parts
from trimtab.errors import ConfigurationError
from trimtab.validation.folds import Fold, require_samples
from trimtab.validation.splitters.forward_fold import forward_fold
from trimtab.validation.splitters.sizes import check_embargo


@dataclass(frozen=True)
class HoldOut:
    """One cut of time into training, validation and test, in that order; the test part judges once.

    Attributes
    ----------
    shares: of the distinct decision times, in that order; they sum to 1, such as 60/20/20 or 70/15/15.
    embargo: extra time between the end of the last training label and the first test decision.

    The validation part chooses parameters (see `trimtab.datasets.three_parts`), which is over before anything is
    judged here: the model that is judged learns from both parts, purged against the test part, as the candidate
    learns from everything. One cut tells nothing about consistency over time: for that use `WalkForward`.
    """

    shares: tuple[float, float, float] = (0.6, 0.2, 0.2)
    embargo: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if len(self.shares) != 3 or min(self.shares) <= 0.0 or abs(sum(self.shares) - 1.0) > ROUNDING:
            raise ConfigurationError(
                f"hold-out shares are {list(self.shares)}; give three shares greater than 0 that sum to 1, "
                "such as [0.6, 0.2, 0.2]"
            )
        check_embargo(self.embargo)

    def split(self, dataset: Dataset) -> list[Fold]:
        """One fold, "hold_out"; fewer than 100 samples or an empty part raise `NotEnoughDataError`."""
        require_samples(dataset)
        test = np.zeros(len(dataset), bool)
        test[three_parts(dataset, self.shares, self.embargo).test] = True
        return [forward_fold(dataset, "hold_out", test, ~test, self.embargo)]
