"""Sequences for backbones: `protdiff.design`."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..structure.backbone import ONE_TO_THREE, RESIDUE_TYPES, Backbone, bonded_to_next
from ..structure.constants import BOND_ANGLES, BOND_LENGTHS
from ..structure.geometry import rejection, unit
from ..structure.io.read_write import read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jaxtyping import Bool, Float, Int
    from numpy.typing import ArrayLike
    from torch import Tensor

    from .graph import Graph

__all__ = ["MAX_RESIDUES", "Design", "design", "graph_of"]

#: Residues that are designed at a time, memory allowing.
MAX_RESIDUES = 5000


@dataclass(frozen=True)
class Design:
    """One sequence for a backbone.

    Attributes
    ----------
    backbone : Backbone
        The backbone with the residue names of the sequence; atoms and numbering are as they were.
    designed : ndarray of bool, shape (L,)
        Residues whose type was drawn.
    log_prob : ndarray, shape (L,)
        Log-probability of every drawn type (nats), given the backbone and the types drawn before
        it; 0 where none was drawn.
    number : int
        Of the sequence among those of one call, from 0.
    seed : int
        Of the call.
    """

    backbone: Backbone
    designed: Bool[np.ndarray, " residues"]
    log_prob: Float[np.ndarray, " residues"]
    number: int
    seed: int

    @property
    def sequence(self) -> str:
        """One-letter codes of all residues, X for unknown ones."""
        return self.backbone.sequence

    @property
    def nats(self) -> float:
        """Mean negative log-probability per drawn residue; lower is surer. NaN if none was."""
        drawn = self.log_prob[self.designed]
        return -float(drawn.mean()) if len(drawn) else float("nan")


def design(
    backbone: Backbone | str | os.PathLike[str],
    num: int = 8,
    *,
    temperature: float = 0.1,
    fixed: ArrayLike | None = None,
    omit: str = "",
    bias: Mapping[str, float] | ArrayLike | None = None,
    tied: Sequence[str] | None = None,
    seed: int = 0,
    weights: str | os.PathLike[str] | None = None,
) -> list[Design]:
    """Draw sequences that fit a backbone.

    The network is an any-order model of residue types: it has seen real proteins with types hidden
    in random orders. Every sequence is an exact draw from it, at the given temperature.

    Parameters
    ----------
    backbone : Backbone, str or os.PathLike
        Up to 5,000 residues, of any number of chains, or a structure file. Residues that lack N, CA
        or C are not designed and keep their names.
    num : int
        Sequences to draw. Sequence k does not depend on how many there are.
    temperature : float
        Divides the log-probabilities before a type is drawn: 1 for draws as the network learned
        them, 0.1 for likelier sequences, 0 for the likeliest type of every residue in its turn.
    fixed : array_like of bool, shape (L,), optional
        Residues that keep their type. UNK among them stays unknown.
    omit : str
        One-letter codes of types not to draw.
    bias : dict of str to float, or array_like of float, shape (L, 20), optional
        Nats to add to the log-probability of types, by letter, or by residue and type in the order
        of `protdiff.structure.backbone.RESIDUE_TYPES`.
    tied : list of str, optional
        Chain ids of copies, which get one sequence; they have equally many residues.
    seed : int
    weights : str or os.PathLike, optional
        Weights of the residue-type network; the shipped ones by default.

    Returns
    -------
    list of Design

    Raises
    ------
    ValueError
        If an argument is out of range, or no residue has N, CA and C.

    Notes
    -----
    Residues of one colour in a random colouring of the neighbour graph are drawn at once, because
    the network lets them not see each other; so a draw takes some thirty passes at any length.

    Examples
    --------
    >>> import protdiff
    >>> backbone = protdiff.read("data/examples/1tpk.pdb").chain("A")
    >>> designs = protdiff.design(backbone, num=2, seed=1)  # doctest: +SKIP
    >>> designs[0].sequence, round(designs[0].nats, 2)  # doctest: +SKIP
    """
    import torch

    from .decode import coloured_order, draw_types
    from .network import UNKNOWN_TYPE
    from .sequence_weights import load_sequence_network

    backbone = backbone if isinstance(backbone, Backbone) else read(os.fspath(backbone))
    _check(backbone, num, temperature)
    kept = _fixed(fixed, len(backbone))
    network = load_sequence_network(weights)
    rows, graph = graph_of(backbone)
    types = torch.tensor([_type(letter) for letter in backbone.sequence])[rows]
    stays = torch.from_numpy(kept[rows])
    ties = None if tied is None else torch.from_numpy(_ties(backbone, tied)[rows])
    if ties is not None:  # what is fixed in one copy is fixed in all
        stays = torch.isin(ties, ties[stays])
        types = _shared_types(types, torch.from_numpy(kept[rows]), ties)
    known = torch.where(stays, types, UNKNOWN_TYPE)
    order = coloured_order(graph.neighbours, stays, np.random.default_rng([seed, 0]), ties)
    rngs = [np.random.default_rng([seed, 1, number]) for number in range(num)]
    drawn = draw_types(
        network, graph, known, rngs, order, temperature, _bias(bias, omit, len(backbone))[rows],
        ties,
    )  # fmt: skip
    designed = np.zeros(len(backbone), bool)
    designed[rows] = ~stays.numpy()
    out: list[Design] = []
    for number in range(num):
        names, log_prob = backbone.residue_names.copy(), np.zeros(len(backbone))
        chosen = drawn.types[number].tolist()
        names[rows] = [ONE_TO_THREE[(RESIDUE_TYPES + "X")[t]] for t in chosen]
        log_prob[rows] = drawn.log_prob[number].double().numpy()
        out.append(Design(replace(backbone, residue_names=names), designed, log_prob, number, seed))
    return out


def graph_of(backbone: Backbone) -> tuple[Int[np.ndarray, " nodes"], Graph]:
    """Residues that have N, CA and C, and their neighbour graph.

    An O that is missing is put where the next N, or an extended chain, would have it.
    """
    import torch

    from .graph import neighbour_graph

    rows = np.flatnonzero(backbone.mask[:, :3].all(axis=1))
    if not len(rows):
        raise ValueError("no residue has N, CA and C; give a backbone with all of its atoms")
    part = backbone[rows]
    coords = part.coords - part.ca.mean(axis=0)
    absent = np.flatnonzero(~part.mask[:, 3])
    coords[absent, 3] = _carbonyl(coords, bonded_to_next(part))[absent]
    # A step of one along the chain where residues are bonded; numbers decide the size of a gap.
    numbers = np.diff(part.residue_numbers)
    steps = np.where(bonded_to_next(part), 1, np.where(numbers > 1, numbers, 2))
    position = np.concatenate([[0], np.cumsum(steps)])
    chains = np.unique(part.chain_ids, return_inverse=True)[1]
    graph = neighbour_graph(
        torch.tensor(coords, dtype=torch.float32), torch.from_numpy(position),
        torch.from_numpy(chains), [len(rows)],
    )  # fmt: skip
    return rows, graph


def _carbonyl(
    coords: Float[np.ndarray, "residues 4 3"], bonded: Bool[np.ndarray, "residues-1"]
) -> Float[np.ndarray, "residues 3"]:
    """O (Å) of every residue from its N, CA and C, and from the next N where that is bonded."""
    n, ca, c = coords[:, 0], coords[:, 1], coords[:, 2]
    # Trans to N about CA-C where the chain ends: psi of 0 would put it on the next N.
    away = unit(c - ca) * np.cos(np.radians(180 - BOND_ANGLES["CA-C-O"]))
    side = rejection(n - ca, unit(c - ca))
    side[:-1][bonded] = -rejection(n[1:] - c[:-1], unit(c - ca)[:-1])[bonded]
    sine = np.sin(np.radians(180 - BOND_ANGLES["CA-C-O"]))
    return c + BOND_LENGTHS["C-O"] * (away + sine * unit(side))


def _check(backbone: Backbone, num: int, temperature: float) -> None:
    """ValueError for numbers out of range."""
    if len(backbone) > MAX_RESIDUES:
        raise ValueError(f"`backbone` of {len(backbone)} residues: at most {MAX_RESIDUES}")
    if num < 1:
        raise ValueError(f"`num` {num}: must be at least 1")
    if not 0 <= temperature <= 10:
        raise ValueError(f"`temperature` {temperature:g}: must lie between 0 and 10")


def _type(letter: str) -> int:
    """Number of a residue type; 20 for X."""
    return (RESIDUE_TYPES + "X").index(letter)


def _fixed(fixed: ArrayLike | None, length: int) -> Bool[np.ndarray, " residues"]:
    """Residues that keep their type."""
    if fixed is None:
        return np.zeros(length, bool)
    kept = np.asarray(fixed)
    if kept.shape != (length,) or kept.dtype != bool:
        raise ValueError(f"`fixed`: must be {length} booleans, one per residue")
    return kept


def _ties(backbone: Backbone, chains: Sequence[str]) -> Int[np.ndarray, " residues"]:
    """A number for every residue, equal for those at one place in the chains given."""
    members = [np.flatnonzero(backbone.chain_ids == chain) for chain in chains]
    for chain, rows in zip(chains, members, strict=True):
        backbone.chain(chain)  # its error names the chains that are there
        if len(rows) != len(members[0]):
            raise ValueError(
                f"`tied`: chain {chain!r} has {len(rows)} residues, chain {chains[0]!r} "
                f"{len(members[0])}; copies have equally many"
            )
    ties = np.arange(len(backbone))
    for rows in members[1:]:
        ties[rows] = members[0]
    return ties


def _shared_types(
    types: Int[Tensor, " nodes"], kept: Bool[Tensor, " nodes"], ties: Int[Tensor, " nodes"]
) -> Int[Tensor, " nodes"]:
    """Types in which a fixed one of a copy is that of all; ValueError if two differ."""
    out = types.clone()
    for row in kept.nonzero()[:, 0].tolist():
        copies = (ties == ties[row]).nonzero()[:, 0]
        if bool((types[copies][kept[copies]] != types[row]).any()):
            raise ValueError("`fixed`: tied residues have different types; fix one of them")
        out[copies] = types[row]
    return out


def _bias(
    bias: Mapping[str, float] | ArrayLike | None, omit: str, length: int
) -> Float[Tensor, "residues types"]:
    """What is added to the log-probabilities; -inf for types that are left out."""
    import torch

    table = np.zeros((length, len(RESIDUE_TYPES)))
    letters = bias if isinstance(bias, dict) else {}
    for letter in [*letters, *omit]:
        if letter not in RESIDUE_TYPES:
            name = "omit" if letter in omit else "bias"
            raise ValueError(f"`{name}`: {letter!r} is no residue type; use {RESIDUE_TYPES}")
    if letters:
        for letter, nats in letters.items():
            table[:, _type(letter)] = nats
    elif bias is not None:
        given: Any = np.asarray(bias, dtype=float)
        if given.shape != table.shape:
            raise ValueError(f"`bias`: shape {given.shape}, expected {table.shape}")
        table = given.copy()
    table[:, [_type(letter) for letter in omit]] = -np.inf
    if np.isnan(table).any() or (table == -np.inf).all(axis=1).any():
        raise ValueError("`bias`, `omit`: every residue needs a type that may be drawn")
    return torch.from_numpy(table).float()
