"""Work over processes: in order, lazy, and over as soon as it is not wanted any more."""

import itertools
import os

import pytest

from protdiff._system.processes import mapped, process_count


def square(number):
    return number**2, os.getpid()


def fail(number):
    raise ValueError(f"no {number}")


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_in_order(jobs):
    with mapped(square, range(40), jobs) as results:
        values, workers = zip(*results, strict=True)
    assert values == tuple(n**2 for n in range(40))
    assert (os.getpid() in workers) == (jobs == 1)


@pytest.mark.parametrize("jobs", [1, 2])
def test_endless_tasks_are_taken_as_results_are(jobs):
    taken = []

    def tasks():
        for number in itertools.count():
            taken.append(number)
            yield number

    with mapped(square, tasks(), jobs) as results:
        assert [value for value, _ in itertools.islice(results, 5)] == [0, 1, 4, 9, 16]
    assert len(taken) < 50


@pytest.mark.parametrize("jobs", [1, 2])
def test_errors_of_a_worker_are_raised_here(jobs):
    with pytest.raises(ValueError, match="no 0"), mapped(fail, [0, 1], jobs) as results:
        list(results)


def test_number_of_processes():
    assert process_count(3) == 3 and process_count(3, tasks=2) == 2 and process_count(3, 0) == 1
    assert process_count(None) == process_count(0) == (os.cpu_count() or 1)
