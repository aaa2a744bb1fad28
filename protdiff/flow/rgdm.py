"""RGDM's published protein flow: its cut-off, clock and number of steps (docs/theory.md 2.1).

Schedule and prior are what the flow "rgdm" takes from the paper. The flow "rgdm-shell" has its
discrete clock, too, on which every mode is in turn integrated out, in the momentum shell, and
untouched.

The lognormal regulator is matched to both ends of DDPM's linear schedule for a chain of 32
residues in T32 steps; longer chains take more steps of the same size in ln Λ. In continuous time
it is ``RG(first=cutoff, last=cutoff * exp(-steps / decay_time))``.

Source: Masuki & Ashida, arXiv 2501.09064, and its published code.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp, floor, log, pi
from typing import TYPE_CHECKING

import torch

from .regulator import REGULATORS
from .schedule import GUD, MAX_GAMMA, MIN_GAMMA

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = [
    "ShellClock", "alpha_bar", "decay_time", "end_points", "image_schedule", "initial_cutoff",
    "inverse_regulator", "shell_steps", "steps",
]  # fmt: skip

#: Bonds of the shortest chain, N - 1 for N = 32.
MIN_BONDS = 31


@dataclass(frozen=True)
class LinearBetas:
    """β that rises linearly from `first` to `last` in `steps` steps."""

    first: float
    last: float
    steps: int


#: DDPM's schedule.
DDPM_BETAS = LinearBetas(first=1e-4, last=0.02, steps=1000)


def inverse_regulator(ratio: float) -> float:
    """r⁻¹(y) = exp(√ln((y+1)/y)) - 1: the x = (k/Λ)² at which α²/(1-α²) is y.

    Parameters
    ----------
    ratio : float
        y > 0.

    Returns
    -------
    float
    """
    log_ratio = torch.tensor(ratio, dtype=torch.float64).log()
    return float(REGULATORS["lognormal"].log_x(-log_ratio).exp())


@cache
def end_points() -> tuple[float, float]:
    """Signal-to-noise ratio α²/(1-α²) after DDPM's first and last step."""
    b = DDPM_BETAS
    signal = (1 - torch.linspace(b.first, b.last, b.steps, dtype=torch.float64)).cumprod(0)
    ratio = signal / (1 - signal)
    return float(ratio[0]), float(ratio[-1])


def decay_time(t32: int = 80) -> float:
    """τ_RG: number of steps in which the cut-off falls by a factor e.

    Parameters
    ----------
    t32 : int
        T32, the steps of a chain of 32 residues.
    """
    first, last = map(inverse_regulator, end_points())
    return 2 * (t32 - 1) / log(MIN_BONDS**2 * last / first)


def initial_cutoff(length: int) -> float:
    """Λ_0 in radians per residue, at which the fastest mode has the signal of DDPM's first step."""
    return pi * (length - 1) / length / inverse_regulator(end_points()[0]) ** 0.5


def shell_steps(length: int, t32: int = 80) -> tuple[int, int]:
    """Steps one mode spends in the momentum shell, and steps the shell takes down the chain.

    Returns
    -------
    in_shell, down_chain : int
        T_rg and T_fl.
    """
    tau = decay_time(t32)
    return floor(t32 - tau * log(MIN_BONDS)), floor(tau * log(length - 1))


def steps(length: int, t32: int = 80) -> int:
    """T(N) = T_rg + T_fl, the steps of a chain: about T32 + τ_RG ln((N-1)/31)."""
    return sum(shell_steps(length, t32))


def alpha_bar(
    t: float, momenta: Float[Tensor, "*shape"], length: int, t32: int = 80
) -> Float[Tensor, "*shape"]:
    """Signal share ᾱ_t(k) = α² = exp(-ln²(1 + k²/Λ_t²)) with Λ_t = Λ_0 e^{-t/τ_RG}.

    Parameters
    ----------
    t : float
        Step, 0 … T-1.
    momenta : Tensor
        Radians per residue.
    length : int
        Residues of the chain; sets Λ_0.

    Returns
    -------
    Tensor
        Shape of `momenta`.
    """
    cutoff = initial_cutoff(length) * exp(-t / decay_time(t32))
    gamma = REGULATORS["lognormal"].gamma(2 * (momenta / cutoff).log())
    return torch.nn.functional.logsigmoid(-gamma).exp()


@dataclass(frozen=True)
class ShellClock:
    """RGDM's discrete clock of proteins: every mode follows the profile of the fastest one.

    At step t mode k is at step j = t - ⌊τ_RG ln(k_max/k)⌋ of that profile: untouched before it
    (j < 0), in the shell for the `shell_steps`, and integrated out, pure noise, after it. The step
    of a time u is ⌊u T⌋.

    Parameters
    ----------
    length : Tensor, shape (B,), float64
        Residues.
    """

    length: Float[Tensor, "batch"]

    def _count(self, ratio: Float[Tensor, "batch"] | float) -> Float[Tensor, "..."]:
        """⌊τ_RG ln ratio⌋; a ratio that falls short of a whole number by rounding counts as it."""
        return torch.floor(decay_time() * torch.as_tensor(ratio).double().log() + 1e-9)

    @property
    def steps(self) -> Float[Tensor, "batch"]:
        """T(N)."""
        in_shell, _ = shell_steps(MIN_BONDS + 1)
        return in_shell + self._count(self.length - 1)

    def step(self, u: Float[Tensor, "batch"]) -> Float[Tensor, "batch"]:
        """Step t of a time, 0 … T-1."""
        return torch.minimum(torch.floor(u * self.steps + 1e-9).clamp_min(0), self.steps - 1)

    def log_cutoff(self, u: Float[Tensor, "batch"]) -> Float[Tensor, "batch"]:
        """ln Λ of the continuous clock."""
        first = (torch.pi * (self.length - 1) / self.length).log() - log(
            inverse_regulator(end_points()[0])
        ) / 2
        return first - u * self.steps / decay_time()

    def time_of(self, log_cutoff: Float[Tensor, "batch"]) -> Float[Tensor, "batch"]:
        """The u at which `log_cutoff` has the given value."""
        start = self.log_cutoff(torch.zeros_like(log_cutoff))
        return (start - log_cutoff) * decay_time() / self.steps

    def gamma(
        self, momenta: Float[Tensor, "batch components"], u: Float[Tensor, "batch"]
    ) -> Float[Tensor, "batch components"]:
        """γ of every component; at the ends of double precision outside of the shell."""
        fastest = torch.pi * (self.length - 1) / self.length
        place = self.step(u)[..., None] - self._count(fastest[..., None] / momenta)
        log_x = log(inverse_regulator(end_points()[0])) + 2 * place / decay_time()
        gamma = REGULATORS["lognormal"].gamma(log_x)
        in_shell, _ = shell_steps(MIN_BONDS + 1)
        gamma = torch.where(place < 0, MIN_GAMMA, gamma)
        return torch.where(place >= in_shell, MAX_GAMMA, gamma)


def image_schedule(slow: float, fast: float, mass: float, cutoff: float, decay: float) -> GUD:
    """RGDM's schedule of images, γ = ln((k² + m²)/Λ_0²) + 2 decay u: GUD's with a = 1.

    Parameters
    ----------
    slow, fast : float
        Smallest and largest momentum.
    mass : float
        m; the paper's k_cutoff, 0.05 π for CIFAR-10.
    cutoff : float
        Λ_0.
    decay : float
        Steps over τ_RG: ln(Λ_0/Λ) at u = 1.

    Returns
    -------
    GUD
    """
    low = log((fast**2 + mass**2) / cutoff**2)
    high = log((slow**2 + mass**2) / cutoff**2) + 2 * decay
    return GUD(slow, fast, 1.0, low, high, mass_squared=mass**2)
