"""What the network may be told of a residue: its type, its secondary structure, or nothing."""

import torch

__all__ = ["CONDITIONS", "TYPES", "condition_features"]

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
    out = torch.zeros(len(types), size, CONDITIONS)
    for row, given in enumerate(zip(types, structure, strict=True)):
        for index, start in zip(given, (0, TYPES), strict=True):
            if index is not None:
                index = torch.as_tensor(index).long()
                place = (index >= 0).nonzero()[:, 0]
                out[row, place, start + index[place]] = 1
    return out
