"""A state to begin learning with: a Markov chain that remembers as much as pays.

From random steps, expectation and maximisation takes long to find out that the last symbols matter,
and may never find all that they say. A context tree (Rissanen 1983) knows that in closed form: its
leaves are the endings of the past, of various lengths, that say most about the next symbol. What
the leaves do not say is left to be learned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Int
    from torch import Tensor

    Places = Int[np.ndarray, " places"]

__all__ = ["context_counts", "contexts"]


def contexts(row: Places, labels: int, most: int) -> list[Places]:
    """The places of every context of a row of labels, at most `most` contexts.

    The leaf whose division raises the likelihood of the next label most is divided by one more
    label of the past, until there would be more leaves than allowed.

    Parameters
    ----------
    row : ndarray of int
        Strings one after the other, the mark `labels` in front of each and at the end.
    labels : int
        Number of labels.
    most : int

    Examples
    --------
    Of symbols in pairs one has to know whether the last one is the first of its pair:

    >>> import numpy as np
    >>> row = np.array([2, 0, 0, 1, 1, 0, 0, 1, 1, 2])
    >>> [places.tolist() for places in contexts(row, 2, 3)]
    [[1, 2, 5, 6], [3, 4, 7, 8], [0]]
    """
    whole = np.arange(len(row) - 1)
    leaves = [(*_division(row, whole, 0, labels), whole, 0)]
    while True:
        gain, best = max((leaf[0], k) for k, leaf in enumerate(leaves))
        _, parts, _, depth = leaves[best]
        if gain <= 0 or len(leaves) + len(parts) - 1 > most:
            return [places for _, _, places, _ in leaves]
        new = [(*_division(row, part, depth + 1, labels), part, depth + 1) for part in parts]
        leaves[best : best + 1] = new


def _division(row: Places, places: Places, depth: int, labels: int) -> tuple[float, list[Places]]:
    """What is gained in nats by dividing a context by one more label, and its parts."""
    if depth and row[places[0] - depth + 1] == labels:  # it reaches back to the start
        return 0.0, [places]
    back, after = row[places - depth], row[places + 1]
    counts = np.bincount(back * (labels + 1) + after, minlength=(labels + 1) ** 2)
    counts = counts.reshape(labels + 1, labels + 1).astype(float)
    gain = _log_likelihood(counts).sum() - _log_likelihood(counts.sum(0))
    return float(gain), [places[back == label] for label in np.unique(back)]


def _log_likelihood(counts: Float[np.ndarray, "*rows next"]) -> Float[np.ndarray, "*rows"]:
    """Of what comes next, with its own frequencies."""
    total = counts.sum(-1, keepdims=True)
    logs = np.log(np.where(counts > 0, counts / np.where(total > 0, total, 1), 1))
    return (counts * logs).sum(-1)


def context_counts(
    strings: Sequence[Int[Tensor, " length"]],
    symbols: int,
    bond: int,
    labels: Int[Tensor, " symbols"] | None = None,
) -> tuple[Float[Tensor, " bond"], Float[Tensor, "symbols bond bond"], Float[Tensor, " bond"]]:
    """How often strings start in every context, go from one to another, and end in one, per string.

    Parameters
    ----------
    strings : sequence of int tensors
    symbols, bond : int
        States that the contexts do not need have no counts.
    labels : Tensor of int, shape (q,), optional
        Of every symbol, numbered from 0: contexts remember the labels only. The symbols themselves
        by default.
    """
    labels = torch.arange(symbols) if labels is None else labels
    mark = int(labels.max()) + 1
    end = np.array([mark])
    row = np.concatenate([part for s in strings for part in (end, labels[s].numpy())] + [end])
    state = np.zeros(len(row) - 1, int)
    for k, places in enumerate(contexts(row, mark, bond)):
        state[places] = k
    left, right = torch.zeros(2, bond, dtype=torch.float64)
    sites = torch.zeros(symbols, bond, bond, dtype=torch.float64)
    starts = np.flatnonzero(row[:-1] == mark)
    ends = np.append(starts[1:] - 1, len(state) - 1)
    steps = np.flatnonzero(row[1:-1] != mark)
    symbol, state = torch.cat(list(strings)), torch.from_numpy(state)
    one = torch.ones((), dtype=torch.float64) / len(strings)
    left.index_put_((state[starts],), one, accumulate=True)
    right.index_put_((state[ends],), one, accumulate=True)
    sites.index_put_((symbol, state[steps], state[steps + 1]), one, accumulate=True)
    return left, sites, right
