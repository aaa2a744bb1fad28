"""From plain diffusion to autoregression: GUD's steepness, over modes and over residues.

    python benchmarks/gud.py train --data DATASET --steps 1000      # resumable; --only modes-0
    python benchmarks/gud.py report --steps 1000    # results/gud.json, docs/pictures/gud.png

The same small network, data, loss and number of steps for every flow. Steepness 0 is plain
diffusion: all components dissolve together. At 16 they dissolve one after the other: modes coarse
to fine, or residues from the first to the last. All networks see how noisy every component is.
Samples are raw: temperature 1, second-order SDE sampler, times equally spaced. Half an
hour of one core; `--only` makes some of the runs.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import torch
from results import write_result
from small_runs import COLUMNS, configuration, measure

from protdiff._system.files import save_figure
from protdiff.training.trainer import Trainer

OUT = Path(__file__).parent / "out" / "gud"
FIGURE = Path(__file__).parents[1] / "docs" / "pictures" / "gud.png"
BASES = {"modes": ("cosine", "modes, coarse first"), "residues": ("identity", "residues in order")}
COLOURS = {"modes": "#d7352f", "residues": "#2f6fd0"}
STEEPNESS = (0.0, 1.0, 4.0, 16.0)
CALLS = 80


def runs() -> list[str]:
    return [f"{basis}-{a:g}" for a in STEEPNESS for basis in BASES]


def train(arguments: argparse.Namespace) -> None:
    for run in arguments.only or runs():
        basis, a = run.rsplit("-", 1)
        flow = {"name": "gud", "basis": BASES[basis][0], "steepness": float(a)}
        network = {"decimate": False, "component_clocks": True}
        cache = arguments.cache or OUT / "cache"
        config = configuration(
            OUT / run, arguments.data, cache, flow, (0, arguments.steps), network
        )
        print(run, flush=True)
        Trainer(config).fit()


def seconds_of(run: str) -> tuple[int, float]:
    """Steps and seconds of a finished run, from its log."""
    *_, last = csv.DictReader((OUT / run / "training.csv").open())
    return int(last["step"]), float(last["seconds"])


def report(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(1)
    table = OUT / "measured.json"
    rows = json.loads(table.read_text()) if table.is_file() else {}
    for run in runs():
        if run not in rows and (OUT / run / "ema.safetensors").is_file():
            steps, seconds = seconds_of(run)
            if steps < arguments.steps:
                print(f"{run}: at step {steps}, not measured", flush=True)
                continue
            found = measure(OUT / run / "ema.safetensors", CALLS, samples=arguments.samples)
            rows[run] = found | {"steps": steps, "training_seconds": seconds}
            table.write_text(json.dumps(rows))
            print(run, rows[run], flush=True)
    if len({row["steps"] for row in rows.values()}) > 1:
        raise SystemExit("the runs have different numbers of steps: train them alike first")
    write_result("gud", {"samples": arguments.samples, "runs": rows}, weights=None, cores=1)
    plot(rows)


def plot(rows: dict[str, dict[str, float]]) -> None:
    """Quality against steepness."""
    from matplotlib.figure import Figure

    shown = ("bonds", "clashes", "bands", "frechet")
    figure = Figure(figsize=(14, 3.8), layout="constrained")
    for axis, column in zip(figure.subplots(1, len(shown)), shown, strict=True):
        for basis, (_, label) in BASES.items():
            found = [(a, rows[f"{basis}-{a:g}"][column]) for a in STEEPNESS
                     if f"{basis}-{a:g}" in rows]  # fmt: skip
            axis.plot(*zip(*found, strict=True), "o-", color=COLOURS[basis], label=label, ms=4)
        axis.set_xscale("symlog", linthresh=0.5)
        axis.set_xticks(STEEPNESS, [f"{a:g}" for a in STEEPNESS])
        axis.minorticks_off()
        if column != "bonds":
            axis.set_yscale("log")
        axis.set_xlabel("steepness a")
        axis.set_title(COLUMNS[column], fontsize=10)
        axis.grid(alpha=0.2)
    axis.legend(frameon=False, fontsize=9)
    save_figure(figure, FIGURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("train")
    verb.add_argument("--data", type=Path, required=True)
    verb.add_argument("--steps", type=int, default=400)
    verb.add_argument("--only", nargs="*", help="runs, BASIS-STEEPNESS")
    verb.add_argument("--cache", type=Path)
    verb.set_defaults(call=train)
    verb = verbs.add_parser("report")
    verb.add_argument("--steps", type=int, default=400, help="of a finished run")
    verb.add_argument("--samples", type=int, default=64)
    verb.set_defaults(call=report)
    arguments = parser.parse_args()
    arguments.call(arguments)


if __name__ == "__main__":
    main()
