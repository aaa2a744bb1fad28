"""Diffusions of images as their papers publish them, and as protdiff parametrises them.

Images are expanded in the two-dimensional cosine basis. Every method is a flow of the package and a
rule that turns noisy modes into what the network sees, and its output into an estimate:

- `rgdm`: RGDM (arXiv 2501.09064) as its code for images has it. The network sees the modes inside
  the cut-off and predicts their coloured noise, times √λ_u with which the loss of a network that
  returns zero is the same at all times. Modes beyond the cut-off are drawn from the prior.
- `ddpm`: DDPM (arXiv 2006.11239). The network sees the noisy image and predicts its white noise.
- `white`: the same at the noise levels of `rgdm`, equally spaced in their logarithm.
- `rg`: the schedule and prior of `rgdm` without a projection, and `vp`: one signal-to-noise ratio
  for all modes, with noise of the data's spectrum. Both have the preconditioning per mode, with
  which a network that returns zero is the exact denoiser of a Gaussian, and the weights of the
  likelihood's bound (docs/theory.md 4).

All start and end with the signal-to-noise ratios of DDPM. RGDM's prior m0²/(k² + m²) and schedule
ln((k² + m²)/Λ²) make σ²/α² = m0²/Λ² for every mode. So `rgdm`, `white` and `rg` add the same white
noise to an image at every time, and differ in what the network sees, predicts and is scored by.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import log, pi
from typing import TYPE_CHECKING, NamedTuple

import torch
from image_network import Network
from image_patches import SIDE

from protdiff.flow import GUD, VP, Flow, cosine_modes, rgdm, uniform_times
from protdiff.flow.schedule import MAX_GAMMA

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

#: Published for CIFAR-10: m0, and the mass, which is the last cut-off, too.
PRIOR_MASS, MASS = 0.15 * pi, 0.05 * pi


def to_modes(images: Tensor) -> Tensor:
    """Cosine modes (…, 1024) of images (…, 32, 32)."""
    v = cosine_modes(SIDE).to(images.dtype)
    return (v @ images @ v.T).flatten(-2)


def to_images(modes: Tensor) -> Tensor:
    """Images (…, 32, 32) of cosine modes (…, 1024)."""
    v = cosine_modes(SIDE).to(modes.dtype)
    return v.T @ modes.unflatten(-1, (SIDE, SIDE)) @ v


def momenta() -> Tensor:
    """|k| of every mode (1024,), radians per pixel."""
    k = pi / SIDE * torch.arange(SIDE, dtype=torch.float64)
    return torch.hypot(k[:, None], k).flatten()


# Flows


@dataclass(frozen=True)
class Projected:
    """A schedule with RGDM's projection: a mode is pure noise where γ is above `limit`."""

    inner: GUD
    limit: float

    def log_cutoff(self, u: Tensor) -> Tensor:
        return self.inner.log_cutoff(u)

    def time_of(self, log_cutoff: Tensor) -> Tensor:
        return self.inner.time_of(log_cutoff)

    def gamma(self, momenta: Tensor, u: Tensor) -> Tensor:
        gamma = self.inner.gamma(momenta, u)
        return torch.where(gamma > self.limit, MAX_GAMMA, gamma)


class Rule(NamedTuple):
    """Factors (B, 1024) of every mode: ``estimate = skip · noisy + gain · output``.

    `inputs` are the factors of the noisy modes in the images that the network sees, `weight` that
    of the squared error of its output.
    """

    inputs: tuple[Tensor, ...]
    skip: Tensor
    gain: Tensor
    weight: Tensor


def rgdm_rule(flow: Flow, u: Tensor) -> Rule:
    k = flow.kernel(u)
    inside = (flow.gamma(u) < MAX_GAMMA).double()
    scale = flow.prior.sum(1) / (inside * k.sigma**2).sum(1)
    gain = -inside / (k.alpha * scale.sqrt()[:, None])
    return Rule((inside,), inside / k.alpha, gain, inside)


def ddpm_rule(flow: Flow, u: Tensor) -> Rule:
    k = flow.kernel(u)
    one = torch.ones_like(k.alpha)
    return Rule((one,), 1 / k.alpha, -k.sigma / k.alpha, one)


def exact_rule(flow: Flow, u: Tensor) -> Rule:
    k = flow.kernel(u)
    weight = k.alpha**2 * flow.variance / k.total
    return Rule((k.c_in, k.c_skip), k.c_skip, k.c_out, weight)


@dataclass(frozen=True)
class Method:
    """A flow of one image, and how its network takes part."""

    flow: Flow
    rule: Callable[[Flow, Tensor], Rule]

    @property
    def channels(self) -> int:
        """Images that the network sees."""
        return len(self.rule(self.flow, torch.zeros(1, dtype=torch.float64)).inputs)

    def rows(self, count: int) -> Flow:
        """The flow of so many images."""
        return self.flow[torch.zeros(count, dtype=torch.long)]

    def level(self, u: Tensor) -> Tensor:
        """Logarithm of the noise level, from 0 to 1: the time that the network is given."""
        ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
        first, last = self.flow.schedule.log_cutoff(ends)
        return (first - self.flow.schedule.log_cutoff(u)) / (first - last)

    def times(self, calls: int) -> Tensor:
        """So many times from 1 to 0, equally spaced in the logarithm of the noise level."""
        ends = torch.tensor([1.0, 0.0], dtype=torch.float64)
        last, first = self.flow.schedule.log_cutoff(ends)
        times = self.flow.schedule.time_of(last + (1 - uniform_times(calls)) * (first - last))
        return times.clamp(0, 1)


def methods(variance: Tensor) -> dict[str, Method]:
    """All methods, for data with these variances of modes (1024,)."""
    k = momenta()
    first, last = rgdm.end_points()
    cutoff, decay = PRIOR_MASS * first**0.5, log(first / last) / 2
    image = rgdm.image_schedule(0.0, float(k.max()), MASS, cutoff, decay)
    limit = log((MASS**2 + MASS**2) / cutoff**2) + 2 * decay
    coloured, white = PRIOR_MASS**2 / (k**2 + MASS**2), torch.ones_like(k)
    even, linear = (VP(-log(first), -log(last), profile) for profile in ("log_snr", "linear"))

    def flow(schedule, prior: Tensor) -> Flow:
        parts = (k[None], variance.double()[None], prior.double()[None])
        return Flow(*parts, torch.ones(1, len(k), dtype=torch.bool), schedule)

    return {
        "rgdm": Method(flow(Projected(image, limit), coloured), rgdm_rule),
        "ddpm": Method(flow(linear, white), ddpm_rule),
        "white": Method(flow(even, white), ddpm_rule),
        "rg": Method(flow(image, coloured), exact_rule),
        "vp": Method(flow(even, variance), exact_rule),
    }


# Training and sampling


def output(method: Method, network: Network, rule: Rule, x: Tensor, u: Tensor) -> Tensor:
    """Modes (B, 1024) of what the network returns for noisy modes (B, 1024)."""
    seen = torch.stack([to_images(factor * x) for factor in rule.inputs], 1)
    return to_modes(network(seen.float(), method.level(u).float())).double()


def loss(method: Method, network: Network, clean: Tensor, u: Tensor, epsilon: Tensor) -> Tensor:
    """Mean squared error of the output over modes and images, as the method weighs it."""
    flow = method.rows(len(clean))
    x = flow.noise(clean[..., None], u, epsilon[..., None])[..., 0]
    rule = method.rule(flow, u)
    outside = rule.gain == 0
    target = (clean - rule.skip * x) / rule.gain.masked_fill(outside, 1)
    error = output(method, network, rule, x, u) - target.masked_fill(outside, 0)
    return (rule.weight * error.square()).mean()


def published_sampler(denoise: Callable, flow: Flow, times: Tensor, noise: Callable) -> Tensor:
    """Ancestral sampler of DDPM and RGDM, with the variance of the forward process.

    Noise is added in every step; the estimate at the last time is the image.
    """
    x = flow.prior_sample(noise())
    for u, s in pairwise(times):
        at_u, at_s = (flow.kernel(t.expand(len(x))) for t in (u, s))
        keep = (at_u.alpha / at_s.alpha)[..., None]
        fresh = flow.prior[..., None] * (1 - keep**2)
        after, before = at_s.sigma[..., None] ** 2, at_u.sigma[..., None] ** 2
        clean = denoise(x, u.expand(len(x)))
        mean = (at_s.alpha[..., None] * fresh * clean + keep * after * x) / before
        x = mean + fresh.sqrt() * noise()
    return denoise(x, times[-1].expand(len(x)))


@torch.inference_mode()
def draw(
    method: Method, network: Network, sampler: Callable, calls: int, count: int, seed: int
) -> Tensor:
    """Images (count, 32, 32), less the mean image."""
    flow = method.rows(count)
    generator = torch.Generator().manual_seed(seed)

    def noise() -> Tensor:
        shape = (count, SIDE**2, 1)
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    def denoise(x: Tensor, u: Tensor) -> Tensor:
        parts = []
        for rows in torch.arange(count).split(64):
            noisy, rule = x[rows, :, 0], method.rule(flow[rows], u[rows])
            found = output(method, network, rule, noisy, u[rows])
            parts.append(rule.skip * noisy + rule.gain * found)
        return torch.cat(parts)[..., None]

    own = sampler is published_sampler
    times = uniform_times(calls) if own else method.times(calls)
    return to_images(sampler(denoise, flow, times, noise)[..., 0])
