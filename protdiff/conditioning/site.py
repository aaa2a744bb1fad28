"""The site of a redesign: stretches of a chain in its file, and the numbers of what is redrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..structure.backbone import Backbone
from .ranges import residue_name

if TYPE_CHECKING:
    from jaxtyping import Float, Int

__all__ = [
    "NEW", "UNKNOWN", "UNOBSERVED", "Numbering", "Site", "kept_residues", "number_residues",
    "residues_to_draw",
]  # fmt: skip

UNKNOWN = "UNK"
#: Marks in the layout of a redrawn chain: a new residue, and one that the file does not have.
NEW, UNOBSERVED = -1, -2
#: Fewest residues that must stay: with fewer, the chain's place and orientation are not fixed.
MIN_KEPT = 3


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


def residues_to_draw(
    chain: Backbone, numbers: Int[np.ndarray, " residues"], sequence: str | None = None
) -> Backbone:
    """Residues of a chain without coordinates; alanine, if no sequence is given."""
    return Backbone.from_coords(
        np.full((len(numbers), 4, 3), np.nan), sequence, chain_ids=chain.chain_ids[0],
        residue_numbers=numbers,
        b_factors=None if chain.b_factors is None else np.zeros(len(numbers)),
    )  # fmt: skip


def kept_residues(
    source: Backbone, rows: Sequence[int], places: Sequence[int]
) -> list[tuple[int, str, str, str]]:
    """Residues of an input, by their rows, at places of a chain: as `SampleCondition.residues`.

    Examples
    --------
    >>> kept_residues(Backbone.from_coords(np.zeros((3, 4, 3)), "AGV"), [1, 2], [7, 8])
    [(7, 'A', '2', 'GLY'), (8, 'A', '3', 'VAL')]
    """
    return [
        (
            place,
            str(source.chain_ids[row]),
            f"{source.residue_numbers[row]}{source.insertion_codes[row]}",
            str(source.residue_names[row]),
        )
        for row, place in zip(rows, places, strict=True)
    ]
