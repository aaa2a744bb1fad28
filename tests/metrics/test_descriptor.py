"""The descriptor by explicit sums and loops."""

from pathlib import Path

import biotite.structure as struc
import numpy as np
import pytest
from scipy.fft import idct

import protdiff
from protdiff.metrics.descriptor import (
    BACKBONE_NAMES,
    NAMES,
    TRACE_NAMES,
    band_variances,
    descriptor,
)
from protdiff.metrics.quality import quality
from protdiff.structure.backbone import Backbone
from protdiff.structure.constants import BANDS

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
EDGES = {"angle_": (0, 85, 90, 95, 105, 115, 125, 140), "dihedral_": range(-180, 180, 30)}
EXAMPLE_NAMES = ["1tpk.pdb", "1a8o.pdb.gz", "1lcd.pdb", "3nzd.cif"]


def described(one):
    """Entries of the descriptor by name."""
    vector = descriptor(one, quality(one))
    assert vector.shape == (len(NAMES),)
    return dict(zip(NAMES, vector.tolist(), strict=True))


def test_names():
    assert len(set(NAMES)) == len(NAMES) == 8 + 12 + 4 + 4 + 5 + 6
    assert list(NAMES) == [*TRACE_NAMES, *BACKBONE_NAMES] and len(BACKBONE_NAMES) == 6
    assert [name for name in NAMES if name.startswith("modes_")] == [f"modes_{b}" for b in BANDS]


def modes(ca):
    """{mode: amplitude of the orthonormal cosine}, by the sum that defines it."""
    n, out = len(ca), {}
    for k in range(1, n):
        cosine = [np.cos(np.pi * k * (j + 0.5) / n) for j in range(n)]
        out[k] = np.sqrt(2 / n) * sum(c * x for c, x in zip(cosine, ca, strict=True))
    return out


def band_of(mode, length):
    """Index of the band of a mode, from its period in residues."""
    period = 2 * length / mode
    return next(k for k, longest in enumerate(BANDS.values()) if period <= longest)


@pytest.mark.parametrize("length", [2, 5, 16, 17, 40, 87, 88])
def test_band_variances_by_explicit_cosines(length):
    ca = protdiff.read(EXAMPLES / "1tpk.pdb").ca[:length]
    members = [[] for _ in BANDS]
    for mode, amplitude in modes(ca).items():
        k = np.pi * mode / length
        members[band_of(mode, length)].append(k**2 * (amplitude**2).sum() / 3)
    expected = [np.mean(values) if values else np.nan for values in members]
    np.testing.assert_allclose(band_variances(ca), expected, rtol=1e-10)


def test_one_mode_is_in_its_band_only():
    length, mode, size = 64, 10, 2.5  # a period of 12.8 residues
    ca = np.zeros((length, 3))
    ca[:, 1] = size * np.cos(np.pi * mode * (np.arange(length) + 0.5) / length)
    found = band_variances(ca)
    count = sum(band_of(n, length) == 2 for n in range(1, length))
    power = size**2 * length / 2 * (np.pi * mode / length) ** 2 / 3
    np.testing.assert_allclose(found, [0, 0, power / count, 0, 0], atol=1e-12)


@pytest.mark.parametrize("length", [20, 51])
def test_parseval(length):
    # With the factor k² taken out beforehand the bands hold the variance of the points.
    points = np.random.default_rng(length).normal(size=(length, 3))
    spectrum = np.array([np.zeros(3), *modes(points).values()])
    k = np.pi * np.arange(length) / length
    spectrum[1:] /= k[1:, None]
    found = band_variances(idct(spectrum, axis=0, norm="ortho"))
    counts = np.bincount([band_of(n, length) for n in range(1, length)], minlength=len(BANDS))
    total = 3 * np.nansum(found * counts)
    assert total == pytest.approx(np.square(points - points.mean(0)).sum())


def test_mode_entries_are_logarithms():
    one = protdiff.read(EXAMPLES / "1tpk.pdb")
    entries = described(one)
    found = [entries[f"modes_{name}"] for name in BANDS]
    np.testing.assert_allclose(np.exp(found), band_variances(one.ca))


def angle_by_hand(a, b, c):
    v, w = a - b, c - b
    return np.degrees(np.arccos(v @ w / np.linalg.norm(v) / np.linalg.norm(w)))


@pytest.mark.parametrize("name", EXAMPLE_NAMES)
@pytest.mark.parametrize("broken", [False, True])
def test_histograms_and_contacts_by_loops(name, broken):
    one = protdiff.read(EXAMPLES / name)
    numbers, coords = np.arange(1, len(one) + 1), one.coords.copy()
    cut = len(one) // 2
    if broken:
        numbers[cut:] += 5
        coords[cut:] += 4.0
    one = Backbone.from_coords(coords, one.sequence, residue_numbers=numbers)
    bonded = [not (broken and i == cut - 1) for i in range(len(one) - 1)]
    ca, entries = one.ca, described(one)
    angles, turns = [], []
    for i in range(len(ca) - 2):
        if all(bonded[i : i + 2]):
            angles.append(angle_by_hand(*ca[i : i + 3]))
    for i in range(len(ca) - 3):
        if all(bonded[i : i + 3]):
            turns.append(np.degrees(struc.dihedral(*ca[i : i + 4])))
    assert len(turns) == len(ca) - 3 - 3 * broken
    for title, values in (("angle_", angles), ("dihedral_", turns)):
        shares = [entries[key] for key in NAMES if key.startswith(title)]
        assert sum(shares) == pytest.approx(1)
        starts = EDGES[title]
        for low, high, value in zip(starts, [*starts[1:], 181], shares, strict=True):
            assert value == pytest.approx(np.mean([low <= x < high for x in values]))
    for low, high in ((3, 5), (6, 11), (12, 23), (24, len(ca))):
        count = sum(
            low <= j - i <= high and np.linalg.norm(ca[i] - ca[j]) < 8
            for j in range(len(ca))
            for i in range(j)
        )
        assert entries[f"contacts_{low}+"] == pytest.approx(count / len(ca))


@pytest.mark.parametrize("name", EXAMPLE_NAMES)
def test_columns_that_are_taken_over(name):
    one = protdiff.read(EXAMPLES / name)
    entries, columns = described(one), quality(one)
    for key in ("contact_order", "rg_ratio", "psea_helix", "psea_strand", "dssp_helix",
                "dssp_strand", "hydrogen_bonds"):  # fmt: skip
        assert entries[key] == columns[key]


@pytest.mark.parametrize("name", EXAMPLE_NAMES)
def test_regions_of_phi_and_psi_by_loop(name):
    one = protdiff.read(EXAMPLES / name)
    n, ca, c, _ = np.moveaxis(one.coords, 1, 0)
    count, alpha, beta, left = 0, 0, 0, 0
    for i in range(1, len(one) - 1):
        phi = np.degrees(struc.dihedral(c[i - 1], n[i], ca[i], c[i]))
        psi = np.degrees(struc.dihedral(n[i], ca[i], c[i], n[i + 1]))
        count += 1
        if phi < 0:
            alpha += -120 < psi < 50
            beta += not -120 < psi < 50
        else:
            left += -30 < psi < 90
    entries = described(one)
    assert [entries[key] for key in ("alpha", "beta", "left")] == pytest.approx(
        [alpha / count, beta / count, left / count]
    )


@pytest.mark.parametrize("name", EXAMPLE_NAMES)
def test_trace_alone(name):
    one = protdiff.read(EXAMPLES / name)
    coords = one.coords.copy()
    coords[:, [0, 2, 3]] = np.nan
    fields = (one.residue_names, one.chain_ids, one.residue_numbers, one.insertion_codes)
    trace = Backbone(coords, np.isfinite(coords).all(-1), *fields)
    whole, bare = described(one), described(trace)
    for key in TRACE_NAMES:
        assert bare[key] == pytest.approx(whole[key], nan_ok=True)
    assert all(np.isnan(bare[key]) and np.isfinite(whole[key]) for key in BACKBONE_NAMES)


def test_residues_without_ca_do_not_count():
    one = protdiff.read(EXAMPLES / "1a8o.pdb.gz")
    coords = np.concatenate([one.coords, np.full((2, 4, 3), np.nan)])
    coords[-2:, 0] = 3.0
    longer = Backbone.from_coords(coords, one.sequence + "AA")
    shorter = Backbone.from_coords(one.coords, one.sequence)
    assert described(longer) == pytest.approx(described(shorter))


def test_short_chain_lacks_what_it_cannot_have():
    one = protdiff.read(EXAMPLES / "1lcd.pdb")[:6]
    entries = described(one)
    missing = {key for key, value in entries.items() if np.isnan(value)}
    assert missing == {"contact_order", "modes_16-32", "modes_>32"}
    assert entries["contacts_3+"] == 0
