"""Answers kept beside the facts they were made of: once per object, gone with it, never more than a size."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from trimtab.facts import Figures
from trimtab.facts.prepared import Memory


class Counting:
    """A function of figures that says how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, figures: Figures | None, times: float = 1.0) -> np.ndarray:
        self.asked += 1
        return np.zeros(0) if figures is None else figures.value * times


def figures(*values: float) -> Figures:
    n = len(values)
    return Figures.build("A", ["assets"] * n, ["NaT"] * n, ["2020-01-01"] * n, list(values), ["2020-01-02"] * n)


def test_the_same_facts_are_read_once_and_every_argument_for_itself() -> None:
    memory, function, told = Memory(), Counting(), figures(1.0, 2.0)
    assert memory.prepared(function, told) is memory.prepared(function, told)
    assert memory.prepared(function, told, 3.0).tolist() == [3.0, 6.0]
    assert function.asked == 2


def test_equal_facts_that_are_other_objects_are_read_for_themselves() -> None:
    memory, function, told = Memory(), Counting(), figures(1.0)
    memory.prepared(function, told)
    assert memory.prepared(function, replace(told, value=np.array([5.0]))).tolist() == [5.0]
    assert memory.prepared(function, told).tolist() == [1.0]


def test_answers_go_with_the_facts() -> None:
    memory, function = Memory(), Counting()
    for value in range(50):  # memory is handed out again, and with it the numbers objects are known by
        told = figures(float(value))
        assert memory.prepared(function, told).tolist() == [float(value)]
        assert len(memory) == 1
        del told
        gc.collect()
        assert len(memory) == memory.size == 0


def test_an_answer_cannot_be_written_to() -> None:
    answer = Memory().prepared(lambda told: (told.value + 1.0, {"more": told.value * 2.0}), figures(1.0))
    for array in (answer[0], answer[1]["more"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9.0


def test_what_was_longest_unused_goes_where_it_would_be_too_much() -> None:
    memory, function = Memory(largest=3 * 80), Counting()
    every = [figures(*np.arange(10.0)) for _ in range(4)]
    for told in every[:3]:
        memory.prepared(function, told)
    memory.prepared(function, every[0])
    memory.prepared(function, every[3])  # the second was unused for longest
    assert memory.size == 3 * 80 and function.asked == 4
    memory.prepared(function, every[0])
    assert function.asked == 4
    memory.prepared(function, every[1])
    assert function.asked == 5 and memory.size <= 3 * 80


def test_one_object_alone_keeps_to_the_size_and_an_answer_larger_than_it_is_not_kept() -> None:
    memory, function, told = Memory(largest=2 * 80), Counting(), figures(*np.arange(10.0))
    for times in range(5):
        memory.prepared(function, told, float(times))
        assert memory.size <= 2 * 80
    small = Memory(largest=79)
    assert small.prepared(function, told).tolist() == told.value.tolist()
    assert small.size == 0


def test_nothing_is_kept_of_no_facts() -> None:
    memory, function = Memory(), Counting()
    assert len(memory.prepared(function, None)) == len(memory) == 0


def test_threads_get_the_answers_of_their_own_facts_while_others_come_and_go() -> None:
    memory = Memory(largest=40 * 8)

    def ask(seed: int) -> bool:
        shared_right = all(memory.prepared(np_sum, told)[0] == total for told, total in shared)
        own = figures(float(seed), 1.0)
        return shared_right and bool(memory.prepared(np_sum, own)[0] == seed + 1.0)

    def np_sum(told: Figures) -> np.ndarray:
        return np.array([told.value.sum()])

    shared = [(figures(float(k), 2.0), k + 2.0) for k in range(5)]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(2_000)))
    gc.collect()
    assert len(memory) <= 5 and memory.size <= 40 * 8
