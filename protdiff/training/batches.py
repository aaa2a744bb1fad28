"""Training batches: a resolution level, chains that share its bead count, and stratified times.

Batch number `step` of a seed and rank is a pure function of the three, so a resumed run sees the
batches that the interrupted one would have seen. All ranks share level and size: equal work.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ..flow import rg_cutoff, to_modes
from ..network.conditions import one_hot
from ..network.decimation import BEAD_COUNTS
from ..network.denoiser import ACTIVE_SIGNAL
from .dataset import crops

__all__ = ["Batch", "components", "make_batch"]

OVERSAMPLING = 1.25
#: Sizes of full chains, and how often each range is drawn.
FULL_SIZES = ((48, 128, 0.72), (129, 256, 0.2), (257, 512, 0.08))


@dataclass(frozen=True)
class Batch:
    """Clean components (B, 2N, 3), lengths, ln Λ (B,), conditions (B, N, C), and the level."""

    clean: torch.Tensor
    lengths: list
    log_cutoff: torch.Tensor
    conditions: torch.Tensor
    level: str


def components(ca, links, lengths):
    """Components of the flow from padded coordinates; (B, 2N, 3) float32.

    `ca` and `links` are (B, N, 3), zero in the padding; the centroid drops out.
    """
    modes = to_modes(ca, lengths)
    modes[:, 0] = 0
    return torch.cat([modes, links], 1)


def _random_rotations(count, rng):
    """Uniform rotation matrices (count, 3, 3) from random unit quaternions."""
    w, x, y, z = (q := rng.normal(size=(4, count))) / np.linalg.norm(q, axis=0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0).astype(np.float32)


def _stratified(count, rng):
    """One uniform number in each of `count` equal bins, in random order."""
    return (rng.permutation(count) + rng.random(count)) / count


def _draw_level(chains, full_share, rng):
    """Level of a step ("full" or a bead count), and the size of full chains."""
    least, most, shares = zip(*FULL_SIZES, strict=True)
    row = rng.choice(len(shares), p=shares)
    size = min(int(rng.integers(least[row], most[row] + 1)), int(chains.lengths.max()))
    if rng.random() < full_share:
        return "full", size
    sizes = [m for m in BEAD_COUNTS if m <= chains.lengths.max() * 0.75]
    # The coarsest level spans the most of ln Λ.
    weight = np.array([3.0] + [1.0] * (len(sizes) - 1))
    return int(rng.choice(sizes, p=weight / weight.sum())), size


def _full_level(chains, beads, size, rng):
    """Chains at full resolution: whole ones, or crops of longer ones, of similar length."""
    lengths = chains.lengths
    whole = rng.random() < 0.5
    fits = (lengths <= size) & (lengths >= 0.8 * size) if whole else lengths > size
    pool = np.flatnonzero(fits)
    if not len(pool):
        pool = np.flatnonzero(lengths >= lengths.max() * 0.8)
    chosen = rng.choice(pool, max(1, beads // size))
    return chosen, [min(int(lengths[k]), size) for k in chosen]


def uses_levels(recipe, config):
    """Are chains decimated at coarse times? Only RG flows of cosine modes can be."""
    return config.network.decimate and recipe.schedule == "rg" and recipe.basis == "cosine"


def _cutoff_range(level, lengths, recipe):
    """Ends of ln Λ between which chains of these lengths use this level."""
    lengths = np.asarray(lengths, dtype=float)
    # Mode n is active while k_n <= reach · Λ, and M beads hold modes 0 … M/1.25 - 1.
    reach = float(1 / rg_cutoff(1.0, ACTIVE_SIGNAL, recipe.regulator))
    first = float(recipe([64]).schedule.first)

    def leaves(level):
        """ln Λ at which the chain needs more beads than `level`."""
        return np.log(np.pi * np.maximum(level // OVERSAMPLING, 1) / lengths / reach)

    def largest_below(n):
        return max([m for m in BEAD_COUNTS if m < n], default=0)

    if level == "full":
        below = np.array([largest_below(n) for n in lengths])
        return leaves(below), np.full(len(lengths), np.log(first))
    return leaves(np.array(largest_below(level))), leaves(np.array(level))


def make_batch(chains, recipe, config, step, rank=0):
    """Batch of a training run.

    Parameters
    ----------
    chains : ChainSet or DeviceChains
        The batch is made on their device.
    recipe : ChainFlow
    config : TrainingConfig
    step, rank : int
    """
    levels = uses_levels(recipe, config)
    draw = np.random.default_rng([config.seed, step])
    level, full_size = _draw_level(chains, 1.0 if not levels else config.full_share, draw)
    rng = np.random.default_rng([config.seed, step, rank])
    if level == "full":
        chosen, lengths = _full_level(chains, config.beads, full_size, rng)
    else:
        pool = np.flatnonzero(chains.lengths > level)
        most = max(128, config.beads // 64)
        chosen = rng.choice(pool, min(most, max(1, 2 * config.beads // level)))
        lengths = [int(n) for n in chains.lengths[chosen]]
    if levels:
        low, high = _cutoff_range(level, lengths, recipe)
    else:
        schedule = recipe(lengths).schedule
        ends = torch.ones(len(lengths), dtype=torch.float64), torch.zeros(len(lengths)).double()
        low, high = (schedule.log_cutoff(u).numpy() for u in ends)
    log_cutoff = low + (high - low) * _stratified(len(chosen), rng)

    drop = rng.random(len(chosen))
    starts = rng.integers(0, chains.lengths[chosen] - lengths + 1)
    ca, links, types, structure = crops(chains, chosen, starts, lengths)
    device = ca.device
    n = torch.tensor(lengths, device=device)[:, None, None]
    centroid = ca.sum(1, keepdim=True) / n
    ca = (ca - centroid) * (torch.arange(ca.shape[1], device=device)[:, None] < n)
    rotations = torch.from_numpy(_random_rotations(len(chosen), rng)).to(device)
    share = config.sequence_share
    told = drop < share, np.abs(drop - share) < config.structure_share / 2
    types, structure = (
        index.masked_fill(~torch.from_numpy(seen).to(device)[:, None], -1)
        for index, seen in zip((types, structure), told, strict=True)
    )
    return Batch(
        clean=components(ca @ rotations, links @ rotations, lengths),
        lengths=lengths,
        log_cutoff=torch.from_numpy(log_cutoff).to(device),
        conditions=one_hot(types, structure),
        level=str(level),
    )
