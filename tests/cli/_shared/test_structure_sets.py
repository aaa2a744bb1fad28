"""Sets of files of which some cannot be read."""

import errno
import os

import numpy as np
import pytest

import protdiff
from protdiff._system import locks
from protdiff.cli._shared.structure_sets import output_folder, read_files


def test_files_that_cannot_be_read_are_set_aside(tmp_path):
    files = [tmp_path / name for name in ("good.pdb", "empty.pdb", "nowhere.pdb")]
    protdiff.write(protdiff.Backbone.from_coords(np.arange(60.0).reshape(5, 4, 3)), files[0])
    files[1].write_text("")
    kept, backbones, errors = read_files(files, "designs")
    assert kept == files[:1] and [len(backbone) for backbone in backbones] == [5]
    assert [path for path, _ in errors] == files[1:]
    assert "empty file" in errors[0][1] and "no such file" in errors[1][1]
    with pytest.raises(ValueError, match=r"designs: none can be read; the first: .*empty file"):
        read_files(files[1:], "designs")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    for _ in range(2):
        with output_folder(tmp_path / "a" / "b"):
            assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ValueError, match=r"--out .*file: cannot be written"),
        output_folder(tmp_path / "file"),
    ):
        pass


def test_a_merge_names_the_folder_and_no_option(console, tmp_path, monkeypatch):
    def refused(folder):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), os.fspath(folder))

    monkeypatch.setattr(locks, "output_folder", refused)
    code, _, err = console("merge", tmp_path)
    says = f"protdiff: {tmp_path}: cannot be written (Read-only file system)\n"
    assert (code, err) == (2, says)
