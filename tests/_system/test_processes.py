"""Work over processes: in order, lazy, and over as soon as it is not wanted any more."""

import itertools
import os
from functools import partial

import pytest

from protdiff._system.processes import mapped, process_count

#: Work of the standard library: other processes may not find the folder of the tests.
square, process_id = partial(pow, exp=2), partial(eval, "__import__('os').getpid()")


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_in_order(jobs):
    with mapped(square, range(40), jobs) as results:
        assert list(results) == [n**2 for n in range(40)]
    with mapped(process_id, [{}] * 8, jobs) as results:
        assert (os.getpid() in results) == (jobs == 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_endless_tasks_are_taken_as_results_are(jobs):
    taken = []

    def tasks():
        for number in itertools.count():
            taken.append(number)
            yield number

    with mapped(square, tasks(), jobs) as results:
        assert list(itertools.islice(results, 5)) == [0, 1, 4, 9, 16]
    assert len(taken) < 50


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_of_a_worker_are_raised_here(jobs):
    with (
        pytest.raises(ValueError, match="invalid literal"),
        mapped(int, ["a", "b"], jobs) as results,
    ):
        list(results)


def test_number_of_processes():
    assert process_count(3) == 3 and process_count(3, tasks=2) == 2 and process_count(3, 0) == 1
    assert process_count(None) == process_count(0) == (os.cpu_count() or 1)
    with pytest.raises(ValueError, match=r"^`jobs` 100000: at most .*; 0 takes all"):
        process_count(100_000)
