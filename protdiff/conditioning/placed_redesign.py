"""A redesign of one sample: what is kept, what surrounds it, and the chain as it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from string import ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from ..structure.backbone import Backbone, joined
from .base import SampleCondition, Stage, types_of
from .energy import SECOND_PASS, Potential, overlap
from .placed_motif import SPACE, PlacedMotif
from .ranges import residue_name

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from .energy import EnergyFunction
    from .known import Known

__all__ = ["PlacedRedesign", "Site", "number_residues", "residues_to_draw"]

UNKNOWN = "UNK"
#: Marks in the layout of a redrawn chain: a new residue, and one that the file does not have.
NEW, UNOBSERVED = -1, -2
#: Fewest residues that must stay: with fewer, the chain's place and orientation are not fixed.
MIN_KEPT = 3


@dataclass(frozen=True)
class SurroundingsLaw:
    """How CA atoms around the chain repel those of its new residues.

    Parameters
    ----------
    radius : float
        Å.
    stiffness : float
        kT per Å².
    early, late : float
        They repel at times between the two, while the fold is open and can still avoid them. With
        `early` 0.5, 6.1 % of the new bonds of chains grown by windows of 128 were off, with 0.8
        1.7 %.
    """

    radius: float = 4.5
    stiffness: float = 1.0
    early: float = 0.8
    late: float = 0.08


LAW = SurroundingsLaw()


@dataclass(frozen=True, eq=False)
class Site:
    """Stretches of a chain that are redrawn, and the file around them.

    Parameters
    ----------
    source : Backbone
        All chains of the file.
    rows : ndarray of int
        Rows in the source of the chain, or of the piece of it that the network sees.
    cuts : tuple of (int, int)
        (start, stop) of the stretches, as rows of the chain.
    gives_types : bool
        Whether the network is given the residue types.
    name : str
        How errors begin.
    """

    source: Backbone
    rows: Int[np.ndarray, " chain"]
    cuts: tuple[tuple[int, int], ...]
    gives_types: bool = False
    name: str = "`regions`"
    chain: Backbone = field(init=False)

    def __post_init__(self) -> None:
        chain = self.source[self.rows]
        object.__setattr__(self, "chain", chain)
        new = np.zeros(len(self.rows), bool)
        for start, stop in self.cuts:
            new[start:stop] = True
        lacking = np.flatnonzero(~chain.mask.all(1) & ~new)
        if len(lacking):
            raise ValueError(
                f"{self.name}: residue {residue_name(chain, int(lacking[0]))} of the surroundings "
                "lacks backbone atoms; "
                "redesign it too, or take it out"
            )
        if (~new).sum() < MIN_KEPT:
            raise ValueError(f"{self.name}: leaves fewer than three residues; use `length`")

    def surroundings(self) -> Float[np.ndarray, "others 3"]:
        """CA positions of everything in the file but the chain."""
        others = np.ones(len(self.source), bool)
        others[self.rows] = False
        return self.source.ca[others & self.source.mask[:, 1]]


class Numbering(NamedTuple):
    """Numbers, insertion codes and names of the residues of a redrawn chain."""

    numbers: Int[np.ndarray, " residues"]
    codes: np.ndarray
    names: np.ndarray


class PlacedRedesign(SampleCondition):
    """A redesign with the lengths of its segments decided.

    Parameters
    ----------
    site : Site
    place : ndarray of int, shape (N,)
        Row in the chain of every residue, or `NEW` or `UNOBSERVED`.
    numbering : Numbering
    """

    stage, second_pass, redraws_part = Stage.EXACT, SECOND_PASS, True

    def __init__(
        self, site: Site, place: Int[np.ndarray, " residues"], numbering: Numbering
    ) -> None:
        self.site, self.place, self.numbering = site, place, numbering
        self.written, self.other_chains = place != UNOBSERVED, len(site.source.chains) > 1
        around = site.surroundings()
        energies = [Surroundings(around, place < 0)] if len(around) else []
        self.motif = PlacedMotif(
            site.chain,
            place,
            ["A"] * len(place),
            turn=False,
            space=replace(SPACE, around_motif=0.0),
            energies=energies,
        )
        for energy in energies:
            energy.known = self.motif.known

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        return self.motif(clean, variance, u)

    def finish(self, backbone: Backbone) -> Backbone:
        """All chains of the file, with its numbering, and the new residues in their places."""
        chain, place = self.site.chain, self.place
        drawn = self.motif.finish(backbone)
        kept, new = place >= 0, place == NEW
        coords = np.array(drawn.coords)
        coords[kept] = chain.coords[place[kept]]
        # The link beside a new residue is new: C and O before it, N after it.
        before = np.flatnonzero(kept[:-1] & new[1:])
        after = np.flatnonzero(new[:-1] & kept[1:])
        coords[before, 2:] = drawn.coords[before, 2:]
        coords[after + 1, 0] = drawn.coords[after + 1, 0]
        written = place != UNOBSERVED
        count, b_factors = int(written.sum()), None
        if chain.b_factors is not None:
            b_factors = np.where(kept, chain.b_factors[place], 0)[written]
        redrawn = Backbone(
            coords[written], np.ones((count, 4), bool), self._names(drawn)[written],
            np.full(count, chain.chain_ids[0]), self.numbering.numbers[written],
            self.numbering.codes[written], b_factors,
        )  # fmt: skip
        return _insert(self.site.source, self.site.rows, redrawn)

    def _names(self, drawn: Backbone) -> np.ndarray:
        """Residue names: those requested for new residues, else those of the numbering."""
        new = self.place == NEW
        requested = new & (drawn.residue_names != UNKNOWN)
        names = np.where(requested, drawn.residue_names, self.numbering.names)
        names[new & (names == UNKNOWN)] = "ALA"
        return names

    def residues(self) -> list[tuple[int, str, str, str]]:
        place = (np.cumsum(self.place != UNOBSERVED) - 1).tolist()
        return [(place[i], chain, label, name) for i, chain, label, name in self.motif.residues()]

    def sequence(self) -> str | None:
        if not self.site.gives_types or types_of(self.site.chain.residue_names.tolist()) is None:
            return None
        return types_of(self.numbering.names.tolist())


class Surroundings(Potential):
    """Repulsion of the chain's new residues by CA atoms around it, which move with its known ones.

    Parameters
    ----------
    around : ndarray, shape (others, 3)
        CA positions, Å.
    new : ndarray of bool, shape (N,)
        Residues of the chain that they repel.
    """

    name = "surroundings"
    known: Known  # set by the redesign: where the known residues are

    def __init__(
        self, around: Float[np.ndarray, "others 3"], new: Bool[np.ndarray, " residues"]
    ) -> None:
        self.around, self.new = torch.tensor(around, dtype=torch.float64), torch.tensor(new)

    def energy_at(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> EnergyFunction | None:
        if not LAW.late < u < LAW.early:
            return None
        at = self.around - self.known.centers[0] + self.known.shift(clean)

        def energy(ca: Float[Tensor, "residues 3"], spread: float) -> Float[Tensor, ""]:
            gap = ca[self.new][:, None] - at
            return LAW.stiffness / 2 * overlap(gap.square().sum(-1), LAW.radius)

        return energy


def number_residues(
    site: Site, place: Int[np.ndarray, " residues"], growth: Sequence[int]
) -> Numbering:
    """Numbers, insertion codes and names of the redrawn chain.

    The new residues of a stretch take its old numbers in turn. Where there are more new residues
    than old ones, they take the last number with the next free insertion codes. A stretch that
    keeps its length keeps its residue names; otherwise they are unknown.

    Parameters
    ----------
    site : Site
    place : ndarray of int, shape (N,)
    growth : sequence of int
        Residues by which every stretch grows.
    """
    chain = site.chain
    numbers = np.zeros(len(place), dtype=np.int64)
    codes, names = np.full(len(place), "", dtype="<U1"), np.full(len(place), UNKNOWN)
    kept = place >= 0
    numbers[kept] = chain.residue_numbers[place[kept]]
    codes[kept] = chain.insertion_codes[place[kept]]
    names[kept] = chain.residue_names[place[kept]]
    new = iter(np.flatnonzero(place == NEW).tolist())
    for (start, stop), extra in zip(site.cuts, growth, strict=True):
        last = int(chain.residue_numbers[stop - 1])
        taken = set(chain.insertion_codes[chain.residue_numbers == last].tolist())
        free = (letter for letter in ascii_uppercase if letter not in taken)
        for k in range(start, stop + extra):
            i = next(new)
            numbers[i] = chain.residue_numbers[min(k, stop - 1)]
            codes[i] = chain.insertion_codes[k] if k < stop else next(free, "")
            if k >= stop and not codes[i]:
                raise ValueError(
                    f"`length_change`: residue {last} has no insertion code left for so many new "
                    "residues; renumber the file"
                )
            if not extra:
                names[i] = chain.residue_names[k]
    return Numbering(numbers, codes, names)


def _insert(source: Backbone, rows: Int[np.ndarray, " chain"], new: Backbone) -> Backbone:
    """The source with the residues of some rows replaced by a new chain, at the first of them."""
    first = int(rows[0])
    before, rest = np.arange(first), np.setdiff1d(np.arange(first, len(source)), rows)
    return joined([source[before], new, source[rest]])


def residues_to_draw(
    chain: Backbone, numbers: Int[np.ndarray, " residues"], sequence: str | None = None
) -> Backbone:
    """Residues of a chain without coordinates; alanine, if no sequence is given."""
    return Backbone.from_coords(
        np.full((len(numbers), 4, 3), np.nan), sequence, chain_ids=chain.chain_ids[0],
        residue_numbers=numbers,
        b_factors=None if chain.b_factors is None else np.zeros(len(numbers)),
    )  # fmt: skip
