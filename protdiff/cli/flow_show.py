"""`protdiff flow show`: a flow as a table, and as a picture."""

from pathlib import Path
from typing import Annotated

import typer

from ..flow.zoo import FLOWS, SHIPPED

__all__ = ["show"]


def show(
    name: Annotated[
        str, typer.Argument(help=f"One of {', '.join(FLOWS)}.", show_default=True)
    ] = SHIPPED,
    length: Annotated[int, typer.Option(min=8, max=2048, help="Residues.")] = 100,
    steps: Annotated[int, typer.Option(min=2, help="Network calls.")] = 50,
    rows: Annotated[int, typer.Option(min=2, help="Lines of the table.")] = 16,
    plot: Annotated[
        Path | None, typer.Option(help="PNG: log-SNR of every mode over time, and the prior.")
    ] = None,
):
    """Print a flow: prior, end points, steps, and what is resolved when, from coarse to fine."""
    from ..flow import bond_and_rg, calibrated_prior, free_field, uniform_times
    from ..flow.reference_spectrum import real_spectrum
    from ..flow.rgdm import shell_steps
    from ..flow.sampler_error import initialisation_error
    from ..flow.zoo import recipe

    made = recipe(name)
    flow = made([length])
    links = bool(flow.mask[:, length:].any())
    print(f"{name}: {FLOWS[name][0]}")
    print(
        f"chain of {length} residues: {int(flow.mask[:, :length].sum())} components of the trace "
        f"({made.basis}), {int(flow.mask[:, length:].sum())} link vectors"
    )
    if flow.preserving and made.basis in ("cosine", "laplacian"):
        priors = {
            "of this flow": flow.prior[0, 1:length],
            "real chains": real_spectrum()([length])[0, 1:],
            "calibrated": calibrated_prior([length])[0, 1:],
            "RGDM": free_field(flow.momenta[0, 1:length]),
        }
        for title, variance in priors.items():
            bond, radius = bond_and_rg(variance, length)
            print(f"prior {title:<14} rms bond {bond:6.3f} Å   radius of gyration {radius:6.2f} Å")
    if made.schedule in ("rg", "rgdm"):
        shell, down = shell_steps(length)
        print(f"RGDM takes {shell + down} steps, each mode {shell} of them in the shell")
    print(f"start: {float(initialisation_error(flow).sum()):.2g} nats from the noised data")
    times = uniform_times(steps)
    shown = {round(i * (steps - 1) / (min(rows, steps) - 1)) for i in range(min(rows, steps))}
    lines, cost = table(made, flow, length, times)
    print("\nstep      u  half resolved      modes   beads   signal of   signal of")
    print("             at (residues)      shown            slowest     " + (
        "links" if links else "fastest"))  # fmt: skip
    for index in sorted(shown):
        print(lines[index])
    print(f"\n{steps} network calls cost as much as {cost:.1f} at full size")
    if plot is not None:
        from ..plots.flow_figure import draw_flow

        draw_flow(name, made, length, plot)
        print(plot)


def table(recipe, flow, length, times):
    """Lines of the table, and the cost of all calls in calls at full size."""
    from ..network.decimation import bead_count
    from ..network.denoiser import active_modes

    decimated = recipe.schedule == "rg" and recipe.basis == "cosine"
    lines, cost = [], 0.0
    real = flow.mask[0, :length].nonzero()[:, 0]
    order = flow.momenta[0, real].argsort()
    period = 2 * 3.141592653589793 / flow.momenta[0, real][order]
    fastest = length if bool(flow.mask[0, length:].any()) else int(real[order[-1]])
    for index, u in enumerate(times):
        kernel = flow.kernel(u[None])
        share = kernel.alpha**2 * flow.variance / kernel.total  # of signal in what is seen
        active = active_modes(kernel.alpha, flow.mask)[0]
        modes, links = int(active[:length].sum()), bool(active[length:].any())
        beads = bead_count(modes + 1, length) if decimated and not links else length
        cost += beads / length
        resolved = int((share[0, real][order] > 0.5).sum())
        half = f"{float(period[resolved - 1]):.1f}" if resolved else "-"
        lines.append(
            f"{index:4d}  {float(u):5.3f}  {half:>13}  {f'{modes}/{len(real)}':>9}  {beads:6d}  "
            f"{float(share[0, real[order[0]]]):10.4f}  {float(share[0, fastest]):10.4f}"
        )
    return lines, cost
