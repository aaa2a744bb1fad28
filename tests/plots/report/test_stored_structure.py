"""What the page stores of a structure: coordinates, values by residue, and what lies over it."""

from dataclasses import replace

import numpy as np
import pytest

import protdiff
from protdiff.plots.report.entry import Entry
from protdiff.plots.report.stored_structure import packed, stored_structure, unpacked
from protdiff.structure.backbone import bonded_to_next, joined
from protdiff.structure.torsions import ramachandran, torsions

from ...conftest import ROOT

CHAIN = ROOT / "data" / "examples" / "1tpk.pdb"


@pytest.fixture(scope="module")
def chain():
    return protdiff.read(CHAIN).chain("A")


@pytest.fixture
def written(chain, tmp_path):
    """Write a backbone, and return the entry of its file."""

    def write(backbone, name="x", **more):
        protdiff.write(backbone, tmp_path / f"{name}.pdb")
        return Entry(name, tmp_path / f"{name}.pdb", **more)

    return write


def test_a_single_residue_is_stored(chain, written):
    """A table may have the row of a residue; it ended the report."""
    stored = stored_structure(written(chain[:1]))
    assert stored["sequence"] == chain.sequence[0] and not stored["runs"][1:]


def trace(stored):
    return unpacked(stored["ca"], stored["unit"]).reshape(-1, 3)


def distances(ca):
    return np.linalg.norm(ca[:, None] - ca, axis=-1)


def test_numbers_keep_their_place_and_their_gaps():
    values = np.array([[0.004, np.nan], [-327.0, 1e9]])
    back = unpacked(packed(values, 0.01), 0.01)
    np.testing.assert_allclose(back, [0.0, np.nan, -327.0, 327.67])


def test_coordinates_to_a_hundredth_and_never_mirrored(chain, written):
    stored = stored_structure(written(chain))
    ca = trace(stored)
    # Each coordinate is off by half a unit at most, a distance by √3 of that at either end.
    np.testing.assert_allclose(distances(ca), distances(chain.ca), atol=0.018)
    frame = np.linalg.lstsq(chain.ca - chain.ca.mean(0), ca, rcond=None)[0]
    assert np.linalg.det(frame) == pytest.approx(1, abs=1e-3)
    spread = ca.std(0)
    assert spread[0] > spread[1] > spread[2]  # the largest extent across, the smallest in depth


def test_values_by_residue(chain, written):
    stored = stored_structure(written(chain))
    phi, psi = torsions(chain, bonded_to_next(chain))
    angles = unpacked(stored["torsions"], 0.1).reshape(-1, 2)
    # Files have three decimals, which move an angle by less than the 0.05 that the units do.
    np.testing.assert_allclose(angles, np.stack([phi, psi], 1), atol=0.1)
    regions = ramachandran(chain, bonded_to_next(chain)).tolist()
    assert stored["regions"] == "".join("-" if k < 0 else str(k) for k in regions)
    assert stored["sequence"] == chain.sequence
    assert sum(count for *_, count in stored["runs"]) == len(chain)
    b_factors = unpacked(stored["b_factors"], 0.1)
    np.testing.assert_allclose(b_factors, chain.b_factors, atol=0.051)


def test_runs_end_at_gaps_chains_and_insertions(chain, written):
    second = replace(
        chain[:5], chain_ids=np.full(5, "B"), insertion_codes=np.array(["a", "a", "b", "b", ""])
    )
    stored = stored_structure(written(joined([chain[:3], chain[6:8], second])))
    first = int(chain.residue_numbers[0])
    assert stored["runs"] == [
        ["A", first, "", 3], ["A", first + 6, "", 2],
        ["B", first, "a", 2], ["B", first + 2, "b", 2], ["B", first + 4, "", 1],
    ]  # fmt: skip


def test_ca_only(chain, written):
    coords = np.full_like(chain.coords, np.nan)
    coords[:, 1] = chain.ca
    stored = stored_structure(written(protdiff.Backbone.from_coords(coords)))
    assert "torsions" not in stored and "b_factors" not in stored
    assert set(stored["letters"]) <= set("HEC") and len(stored["letters"]) == len(chain)


def test_an_assembly_larger_than_the_integers(chain, written):
    far = replace(
        chain, coords=chain.coords + np.array([900.0, 0, 0]), chain_ids=np.full(len(chain), "B")
    )
    both = joined([chain, far])
    stored = stored_structure(written(both))
    assert stored["unit"] > 0.01
    np.testing.assert_allclose(distances(trace(stored)), distances(both.ca), atol=0.06)


def test_a_reference_is_laid_over_it(chain, written):
    turned = chain.coords @ np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]]) + [5, 6, 7]
    written(replace(chain, coords=turned), "reference")
    entry = written(chain[10:40])
    stored = stored_structure(replace(entry, other=entry.file.with_name("reference.pdb")))
    assert stored["other"]["is"] == "reference"
    np.testing.assert_allclose(unpacked(stored["distance"], 0.01), 0, atol=0.011)
    other = unpacked(stored["other"]["ca"], stored["unit"]).reshape(-1, 3)
    np.testing.assert_allclose(other[10:40], trace(stored), atol=0.03)


def test_a_prediction_is_moved_onto_its_design(chain, written):
    written(replace(chain, coords=chain.coords[:, :, [1, 2, 0]]), "model")
    entry = written(chain)
    entry = replace(entry, other=entry.file.with_name("model.pdb"), other_moves=True)
    stored = stored_structure(entry)
    other = unpacked(stored["other"]["ca"], stored["unit"]).reshape(-1, 3)
    np.testing.assert_allclose(other, trace(stored), atol=0.03)
    assert unpacked(stored["lddt"], 0.001).min() == 1


def test_motif_and_designed_sequence(chain, written):
    entry = written(chain[:6], sequence="MKLGSA")
    rows = "file,residue,input_chain,input_residue,residue_name\n"
    entry.file.with_name("residues.csv").write_text(rows + "x.pdb,2,A,9,ALA\nx.pdb,3,A,10,ALA\n")
    stored = stored_structure(entry)
    assert stored["motif"] == "011000" and stored["sequence"] == "MKLGSA"
    assert stored_structure(replace(entry, sequence="MK"))["sequence"] == chain[:6].sequence


def test_what_cannot_be_read(tmp_path):
    (tmp_path / "x.pdb").write_text("nothing")
    assert stored_structure(Entry("x")) == {}
    [(key, text)] = stored_structure(Entry("x", tmp_path / "x.pdb")).items()
    assert key == "error" and "x.pdb" in text
