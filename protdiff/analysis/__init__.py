"""Analysis of structures and of trained weights: likelihood, thermodynamics, sampling errors."""

from .network_thermodynamics import measure_thermodynamics
from .replicas import measure_replicas
from .sampler_report import report_sampler
from .structure_likelihood import LIKELIHOOD, METHODS, log_likelihood

__all__ = [
    "LIKELIHOOD", "METHODS", "log_likelihood", "measure_replicas", "measure_thermodynamics",
    "report_sampler",
]  # fmt: skip
