"""Denoising loss in the preconditioned space, and its split into bands of the flow."""

import torch

from ..flow import stack_modes, to_coords

__all__ = ["BANDS", "band_of", "denoising_loss"]

#: Band name and the longest period (residues) in it; links are a band of their own.
BANDS = (("<4", 4.0), ("4-8", 8.0), ("8-16", 16.0), ("16-32", 32.0), (">32", float("inf")))


#: Components below which a chain counts less in the loss.
FEW = 4.0


def band_of(flow):
    """Index of the band of every component: 0-4 for modes by period, 5 for links; (B, D)."""
    period = 2 * torch.pi / flow.momenta
    edges = torch.tensor([longest for _, longest in BANDS[:-1]], dtype=torch.float64)
    band = torch.bucketize(period, edges)
    size = flow.momenta.shape[1] // 2
    band[:, size:] = len(BANDS)
    return band


def stiff_error(error, reference, chain, lengths):
    """Error of the distances to the next three residues, over that of the Gaussian chain.

    A chain is stiff along its bonds and soft across them; in the plain loss the soft directions,
    which nobody can predict, drown the stiff ones. Distances are taken along the directions of
    the network's own estimate, a function of the noisy chain alone, so that the exact minimiser
    is still the posterior mean.

    Parameters
    ----------
    error, reference : Tensor, shape (B, N, 3)
        Errors of the network and of a zero output, Å.
    chain : Tensor, shape (B, N, 3)
        The estimate, detached.

    Returns
    -------
    Tensor, shape (B,)
    """
    index, total = torch.arange(chain.shape[1]), 0
    for offset in (1, 2, 3):
        real = index[None, offset:] < torch.tensor(lengths)[:, None]
        step = chain[:, offset:] - chain[:, :-offset]
        direction = torch.nn.functional.normalize(step, dim=-1) * real[..., None]
        along, along_reference = (
            ((e[:, offset:] - e[:, :-offset]) * direction).sum(-1).square().sum(1)
            for e in (error, reference)
        )
        total = total + along / along_reference.clamp_min(1e-8)
    return total / 3


def denoising_loss(denoiser, flow, batch, epsilon, u, resolution):
    """Weighted error of the network, per chain and per band.

    The target F* = (x0 - c_skip x) / c_out has unit variance in every mode, so that a zero output
    gives about 1: the Gaussian chain. The weight α²σ²/(σ² + r²) of a component is bounded by 1;
    it vanishes for pure noise, like the likelihood's weight, and for noise below the resolution r
    of experimental structures. Per chain the sum is divided by the sum of weights plus `FEW`: a
    chain that shows one or two modes at the noise level teaches little and counts little. At full
    resolution `stiff_error` is added, with the weight of the finest mode.

    Parameters
    ----------
    resolution : float
        r, Å for modes, and the same number for unit link vectors.

    Returns
    -------
    loss : Tensor, shape ()
    bands : Tensor, shape (bands, 2)
        Sums over the batch of the weighted squared error and of the weighted squared target
        (what the Gaussian chain would get).
    """
    k = flow.kernel(u)
    clean = batch.clean
    noisy = flow.noise(clean, u, epsilon)
    output, active = denoiser(noisy, u, batch.lengths, flow, batch.conditions)
    target = (clean - k.c_skip[..., None] * noisy) / k.c_out[..., None]
    weight = k.alpha**2 * k.sigma**2 / (k.sigma**2 + resolution**2) * active
    weight = weight.to(output.dtype)
    target = target.to(output.dtype).masked_fill(~active[..., None], 0)
    error = (output - target).square().mean(-1)
    loss = ((weight * error).sum(1) / (weight.sum(1) + FEW)).mean()
    if batch.level == "full":
        size = clean.shape[1] // 2
        scale = (k.c_out[..., None] * active[..., None])[:, :size].to(output.dtype)
        estimate = (k.c_skip[..., None] * noisy)[:, :size].to(output.dtype)
        modes = stack_modes(batch.lengths, size, dtype=output.dtype)
        chain_error, gaussian_error, chain = (
            to_coords(part, modes)
            for part in (
                scale * (output - target)[:, :size],
                scale * target[:, :size],
                (estimate + scale * output[:, :size]).detach(),
            )
        )
        finest = weight[torch.arange(len(clean)), torch.tensor(batch.lengths) - 1]
        stiff = stiff_error(chain_error, gaussian_error, chain, batch.lengths)
        loss = loss + (finest * stiff).mean()
    with torch.no_grad():
        band = band_of(flow)
        sums = torch.zeros(len(BANDS) + 1, 2, dtype=torch.float64)
        for column, value in enumerate((error, target.square().mean(-1))):
            sums[:, column].index_add_(0, band.flatten(), (weight * value).flatten().double())
    return loss, sums
