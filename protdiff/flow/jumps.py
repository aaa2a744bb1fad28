"""Jumps: ancestral steps whose noise is drawn before the network is called (docs/theory.md 3.7)."""

from dataclasses import dataclass

import torch

__all__ = ["Jump", "jump", "jumps", "landing"]


@dataclass(frozen=True)
class Jump:
    """A step ``X_s = own X_u + gain D + Z``, Z of variance `width`; all (B, D, 1), float64.

    A Gaussian chain, whose estimate is ``D = skip X_u``, keeps its law exactly; `skip_after` makes
    its estimate of the state that the step lands in.
    """

    own: torch.Tensor
    gain: torch.Tensor
    width: torch.Tensor
    skip: torch.Tensor
    skip_after: torch.Tensor


def jump(flow, u, s=None):
    """The step from times u to s (B,); without s the last one, which lands in the estimate."""
    at_u = flow.kernel(u)
    if s is None:
        one = torch.ones_like(at_u.alpha)
        return Jump(*(part[..., None] for part in (0 * one, one, 0 * one, at_u.c_skip, one)))
    at_s = flow.kernel(s)
    h = ((flow.gamma(u) - flow.gamma(s)) / 2).clamp_min(0)
    shrink = -torch.expm1(-2 * h)
    gain = at_s.alpha * shrink
    width = at_s.sigma**2 * shrink + gain**2 * flow.variance * at_u.sigma**2 / at_u.total
    own = at_s.sigma / at_u.sigma * torch.exp(-h)
    parts = own, gain, width, at_u.c_skip, at_s.c_skip
    return Jump(*(part[..., None] for part in parts))


def landing(step, x, z):
    """Estimate (B, D, 3) of a Gaussian chain where it lands: tells a network the noise z ahead."""
    return step.skip_after * ((step.own + step.gain * step.skip) * x + z)


def jumps(denoise, flow, times, noise, *, temperature=1.0, callback=None, start=None):
    """Sampler for distilled networks: one call for what took a teacher several.

    As `samplers.ancestral` with its analytic variance, but ``denoise(x, u, landing)`` knows the
    noise of its step beforehand. Which fold a step decides for, the noise decides: so the estimate
    need not be a mean over what could have become of the chain.

    Parameters
    ----------
    denoise : callable
    flow, times, noise, temperature, callback, start
        As of all `samplers`.

    Returns
    -------
    Tensor, shape (B, D, 3)
        The estimate of the last call.
    """
    batch, absent = len(flow.mask), ~flow.mask[..., None]
    x = flow.prior_sample(noise()) * temperature**0.5 if start is None else start
    for index, u in enumerate(times):
        now, last = u.expand(batch), index + 1 == len(times)
        step = jump(flow, now, None if last else times[index + 1].expand(batch))
        z = torch.zeros_like(x) if last else (temperature * step.width).sqrt() * noise()
        clean = denoise(x, now, landing(step, x, z))
        if callback is not None:
            callback(index, float(u), x, clean)
        x = (step.own * x + step.gain * clean + z).masked_fill(absent, 0)
    return x
