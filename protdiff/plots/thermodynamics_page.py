"""Entropy production of a network, its replicas and where its trajectories part, as a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from .._system.files import save_figure

if TYPE_CHECKING:
    from os import PathLike

    from matplotlib.axes import Axes

    from ..analysis.network_speciation import NetworkSpeciation
    from ..analysis.network_thermodynamics import ThermoReport
    from ..analysis.replicas import ReplicaDistances

__all__ = ["draw_thermo"]

NETWORK, TRUTH, GAUSSIAN = "#2b6cb0", "#e07b39", "0.45"


def draw_thermo(report: ThermoReport, path: str | PathLike[str]) -> None:
    """Draw what `measure_thermodynamics` found, in seven panels, and write a picture.

    Over the period of the cut-off (over the time u for flows that have none): entropy production,
    loss of the bound, replicas, integral fluctuation theorem. The others: cloning curves,
    Franz-Parisi potentials, largest eigenvalues of the Jacobian.

    Parameters
    ----------
    report : ThermoReport
    path : str or path-like
        The file appears whole or not at all.
    """
    figure = Figure(figsize=(17, 7.6), dpi=110, layout="constrained")
    panels = list(figure.subplots(2, 4).flat)
    panels.pop().remove()
    production, loss, replicas, cloning, potential, speciation, theorem = panels
    by_period = report.speciation is not None
    period = [s.period if by_period else s.u for s in report.shells]
    production.plot(period, [s.entropy_production for s in report.shells], "o-", color=NETWORK)
    production.set_title("entropy production by shell, nats per residue", fontsize=10)
    loss.plot(period, [s.bound for s in report.shells], "o-", color=NETWORK)
    loss.set_title(f"bound spent by {len(report.shells)} steps, nats per residue", fontsize=10)
    rows = report.replicas
    places = [r.period if by_period else r.u for r in rows]
    between, truth = [r.between for r in rows], [r.to_truth for r in rows]
    replicas.plot(places, between, "o-", color=NETWORK, label="replica to replica")
    replicas.plot(places, truth, "s--", color=TRUTH, label="replica to truth")
    replicas.set_title("replicas of one noised chain, rms Å per residue", fontsize=10)
    _draw_cloning(cloning, rows)
    _draw_potentials(potential, rows)
    _draw_eigenvalues(speciation, report.network_speciation)
    _draw_theorem(theorem, report, period)
    for axis in (production, loss, replicas, theorem):
        axis.set_xscale("log" if by_period else "linear")
        axis.set_xlabel("period at the cut-off, residues" if by_period else "u", fontsize=9)
    for axis in panels:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    for axis in (replicas, potential, speciation):
        axis.legend(frameon=False, fontsize=8)
    save_figure(figure, path)


def _draw_cloning(axis: Axes, rows: list[ReplicaDistances]) -> None:
    """Share of pairs of replicas that have one fold, over time."""
    axis.errorbar(
        [r.u for r in rows], [r.same_fold for r in rows], [r.same_fold_error for r in rows],
        fmt="o-", color=NETWORK,
    )  # fmt: skip
    axis.axhline(0.5, color="0.8", lw=0.8)
    axis.set_ylim(-0.03, 1.03)
    axis.set_xlabel("u of the common state (0: data, 1: prior)", fontsize=9)
    axis.set_title("cloning curve φ: share of replicas of one fold (TM ≥ 0.5)", fontsize=10)


def _draw_potentials(axis: Axes, rows: list[ReplicaDistances]) -> None:
    """Potentials of replicas, and of the Gaussian chain in thin lines of the same colours."""
    for k, row in enumerate(rows):
        color = colormaps["viridis"](0.9 * k / max(1, len(rows) - 1))
        found = row.potential
        for values, style in ((found.clones, "o-"), (found.gaussian, ":")):
            kept = [(q, v) for q, v in zip(found.q, values, strict=True) if v is not None]
            label = f"u = {row.u:.2f}" if style == "o-" else None
            axis.plot(
                [q**0.5 for q, _ in kept], [v for _, v in kept], style,
                color=color, ms=3, lw=1.2, label=label,
            )  # fmt: skip
    axis.set_xscale("log")
    axis.set_xlabel("√q, rms Å per residue; dotted: Gaussian chain", fontsize=9)
    axis.set_title("Franz-Parisi potential V(q; u) = -ln P(q)", fontsize=10)


def _draw_eigenvalues(axis: Axes, found: NetworkSpeciation) -> None:
    """Largest eigenvalue of the Jacobian on the path of every chain."""
    for k, (u, values) in enumerate(zip(found.times, found.eigenvalues, strict=True)):
        axis.plot(u, values, ".-", color=NETWORK, lw=0.9, label=None if k else "noised real chains")
    axis.axhline(-0.5, color="0.6", lw=0.8, label="trajectories part above")
    if found.gaussian is not None:
        axis.axvline(found.gaussian, color=GAUSSIAN, lw=1, ls=":", label="Gaussian chain parts")
    axis.set_xlabel("u", fontsize=9)
    axis.set_title("largest eigenvalue of $c^{1/2}\\nabla s\\,c^{1/2}$ of the network", fontsize=10)


def _draw_theorem(axis: Axes, report: ThermoReport, places: list[float | None]) -> None:
    """⟨e^{-S}⟩ of every shell, with its standard error; 1 for an exact network."""
    axis.errorbar(
        np.array(places, float), [s.fluctuation for s in report.shells],
        [s.fluctuation_error for s in report.shells], fmt="o-", color=NETWORK,
    )  # fmt: skip
    axis.axhline(1, color="0.6", lw=0.8)
    axis.set_title("⟨exp(-S)⟩ by shell: 1 for an exact network", fontsize=10)
