"""Warnings of the package have one class, and can be collected."""

import warnings

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
