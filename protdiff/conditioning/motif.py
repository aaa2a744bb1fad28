"""Motif scaffolding: residues of a structure at fixed relative places in a new chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from .._system.words import counted
from ..structure.backbone import Backbone
from ..structure.constants import LONGEST_CA_CA
from ..structure.io.read_write import read
from .base import Condition, Stage
from .contig import Contig, Fixed, New, parse_contig, read_specification
from .energy import SECOND_PASS
from .placed_motif import PlacedMotif
from .ranges import check_observed, find_residues, residue_name

if TYPE_CHECKING:
    from jaxtyping import Int

__all__ = ["Motif", "draw_sizes"]

#: Å by which a gap may be wider than the links across it are long: coordinates have errors.
BRIDGE_TOLERANCE = 0.3


@dataclass(frozen=True)
class Motif(Condition):
    """Keep parts of a structure, up to rigid motions, and let the rest of the chain be drawn.

    Parameters
    ----------
    source : Backbone or str or path
        The structure, or a file of it.
    contig : str or Contig, optional
        In the language of `protdiff.conditioning.contig`; by default it is read from the REMARK 999
        lines of the file.

    Raises
    ------
    ValueError
        For a contig that cannot be read, residues that are not there or lack atoms, and stretches
        that cannot be bridged.

    Examples
    --------
    >>> motif = Motif("complex.pdb", "10-40,B19-27,10-40")  # doctest: +SKIP
    >>> protdiff.generate(length=range(40, 101), condition=motif)  # doctest: +SKIP
    """

    source: Backbone | str | PathLike[str]
    contig: str | Contig | None = None

    stage, second_pass = Stage.EXACT, SECOND_PASS

    def __post_init__(self) -> None:
        source, contig = self.source, self.contig
        if contig is None:
            contig = None if isinstance(source, Backbone) else read_specification(source)
            if contig is None:
                raise ValueError(
                    f"{source}: has no REMARK 999 INPUT lines; say with `contig` what to keep, "
                    "such as 10-40,B19-27,10-40"
                )
        elif not isinstance(contig, Contig):
            contig = parse_contig(contig)
        backbone = source if isinstance(source, Backbone) else read(source)
        object.__setattr__(self, "source", backbone)
        object.__setattr__(self, "contig", contig)
        _check_once(backbone, self.rows)
        _check_reach(backbone, contig.segments, self.rows)

    @property
    def _segments(self) -> tuple[New | Fixed, ...]:
        assert isinstance(self.contig, Contig)  # since __post_init__
        return self.contig.segments

    @property
    def _backbone(self) -> Backbone:
        assert isinstance(self.source, Backbone)
        return self.source

    @cached_property
    def rows(self) -> list[Int[np.ndarray, " kept"] | None]:
        """Rows of the source for every segment of the contig; None for new residues."""
        return [
            _observed_rows(self._backbone, s) if isinstance(s, Fixed) else None
            for s in self._segments
        ]

    def _span(self) -> tuple[int, int]:
        """Shortest and longest chain that the contig allows."""
        assert isinstance(self.contig, Contig)
        sizes = [(s.least, s.most) if isinstance(s, New) else None for s in self._segments]
        least, most = 0, 0
        for size, rows in zip(sizes, self.rows, strict=True):
            low, high = size if size is not None else (_count(rows), _count(rows))
            least, most = least + low, most + high
        return max(least, self.contig.least or 0), min(most, self.contig.most or most)

    def lengths(self, wanted: Sequence[int] | None = None) -> Sequence[int]:
        least, most = self._span()
        if wanted is None:
            return range(least, most + 1)
        places = [k for k, n in enumerate(wanted) if least <= n <= most]
        if isinstance(wanted, range) and places:
            # Still a range: lengths of a range are drawn, those of a list are taken in turn.
            return wanted[places[0] : places[-1] + 1]
        fit = [wanted[k] for k in places]
        if not fit:
            given = f"{min(wanted)}-{max(wanted)}" if len(wanted) > 1 else f"{wanted[0]}"
            raise ValueError(
                f"`contig`: gives chains of {_span_text(least, most)}, which `length` "
                f"{given} does not allow; change one of the two"
            )
        return wanted if len(fit) == len(wanted) else fit

    def for_sample(self, length: int, rng: np.random.Generator) -> PlacedMotif:
        least, most = self._span()
        if not least <= length <= most:
            raise ValueError(f"`contig`: gives {_span_text(least, most)}, not {length}")
        new = [s for s in self._segments if isinstance(s, New)]
        fixed = sum(_count(rows) for rows in self.rows if rows is not None)
        sizes = iter(draw_sizes([(s.least, s.most) for s in new], length - fixed, rng))
        place: list[int] = []
        groups: list[str] = []
        for segment, rows in zip(self._segments, self.rows, strict=True):
            count = next(sizes) if isinstance(segment, New) else _count(rows)
            place += [-1] * count if rows is None else rows.tolist()
            groups += [segment.group if isinstance(segment, Fixed) else ""] * count
        return PlacedMotif(self._backbone, np.array(place), groups)


def _span_text(least: int, most: int) -> str:
    return counted(least, "residue") if least == most else f"{least} to {most} residues"


def _observed_rows(source: Backbone, segment: Fixed) -> Int[np.ndarray, " kept"]:
    """Rows of a segment's residues; ValueError if residues or atoms of it are missing."""
    rows = find_residues(source, segment, "`contig`")
    check_observed(source, rows, segment, "`contig`")
    return rows


def _count(rows: Int[np.ndarray, " kept"] | None) -> int:
    return 0 if rows is None else len(rows)


def draw_sizes(
    ranges: Sequence[tuple[int, int]], total: int, rng: np.random.Generator
) -> list[int]:
    """Sizes within the ranges that add up to the total, all such choices equally likely.

    Parameters
    ----------
    ranges : sequence of (int, int)
        Least and most, ends included.
    total : int
    rng : numpy.random.Generator

    Examples
    --------
    >>> draw_sizes([(2, 2), (0, 3)], 4, np.random.default_rng(0))
    [2, 2]
    """
    # ways[i][t]: choices for the ranges from i on that add up to t.
    ways = [np.zeros(total + 1) for _ in range(len(ranges) + 1)]
    ways[-1][0] = 1
    for i in range(len(ranges) - 1, -1, -1):
        least, most = ranges[i]
        for size in range(least, min(most, total) + 1):
            ways[i][size:] += ways[i + 1][: total + 1 - size]
        ways[i] /= max(ways[i].max(), 1)
    sizes: list[int] = []
    for i, (least, most) in enumerate(ranges):
        options = np.arange(least, min(most, total) + 1)
        weights = ways[i + 1][total - options]
        sizes.append(int(rng.choice(options, p=weights / weights.sum())))
        total -= sizes[-1]
    return sizes


def _check_once(source: Backbone, rows: Sequence[Int[np.ndarray, " kept"] | None]) -> None:
    """ValueError if a residue is in two segments."""
    every = np.concatenate([r for r in rows if r is not None])
    values, counts = np.unique(every, return_counts=True)
    if (counts > 1).any():
        residue = residue_name(source, values[counts > 1][0])
        raise ValueError(f"`contig`: residue {residue} is in two segments; name every residue once")


def _check_reach(
    source: Backbone,
    segments: Sequence[New | Fixed],
    rows: Sequence[Int[np.ndarray, " kept"] | None],
) -> None:
    """ValueError if the longest stretch between two segments of a group cannot bridge them."""
    between, last = 0, None
    for segment, kept in zip(segments, rows, strict=True):
        if isinstance(segment, New) or kept is None:
            between += segment.most if isinstance(segment, New) else 0
            continue
        if last is not None and last[1] == segment.group:
            ends = last[0], kept[0]
            distance = float(np.linalg.norm(source.ca[ends[0]] - source.ca[ends[1]]))
            if distance > LONGEST_CA_CA * (between + 1) + BRIDGE_TOLERANCE:
                a, b = (residue_name(source, e) for e in ends)
                need = int(np.ceil(distance / LONGEST_CA_CA)) - 1
                raise ValueError(
                    f"`contig`: {between} new residues cannot bridge the {distance:.1f} Å from {a} "
                    f"to {b}; allow at least {need}, or separate the groups with |"
                )
        between, last = 0, (kept[-1], segment.group)
