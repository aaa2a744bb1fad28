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
from ._shared.options import check_ending
from ._shared.progress import progress_bar
from ._shared.real_chains import load_real_chains

if TYPE_CHECKING:
    from ..analysis.sampler_report import SamplerReport

__all__ = ["report"]

#: Times of the integral over the flow.
POINTS = 21
#: Chains that the errors are estimated from, at least.
MIN_CHAINS = 4


def report(
    data: Annotated[
        Path, typer.Option(help="Real chains: a chain archive (validation split) or a folder.")
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
    out: Annotated[Path | None, typer.Option(help="JSON file for the numbers.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
) -> None:
    """Errors of samples by band, from start, steps and network, and how many calls are enough.

    Start and steps: closed forms for the Gaussian chain. Score (the network): what a linear
    recalibration of it would gain on held-out chains, a lower bound of its error.
    """
    from ..analysis import report_sampler
    from ..network.weights import find_weights, load_weights

    check_ending("--out", out, ".json")
    with nullcontext() if out is None else output_file(out):
        path = find_weights(weights)
        denoiser = load_weights(path)
        calls = sorted(set(calls or [8, 16, 32]))
        backbones = load_real_chains(data, length, chains)
        if len(backbones) < MIN_CHAINS:
            raise ValueError(
                f"--data {data}: {counted(len(backbones), 'chain')} of about {length} "
                f"residues; at least "
                f"{MIN_CHAINS} are needed"
            )
        with progress_bar(POINTS + len(calls), "measuring", "parts") as advance:
            errors = report_sampler(
                denoiser, backbones, calls, points=POINTS, seed=seed, advance=advance
            )
        _print_errors(errors)
        if out is not None:
            write_json(out, {"weights": path.stem, **asdict(errors)})
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
    if errors.recommended is None:
        print("More calls are needed: in some band steps cost more than the network's own error.")
    else:
        print(
            f"{errors.recommended} calls are enough: in every band their steps cost less than the "
            "network's own error, as far as it can be measured."
        )
