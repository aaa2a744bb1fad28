"""Protein backbones by a renormalization-group flow."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .analysis import log_likelihood
    from .flow import zoo as flows
    from .metrics import Scores, score
    from .metrics.evaluation import evaluate
    from .sampling.extend import extend
    from .sampling.generate import generate
    from .structure.backbone import Backbone
    from .structure.io.read_write import read, write
    from .training.finetune import finetune

__version__ = "0.1.0"
__all__ = [
    "Backbone", "Scores", "evaluate", "extend", "finetune", "flows", "generate", "log_likelihood",
    "read", "score", "write",
]  # fmt: skip

#: Public names and where they live; imported on first use, so that `import protdiff` is instant.
_HOMES = {
    "Backbone": "structure.backbone",
    "Scores": "metrics",
    "evaluate": "metrics.evaluation",
    "extend": "sampling.extend",
    "finetune": "training.finetune",
    "generate": "sampling.generate",
    "log_likelihood": "analysis",
    "read": "structure.io.read_write",
    "score": "metrics",
    "write": "structure.io.read_write",
}
#: Modules that have another name here.
_MODULES = {"flows": "flow.zoo"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
