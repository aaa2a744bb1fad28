"""How noisy every component is, as features of beads: the time of a flow whatever its schedule.

A scalar time says how noisy a component is only together with the schedule that the network was
trained on. GUD's networks are given the whole vector γ instead (arXiv 2410.02667), so that one
network serves flows over any basis, and of any steepness.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ..flow import basis_matrices

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from ..flow import Flow, Kernel
    from ..flow.modes import Lengths

    PerComponent = Float[Tensor, "batch components"]

__all__ = ["CLOCKS", "bead_clocks", "mean_clock", "noise_to_signal"]

#: Octaves of momenta below π; the last one holds all that are slower.
OCTAVES = 8
#: Features of a bead: mean over all modes, over each octave, and the clock of the links.
CLOCKS = OCTAVES + 2
#: Components of which less than e^-LIMIT is noise, or signal, are alike.
LIMIT = 12.0


def noise_to_signal(flow: Flow, kernel: Kernel) -> PerComponent:
    """ln(σ²/(α²λ)) of every component, between ±`LIMIT`; 0 where masked."""
    ratio = 2 * (kernel.sigma.log() - kernel.alpha.log()) - flow.variance.log()
    return ratio.clamp(-LIMIT, LIMIT).masked_fill(~flow.mask, 0)


def mean_clock(flow: Flow, ratio: PerComponent) -> Float[Tensor, "batch"]:
    """Mean of -ln(σ²/(α²λ))/4 over the modes of each chain.

    On a variance-preserving flow whose prior is that of the data it is the `log_cutoff` of the
    schedule: a quarter of the log-SNR.
    """
    size = ratio.shape[1] // 2
    return -ratio[:, :size].sum(1) / flow.mask[:, :size].sum(1) / 4


def octaves(
    momenta: Float[Tensor, "batch modes"],
) -> Float[Tensor, "octaves batch modes"]:
    """Share of every mode in each octave below π: a hat around its middle; the shares sum to 1."""
    place = (torch.pi / momenta).log2().clamp(0, OCTAVES - 1)
    middle = torch.arange(OCTAVES, device=momenta.device)[:, None, None]
    return (1 - (place - middle).abs()).clamp_min(0)


def bead_clocks(
    flow: Flow, ratio: PerComponent, bead_lengths: Lengths, beads: int
) -> Float[Tensor, "batch beads clocks"]:
    """Clocks of every bead, each between -1 and 1.

    A mode counts at a bead as much as it moves it: by the square of its entry in the basis. In the
    basis of residues a bead so has the clock of its own residue; in that of cosine modes all beads
    have about the same.

    Parameters
    ----------
    flow : Flow
        Of these chains.
    ratio : Tensor, shape (B, 2N)
        From `noise_to_signal`.
    bead_lengths : sequence of int, or Tensor
        Beads of every chain.
    beads : int
        Beads of the longest chain.

    Returns
    -------
    Tensor, shape (B, beads, CLOCKS)
    """
    size = ratio.shape[1] // 2
    moves = basis_matrices(bead_lengths, beads, flow.basis).square().to(ratio)
    present = flow.mask[:, :beads].to(ratio)
    shares = torch.cat([present[None], octaves(flow.momenta[:, :beads]) * present])
    amount = torch.einsum("cbn,bni->bic", shares, moves)
    clock = torch.einsum("cbn,bni->bic", shares * ratio[:, :beads], moves)
    links = ratio[:, size : size + 1, None].expand(-1, beads, 1)
    return torch.cat([clock / amount.clamp_min(1e-9), links], -1) / LIMIT
