"""Shipped files are found, and a missing one is named."""

import pytest

from protdiff._system.resources import data_file, weight_folders


def test_shipped_files_are_there():
    assert data_file("peptide.json").is_file()
    assert any((folder / "rg-base.safetensors").is_file() for folder in weight_folders())


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"data/absent\.json is missing"):
        data_file("absent.json")
