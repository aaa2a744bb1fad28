"""The folder into which `generate` and `extend` write, while they write."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ..._system.files import making_folder, temporary_path
from ..._system.locks import one_writer
from .manifest import MANIFEST
from .shard_records import at_work

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .options import OutputOptions
    from .shards import Part

__all__ = ["folder_of"]


@contextmanager
def folder_of(
    output: OutputOptions, part: Part | None, options: Mapping[str, str]
) -> Iterator[None]:
    """Context in which the folders of output are there and this process alone writes its files.

    Those that are new, and that an error leaves empty, are removed.

    Parameters
    ----------
    output : OutputOptions
    part : Part, optional
        What this process does as a shard.
    options : dict of str to str
        What the shards of one command have in common.
    """
    out, plot = output.out, output.plot
    with ExitStack() as stack:
        _prepare_folder(out, "--out", stack)
        if part is None:
            stack.enter_context(one_writer(out))
        else:
            stack.enter_context(at_work(part, out / MANIFEST, "generate", options))
        if plot is not None:
            _prepare_folder(plot.parent, "--plot", stack)
        yield


def _prepare_folder(out: Path, option: str, stack: ExitStack) -> None:
    """Make a folder for output; a clear error if that fails."""
    try:
        stack.enter_context(making_folder(out))
        probe = temporary_path(out / "probe")
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise ValueError(f"{option} {out}: cannot be written ({error.strerror})") from None
