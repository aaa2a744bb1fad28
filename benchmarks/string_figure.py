"""Picture of docs/concepts/strings.md: noise and its exact reverse, beside the flow of coordinates.

    python benchmarks/string_figure.py

Columns have equal information about the chain, in nats a residue: of strings of the shipped model,
and of coordinates in the Gaussian chain of the shipped flow.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from results import ROOT

import protdiff
from protdiff._system.files import save_figure
from protdiff.flow import cosine_modes
from protdiff.flow.thermodynamics import collapse_time
from protdiff.network.weights import load_weights
from protdiff.sequence.strings import (
    add_noise,
    log_prob,
    marginals,
    noise,
    noised,
    posterior,
    reverse_trajectory,
)
from protdiff.sequence.strings.alphabet import to_symbols
from protdiff.sequence.strings.contraction import any_symbol, sample
from protdiff.sequence.strings.string_model import load_string_model
from protdiff.structure import dssp

if TYPE_CHECKING:
    from protdiff.sequence.strings.string_model import StringModel

TIMES = (0.0, 0.15, 0.4, 0.8, 1.5, 4.0)
#: Colours of H, E and C.
COLOURS = ("#c8553d", "#2f6690", "#d9d9d9")
DRAWS = 200


def string_information(model: StringModel, length: int, t: float) -> float:
    """Mutual information of clean and noised strings, nats a residue."""
    kernel, generator = noise(t, model.frequencies), torch.Generator().manual_seed(0)
    state = noised(model.mps, kernel)
    entropy = -float(log_prob(state, sample(state, length, DRAWS, generator)).mean())
    clean = marginals(model.mps, any_symbol(model.mps, length))[0].sum(0)
    return (entropy - float(clean @ torch.special.entr(kernel).sum(0))) / length


def main() -> None:
    torch.set_num_threads(1)
    backbone = protdiff.read(ROOT / "data" / "examples" / "1a8o.pdb.gz")
    n, model = len(backbone), load_string_model()
    symbols = to_symbols(dssp(backbone.coords))[None]
    generator = torch.Generator().manual_seed(4)
    uniforms = torch.rand(1, n, generator=generator, dtype=torch.float64)
    down = [add_noise(symbols, noise(t, model.frequencies), uniforms)[0] for t in TIMES]
    back = reverse_trajectory(
        model.mps, down[-1][None], TIMES[::-1], model.frequencies, generator
    )[::-1]  # fmt: skip
    nats = [max(string_information(model, n, t), 0.0) for t in TIMES]
    chance = [marginals(*posterior(model.mps, y[None], t, model.frequencies))[0]
              for y, t in zip(down, TIMES, strict=True)]  # fmt: skip
    figure = Figure(figsize=(10, 5.2), layout="constrained")
    axes = figure.subplots(4, len(TIMES), gridspec_kw={"height_ratios": [1, 1, 1, 4]})
    flow = load_weights().recipe([n])
    modes = cosine_modes(n) @ torch.tensor(backbone.ca - backbone.ca.mean(0))
    epsilon = torch.randn(modes.shape, generator=generator, dtype=torch.float64)
    for k, t in enumerate(TIMES):
        for row, picture in enumerate((down[k][None], back[k][:1])):
            axes[row, k].imshow(
                picture, ListedColormap(COLOURS), vmin=-0.5, vmax=2.5, aspect="auto"
            )
        colours = np.array([to_rgb(c) for c in COLOURS])
        axes[2, k].imshow((chance[k].numpy() @ colours)[None], aspect="auto")
        # The time at which the coordinates tell as many chains apart as the string does.
        u = collapse_time(flow, math.exp(max(nats[k] * n, 1e-9)))
        kernel = flow.kernel(u)
        alpha, sigma = (x[0, :n, None] for x in (kernel.alpha, kernel.sigma))
        noisy = alpha * modes + sigma * epsilon
        noisy[0] = 0
        trace = (cosine_modes(n).T @ noisy).numpy()
        axes[3, k].plot(*trace[:, :2].T, color="#444444", linewidth=1)
        axes[3, k].set_aspect("equal", "datalim")
        axes[0, k].set_title(f"t = {t:g}\n{nats[k]:.2f} nats a residue", fontsize=9)
    labels = ("noised", "reverse", "known", "coordinates")
    for row, label in enumerate(labels):
        axes[row, 0].set_ylabel(label, fontsize=8)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    save_figure(figure, ROOT / "docs" / "pictures" / "strings.png")


if __name__ == "__main__":
    main()
