"""The numbers of `score`: superposition, rows, relations between them."""

import biotite.structure as struc
import numpy as np
import pytest
import torch

from protdiff import write
from protdiff.metrics import QUALITY, SIMILARITY, Scores, quality, score, search
from protdiff.metrics.interfaces.complex_scores import NO_INTERFACE
from protdiff.structure.io.read_write import FileError

from .helpers import (
    CAPSID,
    EXAMPLES,
    KRINGLE,
    NUMBERS,
    REDUCTASE,
    atom_array,
    changed,
    compare,
    example,
    joined,
    moved,
    plain_drmsd,
    plain_lddt,
    renamed,
    shaken,
)


def without(backbone, start, stop):
    return backbone[np.r_[:start, stop : len(backbone)]]


@pytest.fixture(scope="module")
def pair():
    """A noisy model that lacks a loop, and a reference that lacks an end."""
    model = without(shaken(example(KRINGLE), np.random.default_rng(0), 1.0), 35, 45)
    return model, example(KRINGLE)[5:]


@pytest.fixture(scope="module")
def scores(pair):
    return compare(*pair)


def test_every_number(pair, scores):
    model, reference = pair
    i, j = np.r_[5:35, 35:78], np.r_[0:30, 40:83]
    np.testing.assert_array_equal(scores.pairs, np.stack([i, j], -1))
    assert scores.chains == (("A", "A"),)
    assert (scores.model_length, scores.reference_length, scores.aligned) == (78, 83, 73)
    assert scores.identity == 1
    x, y = model.ca[i], reference.ca[j]
    fitted = struc.superimpose(atom_array(y), atom_array(x))[0]
    assert scores.rmsd == pytest.approx(struc.rmsd(atom_array(y), fitted), abs=1e-4)
    found = search(torch.tensor(x), torch.tensor(y), 83)
    assert scores.tm == found.tm
    assert (scores.gdt_ts, scores.gdt_ha) == (found.gdt(83), found.gdt(83, "ha"))
    assert scores.drmsd == pytest.approx(plain_drmsd(x, y))


def test_lddt_counts_what_is_not_aligned_as_lost(pair, scores):
    model, reference = pair
    i, j = scores.pairs.T
    made = np.full((83, 3), np.nan)
    made[j] = model.ca[i]
    kept, total = plain_lddt(made, reference.ca)
    assert scores.lddt == pytest.approx(kept.sum() / total.sum())
    np.testing.assert_allclose(scores.residue_lddt, (kept / total)[j])
    # Weighted by their numbers of pairs, the residues make the total; lost ones add nothing.
    assert scores.lddt == pytest.approx((scores.residue_lddt * total[j]).sum() / total.sum())


def test_backbone_lddt_equals_biotite():
    """All four atoms, no pairs within a residue, and all residues aligned."""
    model = shaken(example(REDUCTASE), np.random.default_rng(1), 0.7)
    arrays = []
    for backbone in (example(REDUCTASE), model):
        array = atom_array(backbone.coords.reshape(-1, 3))
        array.res_id = np.repeat(np.arange(len(backbone)) + 1, 4)
        arrays.append(array)
    # Both are in single precision, and few distances lie next to a threshold.
    expected = struc.lddt(*arrays)
    assert compare(model, example(REDUCTASE)).lddt_backbone == pytest.approx(expected, abs=2e-4)


def test_atoms_that_are_missing_in_one_of_two():
    """What the model lacks is lost; what the reference lacks does not count."""
    whole = example(REDUCTASE)
    mask = whole.mask.copy()
    mask[[3, 20], 3] = mask[30, 0] = False
    part = changed(whole, mask=mask)
    assert compare(whole, part).lddt_backbone == 1
    lost = compare(part, whole).lddt_backbone
    group = np.repeat(np.arange(len(whole)), 4)
    made = np.where(mask[..., None], whole.coords, np.nan).reshape(-1, 3)
    # The radius in single precision may decide otherwise on a pair at 15.000 Å.
    kept, total = plain_lddt(made, whole.coords.reshape(-1, 3), group=group)
    assert lost == pytest.approx(kept.sum() / total.sum(), abs=1e-4) and lost < 0.99


def test_superpose_gives_the_distances(pair, scores):
    model, reference = pair
    fitted = scores.superpose(model)
    i, j = scores.pairs.T
    distance = np.linalg.norm(fitted.ca[i] - reference.ca[j], axis=1)
    np.testing.assert_allclose(scores.distance, distance, atol=1e-9)
    np.testing.assert_allclose(scores.rotation @ scores.rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(scores.rotation) > 0
    # The distances give the TM-score; squares are in single precision.
    d0 = 1.24 * (83 - 15) ** (1 / 3) - 1.8
    assert scores.tm == pytest.approx((1 / (1 + (distance / d0) ** 2)).sum() / 83, abs=1e-6)
    assert fitted.sequence == model.sequence and fitted.chains == model.chains
    np.testing.assert_array_equal(fitted.mask, model.mask)
    np.testing.assert_array_equal(fitted.residue_numbers, model.residue_numbers)
    assert fitted.b_factors is None and model.b_factors is None


def test_superpose_keeps_what_is_missing_and_b_factors():
    capsid = example(CAPSID)
    mask = capsid.mask.copy()
    mask[10, 3] = mask[20] = False
    holes = changed(capsid, mask=mask)
    fitted = compare(holes, shaken(capsid, np.random.default_rng(2), 0.1)).superpose(holes)
    np.testing.assert_array_equal(fitted.mask, mask)
    fitted = compare(capsid, capsid).superpose(capsid)
    np.testing.assert_array_equal(fitted.b_factors, capsid.b_factors)
    np.testing.assert_allclose(fitted.coords, capsid.coords, atol=1e-3)


def test_paths_and_backbones(tmp_path, pair, scores):
    model, reference = pair
    for name in ("model.pdb.gz", "model.cif"):
        write(model, tmp_path / name)
        found = compare(str(tmp_path / name), reference)
        np.testing.assert_array_equal(found.pairs, scores.pairs)
        # Files have three decimals, which may move a distance or two over a threshold.
        for key in NUMBERS:
            tolerance = 2e-3 if "gdt" not in key else 1 / 83
            assert getattr(found, key) == pytest.approx(getattr(scores, key), abs=tolerance), key
    same = compare(EXAMPLES / KRINGLE, str(EXAMPLES / KRINGLE))
    assert same.tm == pytest.approx(1, abs=1e-6) and same.lddt_backbone == 1
    assert compare(example(KRINGLE), example(KRINGLE)).row().items() < same.row().items()
    with pytest.raises(FileError, match="no such file"):
        compare(tmp_path / "none.pdb", reference)


def test_row(pair, scores):
    row = scores.row()
    assert list(row) == [*SIMILARITY, "warning"]
    assert row["chains"] == "A:A" and row["warning"] == ""
    for key in NUMBERS:
        assert row[key] == getattr(scores, key)
        assert type(row[key]) in (int, float)
    full = score(*pair)
    assert list(full.row()) == [*SIMILARITY, *QUALITY, "warning"]
    assert full.quality == pytest.approx(quality(pair[0]), nan_ok=True)
    assert {key: full.row()[key] for key in SIMILARITY} == {key: row[key] for key in SIMILARITY}


def test_row_without_a_reference():
    found = score(example(CAPSID))
    assert list(found.row()) == [*QUALITY, "warning"]
    assert found.quality == pytest.approx(quality(example(CAPSID)), nan_ok=True)
    assert found.chains == () and np.isnan(found.tm) and found.pairs is None
    assert Scores().row() == {"warning": ""}


def test_row_of_several_chains():
    one = example(REDUCTASE)
    both = joined([one, moved(renamed(one, "B"), np.diag([1, -1, -1]), [50, 0, 0])])
    third = renamed(example(CAPSID), "C")
    assert compare(joined([both, third]), both).row()["chains"] == "A:A,B:B"
    apart = f"model chain C not paired; {NO_INTERFACE}"
    assert compare(joined([both, third]), both).row()["warning"] == apart


def test_normalisation(pair):
    model, reference = pair
    lengths = {"reference": 83, "model": 78, "shorter": 78}
    by = {key: compare(model, reference, normalize=key) for key in lengths}
    pairs = by["model"].pairs
    x, y = (torch.tensor(one.ca[k]) for one, k in zip(pair, pairs.T, strict=True))
    for key, length in lengths.items():
        assert by[key].tm == search(x, y, length).tm
        # Under 103 residues the reach of the search, so what it visits, is always the same.
        for gdt in ("gdt_ts", "gdt_ha"):
            count = getattr(by["reference"], gdt) * 83
            assert getattr(by[key], gdt) * length == pytest.approx(count, rel=1e-12)
    for key in ("rmsd", "lddt", "lddt_backbone", "drmsd", "identity", "aligned"):
        assert len({getattr(found, key) for found in by.values()}) == 1
    swapped = compare(reference, model, normalize="shorter")
    assert swapped.tm == pytest.approx(by["shorter"].tm, abs=1e-6)


def test_roles_can_be_swapped(pair, scores):
    model, reference = pair
    back = compare(reference, model, normalize="model")
    for key in ("rmsd", "drmsd", "identity", "aligned"):
        assert getattr(back, key) == pytest.approx(getattr(scores, key), rel=1e-9)
    np.testing.assert_array_equal(back.pairs, scores.pairs[:, ::-1])
    assert (back.model_length, back.reference_length) == (83, 78)
    # The same superpositions, turned round
    assert back.tm == pytest.approx(scores.tm, abs=1e-6) and back.gdt_ts == scores.gdt_ts
