"""A page of plots: designs beside real chains of the same lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator

from .._system.files import save_figure
from .._system.words import counted
from .histograms import DESIGNS, PANELS, histograms, plain_axis

if TYPE_CHECKING:
    from os import PathLike

    from matplotlib.axes import Axes

    from ..metrics.evaluation import Evaluation

__all__ = ["draw_page"]

#: Panels of the page.
ROWS, COLUMNS = 4, 4


def draw_page(evaluation: Evaluation, path: str | PathLike[str]) -> None:
    """Draw an `Evaluation` and write a picture, whole or not at all."""
    figure = Figure(figsize=(14, 11.5), dpi=110, layout="constrained")
    axes = figure.subplots(ROWS, COLUMNS).ravel()
    for axis in axes:
        plain_axis(axis)
    for axis, (name, title) in zip(axes, PANELS.items(), strict=False):
        real = evaluation.real.column(name)[evaluation.matched].ravel()
        histograms(axis, title, evaluation.designs.column(name), real)
    modes, diversity, novelty = axes[-3:]
    _modes(modes, evaluation.numbers["modes"])
    if evaluation.diversity is None:
        diversity.set_axis_off()
    else:
        tm = evaluation.diversity.values
        histograms(diversity, "TM-score between designs", tm, limits=(0, 1), unit="share of pairs")
    if evaluation.max_tm:
        tm, real_tm = evaluation.max_tm["designs"], evaluation.max_tm.get("held_out")
        histograms(novelty, "largest TM-score to a known structure", tm, real_tm, limits=(0, 1))
    else:
        novelty.set_axis_off()
    figure.suptitle(
        f"{counted(len(evaluation.designs), 'design')} (blue) and real chains of the same lengths "
        "(grey)",
        fontsize=13,
    )
    save_figure(figure, path)


def _modes(axis: Axes, modes: dict[str, dict[str, float]]) -> None:
    axis.set_ylabel("log of mode variance, designs over real", fontsize=8)
    names = list(modes)
    height = [modes[name]["log_ratio"] for name in names]
    axis.bar(names, height, yerr=[modes[name]["error"] for name in names], color=DESIGNS, width=0.6)
    axis.axhline(0, color="black", lw=0.8)
    axis.yaxis.set_major_locator(AutoLocator())
    axis.set_xlabel("period, residues", fontsize=9)
