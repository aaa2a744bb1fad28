"""Chains for training: a split of a data set, with secondary structure, and crops of them."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from .._system.files import replacing
from ..dataset import ChainSet, read_chains
from ..dataset.filters import structure_states
from ..dataset.store import angstrom
from ..structure.peptide import link_vectors

__all__ = ["ChainSet", "DeviceChains", "crops", "load_chains", "on_device"]


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


def crops(chains, chosen, starts, lengths):
    """Parts of some chains, padded to the longest.

    Parameters
    ----------
    chains : ChainSet
    chosen, starts, lengths : sequence of int
        Number of the chain, first residue and residues of every part.

    Returns
    -------
    ca, links : Tensor, shape (B, N, 3)
        Å, and unit vectors of the links; zero in the padding.
    types, structure : Tensor, shape (B, N), int64
        -1 in the padding, and where the type is not known.
    """
    size = max(lengths)
    ca, links = np.zeros((2, len(chosen), size, 3), dtype=np.float32)
    types, structure = np.full((2, len(chosen), size), -1)
    for row, (chain, start, n) in enumerate(zip(chosen, starts, lengths, strict=True)):
        ca[row, :n], links[row, : n - 1], types[row, :n], structure[row, :n] = chains.crop(
            chain, start, n
        )
    return tuple(map(torch.from_numpy, (ca, links, types, structure)))


@dataclass(frozen=True)
class DeviceChains:
    """Chains that lie on an accelerator and are cropped there.

    `lengths`, `starts`: numpy, per chain. Per residue: `vectors` (R, 2, 3) float32, trace in Å
    and link to the next; `labels` (R, 2) int8, residue type and state of secondary structure.
    """

    lengths: np.ndarray
    starts: np.ndarray
    vectors: torch.Tensor
    labels: torch.Tensor

    def __len__(self):
        return len(self.lengths)

    @classmethod
    def of(cls, chains, device):
        """A `ChainSet` on a device."""
        chains = chains.compact()
        coords = angstrom(chains.coords)
        links = np.zeros((len(coords), 3), np.float32)
        links[:-1] = link_vectors(coords)  # those from chain to chain are never shown
        labels = np.stack([chains.types.view(np.int8), chains.structure.astype(np.int8)], 1)
        vectors = np.stack([coords[:, 1], links], 1)
        tensors = (torch.from_numpy(array).to(device) for array in (vectors, labels))
        return cls(chains.lengths, chains.starts, *tensors)

    @property
    def device(self):
        return self.vectors.device

    def crops(self, first, lengths, size):
        """`crops` from tensors: first residue in the arrays and residues of every part."""
        place = torch.arange(size, device=self.device)
        index = (first[:, None] + place).clamp_max(len(self.vectors) - 1)
        vectors, labels = self.vectors[index], self.labels[index].long()
        beyond = place >= lengths[:, None]
        ca = vectors[:, :, 0].masked_fill(beyond[..., None], 0)
        links = vectors[:, :, 1].masked_fill((place >= lengths[:, None] - 1)[..., None], 0)
        return ca, links, *labels.masked_fill(beyond[..., None], -1).unbind(-1)


def on_device(chains, device):
    """The chains where a network on `device` can be fed best: flows need 64 bits, as CUDA has."""
    return DeviceChains.of(chains, device) if torch.device(device).type == "cuda" else chains
