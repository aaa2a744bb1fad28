"""Fit the nats by which sequences at a low temperature get the composition of real proteins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ..sequence.composition import Composition
from ..sequence.decode import coloured_order, draw_types
from ..sequence.network import N_TYPES, UNKNOWN_TYPE
from .sequence_run import batches_of_epoch, type_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float, Int

    from ..dataset import ChainSet
    from ..sequence.network import SequenceNetwork

__all__ = ["TEMPERATURES", "counts", "fit_composition"]

#: Temperatures of the table; between them the values are interpolated.
TEMPERATURES = (0.0, 0.1, 0.2, 0.3, 0.5)
#: Residues that are drawn at a time, batches of a round, and rounds.
RESIDUES, BATCHES, ROUNDS = 2000, 4, 16
#: Nats that a type loses in the first round if it is drawn e times too often; steps fall as
#: 1 / (1 + round / 6). How much likelier another type is differs among residues by about a nat, so
#: one nat changes a count by a factor of e or more at any temperature; 0.5 overshoots.
GAIN, SLOWER = 0.25, 6
#: Residues that every type has at least, so that logarithms stay finite.
LEAST = 2.0


def fit_composition(
    network: SequenceNetwork,
    chains: ChainSet,
    temperatures: Sequence[float] = TEMPERATURES,
    report: Callable[[str], object] = print,
) -> Composition:
    """Nats for each type, such that drawn and natural types of chains are equally frequent.

    Stochastic approximation (Robbins and Monro): types are drawn for some chains, and each type's
    value changes by the logarithm of natural over drawn counts, in steps that fall. The result is
    the mean of the second half of the rounds.

    Parameters
    ----------
    network : SequenceNetwork
        Without such a table.
    chains : ChainSet
        At least a hundred chains that the network was not trained on: of those it was trained on
        it is surer, and draws other types.
    temperatures : sequence of float
    report : callable
        Gets a line per temperature.

    Returns
    -------
    Composition

    Raises
    ------
    ValueError
        If the network has a table already.
    """
    if network.composition is not None:
        raise ValueError("`network`: has a table of the composition already")
    bias: list[tuple[float, ...]] = []
    for temperature in temperatures:
        values, path = np.zeros(N_TYPES), []
        for number in range(ROUNDS):
            natural, drawn = counts(network, chains, temperature, values, number)
            step = GAIN / (1 + number / SLOWER)
            values = values + step * np.log((natural + LEAST) / (drawn + LEAST))
            values -= values.mean()
            path.append(values)
            off = 100 * np.abs(natural - drawn).max() / natural.sum()
            report(f"temperature {temperature:g}, round {number}: {off:.1f} points at most")
        mean = np.mean(path[ROUNDS // 2 :], axis=0)
        bias.append(tuple(np.round(mean, 4).tolist()))
    return Composition(tuple(temperatures), tuple(bias))


def counts(
    network: SequenceNetwork,
    chains: ChainSet,
    temperature: float,
    bias: Float[np.ndarray, " types"],
    number: int,
) -> tuple[Int[np.ndarray, " types"], Int[np.ndarray, " types"]]:
    """How often every type is in some chains, and in sequences drawn for them."""
    natural, drawn = np.zeros(N_TYPES, int), np.zeros(N_TYPES, int)
    batches = batches_of_epoch(chains, RESIDUES, number)[:BATCHES]
    for place, chosen in enumerate(batches):
        batch = type_batch(chains, chosen, 0.0, place)
        rng = np.random.default_rng([number, place])
        nobody = torch.zeros(len(batch.types), dtype=torch.bool)
        order = coloured_order(batch.graph.neighbours, nobody, rng)
        unknown = torch.full_like(batch.types, UNKNOWN_TYPE)
        table = torch.from_numpy(bias)[None]
        types = draw_types(network, batch.graph, unknown, [rng], order, temperature, table).types[0]
        known = batch.types != UNKNOWN_TYPE
        natural += np.bincount(batch.types[known].numpy(), minlength=N_TYPES)
        drawn += np.bincount(types[known].numpy(), minlength=N_TYPES)
    return natural, drawn
