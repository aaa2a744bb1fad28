"""Contigs: which residues of a chain are new, and which come from a structure.

The language of RFdiffusion: segments from N to C, separated by commas or slashes. ``10-40`` is a
stretch of 10 to 40 new residues, ``B19-27`` are residues 19 to 27 of chain B, ``A38`` one residue,
``H100A-100C`` and ``A:95-102`` work too (insertion codes; a colon after the chain id). ``|``
starts a new group: groups may move against each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from ..structure.backbone import BACKBONE_ATOMS
from ..structure.constants import FILE_BREAK

if TYPE_CHECKING:
    from jaxtyping import Int

    from ..structure.backbone import Backbone

__all__ = ["Contig", "Fixed", "New", "find_residues", "parse_contig", "read_specification"]

RESIDUES = re.compile(
    r"(?:(?P<id>[^:,/|\s]+):|(?P<letters>[A-Za-z]+))"
    r"(?P<first>-?\d+)(?P<code>[A-Z]?)"
    r"(?:-(?:(?P=id):|(?P=letters))?(?P<last>-?\d+)(?P<last_code>[A-Z]?))?"
)
NEW = re.compile(r"(\d+)(?:-(\d+))?")


@dataclass(frozen=True)
class New:
    """A stretch of `least` to `most` new residues."""

    least: int
    most: int


@dataclass(frozen=True)
class Fixed:
    """Residues of a structure.

    Parameters
    ----------
    chain : str
    first, last : (int, str)
        Residue number and insertion code of the ends, both included.
    group : str
        Segments of one group are rigid together.
    """

    chain: str
    first: tuple[int, str]
    last: tuple[int, str]
    group: str = "A"

    def __str__(self) -> str:
        ends = [f"{number}{code}" for number, code in (self.first, self.last)]
        return self.chain + (ends[0] if self.first == self.last else "-".join(ends))


@dataclass(frozen=True)
class Contig:
    """Segments of a chain from N to C, and the lengths its author allows.

    Parameters
    ----------
    segments : tuple of New and Fixed
    least, most : int, optional
        Of the whole chain, where narrower than the segments allow.
    """

    segments: tuple[New | Fixed, ...]
    least: int | None = None
    most: int | None = None


def parse_fixed(text: str, where: str, group: str = "A") -> Fixed:
    """Residue range of a text like B19-27; errors begin with `where`."""
    match = RESIDUES.fullmatch(text)
    if not match:
        raise ValueError(
            f"{where}: {text!r} is not a segment; write new residues as 10-40, and residues of the "
            "structure with their chain, B19-27"
        )
    first = (int(match["first"]), match["code"])
    last = first if match["last"] is None else (int(match["last"]), match["last_code"])
    segment = Fixed(match["id"] or match["letters"], first, last, group)
    if last < first:
        raise ValueError(f"{where}: {segment} runs backwards; write the lower number first")
    return segment


def parse_contig(text: str, where: str = "`contig`") -> Contig:
    """Contig of a text.

    Raises
    ------
    ValueError
        For a text that is no contig; begins with `where`.

    Examples
    --------
    >>> contig = parse_contig("10-40,B19-27,10-40")
    >>> [str(segment) for segment in contig.segments if isinstance(segment, Fixed)]
    ['B19-27']
    """
    segments: list[New | Fixed] = []
    groups = text.split("|")
    for number, part in enumerate(groups):
        for piece in re.split(r"[,/]", part):
            piece = piece.strip()
            if piece or len(groups) == 1:
                segments.append(_parse_segment(piece, text, where, chr(ord("A") + number)))
    fixed = [segment for segment in segments if isinstance(segment, Fixed)]
    names = [str(segment) for segment in fixed]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{where}: {name} is there twice; name every residue once")
    if not fixed:
        raise ValueError(f"{where} {text!r}: names no residue of the structure, such as B19-27")
    return Contig(tuple(segments))


def _parse_segment(piece: str, text: str, where: str, group: str) -> New | Fixed:
    if match := NEW.fullmatch(piece):
        least = int(match[1])
        most = int(match[2] or least)
        if most < least:
            raise ValueError(f"{where}: {piece} runs backwards; write the lower number first")
        return New(least, most)
    if not piece:
        raise ValueError(f"{where} {text!r}: an empty segment; take out the comma")
    return parse_fixed(piece, where, group)


def read_specification(path: str | PathLike[str]) -> Contig | None:
    """Contig in the REMARK 999 lines of a PDB file (the format of Genie 2); None without any.

    Raises
    ------
    ValueError
        For a line that is not in the format.
    """
    with open(path, encoding="utf-8", errors="replace") as handle:
        lines = [line.rstrip("\n").ljust(29) for line in handle if line.startswith("REMARK 999")]
    segments: list[New | Fixed] = []
    ends: dict[str, int | None] = {"MINIMUM": None, "MAXIMUM": None}
    for line in lines:
        try:
            if line[11:16] == "INPUT":
                segments.append(_specified_segment(line))
            elif line[11:18] in ends and "TOTAL LENGTH" in line:
                ends[line[11:18]] = int(line.split()[-1])
        except ValueError:
            raise ValueError(
                f"{path}: {line.strip()!r} is not a motif specification; give `contig`"
            ) from None
    if not any(isinstance(segment, Fixed) for segment in segments):
        return None
    return Contig(tuple(segments), ends["MINIMUM"], ends["MAXIMUM"])


def _specified_segment(line: str) -> New | Fixed:
    """Segment of one INPUT line."""
    first, last = int(line[19:23]), int(line[23:27])
    if last < first:
        raise ValueError("runs backwards")
    if line[18] == " ":
        return New(first, last)
    return Fixed(line[18], (first, ""), (last, ""), line[28].strip() or "A")


def find_residues(backbone: Backbone, segment: Fixed, where: str) -> Int[np.ndarray, " residues"]:
    """Rows of a segment's residues in the backbone, in the order of the file.

    Raises
    ------
    ValueError
        If the chain or an end of the range is not there, or an atom is missing.
    """
    if segment.chain not in backbone.chains:
        present = ", ".join(backbone.chains)
        raise ValueError(f"{where}: {segment}: no chain {segment.chain}; there are {present}")
    chain = np.flatnonzero(backbone.chain_ids == segment.chain)
    numbers, codes = backbone.residue_numbers[chain], backbone.insertion_codes[chain]
    keys = list(zip(numbers.tolist(), codes.tolist(), strict=True))
    for end in (segment.first, segment.last):
        if end not in keys:
            raise ValueError(
                f"{where}: {segment}: chain {segment.chain} has no residue {end[0]}{end[1]}; "
                f"it runs from {keys[0][0]}{keys[0][1]} to {keys[-1][0]}{keys[-1][1]}"
            )
    rows = chain[keys.index(segment.first) : keys.index(segment.last) + 1]
    _check_observed(backbone, rows, segment, where)
    return rows


def _check_observed(
    backbone: Backbone, rows: Int[np.ndarray, " residues"], segment: Fixed, where: str
) -> None:
    """ValueError if residues between the ends, or atoms of them, are missing."""
    numbers = backbone.residue_numbers[rows]
    step = np.linalg.norm(np.diff(backbone.ca[rows], axis=0), axis=1)
    for k in np.flatnonzero((np.diff(numbers) > 1) & (step > FILE_BREAK)).tolist():
        raise ValueError(
            f"{where}: {segment}: residue {segment.chain}{numbers[k] + 1} is not in the file; "
            "leave the unobserved residues out, with new ones in their place"
        )
    for k in rows:
        present = zip(BACKBONE_ATOMS, backbone.mask[k], strict=True)
        missing = [atom for atom, there in present if not there]
        if missing:
            residue = f"{segment.chain}{backbone.residue_numbers[k]}{backbone.insertion_codes[k]}"
            raise ValueError(
                f"{where}: residue {residue} lacks {', '.join(missing)}; a motif needs all of "
                "N, CA, C and O"
            )
