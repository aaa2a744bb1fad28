"""Protein backbones by a renormalization-group flow."""

from importlib import import_module

__version__ = "0.1.0"
__all__ = [
    "Backbone", "Scores", "evaluate", "finetune", "flows", "generate", "log_likelihood", "read",
    "score", "write",
]  # fmt: skip

#: Public names and where they live; imported on first use, so that `import protdiff` is instant.
_HOMES = {
    "Backbone": "structure.backbone",
    "Scores": "metrics",
    "evaluate": "metrics.evaluation",
    "finetune": "training.finetune",
    "generate": "sampling.generate",
    "log_likelihood": "analysis",
    "read": "structure.io.read_write",
    "score": "metrics",
    "write": "structure.io.read_write",
}


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name == "flows":
        return import_module(f"{__name__}.flow.zoo")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
