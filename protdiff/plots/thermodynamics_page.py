"""Entropy production of a network and its replicas as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from .._system.files import save_figure

if TYPE_CHECKING:
    from os import PathLike

    from ..analysis.network_thermodynamics import ThermoReport

__all__ = ["draw_thermo"]

NETWORK, TRUTH = "#2b6cb0", "#e07b39"


def draw_thermo(report: ThermoReport, path: str | PathLike[str]) -> None:
    """Draw entropy production, loss of the bound and replicas, and write a picture.

    They are drawn over the period of the cut-off, and over the time u for flows that have none.

    Parameters
    ----------
    report : ThermoReport
    path : str or path-like
        The file appears whole or not at all.
    """
    figure = Figure(figsize=(13, 3.8), dpi=110, layout="constrained")
    production, loss, replicas = figure.subplots(1, 3)
    by_period = report.speciation is not None
    period = [s.period if by_period else s.u for s in report.shells]
    production.plot(period, [s.entropy_production for s in report.shells], "o-", color=NETWORK)
    production.set_title("entropy production by shell, nats per residue", fontsize=10)
    loss.plot(period, [s.bound for s in report.shells], "o-", color=NETWORK)
    loss.set_title(f"bound spent by {len(report.shells)} steps, nats per residue", fontsize=10)
    periods = [r.period if by_period else r.u for r in report.replicas]
    replicas.plot(
        periods,
        [r.between for r in report.replicas],
        "o-",
        color=NETWORK,
        label="replica to replica",
    )
    replicas.plot(
        periods,
        [r.to_truth for r in report.replicas],
        "s--",
        color=TRUTH,
        label="replica to truth",
    )
    replicas.set_title("replicas of one noised chain, rms Å per residue", fontsize=10)
    for axis in (production, loss, replicas):
        axis.set_xscale("log" if by_period else "linear")
        axis.set_xlabel("period at the cut-off, residues" if by_period else "u", fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    replicas.legend(frameon=False, fontsize=8)
    save_figure(figure, path)
