"""`protdiff flow thermo`: the thermodynamics of trained weights."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .._system.files import write_json
from ._shared.progress import progress_bar

__all__ = ["thermo"]

#: Lengths that count as similar.
WITHIN = 0.1


def thermo(
    data: Annotated[
        Path, typer.Option(help="Real chains: a chain archive (validation split) or a folder.")
    ],
    weights: Annotated[str | None, typer.Option(help="Shipped weights, or a file.")] = None,
    length: Annotated[int, typer.Option(min=16, help="Chains within 10 % of it are taken.")] = 100,
    chains: Annotated[int, typer.Option(min=2, help="How many chains at most.")] = 32,
    shells: Annotated[int, typer.Option(min=4, help="Intervals of the flow.")] = 20,
    steps: Annotated[int, typer.Option(min=2, help="Network calls per replica.")] = 25,
    out: Annotated[Path, typer.Option(help="Folder for thermo.json and thermo.png.")] = Path(
        "thermo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
):
    """Where along the scales structure is made, and how well the network is calibrated.

    Entropy production by shell and, integrated, beside the distance of real chains from the fixed
    point by the probability flow; the bound that a step spends; the speciation scale; and
    replicas: two structures drawn from one noised real chain should be as far from each other as
    from the chain itself.
    """
    from ..analysis import measure_thermodynamics
    from ..network.weights import find_weights, load_weights
    from ..plots.thermodynamics_page import draw_thermo

    path = find_weights(weights)
    denoiser = load_weights(path)
    backbones = load_chains(data, length, chains)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--out {out}: cannot be made ({error.strerror})") from None
    times = 6
    with progress_bar(shells + times + 1, "measuring", "parts") as advance:
        report = measure_thermodynamics(
            denoiser, backbones, shells=shells, replica_times=times, replica_steps=steps,
            seed=seed, advance=advance,
        )  # fmt: skip
    numbers = {"weights": path.stem, **asdict(report)}
    write_json(out / "thermo.json", numbers)
    draw_thermo(report, out / "thermo.png")
    show(report)
    typer.echo(f"thermo.json and thermo.png in {out}")


def load_chains(data, length, count):
    """Whole chains of about this length."""
    from ..dataset import is_dataset, read_chains
    from ..structure.backbone import bonded_to_next
    from ..structure.io.read_write import read
    from ._shared.pairing import find_files

    if not data.is_dir():
        raise ValueError(f"--data {data}: not a folder of chains or structures")

    def fits(n):
        return abs(n - length) <= WITHIN * length

    if is_dataset(data):
        found = [
            c.backbone() for c in read_chains(data, "val", max_length=512) if fits(len(c.types))
        ]
    else:
        found = []
        for file in find_files([str(data)], "--data"):
            backbone = read(file)
            parts = (backbone.chain(name) for name in backbone.chains)
            found += [p for p in parts if fits(len(p)) and p.mask.all() and bonded_to_next(p).all()]
    if len(found) < 2:
        raise ValueError(
            f"--data {data}: {len(found)} unbroken chains within 10 % of {length} residues; "
            "choose another --length"
        )
    return found[:: max(1, math.ceil(len(found) / count))][:count]


def show(report):
    """The tables on the terminal."""
    print(f"{report.chains} chains, {report.residues} residues; nats per residue")
    print("     u    period     entropy  bound of  <p/q>: 1 for any")
    print("        residues  production  one step  denoiser")
    for s in report.shells:
        print(
            f"{s.u:6.3f}  {s.period:8.2f}  {s.entropy_production:10.4f}  {s.bound:8.4f}  "
            f"{s.fluctuation:7.4f} ± {s.fluctuation_error:.4f}"
        )
    total = sum(s.entropy_production for s in report.shells)
    print(f"   all            {total:10.4f}  {sum(s.bound for s in report.shells):8.4f}")
    print(
        "total two ways: {integral:.3f} ± {integral_error:.3f} integrated, {kl:.3f} ± "
        "{kl_error:.3f} as the distance from\nthe fixed point by the probability flow; {gap:+.3f} "
        "± {gap_error:.3f} between them, chain by chain:\n0 for a network that is exact for any "
        "law, real or not; both are lower bounds for real chains".format(**vars(report.balance))
    )
    print(f"speciation: mode 1 has data SNR 1 at a cut-off of period {report.speciation:.0f}")
    print("replicas of one noised chain, rms per residue in Å:")
    print("     u    period   between  to truth     gap")
    for r in report.replicas:
        print(
            f"{r.u:6.3f}  {r.period:8.2f}  {r.between:8.3f}  {r.to_truth:8.3f}  "
            f"{100 * r.gap:+6.1f} ± {100 * r.gap_error:.1f} %"
        )
