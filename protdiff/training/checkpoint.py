"""Checkpoints: a folder per step, written whole or not at all, the older one removed after."""

import json
import shutil

from safetensors import SafetensorError
from safetensors.torch import load_file

from .._system.files import save_tensors
from .config import ConfigError

__all__ = ["read_checkpoint", "write_checkpoint"]


def write_checkpoint(out, parts, progress):
    """Write `out`/checkpoint-STEP with one file per part.

    Parameters
    ----------
    out : Path
    parts : dict of str to (dict of str to Tensor)
    progress : dict
        Counters; ``step`` names the folder.
    """
    folder, temporary = out / f"checkpoint-{progress['step']}", out / "checkpoint.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        for name, tensors in parts.items():
            tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
            save_tensors(tensors, temporary / f"{name}.safetensors")
        (temporary / "progress.json").write_text(json.dumps(progress))
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    older = [path for path in out.glob("checkpoint-*") if path != folder]
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    for path in older:
        shutil.rmtree(path, ignore_errors=True)


def read_checkpoint(out, names):
    """Parts and progress of the newest checkpoint, or None when there is none.

    Raises
    ------
    ConfigError
        When it is damaged.
    """
    folders = sorted(out.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    if not folders:
        return None
    try:
        parts = {name: load_file(folders[-1] / f"{name}.safetensors") for name in names}
        return parts, json.loads((folders[-1] / "progress.json").read_text())
    except (SafetensorError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:80]
        raise ConfigError(f"{folders[-1]}: damaged ({reason}); remove it") from None
