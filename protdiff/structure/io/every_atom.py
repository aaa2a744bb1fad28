"""All atoms of a model as an `AtomArray`, with the choices that its backbone was read with."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from ..._system.notices import warn
from ..._system.words import counted, either
from ..all_atoms import Structure
from ..backbone import BACKBONE_ATOMS
from ..other_residues import other_residues
from .atoms import NoProteinError
from .conformations import atoms_of_conformation, choose_conformation
from .numbers import UNKNOWN_NUMBER
from .record_owners import OTHER, residues_of_records
from .residues import LARGEST_COORDINATE, check_coordinates, place_of, to_backbone

if TYPE_CHECKING:
    from collections.abc import Callable

    from biotite.structure import AtomArray
    from jaxtyping import Bool, Int, Shaped

    from ..backbone import Backbone
    from .atoms import Atoms
    from .models import Models

    Strings = Shaped[np.ndarray, "atoms"]

__all__ = ["backbone_of", "structure_of"]


def backbone_of(models: Models, model: int, ca_only: bool) -> Backbone:
    """Backbone of a model; see `residues.to_backbone`."""
    return to_backbone(models.atoms(model), ca_only)[0]


def structure_of(models: Models, model: int, ca_only: bool) -> Structure:
    """Backbone and all atoms of a model, of `Models` that have them.

    Raises
    ------
    FileError
        As `residues.to_backbone`, or if a coordinate of a side chain is no number.
    """
    elements = models.parsed.elements
    try:
        records = models.atoms(model)
        backbone, places = to_backbone(records, ca_only)
    except NoProteinError:
        atoms = models.parsed.everything(model)
        rows = np.arange(len(atoms.name))
        others = other_residues(_atom_array(atoms, rows, atoms.name, elements(atoms.record)))
        raise NoProteinError(str(others)) from None
    return _structure(backbone, places, models.everything(model, records), elements)


def _structure(
    backbone: Backbone,
    records: Int[np.ndarray, "residues 4"],
    atoms: Atoms,
    elements: Callable[[Int[np.ndarray, " records"]], Strings],
) -> Structure:
    """All records of a model beside its backbone, whose atoms have the places `records`."""
    places = np.where(records >= 0, np.searchsorted(atoms.record, records), -1)
    owner = residues_of_records(atoms, places)
    chosen = places[places >= 0]
    kept = _located(atoms, owner, chosen) & (owner >= OTHER)
    _choose_conformations(atoms, owner, places, kept)
    names = atoms.name.astype(np.result_type(atoms.name, np.array(BACKBONE_ATOMS)))
    names[chosen] = np.array(BACKBONE_ATOMS)[np.nonzero(places >= 0)[1]]
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(np.where(owner[rows] < 0, len(backbone), owner[rows]), kind="stable")]
    array = _atom_array(atoms, rows, names[rows], elements(atoms.record[rows]))
    residue = owner[rows]
    _number_as(backbone, array, residue, atoms.chain_id[rows])
    return Structure(backbone, array, residue)


def _located(
    atoms: Atoms, owner: Int[np.ndarray, " records"], chosen: Int[np.ndarray, " chosen"]
) -> Bool[np.ndarray, " records"]:
    """Whether records have coordinates; FileError or a warning for those that have not."""
    located = np.all(np.abs(atoms.coord) < LARGEST_COORDINATE, axis=1)
    if located.all():
        return located
    located[chosen] = True
    unknown = np.isnan(atoms.coord).any(axis=1)
    check_coordinates(atoms, np.flatnonzero((owner >= 0) & ~unknown))
    # Residues without any coordinates have no owner; a CA shows that they are of a protein.
    trace = (atoms.name == "CA") & (atoms.residue_name != "CA")
    protein = (owner >= 0) | np.isin(atoms.residue_name, atoms.residue_name[trace])
    of_backbone = np.isin(atoms.name, BACKBONE_ATOMS)  # those have a warning of their own
    for what, lost in (
        ("of side chains", protein & ~of_backbone & ~located),
        ("outside of proteins", (owner == OTHER) & ~protein & ~located),
    ):
        first = np.flatnonzero(lost)
        if len(first):
            verb, place = either(len(first), "is", "are"), place_of(atoms, first[0])
            number = counted(len(first), "atom")
            warn(f"no coordinates for {number} {what}, which {verb} left out ({place})")
    return located


def _choose_conformations(
    atoms: Atoms,
    owner: Int[np.ndarray, " records"],
    places: Int[np.ndarray, "residues 4"],
    kept: Bool[np.ndarray, " records"],
) -> None:
    """Keep one conformation of every residue, that of its backbone where that has several."""
    there = np.flatnonzero(kept)
    for residue in _with_several(atoms, there, owner[there]):
        rows = there[owner[there] == residue]
        kept[rows] = False
        kept[_of_residue(atoms, rows, places[residue])] = True
    alternate = there[(owner[there] == OTHER) & (atoms.altloc[there] != "")]
    groups: dict[tuple[str, int, str], list[int]] = {}
    columns = (atoms.chain_id, atoms.residue_number, atoms.insertion_code)
    for row, *key in zip(alternate, *(c[alternate].tolist() for c in columns), strict=True):
        groups.setdefault((key[0], key[1], key[2]), []).append(int(row))
    for rows in groups.values():
        kept[rows] = False
        kept[list(choose_conformation(atoms, rows)[1].values())] = True


def _with_several(
    atoms: Atoms, rows: Int[np.ndarray, " rows"], owner: Int[np.ndarray, " rows"]
) -> list[int]:
    """Residues of the backbone with alternate locations, or an atom that is there twice."""
    rows, owner = rows[owner >= 0], owner[owner >= 0]
    name = np.unique(atoms.name[rows], return_inverse=True)[1]
    atom = np.sort(owner * (int(name.max(initial=0)) + 1) + name)
    twice = atom[1:][atom[1:] == atom[:-1]] // (int(name.max(initial=0)) + 1)
    return np.union1d(owner[atoms.altloc[rows] != ""], twice).tolist()


def _of_residue(
    atoms: Atoms, rows: Int[np.ndarray, " rows"], places: Int[np.ndarray, " 4"]
) -> list[int]:
    """Records of the conformation of one residue whose backbone records are `places`."""
    chosen = places[places >= 0].tolist()
    taken = Counter(str(atoms.altloc[row]) for row in chosen if atoms.altloc[row])
    of_backbone = np.isin(atoms.name[rows], atoms.name[chosen])
    altloc = taken.most_common(1)[0][0] if taken else None
    if altloc is None and (atoms.altloc[rows[of_backbone]] != "").any():
        altloc = ""
    others = atoms_of_conformation(atoms, rows.tolist(), altloc)
    names = set(atoms.name[chosen].tolist())
    return chosen + [row for name, row in others.items() if name not in names]


def _atom_array(
    atoms: Atoms, rows: Int[np.ndarray, " atoms"], names: Strings, elements: Strings
) -> AtomArray:
    """Array of some records, with their names, numbers and elements."""
    from biotite.structure import AtomArray

    array = AtomArray(len(rows))
    array.coord = atoms.coord[rows]
    elements = np.char.upper(elements).astype("U2")
    blank = np.flatnonzero(elements == "")
    if len(blank):
        elements[blank] = _inferred(names[blank], atoms.residue_name[rows[blank]])
    number = atoms.residue_number[rows]
    for name, values in {
        "chain_id": atoms.chain_id[rows],
        "res_id": np.where(number == UNKNOWN_NUMBER, 0, number),
        "ins_code": atoms.insertion_code[rows],
        "res_name": atoms.residue_name[rows],
        "hetero": atoms.hetero[rows],
        "atom_name": names,
        "element": elements,
    }.items():
        array.set_annotation(name, values)
    for name, values in (("b_factor", atoms.b_factor), ("occupancy", atoms.occupancy)):
        array.set_annotation(name, np.where(np.isfinite(values[rows]), values[rows], np.nan))
    return array


def _inferred(names: Strings, residue_names: Strings) -> Strings:
    """Elements by the names of atoms; deuterium too, which biotite does not know."""
    from biotite.structure import infer_elements

    letters = np.char.lstrip(names, "0123456789")
    deuterium = np.char.startswith(letters, "D") & (names != residue_names)  # as of dysprosium
    out = np.where(deuterium, "D", "").astype("U2")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that an element is not known
        out[~deuterium] = infer_elements(names[~deuterium])
    return out


def _number_as(
    backbone: Backbone, array: AtomArray, residue: Int[np.ndarray, " atoms"], given: Strings
) -> None:
    """Give atoms the chain ids and numbers of the backbone.

    Others keep the chain id of the file (`given`), unless one chain alone had it and has a new one.
    """
    of_chain: dict[str, set[str]] = {}
    protein = np.flatnonzero(residue >= 0)
    new = backbone.chain_ids[residue[protein]]
    for old, chain in set(zip(given[protein].tolist(), new.tolist(), strict=True)):
        of_chain.setdefault(old, set()).add(chain)
    single = {old: chains.pop() for old, chains in of_chain.items() if len(chains) == 1}
    chain_ids = np.array([single.get(chain, chain) for chain in given.tolist()], dtype=np.str_)
    if len(protein):
        chain_ids = chain_ids.astype(np.result_type(chain_ids, new))
        chain_ids[protein] = new
    array.set_annotation("chain_id", chain_ids)
    numbers = np.asarray(array.res_id).copy()
    numbers[protein] = backbone.residue_numbers[residue[protein]]
    array.set_annotation("res_id", numbers)
    codes = np.asarray(array.ins_code)
    codes = codes.astype(np.result_type(codes, backbone.insertion_codes))
    codes[protein] = backbone.insertion_codes[residue[protein]]
    array.set_annotation("ins_code", codes)
