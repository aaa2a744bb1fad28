"""Quality columns against an independent implementation, and exact cases."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import protdiff
from protdiff.metrics.quality import QUALITY, quality
from protdiff.structure.backbone import Backbone

from ..conftest import ROOT
from .helpers import EXAMPLES, peptide

#: Columns of the independent script by ours, and what turns a share into its unit.
THEIRS = {
    "ca_bonds": ("step_ok_trans", 100),
    "ca_cis": ("step_cis", 100),
    "clashes_3.0": ("clash_3.0", 1),
    "clashes_3.6": ("clash_3.6", 1),
    "ca_angles_out": ("ca_angle_out", 100),
    "right_handed": ("right_handed", 100),
    "links_broken": ("link_broken", 100),
    "rama_outliers": ("rama_outlier", 100),
    "rg_ratio": ("rg_median", 1),
    "contacts": ("contacts", 1),
    "residues": ("residues", 1),
    **{name: (name, 100) for name in QUALITY if name.startswith(("omega_", "psea_", "dssp_"))},
    **{name: (name, 100) for name in ("rama_favoured", "rama_allowed")},
    **{name: (name, 1) for name in QUALITY if name.startswith("rms_")},
}


@pytest.fixture(scope="module")
def independent():
    """`measure_chain` and `summarise` of benchmarks/sample_metrics.py on one chain."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        module = importlib.import_module("sample_metrics")
    with np.load(ROOT / "data" / "ramachandran.npz") as data:
        grid = dict(data)

    def measure(one):
        chain = module.measure_chain(one.coords, one.residue_numbers, one.residue_names, grid)
        return module.summarise([chain])

    return measure


def example(name, noise=0.0, seed=0):
    one = protdiff.read(EXAMPLES / name)
    shift = np.random.default_rng(seed).normal(scale=noise, size=one.coords.shape)
    return Backbone.from_coords(one.coords + shift, one.sequence)


@pytest.mark.parametrize("name", ["1a8o.pdb.gz", "1lcd.pdb", "3nzd.cif", "1tpk.pdb"])
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.25, 1.0])
def test_equals_the_independent_implementation(independent, name, noise):
    one = example(name, noise)
    mine, theirs = quality(one), independent(one)
    assert {key: mine[key] * unit for key, (_, unit) in THEIRS.items()} == pytest.approx(
        {key: theirs[other] for key, (other, _) in THEIRS.items()}, rel=1e-4, abs=1e-6, nan_ok=True
    )  # their angles are in single precision
    if noise == 1.0:  # there was something to find
        assert min(mine[key] for key in ("links_broken", "ca_angles_out", "rama_outliers")) > 0


def test_columns_and_their_order():
    columns = quality(Backbone.from_coords(peptide(-57, -47)))
    assert list(columns) == list(QUALITY)
    assert all(type(value) is float for value in columns.values())


def test_one_broken_bond():
    coords = peptide(-120, 130)
    coords[10:] += 3 * (coords[10, 1] - coords[9, 1]) / np.linalg.norm(coords[10, 1] - coords[9, 1])
    columns = quality(Backbone.from_coords(coords))
    assert columns["ca_breaks"] == 1 and columns["gaps"] == 0
    assert columns["ca_bonds"] == pytest.approx(18 / 19)
    assert columns["links_broken"] == pytest.approx(1 / 19)
    # The same place is no fault where the numbers say that residues were not observed.
    numbers = np.arange(1, 21) + 4 * (np.arange(20) >= 10)
    columns = quality(Backbone.from_coords(coords, residue_numbers=numbers))
    assert columns["ca_breaks"] == 0 and columns["gaps"] == 1
    assert columns["ca_bonds"] == 1 and columns["links_broken"] == 0


def test_numbers_that_jump_between_bonded_residues_are_no_gap():
    coords = peptide(-120, 130)
    numbers = np.arange(1, 21) + 4 * (np.arange(20) >= 10)
    whole = quality(Backbone.from_coords(coords))
    assert quality(Backbone.from_coords(coords, residue_numbers=numbers)) == pytest.approx(
        whole, nan_ok=True
    )


@pytest.mark.parametrize(
    ("number", "code", "gaps", "breaks"),
    [(5, "A", 0, 1), (5, "", 1, 0), (6, "", 0, 1), (7, "", 1, 0), (2, "", 1, 0)],
)
def test_insertion_codes_make_steps(number, code, gaps, breaks):
    coords = peptide(-120, 130, 10)
    coords[5:] += 20
    numbers = np.array([1, 2, 3, 4, 5, *range(number, number + 5)])
    codes = np.array([""] * 5 + [code] + [""] * 4)
    one = Backbone.from_coords(coords, residue_numbers=numbers, insertion_codes=codes)
    columns = quality(one)
    assert (columns["gaps"], columns["ca_breaks"]) == (gaps, breaks)
    assert columns["ca_bonds"] == pytest.approx(8 / 9 if breaks else 1)


def test_squeezed_trans_bond_is_a_bad_bond():
    coords = peptide(-120, 130)
    coords[10:] += 0.7 * (coords[9, 1] - coords[10, 1]) / 3.8
    columns = quality(Backbone.from_coords(coords))
    assert columns["ca_bonds"] == pytest.approx(18 / 19)


@given(st.integers(0, 2**32 - 1), st.floats(0, 100))
@settings(max_examples=15, deadline=None)
def test_rigid_motions_change_nothing(seed, distance):
    rng = np.random.default_rng(seed)
    one = protdiff.read(EXAMPLES / "1tpk.pdb")
    turn = Rotation.random(rng=rng).as_matrix()
    moved = one.coords @ turn.T + distance * rng.normal(size=3)
    arrays = (one.mask, one.residue_names, one.chain_ids, one.residue_numbers, one.insertion_codes)
    assert quality(Backbone(moved, *arrays)) == pytest.approx(quality(one), abs=1e-6)


def test_shares_of_states_add_up_over_chains():
    one = protdiff.read(EXAMPLES / "1a8o.pdb.gz")
    other = protdiff.read(EXAMPLES / "3nzd.cif")
    coords = np.concatenate([one.coords, other.coords + 500])
    chains = np.array(["A"] * len(one) + ["B"] * len(other))
    both = quality(Backbone.from_coords(coords, one.sequence + other.sequence, chain_ids=chains))
    parts = [quality(one), quality(other)]
    lengths = np.array([len(one), len(other)])
    for name in QUALITY:
        if name.startswith(("psea_", "dssp_", "clashes_", "overlaps")) or name == "contacts":
            expected = np.average([part[name] for part in parts], weights=lengths)
            assert both[name] == pytest.approx(expected), name
    assert both["dssp_helix"] + both["dssp_strand"] + both["dssp_coil"] == pytest.approx(1)
    steps = lengths - 1
    for name in ("ca_bonds", "omega_trans", "links_broken"):
        # 3NZD has a cis link, which is not among the bonds.
        cis = [round(part["ca_cis"] * n) for part, n in zip(parts, steps, strict=True)]
        weights = steps - cis if name == "ca_bonds" else steps
        expected = np.average([part[name] for part in parts], weights=weights)
        assert both[name] == pytest.approx(expected), name


@pytest.mark.parametrize("atom", [0, 1, 2, 3])
def test_missing_atoms(atom):
    coords = peptide(-120, 130)
    coords[8, atom] = np.nan
    columns = quality(Backbone.from_coords(coords))
    assert columns["incomplete"] == 1
    assert columns["residues"] == 19 + (atom != 1)
    assert columns["gaps"] == (atom == 1)  # the CA of the neighbours are over 4.2 Å apart
    assert columns["rms_n_ca"] == pytest.approx(0, abs=1e-9)
    assert columns["links_broken"] == 0 and columns["ca_bonds"] == 1
    assert columns["rama_favoured"] == columns["phi_negative"] == 1


@pytest.mark.parametrize("length", range(1, 7))
def test_short_chains(length):
    one = Backbone.from_coords(peptide(-57, -47, max(length, 2))[:length])
    columns = quality(one)
    assert columns["residues"] == length and columns["psea_coil"] == 1
    assert np.isnan(columns["ca_bonds"]) == (length < 2)
    assert np.isnan(columns["ca_angles_out"]) == (length < 3)
    assert np.isnan(columns["rama_favoured"]) == (length < 3)
    assert np.isnan(columns["right_handed"]) == (length < 6)
    assert np.isnan(columns["contact_order"]) == (length < 4)
    distance = np.linalg.norm(one.ca[:, None] - one.ca, axis=-1)
    near = [(i, j) for j in range(length) for i in range(j - 2) if distance[i, j] < 8]
    assert columns["contacts"] == pytest.approx(len(near) / length)


def test_chain_that_flies_apart():
    one = protdiff.read(EXAMPLES / "1tpk.pdb")
    coords = one.coords.copy()
    coords[40:] += 1e6
    columns = quality(Backbone.from_coords(coords, one.sequence))
    assert columns["ca_breaks"] == 1
    assert columns["psea_helix"] + columns["psea_strand"] + columns["psea_coil"] == 1


@pytest.mark.parametrize("residues", [0, 3])
def test_nothing_to_measure_is_an_error(residues):
    coords = np.full((residues, 4, 3), np.nan)
    coords[:, 0] = 1.0
    with pytest.raises(ValueError, match="no residue has a CA"):
        quality(Backbone.from_coords(coords))
