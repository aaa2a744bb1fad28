"""Keep the state of a long training run in the repository, and continue from it elsewhere.

    python benchmarks/training_state.py pack RUN FILE
    python benchmarks/training_state.py unpack FILE RUN

``pack`` turns the newest checkpoint of the run folder RUN into one safetensors file: the averaged
weights in float16, Adam's second moments in bfloat16, and the counters of progress.json in the
metadata. That is two numbers of two bytes per parameter, where a checkpoint has four of four.
``unpack`` makes a checkpoint in RUN from which ``protdiff train CONFIG`` continues when `out` of
the configuration is RUN. The network starts from its average and Adam's first moments from zero;
all counters go on. The continued run is therefore a good one, not the same bit for bit.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from protdiff._system.files import replacing
from protdiff._system.tensor_files import save_tensors
from protdiff.training.checkpoint import (
    Progress,
    newest_checkpoint,
    read_checkpoint,
    write_checkpoint,
)

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "protdiff-training-state-1"
#: Beginnings of the names of tensors in the file.
AVERAGE, SECOND = "average.", "second."


def pack(run: Path, file: Path) -> Progress:
    """Write the state of a run's newest checkpoint into one file; its counters."""
    checkpoint = read_checkpoint(run, ("average", "adam"))
    if checkpoint is None:
        raise SystemExit(f"{run}: has no checkpoint")
    parts, progress = checkpoint
    adam = parts["adam"]
    counts = {int(value) for name, value in adam.items() if name.startswith("step.")}
    if len(counts) != 1:
        raise SystemExit(f"{run}: its parameters have had different numbers of steps")
    tensors: dict[str, Tensor] = {}
    for name, value in parts["average"].items():
        if f"exp_avg_sq.{name}" not in adam:  # a constant of the network, which must stay exact
            tensors[AVERAGE + name] = value
            continue
        tensors[AVERAGE + name] = value.to(torch.float16)
        if not tensors[AVERAGE + name].isfinite().all():
            raise SystemExit(f"{run}: {name} cannot be stored in float16")
        tensors[SECOND + name] = adam[f"exp_avg_sq.{name}"].to(torch.bfloat16)
    metadata = {"format": FORMAT, "adam_steps": counts.pop(), "progress": asdict(progress)}
    with replacing(file) as temporary:
        save_tensors(tensors, temporary, {"protdiff": json.dumps(metadata, sort_keys=True)})
        temporary.chmod(0o644)  # safetensors makes files that only their owner can read
    return progress


def unpack(file: Path, run: Path) -> Progress:
    """Make a checkpoint of a state in a run folder that has none; its counters."""
    if (present := newest_checkpoint(run)) is not None:
        raise SystemExit(f"{present}: is there already; remove it, or choose another folder")
    try:
        with safe_open(file, framework="pt") as handle:
            metadata = json.loads((handle.metadata() or {}).get("protdiff", "{}"))
    except (OSError, SafetensorError) as error:
        raise SystemExit(f"{file}: cannot be read ({error})") from None
    if metadata.get("format") != FORMAT:
        raise SystemExit(f"{file}: is no state of a training run (format {FORMAT})")
    average: dict[str, Tensor] = {}
    adam: dict[str, Tensor] = {}
    for key, value in load_file(file).items():
        if key.startswith(AVERAGE):
            half = value.dtype == torch.float16
            average[key.removeprefix(AVERAGE)] = value.float() if half else value
            continue
        name = key.removeprefix(SECOND)
        adam[f"step.{name}"] = torch.tensor(float(metadata["adam_steps"]))
        adam[f"exp_avg.{name}"] = torch.zeros(value.shape)
        adam[f"exp_avg_sq.{name}"] = value.float()
    progress = Progress(**metadata["progress"])
    write_checkpoint(run, {"model": average, "average": average, "adam": adam}, progress)
    return progress


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("pack", help="a run's newest checkpoint as one small file")
    verb.add_argument("run", type=Path)
    verb.add_argument("file", type=Path)
    verb = verbs.add_parser("unpack", help="a checkpoint to continue from")
    verb.add_argument("file", type=Path)
    verb.add_argument("run", type=Path)
    options = parser.parse_args()
    if options.verb == "pack":
        progress = pack(options.run, options.file)
        size = options.file.stat().st_size / 1e6
        print(f"{options.file}: step {progress.step}, {size:.1f} MB")
    else:
        progress = unpack(options.file, options.run)
        print(f"{newest_checkpoint(options.run)}: continue with protdiff train CONFIG")


if __name__ == "__main__":
    main()
