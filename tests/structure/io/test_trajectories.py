"""Trajectories: what other readers get is what was written, and the form is that of the formats."""

import re
from dataclasses import replace

import biotite.structure.io.pdb as biotite_pdb
import biotite.structure.io.pdbx as biotite_pdbx
import mdtraj
import numpy as np
import pytest
from Bio.PDB import MMCIFParser, PDBParser

import protdiff
from protdiff.structure.backbone import joined
from protdiff.structure.io import FileError, read_trajectory, write_trajectory
from protdiff.structure.trajectory import Trajectory

from ...conftest import ROOT


@pytest.fixture(scope="module")
def trajectory():
    """Two chains of which the second lacks an atom, in four frames."""
    whole = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb")
    first, second = whole[:20], whole[30:42]
    mask = second.mask.copy()
    mask[3, 3] = False
    second = replace(
        second, chain_ids=np.full(12, "B"), mask=mask,
        coords=np.where(mask[..., None], second.coords, np.nan),
    )  # fmt: skip
    backbone = joined([first, second])
    scale = np.array([0.1, 0.5, 0.9, 1.0])[:, None, None, None]
    noise = np.random.default_rng(0).normal(size=(4, *backbone.coords.shape)) * (1 - scale)
    times, periods = np.array([1, 0.6, 0.3, 0]), np.array([np.nan, 64, 12.34, 2])
    return Trajectory(backbone, backbone.coords * scale + noise, times, periods)


@pytest.mark.parametrize("name", ["x.pdb", "x.cif", "x.bcif", "x.xtc", "x.pdb.gz", "x.cif.gz"])
@pytest.mark.parametrize("kind", ["clean", "noisy"])
def test_what_is_written_is_read(trajectory, tmp_path, name, kind):
    write_trajectory(replace(trajectory, kind=kind), tmp_path / name)
    read = read_trajectory(tmp_path / name)
    assert read is not None and read.kind == kind
    tolerance = 0.0051 if name == "x.xtc" else 0.00051  # digits of the formats
    np.testing.assert_allclose(read.coords, trajectory.coords, atol=tolerance)
    np.testing.assert_allclose(read.times, trajectory.times)
    np.testing.assert_allclose(read.periods, trajectory.periods)
    assert read.backbone.chains == ("A", "B")
    assert (read.backbone.residue_names == trajectory.backbone.residue_names).all()
    assert read.backbone.coords[0, 0] == pytest.approx(trajectory.backbone.coords[0, 0], abs=6e-4)


def test_mdtraj_biotite_and_biopython_see_the_same_frames(trajectory, tmp_path):
    for name in ("x.pdb", "x.cif", "t.xtc"):
        write_trajectory(trajectory, tmp_path / name)
    expected = trajectory.coords[:, trajectory.backbone.mask]
    frames = {
        "mdtraj": 10 * mdtraj.load(tmp_path / "x.pdb").xyz,
        "mdtraj xtc": 10 * mdtraj.load(tmp_path / "t.xtc", top=tmp_path / "t.pdb").xyz,
        "biotite": biotite_pdb.PDBFile.read(tmp_path / "x.pdb").get_structure().coord,
        "biotite cif": biotite_pdbx.get_structure(
            biotite_pdbx.CIFFile.read(tmp_path / "x.cif")
        ).coord,
    }
    for parser, name in ((PDBParser(QUIET=True), "x.pdb"), (MMCIFParser(QUIET=True), "x.cif")):
        models = parser.get_structure("x", tmp_path / name)
        assert [model.serial_num for model in models] == [1, 2, 3, 4]
        frames[f"Biopython {name}"] = np.array(
            [[atom.coord for atom in model.get_atoms()] for model in models]
        )
    for reader, coords in frames.items():
        tolerance = 0.006 if "xtc" in reader else 0.0011  # Å; single precision in nm
        np.testing.assert_allclose(coords, expected, atol=tolerance, err_msg=reader)


def test_pdb_is_in_the_form_that_viewers_read(trajectory, tmp_path):
    """wwPDB format 3.3: 80 columns; MODEL with its number right-aligned in columns 11-14; serials
    from 1 in each model; TER after each chain; ENDMDL; END once. No CRYST1: there is no crystal,
    and readers take a cell of 1 Å, its stand-in, for a box.
    """
    write_trajectory(trajectory, tmp_path / "x.pdb")
    lines = (tmp_path / "x.pdb").read_text().splitlines()
    assert {len(line) for line in lines} == {80} and lines[-1].rstrip() == "END"
    assert not any(line.startswith("CRYST1") for line in lines)
    body = [line for line in lines if not line.startswith("REMARK")]
    assert [line[10:14] for line in body if line.startswith("MODEL ")] == [
        "   1", "   2", "   3", "   4",
    ]  # fmt: skip
    records = "".join({"MODEL": "M", "ATOM": "a", "TER": "t", "ENDMDL": "e", "END": "."}[
        line[:6].strip()
    ] for line in body)  # fmt: skip
    assert re.fullmatch(r"(M(a+t){2}e){4}\.", records)
    serials = [int(line[6:11]) for line in body if line[:4] in ("ATOM", "TER ")]
    count = len(serials) // 4
    assert serials == list(range(1, count + 1)) * 4
    remarks = [line for line in lines if line.startswith("REMARK")]
    assert all(line[6:10] == "   6" for line in remarks)  # free text has 6 to 99


def test_cif_numbers_atoms_and_models(trajectory, tmp_path):
    write_trajectory(trajectory, tmp_path / "x.cif")
    block = biotite_pdbx.CIFFile.read(tmp_path / "x.cif").block
    site, table = block["atom_site"], block["protdiff_trajectory"]
    count = int(trajectory.backbone.mask.sum())
    assert site["id"].as_array(int).tolist() == list(range(1, 4 * count + 1))
    assert (
        site["pdbx_PDB_model_num"].as_array(int).tolist() == np.repeat([1, 2, 3, 4], count).tolist()
    )
    assert table["wavelength"].as_array(str).tolist()[1:] == ["64.0000", "12.3400", "2.0000"]


def test_other_structures_are_no_trajectories(tmp_path):
    assert read_trajectory(ROOT / "data" / "examples" / "1lcd.pdb") is None  # two NMR models
    assert read_trajectory(ROOT / "data" / "examples" / "3nzd.cif") is None
    with pytest.raises(FileError, match=r"none\.pdb: no such file"):
        read_trajectory(tmp_path / "none.xtc")


def test_damaged_files_are_named(trajectory, tmp_path):
    write_trajectory(trajectory, tmp_path / "x.xtc")
    write_trajectory(trajectory, tmp_path / "y.pdb")
    (tmp_path / "x.xtc").write_bytes(b"no trajectory")
    with pytest.raises(FileError, match=r"x\.xtc: cannot be read as XTC"):
        read_trajectory(tmp_path / "x.xtc")
    text = (tmp_path / "y.pdb").read_text()
    (tmp_path / "y.pdb").write_text(text[: text.index("MODEL        4")] + "END\n")
    with pytest.raises(FileError, match=r"y\.pdb: its frames are not those that its table lists"):
        read_trajectory(tmp_path / "y.pdb")


def test_what_pdb_cannot_hold_names_the_remedy(trajectory, tmp_path):
    far = replace(trajectory, coords=trajectory.coords + 2e4)
    with pytest.raises(FileError, match=r"x\.pdb: .*write \.cif instead"):
        write_trajectory(far, tmp_path / "x.pdb")
    assert not list(tmp_path.iterdir())
    write_trajectory(far, tmp_path / "x.cif")
