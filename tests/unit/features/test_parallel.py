"""Side by side, in order, and no more begun than there are workers."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from trimtab.features.parallel import in_order


def numbers(n: int, drawn: list[int]) -> Iterator[int]:
    for k in range(n):
        drawn.append(k)
        yield k


@pytest.mark.parametrize("n_workers", [1, 2, 5])
def test_results_stand_in_the_order_of_what_was_given(n_workers: int) -> None:
    assert list(in_order(lambda k: k * k, range(20), n_workers)) == [k * k for k in range(20)]


@pytest.mark.parametrize("n_workers", [1, 2, 3])
def test_no_more_is_read_than_there_are_workers(n_workers: int) -> None:
    drawn: list[int] = []
    for taken, _ in enumerate(in_order(abs, numbers(10, drawn), n_workers)):
        assert len(drawn) - taken <= n_workers
    assert len(drawn) == 10


def test_two_workers_do_work_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=20)
    assert sorted(in_order(lambda k: both.wait() * 0 + k, range(4), 2)) == [0, 1, 2, 3]


@pytest.mark.parametrize("n_workers", [1, 2])
def test_the_first_error_is_raised_and_nothing_more_is_begun(n_workers: int) -> None:
    drawn: list[int] = []
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda k: 1 // (2 - k), numbers(100, drawn), n_workers))
    assert len(drawn) <= 2 + n_workers


def test_one_who_stops_taking_stops_the_workers() -> None:
    drawn: list[int] = []
    results = in_order(abs, numbers(100, drawn), 2)
    next(results)
    results.close()
    assert len(drawn) == 2
    assert not [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]


def test_processes_give_what_one_gives() -> None:
    assert list(in_order(abs, [-3, 2, -1], 2, processes=True)) == [3, 2, 1]
