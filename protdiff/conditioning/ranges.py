"""Residue ranges of a structure: ``B19-27``, ``A38``, ``H100A-100C``, ``A:95-102``, ``_5-9``.

A range runs in the order of the chain in its file, whatever the numbers are: IMGT numbers go 111,
111A, 112A, 112, and a fusion protein goes 230, 1002 to 1161, 265. A blank chain id is written
``_``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._system.notices import warn
from ..structure.backbone import BACKBONE_ATOMS, Backbone
from ..structure.constants import FILE_BREAK, LONGEST_CA_CA, LONGEST_NUMBER_JUMP

if TYPE_CHECKING:
    from jaxtyping import Int

__all__ = [
    "Fixed", "chain_name", "check_backbone", "check_observed", "find_chain", "find_residues",
    "missing_between", "parse_range", "residue_name",
]  # fmt: skip

BLANK = "_"
RANGE = re.compile(
    r"(?:(?P<id>[^:,/|\s]*):|(?P<letters>[A-Za-z]+|_))?"
    r"(?P<first>-?\d{1,18})(?P<code>[A-Za-z]?)"
    r"(?:-(?:(?P<last_id>[^:,/|\s]*):|(?P<last_letters>[A-Za-z]+|_))?"
    r"(?P<last>-?\d{1,18})(?P<last_code>[A-Za-z]?))?"
)


@dataclass(frozen=True)
class Fixed:
    """Residues of a structure.

    Parameters
    ----------
    chain : str or None
        Chain id; None: the only chain there is.
    first, last : (int, str)
        Residue number and insertion code of the ends, both included.
    group : str
        Segments of one group are rigid together.
    """

    chain: str | None
    first: tuple[int, str]
    last: tuple[int, str]
    group: str = "A"

    def __str__(self) -> str:
        chain = "" if self.chain is None else _prefix(self.chain)
        ends = [f"{number}{code}" for number, code in (self.first, self.last)]
        return chain + (ends[0] if self.first == self.last else "-".join(ends))


def _prefix(chain: str) -> str:
    """How a chain id is written before a residue number."""
    if not chain:
        return BLANK
    return chain if re.fullmatch("[A-Za-z]+|_", chain) else f"{chain}:"


def chain_name(chain: str) -> str:
    """A chain id in a message; `_` for a blank one."""
    return chain or BLANK


def find_chain(backbone: Backbone, chain: str, where: str) -> str:
    """Chain id that `chain` stands for: itself, or the blank one for ``_``.

    Raises
    ------
    ValueError
        If there is no such chain; begins with `where`.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff import Backbone
    >>> find_chain(Backbone.from_coords(np.zeros((3, 4, 3)), chain_ids=""), "_", "`chain`")
    ''
    """
    if chain in backbone.chains:
        return chain
    if chain in ("", BLANK):
        other = BLANK if chain == "" else ""
        if other in backbone.chains:
            return other
    present = ", ".join(map(chain_name, backbone.chains))
    raise ValueError(f"{where}: no chain {chain_name(chain)}; there are {present}")


def check_backbone(source: object) -> None:
    """TypeError for an input that is no backbone, such as the path of a file."""
    if not isinstance(source, Backbone):
        raise TypeError(
            f"`source`: {type(source).__name__}; must be a Backbone, such as protdiff.read returns"
        )


def residue_name(backbone: Backbone, row: int) -> str:
    """Chain id, number and insertion code of a residue, as a range names it.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff import Backbone
    >>> residue_name(Backbone.from_coords(np.zeros((3, 4, 3)), chain_ids=""), 1)
    '_2'
    """
    chain = str(backbone.chain_ids[row])
    return f"{_prefix(chain)}{backbone.residue_numbers[row]}{backbone.insertion_codes[row]}"


def parse_range(text: str, where: str, group: str = "A", more: str = "") -> Fixed:
    """Residue range of a text like B19-27; errors begin with `where`, one of them ends with `more`.

    Examples
    --------
    >>> parse_range("H100A-100C", "`regions`").last
    (100, 'C')
    """
    match = RANGE.fullmatch(text)
    if not match:
        raise ValueError(
            f"{where}: {text!r} is not a segment; write residues of the structure with their "
            f"chain, B19-27 or B:19-27{more}"
        )
    chain, second = _id(match, ""), _id(match, "last_")
    if second not in (None, chain):
        raise ValueError(f"{where}: {text} lies in two chains; write a range for each of them")
    first = (int(match["first"]), match["code"])
    last = first if match["last"] is None else (int(match["last"]), match["last_code"])
    return Fixed(chain, first, last, group)


def _id(match: re.Match[str], end: str) -> str | None:
    """Chain id of an end of a range; "" if it is blank, None if none is written."""
    chain = match[f"{end}id"] if match[f"{end}id"] is not None else match[f"{end}letters"]
    return "" if chain == BLANK else chain


def find_residues(backbone: Backbone, segment: Fixed, where: str) -> Int[np.ndarray, " residues"]:
    """Rows of a segment's residues in the backbone, in the order of the file.

    A warning says so if residues with numbers outside the range lie between its ends.

    Raises
    ------
    ValueError
        If the chain or an end of the range is not there or not unique, or the last residue comes
        before the first.
    """
    chain = np.flatnonzero(backbone.chain_ids == _chain_of(backbone, segment, where))
    first, last = (_row_of(backbone, chain, end, segment, where) for end in _ends(segment))
    if last < first:
        names = [residue_name(backbone, chain[k]) for k in (first, last)]
        turned = Fixed(segment.chain, segment.last, segment.first)
        raise ValueError(
            f"{where}: {segment} runs backwards; in the file {names[0]} comes after {names[1]}: "
            f"write {turned}"
        )
    rows = chain[first : last + 1]
    numbers = backbone.residue_numbers[rows]
    others = rows[(numbers < numbers[0]) | (numbers > numbers[-1])]
    if numbers[0] <= numbers[-1] and len(others):
        names = dict.fromkeys(residue_name(backbone, k) for k in (others[0], others[-1]))
        warn(
            f"{where}: {segment} takes in residues of other numbers that lie between its ends in "
            f"the file ({len(others)}: {' to '.join(names)})"
        )
    return rows


def _ends(segment: Fixed) -> tuple[tuple[int, str], tuple[int, str]]:
    return segment.first, segment.last


def _chain_of(backbone: Backbone, segment: Fixed, where: str) -> str:
    """The chain id that a segment names."""
    if segment.chain is not None:
        return find_chain(backbone, segment.chain, f"{where}: {segment}")
    chains = backbone.chains
    if len(chains) != 1:
        present = ", ".join(map(chain_name, chains))
        raise ValueError(f"{where}: {segment} names no chain; there are {present}")
    return chains[0]


def _row_of(
    backbone: Backbone,
    chain: Int[np.ndarray, " chain"],
    end: tuple[int, str],
    segment: Fixed,
    where: str,
) -> int:
    """Place in the chain of the residue at an end of a segment."""
    numbers, codes = backbone.residue_numbers[chain], backbone.insertion_codes[chain]
    there = numbers == end[0]
    places = np.flatnonzero(there & (codes == end[1]))
    if not len(places) and end[1]:  # 100a for 100A
        places = np.flatnonzero(there & (np.char.lower(codes) == end[1].lower()))
    name = f"chain {chain_name(str(backbone.chain_ids[chain[0]]))}"
    if len(places) == 1:
        return int(places[0])
    if len(places):
        raise ValueError(
            f"{where}: {segment}: {name} has {len(places)} residues {end[0]}{end[1]}; "
            "give its parts chain ids of their own"
        )
    same = [f"{end[0]}{code}" for code in codes[there].tolist()]
    raise ValueError(
        f"{where}: {segment}: {name} has no residue {end[0]}{end[1]}; it runs from "
        f"{numbers[0]}{codes[0]} to {numbers[-1]}{codes[-1]}"
        f"{', with ' + ', '.join(same) if same else _gap_at(numbers, end[0])}"
    )


def _gap_at(numbers: Int[np.ndarray, " residues"], number: int) -> str:
    """In words, the residues around a number that a chain does not have; empty at its ends."""
    for before, after in zip(numbers[:-1].tolist(), numbers[1:].tolist(), strict=True):
        if before < number < after:
            return f", without {before + 1}" + (f"-{after - 1}" if after > before + 2 else "")
    return ""


def check_observed(
    backbone: Backbone, rows: Int[np.ndarray, " residues"], segment: Fixed, where: str
) -> None:
    """ValueError if residues between the ends of a segment, or atoms of them, are missing."""
    step = np.linalg.norm(np.diff(backbone.ca[rows], axis=0), axis=1)
    broken = np.flatnonzero(step > FILE_BREAK)
    if len(broken):
        before, after = (residue_name(backbone, int(rows[broken[0] + k])) for k in (0, 1))
        raise ValueError(
            f"{where}: {segment}: {before} and {after} are not bonded in the file "
            f"({step[broken[0]]:.1f} Å); with new residues between them: "
            f"{_with_new(backbone, rows, broken)}"
        )
    for k in rows.tolist():
        present = zip(BACKBONE_ATOMS, backbone.mask[k], strict=True)
        missing = [atom for atom, there in present if not there]
        if missing:
            raise ValueError(
                f"{where}: residue {residue_name(backbone, k)} lacks {', '.join(missing)}; a motif "
                "needs all of N, CA, C and O"
            )


def _with_new(
    backbone: Backbone, rows: Int[np.ndarray, " residues"], broken: Int[np.ndarray, " breaks"]
) -> str:
    """A range as segments, with new residues in place of those that the file lacks."""
    out: list[str] = []
    pieces = np.split(rows, broken + 1)
    for k, piece in enumerate(pieces):
        if k:
            out.append(str(missing_between(backbone, pieces[k - 1][-1], piece[0])))
        first, last = (
            (int(backbone.residue_numbers[k]), str(backbone.insertion_codes[k]))
            for k in (piece[0], piece[-1])
        )
        out.append(str(Fixed(str(backbone.chain_ids[piece[0]]), first, last)))
    return ",".join(out)


def missing_between(backbone: Backbone, before: int, after: int) -> int:
    """Number of residues that the file lacks between two rows.

    It is 0 if they are bonded, or if one of them has no CA.
    """
    step = float(np.linalg.norm(backbone.ca[after] - backbone.ca[before]))
    if not step > FILE_BREAK:  # NaN fails the comparison, too
        return 0
    gap = int(backbone.residue_numbers[after] - backbone.residue_numbers[before]) - 1
    if gap > LONGEST_NUMBER_JUMP:  # another numbering, not residues
        gap = 0
    return max(gap, int(np.ceil(step / LONGEST_CA_CA)) - 1, 1)
