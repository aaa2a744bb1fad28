"""Content of PDB, mmCIF and BinaryCIF files to atom records.

Errors are `FileError` without the file name, which `protdiff.io` puts in front. biotite is
imported where it is used: it takes half a second, which ``protdiff --help`` cannot wait for.
"""

import io

import numpy as np

from protdiff._atoms import Atoms, FileError
from protdiff.backbone import BACKBONE_ATOMS


def parse_pdb(content, model):
    """Backbone atom records of one model of a PDB file.

    Parameters
    ----------
    content : bytes
    model : int
        Counted from 1.

    Returns
    -------
    Atoms
    """
    lines, last_ter = _pdb_model(content.decode(errors="replace"), model)
    if not lines:
        raise FileError("no protein residues; choose a file with a protein chain")
    # One fixed-width record per row: columns are slices, whole columns are converted at a time.
    table = np.array([line.encode("ascii", "replace") for line in lines], dtype="S80")
    table = table.view("S1").reshape(len(lines), 80)

    def text(start, stop):
        return np.char.strip(
            np.ascontiguousarray(table[:, start:stop]).view(f"S{stop - start}")[:, 0]
        )

    def number(start, stop, blank):
        column = text(start, stop)
        return np.where(column == b"", blank, column).astype(np.float64)

    ends = [last_ter.get(line[21]) for line in lines]
    return Atoms(
        name=text(12, 16).astype(str),
        altloc=text(16, 17).astype(str),
        residue_name=text(17, 20).astype(str),
        chain_id=text(21, 22).astype(str),
        residue_number=_residue_numbers(text(22, 26)),
        insertion_code=text(26, 27).astype(str),
        coord=np.stack([number(k, k + 8, b"nan") for k in (30, 38, 46)], axis=-1),
        occupancy=number(54, 60, b"1"),
        b_factor=number(60, 66, b"0"),
        hetero=table[:, 0] == b"H",
        in_polymer=np.array([-1 if end is None else row < end for row, end in enumerate(ends)]),
    )


def _residue_numbers(column):
    """Residue numbers of text, which may be in hybrid-36 (letters from 10,000 on)."""
    try:
        return column.astype(np.int64)
    except ValueError:
        from biotite.structure.io.pdb.hybrid36 import decode_hybrid36

        return np.array([decode_hybrid36(value.decode()) for value in column], dtype=np.int64)


def _pdb_model(text, model):
    """Backbone atom lines of one model, and per chain how many come before its last TER."""
    models, ters, chain = [], [], " "
    for number, line in enumerate(text.splitlines(), start=1):
        is_atom = line.startswith(("ATOM", "HETATM"))
        if line.startswith("MODEL") or (is_atom and not models):
            models.append([])
            ters.append({})
        if is_atom:
            if len(line) < 54:
                raise FileError(f"line {number} is cut short; get a fresh copy")
            chain = line[21]
            if line[12:16].strip() in BACKBONE_ATOMS:
                models[-1].append(line)
        elif line.startswith("TER") and models:
            ters[-1][line[21:22] or chain] = len(models[-1])
    if not models:
        raise FileError("no ATOM records, not a PDB file; check its content")
    _check_model(model, len(models))
    return models[model - 1], ters[model - 1]


def parse_cif(content, model):
    """Backbone atom records of one model of an mmCIF file; arguments as in `parse_pdb`."""
    from biotite.structure.io.pdbx import CIFFile

    return _parse_atom_site(CIFFile.read(io.StringIO(content.decode(errors="replace"))), model)


def parse_bcif(content, model):
    """Backbone atom records of one model of a BinaryCIF file; arguments as in `parse_pdb`."""
    from biotite.structure.io.pdbx import BinaryCIFFile

    return _parse_atom_site(BinaryCIFFile.read(io.BytesIO(content)), model)


def _parse_atom_site(file, model):
    site = next((file[name]["atom_site"] for name in file if "atom_site" in file[name]), None)
    if site is None or "Cartn_x" not in site:
        raise FileError("no atom_site table, not a structure; check its content")

    def text(*names):
        """First of the columns that exists; where it is empty, the next ones."""
        columns = [site[name].as_array(str, "") for name in names if name in site]
        if not columns:
            return np.full(site.row_count, "")
        values = columns[0]
        for column in columns[1:]:
            values = np.where(values == "", column, values)
        return values

    def number(name, default):
        if name not in site:
            return np.full(site.row_count, default)
        return site[name].as_array(np.float64, default)

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


def _check_model(model, count):
    if not 1 <= model <= count:
        has = "1 model, choose 1" if count == 1 else f"{count} models, choose 1 to {count}"
        raise FileError(f"no model {model}: the file has {has}")
