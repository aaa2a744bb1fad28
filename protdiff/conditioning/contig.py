"""Contigs: which residues of a chain are new, and which come from a structure.

The language of RFdiffusion: segments from N to C, separated by commas or slashes. ``10-40`` is a
stretch of 10 to 40 new residues; ``B19-27`` and the like are residues of the structure, see
`protdiff.conditioning.ranges`. ``|`` starts a new group: groups may move against each other. The
brackets and quotes that RFdiffusion's command line needs are left out where they are given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

from ..structure.constants import MAX_LENGTH
from .ranges import Fixed, parse_range

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "Contig", "Fixed", "New", "binder_contig", "is_binder", "parse_contig", "read_specification",
]  # fmt: skip

#: Python converts no more than some thousand digits.
NEW = re.compile(r"(\d{1,18})(?:-(\d{1,18}))?")
#: What may stand around a contig in a command of RFdiffusion, and its chain break.
KEY = re.compile(r"^[\s{\"']*(?:[\w.]*\.)?contigs?[\s\"']*[=:]")
WRAPPING = re.compile(r"[\[\]{}\"']|\\(?!0)")
BREAK = re.compile(r",?\s*[/\\]\s*0(?=[\s,/|]|$)")
DASHES = str.maketrans("\u2010\u2011\u2012\u2013\u2014\u2212", "------")


@dataclass(frozen=True)
class New:
    """A stretch of `least` to `most` new residues."""

    least: int
    most: int

    def __str__(self) -> str:
        return str(self.least) if self.least == self.most else f"{self.least}-{self.most}"


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


def parse_contig(text: str, where: str = "`contig`") -> Contig:
    """Contig of a text.

    Raises
    ------
    ValueError
        For a text that is no contig of one chain; begins with `where`.

    Examples
    --------
    >>> contig = parse_contig("10-40,B19-27,10-40")
    >>> [str(segment) for segment in contig.segments]
    ['10-40', 'B19-27', '10-40']
    >>> parse_contig("[10-40/B19-27/10-40/0 ]") == contig
    True
    """
    chains = _chains(text, where)
    if len(chains) > 1:
        raise ValueError(_several_chains(chains, where))
    segments: list[New | Fixed] = [segment for chain in chains for segment in chain]
    fixed = [segment for segment in segments if isinstance(segment, Fixed)]
    names = [str(segment) for segment in fixed]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{where}: {name} is there twice; name every residue once")
    if not fixed:
        raise ValueError(f"{where} {text!r}: names no residue of the structure, such as B19-27")
    return Contig(tuple(segments))


def binder_contig(text: str, where: str = "`contig`") -> tuple[list[Fixed], New]:
    """Residues of a target and the new chain of a contig with chain breaks, in any order.

    Raises
    ------
    ValueError
        Unless one chain is new from end to end, and all others are residues of the target.

    Examples
    --------
    >>> target, new = binder_contig("A1-120/0 60-80")
    >>> [str(segment) for segment in target], str(new)
    (['A1-120'], '60-80')
    """
    target: list[Fixed] = []
    new: list[New] = []
    for chain in _chains(text, where):
        fixed = [segment for segment in chain if isinstance(segment, Fixed)]
        if fixed and len(fixed) < len(chain):
            raise ValueError(
                f"{where} {text!r}: a chain beside a target is new from end to end; write residues "
                "of the target and new ones apart, A1-120/0 60-80"
            )
        target += fixed
        if not fixed:
            new.append(_whole(chain))
    if len(new) != 1 or not target:
        raise ValueError(
            f"{where} {text!r}: write residues of the target, a chain break and one new chain, "
            "A1-120/0 60-80"
        )
    return target, new[0]


def is_binder(text: str) -> bool:
    """Whether a contig has a chain of residues of the structure alone, and one of new ones alone.

    Examples
    --------
    >>> is_binder("A1-120/0 60-80"), is_binder("10-40,B19-27,10-40")
    (True, False)
    """
    chains = _chains(text, "`contig`")
    kinds = [{type(segment) for segment in chain} for chain in chains]
    return {New} in kinds and {Fixed} in kinds


def _whole(chain: Sequence[New | Fixed]) -> New:
    """New segments side by side as one."""
    new = [segment for segment in chain if isinstance(segment, New)]
    return New(sum(segment.least for segment in new), sum(segment.most for segment in new))


def _chains(text: str, where: str) -> list[list[New | Fixed]]:
    """Segments of a contig by chain."""
    chains: list[list[New | Fixed]] = [[]]
    for piece, group in _pieces(text, where):
        if piece in ("0", "0-0"):
            chains.append([])
        else:
            chains[-1].append(_parse_segment(piece, text, where, group))
    # A break before the first or after the last segment separates nothing.
    return [chain for chain in chains if chain]


def _pieces(text: str, where: str) -> Iterator[tuple[str, str]]:
    """Segments of a contig as text, each with its group; "0" for a chain break."""
    plain = KEY.sub("", text).translate(DASHES)
    plain = re.sub("^,0", "0", BREAK.sub(",0", WRAPPING.sub("", plain)).strip())
    parts = plain.split("|")
    for number, part in enumerate(parts):
        group = chr(ord("A") + number)
        for piece in re.split(r"[,/]", part):
            words = piece.split()
            if not words and len(parts) == 1 and (plain or not text):
                raise ValueError(f"{where} {text!r}: an empty segment; take out the comma")
            if len(words) > 1 and words[0] != "0":
                raise ValueError(
                    f"{where} {text!r}: put a comma between segments: {','.join(words)}"
                )
            for word in words:
                yield word, group


def _several_chains(chains: Sequence[Sequence[New | Fixed]], where: str) -> str:
    """What to write in place of a contig with chain breaks."""
    texts = [",".join(map(str, chain)) for chain in chains]
    kinds = [{type(segment) for segment in chain} for chain in chains]
    designed = [text for text, kind in zip(texts, kinds, strict=True) if kind == {New, Fixed}]
    free = [text for text, kind in zip(texts, kinds, strict=True) if kind == {New}]
    choices = [f"{text} alone" for text in designed[:1]]
    if free and not designed:
        choices.append(f"`length` {free[0]} without `contig` for a chain that sees no other")
    choices.append(f"{','.join(texts)} to bond all in one chain")
    return (
        f"{where}: /0 is a chain break, and one chain is drawn at a time; write "
        f"{', or '.join(choices)}"
    )


def _parse_segment(piece: str, text: str, where: str, group: str) -> New | Fixed:
    match = NEW.fullmatch(piece)
    if match is None:
        segment = parse_range(piece, where, group, ", and new ones as 10-40")
        if segment.chain is None:
            raise ValueError(
                f"{where}: {piece} names no chain; write A{piece}, or _{piece} for a blank chain id"
            )
        return segment
    least = int(match[1])
    most = int(match[2] or least)
    if most < least:
        raise ValueError(f"{where}: {piece} runs backwards; write the lower number first")
    if most > MAX_LENGTH:
        raise ValueError(f"{where}: {piece} is more than the {MAX_LENGTH} residues of a chain")
    return New(least, most)


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
    if line[18] == " ":
        if last < first:
            raise ValueError("runs backwards")
        return New(first, last)
    return Fixed(line[18], (first, ""), (last, ""), line[28].strip() or "A")
