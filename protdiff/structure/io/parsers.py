"""Parse the content of PDB, mmCIF and BinaryCIF files into atom records.

Errors are `FileError` without the file name, which `read_write` puts in front. biotite is imported
where it is used: it takes half a second, which ``protdiff --help`` cannot wait for.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backbone import BACKBONE_ATOMS
from .atoms import Atoms, FileError

if TYPE_CHECKING:
    from biotite.structure.io.pdbx import BinaryCIFFile, CIFFile
    from jaxtyping import Int, Shaped

    #: Text of every record, as bytes.
    Column = Shaped[np.ndarray, "records"]

__all__ = ["parse_bcif", "parse_cif", "parse_pdb"]


def parse_pdb(content: bytes, model: int) -> Atoms:
    """Backbone atom records of one model of a PDB file.

    Parameters
    ----------
    content : bytes
    model : int
        Counted from 1.

    Returns
    -------
    Atoms

    Raises
    ------
    FileError
        If there is no such model, or no atom, or a line is cut short.
    """
    if not content.isascii():  # one byte per character
        content = content.decode(errors="replace").encode("ascii", "replace")
    # One fixed-width record per row: columns are slices, whole columns are converted at a time.
    records = np.array(content.splitlines(), dtype="S80")
    chosen, ends = _pdb_model(records, model)
    if not len(chosen):
        raise FileError("no protein residues; choose a file with a protein chain")
    table = records[chosen].view("S1").reshape(len(chosen), 80)

    def number(start: int, stop: int, blank: bytes) -> np.ndarray:
        column = _column(table, start, stop)
        return np.where(column == b"", blank, column).astype(np.float64)

    in_polymer = np.full(len(chosen), -1)
    for chain, end in ends.items():
        rows = np.flatnonzero(table[:, 21] == chain)
        in_polymer[rows] = rows < end
    name, altloc, residue_name, chain_id, insertion_code = (
        _column(table, *span).astype(str)
        for span in ((12, 16), (16, 17), (17, 20), (21, 22), (26, 27))
    )
    return Atoms(
        name=name,
        altloc=altloc,
        residue_name=residue_name,
        chain_id=chain_id,
        residue_number=_residue_numbers(_column(table, 22, 26)),
        insertion_code=insertion_code,
        coord=np.stack([number(k, k + 8, b"nan") for k in (30, 38, 46)], axis=-1),
        occupancy=number(54, 60, b"1"),
        b_factor=number(60, 66, b"0"),
        hetero=table[:, 0] == b"H",
        in_polymer=in_polymer,
    )


def _column(table: Shaped[np.ndarray, "records 80"], start: int, stop: int) -> Column:
    """Text of some characters of every record, without the blanks around it."""
    return np.char.strip(np.ascontiguousarray(table[:, start:stop]).view(f"S{stop - start}")[:, 0])


def _residue_numbers(column: Column) -> Int[np.ndarray, "records"]:
    """Residue numbers from text, which may be in hybrid-36 (with letters from 10,000 on)."""
    try:
        return column.astype(np.int64)
    except ValueError:
        from biotite.structure.io.pdb.hybrid36 import decode_hybrid36

        return np.array([decode_hybrid36(value.decode()) for value in column], dtype=np.int64)


def _pdb_model(records: Column, model: int) -> tuple[Int[np.ndarray, "atoms"], dict[bytes, int]]:
    """Rows of the backbone atoms of one model, and per chain how many come before its last TER."""
    heads = records.astype("S6")
    is_atom = (heads.astype("S4") == b"ATOM") | (heads == b"HETATM")
    short = is_atom & (np.char.str_len(records) < 54)
    if short.any():
        raise FileError(f"line {short.argmax() + 1} is cut short; get a fresh copy")
    starts = heads.astype("S5") == b"MODEL"
    # Atoms may come before the first MODEL record, or without one: they are the first model.
    if is_atom.any():
        starts[is_atom.argmax()] |= not starts[: is_atom.argmax()].any()
    number = starts.cumsum()
    if not starts.any():
        raise FileError("no ATOM records, not a PDB file; check its content")
    _check_model(model, int(number[-1]))
    atoms = np.flatnonzero(is_atom & (number == model))
    table = records.view("S1").reshape(len(records), 80)
    kept = atoms[np.isin(_column(table[atoms], 12, 16), [a.encode() for a in BACKBONE_ATOMS])]
    ends, every = {}, np.flatnonzero(is_atom)
    for ter in np.flatnonzero((heads.astype("S3") == b"TER") & (number == model)).tolist():
        before = every[: np.searchsorted(every, ter)]
        chain = table[ter, 21] or (table[before[-1], 21] if len(before) else b" ")
        ends[chain] = int(np.searchsorted(kept, ter))
    return kept, ends


def parse_cif(content: bytes, model: int) -> Atoms:
    """Backbone atom records of one model of an mmCIF file; arguments as in `parse_pdb`."""
    from biotite.structure.io.pdbx import CIFFile

    return _parse_atom_site(CIFFile.read(io.StringIO(content.decode(errors="replace"))), model)


def parse_bcif(content: bytes, model: int) -> Atoms:
    """Backbone atom records of one model of a BinaryCIF file; arguments as in `parse_pdb`."""
    from biotite.structure.io.pdbx import BinaryCIFFile

    return _parse_atom_site(BinaryCIFFile.read(io.BytesIO(content)), model)


def _parse_atom_site(file: CIFFile | BinaryCIFFile, model: int) -> Atoms:
    """Backbone atom records of one model of the atom_site table."""
    site = next((file[name]["atom_site"] for name in file if "atom_site" in file[name]), None)
    if site is None or "Cartn_x" not in site:
        raise FileError("no atom_site table, not a structure; check its content")

    def text(*names: str) -> np.ndarray:
        """First of the columns that exists; where it is empty, the next ones."""
        columns = [site[name].as_array(str, "") for name in names if name in site]
        if not columns:
            return np.full(site.row_count, "")
        values = columns[0]
        for column in columns[1:]:
            values = np.where(values == "", column, values)
        return values

    def number(name: str, default: float) -> np.ndarray:
        if name not in site:
            return np.full(site.row_count, default)
        column: Any = site[name]  # biotite's `as_array` is annotated for text alone
        return column.as_array(np.float64, default)

    chain_id = text("label_asym_id")
    if "auth_asym_id" in site:  # "." is a blank chain id, "?" one that the file does not give
        author = site["auth_asym_id"].as_array(str)
        chain_id = np.where(author == "?", chain_id, np.where(author == ".", "", author))
    models = text("pdbx_PDB_model_num")
    order = list(dict.fromkeys(models.tolist()))
    _check_model(model, len(order))
    names = text("label_atom_id", "auth_atom_id")
    rows = np.flatnonzero((models == order[model - 1]) & np.isin(names, BACKBONE_ATOMS))
    coord = np.stack([number(f"Cartn_{axis}", np.nan)[rows] for axis in "xyz"], axis=-1)
    if "label_seq_id" in site:
        in_polymer = (text("label_seq_id")[rows] != "").astype(int)
    else:
        in_polymer = np.full(len(rows), -1)
    return Atoms(
        name=names[rows],
        altloc=text("label_alt_id")[rows],
        residue_name=text("label_comp_id", "auth_comp_id")[rows],
        chain_id=chain_id[rows],
        residue_number=text("auth_seq_id", "label_seq_id")[rows].astype(np.int64),
        insertion_code=text("pdbx_PDB_ins_code")[rows],
        coord=coord,
        occupancy=number("occupancy", 1.0)[rows],
        b_factor=number("B_iso_or_equiv", 0.0)[rows],
        hetero=text("group_PDB")[rows] == "HETATM",
        in_polymer=in_polymer,
    )


def _check_model(model: int, count: int) -> None:
    if not 1 <= model <= count:
        has = "1 model, choose 1" if count == 1 else f"{count} models, choose 1 to {count}"
        raise FileError(f"no model {model}: the file has {has}")
