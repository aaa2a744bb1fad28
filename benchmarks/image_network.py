"""The small U-Net of `image_flows.py`: residual blocks at 16×16, 8×8 and 4×4 cells."""

from __future__ import annotations

from itertools import pairwise
from math import pi

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Channels at every resolution, and sizes of the vector that says how noisy an image is.
WIDTHS = (32, 64, 64)
WAVES, LEVEL = 4, 64


class Block(nn.Module):
    """Two 3×3 convolutions, shifted and scaled by the noise level."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.level = nn.Linear(LEVEL, 2 * width)

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        scale, shift = self.level(level)[..., None, None].chunk(2, 1)
        hidden = self.convs[0](functional.silu(self.norms[0](x)))
        hidden = self.norms[1](hidden) * (1 + scale) + shift
        return x + self.convs[1](functional.silu(hidden))


class Network(nn.Module):
    """One image from `channels` images, and a noise level from 0 to 1; at first it returns zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.level = nn.Sequential(
            nn.Linear(1 + 2 * WAVES, LEVEL), nn.SiLU(), nn.Linear(LEVEL, LEVEL), nn.SiLU()
        )
        self.enter = nn.Conv2d(4 * channels, WIDTHS[0], 3, padding=1)
        steps = list(pairwise(WIDTHS))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in steps)
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in steps)
        self.before = nn.ModuleList(Block(width) for width in WIDTHS)
        self.after = nn.ModuleList(Block(width) for width in WIDTHS[:-1])
        self.leave = nn.Conv2d(WIDTHS[0], 4, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, images: Tensor, level: Tensor) -> Tensor:
        """Images (B, 32, 32) from (B, channels, 32, 32) and levels (B,)."""
        waves = level[:, None] * pi * 2.0 ** torch.arange(WAVES)
        features = self.level(torch.cat([level[:, None], waves.sin(), waves.cos()], 1))
        x, kept = self.enter(functional.pixel_unshuffle(images, 2)), []
        for block, down in zip(self.before, self.down, strict=False):
            kept.append(block(x, features))
            x = down(kept[-1])
        x = self.before[-1](x, features)
        for block, up, skip in zip(self.after[::-1], self.up[::-1], kept[::-1], strict=True):
            x = block(up(x) + skip, features)
        return functional.pixel_shuffle(self.leave(x), 2)[:, 0]
