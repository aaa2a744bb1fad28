"""Results come in order from any number of processes."""

import os
from itertools import islice

import pytest

from protdiff._system.processes import mapped, process_count


def square(number):
    return number * number


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_tasks(jobs):
    with mapped(square, range(30), jobs) as results:
        assert list(results) == [n * n for n in range(30)]


def test_tasks_are_not_taken_long_before_their_results():
    taken = []
    with mapped(square, (taken.append(n) or n for n in range(10_000)), 2) as results:
        assert list(islice(results, 3)) == [0, 1, 4]
        assert len(taken) < 30


def test_process_count():
    assert process_count(4) == 4 and process_count(4, 2) == 2 and process_count(4, 0) == 1
    assert process_count(None) == process_count(0) == os.cpu_count()
