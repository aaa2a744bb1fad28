"""Denoising loss in the preconditioned space, and its split into bands of the flow."""

import torch

from ..flow import to_coords
from ..structure.constants import BANDS
from .distance_loss import LOCAL, atoms_present, contact_error, link_atoms, local_error

__all__ = ["BAND_NAMES", "band_of", "denoising_loss", "distillation_loss"]

#: Rows of the sums that `denoising_loss` returns: bands of modes, links, then distances.
BAND_NAMES = [f"modes_{name}" for name in BANDS] + ["links", "trace", "contacts", "torsions"]


#: Contacts count so many times as much as distances along the chain: hydrogen bonds of sheets need
#: them exact, and are what samples lack most (benchmarks/model-log.md).
CONTACT_WEIGHT = 2.0
#: Components below which a chain counts less in the loss.
FEW = 4.0


def band_of(flow):
    """Index of the band of every component: 0-4 for modes by period, 5 for links; (B, D)."""
    period = 2 * torch.pi / flow.momenta
    band = sum((period > edge).long() for edge in list(BANDS.values())[:-1])
    size = flow.momenta.shape[1] // 2
    band[:, size:] = len(BANDS)
    return band


def distance_error(parts, batch, weight):
    """Relative errors of distances (`stretch`), and the weight of the finest component in each.

    Parameters
    ----------
    parts : tuple of Tensor, shape (B, 2N, 3)
        Error of the network, error of a zero output, and the estimate, detached; components.

    Returns
    -------
    errors, weights : Tensor, shape (3, B)
        Rows: pairs along the trace, contacts, pairs along the backbone that links decide.
    """
    size = weight.shape[1] // 2
    error, reference, estimate = (
        link_atoms(to_coords(part[:, :size], batch.lengths), part[:, size:]) for part in parts
    )
    present = atoms_present(batch.lengths, size, weight.device)
    last = torch.as_tensor(batch.lengths, device=weight.device) - 1
    finest = weight.gather(1, last[:, None])[:, 0]
    errors = (
        local_error(error, reference, estimate, present, LOCAL["trace"]),
        contact_error(error, reference, estimate, present),
        local_error(error, reference, estimate, present, LOCAL["links"]),
    )
    return torch.stack(errors), torch.stack([finest, CONTACT_WEIGHT * finest, weight[:, size]])


def component_weight(kernel, active, resolution):
    """Weight of every component in the loss, zero where not active; (B, D)."""
    sigma = kernel.sigma**2
    return kernel.alpha**2 * sigma / (sigma + resolution**2) * active


def earlier_estimate(denoiser, earlier, noisy, u, lengths, flow, conditions, beads=None):
    """What a sampler on its way to `noisy` was told by the call before, on a noisier chain.

    `earlier`: its times (B,) and noise, or None: then None. No gradient.
    """
    if earlier is None:
        return None
    s, epsilon = earlier
    with torch.no_grad():
        before = flow.onward(noisy, u, s, epsilon)
        return denoiser.estimate(before, s, lengths, flow, conditions, beads=beads)


def distillation_loss(denoiser, base, flow, batch, epsilon, u, resolution, earlier=None):
    """Weighted distance of a network's output from another one's, per chain.

    Zero exactly when both give the same estimates. Weights as in `denoising_loss`, without the
    distances. No structure has to be true: the noisy chains only say where to compare. Both are
    shown the `earlier` estimate of `base`, if there is one.
    """
    noisy = flow.noise(batch.clean, u, epsilon)
    arguments = noisy, u, batch.lengths, flow, denoiser.read(batch.conditions, batch.lengths)
    with torch.no_grad():
        first = earlier_estimate(base, earlier, *arguments)
        wanted, _ = base(*arguments, first)
    output, active = denoiser(*arguments, first)
    weight = component_weight(flow.kernel(u), active, resolution).to(output.dtype)
    error = (output - wanted).square().mean(-1)
    return ((weight * error).sum(1) / (weight.sum(1) + FEW)).mean()


def denoising_loss(denoiser, flow, batch, epsilon, u, resolution, earlier=None):
    """Weighted error of the network, per chain and per band.

    The target F* = (x0 - c_skip x) / c_out has unit variance in every mode, so that a zero output
    gives about 1: the Gaussian chain. The weight α²σ²/(σ² + r²) of a component is bounded by 1;
    it vanishes for pure noise, like the likelihood's weight, and for noise below the resolution r
    of experimental structures. Per chain the sum is divided by the sum of weights plus `FEW`: a
    chain that shows one or two modes at the noise level teaches little and counts little. At full
    resolution `distance_error` is added.

    Parameters
    ----------
    resolution : float
        r, Å for modes, and the same number for unit link vectors.
    earlier : tuple of Tensor, optional
        Times (B,) and noise of an earlier call: judge the estimate that is made with that one's in
        view (self-conditioning).

    Returns
    -------
    loss : Tensor, shape ()
    bands : Tensor, shape (len(BAND_NAMES), 2)
        Sums over the batch of the weighted squared error and of the weighted squared target
        (what the Gaussian chain would get); their ratio is the relative error.
    """
    k = flow.kernel(u)
    clean = batch.clean
    noisy = flow.noise(clean, u, epsilon)
    arguments = noisy, u, batch.lengths, flow, denoiser.read(batch.conditions, batch.lengths)
    first = earlier_estimate(denoiser, earlier, *arguments, batch.beads)
    output, active = denoiser(*arguments, first, batch.beads)
    target = (clean - k.c_skip[..., None] * noisy) / k.c_out[..., None]
    weight = component_weight(k, active, resolution).to(output.dtype)
    target = target.to(output.dtype).masked_fill(~active[..., None], 0)
    error = (output - target).square().mean(-1)
    loss = ((weight * error).sum(1) / (weight.sum(1) + FEW)).mean()
    if batch.level == "full":
        scale = (k.c_out * active)[..., None].to(output.dtype)
        estimate = (k.c_skip[..., None] * noisy).to(output.dtype) + scale * output
        parts = (scale * (output - target), scale * target, estimate.detach())
        distances, weights = distance_error(parts, batch, weight)
        loss = loss + (distances * weights).sum(0).mean()
    with torch.no_grad():
        band = band_of(flow)
        sums = torch.zeros(len(BAND_NAMES), 2, dtype=torch.float64, device=clean.device)
        for column, value in enumerate((error, target.square().mean(-1))):
            sums[:, column].index_add_(0, band.flatten(), (weight * value).flatten().double())
        if batch.level == "full":
            sums[-3:, 0], sums[-3:, 1] = (distances * weights).sum(1), weights.sum(1)
    return loss, sums
