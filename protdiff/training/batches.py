"""Training batches, made on the host or on an accelerator from the random choices of a `Draw`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..flow import trace_components
from ..network.condition_features import one_hot
from .batch_draws import draw
from .chains import DeviceChains, crops

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float64, Int
    from torch import Tensor

    from ..flow import ChainFlow
    from .batch_draws import Draw
    from .chains import ChainSet, Crops
    from .config import TrainingConfig

__all__ = ["Batch", "assemble", "components", "device_batch", "make_batch", "packed"]


@dataclass(frozen=True)
class Batch:
    """Clean chains of a training step, with their times and conditions.

    `clean`: modes, then link vectors, of the padded chains; `log_cutoff`: ln Λ; `density`: of the
    time u, where it has a law; `level`: "full", or beads of decimated chains. On an accelerator
    `lengths` is a tensor, and the network sees `beads` beads of every chain; on the host `beads` is
    None, and each chain has the number that it needs.
    """

    clean: Float[Tensor, "batch components 3"]
    lengths: list[int] | Int[Tensor, " batch"]
    log_cutoff: Float64[Tensor, " batch"]
    conditions: Float[Tensor, "batch residues features"]
    level: str
    beads: int | None = None
    density: Float64[Tensor, " batch"] | None = None


def components(
    ca: Float[Tensor, "batch residues 3"],
    links: Float[Tensor, "batch residues 3"],
    lengths: list[int] | Int[Tensor, " batch"],
    basis: str = "cosine",
) -> Float[Tensor, "batch components 3"]:
    """Components of the flow (modes without the centroid, then links) of padded, centred chains.

    `ca` (Å) and `links` are zero in the padding.
    """
    return torch.cat([trace_components(ca, lengths, basis), links], 1)


def assemble(
    parts: Crops,
    lengths: list[int] | Int[Tensor, " batch"],
    log_cutoff: Float64[Tensor, " batch"],
    rotations: Float[Tensor, "batch 3 3"],
    shown: Bool[Tensor, "batch 2"],
    level: str,
    basis: str = "cosine",
) -> Batch:
    """The batch of padded crops: centred, rotated, with the conditions that are `shown`."""
    n = torch.as_tensor(lengths, device=parts.ca.device)[:, None, None]
    size = parts.ca.shape[1]
    centroid = parts.ca.sum(1, keepdim=True) / n
    ca = (parts.ca - centroid) * (torch.arange(size, device=parts.ca.device)[:, None] < n)
    types, structure = (
        index.masked_fill(~visible[:, None], -1)
        for index, visible in zip((parts.types, parts.structure), shown.unbind(1), strict=True)
    )
    beads = None
    if isinstance(lengths, torch.Tensor):
        beads = size if level == "full" else int(level)
    return Batch(
        clean=components(ca @ rotations, parts.links @ rotations, lengths, basis),
        lengths=lengths,
        log_cutoff=log_cutoff,
        conditions=one_hot(types, structure),
        level=level,
        beads=beads,
    )


def packed(chains: DeviceChains, drawn: Draw) -> Float64[np.ndarray, "batch 15"]:
    """A draw as one array, so that one copy takes it to an accelerator."""
    first = chains.starts[drawn.chains] + drawn.starts
    columns = [
        first, drawn.lengths, drawn.log_cutoff, drawn.rotations.reshape(-1, 9), drawn.shown,
        drawn.density,
    ]  # fmt: skip
    return np.column_stack(columns).astype(np.float64)


def device_batch(
    chains: DeviceChains,
    rows: Float64[Tensor, "batch 15"],
    level: str,
    size: int,
    basis: str = "cosine",
) -> Batch:
    """The batch of a packed draw, made on the device of `rows` without waiting for it."""
    first, lengths = rows[:, 0].long(), rows[:, 1].long()
    rotations = rows[:, 3:12].float().unflatten(1, (3, 3))
    shown = rows[:, 12:14] > 0
    parts = chains.crops(first, lengths, size)
    batch = assemble(parts, lengths, rows[:, 2], rotations, shown, level, basis)
    return replace(batch, density=rows[:, 14])


def make_batch(
    chains: ChainSet | DeviceChains,
    recipe: ChainFlow,
    config: TrainingConfig,
    step: int,
    part: int = 0,
) -> Batch:
    """Make one batch of a training run; equal arguments give equal batches.

    Parameters
    ----------
    chains : ChainSet or DeviceChains
        The batch is made on their device.
    recipe : ChainFlow
    config : TrainingConfig
    step, part : int
        Number of the step, and of the batch among those of the step.
    """
    drawn = draw(chains, recipe, config, step, part)
    if isinstance(chains, DeviceChains):
        rows = torch.from_numpy(packed(chains, drawn)).to(chains.device)
        return device_batch(chains, rows, drawn.level, drawn.size, recipe.basis)
    lengths: list[int] = drawn.lengths.tolist()
    parts = crops(chains, drawn.chains, drawn.starts, lengths)
    log_cutoff, rotations, shown = map(
        torch.from_numpy, (drawn.log_cutoff, drawn.rotations, drawn.shown)
    )
    batch = assemble(parts, lengths, log_cutoff, rotations, shown, drawn.level, recipe.basis)
    return replace(batch, density=torch.from_numpy(drawn.density))
