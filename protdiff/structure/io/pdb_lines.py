"""The lines of PDB files that atoms and models are read from, as rows of 80 characters.

Every other line is dropped before it takes a row: a file of blank lines, which is small when
compressed, would take eighty times its size.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from .atoms import FileError
from .encoding import decoded, encoding_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Bool, Shaped

    #: Text of every line, as bytes.
    Lines = Shaped[np.ndarray, "lines"]

__all__ = ["is_atom_line", "kept_lines"]

#: Lines that are kept, ANISOU because a bare TER may follow it, and those of atoms.
KEPT = re.compile(rb"^(?:ATOM|HETATM|ANISOU|TER|MODEL|END)[^\n]{0,74}", re.MULTILINE)
ATOM = re.compile(rb"^(?:ATOM|HETATM)", re.MULTILINE)
#: Characters up to the last coordinate.
LENGTH = 54
#: Bytes of the file that are looked at together.
PIECE = 1 << 20
#: TER, MODEL and END records that a file may have for each atom, and besides.
MARKS_PER_ATOM, MARKS = 10, 100_000


def is_atom_line(lines: Lines) -> Bool[np.ndarray, " lines"]:
    """Whether lines are those of atoms."""
    return (lines.astype("S4") == b"ATOM") | (lines.astype("S6") == b"HETATM")


def kept_lines(content: bytes) -> Lines:
    r"""Lines of ATOM, HETATM, ANISOU, TER, MODEL, ENDMDL and END records.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    ndarray of bytes, shape (lines,)
        One byte per character, so that columns stay where they are.

    Raises
    ------
    FileError
        If there is no atom, the line of one is cut short or has a tab, or there are many more
        TER, MODEL and END records than atoms.

    Examples
    --------
    >>> from protdiff.structure.io.pdb_lines import kept_lines
    >>> atom = b"ATOM      1  CA  GLY A   1       0.000   0.000   0.000"
    >>> [line[:6] for line in kept_lines(b"REMARK\n\n" + atom + b"\nTER\n").tolist()]
    [b'ATOM  ', b'TER']
    """
    if encoding_of(content) != "utf-8":
        content = decoded(content).encode("latin-1", "replace")
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    parts: list[Lines] = []
    atoms = marks = line = 0
    for piece in _pieces(content):
        part = np.array(KEPT.findall(piece), dtype="S80")
        is_atom = is_atom_line(part)
        _check(part[is_atom], piece, line)
        atoms, marks = atoms + int(is_atom.sum()), marks + int((~is_atom).sum())
        if marks > MARKS + MARKS_PER_ATOM * atoms:
            raise FileError("damaged: more TER, MODEL and END records than atoms")
        parts.append(part)
        line += piece.count(b"\n")
    if not atoms:
        raise FileError("no ATOM records, not a PDB file; check its content")
    return np.concatenate(parts)


def _pieces(content: bytes) -> Iterator[bytes]:
    """Parts of the content that end at line ends, one byte per character."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start + PIECE) + 1 or len(content)
        piece = content[start:end]
        if not piece.isascii():
            piece = decoded(piece).encode("latin-1", "replace")
        yield piece
        start = end


def _check(atoms: Lines, piece: bytes, before: int) -> None:
    """FileError unless lines of atoms are long enough and without tabs."""
    short = np.char.str_len(atoms) < LENGTH
    tabs = np.char.find(atoms, b"\t", 0, LENGTH) >= 0
    if not (short | tabs).any():
        return
    wrong = int((short | tabs).argmax())
    place = next(islice(ATOM.finditer(piece), wrong, None)).start()
    line = before + piece.count(b"\n", 0, place) + 1
    if short[wrong]:
        raise FileError(f"line {line} is cut short; get a fresh copy")
    raise FileError(f"line {line} has a tab, which shifts its columns; write blanks instead")
