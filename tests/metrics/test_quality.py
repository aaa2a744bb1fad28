"""Quality columns against an independent implementation, exact cases and plain loops."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import protdiff
from protdiff.metrics.quality import QUALITY, quality
from protdiff.structure.backbone import Backbone
from protdiff.structure.geometry import place_atom
from protdiff.structure.torsions import ramachandran, torsions

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "data" / "examples"
BACKBONE_COLUMNS = [
    name
    for name in QUALITY
    if name.startswith(("rms_", "omega_", "rama_", "dssp_"))
    or name in ("links_broken", "phi_negative", "hydrogen_bonds", "overlaps", "overlaps_o_o")
]
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


def peptide(phi, psi, length=20, omegas=None):
    """Backbone (L, 4, 3) with ideal bonds and angles and the same torsions everywhere."""
    omegas = np.full(length - 1, 180.0) if omegas is None else omegas
    atoms = [np.zeros(3), np.array([1.461, 0, 0])]
    atoms.append(place_atom(np.array([0.0, 1, 0]), *atoms, 1.524, 110.9, 180))
    for omega in omegas:
        atoms.append(place_atom(*atoms[-3:], 1.331, 116.8, psi))
        atoms.append(place_atom(*atoms[-3:], 1.461, 121.6, omega))
        atoms.append(place_atom(*atoms[-3:], 1.524, 110.9, phi))
    out = np.full((length, 4, 3), np.nan)
    out[:, :3] = np.reshape(atoms, (length, 3, 3))
    for k in range(length):
        out[k, 3] = place_atom(*out[k, :3], 1.233, 120.4, psi + 180)
    return out


def test_columns_and_their_order():
    columns = quality(Backbone.from_coords(peptide(-57, -47)))
    assert list(columns) == list(QUALITY)
    assert all(type(value) is float for value in columns.values())


def test_ideal_helix_and_its_mirror_image():
    coords = peptide(-57, -47)
    right, left = (quality(Backbone.from_coords(x)) for x in (coords, coords * [1, 1, -1]))
    assert right["right_handed"] == 1 and left["right_handed"] == 0
    assert right["phi_negative"] == 1 and left["phi_negative"] == 0
    assert right["rama_favoured"] == 1
    assert right["omega_trans"] == left["omega_trans"] == 1
    assert right["ca_bonds"] == left["ca_bonds"] == 1
    assert right["dssp_helix"] > 0.8 and right["psea_helix"] > 0.8
    for name in QUALITY:
        if name.startswith("rms_"):
            assert right[name] == pytest.approx(0, abs=1e-9)
            assert left[name] == pytest.approx(0, abs=1e-9)


def test_mirror_image_of_a_strand_is_an_outlier():
    coords = peptide(-120, 130)
    right, left = (quality(Backbone.from_coords(x)) for x in (coords, coords * [1, 1, -1]))
    assert right["rama_favoured"] == 1 and right["rama_outliers"] == right["rama_allowed"] == 0
    assert left["rama_outliers"] == 1 and np.isnan(right["right_handed"])


@pytest.mark.parametrize("name", ["1tpk.pdb", "1a8o.pdb.gz", "3nzd.cif"])
def test_mirror_image_of_a_real_structure(name):
    one = protdiff.read(EXAMPLES / name)
    image = Backbone.from_coords(one.coords * [-1, 1, 1], one.sequence)
    right, left = quality(one), quality(image)
    assert left["phi_negative"] == pytest.approx(1 - right["phi_negative"])
    assert left["phi_negative"] < 0.05
    assert (right["right_handed"], left["right_handed"]) == (1, 0)
    same = ("ca_bonds", "ca_cis", "contacts", "rg", "rms_n_ca_c", "omega_trans", "clashes_3.6")
    assert all(left[key] == pytest.approx(right[key]) for key in same)


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


def test_one_cis_link():
    omegas = np.full(19, 180.0)
    omegas[7] = 0
    columns = quality(Backbone.from_coords(peptide(-120, 130, omegas=omegas)))
    assert columns["ca_cis"] == columns["omega_cis"] == pytest.approx(1 / 19)
    assert columns["omega_trans"] == pytest.approx(18 / 19) and columns["omega_twisted"] == 0
    assert columns["ca_bonds"] == 1 and columns["ca_breaks"] == 0
    omegas[7] = 90
    columns = quality(Backbone.from_coords(peptide(-120, 130, omegas=omegas)))
    assert columns["omega_twisted"] == pytest.approx(1 / 19) and columns["omega_cis"] == 0


def test_squeezed_trans_bond_is_a_bad_bond():
    coords = peptide(-120, 130)
    coords[10:] += 0.7 * (coords[9, 1] - coords[10, 1]) / 3.8
    columns = quality(Backbone.from_coords(coords))
    assert columns["ca_bonds"] == pytest.approx(18 / 19)


def trace(ca, **fields):
    """CA-only backbone."""
    coords = np.full((len(ca), 4, 3), np.nan)
    coords[:, 1] = ca
    return Backbone.from_coords(coords, **fields)


def test_squeezed_bond_of_a_trace_is_a_bad_bond():
    steps = np.full(10, 3.8)
    steps[4] = 2.0
    columns = quality(trace(np.cumsum(steps)[:, None] * [1, 0, 0]))
    assert columns["ca_cis"] == 0 and columns["ca_bonds"] == pytest.approx(8 / 9)


def rod(count):
    return np.arange(count)[:, None] * np.array([3.8, 0, 0])


@pytest.mark.parametrize("height", [2.9, 3.5, 3.7])
@pytest.mark.parametrize("two_chains", [False, True])
def test_clash_of_exactly_one_pair(height, two_chains):
    ca = np.concatenate([rod(10), [[7.6, height, 0]]])  # over the third residue
    numbers, chains = np.array([*range(1, 11), 40]), np.array(["A"] * 10 + ["AB"[two_chains]])
    columns = quality(trace(ca, residue_numbers=numbers, chain_ids=chains))
    assert columns["clashes_3.0"] == pytest.approx(100 / 11 * (height < 3.0))
    assert columns["clashes_3.6"] == pytest.approx(100 / 11 * (height < 3.6))
    assert columns["gaps"] == (not two_chains) and columns["ca_bonds"] == 1


@pytest.mark.parametrize(("two_chains", "clashes"), [(False, 0), (True, 1)])
def test_near_neighbours_clash_between_chains_only(two_chains, clashes):
    ca = np.concatenate([rod(9), [rod(9)[-2] + [0, 2.5, 0]]])  # separation 2
    numbers, chains = np.array([*range(1, 10), 40]), np.array(["A"] * 9 + ["AB"[two_chains]])
    columns = quality(trace(ca, residue_numbers=numbers, chain_ids=chains))
    assert columns["clashes_3.0"] == pytest.approx(100 * clashes / 10)


@pytest.mark.parametrize("name", ["1tpk.pdb", "1a8o.pdb.gz"])
def test_trace_alone_gives_the_same_trace_columns(name):
    whole = protdiff.read(EXAMPLES / name)
    fields = {
        key: getattr(whole, key) for key in ("residue_numbers", "insertion_codes", "chain_ids")
    }
    mine, expected = quality(trace(whole.ca, **fields)), quality(whole)
    assert mine.pop("incomplete") == len(whole) and expected.pop("incomplete") == 0
    for key, value in mine.items():
        if key in BACKBONE_COLUMNS:
            assert np.isnan(value) and not np.isnan(expected[key])
        else:
            assert value == pytest.approx(expected[key], abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.floats(0, 100))
@settings(max_examples=15, deadline=None)
def test_rigid_motions_change_nothing(seed, distance):
    rng = np.random.default_rng(seed)
    one = protdiff.read(EXAMPLES / "1tpk.pdb")
    turn = Rotation.random(rng=rng).as_matrix()
    moved = one.coords @ turn.T + distance * rng.normal(size=3)
    arrays = (one.mask, one.residue_names, one.chain_ids, one.residue_numbers, one.insertion_codes)
    assert quality(Backbone(moved, *arrays)) == pytest.approx(quality(one), abs=1e-6)


def random_chains(seed, count=60):
    """A dense tangle of two chains with breaks, and its parts as plain lists."""
    rng = np.random.default_rng(seed)
    ca = np.cumsum(rng.normal(scale=2.3, size=(count, 3)), axis=0) * 0.6
    chains = ["A"] * 35 + ["B"] * (count - 35)
    numbers = [*range(1, 21), *range(30, 45), *range(5, 5 + count - 35)]
    return trace(ca, residue_numbers=np.array(numbers), chain_ids=np.array(chains))


@pytest.mark.parametrize("seed", range(4))
def test_pairs_and_steps_by_loops(seed):
    one = random_chains(seed)
    ca, chain, number = one.ca, one.chain_ids.tolist(), one.residue_numbers.tolist()
    length, close, orders = {"A": 35, "B": len(one) - 35}, {3.0: 0, 3.6: 0, 8.0: 0}, []
    for i in range(len(one)):
        for j in range(i):
            distance = np.linalg.norm(ca[i] - ca[j])
            if chain[i] == chain[j] and i - j < 3:
                continue
            for cutoff in close:
                close[cutoff] += distance < cutoff
            if distance < 8.0 and chain[i] == chain[j]:
                orders.append((i - j) / length[chain[i]])
    gaps = breaks = cis = 0
    steps = []
    for i in range(len(one) - 1):
        if chain[i] != chain[i + 1]:
            continue
        distance = np.linalg.norm(ca[i + 1] - ca[i])
        if number[i + 1] - number[i] != 1 and distance >= 4.2:
            gaps += 1
            continue
        steps.append(distance)
        breaks += distance > 4.2
        cis += 2.7 < distance < 3.3
    columns = quality(one)
    assert columns["clashes_3.0"] == pytest.approx(100 * close[3.0] / len(one))
    assert columns["clashes_3.6"] == pytest.approx(100 * close[3.6] / len(one))
    assert columns["contacts"] == pytest.approx(close[8.0] / len(one))
    assert columns["contact_order"] == pytest.approx(np.mean(orders))
    assert (columns["gaps"], columns["ca_breaks"]) == (gaps, breaks)
    assert columns["ca_cis"] == pytest.approx(cis / len(steps))
    center = sum(ca) / len(ca)
    rg = (sum(((x - center) ** 2).sum() for x in ca) / len(ca)) ** 0.5
    assert columns["rg"] == pytest.approx(rg)
    assert columns["rg_ratio"] == pytest.approx(rg / (2.2 * len(ca) ** 0.38))


@pytest.mark.parametrize("name", ["1a8o.pdb.gz", "1lcd.pdb", "1tpk.pdb"])
@pytest.mark.parametrize("noise", [0.0, 0.5, 1.5])
def test_overlaps_against_a_loop_over_pairs(name, noise):
    """Incomplete residues do not count, neighbours of two chains do."""
    one = protdiff.read(EXAMPLES / name)
    shift = np.random.default_rng(1).normal(scale=noise, size=one.coords.shape)
    coords = one.coords + shift
    coords[[4, 9], [3, 0]] = np.nan
    changed = Backbone.from_coords(coords, one.sequence, chain_ids=one.chain_ids)
    whole = changed[changed.mask.all(axis=1)]
    count = both = 0
    for i in range(len(whole)):
        for j in range(i):
            if i - j < 2 and whole.chain_ids[i] == whole.chain_ids[j]:
                continue
            distance = np.linalg.norm(whole.coords[i][:, None] - whole.coords[j], axis=-1)
            count += (distance < 2.5).sum()
            both += distance[3, 3] < 2.5
    columns = quality(changed)
    assert columns["overlaps"] == pytest.approx(100 * count / len(whole))
    assert columns["overlaps_o_o"] == pytest.approx(100 * both / len(whole))
    assert count > 1 or noise < 1.5


def test_two_carbonyls_that_face_each_other():
    """A strand and its mirror image in a plane 1 Å beyond an O: these two O are 2 Å apart."""
    strand = peptide(-120, 130, length=3)
    axis = strand[1, 3] - strand[1, 2]
    axis /= np.linalg.norm(axis)
    mirrored = strand - 2 * ((strand - strand[1, 3] - axis) @ axis)[..., None] * axis
    coords = np.concatenate([strand, mirrored])
    columns = quality(Backbone.from_coords(coords, chain_ids=np.array(list("AAABBB"))))
    assert columns["overlaps_o_o"] == pytest.approx(100 / 6)
    assert columns["overlaps"] == pytest.approx(100 / 6)


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


def test_ramachandran_looks_up_the_right_cell_and_class():
    one = protdiff.read(EXAMPLES / "1tpk.pdb")
    link = np.ones(len(one) - 1, dtype=bool)
    link[30] = False
    phi, psi = torsions(one, link)
    with np.load(ROOT / "data" / "ramachandran.npz") as data:
        region, classes = data["region"], data["classes"].tolist()
    found, bins = ramachandran(one, link), region.shape[1]
    for i, name in enumerate(one.residue_names.tolist()):
        if i in (0, 30, 31, len(one) - 1):
            assert found[i] == -1 and np.isnan(phi[i]) and np.isnan(psi[i])
            continue
        kind = {"GLY": "glycine", "PRO": "proline"}.get(name)
        if kind is None:
            kind = "preproline" if one.residue_names[i + 1] == "PRO" else "general"
        cell = (int((angle + 180) // (360 / bins)) % bins for angle in (phi[i], psi[i]))
        assert found[i] == region[(classes.index(kind), *cell)]
