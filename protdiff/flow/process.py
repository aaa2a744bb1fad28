"""The one process behind every flow: linear, Gaussian, diagonal in the components of a chain.

``x_n(u) = α_n(u) x_n(0) + σ_n(u) ε`` with ``α² = sigmoid(-γ)``, ``σ² = c sigmoid(γ)``; a flow that
is not `preserving` has α = 1 and ``σ² = c e^γ`` (docs/theory.md 1.3). A component is a 3-vector: a
cosine mode of the CA trace, or a vector along the chain. A `Flow` is data; nothing here knows what
the components mean.
"""

from dataclasses import dataclass, fields, is_dataclass, replace

import torch

__all__ = ["Flow", "Kernel"]

#: Step of u in the difference quotient of `Flow.rate`.
DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Kernel:
    """Per-component quantities of one time u; all (B, D), float64.

    `alpha`, `sigma`: signal factor and noise standard deviation; `total` = α²λ + σ², the marginal
    variance for Gaussian data; `c_skip`, `c_out`, `c_in`: preconditioning (docs/theory.md 4), with
    which a network that returns zero is the exact denoiser of the Gaussian chain.
    """

    alpha: torch.Tensor
    sigma: torch.Tensor
    total: torch.Tensor
    c_skip: torch.Tensor
    c_out: torch.Tensor
    c_in: torch.Tensor


@dataclass(frozen=True)
class Flow:
    """Forward process of a batch of chains.

    Parameters
    ----------
    momenta : Tensor, shape (B, D), float64
        Momentum of every component, radians per residue.
    variance : Tensor, shape (B, D), float64
        Data variance λ_n per coordinate.
    prior : Tensor, shape (B, D), float64
        Stationary variance c_n per coordinate; the noise's shape if the flow is not `preserving`.
    mask : Tensor, shape (B, D), bool
        Components that exist; the others are zero in data, noise and output.
    schedule : RG, VP, VE or GUD
        Or anything with ``gamma(momenta, u)``.
    preserving : bool
        The law at u → ∞ is N(0, c). False for variance-exploding flows.
    """

    momenta: torch.Tensor
    variance: torch.Tensor
    prior: torch.Tensor
    mask: torch.Tensor
    schedule: object
    preserving: bool = True

    def __post_init__(self):
        if self.mask.device.type != "cpu":
            return  # looking would wait for the device; it was looked at where it was made
        for name in ("variance", "prior"):
            if not bool((getattr(self, name)[self.mask] > 0).all()):
                raise ValueError(f"{name} must be positive in every component")

    def gamma(self, u):
        """Minus log-SNR in units of the prior variance; (B, D) from u (B,)."""
        return self.schedule.gamma(self.momenta, torch.as_tensor(u, dtype=torch.float64))

    def rate(self, u):
        """dγ/du of every component, by a central difference good to nine digits; (B, D)."""
        u = torch.as_tensor(u, dtype=torch.float64)
        return (self.gamma(u + DIFFERENCE) - self.gamma(u - DIFFERENCE)) / (2 * DIFFERENCE)

    def kernel(self, u):
        """Everything a denoiser, a loss or a sampler needs at time u."""
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

    def noise(self, clean, u, epsilon):
        """Sample of the forward process; (B, D, 3) from clean data and standard normal noise."""
        k = self.kernel(u)
        noisy = k.alpha[..., None] * clean + k.sigma[..., None] * epsilon
        return noisy.masked_fill(~self.mask[..., None], 0).to(clean.dtype)

    def onward(self, x, u, s, epsilon):
        """Sample at times s of the forward process that is at x (B, D, 3) at times u ≤ s."""
        at_u, at_s = self.kernel(u), self.kernel(s)
        keep = at_s.alpha / at_u.alpha
        fresh = (at_s.sigma**2 - (keep * at_u.sigma) ** 2).clamp_min(0).sqrt()
        later = keep[..., None] * x + fresh[..., None] * epsilon
        return later.masked_fill(~self.mask[..., None], 0).to(x.dtype)

    @property
    def start(self):
        """Variance that samplers start from: the stationary one, or all of the noise; (B, D)."""
        if self.preserving:
            return self.prior
        return self.kernel(torch.ones(len(self.mask), dtype=torch.float64)).sigma ** 2

    def prior_sample(self, epsilon):
        """Sample of the law at the start from standard normal noise (B, D, 3)."""
        sample = self.start.sqrt()[..., None] * epsilon
        return sample.masked_fill(~self.mask[..., None], 0).to(epsilon.dtype)

    def __getitem__(self, rows):
        """The flow of some chains of the batch."""
        return self._each(lambda tensor: tensor[rows])

    def to(self, device):
        """The same flow with its tensors on a device."""
        return self if self.mask.device == device else self._each(lambda t: t.to(device))

    def _each(self, change):
        """The flow with every tensor that has a row per chain changed."""
        schedule = self.schedule
        values = (
            {f.name: getattr(schedule, f.name) for f in fields(schedule)}
            if (is_dataclass(schedule))
            else {}
        )
        per_chain = {n: change(v) for n, v in values.items() if torch.is_tensor(v) and v.ndim}
        if per_chain:
            schedule = replace(schedule, **per_chain)
        names = ("momenta", "variance", "prior", "mask")
        parts = {name: change(getattr(self, name)) for name in names}
        return replace(self, **parts, schedule=schedule)
