"""Arrays of other people's files: some of them, without pickles, up to the limit."""

import numpy as np
import pytest

from protdiff._system.arrays import read_array, read_arrays
from protdiff._system.reading import TooLargeError


def test_arrays_by_name(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, a=np.arange(3), b=np.array([{}], dtype=object))
    found = read_arrays(path, ["a", "c"])
    assert list(found) == ["a"] and found["a"].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="pickle"):
        read_arrays(path, ["b"])
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="pickle"):
        read_array(tmp_path / "x.npy")
    np.save(tmp_path / "x.npy", np.eye(2))
    assert read_array(tmp_path / "x.npy").tolist() == [[1, 0], [0, 1]]


def test_up_to_the_limit(tmp_path, monkeypatch):
    """What counts is the size when decompressed, of the arrays that are wanted."""
    path = tmp_path / "x.npz"
    np.savez_compressed(path, small=np.zeros(10), large=np.zeros(2**18))
    monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", "1")
    assert len(read_arrays(path, ["small"])["small"]) == 10
    with pytest.raises(TooLargeError):
        read_arrays(path, ["large"])
