"""Distillation: a student learns to do in one call what a teacher does in several small steps.

The teacher draws whole trajectories with its own sampler. Of every jump between two of the
student's times the student is told the state before and what the noise alone would have added (the
response of a Gaussian chain to it), and has to give the estimate with which the jump lands where
the teacher came to (docs/theory.md 3.7).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from ..flow import jump, landing, sampling_times, sde_2m
from ..flow.oracle import gaussian_oracle
from ..network.numerics import flush_denormals
from ..temperature import temperatures, told_power
from .batches import make_batch
from .loss import FEW

__all__ = ["Lessons", "Trajectory", "jump_loss", "trajectory"]

#: Steps of the teacher in one jump of the student.
SUBSTEPS = 3
#: Trajectories (batches) that are drawn at a time, and how often each of their jumps is seen.
POOL, REUSE = 8, 4
#: Smallest variance of a jump as a share of what the network decides in it: no component counts
#: more than the inverse, however cold.
LEAST_SHARE = 0.02


@dataclass(frozen=True)
class Trajectory:
    """What a teacher drew; C times of the student.

    states : (C + 1, B, 2N, 3) at every time, then the last estimate; noise : (C, B, 2N, 3) what
    noise alone adds until the next time (0 from the last); lengths, list of B; conditions :
    (B, N, ·); temperature : (B, 2N, 1).
    """

    states: torch.Tensor
    noise: torch.Tensor
    lengths: list
    conditions: torch.Tensor
    temperature: torch.Tensor


@torch.no_grad()
@flush_denormals()
def trajectory(teacher, batch, walk, seed):
    """Draw a trajectory for every chain of a batch, of which lengths and conditions are used.

    Parameters
    ----------
    teacher : Denoiser
    batch : Batch
    walk : Walk
        How the student will sample.
    seed : int
    """
    flow, denoise = teacher.bind(
        batch.lengths, batch.conditions, remember=True, guidance=walk.guidance
    )
    temperature = temperatures(flow, walk.temperature, told_power(batch.conditions, batch.lengths))
    times = sampling_times(flow, walk.steps)
    generator, shape = torch.Generator().manual_seed(seed), (*flow.mask.shape, 3)
    last = None  # state and estimate of the last call: a jump begins with the call that ended one

    def once(x, u):
        nonlocal last
        if last is None or last[0] is not x:
            last = x, denoise(x, u)
        return last[1]

    def noise():
        fresh = torch.randn(shape, generator=generator, dtype=torch.float64)
        return fresh.masked_fill(~flow.mask[..., None], 0)

    states, added = [flow.prior_sample(noise()) * temperature**0.5], []
    for u, s in pairwise(times):
        # From the state alone, as the student has to: without the estimates before it.
        fine = torch.linspace(float(u), float(s), SUBSTEPS + 1, dtype=torch.float64)
        how = fine, [noise() for _ in range(SUBSTEPS)], temperature
        states.append(_landed(once, flow, states[-1], *how))
        added.append(_landed(gaussian_oracle(flow), flow, torch.zeros_like(states[0]), *how))
    clean = once(states[-1], times[-1].expand(len(batch.lengths)))
    return Trajectory(
        torch.stack([*states, clean]).float(),
        torch.stack([*added, torch.zeros_like(clean)]).float(),
        batch.lengths,
        batch.conditions,
        temperature,
    )


def _landed(denoise, flow, start, times, drawn, temperature):
    """The state at the last time, with the noise that was drawn for the steps."""
    visited = []
    sde_2m(
        denoise, flow, times, iter(drawn).__next__, temperature=temperature, start=start,
        callback=lambda _index, _u, x, _clean: visited.append(x),
    )  # fmt: skip
    return visited[-1]


def jump_loss(student, drawn, call, resolution):
    """Error of a student in one jump of a trajectory, in units of the noise of the jump.

    Returns
    -------
    loss : Tensor, shape ()
    sums : Tensor, shape (2,)
        Weighted squared error, and the same of an output of zero (the Gaussian chain).
    """
    x, noise = drawn.states[call].double(), drawn.noise[call].double()
    flow = student.recipe(drawn.lengths, x.shape[1] // 2)
    times = sampling_times(flow, student.walk.steps)
    u, *s = (time.expand(len(x)) for time in times[call : call + 2])
    step, after = jump(flow, u, *s), flow.kernel(*s) if s else None
    ahead = landing(step, x, noise)
    output, active = student(x, u, drawn.lengths, flow, drawn.conditions, ahead)
    scale = step.gain * flow.kernel(u).c_out[..., None]
    target = drawn.states[call + 1] - step.own * x - noise - step.gain * step.skip * x
    width, signal = (step.width, after.alpha[..., None]) if s else (scale**2, 1.0)
    variance = drawn.temperature * width + (signal * resolution) ** 2
    weight = (active[..., None] / (variance + LEAST_SHARE * scale**2))[..., 0]
    error = weight * (scale * output - target).square().mean(-1)
    count = (scale[..., 0] ** 2 * weight).clamp_max(1).sum(1) + FEW
    sums = torch.stack([error.detach().sum(), (weight * target.square().mean(-1)).sum()])
    return (error.sum(1) / count).mean(), sums


class Lessons:
    """The trajectory and the call of every lesson of a part of a run, a pure function of the two.

    Trajectories are drawn as they are needed, used for `REUSE` times as many lessons as they have
    jumps, and forgotten. All parts share the call of a lesson: equal work.

    Parameters
    ----------
    teacher : Denoiser
    chains : ChainSet
        Lengths, sequences and secondary structures are drawn from them.
    walk : Walk
    config : TrainingConfig
    """

    def __init__(self, teacher, chains, walk, config):
        self.teacher, self.chains, self.walk = teacher, chains, walk
        self.config = config.model_copy(update={"full_share": 1.0})
        self.pools = {}  # part: number of the pool, its trajectories

    def __call__(self, number, part):
        lessons = POOL * self.walk.steps * REUSE
        block, place = divmod(number, lessons)
        if self.pools.get(part, (None,))[0] != block:
            self.pools[part] = block, [self.drawn(block * POOL + k, part) for k in range(POOL)]
        order = np.random.default_rng([self.config.seed, block]).permutation(lessons)
        which, call = divmod(int(order[place]) % (POOL * self.walk.steps), self.walk.steps)
        return self.pools[part][1][which], call

    def drawn(self, number, part):
        """A trajectory of the run."""
        batch = make_batch(self.chains, self.teacher.recipe, self.config, number, part)
        seed = np.random.SeedSequence([self.config.seed, number, part]).generate_state(1)[0]
        return trajectory(self.teacher, batch, self.walk, int(seed))
