"""How likely the secondary structure of a chain is, and where it is least likely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .contraction import from_left, left_vectors, log_norm, log_weight, right_vectors

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from .mps import MPS
    from .string_model import StringModel

__all__ = ["STRETCH", "StringScore", "score_string", "stretch_log_probs"]

#: Residues of a stretch.
STRETCH = 12


@dataclass(frozen=True)
class StringScore:
    """Score of a string.

    Attributes
    ----------
    nats : float
        -ln P per residue, given the length.
    log_odds : float
        ln P minus that of a chain whose symbols are independent, nats.
    first : int
        First residue of the least likely stretch, from 0.
    size : int
        Its residues: 12, or all of a shorter chain.
    stretch_nats : float
        -ln P per residue of the stretch given the rest of the chain.
    """

    nats: float
    log_odds: float
    first: int
    size: int
    stretch_nats: float


def stretch_log_probs(
    mps: MPS, weights: Float[Tensor, "1 length symbols"], size: int
) -> Float[Tensor, " stretches"]:
    """ln P of every stretch of a size given all that is before and after it."""
    count = weights.shape[1] - size + 1
    left, right = left_vectors(mps, weights)[0][:count, 0], right_vectors(mps, weights)[size:, 0]
    given = weights[0].unfold(0, size, 1)  # (stretches, symbols, size)
    total, logs = left, left.new_zeros(count)
    free, free_logs = left, left.new_zeros(count)
    for k in range(size):
        total = (from_left(total, mps.sites) * given[:, :, k, None]).sum(1)
        free = from_left(free, mps.sites).sum(1)
        scales = [x.sum(1, keepdim=True) for x in (total, free)]
        total, free = total / scales[0].clamp_min(1e-300), free / scales[1]
        logs, free_logs = logs + scales[0][:, 0].log(), free_logs + scales[1][:, 0].log()
    return (total * right).sum(1).log() + logs - (free * right).sum(1).log() - free_logs


def score_string(model: StringModel, weights: Float[Tensor, "1 length symbols"]) -> StringScore:
    """Score a string that is given by its site weights.

    Examples
    --------
    >>> from protdiff.sequence.strings import one_hot
    >>> from protdiff.sequence.strings.alphabet import to_symbols
    >>> from protdiff.sequence.strings.string_model import load_string_model
    >>> model = load_string_model()
    >>> text = "CCEEEEECCCHHHHHHHHHHHCEEEEECHECHECEHECHCCHHHHHHHHHHCCCEEEEEC"
    >>> score = score_string(model, one_hot(model.mps, to_symbols(text)[None]))
    >>> 24 <= score.first <= 34
    True
    """
    length = weights.shape[1]
    size = min(STRETCH, length)
    log_prob = float(log_weight(model.mps, weights)) - float(log_norm(model.mps, length))
    independent = float((weights[0] @ model.frequencies).log().sum())
    stretches = stretch_log_probs(model.mps, weights, size)
    first = int(stretches.argmin())
    return StringScore(
        -log_prob / length, log_prob - independent, first, size, -float(stretches[first]) / size
    )
