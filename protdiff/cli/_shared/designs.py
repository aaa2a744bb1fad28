"""What `generate` and `extend` share: files written one by one, with a manifest."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._system.words import counted, either, were_there
from ...sampling.broken_bonds import broken_bonds
from ...sampling.settings import SamplingSettings
from .design_folder import folder_of
from .design_picture import draw_designs
from .design_shards import RESIDUES, write_residues
from .design_store import Store
from .flags import naming
from .manifest import (
    COLUMNS,
    IDENTITY,
    MANIFEST,
    add_rows,
    existing_rows,
    file_name,
    warn_of_bonds,
    write_manifest,
)
from .next_step import merge_step, next_line, quoted
from .options import Format, ModelOptions, OutputOptions
from .progress import progress_bar
from .shard_records import remove_shards
from .shards import Part, shard_tables, without_shard

if TYPE_CHECKING:
    from ...network import Denoiser
    from ...sampling.plan import Request
    from ...sampling.sample import Sample
    from ...structure.backbone import Backbone
    from .frame_options import FrameFiles

    Groups = Sequence[Sequence[Request]]
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
    part : Part, optional
        What this process does as a shard; by default it is a whole run.
    device : str
        Where the network runs.
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
    part: Part | None = None
    device: str = "cpu"

    @property
    def manifest(self) -> Path:
        """The table of this process."""
        return self._own(MANIFEST)

    @property
    def residues(self) -> Path:
        """Where it says which output residue is which input residue."""
        return self._own(RESIDUES)

    @cached_property
    def store(self) -> Store:
        """Where the structures go."""
        shard = None if self.part is None else self.part.shard
        return Store(self.output.out, self.output.archive, shard)

    def _own(self, name: str) -> Path:
        whole = self.output.out / name
        return whole if self.part is None else self.part.shard.beside(whole)

    @cached_property
    def same(self) -> dict[str, Any]:
        """Values that all rows have."""
        from ... import __version__

        return {
            "seed": self.seed, "steps": self.settings.steps,
            "sampler": self.settings.sampler_label, "temperature": self.settings.temperature,
            "guidance": self.guidance, "batch_size": self.settings.batch_size or "",
            "condition": self.condition, "weights": self.weights,
            "weights_sha256": self.digest, "protdiff": __version__,
            "command": shlex.join(["protdiff", *without_shard(sys.argv[1:])]),
        }  # fmt: skip

    def row(self, request: Request, sample: Sample | None = None) -> dict[str, Any]:
        """Row of the manifest for a request, with what it took if it has been drawn."""
        file = file_name(self.name, request.index, self.output.suffix)
        frames = ("", "") if self.frames is None else self.frames.columns(file)
        values = self.same | {
            "file": file, "length": request.length, "sample": request.index,
            "network_calls": sample.calls if sample else "",
            "seconds": f"{sample.seconds:.3f}" if sample else "",
            "residue_names": request.sequence or SAME_FOR_ALL,
            "sequence_name": request.sequence_name,
            "secondary_structure": request.structure or "",
            "trajectory": frames[0], "frames": frames[1],
            "broken_bonds": broken_bonds(sample.backbone, request) if sample else "",
            "hotspots": "", "target_clashes": "",
        }  # fmt: skip
        if sample is not None and request.condition is not None:
            values |= request.condition.met(sample.backbone)
        return {name: values[name] for name in COLUMNS}

    def options(self) -> dict[str, str]:
        """What shards of one command have in common, by the name of the option."""
        frames = "" if self.frames is None else f"{self.frames.choice.text} {self.frames.format}"
        own = {
            "name": self.name, "format": self.output.suffix, "trajectory": frames,
            "archive": self.output.archive or "", "device": self.device,
            "batch_size": str(self.same["batch_size"]),
        }  # fmt: skip
        return own | {key: str(self.same[key]) for key in IDENTITY if key in self.same}

    def files(self, groups: Groups) -> dict[Path, Request]:
        """Requests of some batches by the file that they give, in the order of their numbers."""
        requests = sorted((r for group in groups for r in group), key=lambda r: r.index)
        suffix = self.output.suffix
        return {self.store.path(file_name(self.name, r.index, suffix)): r for r in requests}

    def is_whole(self, rows: Mapping[str, Mapping[str, Any]], file: str) -> bool:
        """Whether an earlier run has written a design, with the trajectory that is wanted."""
        if file not in rows or self.frames is None:
            return file in rows
        return self.frames.are_there(self.output.out, rows[file])


def check_format(backbone: Backbone, format: Format) -> None:
    """ValueError if files of the format cannot hold the numbering of what will be written."""
    from ...structure.io.read_write import check_writable

    try:
        check_writable(backbone, f".{format.value}")
    except ValueError as error:
        text = str(error).replace("write .cif instead", "take --format cif")
        raise ValueError(f"--format {format.value}: {text}") from None


def load(model: ModelOptions) -> tuple[Denoiser, str, str]:
    """The denoiser, and the name and digest of its weights."""
    from ...network.numerics import pick_device
    from ...network.weights import file_digest, find_weights, load_weights

    path = find_weights(model.weights)
    with naming("--device"):
        device = pick_device(model.device.value)
    return load_weights(path, device), path.stem, file_digest(path)


def write_designs(run: Run, groups: Groups, draw: Draw, calls: Callable[[Request], int]) -> None:
    """Draw and write the backbones that are not there yet, with their manifest.

    residues.csv is written, too, if a condition relates residues to those of an input. Of a batch
    that lacks a backbone all are drawn, as in a run that was not interrupted, see
    `design_shards.own_groups`.

    Parameters
    ----------
    run : Run
    groups : list of lists of Request
        Batches; a shard has not all.
    draw : callable
        ``draw(requests, advance)`` yields lists of `Sample`; ``advance(n)`` after every n calls. It
        must make the same batches of the requests of some groups.
    calls : callable
        ``calls(request)``: network calls that the request takes.
    """
    out, plot = run.output.out, run.output.plot
    shard = None if run.part is None else run.part.shard
    planned = {path.name: request for path, request in run.files(groups).items()}
    with folder_of(run.output, run.part, run.options()):
        rows = existing_rows(run.store, map(run.row, planned.values()))
        missing = {r.index for file, r in planned.items() if not run.is_whole(rows, file)}
        todo = [r for group in groups if any(r.index in missing for r in group) for r in group]
        if not missing:
            _write_beside(run, planned)
            if shard is not None or shard_tables(out / MANIFEST):
                write_manifest(run.manifest, rows)
        with progress_bar(sum(map(calls, todo)), "generating", "calls") as advance:
            write = run.store.writer() if todo else None
            for number, samples in enumerate(draw(todo, advance)):
                if number == 0:  # an energy that fails leaves no file
                    _write_beside(run, planned)
                    write_manifest(run.manifest, rows)
                assert write is not None
                wanted = [s for s in samples if s.request.index in missing]
                _write_samples(run, wanted, rows, write)
        if todo:
            write_manifest(run.manifest, rows)
        run.store.finish()
        if shard is None:  # it has all that shards have left
            remove_shards(out / MANIFEST, RESIDUES)
    picture = None if plot is None else draw_designs(run.files(groups), plot)
    present = len(planned) - len(missing)
    note = f" ({were_there(present)})" if present else ""
    if not planned:
        note = " (there are fewer batches than shards)"
    them = either(len(planned), "it", "them")
    found = f"{counted(len(planned), 'backbone')} in {run.store.place}{note}"
    print(f"{found}; {run.manifest.name} lists {them}")
    if shard is not None:
        print(merge_step(out, shard.count))
    if picture is not None:
        print(picture)
    warn_of_bonds([rows[file] for file in planned], run.manifest.name)
    if run.frames is not None and planned:
        example = out / run.frames.columns(next(iter(planned)))[0]
        print(f"trajectories in {example.parent}")
        print(next_line("protdiff flow film", quoted(example), why="a film of one"))


def _write_beside(run: Run, planned: Mapping[str, Request]) -> None:
    """Write what goes with the structures: where residues come from, and how to repeat the run."""
    write_residues(run.residues, planned)
    if run.output.config is not None:
        run.output.config.write(run.output.out)


def _write_samples(
    run: Run,
    samples: Sequence[Sample],
    rows: dict[str, Mapping[str, Any]],
    write: Callable[[Mapping[str, bytes]], None],
) -> None:
    """Write some samples, and add their rows to the manifest."""
    from ...structure.io.structure_bytes import structure_bytes

    new = {(row := run.row(sample.request, sample))["file"]: row for sample in samples}
    there = rows.keys() & new.keys()
    rows |= new
    # The rows first: a killed run must know its own files when it goes on.
    add_rows(run.manifest, new.values())
    contents: dict[str, bytes] = {}
    for sample, file in zip(samples, new, strict=True):
        if run.frames is not None and sample.trajectory is not None:
            run.frames.write(sample.trajectory, run.output.out, file)
        if file not in there:  # drawn anew for its trajectory alone: the design stays as it is
            contents[file] = structure_bytes(sample.backbone, Path(file))
    if contents:
        write(contents)
