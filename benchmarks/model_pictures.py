"""Pictures of samples: those of docs/reference/model.md, and the README's.

    python benchmarks/model_pictures.py

draws the backbones and the film of README and docs/index.md by the commands of `make demo` and
docs/howto/film.md. `model.py` draws the other two from what it has measured.
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

from matplotlib.figure import Figure
from results import ROOT

import protdiff
from protdiff.plots.ribbons import plot_backbones


def draw_failures(folder, picture):
    """The worst of the short samples of a folder, each by one measure, side by side."""
    out = folder.with_name(folder.name + "_evaluation")
    with (out / "structures.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if float(row["residues"]) <= 130]
    worst = {
        "most outliers": lambda row: float(row["rama_outliers"]),
        "most close pairs": lambda row: float(row["clashes_3.6"]),
        "P-SEA strand, no DSSP": lambda row: float(row["psea_strand"]) - float(row["dssp_strand"]),
        "least structure": lambda row: float(row["psea_coil"]),
    }
    chosen = []
    for measure in worst.values():
        left = [row for row in rows if row["model"] not in chosen]
        chosen.append(max(left, key=measure)["model"])
    coords = [protdiff.read(model).coords for model in chosen]
    plot_backbones(coords, picture, titles=list(worst))


#: Panels of the picture of calls: key of the measurement, title.
PANELS = {
    "step_ok_trans": "CA bonds, %", "rama_outlier": "Ramachandran outliers, %",
    "dssp_strand": "DSSP strand, %", "frechet": "Fréchet distance",
}  # fmt: skip


def draw_calls(default, even, picture):
    """Quality against network calls; grey: within 10 % of the most calls."""
    figure = Figure(figsize=(10, 2.6), layout="constrained")
    for axes, (key, title) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        last = list(default.values())[-1][key]
        axes.axhspan(0.9 * last, 1.1 * last, color="0.9")
        for rows, label, style in ((even, "sde_2m, even times", "s--"), (default, "default", "o-")):
            calls = [int(n) for n in rows]
            axes.plot(calls, [row[key] for row in rows.values()], style, label=label, ms=4)
        if key == "frechet":
            axes.set_yscale("log")
            axes.set_yticks([5, 10, 20, 50], [5, 10, 20, 50])
        elif key == "step_ok_trans":
            axes.set_ylim(top=101)
        axes.set_xscale("log")
        axes.set_xticks(list(map(int, default)), list(default))
        axes.minorticks_off()
        axes.set_title(title, fontsize=9)
        axes.set_xlabel("network calls", fontsize=8)
        axes.tick_params(labelsize=7)
    axes.legend(fontsize=7)
    figure.savefig(picture, dpi=160, metadata={"Software": None})


def main():
    pictures = ROOT / "docs" / "pictures"
    command = [sys.executable, "-m", "protdiff.cli.app"]
    drawing = ["generate", "--length", "100", "--num", "4", "--seed", "1"]
    with tempfile.TemporaryDirectory() as name:
        designs = Path(name) / "designs"
        words = [*drawing, "--trajectory", "every:1", "--out", designs]
        words += ["--plot", pictures / "backbones.png"]
        subprocess.run([*command, *words], check=True)
        film = designs / "trajectories" / "backbone_0001.pdb"
        words = ["flow", "film", film, "--out", pictures / "film.gif"]
        subprocess.run([*command, *words], check=True)


if __name__ == "__main__":
    main()
