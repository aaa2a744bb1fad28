"""Chains for training: a split of a data set with its secondary structure, and crops of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from .._system.files import remove_leftovers, replacing
from ..dataset import ChainSet, read_chains
from ..dataset.filters import structure_states
from ..dataset.store import UNKNOWN, angstrom
from ..dataset.validation import check_codes, mapped_array
from ..structure.peptide import link_vectors
from ..structure.secondary_structure import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from jaxtyping import Float, Int, Int8
    from torch import Tensor

__all__ = ["ChainSet", "Crops", "DeviceChains", "crops", "load_chains", "on_device"]


def load_chains(
    folder: str | PathLike[str],
    split: str,
    *,
    max_length: int = 256,
    cache: str | PathLike[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ChainSet:
    """Read one split of a data set or of a chain archive.

    Chains flagged `extended` (not globular on their own) are left out.

    Parameters
    ----------
    folder : path
        See `protdiff.dataset.read_chains`.
    split : {"train", "val", "test"}
    max_length : int
        Longer chains are left out, residues.
    cache : path, optional
        Folder that keeps the secondary structure of an archive, which takes a minute or two to
        compute. A data set holds it already.
    progress : callable, optional
        Called with (chains done, chains in all) while secondary structure is computed.

    Returns
    -------
    ChainSet
    """
    chains = read_chains(folder, split, max_length=max_length)
    if chains.structure is not None:
        return chains
    path = Path(cache) / f"{chains.digest[:16]}.dssp.npy" if cache else None
    if path and path.is_file():
        structure = mapped_array(path, "remove it, and it is made anew")
        if structure.dtype != np.uint8 or structure.shape != chains.types.shape:
            raise ValueError(f"{path}: damaged; remove it, and it is made anew")
        check_codes(path, structure, len(STATES), UNKNOWN)
        return replace(chains, structure=np.array(structure))
    parts: list[np.ndarray] = []
    for number, chain in enumerate(chains, start=1):
        parts.append(structure_states(angstrom(chain.coords), chain.types))
        if progress is not None:
            progress(number, len(chains))
    structure = np.concatenate(parts)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent, path.name)
        with replacing(path) as temporary, temporary.open("wb") as handle:
            np.save(handle, structure)
    return replace(chains, structure=structure)


@dataclass(frozen=True)
class Crops:
    """Parts of some chains, padded to one size.

    `ca`: Å; `links`: unit vectors to the next residue; both zero in the padding. `types` and
    `structure`: residue type and state of secondary structure, -1 in the padding and where
    unknown.
    """

    ca: Float[Tensor, "batch residues 3"]
    links: Float[Tensor, "batch residues 3"]
    types: Int[Tensor, "batch residues"]
    structure: Int[Tensor, "batch residues"]


def crops(
    chains: ChainSet,
    chosen: Sequence[int] | Int[np.ndarray, " batch"],
    starts: Sequence[int] | Int[np.ndarray, " batch"],
    lengths: Sequence[int],
) -> Crops:
    """Parts of some chains, padded to the longest.

    Parameters
    ----------
    chains : ChainSet
    chosen, starts, lengths : sequence of int
        Number of the chain, first residue and residues of every part.
    """
    size = max(lengths)
    ca, links = np.zeros((2, len(chosen), size, 3), dtype=np.float32)
    types, structure = np.full((2, len(chosen), size), -1)
    for row, (chain, start, n) in enumerate(zip(chosen, starts, lengths, strict=True)):
        part = chains.crop(chain, start, n)
        ca[row, :n], links[row, : n - 1], types[row, :n], structure[row, :n] = part
    return Crops(*map(torch.from_numpy, (ca, links, types, structure)))


@dataclass(frozen=True)
class DeviceChains:
    """Chains that lie on an accelerator and are cropped there.

    `lengths` and `starts` (first residue in the tensors) stay on the host. Per residue: `vectors`,
    its CA position (Å) and the link to the next residue; `labels`, residue type and state of
    secondary structure.
    """

    lengths: Int[np.ndarray, " chains"]
    starts: Int[np.ndarray, " chains"]
    vectors: Float[Tensor, "residues 2 3"]
    labels: Int8[Tensor, "residues 2"]

    def __len__(self) -> int:
        return len(self.lengths)

    @classmethod
    def of(cls, chains: ChainSet, device: torch.device | str) -> DeviceChains:
        """Copy a `ChainSet` with secondary structure to a device."""
        chains = chains.compact()
        if chains.structure is None:
            raise ValueError("`chains`: have no secondary structure; read them by load_chains")
        coords = angstrom(chains.coords)
        links = np.zeros((len(coords), 3), np.float32)
        links[:-1] = link_vectors(coords)  # crops leave out those from one chain to the next
        labels = np.stack([chains.types.view(np.int8), chains.structure.astype(np.int8)], 1)
        vectors = np.stack([coords[:, 1], links], 1)
        tensors = (torch.from_numpy(array).to(device) for array in (vectors, labels))
        return cls(chains.lengths, chains.starts, *tensors)

    @property
    def device(self) -> torch.device:
        return self.vectors.device

    def crops(
        self, first: Int[Tensor, " batch"], lengths: Int[Tensor, " batch"], size: int
    ) -> Crops:
        """Parts of the chains, padded to `size`, without waiting for the device.

        Parameters
        ----------
        first, lengths : Tensor, shape (batch,)
            First residue in the tensors, and residues, of every part.
        size : int
        """
        place = torch.arange(size, device=self.device)
        index = (first[:, None] + place).clamp_max(len(self.vectors) - 1)
        vectors, labels = self.vectors[index], self.labels[index].long()
        padding = place >= lengths[:, None]
        no_link = place >= lengths[:, None] - 1
        ca = vectors[:, :, 0].masked_fill(padding[..., None], 0)
        links = vectors[:, :, 1].masked_fill(no_link[..., None], 0)
        return Crops(ca, links, *labels.masked_fill(padding[..., None], -1).unbind(-1))


def on_device(chains: ChainSet, device: torch.device | str) -> ChainSet | DeviceChains:
    """The chains on a CUDA device as `DeviceChains`; for other devices they stay on the host.

    Flows compute in 64 bits, which MPS does not have.
    """
    return DeviceChains.of(chains, device) if torch.device(device).type == "cuda" else chains
