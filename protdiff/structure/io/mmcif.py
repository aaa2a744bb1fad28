"""Parse the content of mmCIF and BinaryCIF files into atom records.

Errors and warnings are without the file name, which `read_write` puts in front. biotite is imported
where it is used: it takes half a second, which ``protdiff --help`` cannot wait for.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._system.notices import warn
from .atoms import Atoms, FileError, check_model, is_backbone_atom
from .cif_text import atom_site_columns
from .encoding import decoded
from .numbers import real_numbers, residue_numbers

if TYPE_CHECKING:
    from biotite.structure.io.pdbx import BinaryCIFCategory
    from jaxtyping import Float, Shaped

    Strings = Shaped[np.ndarray, "records"]

__all__ = ["parse_bcif", "parse_cif"]


@dataclass(frozen=True)
class _TextTable:
    """Columns of an mmCIF file, by names in lower case."""

    columns: dict[str, list[str]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.columns

    def raw(self, name: str) -> Strings:
        """Column as text; "." is a value that does not apply, "?" one that is not known."""
        return np.array(self.columns[name.lower()], dtype=np.str_)

    def texts(self, name: str) -> Strings:
        """Column as text; "" where there is no value."""
        raw = self.raw(name)
        return np.where((raw == ".") | (raw == "?"), "", raw)

    def reals(self, name: str, blank: float) -> Float[np.ndarray, " records"]:
        """Column as numbers; `blank` where there is no value."""
        return real_numbers(self.texts(name), blank)


class _BinaryTable:
    """Columns of a BinaryCIF file; as `_TextTable`."""

    def __init__(self, category: BinaryCIFCategory) -> None:
        self._columns: dict[str, Any] = {name.lower(): category[name] for name in category}
        self._length = category.row_count

    def __len__(self) -> int:
        return self._length

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._columns

    def raw(self, name: str) -> Strings:
        return self._columns[name.lower()].as_array(str)

    def texts(self, name: str) -> Strings:
        return self._columns[name.lower()].as_array(str, "")

    def reals(self, name: str, blank: float) -> Float[np.ndarray, " records"]:
        column = self._columns[name.lower()]
        if column.data.array.dtype.kind in "iuf":
            return column.as_array(np.float64, blank)
        return real_numbers(self.texts(name), blank)


def parse_cif(content: bytes, model: int) -> Atoms:
    """Backbone atom records of one model of an mmCIF file; arguments as in `pdb.parse_pdb`."""
    columns, others = atom_site_columns(decoded(content))
    return _parse_atom_site(_TextTable(columns) if columns else None, others, model)


def parse_bcif(content: bytes, model: int) -> Atoms:
    """Backbone atom records of one model of a BinaryCIF file; arguments as in `pdb.parse_pdb`."""
    from biotite.structure.io.pdbx import BinaryCIFFile

    file = BinaryCIFFile.read(io.BytesIO(content))
    blocks = [name for name in file if "atom_site" in file[name]]
    table = _BinaryTable(file[blocks[0]]["atom_site"]) if blocks else None
    return _parse_atom_site(table, len(blocks) - 1, model)


def _parse_atom_site(table: _TextTable | _BinaryTable | None, others: int, model: int) -> Atoms:
    """Backbone atom records of one model of the atom_site table."""
    if table is None or "Cartn_x" not in table:
        raise FileError("no atom_site table, not a structure; check its content")
    if others:
        warn(f"structures of {others} more data blocks are not read; write a file for each")
    models = _text(table, "pdbx_PDB_model_num")
    order = list(dict.fromkeys(models.tolist()))
    check_model(model, len(order))
    names = _text(table, "label_atom_id", "auth_atom_id")
    rows = np.flatnonzero((models == order[model - 1]) & is_backbone_atom(names))

    def text(*columns: str) -> Strings:
        return _text(table, *columns)[rows]

    def number(name: str, blank: float) -> Float[np.ndarray, " records"]:
        return table.reals(name, blank)[rows] if name in table else np.full(len(rows), blank)

    if "label_seq_id" in table:
        in_polymer = (text("label_seq_id") != "").astype(int)
    else:
        in_polymer = np.full(len(rows), -1)
    chain_id = _chain_ids(table)[rows]
    numbers, insertion_codes = residue_numbers(
        text("auth_seq_id", "label_seq_id"), text("pdbx_PDB_ins_code"), chain_id
    )
    return Atoms(
        name=np.char.upper(names[rows]),
        altloc=text("label_alt_id"),
        residue_name=np.char.upper(text("label_comp_id", "auth_comp_id")),
        chain_id=chain_id,
        residue_number=numbers,
        insertion_code=insertion_codes,
        coord=np.stack([number(f"Cartn_{axis}", np.nan) for axis in "xyz"], axis=-1),
        occupancy=number("occupancy", 1.0),
        b_factor=number("B_iso_or_equiv", 0.0),
        hetero=text("group_PDB") == "HETATM",
        in_polymer=in_polymer,
    )


def _text(table: _TextTable | _BinaryTable, *names: str) -> Strings:
    """First of the columns that exists; where it has no value, the next ones, or ""."""
    columns = [table.texts(name) for name in names if name in table]
    values = columns[0] if columns else np.full(len(table), "")
    for column in columns[1:]:
        values = np.where(values == "", column, values)
    return values


def _chain_ids(table: _TextTable | _BinaryTable) -> Strings:
    """Author chain ids, or label ids where the file has none.

    "?" is a chain id that the file does not give. "." is a blank one, unless several chains have
    it: those would become one, so they keep their label ids.
    """
    labels = _text(table, "label_asym_id")
    if "auth_asym_id" not in table:
        return labels
    author = table.raw("auth_asym_id")
    blank = author == "."
    if blank.any():
        of_chains = blank
        if "label_seq_id" in table:  # water and ions have none; their label is that of no chain
            of_chains = blank & (_text(table, "label_seq_id") != "")
        if len(np.unique(labels[of_chains])) <= 1:
            labels = np.where(blank, "", labels)
    return np.where(blank | (author == "?"), labels, author)
