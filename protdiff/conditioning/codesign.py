"""Co-design: residue types and backbone of a region are drawn together, inside all that is fixed.

Structure steps and type steps alternate (`protdiff.sampling.alternation`). Each of them sees the
other's estimate: the structure network the types of the surroundings and those drawn so far, the
residue-type network the estimated backbone with everything around it. After DiffAb (Luo et al.
2022), with the RG flow in place of its two diffusions of coordinates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .._system.notices import warn
from .base import Condition, SampleCondition, Stage, types_of
from .given import TypedRegion
from .redesign import Redesign, find_regions, two_integers
from .site import NEW, UNKNOWN, kept_residues

if TYPE_CHECKING:
    from os import PathLike

    from jaxtyping import Bool, Int

    from ..structure.backbone import Backbone

__all__ = ["MODES", "TYPE_TEMPERATURE", "CoDesign", "StillBackbone"]

#: What is drawn of a region.
MODES = ("structure", "sequence", "both")
#: Temperature of the types; that of `protdiff.design`.
TYPE_TEMPERATURE = 0.1


@dataclass(frozen=True)
class CoDesign(Condition):
    """Draw the backbone, the residue types or both of segments of one chain; the rest stays.

    Parameters
    ----------
    source : Backbone
        All chains of the file.
    regions : str
        Residue ranges of one chain: ``H99-110``, see `protdiff.conditioning.ranges`.
    mode : {"structure", "sequence", "both"}
        "structure": the types of the regions stay as in the file, as in `Redesign`. "sequence": no
        atom moves, and the types are those of `protdiff.design` with all others fixed.
    length_change : (int, int)
        Least and most residues by which every region may grow, with "both".
    chain : str, optional
        Chain of the ranges that name none.
    strength : float, optional
        Time of the flow up to which backbone and types of the regions are noised; by default
        nothing of them is kept. See `Redesign`.
    weights : str or path, optional
        Weights of the residue-type network; the shipped ones by default.
    temperature : float
        Of the types, see `protdiff.design`.

    Raises
    ------
    ValueError
        As `Redesign`, and for options that have no meaning in the mode.

    Examples
    --------
    >>> CoDesign(backbone, "H99-110", "both")  # doctest: +SKIP
    """

    source: Backbone
    regions: str
    mode: str = "both"
    length_change: tuple[int, int] = (0, 0)
    chain: str | None = None
    strength: float | None = None
    weights: str | PathLike[str] | None = None
    temperature: float = TYPE_TEMPERATURE
    redesign: Redesign | None = field(init=False, repr=False, compare=False)

    stage = Stage.EXACT

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"`mode` {self.mode}: choose from {', '.join(MODES)}")
        if not 0 <= self.temperature <= 10:
            raise ValueError(f"`temperature` {self.temperature:g}: must lie between 0 and 10")
        object.__setattr__(self, "length_change", two_integers(self.length_change))
        if self.mode != "both" and self.length_change != (0, 0):
            raise ValueError(
                f"`length_change`: new residues have no type in the file, nor atoms; `mode` "
                f"{self.mode} needs both, so take both"
            )
        if not self.moves_atoms and self.strength is not None:
            raise ValueError("`strength`: `mode` sequence moves no atom; leave it out")
        redesign = None
        if self.moves_atoms:
            redesign = Redesign(
                self.source, self.regions, self.length_change, self.chain, self.strength
            )
        object.__setattr__(self, "redesign", redesign)
        if self.draws_types:
            self._check_types()

    @property
    def draws_types(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether residue types are drawn."""
        return self.mode != "structure"

    @property
    def moves_atoms(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the backbone is drawn."""
        return self.mode != "sequence"

    @property
    def other_chains(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the file has chains beside the one that is redrawn."""
        return len(self.source.chains) > 1

    def _check_types(self) -> None:
        """Say so if what surrounds the regions has no types."""
        rows, inside = self._rows()
        around = np.delete(np.arange(len(self.source)), rows[inside])
        if len(around) and types_of(self.source.residue_names[around].tolist()) is None:
            warn(
                "`regions`: all residues around them are alanine, and count as such; "
                "give them their types first (protdiff design)"
            )

    def _rows(self) -> tuple[Int[np.ndarray, " chain"], Bool[np.ndarray, " chain"]]:
        """Rows of the chain in the source, and whether they are of a region."""
        rows, cuts = find_regions(self.source, self.regions, self.chain)
        inside = np.zeros(len(rows), bool)
        for start, stop in cuts:
            inside[start:stop] = True
        return rows, inside

    @property
    def length_note(self) -> str:
        return "" if self.redesign is None else self.redesign.length_note

    def lengths(self, wanted: Sequence[int] | None = None) -> Sequence[int]:
        if self.redesign is not None:
            return self.redesign.lengths(wanted)
        count = len(self._rows()[0])
        if wanted is not None and list(wanted) != [count]:
            raise ValueError("`length`: follows from `regions`; leave it out")
        return [count]

    def for_sample(self, length: int, rng: np.random.Generator) -> SampleCondition:
        weights = None if self.weights is None else str(self.weights)
        if self.redesign is None:
            rows, inside = self._rows()
            region = TypedRegion(
                np.flatnonzero(inside), rows[inside], weights, self.temperature,
                backbone=self.source,
            )  # fmt: skip
            return StillBackbone(self.source, rows, region)
        placed = self.redesign.for_sample(length, rng)
        if self.draws_types:
            places = np.flatnonzero(placed.place == NEW)
            letters = None
            if self.strength is not None:
                letters = types_of([*placed.numbering.names[places].tolist(), UNKNOWN])
            placed.region = TypedRegion(
                places, placed.written_rows()[places], weights, self.temperature,
                letters and letters[:-1],
            )  # fmt: skip
        return placed


class StillBackbone(SampleCondition):
    """A file of which no atom moves: only the types of a region are drawn.

    Parameters
    ----------
    source : Backbone
    rows : ndarray of int
        Rows in the source of the chain that the region is part of.
    region : TypedRegion
    """

    stage, draws_types, moves_atoms = Stage.EXACT, True, False

    def __init__(
        self, source: Backbone, rows: Int[np.ndarray, " chain"], region: TypedRegion
    ) -> None:
        self.source, self.rows, self.region = source, rows, region
        self.places = region.places
        self.other_chains = len(source.chains) > 1

    def residues(self) -> list[tuple[int, str, str, str]]:
        kept = np.delete(np.arange(len(self.rows)), self.places)
        return kept_residues(self.source, self.rows[kept].tolist(), kept.tolist())

    def sequence(self) -> str | None:
        names = np.array(self.source.residue_names[self.rows])
        names[self.places] = UNKNOWN
        return types_of(names.tolist())
