"""Flows: bases, spectra, schedules, one Gaussian process, samplers and exact oracles."""

from . import rgdm
from .basis import chain_momenta, cosine_modes, stack_modes, to_coords, to_modes
from .chain import ChainFlow
from .oracle import gaussian_oracle
from .process import Flow, Kernel
from .samplers import SAMPLERS, ancestral, ddim, ode_2m, sde_2m, uniform_times
from .schedule import REGULATORS, RG, VP, rg_cutoff
from .spectrum import MeasuredSpectrum, bond_and_rg, calibrate, calibrated_prior, free_field

__all__ = [
    "REGULATORS", "RG", "SAMPLERS", "VP", "ChainFlow", "Flow", "Kernel", "MeasuredSpectrum",
    "ancestral", "bond_and_rg", "calibrate", "calibrated_prior", "chain_momenta", "cosine_modes",
    "ddim", "free_field", "gaussian_oracle", "ode_2m", "rg_cutoff", "rgdm", "sde_2m",
    "stack_modes", "to_coords", "to_modes", "uniform_times",
]  # fmt: skip
