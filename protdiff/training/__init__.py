"""Training and fine-tuning.

From Python: ``Trainer(TrainingConfig(...)).fit()``, or `protdiff.finetune`.
"""

from importlib import import_module

__all__ = ["Trainer", "TrainingConfig"]

#: Imported on first use: the configuration is checked before torch is loaded.
_HOMES = {"Trainer": "trainer", "TrainingConfig": "config"}


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
