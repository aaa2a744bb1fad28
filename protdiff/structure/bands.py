"""Bands of the chain's modes by period: one table for losses, populations and likelihoods."""

import numpy as np

__all__ = ["BANDS", "band_index"]

#: Name of a band and its longest period in residues.
BANDS = {"<4": 4.0, "4-8": 8.0, "8-16": 16.0, "16-32": 32.0, ">32": float("inf")}


def band_index(length):
    """Band of the modes 1 … N-1 of a chain of N residues, exact at the edges; int (N - 1,)."""
    return np.searchsorted(list(BANDS.values())[:-1], 2 * length / np.arange(1, length))
