"""What a training run keeps from step to step, saved in checkpoints and restored from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from ..network import Denoiser
from ..network.numerics import as_at_start, pick_device
from ..network.weights import find_weights, load_weights, save_weights
from .checkpoint import Progress, read_checkpoint, write_checkpoint
from .config_file import ConfigError
from .distributed import device_of
from .logs import forget_after
from .optimisation import MovingAverage, adam_tensors, adamw, load_adam_tensors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from .config import TrainingConfig

__all__ = ["RunState"]


#: Parts of the names of tensors that weights without self-conditioning, without pairs of atoms, or
#: without clocks lack. They start so that the network gives the estimates it gave without them.
STARTS_AT_ZERO = (".previous", "atom_pairs", ".clocks")


def of_network(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those tensors of a denoiser that are trained: not the guide's, not the reader's."""
    return {name: tensor for name, tensor in tensors.items() if name.startswith("network.")}


class RunState:
    """Denoiser, moving average, optimiser and counters of a run.

    Parameters
    ----------
    config : TrainingConfig

    Attributes
    ----------
    denoiser : Denoiser
        With the weights as they are now; `averaged` gives one to generate with.
    progress : Progress
        Steps, chains, seconds, and the best loss on held-out chains so far.
    new_tensors : list of str
        Names of the network's tensors that the `initial` weights lack.
    """

    def __init__(self, config: TrainingConfig):
        self.config, self.progress = config, Progress()
        recipe = config.flow.recipe()
        self.device = device_of(pick_device(config.device))
        with as_at_start():
            torch.manual_seed(config.seed)
            self.denoiser = Denoiser(config.network, recipe)
        self.denoiser.to(self.device)
        self.guide: Denoiser | None = None
        self.new_tensors: list[str] = []
        if config.initial:
            self._start_from(config.initial)
        network = self.denoiser.network
        self.average = MovingAverage(network, config.ema)
        self.optimiser = adamw(network.parameters(), config.weight_decay)
        if config.precision == "bf16":
            network.use_bf16()
        if config.compile:
            network.compile()

    @property
    def step(self) -> int:
        """Steps done."""
        return self.progress.step

    def _start_from(self, initial: str) -> None:
        """Take over the weights of a file, its reader, and its guide if that is of this flow."""
        path = find_weights(initial)
        denoiser = load_weights(path, self.device)
        if denoiser.recipe == self.denoiser.recipe:
            self.guide = denoiser.guide
        denoiser.guide = None  # it is not trained, nor is the reader
        self.denoiser.reader = denoiser.reader
        self.new_tensors = self.load(denoiser.state_dict(), path, new=STARTS_AT_ZERO)

    def load(
        self, tensors: Mapping[str, Tensor], origin: Path, new: Sequence[str] = ()
    ) -> list[str]:
        """Take over a network's tensors; those with any of `new` in their names may be missing.

        Returns the names of those that are missing.

        Raises
        ------
        ConfigError
            If they are those of a network of other sizes.
        """
        present = self.denoiser.state_dict()
        missing = [
            name
            for name in of_network(present)
            if name not in tensors and any(part in name for part in new)
        ]
        optional = {name: present[name] for name in missing}
        untrained = {name: present[name] for name in present.keys() - of_network(present).keys()}
        try:
            self.denoiser.load_state_dict(optional | of_network(tensors) | untrained)
        except RuntimeError:
            raise ConfigError(
                f"{origin}: made with other [network] sizes; choose another `out`, or the old sizes"
            ) from None
        return missing

    def save(self) -> None:
        """Write the checkpoint, then the averaged weights."""
        parts = {
            "model": of_network(self.denoiser.state_dict()),
            "average": self._averaged_tensors(),
            "adam": adam_tensors(self.optimiser, self.denoiser.named_parameters()),
        }
        rounded = round(self.progress.seconds, 1)
        progress = replace(self.progress, seconds=rounded, configuration=self.config.recorded())
        write_checkpoint(self.config.out, parts, progress)
        self.save_average("ema.safetensors")

    def save_average(self, name: str) -> None:
        """Write the averaged weights."""
        save_weights(self.config.out / name, self.averaged())

    def _averaged_tensors(self) -> dict[str, Tensor]:
        tensors = self.average.module.state_dict()
        return {f"network.{name}": tensor for name, tensor in tensors.items()}

    def averaged(self) -> Denoiser:
        """A denoiser with the averaged weights; guide and reader of those it started from."""
        with as_at_start():
            denoiser = Denoiser(self.denoiser.network.config, self.denoiser.recipe)
        denoiser.load_state_dict(self._averaged_tensors())
        denoiser.guide, denoiser.reader = self.guide, self.denoiser.reader
        return denoiser.to(self.device).eval().requires_grad_(False)

    def restore(self) -> list[str]:
        """Continue from the newest checkpoint, if any; returns changed settings as text."""
        checkpoint = read_checkpoint(self.config.out)
        if checkpoint is None:
            return []
        parts, self.progress = checkpoint
        self.load(parts["model"], self.config.out)
        average = {name.removeprefix("network."): t for name, t in parts["average"].items()}
        self.average.module.load_state_dict(average)
        self.average.updates = self.step
        load_adam_tensors(self.optimiser, self.denoiser.named_parameters(), parts["adam"])
        forget_after(self.config.out, self.step)
        now, before = self.config.recorded(), self.progress.configuration
        return [f"{k} {now[k]} (before: {v})" for k, v in before.items() if now.get(k, v) != v]
