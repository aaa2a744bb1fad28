"""A small chain of our own as PDB and mmCIF text, for tests that change it."""

from __future__ import annotations

import numpy as np

from protdiff.structure.backbone import BACKBONE_ATOMS

NAMES = ("MET", "LYS", "THR", "ALA", "TYR")
COLUMNS = (
    "group_PDB", "id", "type_symbol", "label_atom_id", "label_alt_id", "label_comp_id",
    "label_asym_id", "label_seq_id", "pdbx_PDB_ins_code", "Cartn_x", "Cartn_y", "Cartn_z",
    "occupancy", "B_iso_or_equiv", "auth_seq_id", "auth_asym_id", "pdbx_PDB_model_num",
)  # fmt: skip

#: N, CA, C and O of every residue, with the bonds of an extended chain.
COORDS = np.array(
    [
        [[x, 0, 0.1], [x + 1.2, 0.8, 0.1], [x + 2.4, 0, 0.1], [x + 2.4, 0, 1.2]]
        for x in 3.6 * np.arange(len(NAMES))
    ]
).round(3)  # fmt: skip


def pdb_rows(**changed: str) -> list[str]:
    """ATOM records of the chain; `changed` are fields of every one, such as ``b="******"``."""
    fields = {"b": " 20.00", "occupancy": "  1.00", "chain": "A"} | changed
    rows = []
    for i, residue in enumerate(NAMES):
        for k, name in enumerate(BACKBONE_ATOMS):
            x, y, z = COORDS[i, k]
            rows.append(
                f"ATOM  {len(rows) + 1:5d}  {name:<3s} {residue} {fields['chain']}{i + 1:4d}    "
                f"{x:8.3f}{y:8.3f}{z:8.3f}{fields['occupancy']}{fields['b']}          {name[0]:>2s}"
            )
    return rows


def cif_rows(**changed: str) -> list[list[str]]:
    """Values of the atom_site table of the chain; `changed` are columns with one value."""
    rows = []
    for i, residue in enumerate(NAMES):
        for k, name in enumerate(BACKBONE_ATOMS):
            values = [
                "ATOM", str(len(rows) + 1), name[0], name, ".", residue, "A", str(i + 1), "?",
                *(f"{value:.3f}" for value in COORDS[i, k]), "1.00", "20.00", str(i + 1), "A", "1",
            ]  # fmt: skip
            row = dict(zip(COLUMNS, values, strict=True)) | changed
            rows.append(list(row.values()))
    return rows


def cif_text(rows: list[list[str]], columns: tuple[str, ...] = COLUMNS) -> str:
    """Content of an mmCIF file with these rows."""
    head = ["data_x", "#", "loop_", *(f"_atom_site.{column}" for column in columns)]
    return "\n".join([*head, *(" ".join(row) for row in rows), "#", ""])
