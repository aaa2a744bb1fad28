"""Residue names of force fields, with three and four letters, and chain ids of two letters."""

import pytest

from protdiff import read

from .files import NAMES, pdb_rows

ONE_LETTER = dict(zip(NAMES, "MKTAY", strict=True))


def read_renamed(tmp_path, changed):
    """Read the chain with other characters in the columns of name and chain id."""
    rows = []
    for row in pdb_rows():
        name = row[17:20]
        rows.append(row[:17] + changed.get(name, name + " A") + row[22:])
    (tmp_path / "x.pdb").write_text("\n".join(rows) + "\n")
    return read(tmp_path / "x.pdb")


@pytest.mark.parametrize(
    ("name", "letter"),
    [
        ("ASPP", "D"), ("GLUP", "E"), ("CYSH", "C"), ("CYS2", "C"), ("HISA", "H"), ("HISE", "H"),
        ("HIS1", "H"), ("LYSH", "K"), ("ARGN", "R"), ("NMET", "M"), ("CLEU", "L"), ("NHID", "H"),
        ("CCYX", "C"), ("nmet", "M"), ("HIE ", "H"), ("HSD ", "H"), ("CYX ", "C"), ("LSN ", "K"),
        ("TYM ", "Y"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("chain", ["A", " "])
def test_names_of_force_fields(tmp_path, name, letter, chain):
    others = {other: f"{other} {chain}" for other in NAMES}
    backbone = read_renamed(tmp_path, others | {"THR": name + chain})
    assert backbone.sequence == f"MK{letter}AY"
    assert backbone.chains == (chain.strip(),)


def test_chain_ids_of_two_letters(tmp_path):
    changed = {"MET": "METAA", "LYS": "LYSAA", "THR": "THRBA", "ALA": "ALA A", "TYR": "TYRBA"}
    backbone = read_renamed(tmp_path, changed)
    assert backbone.sequence == "MKTAY"
    assert backbone.chain_ids.tolist() == ["AA", "AA", "BA", "A", "BA"]
