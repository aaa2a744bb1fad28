"""Settings of sampling: every default of sampling is here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import TypedDict

from ..flow.time_density import PROTEIN_DENSITY, TimeDensity

__all__ = [
    "DEFAULTS", "DEFAULT_GUIDANCE", "MAX_GUIDANCE", "MAX_TEMPERATURE", "SAMPLER_NAMES",
    "SamplingOptions", "SamplingSettings", "TemperatureLaw",
]  # fmt: skip

#: Samplers by name: those of `protdiff.flow.SAMPLERS`, and the family between SDE and ODE.
SAMPLER_NAMES = ("matched", "multistep", "sde_2m", "ode_2m", "ancestral", "ddim", "heun", "rgdm")
#: Guidance of weights that come with a guide; chosen by the quality of samples
#: (benchmarks/model-log.md).
DEFAULT_GUIDANCE = 1.8
#: The largest guidance that was tried.
MAX_GUIDANCE = 5.0
#: Steps beyond which nothing changes any more.
MAX_STEPS = 10_000
#: Largest temperature: above it the noise drowns every estimate.
MAX_TEMPERATURE = 10.0


@dataclass(frozen=True)
class TemperatureLaw:
    """Temperature of every component when the sampling temperature T is below 1: T^p.

    The power p is 0 for the fold (momenta up to `fold_momentum`), rises linearly to `finest_power`
    for the finest mode, and is `link_power` for the links. Where a request decides much of the
    result, all modes have at least the power `given_power` or `redesign_power`.

    Parameters
    ----------
    fold_momentum : float
        Radians per residue.
    finest_power, link_power : float
    given_power : float
        Least power where the fold itself is given, or where every residue has a type or a state of
        secondary structure; proportionally less where only some residues have.
    redesign_power : float
        The same where parts of a chain are redrawn and the residue types are the chain's. It is
        lower, because loops are drawn in tens in the hope that one is right: they should differ.
    """

    fold_momentum: float = 1.0
    finest_power: float = 6.0
    link_power: float = 16.0
    given_power: float = 8.0
    redesign_power: float = 2.0


class SamplingOptions(TypedDict, total=False):
    """Fields of `SamplingSettings` as keyword arguments."""

    steps: int
    sampler: str
    diffusion: float | None
    churn: float | None
    temperature: float
    guidance: float | None
    batch_size: int | None
    law: TemperatureLaw
    times: TimeDensity


@dataclass(frozen=True)
class SamplingSettings:
    """Settings with which backbones are drawn.

    Parameters
    ----------
    steps : int
        Times at which the network is called, at least 2.
    sampler : str
        One of `SAMPLER_NAMES`.
    diffusion : float, optional
        For the sampler "multistep": 0 for the probability-flow ODE, 1 for the reverse SDE, anything
        in between or above for the processes that share their marginals (arXiv 2106.02808).
    churn : float, optional
        For the sampler "heun": S_churn of EDM (arXiv 2206.00364), on variance-exploding flows.
    temperature : float
        1 draws from the law that the network has learned. Below it, detail is more regular; above
        it, everything is more diverse.
    guidance : float, optional
        How far to steer away from a weaker network (arXiv 2406.02507): 1 is not at all. By default
        `DEFAULT_GUIDANCE` if the weights come with such a network, else 1.
    batch_size : int, optional
        Samples at a time; by default as many as `batch_residues` allow.
    law : TemperatureLaw
    times : TimeDensity
        Density of the times of an RG flow.
    batch_residues, gpu_batch_residues : int
        Residues in one automatic batch, padding included: enough to keep the matrix products busy,
        small in memory. A GPU takes as long for twenty times as many, and 1.1 GB.

    Examples
    --------
    >>> SamplingSettings(steps=16).temperature
    0.8
    """

    steps: int = 30
    sampler: str = "matched"
    diffusion: float | None = None
    churn: float | None = None
    temperature: float = 0.8
    guidance: float | None = None
    batch_size: int | None = None
    law: TemperatureLaw = TemperatureLaw()
    times: TimeDensity = PROTEIN_DENSITY
    batch_residues: int = 800
    gpu_batch_residues: int = 16_384

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, Integral):
                raise TypeError(f"`{name}` {value!r}: must be an integer")
        if self.steps < 2:
            raise ValueError(f"`steps` {self.steps}: a sample needs at least 2 steps")
        if self.steps > MAX_STEPS:
            raise ValueError(f"`steps` {self.steps}: at most {MAX_STEPS:,}")
        if self.sampler not in SAMPLER_NAMES:
            raise ValueError(f"`sampler` {self.sampler}: choose from {', '.join(SAMPLER_NAMES)}")
        if (self.diffusion is not None) != (self.sampler == "multistep"):
            raise ValueError(
                "`diffusion`: goes with `sampler` multistep, which needs it; 0 is the ODE, 1 the "
                "SDE"
            )
        if self.diffusion is not None and not self.diffusion >= 0:
            raise ValueError(f"`diffusion` {self.diffusion:g}: must be at least 0")
        if self.churn is not None and self.sampler != "heun":
            raise ValueError("`churn`: goes with `sampler` heun")
        if self.churn is not None and not self.churn >= 0:
            raise ValueError(f"`churn` {self.churn:g}: must be at least 0")
        if not 0 < self.temperature <= MAX_TEMPERATURE:
            raise ValueError(
                f"`temperature` {self.temperature}: must be positive and at most "
                f"{MAX_TEMPERATURE:g}"
            )
        if self.guidance is not None and not 1 <= self.guidance <= MAX_GUIDANCE:
            raise ValueError(
                f"`guidance` {self.guidance:g}: must be 1 (no guidance) to {MAX_GUIDANCE:g}"
            )
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"`batch_size` {self.batch_size}: must be at least 1")

    @property
    def sampler_label(self) -> str:
        """The sampler with its `diffusion` or `churn`, as the manifest names it."""
        for name in ("diffusion", "churn"):
            value = getattr(self, name)
            if value is not None:
                return f"{self.sampler} {name}={value:g}"
        return self.sampler


#: The settings when none are given.
DEFAULTS = SamplingSettings()
