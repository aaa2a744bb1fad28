"""Writing of files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import json
import math
import os
import platform
import re
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

__all__ = [
    "FULL",
    "PICTURES",
    "ensure_writable",
    "making_folder",
    "naming_full_disk",
    "open_text",
    "remove_leftover",
    "remove_leftovers",
    "replacing",
    "replacing_folder",
    "save_figure",
    "temporary_folder",
    "write_json",
]


#: Errors of a full disk, a quota, and the largest file that is allowed: they name no file.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: Names of what is being written: target, machine, process.
TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<machine>[^.]*)-(?P<process>\d+)\.tmp")

#: Endings of pictures.
PICTURES = (".png", ".svg", ".pdf")
#: How names of temporary folders begin, which have no target.
SCRATCH = "protdiff-scratch"


def temporary_path(path: Path) -> Path:
    """Where a file or folder is written before it gets its name."""
    return path.with_name(f".{path.name}.{_machine()}-{os.getpid()}.tmp")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Context of an empty folder among the temporary files of the system.

    One that a killed process has left is removed by the next.

    Raises
    ------
    OSError
        If there is no room for it.
    """
    try:
        place = Path(tempfile.gettempdir())
    except FileNotFoundError:  # it has tried to write into each of some folders
        raise OSError(errno.ENOSPC, "no folder for temporary files can be written") from None
    remove_leftovers(place, SCRATCH)
    folder = Path(tempfile.mkdtemp(f".{_machine()}-{os.getpid()}.tmp", f".{SCRATCH}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path, name: str | None = None) -> None:
    """Remove what processes of this machine that were killed have left half-written in a folder.

    Parameters
    ----------
    folder : Path
    name : str, optional
        Of the target, or `SCRATCH` for temporary folders; by default of all.
    """
    for path in folder.glob(".*.tmp"):
        remove_leftover(path, name)


def remove_leftover(path: Path, name: str | None = None) -> None:
    """Remove a file or folder if it is what `remove_leftovers` removes."""
    found = TEMPORARY.fullmatch(path.name)
    if not found or found["machine"] != _machine():
        return
    target = SCRATCH if found["name"].startswith(f"{SCRATCH}-") else found["name"]
    if name in (None, target) and not _is_alive(int(found["process"])):
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _machine() -> str:
    return platform.node().replace(".", "_")


def _is_alive(process: int) -> bool:
    """Whether a process of this machine runs."""
    if os.name == "nt":  # where signal 0 would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    # One that has ended is listed until its parent takes note: in some containers, for ever.
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state not in ("Z", "X")


@contextmanager
def naming_full_disk(path: str | os.PathLike[str]) -> Iterator[None]:
    """Context in which a full disk is an error that names the file."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in FULL:
            error.filename = str(path)
        raise


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Context of a temporary path that takes the place of `path` at the end.

    If the context is left by an error, the temporary file is removed and `path` stays as it was. An
    OSError about the temporary file is raised with the name of `path` instead.
    """
    path = Path(path)
    temporary = temporary_path(path)
    try:
        with naming_full_disk(path):
            yield temporary
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):  # the first error is the one to report
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(temporary):
            error.filename = str(path)
        raise


def ensure_writable(path: str | os.PathLike[str]) -> None:
    """Raise the OSError that `replacing` would end with, before the work; writes nothing.

    What a killed process has left of the file is removed.

    Examples
    --------
    >>> ensure_writable("none/x.txt")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'none/x.txt'
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    remove_leftovers(path.parent, path.name)
    temporary = temporary_path(path)
    try:
        temporary.touch()
    except OSError as error:
        error.filename = str(path)
        raise
    temporary.unlink()


def open_text(path: str | os.PathLike[str], mode: str = "w") -> TextIO:
    """A file open for writing (w) or appending (a) UTF-8 with line ends as they are given.

    What is no text, such as a byte in a file's name that is not UTF-8, is written as an escape.
    """
    return cast("TextIO", open(path, mode, newline="", encoding="utf-8", errors="backslashreplace"))


@contextmanager
def making_folder(path: str | os.PathLike[str]) -> Iterator[None]:
    """Context in which a folder is there; those that were made for it and are empty go at an error.

    Raises
    ------
    OSError
        If it cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with suppress(ValueError), making_folder(f"{folder}/a/b"):
    ...         raise ValueError("bad input")
    ...     Path(folder, "a").exists()
    False
    """
    path = Path(path)
    new = [folder for folder in (path, *path.parents) if not os.path.lexists(folder)]
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in new:
            with suppress(OSError):  # one with files in it stays
                folder.rmdir()
        raise


@contextmanager
def replacing_folder(path: str | os.PathLike[str], exist_ok: bool = False) -> Iterator[Path]:
    """Context of an empty temporary folder that takes the name of `path` at the end.

    If the context is left by an error, the temporary folder is removed. With `exist_ok`, a folder
    at `path` is replaced; without it, one that is not empty is an OSError.
    """
    path = Path(path)
    remove_leftovers(path.parent, path.name)
    temporary = temporary_path(path)
    try:
        with making_folder(path.parent):
            try:
                temporary.mkdir()
                yield temporary
                if exist_ok:
                    shutil.rmtree(path, ignore_errors=True)
                temporary.rename(path)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)  # the error of a full disk names no file
        raise


def save_figure(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a matplotlib figure as PNG, SVG or PDF; equal figures give equal bytes.

    In SVG and PDF text stays text, so that it can be searched and edited; fonts of a PDF are
    embedded as TrueType, which journals ask for.

    Parameters
    ----------
    figure : Figure
    path : str or path-like
        Its ending, one of `PICTURES`, chooses the format; one without an ending is a PNG.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    format = Path(path).suffix.lower().lstrip(".") or "png"
    # What changes from run to run: the version of matplotlib, the time, and random names in SVG.
    metadata = {
        "png": {"Software": None},
        "svg": {"Creator": None, "Date": None},
        "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    }[format]
    style: dict[Any, Any] = {"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "protdiff"}
    with replacing(path) as temporary, rc_context(style):
        figure.savefig(temporary, format=format, metadata=metadata)


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write plain values as JSON, with null for numbers that are not finite."""
    text = json.dumps(_without_nan(value), indent=1, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
