"""Quality columns that need N, C and O: exact cases, mirror images, overlaps by loops."""

import numpy as np
import pytest

import protdiff
from protdiff.metrics.quality import QUALITY, quality
from protdiff.structure.backbone import Backbone

from .helpers import EXAMPLES, peptide


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
