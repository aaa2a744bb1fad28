"""Outputs that appear whole or not at all."""

import json
import math
import os
import re
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["replacing", "replacing_folder", "save_figure", "save_tensors", "write_json"]


@contextmanager
def replacing(path):
    """Context of a temporary path that takes the place of `path` in the end, or vanishes."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):  # whatever went wrong is the news
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(temporary):
            error.filename = str(path)  # the name that was asked for
        raise


@contextmanager
def replacing_folder(path, exist_ok=False):
    """Context of an empty temporary folder that takes the name of `path` in the end, or vanishes.

    With `exist_ok`, a folder that has the name already is removed just before.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if exist_ok:
            shutil.rmtree(path, ignore_errors=True)
        temporary.rename(path)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk does not say where
        raise


def save_figure(figure, path):
    """Write a matplotlib figure as PNG; equal figures give equal bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


def save_tensors(tensors, path, metadata=None):
    """Write a safetensors file; OSError, with the file's name, when the system refuses."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(tensors, path, metadata)
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if not number:
            raise
        code = int(number.group(1))
        raise OSError(code, os.strerror(code), str(path)) from None


def write_json(path, value):
    """Write plain values as JSON, null for numbers that are missing."""
    text = json.dumps(_without_nan(value), indent=1, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _without_nan(value):
    if isinstance(value, dict):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
