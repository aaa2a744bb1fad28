"""Chains for training: CA trace, link vectors, residue types and secondary structure in memory."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..archive import read_archive
from ..backbone import ONE_TO_THREE, RESIDUE_TYPES
from ..geometry import link_vectors
from ..secondary_structure import STATES, dssp

__all__ = ["ChainSet", "load_chains"]


@dataclass(frozen=True)
class ChainSet:
    """Chains one after the other.

    Parameters
    ----------
    ca, links : ndarray, shape (residues, 3), float32
        CA positions in Å; unit vector of the link to the next residue (zero at the last one).
    types, structure : ndarray, shape (residues,), uint8
        Index into "ARNDCQEGHILKMFPSTWYV"; index into "HEC" (DSSP).
    offsets : ndarray, shape (chains + 1,), int64
    digest : str
        SHA-256 of coordinates and types: names the data in a model card.
    """

    ca: np.ndarray
    links: np.ndarray
    types: np.ndarray
    structure: np.ndarray
    offsets: np.ndarray
    digest: str

    def __len__(self):
        return len(self.offsets) - 1

    @property
    def lengths(self):
        return np.diff(self.offsets)

    def span(self, chain, start=0, length=None):
        """Slice of residues of one chain, or of a crop of it."""
        first, last = self.offsets[chain], self.offsets[chain + 1]
        return slice(first + start, last if length is None else first + start + length)


def load_chains(folder, split, *, max_length=256, cache=None, progress=None):
    """Read one split of the chain archive.

    Chains flagged `extended` (not globular on their own) are left out.

    Parameters
    ----------
    folder : path
        Holds `chains.csv` and `structures_le256.npz` (and `structures_257_512.npz`).
    split : {"train", "val", "test"}
    max_length : int
        Longer chains are left out.
    cache : path, optional
        Folder that keeps the secondary structure, which takes a minute or two to compute.
    progress : callable, optional
        Called with (done, total).

    Returns
    -------
    ChainSet
    """
    chains = read_archive(folder, split, max_length=max_length)
    coords, types = [c.coords for c in chains], [c.types for c in chains]
    offsets = np.concatenate([[0], np.cumsum([len(c) for c in coords])])
    types = np.concatenate(types)
    digest = hashlib.sha256(np.ascontiguousarray(np.concatenate(coords)).tobytes())
    digest.update(types.tobytes())
    digest = digest.hexdigest()
    coords = [c.astype(np.float32) / 100 for c in coords]
    links = np.concatenate([np.pad(link_vectors(c), ((0, 1), (0, 0))) for c in coords])
    structure = _structure(coords, types, offsets, cache and Path(cache) / digest[:16], progress)
    return ChainSet(
        ca=np.concatenate([c[:, 1] for c in coords]),
        links=links.astype(np.float32),
        types=types,
        structure=structure,
        offsets=offsets,
        digest=digest,
    )


def _structure(coords, types, offsets, cache, progress):
    """DSSP of every chain, from the cache if it is there."""
    path = cache and cache.with_suffix(".dssp.npy")
    if path and path.is_file():
        return np.load(path)
    parts = []
    for k, xyz in enumerate(coords):
        names = [ONE_TO_THREE[RESIDUE_TYPES[t]] for t in types[offsets[k] : offsets[k + 1]]]
        parts.append(np.array([STATES.index(s) for s in dssp(xyz, names)], dtype=np.uint8))
        if progress is not None:
            progress(k + 1, len(coords))
    structure = np.concatenate(parts)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".tmp.npy")
        np.save(temporary, structure)
        temporary.replace(path)
    return structure
