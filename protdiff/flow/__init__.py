"""Flows: bases, spectra, schedules, one Gaussian process, samplers and exact oracles."""

from typing import TYPE_CHECKING

from .._system.lazy import lazy_names

if TYPE_CHECKING:
    from . import rgdm
    from .chain_flow import PRIORS, SCHEDULES, ChainFlow
    from .modes import (
        BASES,
        chain_momenta,
        cosine_modes,
        principal_modes,
    )
    from .oracles import correlated_oracle, empirical_oracle, gaussian_oracle, mixture_oracle
    from .predictors import (
        denoiser_from_noise,
        denoiser_from_score,
        noise_predictor,
        score_function,
    )
    from .process import Flow, Kernel, Schedule
    from .regulator import REGULATORS, rg_cutoff
    from .resolution import half_resolved
    from .samplers import (
        SAMPLERS,
        ancestral,
        ddim,
        heun,
        matched,
        multistep,
        ode_2m,
        sde_2m,
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
    from .times import sampling_times, uniform_times
    from .transforms import basis_matrices, to_coords, to_modes, trace_components

__all__ = [
    "BASES", "GUD", "PRIORS", "PROFILES", "REGULATORS", "RG", "SAMPLERS", "SCHEDULES", "VE", "VP",
    "ChainFlow", "Flow", "Kernel", "MeasuredSpectrum", "Schedule", "ancestral", "basis_matrices",
    "bond_and_rg", "calibrate", "calibrated_prior", "chain_momenta", "correlated_oracle",
    "cosine_modes", "ddim", "denoiser_from_noise", "denoiser_from_score", "empirical_oracle",
    "fit_schedule", "free_field", "gaussian_oracle", "half_resolved", "harmonic", "heun", "matched",
    "mixture_oracle", "multistep", "noise_predictor", "ode_2m", "principal_modes", "rg_cutoff",
    "rgdm", "sampling_times", "score_function", "sde_2m", "to_coords", "to_modes",
    "trace_components", "uniform_times",
]  # fmt: skip

#: Imported on first use: torch takes seconds, which listing the named flows need not wait for.
_NAMES = {
    "chain_flow": "PRIORS SCHEDULES ChainFlow",
    "modes": "BASES chain_momenta cosine_modes principal_modes",
    "oracles": "correlated_oracle empirical_oracle gaussian_oracle mixture_oracle",
    "predictors": "denoiser_from_noise denoiser_from_score noise_predictor score_function",
    "process": "Flow Kernel Schedule",
    "regulator": "REGULATORS rg_cutoff",
    "resolution": "half_resolved",
    "samplers": "SAMPLERS ancestral ddim heun matched multistep ode_2m sde_2m",
    "schedule": "GUD PROFILES RG VE VP",
    "schedule_fit": "fit_schedule",
    "spectrum": "MeasuredSpectrum bond_and_rg calibrate calibrated_prior free_field harmonic",
    "times": "sampling_times uniform_times",
    "transforms": "basis_matrices to_coords to_modes trace_components",
}
__getattr__, __dir__ = lazy_names(
    __name__,
    {name: module for module, names in _NAMES.items() for name in names.split()},
    modules={"rgdm": "rgdm"},
)
