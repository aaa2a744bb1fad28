"""Changes of single fields of PDB lines, for tests that write a chain in many ways."""

from __future__ import annotations

import warnings

import numpy as np

from protdiff import ProtdiffWarning
from protdiff.structure.backbone import Backbone
from protdiff.structure.io.read_write import read

from .files import pdb_rows

#: Lines of every residue of the chain.
RESIDUES = [pdb_rows()[start : start + 4] for start in range(0, 20, 4)]
#: First column, and width, of the fields of a line.
FIELDS = {
    "record": (0, 6), "altloc": (16, 1), "name": (17, 3), "chain": (21, 1), "number": (22, 4),
    "insertion": (26, 1), "occupancy": (54, 6), "segment": (72, 4),
}  # fmt: skip


def changed(lines: list[str], shift: float = 0.0, **fields: object) -> list[str]:
    """The lines with other values in some fields, moved along y (Å)."""
    new = []
    for line in lines:
        text = f"{line:<80s}"
        for field, value in fields.items():
            first, width = FIELDS[field]
            value = f"{value:>{width}}" if field == "number" else f"{value:<{width}}"
            text = text[:first] + value + text[first + width :]
        y = float(text[38:46]) + shift
        new.append(f"{text[:38]}{y:8.3f}{text[46:]}".rstrip())
    return new


def chain(shift: float = 0.0, **fields: object) -> list[str]:
    """Lines of the whole chain, changed."""
    return changed([line for residue in RESIDUES for line in residue], shift, **fields)


def read_lines(path, lines, **options) -> tuple[Backbone, list[str]]:
    """The backbone of a file with these lines, and the warnings without its name."""
    path.write_text("\n".join(lines) + "\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        backbone = read(path, **options)
    assert all(item.category is ProtdiffWarning for item in caught)
    return backbone, [str(item.message).removeprefix(f"{path}: ") for item in caught]


def assert_equal(backbone: Backbone, expected: Backbone) -> None:
    """Equal in every atom, name and number."""
    for name in ("mask", "residue_names", "chain_ids", "residue_numbers", "insertion_codes"):
        np.testing.assert_array_equal(getattr(backbone, name), getattr(expected, name), name)
    np.testing.assert_array_equal(backbone.coords, expected.coords)


def plain(tmp_path):
    """The backbone of the chain as it is."""
    return read_lines(tmp_path / "plain.pdb", chain())[0]


def hetero(k, name="MSE"):
    """Lines of a residue as a modified one."""
    return changed(RESIDUES[k], record="HETATM", name=name)


def joined(*parts):
    """Lines of several parts, one behind the other."""
    return [line for part in parts for line in part]
