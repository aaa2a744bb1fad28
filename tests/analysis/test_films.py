"""What films show: the levels are those of the flow, and the last is the structure."""

import numpy as np
import pytest

import protdiff
from protdiff.analysis.coarse_graining import coarsen
from protdiff.analysis.films import film_of_flow, film_of_generation
from protdiff.structure.trajectory import Trajectory

from ..conftest import ROOT


@pytest.fixture(scope="module")
def backbone():
    return protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb")


def test_levels_are_what_the_cutoffs_leave(backbone):
    film = film_of_flow(backbone, levels=6, title="x")
    assert len(film) == 6 and film.longest == len(backbone) and film.title == "x"
    # From twice the chain, its longest wave, to beyond the shortest, equally spaced in ln Λ.
    assert film.periods[0] == pytest.approx(2 * len(backbone))
    np.testing.assert_allclose(np.diff(np.log(film.periods)), np.log(0.5 / len(backbone)) / 5)
    for period, trace in zip(film.periods[:-1], film.traces, strict=False):
        np.testing.assert_array_equal(trace, coarsen(backbone, period).ca)
    np.testing.assert_array_equal(film.traces[-1], backbone.ca)
    sizes = np.linalg.norm(film.traces - film.traces.mean(1, keepdims=True), axis=2).mean(1)
    assert (np.diff(sizes) > 0).all()  # what was smoothed away comes back


def test_generations_keep_their_frames(backbone):
    coords = np.stack([backbone.coords * 0.5, backbone.coords * 0.9, backbone.coords])
    periods = np.array([np.nan, 2 * len(backbone) / 7, 2 * len(backbone) / (len(backbone) - 1)])
    trajectory = Trajectory(backbone, coords, np.array([1.0, 0.5, 0.0]), periods.round(4), "noisy")
    film = film_of_generation(trajectory, "x")
    np.testing.assert_array_equal(film.traces, coords[:, :, 1])
    assert film.noisy and not film.still.any()
    assert [film.modes(frame) for frame in range(3)] == [0, 7, len(backbone) - 1]


def test_residues_that_never_move_are_known(backbone):
    coords = np.stack([backbone.coords, backbone.coords])
    coords[0, 5:8] += 1
    film = film_of_generation(Trajectory(backbone, coords, np.zeros(2), np.zeros(2)))
    assert np.flatnonzero(~film.still).tolist() == [5, 6, 7]
