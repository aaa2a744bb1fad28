"""Predicted structures beside designs: numbers, chains, pLDDT, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from Bio.SVDSuperimposer import SVDSuperimposer

import protdiff
from protdiff import ProtdiffWarning
from protdiff.metrics import score, self_consistency
from protdiff.metrics.self_consistency import SELF_CONSISTENCY, predicted_lddt
from protdiff.structure.backbone import joined

from ..conftest import ROOT

LETTERS = "MKELIKLAEEWTGRSVPDQN"


@pytest.fixture(scope="module")
def design():
    """Forty residues, all called ALA."""
    chain = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")[10:50]
    return protdiff.Backbone.from_coords(chain.coords)


def moved(design, letters, noise=0.6, seed=0, **changes):
    """A prediction: the design turned, with noise and another sequence."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    coords = design.coords @ turn + 20 + rng.normal(scale=noise, size=design.coords.shape)
    named = protdiff.Backbone.from_coords(coords, letters, chain_ids=design.chain_ids)
    return replace(named, **changes)


def shifted_copy(chain, name, x):
    coords = chain.coords + np.array([x, 0, 0])
    return replace(chain, coords=coords, chain_ids=[name] * len(chain))


def superposed_rmsd(x, y):
    """Biopython's rmsd."""
    other = SVDSuperimposer()
    other.set(y, x)
    other.run()
    return other.get_rms()


def test_numbers_beside_another_library_and_score(design):
    model = moved(design, 2 * LETTERS)
    motif = np.isin(np.arange(40), (3, 4, 5, 20, 21))
    result = self_consistency(model, design, 2 * LETTERS, motif)
    assert result.scrmsd == pytest.approx(superposed_rmsd(model.ca, design.ca), abs=1e-6)
    atoms = (model.coords[motif][:, :3], design.coords[motif][:, :3])
    expected = superposed_rmsd(*(part.reshape(-1, 3) for part in atoms))
    assert result.motif_rmsd == pytest.approx(expected, abs=1e-6)
    scores = score(model, design, alignment="number", with_quality=False)
    assert (result.sctm, result.scrmsd) == (scores.tm, scores.rmsd)
    assert result.designable and result.same_fold and result.keeps_motif
    assert list(result.row()) == list(SELF_CONSISTENCY) and result.row()["designable"] == "yes"


def test_another_fold_is_not_designable(design):
    model = moved(replace(design, coords=design.coords[::-1]), 2 * LETTERS)
    result = self_consistency(model, design)
    assert result.scrmsd > 4 and result.sctm < 0.5
    assert not (result.designable or result.same_fold or result.keeps_motif)
    assert np.isnan(result.motif_rmsd) and np.isnan(result.plddt)
    assert result.row()["designable"] == result.row()["same_fold"] == "no"


def test_numbers_and_chain_ids_do_not_matter(design):
    model = moved(design, 2 * LETTERS)
    other = replace(model, residue_numbers=np.arange(40) + 100, chain_ids=["X"] * 40)
    assert self_consistency(other, design) == self_consistency(model, design)


def test_residues_without_ca_are_left_out(design):
    lacking = design.coords.copy()
    lacking[7] = np.nan
    lacking = protdiff.Backbone.from_coords(lacking)
    model, rest = moved(design, 2 * LETTERS), np.arange(40) != 7
    result = self_consistency(model, lacking, motif=np.arange(40) < 8)
    expected = superposed_rmsd(model.ca[rest], design.ca[rest])
    assert result.scrmsd == pytest.approx(expected, abs=1e-6)
    assert np.isfinite(result.motif_rmsd)


def test_equal_chains_in_another_order(design):
    """Three copies in a row: a prediction may have the middle one last, with another's id."""
    trimer = joined(
        [shifted_copy(design, name, x) for name, x in zip("ABC", (0, 40, 95), strict=True)]
    )
    order = np.r_[0:40, 80:120, 40:80]
    model = moved(trimer, 6 * LETTERS)
    swapped = replace(model[order], chain_ids=model.chain_ids)
    expected = self_consistency(model, trimer)
    result = self_consistency(swapped, trimer, 6 * LETTERS)
    assert result.scrmsd == pytest.approx(expected.scrmsd) and result.scrmsd < 2


def test_chains_of_other_sequences_are_not_swapped(design):
    pair = joined([shifted_copy(design, "A", 0), shifted_copy(design, "B", 50)])
    letters = 2 * LETTERS + 2 * LETTERS[::-1]
    assert self_consistency(moved(pair, letters), pair, letters).designable
    swapped = moved(pair, letters)[np.r_[40:80, 0:40]]
    with pytest.raises(ValueError, match="another sequence"):
        self_consistency(replace(swapped, chain_ids=pair.chain_ids), pair, letters)


def test_two_chains_folded_as_one(design):
    pair = joined([shifted_copy(design, "A", 0), shifted_copy(design, "B", 50)])
    model = moved(pair, 4 * LETTERS, chain_ids=["A"] * 80)
    expected = superposed_rmsd(model.ca, pair.ca)
    assert self_consistency(model, pair).scrmsd == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m[:39], "the model has 39 residues, the design 40"),
        (
            lambda m: replace(m, residue_names=m.residue_names[::-1]),
            "40 of 40 residues differ, the first at 1 .N for M.",
        ),
        (
            lambda m: replace(m, residue_names=["TRP", *m.residue_names[1:]]),
            "1 of 40 residues differs, the first at 1 .W for M.",
        ),
        (lambda m: replace(m, chain_ids=list("AB") * 20), "the model has 2 chains of 20, 20"),
    ],
)
def test_what_does_not_belong_together(design, change, message):
    pair = replace(design, chain_ids=["A"] * 10 + ["B"] * 30)
    with pytest.raises(ValueError, match=message):
        self_consistency(change(moved(pair, 2 * LETTERS)), pair, 2 * LETTERS)


def test_a_sequence_of_another_length(design):
    with pytest.raises(ValueError, match="the sequence has 20 residues, the design 40"):
        self_consistency(moved(design, 2 * LETTERS), design, LETTERS)


def test_letters_and_motifs(design):
    """Letters of any case; a motif that is a list of residues is none of flags, also of one."""
    model, letters = moved(design, 2 * LETTERS), 2 * LETTERS
    of_small, of_capitals = (self_consistency(model, design, x) for x in (letters.lower(), letters))
    assert of_small.row() == pytest.approx(of_capitals.row(), nan_ok=True)
    with pytest.raises(ValueError, match="the sequence has '-', which is no residue type"):
        self_consistency(model, design, "-" + letters[1:])
    for rows in ([7], [3, 4, 5]):
        with pytest.raises(ValueError, match="`motif`: must be 40 booleans"):
            self_consistency(model, design, motif=rows)


def test_a_turned_copy(design):
    result = self_consistency(moved(design, 2 * LETTERS, noise=0), design)
    assert result.scrmsd < 1e-6 and result.sctm == pytest.approx(1)


def test_a_model_without_a_sequence(design):
    """A trimer, whose second and third chain a prediction may have in another order."""
    trimer = joined(
        [shifted_copy(design, name, x) for name, x in zip("ABC", (0, 40, 95), strict=True)]
    )
    order = np.r_[0:40, 80:120, 40:80]
    model = replace(moved(trimer, "A" * 120)[order], chain_ids=trimer.chain_ids)
    with pytest.warns(ProtdiffWarning, match="the model has no sequence"):
        assert self_consistency(model, trimer, 6 * LETTERS).designable


def test_unknown_letters_agree_with_all(design):
    model = moved(design, "X" + (2 * LETTERS)[1:])
    assert self_consistency(model, design, 2 * LETTERS).designable


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5, 0.75, 1.0], (75.0, "0-1")),
        ([50, 75, 100], (75.0, "0-100")),
        ([0.2, 0.4, 30], (10.2, "0-100")),
        ([1, 1, 1], (None, "")),
        ([0, 0, 0], (None, "")),
        ([20, 80, 140], (None, "")),
        ([-5, 20, 80], (None, "")),
        (None, (None, "")),
    ],
)
def test_plddt_on_both_scales(values, expected):
    coords = np.arange(36.0).reshape(3, 4, 3)
    plddt, scale = predicted_lddt(protdiff.Backbone.from_coords(coords, b_factors=values))
    wanted, wanted_scale = expected
    assert scale == wanted_scale
    assert np.isnan(plddt) if wanted is None else plddt == pytest.approx(wanted)
