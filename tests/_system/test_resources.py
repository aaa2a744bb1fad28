"""Shipped files are found, and a missing one is named."""

import json

import pytest

from protdiff._system.resources import data_file


def test_shipped_statistics_are_found():
    assert "correction" in json.loads(data_file("spectrum.json").read_text())


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"absent\.json"):
        data_file("absent.json")
