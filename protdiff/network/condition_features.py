"""Features of a residue that the network may be given: its type and its secondary structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from jaxtyping import Float, Int
    from torch import Tensor

    #: One index per residue, in any form that torch reads.
    Indices = Int[Tensor, "residues"] | Int[np.ndarray, "residues"] | Sequence[int]

__all__ = ["CONDITIONS", "TYPES", "condition_features", "one_hot"]

#: Number of residue types, and of states of secondary structure (helix, strand, coil).
TYPES, STATES = 20, 3
#: Features per residue.
CONDITIONS = TYPES + STATES


def condition_features(
    types: Sequence[Indices | None], structure: Sequence[Indices | None], size: int
) -> Float[Tensor, "batch {size} 23"]:
    """One-hot features of a batch of chains, zero where nothing is known.

    Parameters
    ----------
    types, structure : sequence of (array_like of int or None)
        Per chain, the index of every residue's type (0-19) and state (0-2), -1 where it is not
        known; None for a chain of which nothing is known.
    size : int
        Padded length.

    Examples
    --------
    >>> from protdiff.network.condition_features import condition_features
    >>> features = condition_features([[0, -1]], [[-1, 2]], size=4)  # alanine, then a coil residue
    >>> features.nonzero().tolist()  # chain, residue, feature
    [[0, 0, 0], [0, 1, 22]]
    """
    padded = torch.full((2, len(types), size), -1)
    for part, chains in zip(padded, (types, structure), strict=True):
        for row, indices in enumerate(chains):
            if indices is not None:
                part[row, : len(indices)] = torch.as_tensor(indices)
    return one_hot(*padded)


def one_hot(
    types: Int[Tensor, "batch size"], structure: Int[Tensor, "batch size"]
) -> Float[Tensor, "batch size 23"]:
    """One-hot features of padded indices, -1 where nothing is known."""
    out = torch.zeros(*types.shape, CONDITIONS, device=types.device)
    for index, start in ((types, 0), (structure, TYPES)):
        place = (index.long().clamp_min(0) + start)[..., None]
        out.scatter_(2, place, (index >= 0).to(out.dtype)[..., None])
    return out
