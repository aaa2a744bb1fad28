"""`protdiff flow`: look at the flow."""

from typing import Annotated

import typer

from .thermo import thermo

__all__ = ["app"]

app = typer.Typer(help="Look at the renormalization-group flow.", no_args_is_help=True)


app.command()(thermo)


@app.callback()
def _group():
    pass


@app.command()
def show(
    length: Annotated[int, typer.Option(min=8, max=2048, help="Residues.")] = 100,
    steps: Annotated[int, typer.Option(min=2, help="Network calls.")] = 50,
    rows: Annotated[int, typer.Option(min=2, help="Lines of the table.")] = 16,
):
    """Print the schedule: cut-off, modes and beads from the coarsest step to the finest."""

    from ..flow import ChainFlow, bond_and_rg, calibrated_prior, free_field, uniform_times
    from ..flow.reference import real_spectrum
    from ..flow.rgdm import steps as rgdm_steps
    from ..generation import SPACING
    from ..network.decimation import bead_count
    from ..network.denoiser import active_modes

    recipe = ChainFlow(spectrum=real_spectrum())
    flow = recipe([length])
    k = flow.momenta[:, 1:length]
    priors = {
        "real chains (used)": real_spectrum()([length])[0, 1:],
        "calibrated": calibrated_prior([length])[0, 1:],
        "RGDM": free_field(k[0]),
    }
    print(f"chain of {length} residues: {length - 1} modes, {length - 1} link vectors")
    print(f"schedule: RG, {recipe.regulator} regulator (RGDM takes {rgdm_steps(length)} steps)")
    for name, variance in priors.items():
        bond, radius = bond_and_rg(variance, length)
        print(f"prior {name:<20} rms bond {bond:5.3f} Å   radius of gyration {radius:6.2f} Å")
    print("\nstep      u  cut-off  wavelength      modes  settled down to  beads    links")
    print("             1/res    residues  shown             residues           signal")
    times = uniform_times(steps) ** SPACING
    cost = 0
    chosen = {round(i * (steps - 1) / (min(rows, steps) - 1)) for i in range(min(rows, steps))}
    for index, u in enumerate(times):
        kernel = flow.kernel(u[None])
        active = active_modes(kernel.alpha, flow.mask)[0]
        modes, links = int(active[:length].sum()), bool(active[length:].any())
        beads = length if links else bead_count(modes + 1, length)
        cost += beads / length
        if index in chosen:
            cutoff = float(flow.schedule.log_cutoff(u[None]).exp())
            resolved = int((kernel.alpha[0, 1:length] ** 2 > 0.5).sum())
            half = f"{2 * length / resolved:.1f}" if resolved else "-"
            signal = float(kernel.alpha[0, length] ** 2)
            print(
                f"{index:4d}  {float(u):5.3f}  {cutoff:7.4f}  {6.2832 / cutoff:10.2f}  "
                f"{f'{modes}/{length - 1}':>9}  {half:>15}  {beads:5d}   {signal:6.4f}"
            )
    print(f"\n{steps} network calls cost as much as {cost:.1f} at full size")
