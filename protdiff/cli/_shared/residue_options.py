"""Options that name residues: which keep their type, which types are favoured, which are tied."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..._system.notices import warn
from ..._system.reading import read_text, reason
from ...structure.backbone import RESIDUE_TYPES, THREE_TO_ONE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from jaxtyping import Bool, Float, Int

    from ...conditioning.ranges import Fixed
    from ...structure.backbone import Backbone

__all__ = [
    "BiasRow", "Part", "bias_of", "fixed_of", "known_residues", "omitted", "parse_fixed",
    "parse_tied", "ranges_text", "read_bias", "tied_of",
]  # fmt: skip

#: Names that stand for "no type yet" in designs.
PLACEHOLDERS = ("ALA", "GLY", "UNK")
#: Share of a chain above which a placeholder that does not make up most of it is worth a warning.
SUSPICIOUS = 0.25
LETTER, CHAIN_LETTER = ("letter", "nats"), ("chain", "number", "letter", "nats")


@dataclass(frozen=True)
class Part:
    """Residues that an option names: a range, or a whole chain (both None: everything)."""

    range: Fixed | None = None
    chain: str | None = None


@dataclass(frozen=True)
class BiasRow:
    """Nats that are added to the log-probability of a type at some residues."""

    part: Part
    letter: str
    nats: float


def parse_fixed(text: str) -> list[Part]:
    """Parts of ``A10-25,B:*``; ValueError for other texts.

    Examples
    --------
    >>> [part.chain for part in parse_fixed("B:*,C*")]
    ['B', 'C']
    """
    from ...conditioning.ranges import parse_range

    parts: list[Part] = []
    for piece in text.split(","):
        name = piece.strip()
        if name.endswith("*"):
            chain = name[:-1].removesuffix(":")
            if not chain:
                raise ValueError(f"--fixed {text}: name a chain before the *, as in B:*")
            parts.append(Part(chain=chain))
        elif name:
            parts.append(Part(parse_range(name, "--fixed", more="; a whole chain is B:*")))
        else:
            raise ValueError(f"--fixed {text!r}: names no residues; write A10-25,B:*")
    return parts


def rows_of(backbone: Backbone, part: Part, where: str) -> Int[np.ndarray, " rows"]:
    """Residues of a backbone that a part names; errors begin with `where`."""
    from ...conditioning.ranges import find_chain, find_residues

    if part.range is not None:
        return find_residues(backbone, part.range, where)
    if part.chain is None:
        return np.arange(len(backbone))
    return np.flatnonzero(backbone.chain_ids == find_chain(backbone, part.chain, where))


def fixed_of(backbone: Backbone, parts: Sequence[Part]) -> Bool[np.ndarray, " residues"]:
    """Whether each residue is named by one of the parts."""
    fixed = np.zeros(len(backbone), bool)
    for part in parts:
        fixed[rows_of(backbone, part, "--fixed")] = True
    return fixed


def parse_tied(text: str) -> list[list[str]]:
    """Groups of chains of ``A,B,C``, or of ``A,C|B,D``; ValueError for other texts.

    Examples
    --------
    >>> parse_tied("A,C|B,D")
    [['A', 'C'], ['B', 'D']]
    """
    groups = [[chain.strip() for chain in group.split(",")] for group in text.split("|")]
    chains = [chain for group in groups for chain in group]
    if "" in chains or min(map(len, groups)) < 2 or len(set(chains)) < len(chains):
        raise ValueError(f"--tied {text}: name two or more chains, each once, as in A,B,C")
    return groups


def tied_of(backbone: Backbone, groups: Sequence[Sequence[str]]) -> list[list[str]] | None:
    """The groups with the chain ids of a backbone (``_`` stands for a blank one)."""
    from ...conditioning.ranges import find_chain

    return [[find_chain(backbone, c, "--tied") for c in group] for group in groups] or None


def omitted(text: str) -> str:
    """Letters of --omit in the order of the residue types; ValueError for others."""
    letters = text.upper().replace(",", "").replace(" ", "")
    if wrong := next((letter for letter in letters if letter not in RESIDUE_TYPES), None):
        raise ValueError(f"--omit {text}: {wrong!r} is no residue type; use {RESIDUE_TYPES}")
    if set(letters) == set(RESIDUE_TYPES):
        raise ValueError(f"--omit {text}: leaves no residue type")
    return "".join(letter for letter in RESIDUE_TYPES if letter in letters)


def read_bias(path: Path) -> list[BiasRow]:
    """Rows of a CSV file with the columns letter and nats, or chain, number, letter and nats.

    Raises
    ------
    ValueError
        If the file cannot be read, lacks a column, or a row of it makes no sense.
    """
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""), skipinitialspace=True)
        columns = tuple((name or "").strip().lower() for name in reader.fieldnames or ())
        reader.fieldnames = columns
        rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"--bias {path}: cannot be read as CSV ({reason(error)})") from None
    if set(columns) not in (set(LETTER), set(CHAIN_LETTER)):
        raise ValueError(
            f"--bias {path}: needs a header with the columns {','.join(LETTER)} or "
            f"{','.join(CHAIN_LETTER)}"
        )
    if not rows:
        raise ValueError(f"--bias {path}: has no rows")
    out: list[BiasRow] = []
    seen: set[tuple[Part, str]] = set()
    for line, row in rows:
        parsed = _bias_row(row, f"--bias {path}, line {line}")
        if (parsed.part, parsed.letter) in seen:
            raise ValueError(f"--bias {path}, line {line}: the same residues and type once more")
        seen.add((parsed.part, parsed.letter))
        out.append(parsed)
    return out


def _bias_row(row: dict[str, str | None], where: str) -> BiasRow:
    """A row of the file of --bias; errors begin with `where`."""
    from ...conditioning.ranges import Fixed, parse_range

    cells = {name: (row.get(name) or "").strip() for name in CHAIN_LETTER}
    letter = THREE_TO_ONE.get(cells["letter"].upper(), cells["letter"].upper())
    if len(letter) != 1 or letter not in RESIDUE_TYPES:
        raise ValueError(f"{where}: {cells['letter']!r} is no residue type; use {RESIDUE_TYPES}")
    try:
        nats = float(cells["nats"])
    except ValueError:
        nats = math.nan
    if math.isnan(nats) or nats == math.inf:
        raise ValueError(f"{where}: {cells['nats']!r} is not a number of nats, nor -inf")
    chain, number = cells["chain"], cells["number"]
    if not number:
        return BiasRow(Part(chain=chain or None), letter, nats)
    one = parse_range(number, where)
    if one.chain is not None:
        raise ValueError(f"{where}: {number!r} is no residue number")
    name = "" if chain == "_" else chain or None
    return BiasRow(Part(Fixed(name, one.first, one.last)), letter, nats)


def bias_of(
    backbone: Backbone, rows: Sequence[BiasRow], source: str
) -> Float[np.ndarray, "residues types"]:
    """The bias of every residue and type; rows that name the same residues add up."""
    table = np.zeros((len(backbone), len(RESIDUE_TYPES)))
    for row in rows:
        at = rows_of(backbone, row.part, source)
        table[at, RESIDUE_TYPES.index(row.letter)] += row.nats
    return table


def known_residues(backbone: Backbone) -> Bool[np.ndarray, " residues"]:
    """Residues with a name that is no placeholder.

    The placeholder of a chain is the most common of ALA, GLY and UNK, if it makes up more than
    half of the chain. UNK never is a type that can be kept. A warning names a chain in which a
    placeholder is common but not most of it.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff import Backbone
    >>> known_residues(Backbone.from_coords(np.zeros((5, 4, 3)), "AAAKG")).tolist()
    [False, False, False, True, True]
    """
    known = backbone.residue_names != "UNK"
    for chain in backbone.chains:
        rows = backbone.chain_ids == chain
        names = Counter(backbone.residue_names[rows].tolist())
        placeholder = max(PLACEHOLDERS, key=lambda name: names[name])
        share = names[placeholder] / int(rows.sum())
        if share > 0.5:
            known[rows & (backbone.residue_names == placeholder)] = False
        elif share > SUSPICIOUS and placeholder != "UNK":
            warn(
                f"chain {chain or '_'}: {share:.0%} {placeholder} is not most of it, so these "
                "residues are kept, too; name those to keep with --fixed instead"
            )
    return known


def ranges_text(backbone: Backbone, chosen: Bool[np.ndarray, " residues"]) -> str:
    """Residues as ranges that --fixed understands: ``A3-9,A12``; empty for none.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff import Backbone
    >>> ranges_text(Backbone.from_coords(np.zeros((5, 4, 3))), np.array([1, 1, 1, 0, 1], bool))
    'A1-3,A5'
    """
    from ...conditioning.ranges import Fixed

    rows = np.flatnonzero(chosen)
    chains = backbone.chain_ids[rows]
    cuts = np.flatnonzero((np.diff(rows) > 1) | (chains[1:] != chains[:-1])) + 1
    out: list[str] = []
    for run in filter(len, np.split(rows, cuts)):
        first, last = (
            (int(backbone.residue_numbers[k]), str(backbone.insertion_codes[k]))
            for k in (run[0], run[-1])
        )
        out.append(str(Fixed(str(backbone.chain_ids[run[0]]), first, last)))
    return ",".join(out)
