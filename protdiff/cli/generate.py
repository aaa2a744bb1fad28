"""`protdiff generate`: backbones into a folder, with a manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ..sampling.window import NO_FRAMES, windows_text
from ..structure.io.paths import SEQUENCES_FOLDER
from ._shared.cluster_options import ClusterOption, connected, refuse_jobs
from ._shared.condition_options import ConditionOptions, condition_of
from ._shared.design_shards import own_groups
from ._shared.designs import Run, check_format, write_designs
from ._shared.drawing import load_drawing
from ._shared.engine_options import EngineOptions
from ._shared.frame_options import parse_frames
from ._shared.generated_sequences import task_of_request
from ._shared.groups import grouped
from ._shared.next_step import next_steps
from ._shared.options import Device, ModelOptions, OutputOptions, SamplingFlags, check_jobs
from ._shared.report_writer import PAGE, write_report
from ._shared.request_options import RequestOptions, requests_of
from ._shared.sequence_folder import write_sequences
from ._shared.shards import MERGED, ShardOption, parse_shard, refuse_with_shard
from ._shared.target_options import what_was_met
from ._shared.type_options import TypeOptions

if TYPE_CHECKING:
    from ..conditioning import Condition, Target
    from ._shared.frame_options import FrameFiles

__all__ = ["generate"]


@grouped
def generate(
    *,
    wanted: RequestOptions,
    output: OutputOptions,
    name: Annotated[str, typer.Option(help="File name: NAME_0000.pdb.")] = "backbone",
    sampling: SamplingFlags,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Backbones at a time; automatic if left out.")
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            min=0, callback=check_jobs, help="Processes on a CPU; 0: all cores there is work for."
        ),
    ] = 0,
    trajectory: Annotated[
        str | None,
        typer.Option(
            metavar="every:N",
            help="Write how each backbone takes shape, every Nth step, into OUT/trajectories. "
            "every:N,noisy: the noisy chain, not the estimate without noise. With ,pdb ,cif "
            ",bcif or ,xtc: another format than --format.",
        ),
    ] = None,
    shard: ShardOption = None,
    cluster: ClusterOption = None,
    engine: EngineOptions,
    model: ModelOptions,
    given: ConditionOptions,
    types: TypeOptions,
) -> None:
    """Generate protein backbones, coarse to fine.

    Writes NAME_0000.pdb … and manifest.csv into the output folder: chain A, residues 1 … L, atoms
    N, CA, C and O; residue names as in --sequence, else ALA. A run that was interrupted continues
    when the same command is given a second time. With --motif or --redesign, residues.csv says
    which residue comes from where. With --target, chain A (or the next free id) is new and
    comes first, the target follows as it is in its file, and the manifest says how near each
    hotspot is; the network has not seen interfaces, so contact and clearance are what is met, not
    affinity. With --codesign, residue types of the segments of --redesign are
    drawn, too. With --sequences, the folder `sequences` has what
    `protdiff design` writes; residues that are kept, or have a letter in --sequence, keep their
    type, and symmetric copies have one sequence. With --trajectory, designs that are there and lack
    theirs are drawn a second time for it, and stay as they are.
    """
    if wanted.blueprint and wanted.ss is None and (given.motif or given.source):
        raise ValueError(
            "--blueprint: residues of --motif and --in have a structure; give --ss with - for them "
            "and ? for the others"
        )
    design = types.settings(engine, sampling.seed)
    condition = condition_of(given, types)
    text = given.text()
    if condition is not None and condition.draws_types:
        text += types.weights_text()
    requests = requests_of(wanted, sampling.seed, condition)
    if wanted.window is not None:  # also if the first chains are short: more may follow with --num
        text = f"{text} {windows_text(wanted.window)}".lstrip()
    settings = sampling.settings(batch_size)
    check_output(output, name, given, shard, design is not None)
    check_target(condition, output)
    refuse_jobs(cluster, jobs)
    frames = None if trajectory is None else parse_frames(trajectory, output.kind)
    check_frames(frames, wanted)

    from ..sampling.batching import batches
    from ..sampling.draw import start_processes_early
    from ..sampling.guidance import guidance_of
    from ..sampling.interior import calls_with_windows

    if model.device != Device.cuda and cluster is None:
        about = requests if shard is None else requests[:: parse_shard(shard).count]
        start_processes_early(about, settings, jobs, model.weights or "")
    draws_types = condition is not None and condition.draws_types
    with connected(cluster) as there:
        drawing = load_drawing(model, jobs, there, types if draws_types else None)
        guidance = guidance_of(drawing.denoiser, settings)
        part, groups = own_groups(shard, list(batches(requests, drawing.device, settings)))
        run = Run(
            name, output, settings, guidance, sampling.seed, drawing.weights.stem, drawing.digest,
            text, frames, part, drawing.device,
        )  # fmt: skip
        choice = None if frames is None else frames.choice
        write_designs(
            run,
            groups,
            lambda todo, advance: drawing.draw(todo, settings, run.seed, choice, advance),
            lambda request: calls_with_windows(drawing.denoiser, request, settings),
        )
        if met := what_was_met(run.manifest):
            print(met)
        if design is not None:
            letters = wanted.sequence is not None
            tasks = [
                task_of_request(path, request, given, letters)
                for path, request in run.files(groups).items()
            ]
            write_sequences(tasks, design, output.out / SEQUENCES_FOLDER, jobs, cluster=there)
    if output.report:
        write_report([str(output.out)], output.out / PAGE, jobs=jobs)
    if design is None and shard is None:  # else it has been said
        letters = None
        if wanted.sequence is not None:
            letters = "".join(request.sequence or "" for request in requests)
        print(next_steps(run.store.place, options_of_design(given, condition), letters))


def options_of_design(given: ConditionOptions, condition: Condition | None) -> str:
    """Options of `protdiff design` for the generated files: types that they have are to be kept."""
    options: list[str] = []
    if target := _target(condition):
        fixed = ",".join(f"{name or '_'}:*" for name in target.structure.chains)
        options.append(f'--fixed "{fixed}"')
    elif given.motif or given.redesign:
        options.append("--keep-known")
    if given.symmetry:
        from ..conditioning.symmetry import CHAIN_IDS, point_group

        options.append(f"--tied {','.join(CHAIN_IDS[: len(point_group(given.symmetry))])}")
    return " ".join(options)


def check_frames(frames: FrameFiles | None, wanted: RequestOptions) -> None:
    """ValueError for trajectories of chains in windows, also if short ones are among them.

    A shard, or a first run with a smaller --num, may have short chains alone.
    """
    if frames is not None and wanted.window is not None:
        raise ValueError(NO_FRAMES)


def check_target(condition: Condition | None, output: OutputOptions) -> None:
    """ValueError for a target that files of the format cannot hold."""
    if target := _target(condition):
        check_format(target.structure, output.kind)


def _target(condition: Condition | None) -> Target | None:
    """The target of a condition, if it has one."""
    if condition is None:
        return None
    from ..conditioning import Target  # which loads torch, and other processes begin before that

    parts = getattr(condition, "parts", (condition,))
    return next((part for part in parts if isinstance(part, Target)), None)


def check_output(
    output: OutputOptions, name: str, given: ConditionOptions, shard: str | None, sequences: bool
) -> None:
    """ValueError for files that cannot be written as the options say, before any work."""
    output.check(name)
    refuse_with_shard(
        shard, plot=(output.plot, MERGED), report=(output.report, MERGED),
        sequences=(sequences, "run protdiff design, which has shards, after protdiff merge"),
    )  # fmt: skip
    if given.redesign is not None and given.source is not None:
        from ..structure.io.read_write import read

        check_format(read(given.source), output.kind)
