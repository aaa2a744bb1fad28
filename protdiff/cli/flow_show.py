"""`protdiff flow show`: a flow as a table, and as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..flow.zoo import FLOWS, SHIPPED
from ..sampling.settings import MAX_STEPS
from ..structure.constants import MAX_LENGTH
from ._shared.flow_options import FlowOptions

if TYPE_CHECKING:
    from ..flow import ChainFlow
    from ..flow.flow_choice import FlowChoice

__all__ = ["show"]


def show(
    *,
    name: Annotated[
        str,
        typer.Argument(
            help=f"One of {', '.join(FLOWS)}; or the configuration of a training, a .toml file.",
            show_default=True,
        ),
    ] = SHIPPED,
    changes: FlowOptions,
    length: Annotated[int, typer.Option(min=8, max=MAX_LENGTH, help="Residues.")] = 100,
    steps: Annotated[int, typer.Option(min=2, max=MAX_STEPS, help="Network calls.")] = 50,
    rows: Annotated[int, typer.Option(min=2, help="Lines of the table.")] = 16,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Picture, .png, .svg or .pdf: log-SNR of every mode over time, and the prior."
        ),
    ] = None,
) -> None:
    """Print a flow: its prior, its ends, and what is resolved at which step, coarse to fine.

    The options from --schedule to --signal-last change the named flow; they are the keys of the
    table "flow" in the configuration of a training.
    """
    from .._system.files import PICTURES, ensure_writable
    from ._shared.options import check_ending

    check_ending("--plot", plot, *PICTURES)
    if plot is not None:
        ensure_writable(plot)
    choice = changes.choice(name)
    flow = choice.recipe()
    _print_flow(choice, flow, length)
    _print_table(flow, length, steps, min(rows, steps))
    if plot is not None:
        from ..plots.flow_figure import draw_flow

        draw_flow(choice.title, flow, length, plot)
        print(plot)


def _print_flow(choice: FlowChoice, recipe: ChainFlow, length: int) -> None:
    """Components, prior and start."""
    from ..analysis.flow_table import prior_sizes
    from ..flow import BASES, cosine_modes
    from ..flow.eigenfold import steps as eigenfold_steps
    from ..flow.rgdm import shell_steps
    from ..flow.sampler_error import initialisation_error
    from ..flow.zoo import FLOWS

    flow = recipe([length])
    changed = ["", *(f"{key} = {value}" for key, value in choice.changes.items())]
    print(f"{choice.name}: {FLOWS[choice.name].description}{'; here '.join(changed[:2])}", end="")
    print("".join(f", {change}" for change in changed[2:]))
    print(
        f"chain of {length} residues: {int(flow.mask[:, :length].sum())} components of the trace "
        f"({recipe.basis}), {int(flow.mask[:, length:].sum())} link vectors"
    )
    if not recipe.links:
        print("no link vectors: it draws CA traces, whose N, C and O cannot be placed")
    if BASES[recipe.basis].modes is not cosine_modes:
        print("a network of this flow needs `component_clocks`; it takes no conditions of designs")
    for prior in prior_sizes(recipe, length):
        print(
            f"prior {prior.name:<14} rms bond {prior.bond:6.3f} Å   "
            f"radius of gyration {prior.rg:6.2f} Å"
        )
    if recipe.schedule in ("rg", "rgdm", "shell") and recipe.basis != "laplacian":
        shell, down = shell_steps(length)
        print(f"RGDM takes {shell + down} steps, each mode {shell} of them in the shell")
    elif recipe.basis == "laplacian" and recipe.prior == "harmonic":
        print(f"EigenFold takes {eigenfold_steps(length)} steps")
    if bool((flow.variance == flow.prior)[flow.mask].all()):
        print("start: the noised Gaussian chain itself, because the prior has its variances")
    else:
        start = float(initialisation_error(flow).sum())
        print(f"start: {start:.2g} nats from the noised Gaussian chain of real variances")


def _print_table(recipe: ChainFlow, length: int, steps: int, lines: int) -> None:
    """Some of the steps, evenly spaced, and the cost of all."""
    from ..analysis.flow_table import flow_table
    from ..flow import uniform_times

    table = flow_table(recipe, length, uniform_times(steps))
    fastest = "links" if recipe.links else "fastest"
    print("\nstep      u  half resolved      modes   beads   signal of   signal of")
    print("             at (residues)      shown            slowest     " + fastest)
    for index in sorted({round(i * (steps - 1) / (lines - 1)) for i in range(lines)}):
        row = table[index]
        half = "-" if row.half_resolved is None else f"{row.half_resolved:.1f}"
        print(
            f"{index:4d}  {row.u:5.3f}  {half:>13}  {f'{row.modes}/{row.all_modes}':>9}  "
            f"{row.beads:6d}  {row.slowest:10.4f}  {row.fastest:10.4f}"
        )
    cost = sum(row.beads / length for row in table)
    print(f"\n{steps} network calls cost as much as {cost:.1f} at full size")
