"""`protdiff finetune`: weights for your own structures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from .._system.words import counted
from ._shared.groups import grouped
from ._shared.options import Device, check_jobs
from ._shared.progress import progress_bar
from .data import Models

__all__ = ["finetune"]


@dataclass(frozen=True)
class TrainingOptions:
    """What is trained, for how long, and on which share of the chains."""

    lora_rank: Annotated[int, typer.Option(min=1, max=64, help="Rank of the adapters.")] = 8
    full: Annotated[bool, typer.Option("--full", help="Train all weights, no adapters.")] = False
    minutes: Annotated[
        float, typer.Option(help="Time for training; measuring adds two to six on one core.")
    ] = 10
    steps: Annotated[
        int | None,
        typer.Option(
            min=1, help="Steps in place of minutes; equal commands then give equal weights."
        ),
    ] = None
    hold_out: Annotated[
        float,
        typer.Option(
            min=0.01, max=0.9, help="Share of the chains to measure on, not to learn from."
        ),
    ] = 0.1
    draws: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="Draws behind every loss that is measured, of 1,024 residues each; by default 24 "
            "to 48, the more the fewer chains are held out. Fewer are faster and less exact.",
        ),
    ] = None
    keep: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=0.9,
            help="Share of the steps that rehearse samples of the original weights; by default "
            "0.25, or 0 for structures of one sequence.",
        ),
    ] = None
    samples: Annotated[
        int, typer.Option(min=0, help="Backbones drawn before and after; 0: no comparison.")
    ] = 24
    weights: Annotated[str | None, typer.Option(help="Weights to start from.")] = None


@dataclass(frozen=True)
class ReadingOptions:
    """How inputs are read."""

    stride: Annotated[int, typer.Option(min=1, help="Take every n-th frame of a trajectory.")] = 1
    models: Annotated[Models, typer.Option(help="Models to take of a file with several.")] = (
        Models.all
    )
    jobs: Annotated[
        int, typer.Option(min=0, callback=check_jobs, help="Processes that read; 0: one per core.")
    ] = 1


@grouped
def finetune(
    *,
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="As for `protdiff data build`."),
    ],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    training: TrainingOptions,
    reading: ReadingOptions,
    seed: Annotated[int, typer.Option(min=0, help="Of all random choices.")] = 0,
    device: Annotated[Device, typer.Option(help="Where the network runs.")] = Device.auto,
) -> None:
    """Fine-tune the shipped weights to your structures, and show what changed.

    The file works with `protdiff generate --weights FILE`. Adapters are small and name the
    weights they go with; `protdiff weights merge` makes one file of both.
    """
    from ..network.numerics import pick_device
    from ..training.finetune import finetune as run
    from ..training.finetune_settings import FinetuneSettings

    settings = FinetuneSettings(
        rank=None if training.full else training.lora_rank,
        minutes=training.minutes,
        steps=training.steps,
        keep=training.keep,
        held_out_batches=training.draws,
        seed=seed,
        device=pick_device(device.value),
    )
    with progress_bar(100, "fine-tuning", "%") as advance:
        shown = 0

        def progress(share: float) -> None:
            nonlocal shown
            advance(int(100 * share) - shown)
            shown = int(100 * share)

        numbers = run(
            inputs, out, weights=training.weights, hold_out=training.hold_out,
            samples=training.samples, settings=settings, progress=progress,
            report=lambda text: print(text, flush=True),
            stride=reading.stride, models=reading.models.value, jobs=reading.jobs,
        )  # fmt: skip
    print_comparison(numbers)
    print(f"\n{verdict(numbers)}")
    print(f"weights: {out} ({out.stat().st_size / 1000:.0f} kB)")


def print_comparison(numbers: dict[str, Any]) -> None:
    """Print losses and samples before and after, side by side."""
    print(f"\n{counted(numbers['steps'], 'step')} in {counted(numbers['minutes'], 'minute')}")
    print(f"{'held-out loss':22}{'before':>9}{'after':>9}{'change':>9}")
    rows = {"all": (numbers["loss_before"], numbers["loss_after"])}
    for name, value in numbers["bands_before"].items():
        rows[name] = value, numbers["bands_after"][name]
    for name, (before, after) in rows.items():
        print(f"  {name:20}{before:9.4f}{after:9.4f}{100 * (after / before - 1):+8.1f}%")
    if "before" not in numbers:
        return
    before, after = numbers["before"], numbers["after"]
    print(f"{'samples':22}{'before':>9}{'after':>9}{'yours':>9}")
    labels = {
        "frechet": "Fréchet distance", "helix": "helix (DSSP)", "strand": "strand (DSSP)",
        "rg_ratio": "Rg / (2.2 N^0.38)", "rmsd": "RMSD to nearest, Å",
    }  # fmt: skip
    for key, label in labels.items():
        if key in before:
            yours = f"{before[f'user_{key}']:9.3f}" if f"user_{key}" in before else ""
            print(f"  {label:20}{before[key]:9.3f}{after[key]:9.3f}{yours}")


def verdict(numbers: dict[str, Any]) -> str:
    """What was learned and what was forgotten, in one or two lines."""
    from ..training.loss_change import LossChange

    change = LossChange(**numbers["loss_change"])
    if not numbers["kept_step"]:
        text = "NOTHING WAS LEARNED: THESE ARE THE ORIGINAL WEIGHTS"
    elif change.falls():
        text = f"learned: loss on held-out chains {change}"
    else:
        text = f"loss on held-out chains {change}: no fall beyond noise; judge by the samples"
    if numbers["kept_step"] and "others_change" in numbers:
        others = LossChange(**numbers["others_change"])
        text += f"\nforgotten: loss on samples of the original weights {others}"
    return text
