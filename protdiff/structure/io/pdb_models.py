"""Which lines of a PDB file belong to which model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._system.notices import warn
from .numbers import real_numbers
from .repeats import OVERLAP, OVERLAPPING_SHARE

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int, Shaped

    #: Text of every line, as bytes.
    Lines = Shaped[np.ndarray, "lines"]

__all__ = ["models_of_lines"]


def models_of_lines(
    lines: Lines, atoms: Int[np.ndarray, " atoms"]
) -> tuple[int, Int[np.ndarray, " lines"]]:
    """Models of a PDB file by its records MODEL, ENDMDL and END.

    Programs write frames with only one of the three. A part without CA, such as water behind END,
    is no model, unless a MODEL record begins it; nor is one of HETATM records alone behind one
    with ATOM records. Parts behind END that hold other chains, in other places, belong to the same
    model: they are files that were written one after the other, such as a receptor and its ligand.

    Parameters
    ----------
    lines : ndarray of bytes, shape (lines,)
        At least 54 characters in those of atoms.
    atoms : ndarray of int
        Lines of backbone atoms.

    Returns
    -------
    count : int
        Number of models, at least 1.
    models : ndarray of int, shape (lines,)
        Model of every line, counted from 1; 0 for lines of none.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff.structure.io.pdb_models import models_of_lines
    >>> atom = "ATOM      1  CA  GLY A   1       0.000   0.000   0.000"
    >>> lines = np.array([atom, "END", atom, "END"], dtype="S80")
    >>> models_of_lines(lines, np.array([0, 2]))
    (2, array([1, 1, 2, 2]))
    """
    starts, ends = lines.astype("S5") == b"MODEL", _ends(lines)
    if not starts.any() and not (len(ends) and len(atoms) and ends[0] < atoms[-1]):
        return 1, np.ones(len(lines), int)
    begins = starts.copy()
    begins[ends[ends < len(lines) - 1] + 1] = True
    part = begins.cumsum()
    count = int(part[-1]) + 1
    carbons = atoms[_is_alpha_carbon(lines[atoms])]
    holds = np.bincount(part[carbons], minlength=count) > 0
    holds[part[starts]] = True
    if not holds.any():
        return 1, np.ones(len(lines), int)
    kept = np.flatnonzero(holds).tolist()
    numbers = list(range(1, len(kept) + 1))
    if len(kept) > 1 and not starts.any() and not (lines[ends].astype("S6") == b"ENDMDL").any():
        numbers = _joined(lines[carbons], np.searchsorted(kept, part[carbons]), len(kept))
    model = np.zeros(count, int)
    model[kept] = numbers
    if not starts.any():
        # Water and ligands behind END are of the model before them.
        model = np.maximum.accumulate(model)
    return numbers[-1], model[part]


def _ends(lines: Lines) -> Int[np.ndarray, " ends"]:
    """Lines that end a model."""
    candidates = np.flatnonzero(lines.astype("S3") == b"END").tolist()
    words = [lines[line].split()[0] for line in candidates]
    return np.array(
        [line for line, word in zip(candidates, words, strict=True) if word in (b"END", b"ENDMDL")],
        dtype=int,
    )


def _is_alpha_carbon(lines: Lines) -> Bool[np.ndarray, " atoms"]:
    """Whether lines of atoms are those of a CA that is not calcium."""
    table = lines.view("S1").reshape(len(lines), lines.dtype.itemsize)
    name, residue = (
        np.char.strip(np.ascontiguousarray(table[:, first : first + 4]).view("S4")[:, 0])
        for first in (12, 17)
    )
    return (np.char.upper(name) == b"CA") & (np.char.upper(residue) != b"CA")


def _joined(carbons: Lines, part: Int[np.ndarray, " carbons"], count: int) -> list[int]:
    """Model of every part between END records; see `models_of_lines`."""
    numbers, chains, has_atoms = list[int](), set[bytes](), False
    first = 0  # part that begins the model
    joined = dict[str, None]()
    bounds = np.searchsorted(part, np.arange(count + 1))
    for k in range(count):
        of_part = carbons[bounds[k] : bounds[k + 1]]
        here = {line[21:22].strip() for line in of_part.tolist()}
        polymer = bool((of_part.astype("S4") == b"ATOM").any())
        others = b"" not in here | chains and not here & chains
        others = others and not _overlap(of_part, carbons[bounds[first] : bounds[k]])
        if numbers and (others or (has_atoms and not polymer)):
            numbers.append(numbers[-1])
            joined |= dict.fromkeys(chain.decode("latin-1") for chain in sorted(here - chains))
            chains, has_atoms = chains | here, has_atoms or polymer
        else:
            numbers.append(numbers[-1] + 1 if numbers else 1)
            chains, has_atoms, first = here, polymer, k
    if joined:
        warn(f"chains {', '.join(joined)} are behind an END record; read into the same model")
    return numbers


def _overlap(first: Lines, second: Lines) -> bool:
    """Whether CA atoms are in the same place, as in frames of one protein."""
    places, others = _coordinates(first), _coordinates(second)
    with np.errstate(invalid="ignore"):  # coordinates that are no numbers
        near = [(np.linalg.norm(others - place, axis=1) < OVERLAP).any() for place in places]
    return sum(near) >= OVERLAPPING_SHARE * max(len(near), 1)


def _coordinates(lines: Lines) -> Float[np.ndarray, "atoms 3"]:
    """Coordinates (Å) in lines of atoms; see `numbers.real_numbers`."""
    fields = [[line[k : k + 8].decode("latin-1").strip() for k in (30, 38, 46)] for line in lines]
    return real_numbers(np.array(fields, dtype=np.str_).reshape(-1, 3).ravel(), np.nan).reshape(
        -1, 3
    )
