"""Which residues have a name that says something: designs have a placeholder in its stead."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Bool

    from ..structure.backbone import Backbone

__all__ = ["has_sequence", "unnamed"]

#: Equal letters in a row that name no residues: at most 5.5 % of any of 13,588 real chains lie in
#: such runs.
RUN = 8
#: Share of unnamed residues from which on a chain is looked at as one without a sequence.
UNNAMED = 0.2
#: Two or three letters that make up nearly all of a chain count only in chains of this length.
MIN_LENGTH = 20


def unnamed(chain: Backbone) -> Bool[np.ndarray, " residues"]:
    """Which residues of a chain have a name that stands for no residue type.

    These are UNK, eight or more equal letters in a row, and the letters that fill most of the
    chain: one letter of more than 1/2 of its known residues, two of more than 2/3 or three of
    more than 3/4 (as strands of valine, helices of alanine and loops of glycine), unless most
    are unknown. Among 13,588
    real chains only one, the antifreeze protein Maxi with 62 % alanine, has such letters.

    Parameters
    ----------
    chain : Backbone
        One chain.

    Returns
    -------
    ndarray of bool, shape (residues,)

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff import Backbone
    >>> scaffold = Backbone.from_coords(np.zeros((12, 4, 3)), "GGGGGWKGGGGG")
    >>> np.flatnonzero(~unnamed(scaffold)).tolist()
    [5, 6]
    """
    names = chain.residue_names
    out = names == "UNK"
    known = int((~out).sum())
    common = Counter(names[~out].tolist()).most_common(3)
    most = 0 if known < len(chain) / 2 else 3 if len(chain) >= MIN_LENGTH else 1
    for k in range(1, min(most, len(common)) + 1):
        if sum(count for _, count in common[:k]) > known * k / (k + 1):
            return out | np.isin(names, [name for name, _ in common[:k]])
    starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]]) if len(names) else np.arange(0)
    sizes = np.diff(np.r_[starts, len(names)])
    return out | np.repeat(sizes >= RUN, sizes)


def has_sequence(chain: Backbone) -> bool:
    """Whether more than four of five residues of a chain have a name that says something."""
    return bool(unnamed(chain).mean() < UNNAMED) if len(chain) else True
