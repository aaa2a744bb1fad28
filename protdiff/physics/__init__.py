"""What the trained network says of structures and of itself: likelihood, thermodynamics, errors."""

from .likelihood import LIKELIHOOD, METHODS, log_likelihood
from .replicas import measure_replicas
from .sampler_report import report_sampler
from .thermodynamics import measure_thermodynamics

__all__ = [
    "LIKELIHOOD", "METHODS", "log_likelihood", "measure_replicas", "measure_thermodynamics",
    "report_sampler",
]  # fmt: skip
