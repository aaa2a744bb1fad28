"""The input of the score network: noisy chains as beads, decimated or at full resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch

from ..flow import to_coords
from .attention_blocks import attends_in_blocks
from .clocks import bead_clocks
from .decimation import bead_spacing, pool_matrix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Bool, Float
    from torch import Tensor

    from ..flow import Flow, Kernel

    #: Residues of every chain of a batch; a tensor where nothing may wait for an accelerator.
    Lengths = Sequence[int] | Tensor

__all__ = ["Beads", "ChainGroup", "NoisyChains", "group_chains", "network_input"]


@dataclass
class Beads:
    """Chains of M beads as the score network sees them; positions and vectors in bead spacings.

    Parameters
    ----------
    position : Tensor, shape (B, M, 3)
        Bead positions in the Gaussian chain's estimate of the clean chain (Wiener filter).
    signal : Tensor, shape (B, M, 3)
        Noisy modes, whitened, at the beads.
    links : Tensor, shape (B, M, 4, 3)
        Noisy link vectors, whitened, and their Wiener estimates: of the link after each bead, then
        of the link before it. Zero while the links are not active.
    conditions : Tensor, shape (B, M, C)
    mask : Tensor, shape (B, M), bool
    ends : Tensor, shape (B, M, 2)
        Residues to both ends of the chain.
    time : Tensor, shape (B, 3)
        ln(cut-off × residues per bead), ln(residues per bead), ln(residues).
    previous : Tensor, shape (B, M, 3), optional
        Bead positions in an earlier estimate.
    previous_links : Tensor, shape (B, M, 2, 3), optional
        Link vectors after and before each bead in an earlier estimate.
    linked : Tensor, shape (B,), bool, optional
        Chains whose links are active; None where chains are decimated.
    clocks : Tensor, shape (B, M, CLOCKS), optional
        How noisy the components are that move each bead.
    """

    position: Float[Tensor, "batch beads 3"]
    signal: Float[Tensor, "batch beads 3"]
    links: Float[Tensor, "batch beads 4 3"]
    conditions: Float[Tensor, "batch beads conditions"]
    mask: Bool[Tensor, "batch beads"]
    ends: Float[Tensor, "batch beads 2"]
    time: Float[Tensor, "batch 3"]
    previous: Float[Tensor, "batch beads 3"] | None = None
    previous_links: Float[Tensor, "batch beads 2 3"] | None = None
    linked: Bool[Tensor, " batch"] | None = None
    clocks: Float[Tensor, "batch beads clocks"] | None = None

    @property
    def decimated(self) -> bool:
        """Whether a bead stands for several residues."""
        return self.linked is None

    def to(self, device: torch.device, dtype: torch.dtype) -> Beads:
        """The same on a device and in a precision; masks stay bool."""
        moved = {
            field.name: tensor.to(device, torch.bool if tensor.dtype == torch.bool else dtype)
            for field in fields(self)
            if (tensor := getattr(self, field.name)) is not None
        }
        return Beads(**moved)


@dataclass(frozen=True)
class ChainGroup:
    """Chains of a batch that one call of the network can take.

    Parameters
    ----------
    rows : Tensor or slice
        Places of the chains in the batch.
    lengths : sequence of int, or Tensor
        Residues of these chains.
    beads : int
        Beads of every chain; at full resolution, those of the longest.
    full : bool
        Whether every residue is a bead.
    """

    rows: Tensor | slice
    lengths: Lengths
    beads: int
    full: bool

    @property
    def bead_lengths(self) -> Lengths:
        """Beads of every chain."""
        if self.full:
            return self.lengths
        if isinstance(self.lengths, torch.Tensor):
            return torch.full_like(self.lengths, self.beads)
        return [self.beads] * len(self.lengths)


def group_chains(beads: Sequence[int], lengths: Sequence[int]) -> Iterator[ChainGroup]:
    """Split a batch into groups: one for each bead count, and up to two at full resolution.

    Parameters
    ----------
    beads, lengths : sequence of int
        Beads and residues of every chain; equal at full resolution.
    """
    # At full resolution, chains that attend in blocks stay apart from those that do not: a long
    # chain in the batch must not change the sample of a short one.
    keys = [-attends_in_blocks(n) if m == n else m for m, n in zip(beads, lengths, strict=True)]
    kinds = sorted(set(keys))
    for key in kinds:
        chosen = [i for i, k in enumerate(keys) if k == key]
        rows = torch.tensor(chosen) if len(kinds) > 1 else slice(None)
        sizes = [lengths[i] for i in chosen]
        yield ChainGroup(rows, sizes, key if key > 0 else max(sizes), full=key <= 0)


@dataclass(frozen=True)
class NoisyChains:
    """Noisy components of a batch, and all else from which the network's input is made.

    Parameters
    ----------
    components : Tensor, shape (B, 2N, 3)
        Noisy components.
    flow : Flow
    kernel : Kernel
        Its kernel at the time of every chain.
    active : Tensor, shape (B, 2N), bool
        Components that the network sees.
    clock : Tensor, shape (B,)
        Measure of the time of every chain: `log_cutoff` of the flow's schedule, or `mean_clock`.
    conditions : Tensor, shape (B, N, C), optional
        Per residue.
    previous : Tensor, shape (B, 2N, 3), optional
        An earlier estimate of the clean components.
    ratio : Tensor, shape (B, 2N), optional
        `noise_to_signal`, for networks that see how noisy every component is.
    """

    components: Float[Tensor, "batch components 3"]
    flow: Flow
    kernel: Kernel
    active: Bool[Tensor, "batch components"]
    clock: Float[Tensor, "batch"]
    conditions: Float[Tensor, "batch residues conditions"] | None = None
    previous: Float[Tensor, "batch components 3"] | None = None
    ratio: Float[Tensor, "batch components"] | None = None


def network_input(chains: NoisyChains, group: ChainGroup, n_conditions: int) -> Beads:
    """The chains of a group as beads.

    Parameters
    ----------
    chains : NoisyChains
    group : ChainGroup
    n_conditions : int
        Features per bead where `chains` has no conditions.
    """
    x, rows, m = chains.components, group.rows, group.beads
    size, bead_lengths, basis = x.shape[1] // 2, group.bead_lengths, chains.flow.basis
    n = torch.as_tensor(group.lengths, dtype=torch.float64, device=x.device)
    per_bead = torch.ones_like(n) if group.full else n / m
    spacing = bead_spacing(per_bead, 1)
    scale = (per_bead**-0.5 / spacing)[:, None, None].to(x.dtype)
    shown = chains.active[rows][..., None]
    state = x[rows] * shown
    wiener = state * chains.kernel.c_skip[rows][..., None].to(x.dtype)
    white = state * chains.kernel.c_in[rows][..., None].to(x.dtype)
    linked = None
    if group.full:
        linked = chains.active[rows][:, size:].any(1)
        after = torch.stack([white[:, size : size + m], wiener[:, size : size + m]], 2)
        links = _after_and_before(after)
        mask = torch.arange(m, device=x.device)[None] < n[:, None]
    else:
        links = x.new_zeros(len(n), m, 4, 3)
        mask = torch.ones(len(n), m, dtype=torch.bool, device=x.device)
    beads = Beads(
        position=to_coords(wiener[:, :m], bead_lengths, basis) * scale,
        signal=to_coords(white[:, :m], bead_lengths, basis),
        links=links,
        conditions=_bead_conditions(chains.conditions, group, n, n_conditions),
        mask=mask,
        ends=_residues_to_ends(n, per_bead, m),
        time=torch.stack([chains.clock[rows] + per_bead.log(), per_bead.log(), n.log()], -1),
        linked=linked,
    )
    if chains.previous is not None:
        earlier = chains.previous[rows] * shown
        beads.previous = to_coords(earlier[:, :m], bead_lengths, basis) * scale
        after = earlier[:, size : size + m] if group.full else torch.zeros_like(beads.signal)
        beads.previous_links = _after_and_before(after[:, :, None])
    if chains.ratio is not None:
        beads.clocks = bead_clocks(chains.flow[rows], chains.ratio[rows], bead_lengths, m)
    return beads


def _after_and_before(
    links: Float[Tensor, "batch beads vectors 3"],
) -> Float[Tensor, "batch beads 2*vectors 3"]:
    """Vectors of the link after each bead, then those of the link before it."""
    # Before the first bead comes the vector after the last place, which is masked, so zero.
    return torch.cat([links, links.roll(1, 1)], 2)


def _bead_conditions(
    conditions: Float[Tensor, "batch residues conditions"] | None,
    group: ChainGroup,
    n: Float[Tensor, "chains"],
    width: int,
) -> Float[Tensor, "chains beads conditions"]:
    """Conditions of a group's residues, or their mean over the residues under each bead."""
    if conditions is None:
        return torch.zeros(len(n), group.beads, width, device=n.device)
    if group.full:
        return conditions[group.rows, : group.beads]
    return pool_matrix(n, group.beads, conditions.shape[1]) @ conditions[group.rows]


def _residues_to_ends(
    n: Float[Tensor, "chains"], per_bead: Float[Tensor, "chains"], beads: int
) -> Float[Tensor, "chains {beads} 2"]:
    """Residues between the middle of each bead and the first and the last end of the chain."""
    index = torch.arange(beads, dtype=torch.float64, device=n.device) + 0.5
    start = index[None] * per_bead[:, None]
    return torch.stack([start, (n[:, None] - start).clamp_min(0)], -1)
