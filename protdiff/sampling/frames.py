"""Frames that are kept while backbones are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..flow.resolution import half_resolved
from ..structure.trajectory import CLEAN, NOISY, Trajectory, superposed_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from torch import Tensor

    from ..structure.backbone import Backbone
    from .batch_state import BatchState
    from .frame_choice import FrameChoice

    Components = Float[Tensor, "batch components 3"]

__all__ = ["Recorder"]


@dataclass
class Recorder:
    """Callback of `sample` that keeps frames of a batch; it draws no random numbers.

    Parameters
    ----------
    batch : BatchState
    choice : FrameChoice
    """

    batch: BatchState
    choice: FrameChoice
    seen: int = 0
    times: list[float] = field(default_factory=list)
    periods: list[Float[np.ndarray, " batch"]] = field(default_factory=list)
    frames: list[list[Backbone]] = field(default_factory=list)

    def __call__(self, index: int, u: float, noisy: Components, clean: Components) -> None:
        """Keep the frame at time u, if it is one of those that are chosen."""
        if self.seen % self.choice.every == 0:
            self.times.append(u)
            self.periods.append(self._periods(u))
            # Now, not at the end: an assembly is docked by what its condition saw last.
            state = noisy if self.choice.noisy else clean
            rows = range(len(self.batch.lengths))
            self.frames.append([self.batch.estimate(state, row) for row in rows])
        self.seen += 1

    def _periods(self, u: float) -> Float[np.ndarray, " batch"]:
        import torch

        times = torch.full((len(self.batch.lengths),), u, dtype=torch.float64)
        return half_resolved(self.batch.flow, times).numpy()

    def trajectories(self, backbones: Sequence[Backbone]) -> list[Trajectory]:
        """A trajectory for each backbone, which is the last frame of it.

        It takes the place of the frame of the last call, if that was kept, for it is drawn from it.
        """
        kept = len(self.frames) - ((self.seen - 1) % self.choice.every == 0)
        end = self._periods(0.0)
        times = np.array([*self.times[:kept], 0.0])
        return [
            Trajectory(
                backbone,
                np.concatenate([self._coords(row, kept, backbone), backbone.coords[None]]),
                times,
                np.array([*(period[row] for period in self.periods[:kept]), end[row]]),
                NOISY if self.choice.noisy else CLEAN,
            )
            for row, backbone in enumerate(backbones)
        ]

    def _coords(
        self, row: int, kept: int, backbone: Backbone
    ) -> Float[np.ndarray, "frames residues 4 3"]:
        frames = [frame[row] for frame in self.frames[:kept]]
        if not frames:
            return np.empty((0, *backbone.coords.shape))
        return superposed_frames(frames, backbone)
