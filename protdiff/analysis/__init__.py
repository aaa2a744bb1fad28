"""Analysis of structures and of trained weights: likelihood, thermodynamics, self-consistency."""

from typing import TYPE_CHECKING

from .._system.lazy import lazy_names

if TYPE_CHECKING:
    from .call_quality import measure_calls
    from .network_thermodynamics import measure_thermodynamics
    from .replicas import measure_replicas
    from .sampler_report import report_sampler
    from .structure_likelihood import LIKELIHOOD, METHODS, log_likelihood

__all__ = [
    "LIKELIHOOD", "METHODS", "log_likelihood", "measure_calls", "measure_replicas",
    "measure_thermodynamics", "report_sampler",
]  # fmt: skip

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "LIKELIHOOD": "structure_likelihood",
        "METHODS": "structure_likelihood",
        "log_likelihood": "structure_likelihood",
        "measure_calls": "call_quality",
        "measure_replicas": "replicas",
        "measure_thermodynamics": "network_thermodynamics",
        "report_sampler": "sampler_report",
    },
)
