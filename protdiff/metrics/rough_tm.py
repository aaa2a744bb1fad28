"""A rough TM-score of two structures, to choose which ones are worth a whole alignment."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import torch

from .structural import (
    GAP_COSTS,
    MIN_RESIDUES,
    TracePair,
    align_scores,
    fragment_motions,
    next_round,
)

if TYPE_CHECKING:
    from ..structure.backbone import Backbone

__all__ = ["rough_tm"]

#: Superpositions of fragments from which an alignment starts.
ROUGH_GUESSES = 2


def rough_tm(model: Backbone, reference: Backbone) -> float:
    """TM-score, by the length of the model, of alignments that start from fragments, not improved.

    A tenth of the work of `align_structures`, to choose what is worth it. NaN for chains of fewer
    than 5 residues.
    """
    if min(len(model), len(reference)) < MIN_RESIDUES:
        return float("nan")
    traces = TracePair(torch.tensor(model.ca).double(), torch.tensor(reference.ca).double())
    starts = (
        align_scores(traces.pair_scores(motion), GAP_COSTS[0])
        for motion in islice(fragment_motions(traces), ROUGH_GUESSES)
    )
    best = max((next_round(pairs, GAP_COSTS[0], traces).tm for pairs in starts), default=0.0)
    return best * traces.shorter / len(model)
