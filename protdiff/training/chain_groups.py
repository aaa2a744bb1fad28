"""Which chains a fine-tuning learns from, and on which it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._system.words import counted, either
from ..dataset.split import deal_splits
from ..dataset.store import SPLITS, UNSPLIT

if TYPE_CHECKING:
    from .chains import ChainSet

__all__ = ["ChainGroups", "hold_out_chains"]


class ChainGroups(NamedTuple):
    """Chains to learn from and to measure on.

    `rehearsal` and `others`: samples of the original weights, which stand for all proteins; the
    first are trained on, the second only measured, to see what is forgotten.
    """

    train: ChainSet
    held_out: ChainSet
    rehearsal: ChainSet | None = None
    others: ChainSet | None = None


def hold_out_chains(
    chains: ChainSet, share: float, seed: int = 0
) -> tuple[ChainSet, ChainSet, bool]:
    """Training and held-out chains: whole clusters, or single chains if there is one cluster only.

    Parameters
    ----------
    chains : ChainSet
    share : float
        Of the chains to hold out.
    seed : int

    Returns
    -------
    train, held_out : ChainSet
    one_sequence : bool
        Whether all chains have the same sequence, as the conformations of an ensemble have.

    Raises
    ------
    ValueError
        If there are too few chains to hold out any.
    """
    cluster = chains.table["cluster"]
    if len(np.unique(cluster)) == 1:
        cluster = np.arange(len(chains))
    undecided = np.full(len(chains), UNSPLIT, np.uint8)
    split = deal_splits(cluster, undecided, {"val": share, "test": 0.0}, seed)
    held_out = np.flatnonzero(split == SPLITS.index("val"))
    if not len(held_out):
        chains_are = f"{counted(len(chains), 'chain')} {either(len(chains), 'is', 'are')}"
        raise ValueError(f"{chains_are} too few to hold out {share:.0%} of them")
    train = np.flatnonzero(split == SPLITS.index("train"))
    one_sequence = len(np.unique(chains.table["sequence"])) == 1
    return chains.take(train), chains.take(held_out), one_sequence
