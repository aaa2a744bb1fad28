"""`protdiff audit`: were the samples copied from the training set?"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._system.files import write_json
from .._system.notices import warn
from .._system.words import counted, either
from ..structure.io.members import path_text
from ._shared.groups import grouped
from ._shared.pairing import find_files
from ._shared.progress import progress_bar
from ._shared.rows import row_writer
from ._shared.structure_sets import output_folder, read_files
from ._shared.trace_sets import load_traces, not_known, traces_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..flow.chain_flow import ChainFlow
    from ..metrics.audit import Audit
    from ..metrics.kernel_audit import KernelAudit
    from ..structure.backbone import Backbone
    from ._shared.trace_sets import Traces

__all__ = ["audit"]

COLUMNS = (
    "sample", "length", "nearest_train", "rmsd_train", "rmsd_second", "rmsd_held_out",
    "suspicious", "error",
)  # fmt: skip
#: Suspicious samples that are drawn.
MAX_PICTURES = 12


@dataclass(frozen=True)
class AuditOptions:
    """What `protdiff audit` compares."""

    samples: Annotated[
        list[str], typer.Argument(metavar="SAMPLES...", help="Folders, files or patterns.")
    ]
    train: Annotated[
        Path,
        typer.Option(help="Training chains: a data set (its training split) or a folder."),
    ]
    held_out: Annotated[
        Path,
        typer.Option(help="Real chains kept out of training: a data set (validation) or a folder."),
    ]
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("audit")
    weights: Annotated[
        str | None, typer.Option(help="Weights whose flow tells the scale of collapse.")
    ] = None
    seed: Annotated[int, typer.Option(min=0, help="Of the random choices.")] = 0


@grouped
def audit(options: AuditOptions) -> None:
    """Audit samples for memorised training chains.

    Every sample is compared with all training chains of similar length, and with held-out ones;
    real held-out chains set the standard. Writes audit.csv, audit.json and, for suspicious
    samples, suspicious.png with the training chain laid over. One sentence says what it comes to.
    """
    files = find_files(options.samples, "samples")
    with output_folder(options.out):
        _audit(options, files)


def _audit(options: AuditOptions, files: Sequence[Path]) -> None:
    """The steps of `audit`, in a folder that is there."""
    from ..metrics.audit import BASELINE
    from ..metrics.audit import audit as audit_traces
    from ..network.weights import find_weights, load_weights

    recipe = load_weights(find_weights(options.weights)).recipe
    known = load_traces(options.train, "train", "--train")
    held = load_traces(options.held_out, "val", "--held-out")
    held = not_known(held, known, f"--held-out {options.held_out}")
    kept, backbones, errors = read_files(files, "samples")
    traces = traces_of_samples(kept, backbones)
    total = len(traces) + min(BASELINE, len(held))
    with progress_bar(total, "comparing", "chains") as advance:
        result = audit_traces(
            traces.coords, known.coords, held.coords, seed=options.seed, advance=advance
        )
    delta = kernel_delta(traces, known, held)
    length = sorted(map(len, traces.coords))[len(traces) // 2]
    collapse = collapse_of(recipe, length, len(known))
    write_rows(options.out / "audit.csv", result, traces, known, errors)
    numbers = {
        "verdict": result.verdict,
        "samples": len(traces), "unreadable": len(errors), "train": len(known),
        "held_out": len(held), "left_out": {"train": known.left_out, "held_out": held.left_out},
        "rmsd": asdict(result.rmsd), "tm": asdict(result.tm),
        "suspicious": [traces.names[k] for k in result.suspicious],
        "suspicious_usual_share": result.usual_share, "suspicious_p": result.p_suspicious,
        "delta": None if delta is None else asdict(delta),
        "collapse": collapse,
    }  # fmt: skip
    write_json(options.out / "audit.json", numbers)
    if len(result.suspicious):
        draw_suspicious(options.out / "suspicious.png", result, traces, known)
    print(result.verdict)
    print(
        f"by TM-score: ratio {result.tm.ratio:.2f}, p = {result.tm.p:.2g}; "
        f"{100 * result.usual_share:.1f} % of held-out chains look like one training chain."
        + describe_collapse(collapse, len(known))
    )
    if delta is not None:
        print(describe_delta(delta, len(traces)))
    print(f"audit.csv and audit.json in {options.out}")
    if errors:
        print(f"{len(errors)} of {len(files)} could not be read; see audit.csv", file=sys.stderr)
        raise typer.Exit(1)


def traces_of_samples(files: Sequence[Path], backbones: Sequence[Backbone]) -> Traces:
    """Traces of samples, each file as one; a warning says so where it has several chains."""
    names = [path_text(path) for path in files]
    several = [name for name, one in zip(names, backbones, strict=True) if len(one.chains) > 1]
    if several:
        warn(
            f"{counted(len(several), 'sample')} of several chains compared as one chain, such as "
            f"{several[0]}; to compare every chain, write it to its own file"
        )
    return traces_of(names, backbones)


def kernel_delta(samples: Traces, known: Traces, held: Traces) -> KernelAudit | None:
    """Halder's Δ; None where there are too few chains for it."""
    from ..metrics.kernel_audit import kernel_audit

    try:
        return kernel_audit(samples.coords, known.coords, held.coords)
    except ValueError:
        return None


def describe_delta(found: KernelAudit, count: int) -> str:
    """Halder's Δ beside what it can see, in two lines."""
    if found.detectable > 1:
        samples = either(count, "1 sample is", f"{count} samples are")
        power = f"{samples} too few for it to see even copies"
    else:
        share = f"{100 * found.detectable:.0f} %"
        power = f"with {counted(count, 'sample')} it sees copies if they are {share} or more"
    return (
        f"Halder's Δ: {found.delta:.2f} ± {found.delta_error:.2f}, p = {found.p:.2g}; held-out "
        f"chains {found.real:.2f}, copies {found.copies:.2f}; {power}."
    )


def collapse_of(recipe: ChainFlow, length: int, count: int) -> dict[str, float | None]:
    """Time and period (residues) at which a perfect memory of `count` chains would show.

    The period is None for flows without a cut-off, both for chains too short for the flow.
    """
    from ..flow.resolution import cutoff_period
    from ..flow.thermodynamics import collapse_time

    try:
        flow = recipe([length])
    except ValueError:  # a few residues, for which there is no Gaussian chain of the right size
        return {"length": length, "time": None, "period": None}
    u = collapse_time(flow, count)
    period = cutoff_period(flow, u)
    at = None if period is None else float(period[0])
    return {"length": length, "time": float(u[0]), "period": at}


def describe_collapse(collapse: dict[str, float | None], count: int) -> str:
    """At what scale a perfect memory would show, as a sentence; empty if that is not known."""
    time, period = collapse["time"], collapse["period"]
    if time is None:
        return ""
    scale = f"u = {time:.2f}" if period is None else f"periods of {period:.0f} residues"
    length = f"{collapse['length']:.0f}"
    return f" A perfect memory of {count} Gaussian chains of {length} would show from {scale} down."


def write_rows(
    path: Path,
    result: Audit,
    samples: Traces,
    known: Traces,
    errors: Sequence[tuple[Path, str]],
) -> None:
    """One row per sample, then the files that could not be read."""
    with row_writer(path, COLUMNS) as write:
        for k, name in enumerate(samples.names):
            nearest = int(result.nearest[k])
            row: dict[str, Any] = {
                "sample": name,
                "length": len(samples.coords[k]),
                "nearest_train": known.names[nearest] if nearest >= 0 else "",
                "rmsd_train": float(result.to_train[k]),
                "rmsd_second": float(result.to_second[k]),
                "rmsd_held_out": float(result.to_held_out[k]),
                "suspicious": "yes" if k in result.suspicious else "no",
            }
            write(row)
        for file, error in errors:
            write({"sample": path_text(file), "error": error})


def draw_suspicious(path: Path, result: Audit, samples: Traces, known: Traces) -> None:
    """The most suspicious samples over their nearest training chains."""
    from ..plots.overlay import draw_overlays

    pairs = []
    for k in result.suspicious[:MAX_PICTURES]:
        nearest = result.nearest[k]
        title = (
            f"{Path(samples.names[k]).stem} on {known.names[nearest]}, {result.to_train[k]:.2f} Å"
        )
        pairs.append((samples.coords[k], known.coords[nearest], title))
    draw_overlays(pairs, path)
