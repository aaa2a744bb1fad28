"""The components of a chain: modes of its trace, and vectors on its links.

A chain of N beads has 2N components: modes 0 … N-1 (mode 0, the centroid, is masked), then one
vector per link i -> i+1 (N-1 of them). All link vectors have one effective momentum above π, that
is, beyond the finest mode: they dissolve before all modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import torch

from .._system.words import counted
from . import rgdm
from .modes import BASES, chain_momenta, cosine_modes
from .process import Flow
from .regulator import REGULATORS, rg_cutoff
from .schedule import GUD, PROFILES, RG, VE, VP
from .spectrum import MeasuredSpectrum, calibrated_prior, free_field, harmonic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from .process import Schedule

    PerMode = Float[Tensor, "batch size"]
    PerChain = Float[Tensor, "batch"]

__all__ = ["PRIORS", "SCHEDULES", "ChainFlow"]

#: Of the GUD schedule. Beyond it components dissolve so far apart that γ leaves double precision.
MAX_STEEPNESS = 64.0


@dataclass(frozen=True)
class ChainFlow:
    """Recipe for the flow of chains of any length: plain numbers, stored with the weights.

    Parameters
    ----------
    spectrum : MeasuredSpectrum or None
        Data variance of the modes, and by default the prior. None: the calibrated free field.
    schedule : str
        Key of `SCHEDULES`.
    regulator : str
        Of the RG schedule, key of `REGULATORS`.
    prior : str
        Stationary variance of the modes, key of `PRIORS`.
    signal_first : float
        α² of the link vectors, the fastest components, at u = 0: the resolution of RG flows, and
        the least of GUD flows, however steep.
    signal_last : float
        Signal that is left of the slowest mode at u = 1: α² for RG flows, the signal's share of
        the variance for others. RGDM's schedule has its own ends.
    link_momentum : float
        Effective momentum of the link vectors, radians per residue.
    link_variance : float
        Variance per coordinate of the link vectors; 1/3 for unit vectors.
    basis : str
        Key of `BASES`.
    profile : str
        Of the VP schedule, key of `PROFILES`.
    steepness : float
        Of the GUD schedule: how far apart components of different momenta dissolve.
    clip : bool
        Of the GUD schedule: whether γ stays between its two ends.
    resolution : float
        Noise at u = 0 of schedules other than RG, Å rms per residue and coordinate.
    links : bool
        Whether there are link vectors; without them their half of the components is masked, and
        samples are CA traces without N, C and O.

    Raises
    ------
    ValueError
        For an unknown schedule, regulator, prior, basis or profile, or a number out of its range.

    Examples
    --------
    >>> from protdiff.flow import ChainFlow
    >>> flow = ChainFlow(schedule="vp")([20, 30])
    >>> flow.mask.shape, flow.mask.sum(1).tolist()  # 19 + 19 and 29 + 29 components
    (torch.Size([2, 60]), [38, 58])
    """

    spectrum: MeasuredSpectrum | None = None
    schedule: str = "rg"
    regulator: str = "lognormal"
    prior: str = "measured"
    signal_first: float = 0.999
    signal_last: float = 0.003
    link_momentum: float = 2 * torch.pi
    link_variance: float = 1 / 3
    basis: str = "cosine"
    profile: str = "log_snr"
    steepness: float = 1.0
    clip: bool = False
    resolution: float = 0.01
    links: bool = True

    def __post_init__(self) -> None:
        tables = {
            "schedule": SCHEDULES, "regulator": REGULATORS, "prior": PRIORS, "basis": BASES,
            "profile": PROFILES,
        }  # fmt: skip
        for name, table in tables.items():
            if getattr(self, name) not in table:
                raise ValueError(
                    f"unknown {name} {getattr(self, name)!r}: choose from {', '.join(table)}"
                )
        if not 0 <= self.steepness <= MAX_STEEPNESS:
            raise ValueError(f"`steepness` {self.steepness}: must be 0 to {MAX_STEEPNESS:g}")
        if not 1e-4 <= self.resolution <= 1:
            raise ValueError(f"`resolution` {self.resolution}: must be 0.0001 to 1 Å")
        for name in ("signal_first", "signal_last"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"`{name}` {getattr(self, name)}: must be between 0 and 1")

    def __call__(
        self, lengths: Sequence[int] | Int[Tensor, "batch"], size: int | None = None
    ) -> Flow:
        """The `Flow` of a batch of chains padded to `size` beads, D = 2·size."""
        return chain_flow(self, [int(n) for n in lengths], size)


#: Variances of the cosine modes, (B, size) from a recipe, lengths and size.
PRIORS: dict[str, Callable[[ChainFlow, list[int], int | None], PerMode]] = {
    "measured": lambda recipe, *chains: (recipe.spectrum or calibrated_prior)(*chains),
    "calibrated": lambda recipe, *chains: calibrated_prior(*chains),
    "rgdm": lambda recipe, *chains: free_field(chain_momenta(*chains)[0]),
    "harmonic": lambda recipe, *chains: harmonic(chain_momenta(*chains)[0]),
    "unit": lambda recipe, *chains: torch.ones_like(chain_momenta(*chains)[0]),
}


def _log_noise(recipe: ChainFlow, modes: TraceModes) -> PerChain:
    """γ at u = 1 at which the share `signal_last` is left of the slowest mode."""
    rows = torch.arange(len(modes.slowest)), modes.slowest
    ratio = modes.variance[rows] / modes.prior[rows]
    return ratio.log() + log((1 - recipe.signal_last) / recipe.signal_last)


def _log_resolution(recipe: ChainFlow, modes: TraceModes, tilt: float | PerMode = 0.0) -> PerChain:
    """γ at u = 0 of the fastest mode at which the noise is `resolution` Å."""
    weight = (modes.prior * torch.as_tensor(tilt).exp()).masked_fill(~modes.mask, 0).sum(1)
    return (modes.mask.sum(1) * recipe.resolution**2 / weight).log()


def _rg(recipe: ChainFlow, modes: TraceModes) -> RG:
    return RG(
        first=float(rg_cutoff(recipe.link_momentum, recipe.signal_first, recipe.regulator)),
        last=rg_cutoff(modes.slow, recipe.signal_last, recipe.regulator),
        regulator=recipe.regulator,
    )


def _rgdm(recipe: ChainFlow, modes: TraceModes) -> RG:
    cutoffs = [rgdm.initial_cutoff(n) for n in modes.lengths]
    decay = [rgdm.steps(n) / rgdm.decay_time() for n in modes.lengths]
    first = torch.tensor(cutoffs, dtype=torch.float64)
    return RG(first, first * torch.exp(-torch.tensor(decay, dtype=torch.float64)))


def _shell(recipe: ChainFlow, modes: TraceModes) -> rgdm.ShellClock:
    return rgdm.ShellClock(torch.tensor(modes.lengths, dtype=torch.float64))


def _vp(recipe: ChainFlow, modes: TraceModes) -> VP:
    return VP(_log_resolution(recipe, modes), _log_noise(recipe, modes), recipe.profile)


def _ve(recipe: ChainFlow, modes: TraceModes) -> VE:
    low, high = _log_resolution(recipe, modes), _log_noise(recipe, modes)
    return VE((low / 2).exp(), (high / 2).exp())


def _gud(recipe: ChainFlow, modes: TraceModes) -> GUD:
    fast = torch.full_like(modes.fast, recipe.link_momentum) if recipe.links else modes.fast
    tilt = 2 * recipe.steepness * (modes.momenta.log() - fast.log()[:, None])
    low = _log_resolution(recipe, modes, tilt)
    if recipe.links:
        # Where components dissolve far apart, noise in the trace says nothing of that in the links.
        low = low.clamp_max(log((1 - recipe.signal_first) / recipe.signal_first))
    return GUD(
        slow=modes.slow,
        fast=fast,
        steepness=recipe.steepness,
        low=low,
        high=_log_noise(recipe, modes),
        clip=recipe.clip,
    )


#: Schedules of chains: RG, RGDM's of proteins and its discrete form; others with the recipe's ends.
SCHEDULES: dict[str, Callable[[ChainFlow, TraceModes], Schedule]] = {
    "rg": _rg,
    "rgdm": _rgdm,
    "shell": _shell,
    "vp": _vp,
    "ve": _ve,
    "gud": _gud,
}


@dataclass(frozen=True)
class TraceModes:
    """Momenta, mask and variances of the CA trace's components of a batch of chains."""

    lengths: list[int]
    momenta: PerMode
    mask: Bool[Tensor, "batch size"]
    variance: PerMode
    prior: PerMode

    @property
    def slowest(self) -> Int[Tensor, "batch"]:
        """Index of the mode of the smallest momentum."""
        return torch.where(self.mask, self.momenta, torch.inf).argmin(1)

    @property
    def slow(self) -> PerChain:
        """Smallest momentum."""
        return torch.where(self.mask, self.momenta, torch.inf).amin(1)

    @property
    def fast(self) -> PerChain:
        """Largest momentum."""
        return torch.where(self.mask, self.momenta, 0).amax(1)


def _trace_modes(recipe: ChainFlow, lengths: list[int], size: int) -> TraceModes:
    """Momenta and variances of the trace in the recipe's basis."""
    variance = PRIORS["measured"](recipe, lengths, size)
    prior = PRIORS[recipe.prior](recipe, lengths, size)
    momenta, mask = chain_momenta(lengths, size)
    basis = BASES[recipe.basis]
    if recipe.basis != "cosine":
        mask = torch.arange(size) < torch.tensor(lengths)[:, None]
        mask = mask & (torch.arange(size) > 0) if basis.centroid else mask
        momenta = momenta.clone()
        for row, n in enumerate(lengths):
            momenta[row, :n] = basis.momenta(n)
            if basis.modes is cosine_modes:
                continue
            # Diagonal of the covariance in this basis; the centroid has no variance.
            weight = (basis.modes(n) @ cosine_modes(n)[1:].T).square()
            for values in (variance, prior):
                values[row, :n] = weight @ values[row, 1:n].clone()
                values[row, n:] = 1
                if basis.centroid:
                    values[row, 0] = 1
    return TraceModes(lengths, momenta, mask, variance, prior)


def chain_flow(recipe: ChainFlow, lengths: list[int], size: int | None = None) -> Flow:
    """Build the `Flow` of a batch; see `ChainFlow`."""
    if min(lengths) < 3:
        raise ValueError(f"a chain of {counted(min(lengths), 'residue')}: a flow needs at least 3")
    size = size or max(lengths)
    modes = _trace_modes(recipe, lengths, size)
    link = torch.arange(size) < torch.tensor(lengths)[:, None] - 1
    flat = torch.ones(len(lengths), size, dtype=torch.float64)
    links = flat * recipe.link_variance
    return Flow(
        momenta=torch.cat([modes.momenta, flat * recipe.link_momentum], 1),
        variance=torch.cat([modes.variance, links], 1),
        prior=torch.cat([modes.prior, links], 1),
        mask=torch.cat([modes.mask, link & recipe.links], 1),
        schedule=SCHEDULES[recipe.schedule](recipe, modes),
        preserving=recipe.schedule != "ve",
        basis=recipe.basis,
    )
