"""Training, validation and test chains: whole clusters of sequences go to one split."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from ..structure.backbone import RESIDUE_TYPES
from .store import SPLITS, UNKNOWN, UNSPLIT

__all__ = ["cluster_identical", "cluster_mmseqs", "deal_splits"]

LETTERS = np.full(256, ord("X"), np.uint8)
LETTERS[: len(RESIDUE_TYPES)] = np.frombuffer(RESIDUE_TYPES.encode(), np.uint8)
assert LETTERS[UNKNOWN] == ord("X")


def cluster_identical(table):
    """Cluster of every chain, int64 (chains,): one per sequence."""
    return np.unique(table["sequence"], return_inverse=True)[1].astype(np.int64)


def cluster_mmseqs(table, types, identity=0.3, coverage=0.8, jobs=1):
    """Clusters by MMseqs2 ``easy-cluster``; int64 (chains,).

    Steinegger & Söding, Nature Biotechnology 35, 1026 (2017). `coverage` is of both sequences.

    Raises
    ------
    ValueError
        If the program fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        fasta = Path(folder) / "chains.fasta"
        with fasta.open("wb") as handle:
            for k, (start, length) in enumerate(zip(table["start"], table["length"], strict=True)):
                sequence = LETTERS[types[start : start + length]].tobytes()
                handle.write(b">%d\n%s\n" % (k, sequence))
        command = [
            shutil.which("mmseqs"), "easy-cluster", str(fasta), f"{folder}/out", f"{folder}/tmp",
            "--min-seq-id", str(identity), "-c", str(coverage), "--threads", str(jobs), "-v", "1",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        pairs = Path(folder) / "out_cluster.tsv"
        if done.returncode or not pairs.is_file():
            reason = " ".join((done.stderr or done.stdout).split())[-160:]
            raise ValueError(f"mmseqs failed ({reason}); use --cluster identical")
        home = np.full(len(table), -1, np.int64)
        with pairs.open() as handle:
            for line in handle:
                representative, member = line.split()
                home[int(member)] = int(representative)
    if (home < 0).any():
        raise ValueError("mmseqs left out some sequences; use --cluster identical")
    return home


def deal_splits(cluster, given, shares, seed=0):
    """Split of every chain, whole clusters at a time.

    Parameters
    ----------
    cluster : ndarray of int, shape (chains,)
    given : ndarray of uint8, shape (chains,)
        Splits that are already decided (index into `SPLITS`), 255 elsewhere; they hold for the
        whole cluster.
    shares : dict of str to float
        Share of the chains for "val" and "test"; clusters are dealt at random until it is
        reached. At least one cluster stays in "train".
    seed : int

    Returns
    -------
    ndarray of uint8, shape (chains,)
    """
    _, index = np.unique(cluster, return_inverse=True)
    sizes = np.bincount(index)
    split = np.full(len(sizes), UNSPLIT, np.uint8)
    decided = given != UNSPLIT
    split[index[decided][::-1]] = given[decided][::-1]
    free = np.flatnonzero(split == UNSPLIT)
    order = np.random.default_rng(seed).permutation(free)
    wanted = {name: shares[name] * sizes[free].sum() for name in ("val", "test")}
    split[free] = SPLITS.index("train")
    place = 0
    for name, count in wanted.items():
        filled = 0
        while count and filled < count and place < len(order) - 1:
            split[order[place]] = SPLITS.index(name)
            filled += sizes[order[place]]
            place += 1
    return np.where(decided, given, split[index])
