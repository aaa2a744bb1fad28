"""Random choices of a training batch: resolution level, chains, crops, times, rotations.

The choices for part `part` of step `step` of a seed are a pure function of the three, so a resumed
run sees the batches that the interrupted one would have seen. All parts of a step share level and
size, so that processes which share a step have equal work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..flow import RG, rg_cutoff
from ..network.decimation import BEAD_COUNTS, OVERSAMPLING
from ..network.parametrisation import ACTIVE_SIGNAL
from .chains import DeviceChains
from .config import decimates
from .time_laws import draw_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Bool, Float, Float32, Float64, Int

    from ..flow import ChainFlow
    from .chains import ChainSet
    from .config import TrainingConfig

__all__ = ["Draw", "draw", "draw_level", "least_size", "uses_levels"]


@dataclass(frozen=True)
class SizeRange:
    """A range of sizes of batches of full chains, and the share of such batches that is in it.

    On an accelerator every size needs its own CUDA graph, so there only the sizes in `few` occur.
    """

    least: int
    most: int
    share: float
    few: tuple[int, ...]


#: Signal α² of the links at the ends of the time in which they are decided: from where a link is
#: noise, and the finest modes are being decided, to where most of it is known.
LINKS_DECIDED = (1e-6, 0.95)

#: Few sizes are chosen so that none holds both chains whose residues attend to all others and
#: longer ones, which attend in blocks.
SIZE_RANGES = (
    SizeRange(48, 128, 0.72, (56, 72, 88, 104, 128)),
    SizeRange(129, 256, 0.2, (160, 208, 256)),
    SizeRange(257, 512, 0.08, (384, 512)),
)
FEW_SIZES = tuple(size for sizes in SIZE_RANGES for size in sizes.few)


@dataclass(frozen=True)
class Draw:
    """The random choices of one batch; arrays have one row per chain.

    `level` ("full", or beads of decimated chains) and `size`: of the batch; `chains`, `starts`,
    `lengths`: number of the chain, first residue and residues of its crop; `log_cutoff`: ln Λ, the
    time; `density`: of the time u over [0, 1], where it has a law; `rotations`: of the whole chain;
    `shown`: whether the network sees the residue types, and the secondary structure.
    """

    level: str
    size: int
    chains: Int[np.ndarray, " batch"]
    starts: Int[np.ndarray, " batch"]
    lengths: Int[np.ndarray, " batch"]
    log_cutoff: Float64[np.ndarray, " batch"]
    density: Float64[np.ndarray, " batch"]
    rotations: Float32[np.ndarray, "batch 3 3"]
    shown: Bool[np.ndarray, "batch 2"]


def random_rotations(count: int, rng: np.random.Generator) -> Float32[np.ndarray, "count 3 3"]:
    """Uniform rotation matrices, from random unit quaternions."""
    w, x, y, z = (q := rng.normal(size=(4, count))) / np.linalg.norm(q, axis=0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), -1, 0).astype(np.float32)


def stratified(count: int, rng: np.random.Generator) -> Float64[np.ndarray, " count"]:
    """One uniform number in each of `count` equal bins of [0, 1], in random order."""
    return (rng.permutation(count) + rng.random(count)) / count


def least_size(length: int) -> int:
    """Smallest of `FEW_SIZES` that holds a chain; the chain's own length if none does."""
    return next((size for size in FEW_SIZES if size >= length), length)


def draw_level(
    chains: ChainSet | DeviceChains, full_share: float, rng: np.random.Generator, few: bool
) -> tuple[str | int, int]:
    """Level of a step ("full" or a bead count), and the size of batches of full chains.

    With `few`, the size is one of `FEW_SIZES`, or the length of the longest chain beyond them.
    """
    longest = int(chains.lengths.max())
    sizes = SIZE_RANGES[rng.choice(len(SIZE_RANGES), p=[sizes.share for sizes in SIZE_RANGES])]
    if few:
        size = min(int(rng.choice(sizes.few)), least_size(longest))
    else:
        size = min(int(rng.integers(sizes.least, sizes.most + 1)), longest)
    if rng.random() < full_share:
        return "full", size
    counts = [count for count in BEAD_COUNTS if count <= longest * 0.75]
    # The coarsest level spans the most of ln Λ.
    weight = np.array([3.0] + [1.0] * (len(counts) - 1))
    return int(rng.choice(counts, p=weight / weight.sum())), size


def draw_full(
    chains: ChainSet | DeviceChains, beads: int, size: int, rng: np.random.Generator, few: bool
) -> tuple[Int[np.ndarray, " batch"], list[int]]:
    """Numbers of chains at full resolution, and residues of each.

    Whole chains of about `size` residues, or crops of longer ones; the longest chains if none fit.
    """
    lengths = chains.lengths
    whole = rng.random() < 0.5
    least = max((n + 1 for n in FEW_SIZES if n < size), default=0) if few else 0.8 * size
    fits = (lengths <= size) & (lengths >= least) if whole else lengths > size
    pool = np.flatnonzero(fits)
    if not len(pool):
        pool = np.flatnonzero(lengths >= lengths.max() * 0.8)
    chosen = rng.choice(pool, max(1, beads // size))
    return chosen, [min(int(lengths[k]), size) for k in chosen]


def draw_decimated(
    chains: ChainSet | DeviceChains, beads: int, level: int, rng: np.random.Generator
) -> tuple[Int[np.ndarray, " batch"], list[int]]:
    """Numbers of chains to decimate to `level` beads, and residues of each: always whole chains."""
    pool = np.flatnonzero(chains.lengths > level)
    most = max(128, beads // 64)
    chosen = rng.choice(pool, min(most, max(1, 2 * beads // level)))
    return chosen, [int(n) for n in chains.lengths[chosen]]


def uses_levels(recipe: ChainFlow, config: TrainingConfig) -> bool:
    """Whether chains are decimated at coarse times."""
    return decimates(recipe, config.network)


def cutoff_range(
    level: str | int, lengths: Sequence[int], recipe: ChainFlow
) -> tuple[Float[np.ndarray, " batch"], Float[np.ndarray, " batch"]]:
    """Least and largest ln Λ at which chains of these lengths use this level."""
    residues = np.asarray(lengths, dtype=float)
    # Mode n is active while k_n <= reach · Λ, and M beads hold modes 0 … M/1.25 - 1.
    reach = float(1 / rg_cutoff(1.0, ACTIVE_SIGNAL, recipe.regulator))

    def limit(beads: np.ndarray) -> Float[np.ndarray, " batch"]:
        """ln Λ above which the chain needs more beads than these."""
        return np.log(np.pi * np.maximum(beads // OVERSAMPLING, 1) / residues / reach)

    def largest_below(n: float) -> int:
        return max([count for count in BEAD_COUNTS if count < n], default=0)

    if level == "full":
        schedule = recipe([64]).schedule
        assert isinstance(schedule, RG)  # as `uses_levels` requires
        first = float(schedule.first)
        below = np.array([largest_below(n) for n in residues])
        return limit(below), np.full(len(residues), np.log(first))
    return limit(np.array(largest_below(int(level)))), limit(np.array(int(level)))


def links_window(recipe: ChainFlow) -> tuple[float, float]:
    """Least and largest ln Λ of the time in which the links are decided, in RG flows."""
    least, most = (
        float(rg_cutoff(recipe.link_momentum, signal, recipe.regulator).log())
        for signal in LINKS_DECIDED
    )
    return least, most


def log_cutoffs(
    low: Float[np.ndarray, " batch"],
    high: Float[np.ndarray, " batch"],
    uniform: Float64[np.ndarray, " batch"],
    window: tuple[float, float],
    share: float,
) -> Float64[np.ndarray, " batch"]:
    """ln Λ at the quantiles `uniform`: those below `share` in the window, the others anywhere.

    Parameters
    ----------
    low, high : ndarray
        Least and largest ln Λ of every chain.
    uniform : ndarray
        Between 0 and 1.
    window : tuple of float
        Least and largest ln Λ of the window; its part between `low` and `high` counts.
    share : float
        Share of the chains in the window. Density is a mixture of two uniform ones.
    """
    inside = uniform < share
    least, most = (
        np.where(inside, np.clip(end, low, high), bound)
        for end, bound in zip(window, (low, high), strict=True)
    )
    part = np.where(inside, share, 1 - share)
    return least + (most - least) * ((uniform - np.where(inside, 0, share)) / part)


def clock_times(
    recipe: ChainFlow,
    config: TrainingConfig,
    level: str | int,
    lengths: list[int],
    quantiles: Float64[np.ndarray, " batch"],
) -> Float64[np.ndarray, " batch"]:
    """ln Λ of chains, uniform over the range of their level."""
    if uses_levels(recipe, config):
        low, high = cutoff_range(level, lengths, recipe)
    else:
        schedule = recipe(lengths).schedule
        ends = torch.ones(len(lengths), dtype=torch.float64), torch.zeros(len(lengths)).double()
        low, high = (schedule.log_cutoff(u).numpy() for u in ends)
    in_window = config.link_share if level == "full" else 0.0
    return log_cutoffs(low, high, quantiles, links_window(recipe), in_window)


def draw(
    chains: ChainSet | DeviceChains,
    recipe: ChainFlow,
    config: TrainingConfig,
    step: int,
    part: int = 0,
) -> Draw:
    """Choose what the batch of a step is made of; arguments as in `batches.make_batch`."""
    levels, few = uses_levels(recipe, config), isinstance(chains, DeviceChains)
    rng = np.random.default_rng([config.seed, step])
    level, size = draw_level(chains, config.full_share if levels else 1.0, rng, few)
    rng = np.random.default_rng([config.seed, step, part])
    if level == "full":
        chosen, lengths = draw_full(chains, config.beads, size, rng, few)
    else:
        chosen, lengths = draw_decimated(chains, config.beads, int(level), rng)
        size = int(chains.lengths.max())
    residues, share, uniform = np.array(lengths), config.sequence_share, rng.random(len(chosen))
    quantiles = stratified(len(chosen), rng)
    if config.times.law == "clock" and config.loss != "likelihood":
        clock, density = (
            clock_times(recipe, config, level, lengths, quantiles),
            np.ones(len(chosen)),
        )
    else:
        flow = recipe(lengths)
        u, q = draw_times(config.times, flow, torch.from_numpy(quantiles))
        clock, density = flow.schedule.log_cutoff(u).numpy(), q.numpy()
    return Draw(
        level=str(level),
        size=size if few else max(lengths),
        chains=chosen,
        starts=rng.integers(0, chains.lengths[chosen] - residues + 1),
        lengths=residues,
        log_cutoff=clock,
        density=density,
        rotations=random_rotations(len(chosen), rng),
        # Half of the chains whose structure is shown have their residue types shown as well.
        shown=np.stack([uniform < share, np.abs(uniform - share) < config.structure_share / 2], 1),
    )
