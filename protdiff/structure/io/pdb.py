"""Parse the content of PDB files into atom records.

Errors are `FileError` without the file name, which `read_write` puts in front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .atoms import Atoms, FileError, NoProteinError, ParsedFile, is_backbone_atom
from .encoding import decoded
from .numbers import real_numbers, residue_numbers
from .pdb_lines import is_atom_line, kept_lines
from .pdb_models import models_of_lines
from .residue_names import names_and_chains

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Shaped

    #: Text of every record, as bytes.
    Column = Shaped[np.ndarray, "records"]
    Strings = Shaped[np.ndarray, "records"]
    Reals = Float[np.ndarray, " records"]

__all__ = ["parse_pdb"]


def parse_pdb(content: bytes) -> ParsedFile:
    """Models of a PDB file.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    ParsedFile

    Raises
    ------
    FileError
        If there is no atom, or a line is cut short, or it is an mmCIF file.
    """
    if decoded(content[:64]).lstrip()[:5].lower() == "data_":
        raise FileError("an mmCIF file with a name of PDB files; rename it to .cif")
    # One fixed-width record per row: columns are slices, whole columns are converted at a time.
    records = kept_lines(content)
    table = records.view("S1").reshape(len(records), 80)
    all_lines = np.flatnonzero(is_atom_line(records))
    lines = all_lines[is_backbone_atom(_column(table[all_lines], 12, 16))]
    ters = np.flatnonzero(records.astype("S3") == b"TER")
    count, models = models_of_lines(records, lines)

    def of_model(lines: Int[np.ndarray, " lines"], model: int) -> Atoms:
        return _atoms(table, lines[models[lines] == model], ters[models[ters] == model])

    return ParsedFile(
        count,
        atoms=lambda model: of_model(lines, model),
        everything=lambda model: of_model(all_lines, model),
        elements=lambda rows: _text(_column(table[rows], 76, 78)),
        backbone=lines,
    )


def _atoms(
    lines_table: Shaped[np.ndarray, "lines 80"],
    chosen: Int[np.ndarray, " records"],
    ters: Int[np.ndarray, " ters"],
) -> Atoms:
    """Records in some lines of the file; `ters` are the lines with TER."""
    if not len(chosen):
        raise NoProteinError
    table = lines_table[chosen]
    for names in (slice(12, 16), slice(17, 20)):  # not the alternate location between
        letters = table.view(np.uint8)[:, names]
        letters[...] = _capitals(letters)
    in_polymer = np.full(len(chosen), -1)
    for chain, end in _chain_ends(lines_table, chosen, ters).items():
        rows = np.flatnonzero(table[:, 21] == chain)
        in_polymer[rows] = rows < end
    name, altloc, residue_name, between, chain_id, number, insertion_code = (
        _text(_column(table, *span))
        for span in ((12, 16), (16, 17), (17, 20), (20, 21), (21, 22), (22, 26), (26, 27))
    )
    residue_name, chain_id = names_and_chains(residue_name, between, chain_id)
    number, insertion_code = residue_numbers(number, insertion_code, chain_id)
    return Atoms(
        name=name,
        altloc=altloc,
        residue_name=residue_name,
        chain_id=chain_id,
        residue_number=number,
        insertion_code=insertion_code,
        coord=np.stack([_reals(table, k, k + 8, np.nan) for k in (30, 38, 46)], axis=-1),
        occupancy=_reals(table, 54, 60, 1.0),
        b_factor=_reals(table, 60, 66, 0.0),
        hetero=table[:, 0] == b"H",
        in_polymer=in_polymer,
        segment=_text(_column(table, 72, 76)),
        block=np.searchsorted(ters, chosen),
        record=chosen,
    )


def _column(table: Shaped[np.ndarray, "records 80"], start: int, stop: int) -> Column:
    """Text of some characters of every record, without the blanks around it."""
    return np.char.strip(np.ascontiguousarray(table[:, start:stop]).view(f"S{stop - start}")[:, 0])


def _reals(table: Shaped[np.ndarray, "records 80"], start: int, stop: int, blank: float) -> Reals:
    """Numbers in some characters of every record; see `numbers.real_numbers`."""
    column = _column(table, start, stop)
    try:  # much faster than by way of text
        return np.where(column == b"", str(blank).encode(), column).astype(np.float64)
    except ValueError:
        return real_numbers(_text(column), blank)


def _text(column: Column) -> Strings:
    """Column as text and not as bytes."""
    try:
        return column.astype(np.str_)
    except UnicodeDecodeError:
        return np.char.decode(column, "latin-1")


def _capitals(letters: Int[np.ndarray, "..."]) -> Int[np.ndarray, "..."]:
    """ASCII letters as capitals."""
    return np.where((letters >= ord("a")) & (letters <= ord("z")), letters - 32, letters)


def _chain_ends(
    table: Shaped[np.ndarray, "lines 80"],
    chosen: Int[np.ndarray, " records"],
    ters: Int[np.ndarray, " ters"],
) -> dict[bytes, int]:
    """For every chain that a TER ends, how many of the chosen records come before the last one."""
    ends: dict[bytes, int] = {}
    for ter in ters.tolist():
        # A bare TER ends the chain of the atom, or its ANISOU record, on the line before.
        chain = table[ter, 21] or (table[ter - 1, 21] if ter else b"") or b" "
        ends[chain] = int(np.searchsorted(chosen, ter))
    return ends
