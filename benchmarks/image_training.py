"""Training runs of `images.py`: the data in modes, and steps that can be interrupted."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from image_flows import loss, to_images, to_modes
from image_network import Network
from image_patches import patches, photographs

if TYPE_CHECKING:
    from pathlib import Path

    from image_flows import Method

BATCH, RATE, DECAY = 64, 1e-3, 0.999
#: What a checkpoint has, beside the step.
PARTS = ("network", "average", "optimiser")


class Data(NamedTuple):
    """Photographs' patches: modes (N, 1024) less their mean, and images (M, 32, 32) of tests."""

    modes: torch.Tensor
    mean: torch.Tensor
    train: np.ndarray
    test: np.ndarray

    @property
    def variance(self) -> torch.Tensor:
        """Variance of every mode."""
        return self.modes.square().mean(0)

    def finished(self, images: torch.Tensor) -> np.ndarray:
        """Images with the mean image, and values from -1 to 1."""
        return (images + to_images(self.mean)).clamp(-1, 1).numpy()


@cache
def load_data() -> Data:
    train, test = patches(photographs())
    modes = to_modes(torch.from_numpy(np.concatenate([train, train[:, :, ::-1]])).double())
    return Data(modes - modes.mean(0), modes.mean(0), train, test)


class Run:
    """A run of training: its network, the running average of it, and its step."""

    def __init__(self, method: Method, seed: int) -> None:
        torch.manual_seed(seed)
        self.method, self.seed, self.step = method, seed, 0
        self.network, self.average = Network(method.channels), Network(method.channels)
        self.average.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=RATE, weight_decay=0.01)

    def advance(self, data: Data, steps: int) -> None:
        """One step of a run of so many; its random numbers depend on seed and step alone."""
        generator = torch.Generator().manual_seed(1_000_003 * self.seed + self.step)
        chosen = torch.randint(len(data.modes), (BATCH,), generator=generator)
        u = (torch.arange(BATCH) + torch.rand(BATCH, generator=generator)).double() / BATCH
        clean = data.modes[chosen]
        epsilon = torch.randn(clean.shape, generator=generator, dtype=torch.float64)
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * min(1.0, 2 * (1 - self.step / steps))
        self.optimiser.zero_grad()
        loss(self.method, self.network, clean, u, epsilon).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        share = 1 - min(DECAY, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for kept, new in zip(self.average.parameters(), self.network.parameters(), strict=True):
                kept.lerp_(new, share)

    def save(self, path: Path) -> None:
        parts = {name: getattr(self, name).state_dict() for name in PARTS}
        torch.save(parts | {"step": self.step}, path.with_suffix(".part"))
        os.replace(path.with_suffix(".part"), path)

    def load(self, path: Path) -> None:
        saved = torch.load(path, weights_only=True)
        for name in PARTS:
            getattr(self, name).load_state_dict(saved[name])
        self.step = saved["step"]
