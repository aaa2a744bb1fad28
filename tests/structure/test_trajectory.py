"""Frames: superposition on the last, and what does not fit together."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import protdiff
from protdiff.structure.trajectory import Trajectory, superposed_frames

from ..conftest import ROOT


@pytest.fixture
def backbone():
    return protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb")[:30]


def test_frames_are_turned_onto_the_last_and_never_mirrored(backbone):
    turn = Rotation.from_rotvec([0.3, 1.2, -0.4]).as_matrix()
    away = replace(backbone, coords=backbone.coords @ turn + [5, -3, 8])
    mirror = replace(backbone, coords=backbone.coords * [1, 1, -1])
    moved = superposed_frames([away, mirror], backbone)
    np.testing.assert_allclose(moved[0], backbone.coords, atol=1e-6)
    assert np.abs(moved[1] - backbone.coords).max() > 1
    # Distances stay, so that the frame is still the mirror image.
    assert np.linalg.norm(moved[1][0, 1] - moved[1][-1, 1]) == pytest.approx(
        np.linalg.norm(backbone.ca[0] - backbone.ca[-1])
    )


def test_a_frame_stays_where_its_surroundings_are(backbone):
    coords = np.array(backbone.coords)
    coords[10:15] += 4
    [moved] = superposed_frames([replace(backbone, coords=coords)], backbone)
    np.testing.assert_array_equal(moved, coords)


def test_frames_and_tables_of_different_lengths_are_refused(backbone):
    coords = np.stack([backbone.coords] * 2)
    with pytest.raises(ValueError, match="2 frames, 3 times"):
        Trajectory(backbone, coords, np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="the backbone has"):
        Trajectory(backbone[:5], coords, np.zeros(2), np.zeros(2))
