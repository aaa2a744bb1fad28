"""Structure files to `Backbone` and back: PDB, mmCIF and BinaryCIF, plain or gzipped."""

from __future__ import annotations

import operator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

import numpy as np

from ..._system.notices import collected, warn
from ..backbone import Backbone
from .atoms import FileError
from .content import explained, format_of, read_bytes
from .every_atom import backbone_of, structure_of
from .members import as_path, path_text
from .models import Models
from .structure_bytes import WRITERS, check_numbering, structure_bytes, write_bytes

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from ..all_atoms import Structure

__all__ = [
    "ANOTHER_MODEL", "FileError", "check_writable", "count_models", "read", "read_models", "write",
]  # fmt: skip

#: What a warning says of the other models of a file.
ANOTHER_MODEL = "to take another, write it to its own file, or in Python name it with `model`"


@overload
def read(
    path: str | os.PathLike[str], *, model: int | None = ..., ca_only: bool = ...,
    atoms: Literal["backbone"] = ...,
) -> Backbone: ...  # fmt: skip
@overload
def read(
    path: str | os.PathLike[str], *, model: int | None = ..., ca_only: bool = ...,
    atoms: Literal["all"],
) -> Structure: ...  # fmt: skip
def read(
    path: str | os.PathLike[str], *, model: int | None = None, ca_only: bool = False,
    atoms: Literal["backbone", "all"] = "backbone",
) -> Backbone | Structure:  # fmt: skip
    """Read the protein backbone of a structure file, or all of its atoms as well.

    Parameters
    ----------
    path : str or os.PathLike
        PDB (.pdb, .ent), mmCIF (.cif, .mmcif) or BinaryCIF (.bcif), each also with .gz; of an
        archive (.tar) ``archive::name``.
    model : int, optional
        Which model of the file, counted from 1 in file order. Without it the first is read, with a
        warning if there are more.
    ca_only : bool, default False
        Accept a file that has only CA atoms; the others are masked. Without it such a file is an
        error, because most uses of a backbone need all of its atoms.
    atoms : {"backbone", "all"}
        "all" keeps side chains, hydrogens, nucleic acids, ligands and water beside the backbone.

    Returns
    -------
    Backbone, or Structure for all atoms
        Coordinates in Å, author chain ids, residue numbers and insertion codes; missing atoms are
        masked. B-factors are those of CA, or of the first atom present where CA is missing. A
        `Structure` is ``(backbone, atoms, residue)``: the backbone, an `AtomArray` of biotite, and
        the residue of the backbone that each atom belongs to.

    Raises
    ------
    FileError
        If the file is missing, not readable, not a structure, or has no protein backbone.
    ValueError
        If `atoms` has another value.

    Notes
    -----
    A backbone has no water, nucleic acids, ligands, hydrogens and side chains. Modified residues
    take the name of their parent in the Chemical Component Dictionary (MSE becomes MET), or UNK.

    A peptide bond makes a residue part of a chain, whatever its name, record (ATOM or HETATM) and
    place in the file; where N or C are missing, a CA near that of the neighbour in number does.
    Without one, ``label_seq_id`` of mmCIF and the TER record of PDB decide. Other amino acids are
    ligands. A warning counts what has N, CA and C and is left out. Residues at the end of a file
    are put back where their bonds, or else their numbers, say.

    A model ends at MODEL, ENDMDL or END, or where the numbers of a chain begin anew in the same
    place. Chains with one chain id are kept apart by segment ids and coordinates; see
    `repeats.separated`. A warning says what was guessed.

    What belongs to no protein residue may be damaged. An atom without coordinates is missing, and
    so are several at 0, 0, 0. A B-factor that is no number is that of another atom of its residue,
    or else 0; where no residue has one, there are none. A warning (`protdiff.ProtdiffWarning`)
    names these. An occupancy that is no number counts as 0. O of a last residue may be called OT1,
    OC1, O1 or OXT.

    Of alternate locations, the conformation with the most backbone atoms is taken, then the one
    of highest mean occupancy, then the first in the file; where two residue names share a number,
    they are conformations too. Atoms that the chosen one lacks come from another of its name. Side
    chains have the conformation of their backbone; where that has only one, the same rule chooses
    among their atoms.

    Examples
    --------
    >>> import protdiff
    >>> protdiff.read("data/examples/1tpk.pdb").chains
    ('A',)
    >>> structure = protdiff.read("data/examples/1tpk.pdb", atoms="all")
    >>> len(structure.backbone), len(structure.atoms)
    (88, 716)
    """
    if atoms not in ("backbone", "all"):
        raise ValueError(f'`atoms` {atoms!r}: must be "backbone" or "all"')
    path, chosen = path_text(path), 1 if model is None else operator.index(model)
    content, kind = read_bytes(as_path(path))
    with collected() as texts, explained(path, kind):
        models = Models.of(content, kind, all_atoms=atoms == "all")
        found = (structure_of if atoms == "all" else backbone_of)(models, chosen, ca_only)
        if model is None and len(models) > 1:
            warn(f"has {len(models)} models; the first is read; {ANOTHER_MODEL}")
    for text in texts:
        warn(f"{path}: {text}", stacklevel=2)
    return found


def count_models(path: str | os.PathLike[str]) -> int:
    """Number of models of a structure file.

    Parameters
    ----------
    path : str or os.PathLike
        As in `read`.

    Raises
    ------
    FileError
        As in `read`.

    Examples
    --------
    >>> from protdiff.structure.io import count_models
    >>> count_models("data/examples/1lcd.pdb")
    2
    """
    content, kind = read_bytes(as_path(path))
    with collected(), explained(path_text(path), kind):
        return len(Models.of(content, kind))


def read_models(
    path: str | os.PathLike[str], *, ca_only: bool = False
) -> Iterator[Backbone | FileError]:
    """Every model of a structure file, in file order; each is read when it is taken.

    Parameters
    ----------
    path, ca_only
        As in `read`.

    Yields
    ------
    Backbone or FileError
        The latter in place of a model that cannot be read; the others are not affected.

    Raises
    ------
    FileError
        If the file is missing, not readable, or not a structure.

    Examples
    --------
    >>> from protdiff.structure.io import read_models
    >>> [len(model) for model in read_models("data/examples/1lcd.pdb")]
    [12, 12]
    """
    path = path_text(path)
    content, kind = read_bytes(as_path(path))
    with collected() as texts, explained(path, kind):
        models = Models.of(content, kind)
        count = len(models)
    for text in texts:
        warn(f"{path}: {text}", stacklevel=2)
    return _each_model(models, count, path, kind, ca_only)


def _each_model(
    models: Models, count: int, path: str, kind: str, ca_only: bool
) -> Iterator[Backbone | FileError]:
    """The models, read one after the other when they are taken."""
    for model in range(1, count + 1):
        where = f"{path}: model {model}" if count > 1 else path
        try:
            with collected() as texts, explained(where, kind):
                backbone = backbone_of(models, model, ca_only)
        except FileError as error:
            yield error
            continue
        for text in texts:
            warn(f"{where}: {text}", stacklevel=2)
        yield backbone


def write(backbone: Backbone, path: str | os.PathLike[str]) -> None:
    """Write a backbone to a structure file, whole or not at all.

    The present atoms are written with occupancy 1.00, coordinates to 0.001 Å and B-factors (0.00
    where there are none) to 0.01. Equal backbones give equal bytes. A residue without any atom
    leaves no trace in the file.

    Parameters
    ----------
    backbone : Backbone
    path : str or os.PathLike
        The suffix chooses the format, as in `read`. An existing file is replaced.

    Raises
    ------
    FileError
        If the folder does not exist or is not writable, if there are no atoms, or if the format
        cannot hold the numbering, the coordinates or the number of atoms.
    OSError
        If the disk is full.
    TypeError
        If it is no backbone.

    Examples
    --------
    >>> import protdiff
    >>> backbone = protdiff.read("data/examples/1tpk.pdb")
    >>> protdiff.write(backbone.chain("A"), "chain_a.cif.gz")  # doctest: +SKIP
    """
    if not isinstance(backbone, Backbone):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"`backbone`: {type(backbone).__name__}; write takes one Backbone, such as the "
            "attribute `backbone` of a Design or Structure"
        )
    path = as_path(path)
    write_bytes(path, structure_bytes(backbone, path))


def check_writable(backbone: Backbone, suffix: str) -> None:
    """Check that a type of file can hold the numbering of a backbone, with all of its atoms.

    Parameters
    ----------
    backbone : Backbone
        Coordinates do not matter, they may be missing.
    suffix : str
        Of the file: ".pdb", ".cif", …

    Raises
    ------
    FileError
        If it cannot.
    """
    complete = replace(
        backbone, coords=np.zeros_like(backbone.coords), mask=np.ones_like(backbone.mask)
    )
    check_numbering(complete)
    WRITERS[format_of(Path("x" + suffix))](complete)
