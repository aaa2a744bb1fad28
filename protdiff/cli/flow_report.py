"""`protdiff flow report`: where the errors of samples come from."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._system.files import write_json
from .._system.locks import output_file
from .._system.words import counted
from ..sampling.settings import MAX_STEPS
from ..structure.constants import MAX_LENGTH
from ._shared.loss_lines import print_grids, print_split, split_of_run
from ._shared.options import check_ending
from ._shared.progress import progress_bar
from ._shared.real_chains import load_real_chains

if TYPE_CHECKING:
    from ..analysis.call_quality import CallQuality
    from ..analysis.sampler_report import SamplerReport

__all__ = ["report"]

#: Times of the integral over the flow.
POINTS = 21
#: Chains that the errors are estimated from, at least.
MIN_CHAINS = 4


def report(
    data: Annotated[
        Path, typer.Option(help="Real chains: a data set (its validation split) or a folder.")
    ],
    weights: Annotated[str | None, typer.Option(help="Shipped weights, or a file.")] = None,
    calls: Annotated[
        list[int] | None,
        typer.Option(min=2, max=MAX_STEPS, help="Network calls per sample; 8 16 32 by default."),
    ] = None,
    length: Annotated[
        int, typer.Option(min=16, max=MAX_LENGTH, help="Chains within 10 % of it are taken.")
    ] = 100,
    chains: Annotated[int, typer.Option(min=4, help="How many chains at most.")] = 32,
    samples: Annotated[
        int, typer.Option(min=0, max=1000, help="Samples per number of calls; 0: draw none.")
    ] = 32,
    history: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a training run whose loss is split; may be repeated."),
    ] = None,
    schedules: Annotated[
        bool, typer.Option("--schedules", help="Compare grids of sampling times by the bound.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="JSON file for the numbers.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
) -> None:
    """Errors of samples by band, from start, steps and network, and how many calls are enough.

    Start and steps: closed forms for the Gaussian chain. Score (the network): what a linear
    recalibration of it would gain on held-out chains, a lower bound of its error. How many calls
    are enough is decided by samples of the network, beside samples of 100 calls.
    """
    from ..analysis import measure_calls, report_sampler
    from ..network.weights import find_weights, load_weights

    check_ending("--out", out, ".json")
    with nullcontext() if out is None else output_file(out):
        path = find_weights(weights)
        denoiser = load_weights(path)
        calls = sorted(set(calls or [8, 16, 32]))
        splits = {str(run): split_of_run(run) for run in history or []}
        backbones = load_real_chains(data, length, chains)
        if len(backbones) < MIN_CHAINS:
            raise ValueError(
                f"--data {data}: {counted(len(backbones), 'chain')} of about {length} "
                f"residues; at least "
                f"{MIN_CHAINS} are needed"
            )
        drawn = len(calls) + 1 if samples else 0
        quality = None
        with progress_bar(POINTS + len(calls) + drawn, "measuring", "parts") as advance:
            errors = report_sampler(
                denoiser, backbones, calls,
                points=POINTS, schedules=schedules, seed=seed, advance=advance,
            )  # fmt: skip
            if samples:
                quality = measure_calls(
                    denoiser, length, calls, samples=samples, seed=seed, advance=advance
                )
        _print_errors(errors)
        _print_noise(errors)
        if schedules:
            print_grids(errors.grids)
        for run, split in splits.items():
            print_split(run, split)
        if quality is not None:
            _print_quality(quality)
        if out is not None:
            more = {} if quality is None else {"samples": asdict(quality)}
            if splits:
                more["history"] = {run: asdict(split) for run, split in splits.items()}
            write_json(out, {"weights": path.stem, **asdict(errors), **more})
            print(out)


def _print_errors(errors: SamplerReport) -> None:
    print(f"{errors.chains} chains, {errors.residues} residues; nats per chain")
    titles = "".join(f"{f'{n} calls':>11}" for n in errors.steps)
    print(f"{'period':<8}{'start':>10}{titles}{'score, at least':>20}{'learned':>11}")
    columns = (errors.bands, errors.start, errors.score, errors.score_error, errors.learned)
    for row, (band, start, score, error, learned) in enumerate(zip(*columns, strict=True)):
        cells = "".join(f"{values[row]:11.2g}" for values in errors.steps.values())
        print(f"{band:<8}{start:10.2g}{cells}{score:12.2f} ± {error:5.2f}{learned:11.1f}")
    sums = "".join(f"{sum(values):11.2g}" for values in errors.steps.values())
    print(
        f"{'all':<8}{sum(errors.start):10.2g}{sums}{sum(errors.score):12.2f}        "
        f"{sum(errors.learned):11.1f}"
    )
    print("The columns of calls are of the Gaussian chain; the default sampler, `matched`, is made")
    print("such that they vanish, so they say nothing of how many calls the network needs.")


def _print_noise(errors: SamplerReport) -> None:
    """Identities of the noise predictor."""
    print("\nnoise predictor: slope of the noise on it, and Stein's identity for its score; both 1")
    print("for an exact denoiser, within two or three standard errors")
    print(f"{'period':<8}{'slope':>20}{'Stein':>20}")
    noise = errors.noise
    columns = (noise.slope, noise.slope_error, noise.stein, noise.stein_error)
    for band, slope, slope_error, stein, stein_error in zip(errors.bands, *columns, strict=True):
        first, second = f"{slope:.4f} ± {slope_error:.4f}", f"{stein:.4f} ± {stein_error:.4f}"
        print(f"{band:<8}{first:>20}{second:>20}")


def _print_quality(quality: CallQuality) -> None:
    """What samples lose with fewer calls, and how many are enough."""
    from ..analysis.call_quality import MEASURES, REFERENCE_CALLS

    print(f"\n{quality.samples} samples each; worse than {REFERENCE_CALLS} calls by, in %")
    print("calls " + "".join(f"{name:>20}" for name in MEASURES))
    for calls, losses in quality.loss.items():
        cells = (
            f"{f'{100 * losses[name]:+.2f} ± {100 * quality.error[calls][name]:.2f}':>20}"
            for name in MEASURES
        )
        print(f"{calls:5d} " + "".join(cells))
    if quality.recommended is None:
        print("None of these calls is shown to be enough, to 1 % within two standard errors; more")
        print("calls or more samples are needed.")
    else:
        print(
            f"{quality.recommended} calls are the fewest that are shown to lose less than 1 %, by "
            "two standard errors."
        )
