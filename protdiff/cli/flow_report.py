"""`protdiff flow report`: where the errors of samples come from."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .._system.files import write_json
from ._shared.progress import progress_bar
from .thermo import load_chains

__all__ = ["report"]

POINTS = 21


def report(
    data: Annotated[
        Path, typer.Option(help="Real chains: a chain archive (validation split) or a folder.")
    ],
    weights: Annotated[str | None, typer.Option(help="Shipped weights, or a file.")] = None,
    calls: Annotated[
        list[int] | None, typer.Option(min=2, help="Network calls per sample; 8 16 32 by default.")
    ] = None,
    length: Annotated[int, typer.Option(min=16, help="Chains within 10 % of it are taken.")] = 100,
    chains: Annotated[int, typer.Option(min=4, help="How many chains at most.")] = 32,
    out: Annotated[Path | None, typer.Option(help="JSON file for the numbers.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
):
    """Start, step and score error of the weights, per band, and how many calls they deserve.

    Start and steps: closed forms of the Gaussian chain. Score: what a linear recalibration of the
    network would gain on held-out chains, a lower bound of its error.
    """
    from ..analysis import report_sampler
    from ..network.weights import find_weights, load_weights

    path = find_weights(weights)
    denoiser = load_weights(path)
    calls = sorted(set(calls or [8, 16, 32]))
    backbones = load_chains(data, length, chains)
    if len(backbones) < 4:
        raise ValueError(f"--data {data}: {len(backbones)} chains of about {length} residues; 4 do")
    with progress_bar(POINTS + len(calls), "measuring", "parts") as advance:
        found = report_sampler(
            denoiser, backbones, calls, points=POINTS, seed=seed, advance=advance
        )
    show(found)
    if out is not None:
        write_json(out, {"weights": path.stem, **asdict(found)})
        typer.echo(out)


def show(found):
    """The table and the recommendation on the terminal."""
    print(f"{found.chains} chains, {found.residues} residues; nats per chain")
    titles = "".join(f"{f'{n} calls':>11}" for n in found.steps)
    print(f"{'period':<8}{'start':>10}{titles}{'score, at least':>20}{'learned':>11}")
    columns = (found.bands, found.start, found.score, found.score_error, found.learned)
    for row, (band, start, score, error, learned) in enumerate(zip(*columns, strict=True)):
        cells = "".join(f"{values[row]:11.2g}" for values in found.steps.values())
        print(f"{band:<8}{start:10.2g}{cells}{score:12.2f} ± {error:5.2f}{learned:11.1f}")
    sums = "".join(f"{sum(values):11.2g}" for values in found.steps.values())
    print(
        f"{'all':<8}{sum(found.start):10.2g}{sums}{sum(found.score):12.2f}        "
        f"{sum(found.learned):11.1f}"
    )
    if found.recommended is None:
        print("More calls are needed: in some band steps cost more than the network's own error.")
    else:
        print(
            f"{found.recommended} calls are enough: in every band their steps cost less than the "
            "network's own error, as far as it can be measured."
        )
