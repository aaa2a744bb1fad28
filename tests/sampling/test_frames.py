"""Trajectories of generations: the samples do not notice, and the frames are those of the walk."""

import numpy as np
import pytest
import torch

import protdiff
from protdiff.conditioning import Redesign, Symmetry
from protdiff.flow import half_resolved
from protdiff.network.numerics import one_thread
from protdiff.network.weights import load_weights
from protdiff.sampling.frame_choice import FrameChoice
from protdiff.sampling.plan import plan_requests
from protdiff.sampling.sample import sample
from protdiff.sampling.settings import SamplingSettings
from protdiff.structure.superposition import rmsd

from ..conftest import ROOT


@pytest.fixture(scope="module")
def denoiser(tiny_weights):
    return load_weights(tiny_weights, "cpu")


@pytest.fixture(autouse=True)
def single_thread():
    """What `draw` does, too: small products gain nothing from a second thread."""
    with one_thread("cpu"):
        yield


# Of 6 steps: all but the last, which leads to the design, and the design; the last kept is dropped.
@pytest.mark.parametrize(
    ("every", "noisy", "count"), [(1, False, 6), (2, True, 4), (5, True, 2), (100, False, 2)]
)
def test_frames_are_every_nth_step_and_the_design(denoiser, noisy, every, count):
    requests = plan_requests(2, 0, length=[24, 16])
    settings, seen = SamplingSettings(steps=6), []
    plain = sample(denoiser, requests, settings)
    choice = FrameChoice(every, noisy)
    kept = sample(
        denoiser, requests, settings, frames=choice,
        callback=lambda k, u, x, clean: seen.append((u, (x if noisy else clean).clone())),
    )  # fmt: skip
    flow = denoiser.recipe([24, 16])
    for row, (before, after) in enumerate(zip(plain, kept, strict=True)):
        assert (before.backbone.coords == after.backbone.coords).all()
        trajectory = after.trajectory
        assert trajectory is not None and before.trajectory is None
        assert len(trajectory) == count
        assert (trajectory.coords[-1] == after.backbone.coords).all()
        for frame, (u, state) in zip(range(count - 1), seen[::every], strict=False):
            assert trajectory.times[frame] == u
            ca = protdiff.flow.to_coords(state[row : row + 1, : after.request.length], [
                after.request.length
            ])[0]  # fmt: skip
            moved = torch.tensor(trajectory.coords[frame, :, 1])
            assert float(rmsd(moved, ca)) < 1e-4  # the same chain, elsewhere
            assert float((moved.mean(0) - torch.tensor(after.backbone.ca).mean(0)).norm()) < 1e-6
            period = half_resolved(flow, torch.full((2,), u, dtype=torch.float64))[row]
            np.testing.assert_equal(trajectory.periods[frame], float(period))


def test_an_assembly_has_all_its_chains_in_every_frame(denoiser):
    [drawn] = sample(
        denoiser,
        plan_requests(1, 0, length=12, condition=Symmetry("C3")),
        SamplingSettings(steps=4),
        frames=FrameChoice(1),
    )
    assert drawn.trajectory is not None
    assert drawn.trajectory.coords.shape == (6, 36, 4, 3)  # a second pass has two steps
    for frame in drawn.trajectory.coords:  # each is symmetric: copies have one radius
        radii = np.linalg.norm(frame[:, 1] - frame[:, 1].mean(0), axis=1).reshape(3, 12)
        np.testing.assert_allclose(radii, np.tile(radii[:1], (3, 1)), atol=1e-6)


def test_the_surroundings_of_a_redesign_do_not_move(denoiser):
    source = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb")[:40]
    first = int(source.residue_numbers[0])
    condition = Redesign(source, f"A{first + 10}-{first + 15}")
    requests = plan_requests(1, 0, condition=condition)
    [drawn] = sample(denoiser, requests, SamplingSettings(steps=4), frames=FrameChoice(1))
    assert drawn.trajectory is not None
    others = np.r_[0:9, 18:40]
    np.testing.assert_array_equal(
        drawn.trajectory.coords[:, others, 1],
        np.broadcast_to(source.ca[others], (len(drawn.trajectory), len(others), 3)),
    )
    assert len(drawn.trajectory) > 4  # the second pass belongs to it


def test_trajectories_of_the_public_function(tiny_weights):
    options = {"length": 16, "num": 2, "steps": 4, "seed": 3, "weights": tiny_weights}
    for plain, kept in zip(
        protdiff.generate(**options), protdiff.trajectories(**options, every=2), strict=True
    ):
        assert (plain.coords == kept.backbone.coords).all()
        assert (kept[len(kept) - 1].coords == plain.coords).all()


@pytest.mark.parametrize("every", [0, -1, 10**6])
def test_a_choice_of_no_frames_is_refused(every):
    with pytest.raises(ValueError, match="`every`"):
        FrameChoice(every)
