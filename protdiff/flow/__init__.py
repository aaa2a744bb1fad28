"""Flows: bases, spectra, schedules, one Gaussian process, samplers and exact oracles."""

from . import rgdm
from .chain_flow import PRIORS, SCHEDULES, ChainFlow
from .modes import (
    BASES,
    chain_momenta,
    cosine_modes,
    principal_modes,
    to_coords,
    to_modes,
)
from .oracles import correlated_oracle, empirical_oracle, gaussian_oracle, mixture_oracle
from .process import Flow, Kernel
from .regulator import REGULATORS, rg_cutoff
from .samplers import (
    SAMPLERS,
    ancestral,
    ddim,
    heun,
    matched,
    multistep,
    ode_2m,
    sampling_times,
    sde_2m,
    uniform_times,
)
from .schedule import GUD, PROFILES, RG, VE, VP
from .schedule_fit import fit_schedule
from .spectrum import (
    MeasuredSpectrum,
    bond_and_rg,
    calibrate,
    calibrated_prior,
    free_field,
    harmonic,
)

__all__ = [
    "BASES", "GUD", "PRIORS", "PROFILES", "REGULATORS", "RG", "SAMPLERS", "SCHEDULES", "VE", "VP",
    "ChainFlow", "Flow", "Kernel", "MeasuredSpectrum", "ancestral", "bond_and_rg", "calibrate",
    "calibrated_prior", "chain_momenta", "correlated_oracle", "cosine_modes", "ddim",
    "empirical_oracle", "fit_schedule", "free_field", "gaussian_oracle", "harmonic", "heun",
    "matched", "mixture_oracle", "multistep", "ode_2m", "principal_modes", "rg_cutoff", "rgdm",
    "sampling_times", "sde_2m", "to_coords", "to_modes", "uniform_times",
]  # fmt: skip
