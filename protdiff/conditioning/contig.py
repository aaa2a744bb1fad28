"""Contigs: which residues of a chain are new, and which come from a structure.

The language of RFdiffusion: segments from N to C, separated by commas or slashes. ``10-40`` is a
stretch of 10 to 40 new residues, ``B19-27`` are residues 19 to 27 of chain B, ``A38`` one residue,
``H100A-100C`` and ``A:95-102`` work too (insertion codes; a colon after the chain id). ``|``
starts a new group: groups may move against each other.
"""

import re
from dataclasses import dataclass

import numpy as np

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
    """Residues of a structure, ends included: chain id, (number, insertion code) twice, group."""

    chain: str
    first: tuple
    last: tuple
    group: str = "A"

    def __str__(self):
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

    segments: tuple
    least: int | None = None
    most: int | None = None


def parse_fixed(text, where, group="A"):
    """`Fixed` of a residue range like B19-27; ValueError that begins with `where`."""
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


def parse_contig(text, where="--contig"):
    """`Contig` of a text; ValueError for what is not one."""
    segments, seen = [], {}
    for number, part in enumerate(text.split("|")):
        group = chr(ord("A") + number)
        for piece in re.split(r"[,/]", part):
            piece = piece.strip()
            if match := NEW.fullmatch(piece):
                least = int(match[1])
                most = int(match[2] or least)
                if most < least:
                    raise ValueError(
                        f"{where}: {piece} runs backwards; write the lower number first"
                    )
                segments.append(New(least, most))
            elif piece:
                segments.append(parse_fixed(piece, where, group))
            elif len(text.split("|")) == 1:
                raise ValueError(f"{where} {text!r}: an empty segment; take out the comma")
    for segment in segments:
        if isinstance(segment, Fixed) and str(segment) in seen:
            raise ValueError(f"{where}: {segment} is there twice; name every residue once")
        seen[str(segment)] = segment
    if not any(isinstance(segment, Fixed) for segment in segments):
        raise ValueError(f"{where} {text!r}: names no residue of the structure, such as B19-27")
    return Contig(tuple(segments))


def read_specification(path):
    """`Contig` in the REMARK 999 lines of a PDB file (the format of Genie 2); None without any.

    Raises
    ------
    ValueError
        For a line that is not in the format.
    """
    segments, ends = [], {"MINIMUM": None, "MAXIMUM": None}
    with open(path, encoding="utf-8", errors="replace") as handle:
        lines = [line.rstrip("\n").ljust(29) for line in handle if line.startswith("REMARK 999")]
    for line in lines:
        try:
            if line[11:16] == "INPUT":
                first, last = int(line[19:23]), int(line[23:27])
                if line[18] == " ":
                    segments.append(New(first, last))
                else:
                    group = line[28].strip() or "A"
                    segments.append(Fixed(line[18], (first, ""), (last, ""), group))
                if last < first:
                    raise ValueError
            elif line[11:18] in ends and "TOTAL LENGTH" in line:
                ends[line[11:18]] = int(line.split()[-1])
        except ValueError:
            raise ValueError(
                f"{path}: {line.strip()!r} is not a motif specification; give --contig"
            ) from None
    if not any(isinstance(segment, Fixed) for segment in segments):
        return None
    return Contig(tuple(segments), ends["MINIMUM"], ends["MAXIMUM"])


def find_residues(backbone, segment, where):
    """Indices of a segment's residues in the backbone, in the order of the file; ndarray.

    Raises
    ------
    ValueError
        If the chain or an end of the range is not there, or an atom is missing.
    """
    if segment.chain not in backbone.chains:
        present = ", ".join(backbone.chains)
        raise ValueError(f"{where}: {segment}: no chain {segment.chain}; there are {present}")
    inside = np.flatnonzero(backbone.chain_ids == segment.chain)
    keys = list(
        zip(
            backbone.residue_numbers[inside].tolist(),
            backbone.insertion_codes[inside].tolist(),
            strict=True,
        )
    )
    for end in (segment.first, segment.last):
        if end not in keys:
            raise ValueError(
                f"{where}: {segment}: chain {segment.chain} has no residue {end[0]}{end[1]}; "
                f"it runs from {keys[0][0]}{keys[0][1]} to {keys[-1][0]}{keys[-1][1]}"
            )
    found = inside[keys.index(segment.first) : keys.index(segment.last) + 1]
    numbers = backbone.residue_numbers[found]
    gap = np.flatnonzero(np.diff(numbers) > 1)
    far = np.flatnonzero(np.linalg.norm(np.diff(backbone.ca[found], axis=0), axis=1) > 4.5)
    for k in {*gap.tolist()} & {*far.tolist()}:
        raise ValueError(
            f"{where}: {segment}: residue {segment.chain}{numbers[k] + 1} is not in the file; "
            "leave the unobserved residues out, with new ones in their place"
        )
    for k in found:
        missing = [a for a, there in zip(("N", "CA", "C", "O"), backbone.mask[k], strict=True)
                   if not there]  # fmt: skip
        if missing:
            residue = f"{segment.chain}{backbone.residue_numbers[k]}{backbone.insertion_codes[k]}"
            raise ValueError(
                f"{where}: residue {residue} lacks {', '.join(missing)}; a motif needs all of "
                "N, CA, C and O"
            )
    return found
