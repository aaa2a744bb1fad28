"""Drawing backbones: settings, requests, batches, and the reverse flow."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .draw import draw
    from .extend import extend
    from .extension import Extension
    from .generate import generate
    from .plan import Request, plan_requests
    from .sample import Sample, sample
    from .settings import SamplingSettings, TemperatureLaw

__all__ = [
    "Extension", "Request", "Sample", "SamplingSettings", "TemperatureLaw", "draw", "extend",
    "generate", "plan_requests", "sample",
]  # fmt: skip

#: Imported on first use: the command line reads the defaults before torch is loaded. The functions
#: of the same name as their module are reached through `protdiff` or the module.
_HOMES = {
    "Extension": "extension", "Request": "plan", "Sample": "sample",
    "SamplingSettings": "settings", "TemperatureLaw": "settings", "plan_requests": "plan",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
