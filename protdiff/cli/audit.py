"""`protdiff audit`: were the samples copied from the training set?"""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .._system.files import write_json
from ._shared.pairing import find_files
from ._shared.progress import progress_bar
from ._shared.rows import row_writer

__all__ = ["audit"]

COLUMNS = (
    "sample", "length", "nearest_train", "rmsd_train", "rmsd_second", "rmsd_held_out",
    "suspicious", "error",
)  # fmt: skip
MAX_LENGTH = 512


def audit(
    samples: Annotated[
        list[str], typer.Argument(metavar="SAMPLES...", help="Folders, files or patterns.")
    ],
    train: Annotated[
        Path,
        typer.Option(help="Training chains: a chain archive (its training split) or a folder."),
    ],
    held_out: Annotated[
        Path,
        typer.Option(help="Real chains kept out of training: an archive (validation) or a folder."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("audit"),
    weights: Annotated[
        str | None, typer.Option(help="Weights whose flow tells the scale of collapse.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random choices.")] = 0,
):
    """Audit samples for memorised training chains.

    Every sample is compared with all training chains of similar length, and with held-out ones;
    real held-out chains set the standard. Writes audit.csv, audit.json and, for suspicious
    samples, suspicious.png with the training chain laid over. One sentence says what it comes to.
    """
    files = find_files(samples, "samples")
    from ..flow.thermodynamics import collapse_time
    from ..metrics.audit import BASELINE
    from ..metrics.audit import audit as audit_traces
    from ..network.weights import find_weights, load_weights
    from ..plots.overlay import draw_overlays

    recipe = load_weights(find_weights(weights)).recipe
    known, names = load_traces(train, "train", "--train")
    held, _ = load_traces(held_out, "val", "--held-out")
    if len(known) < 2 or len(held) < 2:
        raise ValueError("--train and --held-out: each needs at least two chains")
    made, kept, errors = read_samples(files)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--out {out}: cannot be made ({error.strerror})") from None
    total = len(made) + min(BASELINE, len(held))
    with progress_bar(total, "comparing", "chains") as advance:
        found = audit_traces(made, known, held, seed=seed, advance=advance)
    length = sorted(len(trace) for trace in made)[len(made) // 2]
    flow = recipe([length])
    u = float(collapse_time(flow, len(known))[0])
    cutoff = float(flow.schedule.log_cutoff(flow.momenta.new_tensor([u])).exp()[0])
    scale = 2 * math.pi / cutoff
    with row_writer(out / "audit.csv", COLUMNS) as write:
        for k, path in enumerate(kept):
            near = int(found.nearest[k])
            write(
                {
                    "sample": str(path), "length": len(made[k]),
                    "nearest_train": names[near] if near >= 0 else "",
                    "rmsd_train": float(found.to_train[k]),
                    "rmsd_second": float(found.to_second[k]),
                    "rmsd_held_out": float(found.to_held_out[k]),
                    "suspicious": "yes" if k in found.suspicious else "no",
                }
            )  # fmt: skip
        for path, error in errors:
            write({"sample": str(path), "error": error})
    numbers = {
        "verdict": found.verdict,
        "samples": len(made), "unreadable": len(errors),
        "train": len(known), "held_out": len(held),
        "rmsd": asdict(found.rmsd), "tm": asdict(found.tm),
        "suspicious": [str(kept[k]) for k in found.suspicious],
        "suspicious_usual_share": found.usual_share, "suspicious_p": found.p_suspicious,
        "collapse": {"length": length, "time": u, "period": scale},
    }  # fmt: skip
    write_json(out / "audit.json", numbers)
    if len(found.suspicious):
        pairs = [
            (made[k], known[found.nearest[k]], f"{kept[k].stem} on {names[found.nearest[k]]}, "
             f"{found.to_train[k]:.2f} Å")
            for k in found.suspicious[:12]
        ]  # fmt: skip
        draw_overlays(pairs, out / "suspicious.png")
    typer.echo(found.verdict)
    typer.echo(
        f"by TM-score: ratio {found.tm.ratio:.2f}, p = {found.tm.p:.2g}; "
        f"{100 * found.usual_share:.1f} % of held-out chains look like one training chain. "
        f"A perfect memory of {len(known)} Gaussian chains of {length} would show from periods "
        f"of {scale:.0f} residues down."
    )
    typer.echo(f"audit.csv and audit.json in {out}")
    if errors:
        typer.echo(f"{len(errors)} of {len(files)} could not be read; see audit.csv", err=True)
        raise typer.Exit(1)


def load_traces(path, split, option):
    """CA traces and names of an archive's split, or of the structures of a folder."""
    from ..dataset import UNIT, is_dataset, read_chains
    from ..structure.io.read_write import read

    if not path.is_dir():
        raise ValueError(f"{option} {path}: not a folder of chains or structures")
    if is_dataset(path):
        chains = read_chains(path, split, max_length=MAX_LENGTH, globular=False)
        return [chain.coords[:, 1] * UNIT for chain in chains], [chain.name for chain in chains]
    traces, names = [], []
    for file in find_files([str(path)], option):
        backbone = read(file, ca_only=True)
        for chain in backbone.chains:
            part = backbone.chain(chain)
            traces.append(part.ca[part.mask[:, 1]])
            names.append(f"{file.name} {chain}".strip())
    return traces, names


def read_samples(files):
    """CA traces, their files, and (file, error) of those that cannot be read."""
    from ..structure.io.read_write import read

    made, kept, errors = [], [], []
    for path in files:
        try:
            backbone = read(path, ca_only=True)
            made.append(backbone.ca[backbone.mask[:, 1]])
            kept.append(path)
        except ValueError as error:
            errors.append((path, " ".join(str(error).split())))
    if not made:
        raise ValueError(f"no sample can be read; the first: {errors[0][1]}")
    return made, kept, errors
