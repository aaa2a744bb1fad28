"""Format a `Backbone` as the content of a PDB, mmCIF or BinaryCIF file.

Errors are `FileError` without the file name, which `read_write` puts in front. biotite is imported
where it is used: it takes half a second, which ``protdiff --help`` cannot wait for.
"""

from __future__ import annotations

import io
import re
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backbone import BACKBONE_ATOMS
from .atoms import FileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..backbone import Backbone

    #: mmCIF tables: columns by the names of category and column.
    Tables = dict[str, dict[str, Sequence[str] | np.ndarray]]

__all__ = [
    "bcif_content", "categories", "check_words", "cif_content", "format_bcif", "format_cif",
    "format_pdb", "is_cif_word", "pdb_content", "pdb_records",
]  # fmt: skip

PDB_MAX_ATOMS = 99999
# Values that mmCIF can hold without quotes: not every reader understands quotes.
CIF_WORD = re.compile(r"(?![#$;_\[\]]|(data|loop|save|stop|global)_)[!#-&(-~]*", re.IGNORECASE)


def format_pdb(backbone: Backbone) -> bytes:
    """Content of a PDB file: ATOM records, TER after each chain, END.

    Parameters
    ----------
    backbone : Backbone

    Returns
    -------
    bytes

    Raises
    ------
    FileError
        If the format cannot hold an id, a number, a coordinate or so many atoms.
    """
    return pdb_content(pdb_records(backbone))


def pdb_content(records: Sequence[str]) -> bytes:
    """Content of a PDB file of records, with END after them."""
    return "\n".join([*(record.ljust(80) for record in records), "END".ljust(80), ""]).encode(
        "ascii"
    )


def pdb_records(backbone: Backbone) -> list[str]:
    """ATOM records of a backbone, with TER after each chain; serial numbers count from 1."""
    lines, previous_chain = [], None
    b_factors = np.zeros(len(backbone)) if backbone.b_factors is None else backbone.b_factors
    for i in np.flatnonzero(backbone.mask.any(axis=1)).tolist():
        chain, number = backbone.chain_ids[i], backbone.residue_numbers[i]
        insertion = backbone.insertion_codes[i]
        _check_pdb_limits(backbone, i, b_factors[i])
        residue = f"{backbone.residue_names[i]:>3s} {chain:1s}{number:4d}{insertion:1s}"
        if chain != previous_chain and lines:
            lines.append(_ter_record(lines))
        previous_chain = chain
        for atom in np.flatnonzero(backbone.mask[i]):
            name = BACKBONE_ATOMS[atom]
            x, y, z = np.round(backbone.coords[i, atom], 3) + 0.0  # + 0.0: no -0.000
            lines.append(
                f"ATOM  {len(lines) + 1:5d}  {name:<3s} {residue}   {x:8.3f}{y:8.3f}{z:8.3f}"
                f"{1:6.2f}{b_factors[i]:6.2f}          {name[0]:>2s}  "
            )
    lines.append(_ter_record(lines))
    if len(lines) > PDB_MAX_ATOMS:
        raise FileError(f"PDB holds at most {PDB_MAX_ATOMS} atoms; write .cif instead")
    return lines


def _ter_record(lines: list[str]) -> str:
    """TER record that closes the chain of the last atom line."""
    return f"TER   {len(lines) + 1:5d}      {lines[-1][17:27]}".ljust(80)


def _check_pdb_limits(backbone: Backbone, i: int, b_factor: float) -> None:
    """FileError for what the columns of a PDB record cannot hold."""
    chain, number = str(backbone.chain_ids[i]), backbone.residue_numbers[i]
    insertion, coords = str(backbone.insertion_codes[i]), backbone.coords[i][backbone.mask[i]]
    if not re.fullmatch("[!-~]?", chain):
        problem = f"chain id {chain!r} is not one {'ASCII ' * (len(chain) == 1)}character"
    elif not -999 <= number <= 9999:
        problem = f"residue number {number} is outside -999 to 9999"
    elif not re.fullmatch("[!-~]?", insertion):
        problem = f"insertion code {insertion!r} is not one character"
    elif np.round(coords, 3).min() < -999.999 or np.round(coords, 3).max() > 9999.999:
        problem = f"a coordinate of residue {number} is outside -999.999 to 9999.999"
    elif not -99.99 <= np.round(b_factor, 2) <= 999.99:
        problem = f"B-factor {b_factor:g} of residue {number} is outside -99.99 to 999.99"
    else:
        return
    suffix = ".cif" if is_cif_word(chain) else ".bcif"
    raise FileError(f"PDB cannot hold chain {chain!r}: {problem}; write {suffix} instead")


def format_cif(backbone: Backbone) -> bytes:
    """Content of an mmCIF file; arguments as in `format_pdb`."""
    check_words(backbone)
    return cif_content(categories(backbone))


def is_cif_word(text: str) -> bool:
    """Whether mmCIF can hold an id without quotes.

    Examples
    --------
    >>> [is_cif_word(text) for text in ("A-2", "A'", "Ä", "?")]
    [True, False, False, False]
    """
    return text not in (".", "?") and CIF_WORD.fullmatch(text) is not None


def check_words(backbone: Backbone) -> None:
    """FileError for an id that mmCIF cannot hold without quotes."""
    for what in ("chain_ids", "insertion_codes"):
        for word in set(getattr(backbone, what).tolist()):
            if not is_cif_word(word):
                raise FileError(
                    f"{what}: {word!r} cannot be written to mmCIF; "
                    "rename it, or write .bcif instead"
                )


def cif_content(tables: Tables) -> bytes:
    """Content of an mmCIF file of tables."""
    from biotite.structure.io.pdbx import CIFBlock, CIFCategory, CIFFile

    block = CIFBlock()
    for category, columns in tables.items():
        texts = {}
        for name, values in columns.items():
            digits = {"Cartn": ".3f", "occup": ".2f", "B_iso": ".2f"}.get(name[:5], "")
            texts[name] = [format(value, digits) or "." for value in values]
        block[category] = CIFCategory(texts)
    return CIFFile({"protdiff": block}).serialize().encode("ascii")


def format_bcif(backbone: Backbone) -> bytes:
    """Content of a BinaryCIF file; arguments as in `format_pdb`."""
    if np.abs(backbone.residue_numbers).max() >= 2**31:
        raise FileError("BinaryCIF cannot hold residue numbers over 2147483647; write .cif instead")
    return bcif_content(categories(backbone))


def bcif_content(tables: Tables) -> bytes:
    """Content of a BinaryCIF file of tables."""
    from biotite.structure.io.pdbx import (
        BinaryCIFBlock,
        BinaryCIFCategory,
        BinaryCIFColumn,
        BinaryCIFFile,
        compress,
    )

    block = BinaryCIFBlock()
    for category, columns in tables.items():
        encoded = {}
        for name, values in columns.items():
            values = np.asarray(values)
            missing = values == "" if values.dtype.kind == "U" else np.zeros(len(values), bool)
            mask = missing.astype(np.uint8) if missing.any() else None  # 1: inapplicable
            encoded[name] = BinaryCIFColumn(values, mask)
        block[category] = BinaryCIFCategory(encoded)
    stream = io.BytesIO()
    file: Any = compress(BinaryCIFFile({"protdiff": block}), rtol=0, atol=1e-5)
    file.write(stream)
    return stream.getvalue()


def categories(backbone: Backbone) -> Tables:
    """mmCIF tables of a backbone; an empty string stands for no value."""
    chains = list(backbone.chains)
    residue, atom = np.nonzero(backbone.mask)
    chain = np.array([chains.index(c) for c in backbone.chain_ids.tolist()], dtype=int)
    label = np.zeros(len(backbone), dtype=int)  # 1, 2, … along each chain
    for index in range(len(chains)):
        label[chain == index] = np.arange(1, np.count_nonzero(chain == index) + 1)
    asym = np.array([_asym_id(index) for index in range(len(chains))])
    entity = np.array([str(index + 1) for index in range(len(chains))])
    names = np.array(BACKBONE_ATOMS)[atom]
    x, y, z = (np.round(backbone.coords[residue, atom], 3) + 0.0).T  # + 0.0: no -0.000
    b_factors = np.zeros(len(backbone)) if backbone.b_factors is None else backbone.b_factors
    count = len(residue)
    return {
        "entry": {"id": ["protdiff"]},
        "entity": {"id": entity, "type": ["polymer"] * len(chains)},
        "entity_poly": {
            "entity_id": entity,
            "type": ["polypeptide(L)"] * len(chains),
            "pdbx_strand_id": chains,
        },
        "struct_asym": {"id": asym, "entity_id": entity},
        "atom_site": {
            "group_PDB": ["ATOM"] * count,
            "id": np.arange(1, count + 1),
            "type_symbol": [name[0] for name in names],
            "label_atom_id": names,
            "label_alt_id": [""] * count,
            "label_comp_id": backbone.residue_names[residue],
            "label_asym_id": asym[chain[residue]],
            "label_entity_id": entity[chain[residue]],
            "label_seq_id": label[residue],
            "pdbx_PDB_ins_code": backbone.insertion_codes[residue],
            "Cartn_x": x,
            "Cartn_y": y,
            "Cartn_z": z,
            "occupancy": np.ones(count),
            "B_iso_or_equiv": np.round(b_factors[residue], 2),
            "auth_seq_id": backbone.residue_numbers[residue],
            "auth_comp_id": backbone.residue_names[residue],
            "auth_asym_id": backbone.chain_ids[residue],
            "auth_atom_id": names,
            "pdbx_PDB_model_num": np.ones(count, dtype=int),
        },
    }


def _asym_id(index: int) -> str:
    """A, B, …, Z, AA, AB, … for 0, 1, 2, …"""
    letters = ""
    while index >= 0:
        letters = ascii_uppercase[index % 26] + letters
        index = index // 26 - 1
    return letters
