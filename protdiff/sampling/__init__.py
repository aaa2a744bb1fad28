"""Drawing backbones: settings, requests, batches, and the reverse flow.

Functions that have the name of their module are imported from it: `protdiff.sampling.draw.draw`,
`protdiff.sampling.sample.sample`; `protdiff.generate` and `protdiff.extend` are those of this room.
"""

from typing import TYPE_CHECKING

from .._system.lazy import lazy_names

if TYPE_CHECKING:
    from .batching import batches
    from .extension import Extension
    from .interior_plan import InteriorPlan
    from .plan import Request, Texts, plan_requests
    from .settings import SamplingSettings, TemperatureLaw, TimeDensity

__all__ = [
    "Extension", "InteriorPlan", "Request", "SamplingSettings", "TemperatureLaw", "Texts",
    "TimeDensity", "batches", "plan_requests",
]  # fmt: skip

#: Imported on first use: the command line reads the defaults before torch is loaded.
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Extension": "extension",
        "InteriorPlan": "interior_plan",
        "Request": "plan",
        "SamplingSettings": "settings",
        "TemperatureLaw": "settings",
        "Texts": "plan",
        "TimeDensity": "settings",
        "batches": "batching",
        "plan_requests": "plan",
    },
)
