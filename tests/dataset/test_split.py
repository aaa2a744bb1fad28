"""Splits: whole clusters, the given shares, and what was decided before."""

import os

import numpy as np
import pytest

from protdiff.dataset.split import cluster_identical, cluster_mmseqs, deal_splits
from protdiff.dataset.store import TABLE, UNKNOWN, UNSPLIT

NONE = np.full(100, UNSPLIT, np.uint8)


def test_clusters_are_never_divided():
    cluster = np.random.default_rng(0).integers(0, 30, 100)
    split = deal_splits(cluster, NONE, {"val": 0.2, "test": 0.1})
    for k in range(30):
        assert len(set(split[cluster == k])) <= 1
    assert 0.2 <= (split == 1).mean() < 0.3 and 0.1 <= (split == 2).mean() < 0.2
    assert np.array_equal(split, deal_splits(cluster, NONE, {"val": 0.2, "test": 0.1}))
    other = deal_splits(cluster, NONE, {"val": 0.2, "test": 0.1}, seed=1)
    assert not np.array_equal(split, other)


def test_one_cluster_is_for_training():
    assert not deal_splits(np.zeros(100), NONE, {"val": 0.5, "test": 0.5}).any()


def test_no_share_no_chains():
    assert not deal_splits(np.arange(100), NONE, {"val": 0, "test": 0}).any()


def test_decided_splits_hold_for_the_cluster():
    given = NONE.copy()
    given[[3, 40]] = [2, 1]
    cluster = np.arange(100) // 2
    split = deal_splits(cluster, given, {"val": 0.1, "test": 0.0})
    assert split[2] == split[3] == 2 and split[40] == split[41] == 1
    assert 0.1 <= (np.delete(split, [40, 41]) == 1).mean() < 0.15


def table_of(sequences):
    table = np.zeros(len(sequences), TABLE)
    table["length"] = [len(s) for s in sequences]
    table["start"] = np.cumsum([0, *table["length"][:-1]])
    return table, np.concatenate([np.array(s, np.uint8) for s in sequences])


def test_identical_sequences_are_one_cluster():
    table, _ = table_of([[1], [2], [1]])
    table["sequence"] = [7, 9, 7]
    home = cluster_identical(table)
    assert home[0] == home[2] != home[1]


FAKE = """#!/usr/bin/env python3
import sys
fasta, out = sys.argv[2:4]
assert sys.argv[1] == "easy-cluster" and "0.3" in sys.argv
first = {}
with open(out + "_cluster.tsv", "w") as handle:
    lines = open(fasta).read().split()
    for name, sequence in zip(lines[::2], lines[1::2]):
        handle.write(first.setdefault(sequence[0], name[1:]) + "\\t" + name[1:] + "\\n")
"""


@pytest.fixture
def mmseqs(tmp_path, monkeypatch):
    """A program called mmseqs that clusters by the first letter."""

    def install(text):
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "mmseqs").write_text(text)
        (folder / "mmseqs").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return install


def test_mmseqs_is_called_and_read(mmseqs):
    mmseqs(FAKE)
    table, types = table_of([[0, 1, 2], [5, UNKNOWN], [0, 9], [5]])
    assert cluster_mmseqs(table, types).tolist() == [0, 1, 0, 1]


def test_mmseqs_that_fails_is_one_line(mmseqs):
    mmseqs("#!/bin/sh\necho no space >&2\nexit 1\n")
    with pytest.raises(ValueError, match=r"mmseqs failed \(no space\)"):
        cluster_mmseqs(*table_of([[0]]))
