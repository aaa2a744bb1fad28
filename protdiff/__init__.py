"""Protein backbones by a renormalization-group flow."""

from importlib import import_module

__version__ = "0.1.0"
__all__ = ["Backbone", "Scores", "finetune", "flows", "generate", "read", "score", "write"]

#: Public names and where they live; imported on first use, so that `import protdiff` is instant.
_HOMES = {
    "Backbone": "backbone",
    "Scores": "metrics",
    "finetune": "finetuning",
    "generate": "generation",
    "read": "io",
    "score": "metrics",
    "write": "io",
}


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name == "flows":
        return import_module(f"{__name__}.flows")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
