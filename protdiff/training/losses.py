"""Denoising loss in the preconditioned space, and its split into bands of the flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from ..flow import to_coords
from ..network.link_atoms import atoms_present, link_atoms
from ..network.parametrisation import coefficients, predicts_noise, seen_and_predicted
from ..structure.constants import BANDS
from .component_weights import Weighting, chain_loss, component_weight
from .distance_loss import LOCAL, contact_error, local_error
from .packing_loss import PackingWeights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float, Float64, Int64
    from torch import Tensor

    from ..flow import Flow, Kernel
    from ..network import Denoiser
    from .batches import Batch

__all__ = [
    "BAND_NAMES", "EarlierCall", "band_of", "denoising_loss", "distillation_loss", "loss_names",
]  # fmt: skip

#: First rows of the sums that `denoising_loss` returns: bands of modes, links, then distances.
BAND_NAMES = [f"modes_{name}" for name in BANDS] + ["links", "trace", "contacts", "torsions"]
#: Longest periods (residues) of the bands but the last, which has no bound.
BAND_EDGES = [int(edge) for edge in list(BANDS.values())[:-1]]

#: Weight of contacts relative to distances along the chain: hydrogen bonds of sheets need exact
#: contacts, and are what samples lack most (benchmarks/model-log.md).
CONTACT_WEIGHT = 2.0


#: Variance of RGDM's augmentation, in units of the prior's.
UNTOUCHED_NOISE = 5e-4


def loss_names(packing: PackingWeights) -> list[str]:
    """Names of all rows of the sums that `denoising_loss` returns with these weights."""
    return [*BAND_NAMES, *packing.names]


@dataclass(frozen=True)
class EarlierCall:
    """Times of an earlier call of the network, on noisier chains, and the noise to get there."""

    u: Float64[Tensor, " batch"]
    epsilon: Float[Tensor, "batch components 3"]


def band_of(flow: Flow, cosine: bool) -> Int64[Tensor, "batch components"]:
    """Band of every component: index into `BANDS` by period for modes, then one for links.

    Parameters
    ----------
    flow : Flow
    cosine : bool
        The momenta are those of cosine modes, πn/N, so that periods 2N/n are compared with the
        edges in integers, as `protdiff.structure.constants.band_index` does: modes at an edge are
        filed right. Other bases have momenta that are no such fractions, for which nothing but
        the rounded period 2π/k can be compared.

    Returns
    -------
    Tensor, shape (batch, components)
        Components outside the flow's mask have any band.
    """
    size = flow.momenta.shape[1] // 2
    if cosine:
        residues = flow.mask[:, :size].sum(1, keepdim=True) + 1  # mode 0, the centroid, is masked
        modes = torch.arange(size, device=flow.mask.device)
        longer = [2 * residues > edge * modes for edge in BAND_EDGES]
    else:
        period = 2 * torch.pi / flow.momenta[:, :size]
        longer = [period > edge for edge in BAND_EDGES]
    modes_band = torch.stack(longer).sum(0)
    return torch.cat([modes_band, torch.full_like(modes_band, len(BANDS))], 1)


def distance_error(
    parts: Sequence[Float[Tensor, "batch components 3"]],
    batch: Batch,
    basis: str,
    weight: Float[Tensor, "batch components"],
    packing: PackingWeights,
) -> tuple[Float[Tensor, "rows batch"], Float[Tensor, "rows batch"]]:
    """Relative errors of distances, and the weight of the finest component in each.

    Parameters
    ----------
    parts : sequence of three Tensor, shape (batch, components, 3)
        Error of the network, error of a zero output, and the estimate (detached), in components of
        the flow.
    batch : Batch
    basis : str
        Of the flow.
    weight : Tensor, shape (batch, components)
        See `component_weight`.
    packing : PackingWeights

    Returns
    -------
    errors, weights : Tensor, shape (rows, batch)
        Rows: pairs along the trace, contacts, pairs along the backbone that links decide; then
        those of `packing`.
    """
    size = weight.shape[1] // 2
    error, reference, estimate = (
        link_atoms(to_coords(part[:, :size], batch.lengths, basis), part[:, size:])
        for part in parts
    )
    lengths = torch.as_tensor(batch.lengths, device=weight.device)
    present = atoms_present(torch.arange(size, device=weight.device) < lengths[:, None])
    finest, links = weight.gather(1, lengths[:, None] - 1)[:, 0], weight[:, size]
    errors = (
        local_error(error, reference, estimate, present, LOCAL["trace"]),
        contact_error(error, reference, estimate, present),
        local_error(error, reference, estimate, present, LOCAL["links"]),
        *packing.errors(error, reference, estimate, present),
    )
    weights = [finest, CONTACT_WEIGHT * finest, links, *(w * links for w in packing.values)]
    return torch.stack(errors), torch.stack(weights)


def untouched_noise(
    flow: Flow, kernel: Kernel, epsilon: Float[Tensor, "batch components 3"]
) -> Float[Tensor, "batch components 3"]:
    """RGDM's augmentation: a little noise in the modes that the shell has not reached."""
    seen, predicted = seen_and_predicted(flow, kernel)
    width = (UNTOUCHED_NOISE * flow.prior).sqrt() * (seen & ~predicted)
    return (width[..., None] * epsilon).to(epsilon.dtype)


def earlier_estimate(
    denoiser: Denoiser,
    earlier: EarlierCall | None,
    flow: Flow,
    batch: Batch,
    noisy: Float[Tensor, "batch components 3"],
    u: Float64[Tensor, " batch"],
    conditions: Float[Tensor, "batch residues features"] | None,
) -> Float[Tensor, "batch components 3"] | None:
    """The estimate that a sampler on its way to `noisy` has from its call before; no gradient.

    None when there is no earlier call.
    """
    if earlier is None:
        return None
    with torch.no_grad():
        noisier = flow.onward(noisy, u, earlier.u, earlier.epsilon)
        return denoiser.estimate(
            noisier, earlier.u, batch.lengths, flow, conditions, beads=batch.beads
        )


def distillation_loss(
    denoiser: Denoiser,
    base: Denoiser,
    flow: Flow,
    batch: Batch,
    epsilon: Float[Tensor, "batch components 3"],
    u: Float64[Tensor, " batch"],
    resolution: float,
    earlier: EarlierCall | None = None,
) -> Float[Tensor, ""]:
    """Weighted squared distance of a network's output from that of another, `base`.

    Zero exactly when both give the same estimates. Weights as in `denoising_loss`, without the
    distances. The chains need not be real: they only say where to compare. Both networks get the
    estimate of `base` from the `earlier` call, if there is one. Parameters as in `denoising_loss`.
    """
    noisy = flow.noise(batch.clean, u, epsilon)
    conditions = denoiser.read(batch.conditions, batch.lengths)
    previous = earlier_estimate(base, earlier, flow, batch, noisy, u, conditions)
    arguments = noisy, u, batch.lengths, flow, conditions, previous, batch.beads
    with torch.no_grad():
        target, _ = base(*arguments)
    output, active = denoiser(*arguments)
    weighting = Weighting("resolution", resolution)
    weight = component_weight(flow, u, active, weighting).to(output.dtype)
    return chain_loss((output - target).square().mean(-1), weight)


def denoising_loss(
    denoiser: Denoiser,
    flow: Flow,
    batch: Batch,
    epsilon: Float[Tensor, "batch components 3"],
    u: Float64[Tensor, " batch"],
    weighting: Weighting,
    earlier: EarlierCall | None = None,
    packing: PackingWeights | None = None,
) -> tuple[Float[Tensor, ""], Float64[Tensor, "bands 2"]]:
    """Weighted squared error of the network on a batch, and its sums per band.

    The target F* = (x0 - c_skip x) / c_out has unit variance in every mode, so that a zero output,
    which stands for the Gaussian chain, gives about 1. Weights are those of `component_weight`. At
    full resolution `distance_error` is added, if they are those of the kind "resolution".

    Parameters
    ----------
    denoiser : Denoiser
    flow : Flow
        Of the chains of the batch.
    batch : Batch
    epsilon : Tensor, shape (batch, components, 3)
        Standard normal noise.
    u : Tensor, shape (batch,)
        Times.
    weighting : Weighting
    earlier : EarlierCall, optional
        Judge the estimate that the network gives when it is shown its own estimate from an
        earlier call (self-conditioning).
    packing : PackingWeights, optional
        Without it both weights are 0.

    Returns
    -------
    loss : Tensor, shape ()
    bands : Tensor, shape (len(loss_names(packing)), 2)
        Sums over the batch of the weighted squared error and of the weighted squared target
        (the Gaussian chain's error); their ratio is the relative error.
    """
    kernel, packing = flow.kernel(u), packing or PackingWeights()
    skip, out = coefficients(flow, kernel)
    noisy = flow.noise(batch.clean, u, epsilon)
    if predicts_noise(flow):
        noisy = noisy + untouched_noise(flow, kernel, epsilon)
    conditions = denoiser.read(batch.conditions, batch.lengths)
    previous = earlier_estimate(denoiser, earlier, flow, batch, noisy, u, conditions)
    output, active = denoiser(noisy, u, batch.lengths, flow, conditions, previous, batch.beads)
    skipped = skip[..., None] * noisy
    target = (batch.clean - skipped) / out[..., None]
    weight = component_weight(flow, u, active, weighting, batch.density).to(output.dtype)
    target = target.to(output.dtype).masked_fill(~active[..., None], 0)
    error = (output - target).square().mean(-1)
    loss = chain_loss(error, weight, weighting.kind, flow.mask.sum(1))
    distances = weights = None
    if batch.level == "full" and weighting.kind == "resolution":
        scale = (out * active)[..., None].to(output.dtype)
        estimate = skipped.to(output.dtype) + scale * output
        parts = (scale * (output - target), scale * target, estimate.detach())
        distances, weights = distance_error(parts, batch, flow.basis, weight, packing)
        loss = loss + (distances * weights).sum(0).mean()
    with torch.no_grad():
        band = band_of(flow, denoiser.recipe.basis == "cosine")
        sums = torch.zeros(len(loss_names(packing)), 2, dtype=torch.float64, device=noisy.device)
        for column, value in enumerate((error, target.square().mean(-1))):
            sums[:, column].index_add_(0, band.flatten(), (weight * value).flatten().double())
        if distances is not None and weights is not None:
            sums[-len(weights) :] = torch.stack([(distances * weights).sum(1), weights.sum(1)], 1)
    return loss, sums
