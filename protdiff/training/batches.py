"""Training batches: a resolution level, chains that share its bead count, and stratified times.

Batch number `step` of a seed and rank is a pure function of the three, so a resumed run sees the
batches that the interrupted one would have seen. All ranks share level and size: equal work.
"""

from dataclasses import dataclass

import numpy as np
import torch

from ..flow import rg_cutoff, to_modes
from ..network.condition_features import one_hot
from ..network.decimation import BEAD_COUNTS
from ..network.denoiser import ACTIVE_SIGNAL
from .chains import DeviceChains, crops

__all__ = ["Batch", "components", "device_batch", "draw", "least_size", "make_batch", "packed"]

OVERSAMPLING = 1.25
#: Sizes of full chains, and how often each range is drawn.
FULL_SIZES = ((48, 128, 0.72), (129, 256, 0.2), (257, 512, 0.08))
#: The same where every size costs a graph (`captured`): a chain has the least size that holds it.
#: None of them holds chains that attend to all beads and chains that attend in blocks.
FEW_SIZES = ((56, 72, 88, 104, 128), (160, 208, 256), (384, 512))
ALL_SIZES = sum(FEW_SIZES, ())


@dataclass(frozen=True)
class Batch:
    """Clean components (B, 2N, 3), lengths, ln Λ (B,), conditions (B, N, C), and the level.

    On an accelerator `lengths` is a tensor and `beads` what the network is shown all chains with.
    """

    clean: torch.Tensor
    lengths: list | torch.Tensor
    log_cutoff: torch.Tensor
    conditions: torch.Tensor
    level: str
    beads: int | None = None


@dataclass(frozen=True)
class Draw:
    """What a batch is made of; numpy, one row per chain.

    `level`, `size`: of the batch; `chains`, `starts`, `lengths`: crops; `log_cutoff`: ln Λ;
    `rotations`: (B, 3, 3); `told`: (B, 2), whether the network sees the residue types, and the
    secondary structure.
    """

    level: str
    size: int
    chains: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    log_cutoff: np.ndarray
    rotations: np.ndarray
    told: np.ndarray


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


def least_size(length):
    """The least of `FEW_SIZES` that holds a chain; its own length beyond."""
    return next((size for size in ALL_SIZES if size >= length), length)


def _draw_level(chains, full_share, rng, few):
    """Level of a step ("full" or a bead count), and the size of full chains."""
    least, most, shares = zip(*FULL_SIZES, strict=True)
    row = rng.choice(len(shares), p=shares)
    if few:
        size = min(int(rng.choice(FEW_SIZES[row])), least_size(int(chains.lengths.max())))
    else:
        size = min(int(rng.integers(least[row], most[row] + 1)), int(chains.lengths.max()))
    if rng.random() < full_share:
        return "full", size
    sizes = [m for m in BEAD_COUNTS if m <= chains.lengths.max() * 0.75]
    # The coarsest level spans the most of ln Λ.
    weight = np.array([3.0] + [1.0] * (len(sizes) - 1))
    return int(rng.choice(sizes, p=weight / weight.sum())), size


def _full_level(chains, beads, size, rng, few):
    """Chains at full resolution: whole ones, or crops of longer ones, of similar length."""
    lengths = chains.lengths
    whole = rng.random() < 0.5
    least = max((n + 1 for n in ALL_SIZES if n < size), default=0) if few else 0.8 * size
    fits = (lengths <= size) & (lengths >= least) if whole else lengths > size
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


def draw(chains, recipe, config, step, rank=0):
    """What the batch of a step is made of; arguments as in `make_batch`."""
    levels, few = uses_levels(recipe, config), isinstance(chains, DeviceChains)
    rng = np.random.default_rng([config.seed, step])
    level, size = _draw_level(chains, 1.0 if not levels else config.full_share, rng, few)
    rng = np.random.default_rng([config.seed, step, rank])
    if level == "full":
        chosen, lengths = _full_level(chains, config.beads, size, rng, few)
    else:
        pool = np.flatnonzero(chains.lengths > level)
        most = max(128, config.beads // 64)
        chosen = rng.choice(pool, min(most, max(1, 2 * config.beads // level)))
        lengths = [int(n) for n in chains.lengths[chosen]]
        size = int(chains.lengths.max())
    if levels:
        low, high = _cutoff_range(level, lengths, recipe)
    else:
        schedule = recipe(lengths).schedule
        ends = torch.ones(len(lengths), dtype=torch.float64), torch.zeros(len(lengths)).double()
        low, high = (schedule.log_cutoff(u).numpy() for u in ends)
    share, seen = config.sequence_share, rng.random(len(chosen))
    return Draw(
        level=str(level),
        size=size if few else max(lengths),
        chains=chosen,
        starts=rng.integers(0, chains.lengths[chosen] - lengths + 1),
        lengths=np.array(lengths),
        log_cutoff=low + (high - low) * _stratified(len(chosen), rng),
        rotations=_random_rotations(len(chosen), rng),
        told=np.stack([seen < share, np.abs(seen - share) < config.structure_share / 2], 1),
    )


def assemble(ca, links, types, structure, lengths, log_cutoff, rotations, told, level):
    """The batch of padded crops, rotated, and told what is to be told.

    Parameters
    ----------
    ca, links, types, structure : Tensor
        See `dataset.crops`.
    lengths : list, or Tensor, shape (B,)
    log_cutoff, rotations, told : Tensor, shape (B,), (B, 3, 3), (B, 2)
    level : str
    """
    n = torch.as_tensor(lengths, device=ca.device)[:, None, None]
    centroid = ca.sum(1, keepdim=True) / n
    ca = (ca - centroid) * (torch.arange(ca.shape[1], device=ca.device)[:, None] < n)
    types, structure = (
        index.masked_fill(~seen[:, None], -1)
        for index, seen in zip((types, structure), told.unbind(1), strict=True)
    )
    beads = None
    if torch.is_tensor(lengths):
        beads = ca.shape[1] if level == "full" else int(level)
    return Batch(
        clean=components(ca @ rotations, links @ rotations, lengths),
        lengths=lengths,
        log_cutoff=log_cutoff,
        conditions=one_hot(types, structure),
        level=level,
        beads=beads,
    )


def packed(chains, drawn):
    """A draw as one array (B, 14), so that one copy takes it to an accelerator."""
    first = chains.starts[drawn.chains] + drawn.starts
    columns = [first, drawn.lengths, drawn.log_cutoff, drawn.rotations.reshape(-1, 9), drawn.told]
    return np.column_stack(columns).astype(np.float64)


def device_batch(chains, rows, level, size):
    """The batch of a packed draw, made on the device of `rows` without waiting for it."""
    first, lengths = rows[:, 0].long(), rows[:, 1].long()
    rotations = rows[:, 3:12].float().unflatten(1, (3, 3))
    drawn = lengths, rows[:, 2], rotations, rows[:, 12:] > 0
    return assemble(*chains.crops(first, lengths, size), *drawn, level)


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
    drawn = draw(chains, recipe, config, step, rank)
    if isinstance(chains, DeviceChains):
        rows = torch.from_numpy(packed(chains, drawn)).to(chains.device)
        return device_batch(chains, rows, drawn.level, drawn.size)
    lengths = drawn.lengths.tolist()
    rest = (torch.from_numpy(a) for a in (drawn.log_cutoff, drawn.rotations, drawn.told))
    parts = crops(chains, drawn.chains, drawn.starts, lengths)
    return assemble(*parts, lengths, *rest, drawn.level)
