"""Training, validation and test chains: whole clusters of sequences go to one split."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np

from .._system.files import temporary_folder
from .._system.programs import run_program
from ..structure.backbone import RESIDUE_TYPES
from .store import SPLITS, UNSPLIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Int, Int64, Shaped, UInt8

__all__ = ["cluster_identical", "cluster_mmseqs", "deal_splits"]

#: ASCII code of the one-letter name of every residue type, X for unknown.
LETTERS = np.full(256, ord("X"), np.uint8)
LETTERS[: len(RESIDUE_TYPES)] = np.frombuffer(RESIDUE_TYPES.encode(), np.uint8)


def cluster_identical(table: Shaped[np.ndarray, "chains"]) -> Int64[np.ndarray, "chains"]:
    """Cluster of every chain, one cluster per sequence."""
    return np.unique(table["sequence"], return_inverse=True)[1].astype(np.int64)


def cluster_mmseqs(
    table: Shaped[np.ndarray, "chains"],
    types: UInt8[np.ndarray, "residues"],
    identity: float = 0.3,
    coverage: float = 0.8,
    jobs: int = 1,
) -> Int64[np.ndarray, "chains"]:
    """Cluster of every chain by sequence identity, with the program MMseqs2 (``easy-cluster``).

    Parameters
    ----------
    table, types : ndarray
        As in `ChainSet`.
    identity, coverage : float
        Smallest sequence identity in a cluster, and share of both sequences that is aligned.
    jobs : int
        Threads.

    Raises
    ------
    ValueError
        If the program fails.

    References
    ----------
    Steinegger & Söding, Nature Biotechnology 35, 1026 (2017).
    """
    with temporary_folder() as folder:
        fasta = folder / "chains.fasta"
        with fasta.open("wb") as handle:
            for k, (start, length) in enumerate(zip(table["start"], table["length"], strict=True)):
                sequence = LETTERS[types[start : start + length]].tobytes()
                handle.write(b">%d\n%s\n" % (k, sequence))
        command = [
            shutil.which("mmseqs") or "mmseqs", "easy-cluster",
            str(fasta), f"{folder}/out", f"{folder}/tmp",
            "--min-seq-id", str(identity), "-c", str(coverage), "--threads", str(jobs), "-v", "1",
        ]  # fmt: skip
        log = folder / "log"
        with log.open("wb") as handle:
            failed = run_program(command, handle)
        pairs = folder / "out_cluster.tsv"
        if failed or not pairs.is_file():
            reason = " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-160:]
            raise ValueError(f"mmseqs failed ({reason}); cluster by identical sequence instead")
        cluster = np.full(len(table), -1, np.int64)
        with pairs.open() as handle:
            for line in handle:
                representative, member = line.split()
                cluster[int(member)] = int(representative)
    if (cluster < 0).any():
        raise ValueError("mmseqs left out some sequences; cluster by identical sequence instead")
    return cluster


def deal_splits(
    cluster: Int[np.ndarray, "chains"],
    given: UInt8[np.ndarray, "chains"],
    shares: Mapping[str, float],
    seed: int = 0,
) -> UInt8[np.ndarray, "chains"]:
    """Assign every chain to a split, whole clusters at a time.

    Parameters
    ----------
    cluster : ndarray of int, shape (chains,)
    given : ndarray of uint8, shape (chains,)
        Splits that are already decided (index into `SPLITS`), 255 elsewhere. They hold for the
        whole cluster.
    shares : mapping of str to float
        Share of the chains for "val" and "test". Clusters are assigned at random until the share
        is reached. At least one cluster stays in "train".
    seed : int

    Returns
    -------
    ndarray of uint8, shape (chains,)
        Index into `SPLITS`.
    """
    _, index = np.unique(cluster, return_inverse=True)
    sizes = np.bincount(index)
    split = np.full(len(sizes), UNSPLIT, np.uint8)
    decided = given != UNSPLIT
    # Where chains of one cluster disagree, the first one counts: it is written last.
    split[index[decided][::-1]] = given[decided][::-1]
    free = np.flatnonzero(split == UNSPLIT)
    order = np.random.default_rng(seed).permutation(free)
    targets = {name: shares[name] * sizes[free].sum() for name in ("val", "test")}
    split[free] = SPLITS.index("train")
    position = 0
    for name, target in targets.items():
        filled = 0
        while target and filled < target and position < len(order) - 1:
            split[order[position]] = SPLITS.index(name)
            filled += sizes[order[position]]
            position += 1
    return np.where(decided, given, split[index])
