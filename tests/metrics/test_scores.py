"""The whole of `score`: rows, superposition, relations between numbers, a published table."""

import csv
import warnings
from pathlib import Path

import biotite.structure as struc
import biotite.structure.io as strucio
import numpy as np
import pytest
import torch

from protdiff import ProtdiffWarning, write
from protdiff.metrics import QUALITY, SIMILARITY, Scores, quality, score, search
from protdiff.structure.io.read_write import FileError

from ..conftest import ROOT
from .helpers import (
    CAPSID,
    EXAMPLES,
    KRINGLE,
    REDUCTASE,
    atom_array,
    changed,
    example,
    from_ca,
    joined,
    moved,
    plain_drmsd,
    plain_lddt,
    renamed,
    shaken,
)

CAMEO = ROOT.parent / "shared" / "data" / "cameo22"
NUMBERS = [key for key in SIMILARITY if key not in ("chains", "alignment")]


def compare(model, reference, **options):
    return score(model, reference, with_quality=False, **options)


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


def test_residues_without_ca_are_not_there():
    """Indices of pairs count them; lengths and the other numbers do not."""
    whole = example(CAPSID)
    mask = whole.mask.copy()
    mask[[0, 7, 8, 69], 1] = False
    holes, part = changed(whole, mask=mask), whole[mask[:, 1]]
    known = np.flatnonzero(mask[:, 1])
    noisy = shaken(whole, np.random.default_rng(3), 1.0)
    found = compare(holes, noisy)
    assert (found.model_length, found.reference_length) == (66, 70)
    np.testing.assert_array_equal(found.pairs, np.stack([known, known], -1))
    found, other = compare(noisy, holes), compare(noisy, part)
    assert (found.model_length, found.reference_length) == (70, 66)
    np.testing.assert_array_equal(found.pairs, np.stack([known, known], -1))
    for key in NUMBERS:
        assert getattr(found, key) == pytest.approx(getattr(other, key)), key


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
    assert compare(EXAMPLES / KRINGLE, example(KRINGLE)).row() == same.row()
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
    assert compare(joined([both, third]), both).row()["warning"] == "model chain C not paired"


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


def ca_file(path, backbone):
    """A file that has nothing but CA atoms, written by biotite."""
    array = atom_array(backbone.ca)
    array.res_name, array.res_id = backbone.residue_names, backbone.residue_numbers
    strucio.save_structure(path, array)
    return path


def test_files_of_ca_alone(tmp_path):
    capsid = example(CAPSID)
    noisy = shaken(capsid, np.random.default_rng(4), 0.5)
    bare = ca_file(tmp_path / "bare.pdb", noisy)
    full = compare(noisy, capsid)
    found = score(bare, capsid)
    assert found.warnings == ("model of CA only: backbone columns are empty",)
    assert found.row()["warning"] == "model of CA only: backbone columns are empty"
    assert np.isnan(found.lddt_backbone) and not np.isnan(full.lddt_backbone)
    for key in ("n_ca_c", "n_ca", "c_n"):
        assert np.isnan(found.quality[f"rms_{key}"])
    assert found.quality["residues"] == 70 and np.isfinite(found.quality["rg"])
    assert (found.aligned, found.identity) == (70, 1)
    # Coordinates to 0.001 Å
    assert found.rmsd == pytest.approx(full.rmsd, abs=1e-3)
    assert found.tm == pytest.approx(full.tm, abs=1e-4)
    # Scored against a reference of CA there is no lDDT of the backbone either.
    assert np.isnan(compare(noisy, bare).lddt_backbone)
    assert score(bare).warnings == ("model of CA only: backbone columns are empty",)


def test_low_identity():
    capsid, other = example(CAPSID), example(REDUCTASE)
    same_numbers = changed(other, residue_numbers=capsid.residue_numbers[: len(other)])
    found = compare(same_numbers, capsid, alignment="number")
    letters = zip(other.sequence, capsid.sequence, strict=False)
    identity = sum(a == b for a, b in letters) / len(other)
    assert found.identity == pytest.approx(identity) and identity < 0.3
    assert found.warnings == (f"sequence identity {100 * identity:.0f} %: the same protein?",)
    names = np.where(np.arange(70) % 3, "TRP", capsid.residue_names)
    found = compare(changed(capsid, residue_names=names), capsid, alignment="number")
    assert 0.3 < found.identity < 0.4 and found.warnings == ()


@pytest.mark.parametrize("alignment", ["sequence", "identity", "number", "structure"])
def test_order_and_names_of_chains_do_not_matter(alignment):
    one, two = example(CAPSID)[:25], moved(example(REDUCTASE)[:25], np.eye(3), [25, 5, 10])
    reference = joined([renamed(one, "A"), renamed(two, "B")])
    model = shaken(reference, np.random.default_rng(5), 0.8)
    ordered = compare(model, reference, alignment=alignment)
    assert ordered.chains == (("A", "A"), ("B", "B"))
    swapped = joined([renamed(model[25:], "A"), renamed(model[:25], "Q")])
    found = compare(swapped, reference, alignment=alignment)
    assert found.chains == (("A", "B"), ("Q", "A"))
    for key in NUMBERS:
        # Fragments of the search that span both chains differ; they may find a residue more.
        tolerance = 1 / 50 if "gdt" in key else 1e-6
        assert getattr(found, key) == pytest.approx(getattr(ordered, key), abs=tolerance), key


def test_alignments_of_a_renumbered_chain():
    """Numbers off by one pair each residue with its neighbour."""
    capsid = example(CAPSID)
    late = changed(capsid, residue_numbers=capsid.residue_numbers + 1)
    by_number = compare(late, capsid, alignment="number")
    np.testing.assert_array_equal(by_number.pairs, np.stack([np.arange(69), np.arange(1, 70)], -1))
    assert by_number.tm < 0.9
    for alignment in ("sequence", "identity", "structure"):
        found = compare(late, capsid, alignment=alignment)
        assert found.aligned == 70 and found.tm == pytest.approx(1, abs=1e-6)


def test_unknown_options():
    capsid = example(CAPSID)
    with pytest.raises(ValueError, match="`alignment` 'sequences': must be one of auto, sequence"):
        score(capsid, capsid, alignment="sequences")
    with pytest.raises(ValueError, match="`normalize` 'longer': must be one of reference, model"):
        score(capsid, capsid, normalize="longer")
    with pytest.raises(ValueError, match="no chain 'X' in the model"):
        score(capsid, capsid, chains=[("X", "A")])


@pytest.mark.parametrize("with_quality", [True, False])
def test_no_ca_atoms(with_quality):
    capsid = example(CAPSID)
    mask = capsid.mask.copy()
    mask[:, 1] = False
    bare = changed(capsid, mask=mask)
    for model, reference in ((bare, capsid), (capsid, bare), (capsid[:0], capsid)):
        with pytest.raises(ValueError, match=r"has (no|a) CA"):
            score(model, reference, with_quality=with_quality)


def test_one_residue():
    one = from_ca([[1.0, 2, 3]], "G")
    found = compare(one, one)
    assert (found.tm, found.gdt_ts, found.rmsd) == (1, 1, 0)
    assert np.isnan(found.lddt) and np.isnan(found.drmsd)  # there are no distances


def published_rows():
    with (CAMEO / "expected.csv").open() as handle:
        return list(csv.DictReader(handle))[::15]


@pytest.fixture(scope="module")
def published():
    """Every 15th row of the table, and our scores with two alignments."""
    rows = published_rows()
    found = {}
    for alignment in ("sequence", "identity"):
        found[alignment] = [
            compare(
                Path(CAMEO, "models", row["model"]),
                Path(CAMEO, "references", row["reference"]),
                alignment=alignment,
            )
            for row in rows
        ]
    return rows, found


needs_cameo = pytest.mark.skipif(
    not (CAMEO / "expected.csv").exists(), reason="needs EigenFold's predictions and scores"
)


@needs_cameo
@pytest.mark.parametrize("key", ["rmsd", "tm", "gdt_ts", "gdt_ha"])
def test_published_scores(published, key):
    rows, found = published
    off = [getattr(f, key) - float(r[key]) for f, r in zip(found["sequence"], rows, strict=True)]
    assert len(off) == 35
    # Half a unit of the last digit of an rmsd in print; the others have one more.
    assert np.median(np.abs(off)) <= (0.0005 if key == "rmsd" else 0.00005)
    # Rows whose alignments differ are rare.
    assert np.mean(np.abs(off) > 0.002) <= 0.1


@needs_cameo
def test_published_lddt(published):
    rows, found = published
    off = [f.lddt - float(r["lddt"]) for f, r in zip(found["identity"], rows, strict=True)]
    # Four digits in print, and a distance or two that ties with a threshold
    assert np.abs(off).max() < 0.0002


def test_what_paired_the_residues():
    capsid = example(CAPSID)
    design = changed(capsid, residue_names=np.full(70, "GLY"))
    noisy = shaken(capsid, np.random.default_rng(6), 0.5)
    expected = compare(capsid, noisy)
    found = compare(design, noisy)
    assert (expected.alignment, found.alignment) == ("sequence", "position")
    assert found.row()["alignment"] == "position"
    for key in NUMBERS:
        if key != "identity":
            assert getattr(found, key) == getattr(expected, key), key
    assert found.identity == np.mean(capsid.residue_names == "GLY")
    for alignment in ("sequence", "identity", "number", "structure", "tmalign"):
        assert compare(capsid, noisy, alignment=alignment).alignment == alignment


def test_warnings_reach_python(tmp_path):
    """Each once, with the name of the file if there is one, and all in the scores."""
    capsid, kringle = example(CAPSID), renamed(example(KRINGLE), "B")
    text = "reference chain B not paired"
    with pytest.warns(ProtdiffWarning) as caught:
        found = compare(capsid, joined([capsid, kringle]))
    assert found.warnings == (text,) and [str(one.message) for one in caught] == [text]
    assert {one.filename for one in caught} == {__file__}  # the caller of `score`
    path = tmp_path / "capsid.pdb"
    write(capsid, path)
    with pytest.warns(ProtdiffWarning) as caught:
        compare(path, joined([capsid, kringle]))
    assert [str(one.message) for one in caught] == [f"{path}: {text}"]
    with warnings.catch_warnings():
        warnings.simplefilter("error", ProtdiffWarning)
        compare(path, capsid)
        with pytest.raises(ProtdiffWarning, match=text):
            compare(path, joined([capsid, kringle]))


def test_warnings_of_reading(monkeypatch, tmp_path):
    from protdiff._system.notices import warn
    from protdiff.metrics import scores

    def read_and_warn(path, **options):
        warn(f"{path}: 2 models, the first is used")
        return example(CAPSID)

    monkeypatch.setattr(scores, "read", read_and_warn)
    with pytest.warns(ProtdiffWarning) as caught:
        found = compare("x.pdb", "y.pdb")
    texts = [f"{name}.pdb: 2 models, the first is used" for name in "xy"]
    assert list(found.warnings) == texts == [str(one.message) for one in caught]
