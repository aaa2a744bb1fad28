"""Chains for training: a split of a data set, with secondary structure."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..dataset import ChainSet, read_chains
from ..dataset.judge import structure_states
from ..dataset.store import angstrom
from ..files import replacing

__all__ = ["ChainSet", "load_chains"]


def load_chains(folder, split, *, max_length=256, cache=None, progress=None):
    """Read one split of a data set or of a chain archive.

    Chains flagged `extended` (not globular on their own) are left out.

    Parameters
    ----------
    folder : path
        See `protdiff.dataset.read_chains`.
    split : {"train", "val", "test"}
    max_length : int
        Longer chains are left out.
    cache : path, optional
        Folder that keeps the secondary structure of an archive, which takes a minute or two to
        compute. A data set has it already.
    progress : callable, optional
        Called with (done, total).

    Returns
    -------
    ChainSet
    """
    chains = read_chains(folder, split, max_length=max_length)
    if chains.structure is not None:
        return chains
    path = cache and Path(cache) / f"{chains.digest[:16]}.dssp.npy"
    if path and path.is_file():
        return replace(chains, structure=np.load(path))
    parts = []
    for k, chain in enumerate(chains):
        parts.append(structure_states(angstrom(chain.coords), chain.types))
        if progress is not None:
            progress(k + 1, len(chains))
    structure = np.concatenate(parts)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as handle:
            np.save(handle, structure)
    return replace(chains, structure=structure)
