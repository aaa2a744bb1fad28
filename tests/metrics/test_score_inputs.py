"""What `score` is given: CA alone, few residues, chains in any order, bad options; its warnings."""

import warnings

import biotite.structure.io as strucio
import numpy as np
import pytest

from protdiff import ProtdiffWarning, write
from protdiff.metrics import score

from .helpers import (
    CAPSID,
    KRINGLE,
    NUMBERS,
    REDUCTASE,
    atom_array,
    changed,
    compare,
    example,
    from_ca,
    joined,
    moved,
    renamed,
    shaken,
)


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
        found = compare("x.pdb", "y.pdb", confidence=False)
    texts = [f"{name}.pdb: 2 models, the first is used" for name in "xy"]
    assert list(found.warnings) == texts == [str(one.message) for one in caught]


def test_a_chain_without_ca_is_named():
    one = example(KRINGLE)
    two = changed(renamed(one, "B"), mask=one.mask & [True, False, True, True])
    both = joined([one, two])
    assert "model chain B left out: it has no CA atoms" in compare(both, one).warnings
    assert "reference chain B left out: it has no CA atoms" in compare(one, both).warnings


def test_pairs_of_chains_need_a_reference():
    """Without one they would be ignored, and the whole model scored."""
    with pytest.raises(ValueError, match="without a reference give the chains alone"):
        score(example(KRINGLE), chains=[("A", "A")])
