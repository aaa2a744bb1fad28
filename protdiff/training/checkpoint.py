"""Checkpoints: a folder per step, written whole or not at all; older ones are removed."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.torch import load_file

from .._system.files import replacing_folder
from .._system.reading import read_json
from .._system.tensor_files import save_tensors
from .._system.words import in_brief
from .config_file import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from torch import Tensor

__all__ = ["PARTS", "Progress", "newest_checkpoint", "read_checkpoint", "write_checkpoint"]

#: Files of tensors: network, its moving average, state of the optimiser.
PARTS = ("model", "average", "adam")


@dataclass
class Progress:
    """How far a run has come.

    `step`, `chains`: steps done, and chains seen; `seconds`: of training; `best`: lowest loss on
    held-out chains; `stale`: validations since; `configuration`: see `TrainingConfig.recorded`.
    """

    step: int = 0
    chains: int = 0
    seconds: float = 0.0
    best: float = math.inf
    stale: int = 0
    configuration: dict[str, Any] = field(default_factory=dict)


def write_checkpoint(
    out: Path, parts: Mapping[str, Mapping[str, Tensor]], progress: Progress
) -> None:
    """Write `out`/checkpoint-STEP with one file of tensors per part, and progress.json."""
    folder = out / f"checkpoint-{progress.step}"
    for leftover in out.glob(".checkpoint-*.tmp"):  # of a process that was killed, on any machine
        shutil.rmtree(leftover, ignore_errors=True)
    with replacing_folder(folder, exist_ok=True) as temporary:
        for name, tensors in parts.items():
            tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
            save_tensors(tensors, temporary / f"{name}.safetensors")
        (temporary / "progress.json").write_text(json.dumps(asdict(progress)))
    for older in out.glob("checkpoint-*"):
        if older != folder:
            shutil.rmtree(older, ignore_errors=True)


def newest_checkpoint(out: Path) -> Path | None:
    """Folder of the newest checkpoint of a run; None when there is none."""
    folders = out.glob("checkpoint-*")
    return max(folders, key=lambda path: int(path.name.split("-")[1]), default=None)


def read_checkpoint(
    out: Path, names: Iterable[str] = PARTS
) -> tuple[dict[str, dict[str, Tensor]], Progress] | None:
    """Named parts and progress of the newest checkpoint; None when there is none.

    Raises
    ------
    ConfigError
        When it is damaged.
    """
    folder = newest_checkpoint(out)
    if folder is None:
        return None
    try:
        parts = {name: load_file(folder / f"{name}.safetensors") for name in names}
        return parts, Progress(**read_json(folder / "progress.json"))
    except (SafetensorError, OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{folder}: damaged ({in_brief(error, 80)}); remove it") from None
