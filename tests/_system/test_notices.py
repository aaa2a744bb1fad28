"""Warnings of the package have one class, and can be collected."""

import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

import protdiff
from protdiff._system.notices import ProtdiffWarning, collected, warn


def test_the_class_is_public_and_a_user_warning():
    assert protdiff.ProtdiffWarning is ProtdiffWarning
    assert issubclass(ProtdiffWarning, UserWarning)


def test_a_warning_names_the_caller():
    with pytest.warns(ProtdiffWarning, match="left out") as caught:
        warn("left out")
    assert caught[0].filename == __file__


def test_collected_texts_come_once_each_and_in_order():
    with collected() as texts:
        for text in ("b", "a", "b"):
            warn(text)
    assert texts == ["b", "a"]


def test_a_filter_that_ignores_warnings_does_not_empty_a_column():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with collected() as texts:
            warn("a")
    assert texts == ["a"]


def test_warnings_of_others_pass():
    with pytest.warns(FutureWarning, match="of another package"), collected() as texts:
        warnings.warn("of another package", FutureWarning, stacklevel=1)
    assert texts == []


def test_threads_collect_their_own():
    """They end in another order than they began in, and nothing is left of it."""
    before = warnings.showwarning
    inside, first_ended = threading.Barrier(2, timeout=60), threading.Event()

    def collect(text, waits):
        with collected() as texts:
            inside.wait()
            warn(text)
            inside.wait()
            if waits:
                first_ended.wait(60)
        first_ended.set()
        return texts

    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(collect, *task) for task in (("a", False), ("b", True))]
        assert [one.result() for one in found] == [["a"], ["b"]]
    assert warnings.showwarning is before
    with pytest.warns(ProtdiffWarning, match="seen"):
        warn("seen")
