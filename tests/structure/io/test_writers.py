"""Writing: exact text, equal bytes, and what a format cannot hold."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from protdiff.structure.backbone import Backbone
from protdiff.structure.io.read_write import FileError, read, write

from .examples import NUMBERING, SUFFIXES, assert_same, one_line

SMALL = Backbone.from_coords(np.arange(24.0).reshape(2, 4, 3), "GM")


def test_pdb_text_is_exact(tmp_path):
    coords = np.arange(24.0).reshape(2, 4, 3) - 0.0001
    coords[0, 3] = np.nan
    backbone = Backbone.from_coords(
        coords, "GM", chain_ids=["A", ""], residue_numbers=[-3, 9999], insertion_codes=["", "B"]
    )
    write(backbone, tmp_path / "x.pdb")
    lines = (tmp_path / "x.pdb").read_text().splitlines()
    assert {len(line) for line in lines} == {80}
    assert [line.rstrip() for line in lines] == [
        "ATOM      1  N   GLY A  -3       0.000   1.000   2.000  1.00  0.00           N",
        "ATOM      2  CA  GLY A  -3       3.000   4.000   5.000  1.00  0.00           C",
        "ATOM      3  C   GLY A  -3       6.000   7.000   8.000  1.00  0.00           C",
        "TER       4      GLY A  -3",
        "ATOM      5  N   MET  9999B     12.000  13.000  14.000  1.00  0.00           N",
        "ATOM      6  CA  MET  9999B     15.000  16.000  17.000  1.00  0.00           C",
        "ATOM      7  C   MET  9999B     18.000  19.000  20.000  1.00  0.00           C",
        "ATOM      8  O   MET  9999B     21.000  22.000  23.000  1.00  0.00           O",
        "TER       9      MET  9999B",
        "END",
    ]


def options(**changed):
    fields = {name: getattr(SMALL, name) for name in ("coords", *NUMBERING, "b_factors")}
    return Backbone(**(fields | changed))


@pytest.mark.parametrize(
    ("backbone", "message"),
    [
        (options(chain_ids=["A", "AA"]), "chain id 'AA' is not one character"),
        (options(residue_numbers=[-1000, 1]), "residue number -1000 is outside -999 to 9999"),
        (options(residue_numbers=[1, 10000]), "residue number 10000 is outside"),
        (options(insertion_codes=["", "AB"]), "insertion code 'AB' is not one character"),
        (options(coords=SMALL.coords - 1000), "a coordinate of residue 1 is outside -999.999"),
        (options(coords=SMALL.coords + 9990), "a coordinate of residue 1 is outside"),
        (options(b_factors=[0, 1000]), "B-factor 1000 of residue 2 is outside"),
    ],
)
def test_what_pdb_cannot_hold_goes_to_cif(tmp_path, backbone, message):
    path = tmp_path / "x.pdb"
    with pytest.raises(FileError) as error:
        write(backbone, path)
    assert message in one_line(error, path)
    assert str(error.value).endswith("write .cif instead")
    assert list(tmp_path.iterdir()) == []
    for suffix in (".cif", ".bcif"):
        write(backbone, tmp_path / f"x{suffix}")
        assert_same(read(tmp_path / f"x{suffix}"), backbone)


@pytest.mark.parametrize(("chain", "problem"), [("Ä", "ASCII character"), ("A'", "character")])
def test_chains_that_binary_files_alone_can_hold(tmp_path, chain, problem):
    backbone = Backbone.from_coords(np.arange(36.0).reshape(3, 4, 3), chain_ids=chain)
    for suffix, reason in ((".pdb", f"is not one {problem}"), (".cif", "cannot be written to")):
        with pytest.raises(FileError) as error:
            write(backbone, tmp_path / f"x{suffix}")
        assert f"{chain!r} {reason}" in str(error.value)
        assert str(error.value).endswith("write .bcif instead")
    write(backbone, tmp_path / "x.bcif")
    assert read(tmp_path / "x.bcif").chains == (chain,)


def test_pdb_holds_99999_atom_serials(tmp_path):
    length = 25000
    many = Backbone.from_coords(
        np.zeros((length, 4, 3)),
        chain_ids=np.repeat(["A", "B", "C"], length)[::3],
        residue_numbers=np.arange(length) % 9000,
    )
    with pytest.raises(FileError, match=r"at most 99999 atoms; write \.cif instead"):
        write(many, tmp_path / "x.pdb")


@pytest.mark.parametrize(
    ("backbone", "name", "message"),
    [
        (SMALL, "x.xyz", "unknown file type"),
        (SMALL, "nowhere/x.pdb", "does not exist; create it first"),
        (SMALL[:0], "x.cif", "no atoms"),
        (options(mask=np.zeros((2, 4), bool)), "x.pdb", "no atoms"),
        (options(residue_numbers=[1, 1]), "x.cif", "two residues 1 in a row"),
        (options(chain_ids=["A", "a b"]), "x.cif", "'a b' cannot be written to mmCIF"),
        (options(chain_ids=["A", "."]), "x.cif", "'.' cannot be written to mmCIF"),
        (options(residue_numbers=[1, 2**40]), "x.bcif", "write .cif instead"),
    ],
)
def test_what_cannot_be_written(tmp_path, backbone, name, message):
    with pytest.raises(FileError) as error:
        write(backbone, tmp_path / name)
    assert message in one_line(error, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, suffix):
    def refuse(source, target):
        assert Path(source).parent == Path(target).parent  # one file system: the rename is atomic
        raise PermissionError(13, "Permission denied")

    path = tmp_path / f"x{suffix}"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(FileError) as error:
        write(SMALL, path)
    assert "cannot be written (Permission denied)" in one_line(error, path)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "old"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_input_gives_equal_bytes_also_gzipped(tmp_path, suffix):
    for name in ("a", "b"):
        write(SMALL, tmp_path / f"{name}{suffix}")
        write(SMALL, tmp_path / f"{name}{suffix}.gz")
    plain, zipped = tmp_path / f"a{suffix}", tmp_path / f"a{suffix}.gz"
    assert plain.read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert zipped.read_bytes() == (tmp_path / f"b{suffix}.gz").read_bytes()
    assert gzip.decompress(zipped.read_bytes()) == plain.read_bytes()
    assert_same(read(zipped), SMALL)


def test_residue_with_one_atom_survives(tmp_path):
    mask = np.array([[True] * 4, [False, False, False, True]])
    backbone = options(mask=mask)
    for suffix in SUFFIXES:
        write(backbone, tmp_path / f"x{suffix}")
        assert_same(read(tmp_path / f"x{suffix}"), backbone)
