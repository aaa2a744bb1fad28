"""Parse the content of mmCIF and BinaryCIF files into atom records.

Errors and warnings are without the file name, which `read_write` puts in front. biotite is imported
where it is used: it takes half a second, which ``protdiff --help`` cannot wait for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._system.notices import warn
from ..._system.words import counted, either
from .atoms import Atoms, FileError, ParsedFile, is_backbone_atom
from .bcif import unpacked
from .cif_text import atom_site_columns
from .encoding import decoded
from .numbers import real_numbers, residue_numbers

if TYPE_CHECKING:
    from biotite.structure.io.pdbx import BinaryCIFCategory
    from jaxtyping import Bool, Float, Int, Shaped

    Strings = Shaped[np.ndarray, "records"]

__all__ = ["parse_bcif", "parse_cif"]

#: Columns that are read, in lower case.
COLUMNS = frozenset((
    "group_pdb", "label_atom_id", "auth_atom_id", "label_alt_id", "label_comp_id", "auth_comp_id",
    "label_asym_id", "auth_asym_id", "label_seq_id", "auth_seq_id", "pdbx_pdb_ins_code",
    "cartn_x", "cartn_y", "cartn_z", "occupancy", "b_iso_or_equiv", "pdbx_pdb_model_num",
))  # fmt: skip
#: One that is read with the atoms of side chains and ligands alone.
ELEMENT = "type_symbol"


@dataclass(frozen=True)
class _TextTable:
    """Columns of an mmCIF file, by names in lower case."""

    columns: dict[str, Strings]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def take(self, rows: Int[np.ndarray, " chosen"]) -> _TextTable:
        """The table with only these rows: columns are converted after that."""
        return _TextTable({name: column[rows] for name, column in self.columns.items()})

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.columns

    def raw(self, name: str) -> Strings:
        """Column as text; "." is a value that does not apply, "?" one that is not known."""
        return self.columns[name.lower()]

    def texts(self, name: str) -> Strings:
        """Column as text; "" where there is no value."""
        raw = self.raw(name)
        return np.where((raw == ".") | (raw == "?"), "", raw)

    def reals(self, name: str, blank: float) -> Float[np.ndarray, " records"]:
        """Column as numbers; `blank` where there is no value."""
        return real_numbers(self.texts(name), blank)


class _BinaryTable:
    """Columns of a BinaryCIF file; as `_TextTable`."""

    def __init__(
        self, category: BinaryCIFCategory, rows: Int[np.ndarray, " chosen"] | None = None
    ) -> None:
        self._category = category
        self._columns: dict[str, Any] = {
            name.lower(): category[name]
            for name in category
            if name.lower() in COLUMNS or name.lower() == ELEMENT
        }
        self._rows = np.arange(category.row_count or 0) if rows is None else rows

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, rows: Int[np.ndarray, " chosen"]) -> _BinaryTable:
        return _BinaryTable(self._category, rows)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._columns

    def raw(self, name: str) -> Strings:
        return self._columns[name.lower()].as_array(str)[self._rows]

    def texts(self, name: str) -> Strings:
        return self._columns[name.lower()].as_array(str, "")[self._rows]

    def reals(self, name: str, blank: float) -> Float[np.ndarray, " records"]:
        column = self._columns[name.lower()]
        if column.data.array.dtype.kind in "iuf":
            return column.as_array(np.float64, blank)[self._rows]
        return real_numbers(self.texts(name), blank)


def parse_cif(content: bytes, elements: bool = False) -> ParsedFile:
    """Models of an mmCIF file; see `pdb.parse_pdb`.

    Parameters
    ----------
    content : bytes
    elements : bool
        Read their column as well, which takes time in text.
    """
    wanted = COLUMNS | {ELEMENT} if elements else COLUMNS
    columns, others = atom_site_columns(decoded(content), wanted)
    return _parsed(_TextTable(columns) if columns else None, others)


def parse_bcif(content: bytes) -> ParsedFile:
    """Models of a BinaryCIF file; see `pdb.parse_pdb`."""
    file = unpacked(content, {"atom_site": COLUMNS | {ELEMENT}})
    blocks = [name for name in file if "atom_site" in file[name]]
    table = _BinaryTable(file[blocks[0]]["atom_site"]) if blocks else None
    return _parsed(table, len(blocks) - 1)


def _parsed(table: _TextTable | _BinaryTable | None, others: int) -> ParsedFile:
    """Models of the atom_site table."""
    if table is None or "Cartn_x" not in table:
        raise FileError("no atom_site table, not a structure; check its content")
    if others:
        blocks = counted(others, "more data block")
        structure, verb = either(others, "structure", "structures"), either(others, "is", "are")
        warn(f"the {structure} of {blocks} {verb} not read; give each block a file of its own")
    models = _text(table, "pdbx_PDB_model_num")
    names = _text(table, "label_atom_id", "auth_atom_id")
    backbone, order = is_backbone_atom(names), list(dict.fromkeys(models.tolist()))

    def of_model(rows: Bool[np.ndarray, " rows"], model: int) -> Atoms:
        return _atoms(table, np.flatnonzero(rows & (models == order[model - 1])))

    return ParsedFile(
        len(order),
        atoms=lambda model: of_model(backbone, model),
        everything=lambda model: of_model(np.ones(len(table), bool), model),
        elements=lambda rows: _text(table.take(rows), ELEMENT),
        backbone=np.flatnonzero(backbone),
    )


def _atoms(table: _TextTable | _BinaryTable, rows: Int[np.ndarray, " records"]) -> Atoms:
    """Records in some rows of a table, which are those of one model."""
    table = table.take(rows)

    def text(*columns: str) -> Strings:
        return _text(table, *columns)

    def number(name: str, blank: float) -> Float[np.ndarray, " records"]:
        return table.reals(name, blank) if name in table else np.full(len(table), blank)

    in_polymer = np.full(len(table), -1)
    if "label_seq_id" in table:
        labelled = text("label_seq_id") != ""
        if labelled.any():  # some programs write none for a whole file
            in_polymer = labelled.astype(int)
    chain_id = _chain_ids(table)
    numbers, insertion_codes = residue_numbers(
        text("auth_seq_id", "label_seq_id"), text("pdbx_PDB_ins_code"), chain_id
    )
    return Atoms(
        name=np.char.upper(text("label_atom_id", "auth_atom_id")),
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
        segment=text("label_asym_id"),
        block=np.zeros(len(table), int),
        record=rows,
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

    "?" is a chain id that the file does not give. "." and "" are blank ones, unless several chains
    have it: those would become one, so they keep their label ids.
    """
    labels = _text(table, "label_asym_id")
    if "auth_asym_id" not in table:
        return labels
    author = table.raw("auth_asym_id")
    blank = (author == ".") | (author == "")
    if blank.any():
        of_chains = blank
        if "label_seq_id" in table:  # water and ions have none; their label is that of no chain
            of_chains = blank & (_text(table, "label_seq_id") != "")
        if len(np.unique(labels[of_chains])) <= 1:
            labels = np.where(blank, "", labels)
    return np.where(blank | (author == "?"), labels, author)
