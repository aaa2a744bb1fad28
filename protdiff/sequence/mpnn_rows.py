"""A backbone as ProteinMPNN's own parser gives it: chains by number, empty rows in gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int

    from ..structure.backbone import Backbone

__all__ = ["ParsedRows", "parsed_rows"]

#: Empty rows for one gap, at most. Distances along a chain differ up to 32 alone, so a longer gap
#: looks the same; but in some files the numbers jump by thousands.
MAX_GAP = 100
#: Distance between the last position of a chain and the first one of the next.
CHAIN_STEP = 100


@dataclass(frozen=True)
class ParsedRows:
    """Rows of ProteinMPNN's input.

    Attributes
    ----------
    source : ndarray of int, shape (P,)
        Residue of the backbone; -1 for an empty row in a gap.
    coords : ndarray, shape (P, 4, 3)
        N, CA, C and O in Å; zeros where there is no atom.
    present : ndarray of bool, shape (P,)
        Rows that have all four atoms; the others have no part but as padding.
    position : ndarray of int, shape (P,)
        Along the chains, one after the other, with a step of 100 between chains.
    chain : ndarray of int, shape (P,)
        Number of the chain, from 1.
    """

    source: Int[np.ndarray, " rows"]
    coords: Float[np.ndarray, "rows 4 3"]
    present: Bool[np.ndarray, " rows"]
    position: Int[np.ndarray, " rows"]
    chain: Int[np.ndarray, " rows"]


def parsed_rows(backbone: Backbone) -> ParsedRows:
    """The rows that ProteinMPNN's parser makes of the file of a backbone.

    Residues of a chain are sorted by number and insertion code. A number that is missing inside a
    chain is an empty row, up to 100 for one gap.

    Parameters
    ----------
    backbone : Backbone

    Returns
    -------
    ParsedRows

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff import Backbone
    >>> gap = Backbone.from_coords(np.zeros((3, 4, 3)), residue_numbers=[4, 5, 8])
    >>> parsed_rows(gap).source.tolist()
    [0, 1, -1, -1, 2]
    """
    sources = [_with_gaps(backbone, chain) for chain in backbone.chains]
    chain = np.repeat(np.arange(len(sources)), [len(rows) for rows in sources])
    source = np.concatenate(sources)
    coords = np.where((source < 0)[:, None, None], np.nan, backbone.coords[source])
    present = np.all(np.isfinite(coords), axis=(1, 2))
    position = CHAIN_STEP * chain + np.arange(len(source))
    return ParsedRows(source, np.nan_to_num(coords, nan=0.0), present, position, chain + 1)


def _with_gaps(backbone: Backbone, chain: str) -> Int[np.ndarray, " rows"]:
    """Residues of a chain by number and insertion code, with -1 for each that is missing."""
    rows = np.flatnonzero(backbone.chain_ids == chain)
    numbers = backbone.residue_numbers
    rows = rows[np.lexsort((backbone.insertion_codes[rows], numbers[rows]))]
    missing = np.clip(np.diff(numbers[rows]) - 1, 0, MAX_GAP)
    return np.insert(rows, np.repeat(np.arange(1, len(rows)), missing), -1)
