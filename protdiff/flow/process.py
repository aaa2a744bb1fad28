"""The one process behind every flow: linear, Gaussian, diagonal in the components of a chain.

``x_n(u) = α_n(u) x_n(0) + σ_n(u) ε`` with ``α² = sigmoid(-γ)``, ``σ² = c sigmoid(γ)``; a flow that
is not `preserving` has α = 1 and ``σ² = c e^γ`` (docs/theory.md 1.3). A component is a 3-vector: a
cosine mode of the CA trace, or the vector of a peptide link. A `Flow` holds data only, and nothing
in this module depends on what the components mean.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Protocol

import torch

from .rgdm import ShellClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from jaxtyping import Bool, Float
    from torch import Tensor

    Components = Float[Tensor, "batch components 3"]
    PerComponent = Float[Tensor, "batch components"]
    Times = Float[Tensor, "batch"]

    #: ``denoise(x, u)``: clean estimate of noisy components x at times u.
    Denoise = Callable[[Components, Times], Components]
    #: ``noise()``: standard normal numbers in the shape of the components.
    Noise = Callable[[], Components]
    #: One time for all chains, or one each.
    Time = float | Float[Tensor, ""] | Times

__all__ = ["Flow", "Kernel", "Schedule"]

#: Step of u in the difference quotient of `Flow.rate`.
DIFFERENCE = 1e-5


class Schedule(Protocol):
    """How fast every component dissolves: see `protdiff.flow.schedule`."""

    def gamma(self, momenta: PerComponent, u: Times) -> PerComponent:
        """Minus log-SNR of every component, in units of its prior variance."""
        ...

    def log_cutoff(self, u: Times) -> Times:
        """Measure of the time that the network is given: ln of the cut-off for RG schedules."""
        ...

    def time_of(self, log_cutoff: Times) -> Times:
        """The time at which `log_cutoff` has a given value: its inverse."""
        ...


@dataclass(frozen=True)
class Kernel:
    """Coefficients of every component at one time of a flow, in float64.

    With the preconditioning c_skip, c_out and c_in (docs/theory.md 4), a network that returns zero
    is the exact denoiser of the Gaussian chain.

    Parameters
    ----------
    alpha : Tensor, shape (B, D)
        Factor of the signal.
    sigma : Tensor, shape (B, D)
        Standard deviation of the noise.
    total : Tensor, shape (B, D)
        α²λ + σ², the marginal variance for Gaussian data.
    c_skip, c_out, c_in : Tensor, shape (B, D)
        Factors of the state in the estimate, of the network's output, and of its input.
    """

    alpha: PerComponent
    sigma: PerComponent
    total: PerComponent
    c_skip: PerComponent
    c_out: PerComponent
    c_in: PerComponent


@dataclass(frozen=True)
class Flow:
    """Forward process of a batch of chains.

    Parameters
    ----------
    momenta : Tensor, shape (B, D), float64
        Momentum of every component, radians per residue.
    variance : Tensor, shape (B, D), float64
        Data variance λ_n per coordinate, Å² for modes.
    prior : Tensor, shape (B, D), float64
        Stationary variance c_n per coordinate; the variance of the noise at γ = 0 if the flow is
        not `preserving`.
    mask : Tensor, shape (B, D), bool
        Components that exist; the others are zero in data, noise and output.
    schedule : Schedule
        RG, VP, VE or GUD, for example.
    preserving : bool
        Whether the law at u → ∞ is N(0, c); False for variance-exploding flows.
    basis : str
        Key of `protdiff.flow.BASES`: what turns the trace's components into coordinates.

    Raises
    ------
    ValueError
        If a variance is not positive.

    Examples
    --------
    >>> import torch
    >>> import protdiff
    >>> flow = protdiff.flows.get("rg-harmonic", length=64)
    >>> flow.kernel(torch.tensor([0.5])).alpha.shape  # 64 modes, then 64 places of link vectors
    torch.Size([1, 128])
    """

    momenta: PerComponent
    variance: PerComponent
    prior: PerComponent
    mask: Bool[Tensor, "batch components"]
    schedule: Schedule
    preserving: bool = True
    basis: str = "cosine"

    def __post_init__(self) -> None:
        # On an accelerator the check would wait for the device; it was done where the flow was
        # built.
        if self.mask.device.type != "cpu":
            return
        for name in ("variance", "prior"):
            if not bool((getattr(self, name)[self.mask] > 0).all()):
                raise ValueError(f"{name} must be positive in every component")

    def gamma(self, u: Time) -> PerComponent:
        """Minus log-SNR of every component, in units of its prior variance."""
        return self.schedule.gamma(self.momenta, torch.as_tensor(u, dtype=torch.float64))

    def rate(self, u: Time) -> PerComponent:
        """dγ/du of every component, by a central difference good to nine digits.

        Raises
        ------
        ValueError
            For RGDM's discrete clock, which has none.
        """
        if isinstance(self.schedule, ShellClock):
            raise ValueError(
                "`weights`: their flow goes in discrete steps, so densities, entropies and errors "
                "of the score are not defined; take weights of a continuous flow"
            )
        u = torch.as_tensor(u, dtype=torch.float64)
        return (self.gamma(u + DIFFERENCE) - self.gamma(u - DIFFERENCE)) / (2 * DIFFERENCE)

    def kernel(self, u: Time) -> Kernel:
        """Everything that a denoiser, a loss or a sampler needs at time u."""
        gamma = self.gamma(u)
        log_alpha = torch.nn.functional.logsigmoid(-gamma) if self.preserving else 0 * gamma
        alpha = torch.exp(0.5 * log_alpha)
        sigma = torch.exp(0.5 * (gamma + log_alpha)) * self.prior.sqrt()
        total = alpha**2 * self.variance + sigma**2
        return Kernel(
            alpha=alpha,
            sigma=sigma,
            total=total,
            c_skip=alpha * self.variance / total,
            c_out=sigma * (self.variance / total).sqrt(),
            c_in=total.rsqrt(),
        )

    def noise(self, clean: Components, u: Times, epsilon: Components) -> Components:
        """Sample of the forward process at times u.

        Parameters
        ----------
        clean : Tensor, shape (B, D, 3)
            Data.
        u : Tensor, shape (B,)
        epsilon : Tensor, shape (B, D, 3)
            Standard normal numbers.
        """
        k = self.kernel(u)
        noisy = k.alpha[..., None] * clean + k.sigma[..., None] * epsilon
        return noisy.masked_fill(~self.mask[..., None], 0).to(clean.dtype)

    def onward(self, x: Components, u: Times, s: Times, epsilon: Components) -> Components:
        """Sample of the forward process at times s, given its state x at times u ≤ s."""
        at_u, at_s = self.kernel(u), self.kernel(s)
        keep = at_s.alpha / at_u.alpha
        fresh = (at_s.sigma**2 - (keep * at_u.sigma) ** 2).clamp_min(0).sqrt()
        later = keep[..., None] * x + fresh[..., None] * epsilon
        return later.masked_fill(~self.mask[..., None], 0).to(x.dtype)

    @property
    def start(self) -> PerComponent:
        """Variance that samplers start from: the stationary one, or that of the noise at u = 1."""
        if self.preserving:
            return self.prior
        return self.kernel(torch.ones(len(self.mask), dtype=torch.float64)).sigma ** 2

    def prior_sample(self, epsilon: Components) -> Components:
        """Sample of the law that samplers start from, from standard normal numbers."""
        sample = self.start.sqrt()[..., None] * epsilon
        return sample.masked_fill(~self.mask[..., None], 0).to(epsilon.dtype)

    def __getitem__(self, rows: Tensor | slice) -> Flow:
        """The flow of some chains of the batch."""
        return self._each(lambda tensor: tensor[rows])

    def to(self, device: torch.device) -> Flow:
        """The same flow with its tensors on a device."""
        return self if self.mask.device == device else self._each(lambda t: t.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> Flow:
        """The flow with every tensor that has a row per chain changed."""
        schedule = self.schedule
        if is_dataclass(schedule) and not isinstance(schedule, type):
            values = {field.name: getattr(schedule, field.name) for field in fields(schedule)}
            per_chain = {
                name: change(value)
                for name, value in values.items()
                if isinstance(value, torch.Tensor) and value.ndim
            }
            if per_chain:
                schedule = replace(schedule, **per_chain)
        return replace(
            self,
            momenta=change(self.momenta),
            variance=change(self.variance),
            prior=change(self.prior),
            mask=change(self.mask),
            schedule=schedule,
        )
