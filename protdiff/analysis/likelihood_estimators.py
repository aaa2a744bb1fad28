"""The likelihood of one unbroken piece of a chain, by each method of `log_likelihood`."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..structure.backbone import RESIDUE_TYPES
from ..structure.geometry import link_vectors

__all__ = ["Piece", "by_elbo", "by_iwae", "by_ode", "prepare"]


class Piece(NamedTuple):
    """An unbroken piece, ready for the flow."""

    flow: object
    denoise: Callable
    clean: object
    last: float
    noise: Callable
    generator: object
    project: Callable
    resolution: float

    def gaussian(self, method):
        """ln density of the Gaussian chain that a method's value compares with."""
        import torch

        from ..flow.likelihood import gaussian_log_density

        variance = self.flow.variance
        if method != "elbo":
            k = self.flow.kernel(torch.tensor([self.last], dtype=torch.float64))
            variance = k.total / k.alpha.square()
        return float(gaussian_log_density(self.clean, variance, self.flow.mask).sum())


def prepare(denoiser, coords, whole, letters, resolution, seed):
    """`Piece` of coordinates (n, 4, 3)."""
    import torch

    from ..flow import to_coords, to_modes
    from ..network.condition_features import condition_features
    from ..network.denoiser import ACTIVE_SIGNAL

    n = len(coords)
    full = denoiser.recipe([n])
    mask = full.mask.clone()
    mask[:, n:] &= whole
    flow = replace(full, mask=mask)
    ca = torch.tensor(coords[None, :, 1])
    links = torch.zeros(1, n, 3, dtype=torch.float64)
    if whole:
        links[0, :-1] = torch.from_numpy(link_vectors(coords))
    clean = torch.cat([to_modes(ca, [n]), links], 1).masked_fill(~mask[..., None], 0)
    last = _time_of_noise(flow, n - 1, resolution)
    if not whole:  # the network has never seen a fine trace without its links
        last = max(last, _time_of_signal(full, n, ACTIVE_SIGNAL))
    generator = torch.Generator().manual_seed(
        int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> 1)
    )
    types = letters and [RESIDUE_TYPES.find(letter) for letter in letters]
    _, denoise = denoiser.bind([n], condition_features([types], [None], n), flow)
    kernel = flow.kernel(torch.tensor([last], dtype=torch.float64))

    def noise():
        return torch.randn(clean.shape, generator=generator, dtype=torch.float64)

    def project(x):
        return torch.cat([to_coords(x[:, :n], [n] * len(x)), x[:, n:]], -1)

    return Piece(
        flow, denoise, clean, last, noise, generator, project,
        float((kernel.sigma / kernel.alpha)[0, n - 1]),
    )  # fmt: skip


def by_elbo(given, steps, samples):
    """`Bound` of a piece."""
    import torch

    from ..flow.likelihood import elbo
    from ..network.numerics import flush_denormals

    with torch.inference_mode(), flush_denormals():
        return elbo(
            given.denoise, given.flow, given.clean, given.noise, steps=steps, samples=samples,
            last=given.last, generator=given.generator, project=given.project,
        )  # fmt: skip


def _state(given):
    """State at the resolved end that the structure itself would be, and ln |dstate/dx|."""
    import torch

    k = given.flow.kernel(torch.tensor([given.last], dtype=torch.float64))
    log_alpha = k.alpha.log().masked_fill(~given.flow.mask, 0)
    return k.alpha[..., None] * given.clean, 3 * float(log_alpha.sum())


def by_iwae(given, steps, samples):
    """Importance-weighted estimate: value, error, calls."""
    import torch

    from ..flow.likelihood import path_weights
    from ..network.numerics import flush_denormals

    state, volume = _state(given)
    times = torch.linspace(1, given.last, 4 * steps + 1, dtype=torch.float64)
    with torch.inference_mode(), flush_denormals():
        weights = torch.stack(
            [
                path_weights(given.denoise, given.flow, state, times, given.noise, "analytic").sum()
                for _ in range(samples)
            ]
        )
    # One weight may outweigh all others: their spread in nats is the honest error.
    error = float(weights.std()) if samples > 1 else float("nan")
    value = float(weights.logsumexp(0)) - np.log(samples) + volume
    return value, error, 4 * steps * samples


def by_ode(given, steps, samples):
    """Probability flow: value, error of the divergence, calls."""
    import torch

    from ..flow.likelihood import ode_log_density
    from ..network.numerics import flush_denormals

    state, volume = _state(given)
    times = torch.linspace(1, given.last, steps + 1, dtype=torch.float64)
    with flush_denormals():
        value = ode_log_density(
            given.denoise, given.flow, state, times, probes=samples, generator=given.generator
        )
    return float(value[0]) + volume, float("nan"), 4 * steps


def _bisect(below):
    """Largest u in [0, 1] for which `below` holds, for a condition that holds up to some u."""
    low, high = 0.0, 1.0
    if not below(low):
        return 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return low


def _time_of_noise(flow, component, noise):
    """Time at which σ/α of a component reaches a value in Å."""
    import torch

    def below(u):
        k = flow.kernel(torch.tensor([u], dtype=torch.float64))
        return float((k.sigma / k.alpha)[0, component]) < noise

    return _bisect(below)


def _time_of_signal(flow, component, signal):
    """First time at which α² of a component is under a value."""
    import torch

    def above(u):
        k = flow.kernel(torch.tensor([u], dtype=torch.float64))
        return float(k.alpha[0, component]) ** 2 >= signal

    return _bisect(above) + 1e-9
