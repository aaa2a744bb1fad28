"""Drawing types from the residue-type network: exactly, and in few passes.

The network gives every residue the probabilities of its type given the types of its neighbours that
come before it in an order. Residues that are no neighbours do not see each other, so those of equal
colour in a colouring of the neighbour graph can be drawn at once: some twenty groups for a chain of
any length, with the same distribution as drawing one residue after the other in that order.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from .network import N_TYPES, inverse_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from .graph import Graph
    from .network import SequenceNetwork

__all__ = ["Draw", "coloured_order", "draw_types"]


@dataclass(frozen=True)
class Draw:
    """Sequences drawn on one graph.

    Attributes
    ----------
    types : Tensor of int, shape (sequences, R)
    log_prob : Tensor, shape (sequences, R)
        Log-probability (nats) of every type when it was drawn, at temperature 1 and without bias;
        0 for residues that were known.
    """

    types: Int[Tensor, "sequences residues"]
    log_prob: Float[Tensor, "sequences residues"]


def coloured_order(
    neighbours: Int[Tensor, "residues neighbours"],
    known: Bool[Tensor, " residues"],
    rng: np.random.Generator,
    ties: Int[Tensor, " residues"] | None = None,
) -> Int[Tensor, " residues"]:
    """Group of every residue, such that neighbours are in different groups.

    Parameters
    ----------
    neighbours : Tensor of int, shape (R, K)
        As in `Graph`.
    known : Tensor of bool, shape (R,)
        Residues that are not drawn; they get different negative numbers, in random order.
    rng : Generator
        Residues are coloured in random order, each with the first colour that none of its
        neighbours has; the colours come in random order.
    ties : Tensor of int, shape (R,), optional
        Residues of equal number get one type, so they are in one group.

    Returns
    -------
    Tensor of int, shape (R,)
        0, 1, 2, … in the order in which the groups are drawn, negative for known residues.

    Examples
    --------
    >>> import numpy as np, torch
    >>> path = torch.tensor([[0, 1], [1, 0], [2, 1], [3, 2]])
    >>> group = coloured_order(path, torch.zeros(4, dtype=torch.bool), np.random.default_rng(0))
    >>> bool((group[1:] != group[:-1]).all()), int(group.max()) < 3
    (True, True)
    """
    count = len(neighbours)
    unit = list(range(count)) if ties is None else ties.tolist()
    near: defaultdict[int, set[int]] = defaultdict(set)
    for i, row in enumerate(neighbours.tolist()):
        for j in row:
            if unit[j] != unit[i]:
                near[unit[i]].add(unit[j])
                near[unit[j]].add(unit[i])
    drawn = dict.fromkeys(unit[i] for i in np.flatnonzero(~known.numpy()).tolist())
    colours: dict[int, int] = {}
    for u in rng.permutation(list(drawn)).tolist():
        taken = {colours[v] for v in near[u] if v in colours}
        colours[u] = next(c for c in range(count) if c not in taken)
    colour = np.array([-1 if k else colours[u] for k, u in zip(known.tolist(), unit, strict=True)])
    order, free = np.empty_like(colour), colour >= 0
    order[free] = rng.permutation(len(set(colours.values())))[colour[free]]
    order[~free] = -1 - rng.permutation(np.count_nonzero(~free))
    return torch.from_numpy(order)


@torch.no_grad()
def draw_types(
    network: SequenceNetwork,
    graph: Graph,
    known: Int[Tensor, " residues"],
    rngs: Sequence[np.random.Generator],
    order: Int[Tensor, " residues"],
    temperature: float = 0.1,
    bias: Float[Tensor, "#residues types"] | None = None,
    ties: Int[Tensor, " residues"] | None = None,
) -> Draw:
    """Draw types for all residues whose type is not known, once per generator.

    Parameters
    ----------
    network : SequenceNetwork
    graph : Graph
    known : Tensor of int, shape (R,)
        Types that are kept; `UNKNOWN_TYPE` where a type is to be drawn.
    rngs : sequence of Generator
        One per sequence, so that a sequence does not depend on how many are drawn.
    order : Tensor of int, shape (R,)
        Groups of `coloured_order`.
    temperature : float
        Divides the log-probabilities before drawing; 0 takes the likeliest type.
    bias : Tensor, shape (R or 1, 20), optional
        Added to the log-probabilities (nats) before the division; -inf forbids a type. The
        composition of the network is added, too.
    ties : Tensor of int, shape (R,), optional
        Residues of equal number get one type, drawn from the mean of their log-probabilities.

    Returns
    -------
    Draw
    """
    encoded, pair = network.encode(graph)
    weight = inverse_count(graph)
    types = known.expand(len(rngs), -1).clone()
    log_prob = torch.zeros(types.shape)
    untyped = [send(encoded) for send in network.send_untyped]
    sent = _sent_by_known(network, graph, encoded, pair, known, order, len(rngs))
    unit = torch.arange(len(order)) if ties is None else ties
    added = _added(network, temperature, bias).expand(len(order), -1)
    for group in range(int(order.max()) + 1):
        rows = torch.nonzero(order == group)[:, 0]
        near = graph.neighbours[rows]
        seen = (order[near] < group)[..., None]
        state = encoded[rows].expand(len(rngs), -1, -1)
        path = []
        for number, layer in enumerate(network.decoder):
            path.append(state)
            messages = torch.where(seen, sent[number][:, near], untyped[number][near])
            state = layer(state, messages, pair[rows], weight[rows])
        log_p = network.out(state).log_softmax(-1)
        chosen = _choose(log_p + added[rows], temperature, rngs, unit[rows])
        types[:, rows] = chosen
        log_prob[:, rows] = log_p.gather(-1, chosen[..., None])[..., 0]
        for number, state in enumerate(path):
            sent[number][:, rows] = network.sent_with_type(number, state, chosen)
    return Draw(types, log_prob)


def _added(
    network: SequenceNetwork, temperature: float, bias: Float[Tensor, "#residues types"] | None
) -> Float[Tensor, "#residues types"]:
    """Nats that are added to the log-probabilities of the types."""
    added = torch.zeros(1, N_TYPES, dtype=torch.float64)
    if network.composition is not None:
        added = added + torch.from_numpy(network.composition.at(temperature))
    return added if bias is None else added + bias


def _sent_by_known(
    network: SequenceNetwork,
    graph: Graph,
    encoded: Float[Tensor, "residues hidden"],
    pair: Float[Tensor, "residues neighbours edge"],
    known: Int[Tensor, " residues"],
    order: Int[Tensor, " residues"],
    count: int,
) -> list[Float[Tensor, "sequences residues hidden"]]:
    """What known residues send in every layer of the decoder; zero for the others.

    Known residues see the known ones before them, as all residues did in training.
    """
    rows = torch.nonzero(order < 0)[:, 0]
    near, weight = graph.neighbours[rows], inverse_count(graph)[rows]
    seen = (order[near] < order[rows, None])[..., None]
    state, out = encoded.clone(), []
    for number, layer in enumerate(network.decoder):
        typed = network.sent_with_type(number, state, known)
        untyped = network.send_untyped[number](encoded)
        sent = torch.zeros_like(typed)
        sent[rows] = typed[rows]
        out.append(sent.expand(count, -1, -1).clone())
        new = layer(state[rows], torch.where(seen, typed[near], untyped[near]), pair[rows], weight)
        state = state.clone()
        state[rows] = new
    return out


def _choose(
    log_p: Float[Tensor, "sequences residues types"],
    temperature: float,
    rngs: Sequence[np.random.Generator],
    ties: Int[Tensor, " residues"],
) -> Int[Tensor, "sequences residues"]:
    """A type for every residue, by Gumbel's trick: the largest of log_p plus T times Gumbel noise.

    It is the largest of log_p / T plus noise, too, but holds down to a temperature of zero.
    """
    units, member = ties.unique(return_inverse=True)
    mean = torch.zeros(len(log_p), len(units), N_TYPES, dtype=torch.float64)
    mean.index_add_(1, member, log_p.double())
    mean /= member.bincount()[:, None]
    noise = np.stack([rng.gumbel(size=(len(units), N_TYPES)) for rng in rngs])
    return (mean + temperature * torch.from_numpy(noise)).argmax(-1)[:, member]
