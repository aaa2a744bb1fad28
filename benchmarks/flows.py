"""The claim of the RGDM paper, on trained networks: RG against DDPM and harmonic diffusion.

    python benchmarks/flows.py train --data DATASET --minutes 4       # resumable; --only rg-0 vp-1
    python benchmarks/flows.py report                      # docs/pictures/flows.png and a table

The same network, data, loss, optimiser and compute for every flow: a run gets as many steps as fit
into `--minutes` of one core, from the cost of a step measured side by side for all flows before the
first run. Without decimation (``rg``, ``rg-heat`` and
``rg-harmonic`` have it) every step works at full resolution.
Samples are raw: temperature 1, second-order SDE sampler, times equally spaced in the flow's own
clock (ln Λ, log-SNR, time of β, ln t). ``edm`` and ``rgdm`` are trained and drawn as published;
RGDM's are CA traces.
All runs take over an hour of one core; two flows and one seed, with `--only`, ten minutes.
"""

import argparse
import csv
import json
import time
from pathlib import Path

import numpy as np
import torch
from results import write_result
from small_runs import COLUMNS, configuration, measure

from protdiff._system.files import save_figure
from protdiff.network.numerics import flush_denormals
from protdiff.training.batches import make_batch
from protdiff.training.chains import load_chains
from protdiff.training.objective import batch_loss
from protdiff.training.trainer import Trainer

OUT = Path(__file__).parent / "out" / "flows"
#: What was measured; runs that are named there are not drawn a second time.
RESULTS = Path(__file__).parent / "flows.csv"
FIGURE = Path(__file__).parents[1] / "docs" / "pictures" / "flows.png"
#: Name here: flow, are coarse chains decimated, label and colour.
FLOWS = {
    "rg": ("rg", True, "RG, decimated", "#d7352f"),
    "rg-full": ("rg", False, "RG, all residues", "#f08a2e"),
    "rg-heat": ("rg-heat", True, "RG, heat kernel, decimated", "#c02f8f"),
    "rg-harmonic": ("rg-harmonic", True, "RG, heat kernel, harmonic prior, decimated", "#111111"),
    "rg-harmonic-full": ("rg-harmonic", False, "the same, all residues", "#8a8a8a"),
    "vp": ("vp", False, "VP, log-SNR linear, prior of real chains", "#2f6fd0"),
    "ddpm": ("ddpm", False, "DDPM, β linear, white noise", "#2bb3a3"),
    "harmonic": ("harmonic", False, "harmonic (EigenFold)", "#7b5cc0"),
    "edm": ("edm", False, "EDM as published: lognormal levels, Heun", "#5b8a3c"),
    "rgdm": ("rgdm-shell", False, "RGDM as published: shell, CA traces", "#b08d57"),
}
#: Trained and drawn as their papers do: further settings of training, and the sampler.
AS_PUBLISHED = {
    "edm": ({"loss": "unit", "times": {"law": "lognormal"}}, "heun"),
    "rgdm": ({"loss": "shell"}, "rgdm"),
}
SEEDS = (0, 1)
CALLS = (5, 10, 20, 40, 80)


def run_configuration(name, seed, steps, data, cache):
    flow, decimate, *_ = FLOWS[name]
    out = OUT / f"{name}-{seed}"
    changes, _ = AS_PUBLISHED.get(name, ({}, ""))
    return configuration(out, data, cache, flow, (seed, steps), {"decimate": decimate}, **changes)


def measured(run, calls):
    """A row of the table; Heun's rule calls the network twice a step."""
    _, sampler = AS_PUBLISHED.get(run.rsplit("-", 1)[0], ({}, "sde_2m"))
    steps = (calls + 1) // 2 if sampler == "heun" else calls
    found = measure(OUT / run / "ema.safetensors", steps, sampler)
    return {"run": run} | found | {"calls": calls}


@flush_denormals()
def cost_of_steps(data, cache, rounds=9, each=4):
    """Seconds of one core per training step of every flow: median of rounds taken in turns."""
    torch.set_num_threads(1)
    configs = {name: run_configuration(name, 0, 1, data, cache) for name in FLOWS}
    chains = load_chains(data, "train", max_length=256, cache=cache)
    runs = {name: Trainer(config) for name, config in configs.items()}
    seconds = {name: [] for name in FLOWS}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            began = time.process_time()
            for step in range(turn * each, (turn + 1) * each):
                batch = make_batch(chains, run.denoiser.recipe, configs[name], step)
                batch_loss(run.denoiser, batch, configs[name], step)[0].backward()
            if turn:  # the first turn warms up
                seconds[name].append((time.process_time() - began) / each)
    return {name: float(np.median(some)) for name, some in seconds.items()}


def train_all(arguments):
    OUT.mkdir(parents=True, exist_ok=True)
    table, cache = OUT / "cost.json", arguments.cache or OUT / "cache"
    if not table.is_file():
        table.write_text(json.dumps(cost_of_steps(arguments.data, cache)))
    cost = json.loads(table.read_text())
    wanted = arguments.only or [f"{name}-{seed}" for seed in SEEDS for name in FLOWS]
    for run in wanted:
        name, seed = run.rsplit("-", 1)
        steps = int(60 * arguments.minutes / cost[name])
        print(f"{run}: {steps} steps of {cost[name]:.3f} s", flush=True)
        Trainer(run_configuration(name, int(seed), steps, arguments.data, cache)).fit()


def report(arguments):
    path = RESULTS
    rows = list(csv.DictReader(path.open())) if path.is_file() else []
    done = {(row["run"], int(row["calls"])) for row in rows}
    torch.set_num_threads(1)
    for run in arguments.only or [f"{name}-{seed}" for name in FLOWS for seed in SEEDS]:
        if not (OUT / run / "ema.safetensors").is_file():
            continue
        for calls in CALLS:
            if (run, calls) in done:
                continue
            rows.append(measured(run, calls))
            print(rows[-1], flush=True)
            with path.open("w", newline="") as handle:
                writer = csv.DictWriter(handle, rows[0])
                writer.writeheader()
                writer.writerows(rows)
    for row in rows:
        row.update({k: float(v) for k, v in row.items() if k != "run"})
    show(rows)
    plot(rows)
    write_result("flows", summary(rows), weights=None, cores=1)


def of(rows, name, calls):
    return [r for r in rows if r["run"].rsplit("-", 1)[0] == name and r["calls"] == calls]


def summary(rows):
    """Mean over seeds and half of their difference, by flow and number of calls."""
    flows = {}
    for name in FLOWS:
        for calls in CALLS:
            some = of(rows, name, calls)
            if some:
                flows.setdefault(name, {})[str(calls)] = {
                    column: {
                        "mean": np.mean([row[column] for row in some]),
                        "sd": np.ptp([row[column] for row in some]) / 2,
                    }
                    for column in ("seconds", *COLUMNS)
                }
    return {"floor": rows[0]["floor"], "flows": flows}


def show(rows):
    """The table in Markdown: mean over seeds ± half their difference."""
    print(f"\n| flow | calls | s/sample | {' | '.join(COLUMNS)} |")
    print("| --- | --- | --- |" + " --- |" * len(COLUMNS))
    for name, (*_, label, _colour) in FLOWS.items():
        for calls in CALLS:
            some = of(rows, name, calls)
            if some:
                cells = []
                for column in ("seconds", *COLUMNS):
                    values = [r[column] for r in some]
                    digits = 1 if max(values) >= 10 else 2
                    spread = f" ± {np.ptp(values) / 2:.{digits}f}" if len(values) > 1 else ""
                    cells.append(f"{np.mean(values):.{digits}f}{spread}")
                print(f"| {label} | {calls} | {' | '.join(cells)} |")
    print(f"\nFréchet distance of real chains to real chains: {rows[0]['floor']:.1f}")


def plot(rows):
    """Quality against calls, and against seconds."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter

    shown = ("bonds", "clashes", "bands", "frechet")
    figure = Figure(figsize=(15, 7), layout="constrained")
    axes = figure.subplots(2, len(shown))
    for line, (axis_name, title) in enumerate(
        (("calls", "network calls per sample"), ("seconds", "seconds per sample of one core"))
    ):
        for axis, column in zip(axes[line], shown, strict=True):
            for name, (*_, label, colour) in FLOWS.items():
                groups = [some for calls in CALLS if (some := of(rows, name, calls))]
                if not groups:
                    continue
                x = [np.mean([r[axis_name] for r in some]) for some in groups]
                y = np.array([[min(v), np.mean(v), max(v)] for some in groups
                              for v in [[r[column] for r in some]]])  # fmt: skip
                axis.plot(x, y[:, 1], "o-", color=colour, label=label, ms=4)
                axis.fill_between(x, y[:, 0], y[:, 2], color=colour, alpha=0.18, lw=0)
            if column == "frechet":
                axis.axhline(rows[0]["floor"], color="0.5", lw=1, ls=":")
            axis.set_xscale("log")
            axis.xaxis.set_minor_formatter(NullFormatter())
            if axis_name == "calls":
                axis.set_xticks(CALLS, CALLS)
                axis.minorticks_off()
            if column != "bonds":
                axis.set_yscale("log")
            axis.set_xlabel(title)
            axis.set_title(COLUMNS[column], fontsize=10)
            axis.grid(alpha=0.2)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=4,
        fontsize=9,
        frameon=False,
    )
    save_figure(figure, FIGURE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("train")
    verb.add_argument("--data", type=Path, required=True)
    verb.add_argument("--minutes", type=float, default=10, help="of one core, for every run")
    verb.add_argument("--only", nargs="*", help="runs, NAME-SEED")
    verb.add_argument("--cache", type=Path)
    verb.set_defaults(call=train_all)
    verb = verbs.add_parser("report")
    verb.add_argument("--only", nargs="*", help="runs, NAME-SEED; those measured before stay")
    verb.set_defaults(call=report)
    arguments = parser.parse_args()
    arguments.call(arguments)


if __name__ == "__main__":
    main()
