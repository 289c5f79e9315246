"""One cut of time in three: the parts lie in order and no label reaches into the next."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from fakes.datasets import DAY, make_dataset

from trimtab.datasets.three_parts import parse_shares, three_parts
from trimtab.errors import ConfigurationError, NotEnoughDataError


@pytest.mark.parametrize("shares", [(0.6, 0.2, 0.2), (0.7, 0.15, 0.15)])
def test_the_parts_are_these_shares_of_the_time(shares: tuple[float, float, float]) -> None:
    dataset = make_dataset(n=1000)  # 500 days of two instruments
    parts = three_parts(dataset, shares)
    found = [len(part) for part in (parts.train, parts.validation, parts.test)]
    assert found == [round(1000 * share) for share in shares]  # a label that ends at the first decision is known then
    assert (parts.n_purged_train, parts.n_purged_validation) == (0, 0)
    assert np.array_equal(np.concatenate([parts.train, parts.validation, parts.test]), np.arange(1000))


@pytest.mark.parametrize("embargo", [0, 3])
def test_labels_are_realised_before_the_next_part_begins(embargo: int) -> None:
    dataset = make_dataset(n=1000, horizon=10)
    parts = three_parts(dataset, embargo=timedelta(days=embargo))
    for earlier, later in ((parts.train, parts.validation), (parts.train, parts.test), (parts.validation, parts.test)):
        assert dataset.label_end[earlier].max() + embargo * DAY <= dataset.decision_time[later].min()
    # Nine days and the embargo of two instruments, and no more: the tenth day before ends with the first decision.
    assert parts.n_purged_train == parts.n_purged_validation == 2 * (9 + embargo)
    assert len(parts.train) == 600 - parts.n_purged_train


def test_every_horizon_is_purged() -> None:
    dataset = make_dataset(n=1000, further=(10,))
    parts = three_parts(dataset)
    long = dataset.by_horizon[1]
    assert parts.n_purged_train == 18
    assert long.label_end[parts.train].max() <= dataset.decision_time[parts.validation].min()


def test_a_session_of_many_instruments_is_never_split() -> None:
    dataset = make_dataset(n=909, instruments=("AAA", "BBB", "CCC"))
    parts = three_parts(dataset)
    times = [set(dataset.decision_time[part].tolist()) for part in (parts.train, parts.validation, parts.test)]
    assert not times[0] & times[1] and not times[1] & times[2]


def test_the_table_says_what_a_person_asks() -> None:
    dataset = make_dataset(n=1000, horizon=10)
    rows = three_parts(dataset).table(dataset)
    assert [row["part"] for row in rows] == ["train", "validation", "test"]
    assert [row["purged"] for row in rows] == [18, 18, 0]
    assert rows[0]["first_decision"] == "2015-01-02T00:00:00Z"
    assert sum(int(row["samples"]) + int(row["purged"]) for row in rows) == 1000


@pytest.mark.parametrize("shares", [(0.6, 0.2, 0.1), (0.8, 0.2, 0.0), (1.2, -0.1, -0.1)])
def test_shares_that_are_no_cut_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(ConfigurationError, match="three numbers above 0 that sum to 1"):
        three_parts(make_dataset(), shares)


def test_too_few_samples_and_an_empty_part_are_refused() -> None:
    with pytest.raises(NotEnoughDataError, match="has 80 samples, at least 100"):
        three_parts(make_dataset(n=80))
    with pytest.raises(NotEnoughDataError, match="validation part is empty after purging"):
        three_parts(make_dataset(n=200, horizon=30))


@pytest.mark.parametrize(
    "text", ["60/20", "60/20/30", "a/b/c", "0/50/50", "60-20-20", "", "0.6/0.2/0.3", "0/0.5/0.5", "nan/1/1"]
)
def test_shares_are_read_as_percentages_or_parts_of_one(text: str) -> None:
    assert parse_shares("60/20/20") == parse_shares("0.6/0.2/0.2") == (0.6, 0.2, 0.2)
    assert parse_shares("62.5/12.5/25") == (0.625, 0.125, 0.25)
    with pytest.raises(ConfigurationError, match="such as 60/20/20"):
        parse_shares(text)
