"""What a training run lowers: the denoising loss, or a student's distance from its teacher."""

import torch

from ..walk import walk_of
from .batches import make_batch
from .captured import DeviceSteps
from .config import ConfigError
from .dataset import DeviceChains
from .distil import Lessons, jump_loss
from .loss import BAND_NAMES
from .objective import batch_loss, held_out_loss

__all__ = ["Denoising", "Distillation", "task_of", "walk_to_learn"]

#: Trajectories of held-out chains that a student is judged on.
HELD_OUT = 4


class Denoising:
    """Steps of a denoiser on chains with noise.

    Attributes
    ----------
    names : list of str
        Rows of the sums.
    """

    names = BAND_NAMES

    def __init__(self, denoiser, chains, config):
        self.denoiser, self.chains, self.config = denoiser, chains, config
        self.on_device = None
        if isinstance(chains, DeviceChains):
            self.on_device = DeviceSteps(denoiser, chains, config)

    def __call__(self, step, part, number):
        """Add the gradient of a part of a step, `number` in the run; loss, sums, and chains."""
        if self.on_device:
            return self.on_device(step, part, number)
        batch = make_batch(self.chains, self.denoiser.recipe, self.config, step, part)
        loss, sums = batch_loss(self.denoiser, batch, self.config, number)
        (loss / self.config.accumulate).backward()
        return loss, sums, len(batch.lengths)

    def held_out(self, denoiser, chains):
        """Mean loss on held-out chains, and the ratio of every row of the sums."""
        return held_out_loss(denoiser, chains, self.config)


class Distillation:
    """The same of a student, who learns jumps of its teacher (`distil`)."""

    def __init__(self, denoiser, chains, config, teacher, world=1):
        self.denoiser, self.config, self.teacher = denoiser, config, teacher
        self.world = world
        self.names = [f"call_{k + 1}" for k in range(denoiser.walk.steps)]
        self.lessons = Lessons(teacher, chains, denoiser.walk, config)
        self.exam = []

    def __call__(self, step, part, number):
        """As of `Denoising`."""
        # Every process has a part of its own, and the batches of a step are lessons in turn.
        turns, own = self.config.accumulate, part % self.world
        drawn, call = self.lessons(step * turns + part // self.world, own)
        loss, sums = self._judged(self.denoiser, drawn, call)
        (loss / self.config.accumulate).backward()
        return loss, sums, len(drawn.lengths)

    @torch.no_grad()
    def held_out(self, denoiser, chains):
        """As of `Denoising`, on trajectories that are the same at every call."""
        if not self.exam:
            config = self.config.model_copy(update={"seed": 1})
            lessons = Lessons(self.teacher, chains, denoiser.walk, config)
            self.exam = [lessons.drawn(k, 0) for k in range(HELD_OUT)]
        found = [
            self._judged(denoiser, drawn, call)
            for drawn in self.exam
            for call in range(denoiser.walk.steps)
        ]
        sums = sum(one[1] for one in found)
        ratios = dict(zip(self.names, (sums[:, 0] / sums[:, 1]).tolist(), strict=True))
        return sum(one[0].item() for one in found) / len(found), ratios

    def _judged(self, student, drawn, call):
        loss, own = jump_loss(student, drawn, call, self.config.resolution)
        sums = torch.zeros(len(self.names), 2, dtype=torch.float64)
        sums[call] = own
        return loss, sums


def walk_to_learn(config, teacher):
    """The `Walk` of the student, or None where nothing is distilled.

    Raises
    ------
    ConfigError
        A walk that the teacher cannot show, or a student that cannot be shown landings.
    """
    if teacher is None:
        return None
    asked = config.distil
    try:
        walk = walk_of(teacher, asked.calls, asked.temperature, asked.guidance)
    except ValueError as error:
        raise ConfigError(f"distil: {error}") from None
    if not config.network.self_conditioning:
        raise ConfigError("network.self_conditioning: must be true to distil")
    return walk


def task_of(denoiser, chains, config, teacher=None, world=1):
    """The task of a run of some processes."""
    if teacher is None:
        return Denoising(denoiser, chains, config)
    return Distillation(denoiser, chains, config, teacher, world)
