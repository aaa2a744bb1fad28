"""Distillation: what a teacher's trajectories say, what a student is asked, and the run."""

import csv
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

import protdiff
from protdiff.flow import jump, landing, sampling_times
from protdiff.network import Denoiser
from protdiff.training import Trainer, TrainingConfig, distil
from protdiff.training.batches import make_batch
from protdiff.training.config import ConfigError
from protdiff.training.distil import Lessons, jump_loss, trajectory
from protdiff.walk import Walk
from protdiff.weights import WeightsError, load_weights, save_weights

from ..conftest import TINY
from .conftest import SIZES

WALK = Walk(steps=5, temperature=0.8, guidance=1.5)


@pytest.fixture(scope="module")
def teacher(guided):
    return guided


@pytest.fixture(scope="module")
def batch(chains, teacher, tiny_archive):
    config = TrainingConfig(
        data=tiny_archive, out="unused", network=SIZES, beads=256, full_share=1,
        sequence_share=0.5, structure_share=0.5,
    )  # fmt: skip
    return make_batch(chains, teacher.recipe, config, 0)


@pytest.fixture(scope="module")
def drawn(teacher, batch):
    return trajectory(teacher, batch, WALK, 3)


def student_of(teacher, walk=WALK):
    torch.manual_seed(5)
    student = Denoiser(replace(TINY, self_conditioning=True), teacher.recipe, walk)
    own = student.state_dict()
    student.load_state_dict(own | {k: v for k, v in teacher.state_dict().items() if k in own})
    return student


def exact(recipe):
    """A denoiser of the Gaussian chain: its network returns zero."""
    return Denoiser(TINY, recipe).requires_grad_(False)


def test_a_trajectory_is_a_sample_of_the_teacher(teacher, batch, drawn):
    shape = len(batch.lengths), batch.clean.shape[1], 3
    assert drawn.states.shape == (WALK.steps + 1, *shape)
    assert drawn.noise.shape == (WALK.steps, *shape) and not drawn.noise[-1].any()
    again, other = (trajectory(teacher, batch, WALK, seed) for seed in (3, 4))
    assert torch.equal(drawn.states, again.states) and torch.equal(drawn.noise, again.noise)
    assert not torch.equal(drawn.states, other.states)
    # The chains of the batch lend their lengths and conditions, not their shapes.
    moved = replace(batch, clean=batch.clean + 5)
    assert torch.equal(trajectory(teacher, moved, WALK, 3).states, drawn.states)
    untold = replace(batch, conditions=torch.zeros_like(batch.conditions))
    assert not torch.equal(trajectory(teacher, untold, WALK, 3).states, drawn.states)


def test_noise_is_what_noise_adds_to_a_gaussian_chain(teacher, batch, monkeypatch):
    """A jump of the Gaussian chain in many substeps is its mean and the noise."""
    monkeypatch.setattr(distil, "SUBSTEPS", 64)
    recipe, walk = teacher.recipe, replace(WALK, guidance=1.0)
    made = trajectory(exact(recipe), batch, walk, 0)
    flow = recipe(batch.lengths)
    times = sampling_times(flow, walk.steps)
    for k, ends in enumerate(pairwise(times)):
        step = jump(flow, *(t.expand(len(batch.lengths)) for t in ends))
        left = made.states[k + 1] - (step.own + step.gain * step.skip) * made.states[k]
        width = made.temperature * step.width
        moving = flow.mask & (step.width > 1e-6 * flow.prior[..., None])[..., 0]
        off = ((left - made.noise[k]).square() / width).mean(-1)[moving]
        assert off.mean() < 2e-3, k
        share = (made.noise[k].double().square() / width).mean(-1)[moving]
        assert abs(share.mean() - 1) < 5 * (2 / 3 / len(share)) ** 0.5, k


def test_a_student_that_lands_where_the_teacher_did_has_no_loss(teacher, drawn):
    student = student_of(teacher)
    flow = student.recipe(drawn.lengths)
    times = sampling_times(flow, WALK.steps)

    class Perfect(Denoiser):
        def forward(self, x, u, lengths, flow, conditions, ahead):
            place = int((times - u[0]).abs().argmin())
            ends = (t.expand(len(x)) for t in times[place : place + 2])
            step = jump(flow, *ends)
            noise = drawn.noise[place].double()
            assert torch.allclose(ahead, landing(step, x, noise))
            assert torch.equal(conditions, drawn.conditions)
            added = drawn.states[place + 1] - (step.own + step.gain * step.skip) * x - noise
            scale = step.gain * flow.kernel(u).c_out[..., None]
            return torch.where(scale > 1e-9, added / scale, 0.0), flow.mask

    perfect = Perfect(TINY, teacher.recipe, WALK)
    for call in range(WALK.steps):
        loss, (error, reference) = jump_loss(perfect, drawn, call, 0.03)
        assert loss < 1e-9 and error < 1e-7 * reference
        loss, (error, reference) = jump_loss(student, drawn, call, 0.03)
        assert loss > 1e-4 and error > 0


def test_a_student_learns(teacher, drawn):
    student = student_of(teacher)
    optimiser = torch.optim.Adam(student.parameters(), lr=5e-3)
    losses = []
    for _ in range(50):
        optimiser.zero_grad()
        loss, _ = jump_loss(student, drawn, 2, 0.03)
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    assert losses[-1] < 0.6 * losses[0]


def test_lessons_depend_on_step_and_part_alone(teacher, chains, config, monkeypatch):
    monkeypatch.setattr(distil, "POOL", 2)
    config = config.model_copy(update={"beads": 256})
    one, other = (Lessons(teacher, chains, WALK, config) for _ in "12")
    count = 2 * WALK.steps * distil.REUSE
    seen = [one(step, 0) for step in range(count)]
    late, _ = one(count + 3, 0)
    assert late.states.shape[0] == WALK.steps + 1
    for step in (7, 0, count - 1):
        again, call = other(step, 0)
        assert torch.equal(again.states, seen[step][0].states) and call == seen[step][1]
        elsewhere, same = other(step, 1)
        assert same == call and not torch.equal(elsewhere.states, again.states)
    counts = np.unique([call for _, call in seen], return_counts=True)[1]
    assert counts.tolist() == [2 * distil.REUSE] * WALK.steps
    assert len({id(drawn) for drawn, _ in seen}) == 2


@pytest.fixture
def asked(config, guided_file):
    network = config.network.model_copy(update={"self_conditioning": True})
    table = {"teacher": str(guided_file), "calls": 3}
    rest = config.model_dump(exclude={"network", "distil", "steps"})
    return TrainingConfig(**rest, network=network.model_dump(), distil=table, steps=4)


def test_a_run_makes_weights_that_only_generate(asked, monkeypatch, tmp_path):
    monkeypatch.setattr(distil, "POOL", 1)
    path = Trainer(asked).fit(report=lambda _: None)
    with pytest.raises(WeightsError, match="can only generate"):
        load_weights(path)
    student = load_weights(path, distilled=True)
    assert student.walk == Walk(3, 0.8, 1.8) and student.guide is None
    [made] = protdiff.generate(length=30, weights=path)
    assert np.isfinite(made.coords).all()
    with pytest.raises(ValueError, match=r"steps 7: .* distilled for 3"):
        protdiff.generate(length=30, weights=path, steps=7)
    with (asked.out / "training.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 4 and {"call_1", "call_3"} <= rows[0].keys()


def test_a_run_goes_on_where_it_stopped(asked, chains, monkeypatch):
    monkeypatch.setattr(distil, "POOL", 1)
    through, stopped = Trainer(asked), Trainer(asked)
    for _ in range(4):
        through.train_step(chains, 1e-3)
    for _ in range(2):
        stopped.train_step(chains, 1e-3)
    stopped.save()
    goes_on = Trainer(asked)
    goes_on.restore()
    for _ in range(2):
        goes_on.train_step(chains, 1e-3)
    assert all(torch.equal(through.average[k], v) for k, v in goes_on.average.items())


def test_settings_that_cannot_be_distilled(asked, tiny_weights):
    plain = asked.model_copy(update={"network": asked.network.model_copy(
        update={"self_conditioning": False}
    )})  # fmt: skip
    with pytest.raises(ConfigError, match="self_conditioning: must be true"):
        Trainer(plain)
    table = asked.distil.model_copy(update={"teacher": str(tiny_weights), "guidance": 2.0})
    with pytest.raises(ConfigError, match="distil: guidance 2: these weights have no guide"):
        Trainer(asked.model_copy(update={"distil": table}))


def test_the_walk_is_kept_in_the_file(teacher, tmp_path):
    student = student_of(teacher, Walk(9, 0.7, 1.2))
    save_weights(tmp_path / "student.safetensors", student)
    assert load_weights(tmp_path / "student.safetensors", distilled=True).walk == student.walk
