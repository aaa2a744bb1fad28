"""A flow as a figure: log-SNR of the modes over time, and the variance of the prior."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from matplotlib import colormaps
from matplotlib.figure import Figure

from .._system.files import save_figure

if TYPE_CHECKING:
    from os import PathLike

    from jaxtyping import Int
    from matplotlib.axes import Axes
    from torch import Tensor

    from ..flow.chain_flow import ChainFlow
    from ..flow.process import Flow

__all__ = ["draw_flow"]

#: Modes whose curves are drawn, spread evenly from the slowest to the fastest.
MAX_CURVES = 24
#: Times at which the curves are computed.
TIMES = 201


def draw_flow(name: str, recipe: ChainFlow, length: int, path: str | PathLike[str]) -> None:
    """Draw the log-SNR of every mode over time, and the prior beside real chains; write a picture.

    Parameters
    ----------
    name : str
        Name of the flow, for the title.
    recipe : ChainFlow
    length : int
        Residues of the chain.
    path : str or path-like
        The file appears whole or not at all.
    """
    flow = recipe([length])
    components = flow.mask[0, :length].nonzero()[:, 0]
    order = components[flow.momenta[0, components].argsort()]
    figure = Figure(figsize=(12, 4.4), dpi=120, layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_log_snr(left, flow, length, order)
    left.set_title(f"{name}, {length} residues: ln SNR of each mode, slowest (dark) to fastest")
    _draw_variance(right, flow, order, by_residue=recipe.basis == "identity")
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    save_figure(figure, path)


def _draw_log_snr(axis: Axes, flow: Flow, length: int, order: Int[Tensor, "modes"]) -> None:
    u = torch.linspace(0, 1, TIMES, dtype=torch.float64)
    chosen = order[torch.linspace(0, len(order) - 1, min(MAX_CURVES, len(order))).round().long()]
    log_ratio = (flow.variance / flow.prior)[0].log()
    gamma = torch.stack([flow.gamma(time[None])[0] for time in u])
    for rank, component in enumerate(chosen.tolist()):
        color = colormaps["viridis"](rank / max(1, len(chosen) - 1))
        axis.plot(u, log_ratio[component] - gamma[:, component], color=color, lw=1.1)
    if bool(flow.mask[0, length:].any()):
        axis.plot(
            u, log_ratio[length] - gamma[:, length], color="#d7352f", lw=1.4, ls="--",
            label="links",
        )  # fmt: skip
        axis.legend(frameon=False, fontsize=9)
    axis.axhline(0, color="0.6", lw=0.8)
    axis.set_xlabel("time u (0: data, 1: prior)")


def _draw_variance(
    axis: Axes, flow: Flow, order: Int[Tensor, "modes"], *, by_residue: bool
) -> None:
    place = order + 1 if by_residue else 2 * torch.pi / flow.momenta[0, order]
    axis.loglog(place, flow.variance[0, order], color="0.35", label="real chains")
    axis.loglog(place, flow.start[0, order], color="#d7352f", label="start of the samplers")
    axis.set_xlabel("residue" if by_residue else "period, residues")
    axis.set_title("variance per coordinate, Å²")
    axis.legend(frameon=False, fontsize=9)
