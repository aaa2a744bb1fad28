"""`protdiff flow thermo`: the thermodynamics of trained weights."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .._system.files import write_json
from ..sampling.settings import MAX_STEPS
from ..structure.constants import MAX_LENGTH
from ._shared.progress import progress_bar
from ._shared.real_chains import load_real_chains
from ._shared.structure_sets import output_folder

if TYPE_CHECKING:
    from ..analysis.network_thermodynamics import ThermoReport

__all__ = ["thermo"]

#: Times at which replicas branch.
REPLICA_TIMES = 6
#: Entropy in nats that is nothing but the rounding of sums.
ROUNDING = 1e-10


def thermo(
    data: Annotated[
        Path, typer.Option(help="Real chains: a data set (its validation split) or a folder.")
    ],
    weights: Annotated[str | None, typer.Option(help="Shipped weights, or a file.")] = None,
    length: Annotated[
        int, typer.Option(min=16, max=MAX_LENGTH, help="Chains within 10 % of it are taken.")
    ] = 100,
    chains: Annotated[int, typer.Option(min=2, help="How many chains at most.")] = 32,
    shells: Annotated[int, typer.Option(min=4, max=MAX_STEPS, help="Intervals of the flow.")] = 20,
    steps: Annotated[
        int, typer.Option(min=2, max=MAX_STEPS, help="Network calls per replica.")
    ] = 25,
    replicas: Annotated[
        int, typer.Option(min=2, max=100, help="Structures drawn from each noised chain.")
    ] = 4,
    out: Annotated[Path, typer.Option(help="Folder for thermo.json and thermo.png.")] = Path(
        "thermo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Of the noise.")] = 0,
) -> None:
    """At which scales structure forms, and how well the network is calibrated.

    Entropy production by shell, and its sum beside the distance of real chains from the fixed
    point; the bound that each step spends; where trajectories of the network part; and replicas:
    structures drawn from one noised real chain should be as far from each other as from the chain
    itself, and where they have one fold, the fold is decided.
    """
    from ..analysis import measure_thermodynamics
    from ..network.weights import find_weights, load_weights
    from ..plots.thermodynamics_page import draw_thermo

    with output_folder(out):
        path = find_weights(weights)
        denoiser = load_weights(path)
        if denoiser.recipe.schedule == "ve":
            raise ValueError(
                f"--weights {path}: the flow is variance exploding: it has no fixed point, so its "
                "entropy production is not defined; take weights of another flow"
            )
        backbones = load_real_chains(data, length, chains)
        with progress_bar(shells + REPLICA_TIMES + 3, "measuring", "parts") as advance:
            report = measure_thermodynamics(
                denoiser, backbones, shells=shells, replica_times=REPLICA_TIMES,
                replica_steps=steps, replicas=replicas, seed=seed, advance=advance,
            )  # fmt: skip
        numbers = {"weights": path.stem, **asdict(report)}
        write_json(out / "thermo.json", numbers)
        draw_thermo(report, out / "thermo.png")
        _print_report(report)
        print(f"thermo.json and thermo.png in {out}")


def _period(period: float | None) -> str:
    """Eight characters of a table; a dash for flows without a cut-off."""
    return f"{'-':>8}" if period is None else f"{period:8.2f}"


def _print_report(report: ThermoReport) -> None:
    print(f"{report.chains} chains, {report.residues} residues; nats per residue")
    print("     u    period     entropy  bound of  <exp(-S)>: 1 for an exact")
    print("        residues  production  one step  denoiser; bias of steps")
    for s in report.shells:
        print(
            f"{s.u:6.3f}  {_period(s.period)}  {s.entropy_production:10.4f}  {s.bound:8.4f}  "
            f"{s.fluctuation:7.4f} ± {s.fluctuation_error:.4f} {s.fluctuation_bias:+.4f}"
        )
    total = sum(s.entropy_production for s in report.shells)
    print(f"   all            {total:10.4f}  {sum(s.bound for s in report.shells):8.4f}")
    print(
        "total two ways: {integral:.3f} ± {integral_error:.3f} integrated, {kl:.3f} ± "
        "{kl_error:.3f} as the distance from\nthe fixed point by the probability flow; {gap:+.3f} "
        "± {gap_error:.3f} between them, chain by chain:\n0 for a network that is exact for any "
        "law, real or not; both are lower bounds for real chains".format(**vars(report.balance))
    )
    print(
        "trajectories from data to noise, by component: <S> {entropy:.2f}, <exp(-S)> {mean:.3g} ± "
        "{error:.2g}, bias of\nsteps {bias:+.2g}, effective samples {effective:.0f}; Crooks' slope "
        "in shells {slope:.3f} ± {slope_error:.3f}, bias {slope_bias:+.3f};\n1 for an exact "
        "denoiser in small steps, and a mean of few effective samples says nothing".format(
            **vars(report.trajectories)
        )
    )
    if abs(report.trajectories.entropy) < ROUNDING:
        print(
            "no trajectory produces entropy: the network's estimate is that of the prior, for\n"
            "which all of this holds by construction, so nothing was tested"
        )
    _print_speciation(report)
    _print_replicas(report)


def _print_speciation(report: ThermoReport) -> None:
    """When the network's trajectories part, beside two closed forms of a Gaussian chain."""
    found = report.network_speciation
    if found.time is None:
        print(f"trajectories of the network part on {found.parting} of {found.chains} chains")
    else:
        print(
            f"trajectories of the network part from u = {found.time:.3f} ± {found.time_error:.3f}"
            f"{_cutoff(found.period)} down:\nthe largest eigenvalue of its Jacobian c^½∇s c^½ "
            f"passes -1/2, on {found.parting} of {found.chains} noised chains;"
        )
    closed = "never" if found.gaussian is None else f"at u = {found.gaussian:.3f}"
    print(
        f"of a Gaussian chain of these variances {closed}, and its mode 1 has data SNR 1\n"
        f"at u = {report.speciation_time:.2f}{_cutoff(report.speciation)}"
    )


def _cutoff(period: float | None) -> str:
    return "" if period is None else f" (period {period:.0f})"


def _print_replicas(report: ThermoReport) -> None:
    print("replicas of one noised chain, rms per residue in Å; decided: what they have in common,")
    print("from 0 (independent) to 1 (equal); one fold: share of pairs with a TM-score of 0.5")
    print("     u    period  between  to truth            gap  decided     one fold")
    for r in report.replicas:
        print(
            f"{r.u:6.3f}  {_period(r.period)} {r.between:8.3f}  {r.to_truth:8.3f}  "
            f"{100 * r.gap:+5.1f} ± {100 * r.gap_error:<3.1f} %  {r.decided:7.2f}  "
            f"{r.same_fold:.2f} ± {r.same_fold_error:.2f}"
        )
    if report.fold_decided is None:
        print("half of the pairs having one fold: at none of these times")
    else:
        print(
            "the fold is decided, half of the pairs having one, at "
            f"u = {report.fold_decided:.2f}{_cutoff(report.fold_decided_period)}"
        )
