"""Training and fine-tuning.

From Python: ``Trainer(TrainingConfig(...)).fit()``, or `protdiff.finetune`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import TrainingConfig
    from .trainer import Trainer

__all__ = ["Trainer", "TrainingConfig"]

#: Imported on first use, so that the command line starts quickly.
_MODULES = {"Trainer": "trainer", "TrainingConfig": "config"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
