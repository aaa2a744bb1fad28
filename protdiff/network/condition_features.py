"""What the network may be told of a residue: its type, its secondary structure, or nothing."""

import torch

__all__ = ["CONDITIONS", "TYPES", "condition_features", "one_hot"]

#: Residue types, then states of secondary structure (helix, strand, coil).
TYPES, STATES = 20, 3
CONDITIONS = TYPES + STATES


def condition_features(types, structure, size):
    """One-hot features, zero where nothing is given.

    Parameters
    ----------
    types, structure : sequence of (array_like of int or None)
        Per chain, the index of every residue's type (0-19) and state (0-2), -1 where it is not
        given; None for a chain without.
    size : int
        Padded length.

    Returns
    -------
    Tensor, shape (B, size, 23)
    """
    padded = torch.full((2, len(types), size), -1)
    for part, chains in zip(padded, (types, structure), strict=True):
        for row, given in enumerate(chains):
            if given is not None:
                part[row, : len(given)] = torch.as_tensor(given)
    return one_hot(*padded)


def one_hot(types, structure):
    """The same of padded tensors (B, size), -1 where nothing is given."""
    out = torch.zeros(*types.shape, CONDITIONS, device=types.device)
    for index, start in ((types, 0), (structure, TYPES)):
        place = (index.long().clamp_min(0) + start)[..., None]
        out.scatter_(2, place, (index >= 0).to(out.dtype)[..., None])
    return out
