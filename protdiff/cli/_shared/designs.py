"""What `generate` and `extend` share: files written one by one, with a manifest."""

from __future__ import annotations

import csv
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._system.files import making_folder, open_text, replacing
from ..._system.locks import one_writer
from ..._system.words import counted, either, were_there
from ...sampling.settings import SamplingSettings
from .design_picture import draw_designs
from .flags import naming
from .manifest import COLUMNS, existing_rows, write_manifest
from .options import Format, ModelOptions, OutputOptions
from .progress import progress_bar

if TYPE_CHECKING:
    from ...network import Denoiser
    from ...sampling.plan import Request
    from ...sampling.sample import Sample
    from ...structure.backbone import Backbone
    from .frame_options import FrameFiles

    Draw = Callable[[Sequence[Request], Callable[[int], None]], Iterator[list[Sample]]]

__all__ = ["Run", "check_format", "load", "write_designs"]

#: What the manifest says of a backbone without residue types.
SAME_FOR_ALL = "ALA"


@dataclass(frozen=True)
class Run:
    """What the rows of a manifest have in common.

    Parameters
    ----------
    name : str
        Files are called NAME_0000.pdb.
    output : OutputOptions
    settings : SamplingSettings
    guidance : float
        As used: that of the settings, or the default of the weights.
    seed : int
    weights, digest : str
        Name and SHA-256 of the weights.
    condition : str
        What was requested, in words.
    frames : FrameFiles, optional
        Trajectories that are written, too.
    """

    name: str
    output: OutputOptions
    settings: SamplingSettings
    guidance: float
    seed: int
    weights: str
    digest: str
    condition: str
    frames: FrameFiles | None = None

    def row(self, request: Request, sample: Sample | None = None) -> dict[str, Any]:
        """Row of the manifest for a request, with what it took if it has been drawn."""
        from ... import __version__

        file = f"{self.name}_{request.index:04d}.{self.output.format.value}"
        values = (
            file, request.length,
            self.seed, request.index, self.settings.steps, self.settings.sampler_label,
            self.settings.temperature, self.guidance, sample.calls if sample else "",
            f"{sample.seconds:.3f}" if sample else "", request.sequence or SAME_FOR_ALL,
            request.sequence_name, request.structure or "", self.condition, self.weights,
            self.digest, __version__, shlex.join(["protdiff", *sys.argv[1:]]),
            *(("", "") if self.frames is None else self.frames.columns(file)),
        )  # fmt: skip
        return dict(zip(COLUMNS, values, strict=True))

    def is_whole(self, rows: Mapping[str, Mapping[str, Any]], file: str) -> bool:
        """Whether an earlier run has written a design, with the trajectory that is wanted."""
        if file not in rows or self.frames is None:
            return file in rows
        return self.frames.are_there(self.output.out, rows[file])


def check_format(backbone: Backbone, format: Format) -> None:
    """ValueError if files of the format cannot hold the numbering of what will be written."""
    from ...structure.io.read_write import check_writable

    with naming(f"--format {format.value}"):
        check_writable(backbone, f".{format.value}")


def load(model: ModelOptions) -> tuple[Denoiser, str, str]:
    """The denoiser, and the name and digest of its weights."""
    from ...network.numerics import pick_device
    from ...network.weights import file_digest, find_weights, load_weights

    path = find_weights(model.weights)
    with naming("--device"):
        device = pick_device(model.device.value)
    return load_weights(path, device), path.stem, file_digest(path)


def write_designs(
    run: Run, requests: Sequence[Request], draw: Draw, calls: Callable[[Request], int]
) -> None:
    """Draw and write the backbones that are not there yet, with their manifest.

    residues.csv is written, too, if a condition relates residues to those of an input.

    Parameters
    ----------
    run : Run
    requests : sequence of Request
    draw : callable
        ``draw(requests, advance)`` yields lists of `Sample`; ``advance(n)`` after every n calls.
    calls : callable
        ``calls(request)``: network calls that the request takes.
    """
    out, plot = run.output.out, run.output.plot
    planned = {run.row(request)["file"]: request for request in requests}
    with _folder(out, plot):
        rows = existing_rows(out / "manifest.csv", map(run.row, requests))
        missing = [request for file, request in planned.items() if not run.is_whole(rows, file)]
        if not missing:
            _write_residues(out / "residues.csv", planned)
        with progress_bar(sum(map(calls, missing)), "generating", "calls") as advance:
            for number, samples in enumerate(draw(missing, advance)):
                if number == 0:  # an energy that fails leaves no file
                    _write_residues(out / "residues.csv", planned)
                _write_samples(run, samples, rows)
    picture = None if plot is None else draw_designs(out, planned, plot)
    present = len(planned) - len(missing)
    note = f" ({were_there(present)})" if present else ""
    them = either(len(planned), "it", "them")
    print(f"{counted(len(planned), 'backbone')} in {out}{note}; manifest.csv lists {them}")
    if picture is not None:
        print(picture)


@contextmanager
def _folder(out: Path, plot: Path | None) -> Iterator[None]:
    """Context in which the folders of output are there and this process alone writes into `out`.

    Those that are new, and that an error leaves empty, are removed.
    """
    with ExitStack() as stack:
        _prepare_folder(out, "--out", stack)
        stack.enter_context(one_writer(out))
        if plot is not None:
            _prepare_folder(plot.parent, "--plot", stack)
        yield


def _write_samples(run: Run, samples: Sequence[Sample], rows: dict[str, Mapping[str, Any]]) -> None:
    """Write some samples, and add their rows to the manifest."""
    from ...structure.io import read_write

    new = {(row := run.row(sample.request, sample))["file"]: row for sample in samples}
    there = rows.keys() & new.keys()
    rows |= new
    # The rows first: a killed run must know its own files when it goes on.
    write_manifest(run.output.out / "manifest.csv", rows)
    for sample, file in zip(samples, new, strict=True):
        if run.frames is not None and sample.trajectory is not None:
            run.frames.write(sample.trajectory, run.output.out, file)
        if file not in there:  # drawn anew for its trajectory alone: the design stays as it is
            read_write.write(sample.backbone, run.output.out / file)


def _write_residues(path: Path, requests: Mapping[str, Request]) -> None:
    """Table of which output residue is which input residue, for requests by file."""
    rows = [
        (file, place + 1, *rest)
        for file, request in requests.items()
        if request.condition is not None
        for place, *rest in request.condition.residues()
    ]
    if not rows:
        return
    with (
        replacing(path) as temporary,
        open_text(temporary) as handle,
    ):
        writer = csv.writer(handle)
        writer.writerow(("file", "residue", "input_chain", "input_residue", "residue_name"))
        writer.writerows(rows)


def _prepare_folder(out: Path, option: str, stack: ExitStack) -> None:
    """Make a folder for output; a clear error if that fails."""
    try:
        stack.enter_context(making_folder(out))
        probe = out / f".protdiff-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise ValueError(f"{option} {out}: cannot be written ({error.strerror})") from None
