from __future__ import annotations

import numpy as np
from fakes.datasets import make_dataset

from trimtab.config.strategy import Label, Strategy, Universe
from trimtab.pipeline.monitoring import _older_rows


def test_the_reference_of_an_instrument_ends_where_its_own_current_rows_begin() -> None:
    dataset = make_dataset(n=400, instruments=("AAA", "BBB"))
    strategy = Strategy(name="mine", universe=Universe(instruments=("AAA", "BBB")), label=Label(kind="direction"))
    own = [dataset.decision_time[dataset.instrument == code] for code in (0, 1)]
    # BBB was delisted: its last rows are much older than those of AAA.
    starts = (own[0][-20], own[1][-120])
    times = np.concatenate([own[0][-20:], own[1][-120:-100]])
    older = _older_rows(dataset, strategy, np.repeat([0, 1], 20), times)
    for code, start in enumerate(starts):
        kept = dataset.decision_time[older][dataset.instrument[older] == code]
        assert kept.max() < start
        assert len(kept) == (own[code] < start).sum()


def test_an_instrument_that_is_no_longer_watched_is_reference_as_a_whole() -> None:
    dataset = make_dataset(n=400, instruments=("AAA", "BBB"))
    strategy = Strategy(name="mine", universe=Universe(instruments=("AAA",)), label=Label(kind="direction"))
    newest = dataset.decision_time[dataset.instrument == 0][-20:]
    older = _older_rows(dataset, strategy, np.zeros(20, dtype=int), newest)
    assert (dataset.instrument[older] == 1).sum() == (dataset.instrument == 1).sum()
