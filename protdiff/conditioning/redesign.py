"""In-painting: stretches of a chain are redrawn inside everything else in the file."""

from __future__ import annotations

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .._system.notices import warn
from .._system.words import counted, either
from ..structure.backbone import joined
from ..structure.constants import LONGEST_CA_CA, LONGEST_NUMBER_JUMP
from .base import Condition, Stage, types_of
from .energy import SECOND_PASS
from .given import check_strength
from .motif import BRIDGE_TOLERANCE, draw_sizes
from .placed_redesign import PlacedRedesign
from .ranges import (
    Fixed,
    chain_name,
    check_backbone,
    find_residues,
    missing_between,
    parse_range,
    residue_name,
)
from .site import NEW, UNOBSERVED, Site, number_residues, residues_to_draw

if TYPE_CHECKING:
    from jaxtyping import Int

    from ..structure.backbone import Backbone

__all__ = ["Redesign"]

#: How errors about the ranges begin.
NAME = "`regions`"


@dataclass(frozen=True)
class Redesign(Condition):
    """Rebuild segments of one chain; the rest of the file stays as it is.

    Parameters
    ----------
    source : Backbone
        All chains of the file.
    regions : str or Site
        Residue ranges of one chain: ``A45-58,A90-97``, see `protdiff.conditioning.ranges`. Or the
        site itself, see `Redesign.at`.
    length_change : (int, int)
        Least and most residues by which every region may grow (shrink, where negative).
    chain : str, optional
        Chain of the ranges that name none; needed only if there are several chains.
    strength : float, optional
        Time of the flow up to which the regions are noised, above 0, where they stay as they are,
        and below 1. By default nothing of them is kept.

    Raises
    ------
    ValueError
        For regions that are not in the structure, overlap or lie in several chains, residues that
        stay but lack atoms, and length changes that leave nothing of a region. For a strength with
        regions that change their length or lack atoms.

    Notes
    -----
    The network is given the residue types of the chain, also in regions that keep their length.
    It is given none if the request has its own sequence, or if every residue is alanine, which
    stands for residues without a type.

    Examples
    --------
    >>> Redesign(backbone, "A45-58", length_change=(-2, 3))  # doctest: +SKIP
    """

    source: Backbone
    regions: str | Site
    length_change: tuple[int, int] = (0, 0)
    chain: str | None = None
    strength: float | None = None

    stage, second_pass, redraws_part = Stage.EXACT, SECOND_PASS, True

    def __post_init__(self) -> None:
        object.__setattr__(self, "length_change", two_integers(self.length_change))
        if isinstance(self.regions, str):
            rows, cuts = find_regions(self.source, self.regions, self.chain)
            source, rows, cuts = with_missing(self.source, rows, sorted(cuts))
            site = Site(source, rows, tuple(cuts), gives_types=True)
            object.__setattr__(self, "regions", site)
        if self.length_change[0] > self.length_change[1]:
            raise ValueError(f"`length_change` {self.length_change}: put the smaller number first")
        for start, stop in self.site.cuts:
            if stop - start + self.length_change[0] < 1:
                raise ValueError(
                    f"`length_change` {self.length_change[0]}: removes all of a segment"
                )
        if self.site.gives_types:
            self._check_reach()
        if self.strength is not None:
            self._check_start(self.strength)

    @classmethod
    def at(
        cls,
        source: Backbone,
        rows: Int[np.ndarray, " chain"],
        cuts: Sequence[tuple[int, int]],
        name: str = "`regions`",
    ) -> Redesign:
        """Redraw stretches (start, stop) of a piece of a chain, given as rows of the source.

        The residues to be redrawn need no coordinates. All residues that are not in `rows` are
        obstacles, also those of the same chain. The network is given no residue types. Error
        messages begin with `name`.
        """
        return cls(source, Site(source, np.asarray(rows), tuple(sorted(cuts)), name=name))

    @property
    def other_chains(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether the file has chains beside the one that is redrawn."""
        return len(self.source.chains) > 1

    @property
    def site(self) -> Site:
        """The chain in the file, and the stretches of it that are redrawn."""
        assert isinstance(self.regions, Site)  # since __post_init__
        return self.regions

    def _layout(self, growth: Sequence[int]) -> Int[np.ndarray, " residues"]:
        """Row in the chain of every residue to be drawn, or `NEW` or `UNOBSERVED`."""
        chain, cuts = self.site.chain, self.site.cuts
        place: list[int] = []
        start = 0
        for (a, b), extra in zip([*cuts, (len(chain), len(chain))], [*growth, 0], strict=True):
            for k in range(start, a):
                place += [UNOBSERVED] * missing_between(chain, k - 1, k) if k else []
                place.append(k)
            if b > a:
                place += [UNOBSERVED] * missing_between(chain, a - 1, a) if a else []
                place += [NEW] * (b - a + extra)
            start = b
        return np.array(place)

    def _check_start(self, strength: float) -> None:
        """ValueError if the regions cannot be noised up to a time."""
        check_strength(strength)
        if self.length_change != (0, 0):
            raise ValueError("`strength`: needs regions of the same length; no `length_change`")
        lacking = np.flatnonzero(~self.site.chain.mask.all(1))
        if len(lacking):
            residue = residue_name(self.site.chain, int(lacking[0]))
            raise ValueError(
                f"`strength`: residue {residue} lacks backbone atoms, so it cannot be varied; "
                "leave `strength` out, or name regions without it"
            )

    def _check_reach(self) -> None:
        """ValueError if a region, with all that it may grow, cannot bridge what is beside it."""
        chain = self.site.chain
        for start, stop in self.site.cuts:
            if start == 0 or stop == len(chain):
                continue
            count = stop - start + self.length_change[1]
            count += missing_between(chain, start - 1, start) + missing_between(
                chain, stop - 1, stop
            )
            distance = float(np.linalg.norm(chain.ca[stop] - chain.ca[start - 1]))
            if distance > LONGEST_CA_CA * (count + 1) + BRIDGE_TOLERANCE:
                ends = residue_name(chain, start - 1), residue_name(chain, stop)
                more = int(np.ceil(distance / LONGEST_CA_CA)) - 1 - count + self.length_change[1]
                raise ValueError(
                    f"{NAME}: {count} new residues cannot bridge the {distance:.1f} Å from "
                    f"{ends[0]} to {ends[1]}; give a `length_change` of at least {more}"
                )

    @property
    def length_note(self) -> str:
        missing = int((self._layout([0] * len(self.site.cuts)) == UNOBSERVED).sum())
        return f", {missing} of which the file lacks" if missing else ""

    def lengths(self, wanted: Sequence[int] | None = None) -> Sequence[int]:
        cuts = self.site.cuts
        fixed = len(self._layout([0] * len(cuts)))
        low, high = (fixed + change * len(cuts) for change in self.length_change)
        if wanted is not None and not set(wanted) <= set(range(low, high + 1)):
            raise ValueError(f"`length`: follows from {self.site.name}; leave it out")
        return range(low, high + 1) if wanted is None else wanted

    def for_sample(self, length: int, rng: np.random.Generator) -> PlacedRedesign:
        low, high = self.length_change
        cuts, extra = self.site.cuts, length - self.lengths()[0]
        growth = [low + g for g in draw_sizes([(0, high - low)] * len(cuts), extra, rng)]
        place = self._layout(growth)
        numbering = number_residues(self.site, place, growth)
        return PlacedRedesign(self.site, place, numbering, self.strength)


def two_integers(change: Sequence[int]) -> tuple[int, int]:
    """A change of length as a tuple, whatever sequence it came in; TypeError for others."""
    try:
        least, most = (operator.index(number) for number in change)
    except (TypeError, ValueError):
        raise TypeError(f"`length_change` {change!r}: must be two integers, as (-2, 3)") from None
    return least, most


def find_regions(
    source: Backbone, regions: str, chain: str | None = None
) -> tuple[Int[np.ndarray, " chain"], list[tuple[int, int]]]:
    """Rows of the chain in the source, and (start, stop) of every region among them."""
    check_backbone(source)
    pieces = [piece.strip() for piece in re.split("[,/]", regions.strip("[]'\" "))]
    segments = [_parse_region(piece, chain) for piece in pieces]
    found = [find_residues(source, segment, NAME) for segment in segments]
    chains = dict.fromkeys(str(source.chain_ids[rows[0]]) for rows in found)
    if len(chains) > 1:
        raise ValueError(
            f"{NAME} {regions}: names the chains {', '.join(map(chain_name, sorted(chains)))}; "
            "redesign one chain at a time"
        )
    rows = np.flatnonzero(source.chain_ids == next(iter(chains)))
    cuts: list[tuple[int, int]] = []
    for segment, inside in zip(segments, found, strict=True):
        start, last = np.searchsorted(rows, inside[[0, -1]]).tolist()
        if any(start < stop and before <= last for before, stop in cuts):
            raise ValueError(f"{NAME} {regions}: {segment} overlaps another segment")
        cuts.append((start, last + 1))
    return rows, cuts


def with_missing(
    source: Backbone, rows: Int[np.ndarray, " chain"], cuts: Sequence[tuple[int, int]]
) -> tuple[Backbone, Int[np.ndarray, " chain"], list[tuple[int, int]]]:
    """Source, rows and cuts with the residues that the file lacks inside the regions, to be drawn.

    Their numbers say how many they are: a region 18-27 is ten residues, also in a file without 21
    to 24. Where numbers go on across a break, nothing is known to be missing.
    """
    chain = source[rows]
    unknown = "X" if types_of(chain.residue_names.tolist()) else "A"
    parts: list[Backbone] = []
    done = 0
    added = np.zeros(len(rows) + 1, dtype=np.int64)  # before every residue of the chain
    for start, stop in cuts:
        for k in range(start, stop - 1):
            before, after = (int(chain.residue_numbers[i]) for i in (k, k + 1))
            if 1 < after - before <= LONGEST_NUMBER_JUMP and missing_between(chain, k, k + 1):
                numbers = np.arange(before + 1, after)
                sequence = unknown * len(numbers)
                ends = residue_name(chain, k), residue_name(chain, k + 1)
                warn(
                    f"{NAME}: {counted(len(numbers), 'residue')} between {ends[0]} and {ends[1]}, "
                    f"which the file lacks, {either(len(numbers), 'is', 'are')} drawn too"
                )
                parts += [source[done : rows[k] + 1], residues_to_draw(chain, numbers, sequence)]
                done = int(rows[k]) + 1
                added[k + 1 :] += len(numbers)
    if not parts:
        return source, rows, list(cuts)
    filled = joined([*parts, source[done:]])
    moved = [(start + added[start], stop + added[stop - 1]) for start, stop in cuts]
    rows = np.flatnonzero(filled.chain_ids == chain.chain_ids[0])
    return filled, rows, [(int(start), int(stop)) for start, stop in moved]


def _parse_region(piece: str, chain: str | None) -> Fixed:
    """Range of a text; of the chain given where it names none."""
    segment = parse_range(piece, NAME)
    if segment.chain is None:
        return replace(segment, chain=chain)
    if chain is not None and chain_name(segment.chain) != chain_name(chain):
        raise ValueError(f"{NAME}: {piece} is not in the chain {chain_name(chain)} of `chain`")
    return segment
