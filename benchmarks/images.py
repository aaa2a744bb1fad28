"""RGDM on images: 32×32 patches of photographs, as published and in protdiff's form.

    pip install scikit-image scikit-learn    # photographs in their wheels; nothing is downloaded
    python benchmarks/images.py train --minutes 4.5 --seeds 2      # resumable; --only rgdm-0 vp-1
    python benchmarks/images.py report --seeds 2   # results/images.json, docs/pictures/images.png

The methods are in `image_flows.py`, the patches and the measures in `image_patches.py`. Every run
has the same small network and as many steps as fit into `--minutes` of one core, from the cost of a
step measured before the first run. All networks draw by the second-order sampler `ode_2m`; those of
`rgdm`, `ddpm` and `white` by the papers' ancestral sampler, too. Measures are of 512 images against
the test patches; the floor is that of 512 training patches. The control is a Gaussian with the
data's variances of modes, the law of `rg` and `vp` if their network returns zero.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from image_flows import draw, methods, published_sampler, to_images
from image_patches import MEASURES, SIDE, Reference
from image_training import Run, load_data
from results import OUT, write_result

from protdiff._system.files import save_figure
from protdiff.flow import ode_2m
from protdiff.network.numerics import flush_denormals

FOLDER = OUT / "images"
FIGURE = Path(__file__).parents[1] / "docs" / "pictures" / "images.png"
NAMES = ("rgdm", "ddpm", "white", "rg", "vp")
#: Rows of the table, "-2m" for `ode_2m`: label, and colour and style of lines.
ROWS = {
    "rgdm": ("RGDM as published", "#d7352f", "-"),
    "rgdm-2m": ("RGDM's network, ode_2m", "#d7352f", "--"),
    "ddpm": ("DDPM as published", "#2f6fd0", "-"),
    "ddpm-2m": ("DDPM's network, ode_2m", "#2f6fd0", "--"),
    "white": ("DDPM at RGDM's noise levels", "#8a5cc0", "-"),
    "white-2m": ("its network, ode_2m", "#8a5cc0", "--"),
    "rg-2m": ("RG, preconditioned, ode_2m", "#111111", "-"),
    "vp-2m": ("VP of the data's spectrum, ode_2m", "#3d9a50", "-"),
}
CALLS = (5, 10, 20, 50, 100)
#: Steps between checkpoints, and training steps that are timed.
SAVE, TIMED = 250, 30
FLOOR_DRAWS = 10
#: Rows of the picture, and images in each.
SHOWN = (
    *(("rgdm", 20), ("rgdm", 100), ("ddpm", 20), ("ddpm", 100), ("white", 100)),
    *(("rgdm-2m", 20), ("ddpm-2m", 20), ("rg-2m", 20), ("vp-2m", 20)),
)
COLUMNS = 26


def plan(minutes: float, parser: argparse.ArgumentParser) -> dict[str, float]:
    """Minutes and steps of every run; measured once and kept beside the runs."""
    path = FOLDER / "plan.json"
    if not path.is_file():
        data, seconds = load_data(), []
        run = Run(methods(data.variance)["rg"], 0)
        for _ in range(TIMED):
            began = time.process_time()
            run.advance(data, TIMED)
            seconds.append(time.process_time() - began)
        cost = float(np.median(seconds))
        found = {"minutes": minutes, "step_seconds": cost, "steps": int(60 * minutes / cost)}
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))
    found = json.loads(path.read_text())
    if found["minutes"] != minutes:
        parser.error(
            f"--minutes {minutes:g}: runs of {found['minutes']:g} minutes were begun; continue "
            f"these, or remove {FOLDER}"
        )
    return found


def train(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    steps = int(plan(arguments.minutes, parser)["steps"])
    data = load_data()
    for name in arguments.only or runs(arguments.seeds):
        method, _, seed = name.rpartition("-")
        if method not in NAMES or not seed.isdecimal():
            parser.error(f"--only {name}: runs are named METHOD-SEED, METHOD one of {NAMES}")
        run, path = Run(methods(data.variance)[method], int(seed)), FOLDER / f"{name}.pt"
        if path.is_file():
            run.load(path)
        print(f"{name}: from step {run.step} to {steps}", flush=True)
        while run.step < steps:
            run.advance(data, steps)
            if run.step % SAVE == 0 or run.step == steps:
                run.save(path)


def runs(seeds: int) -> list[str]:
    return [f"{name}-{seed}" for seed in range(seeds) for name in NAMES]


# Measuring


def trained(name: str, steps: int, parser: argparse.ArgumentParser) -> Run:
    method, _, seed = name.rpartition("-")
    run, path = Run(methods(load_data().variance)[method], int(seed)), FOLDER / f"{name}.pt"
    if path.is_file():
        run.load(path)
    if run.step < steps:
        parser.error(f"run {name} is at step {run.step} of {steps}: continue `train` first")
    return run


def drawn(run: Run, row: str, calls: int, count: int) -> np.ndarray:
    sampler = ode_2m if row.endswith("-2m") else published_sampler
    images = draw(run.method, run.average.eval(), sampler, calls, count, seed=9)
    return load_data().finished(images)


def controls(count: int) -> dict[str, Any]:
    """Measures of training patches and of the Gaussian, and the kurtosis of the test patches."""
    data, rng = load_data(), np.random.default_rng(0)
    reference = Reference(data.test)
    floors = [
        reference.measure(data.train[rng.choice(len(data.train), count, replace=False)])
        for _ in range(FLOOR_DRAWS)
    ]
    return {
        "floor": {
            key: {"mean": np.mean(values), "sd": np.std(values)}
            for key in MEASURES
            for values in [[one[key] for one in floors]]
        },
        "gaussian": reference.measure(gaussian(count)),
        "real_kurtosis": reference.kurtosis,
    }


def gaussian(count: int) -> np.ndarray:
    """Images of independent modes with the data's variances."""
    data, generator = load_data(), torch.Generator().manual_seed(9)
    normal = torch.randn(count, len(data.mean), generator=generator, dtype=torch.float64)
    return data.finished(to_images(normal * data.variance.sqrt()))


def report(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    if not (FOLDER / "plan.json").is_file():
        parser.error("nothing is trained: run `train` first")
    found = json.loads((FOLDER / "plan.json").read_text())
    count, seeds = arguments.samples, range(arguments.seeds)
    every = {name: trained(name, found["steps"], parser) for name in runs(arguments.seeds)}
    path = FOLDER / f"measured-{count}.json"
    measured = json.loads(path.read_text()) if path.is_file() else {}
    reference = Reference(load_data().test)
    for row in ROWS:
        for seed in seeds:
            for calls in CALLS:
                if (key := f"{row} {seed} {calls}") not in measured:
                    run = every[f"{row.removesuffix('-2m')}-{seed}"]
                    measured[key] = reference.measure(drawn(run, row, calls, count))
                    print(key, measured[key], flush=True)
                    path.write_text(json.dumps(measured))
    data = load_data()
    sizes = {
        "train": len(data.train),
        "test": len(data.test),
        "samples": count,
        "seeds": len(seeds),
    }
    numbers = found | sizes | controls(count) | {"rows": summary(measured, seeds)}
    write_result("images", numbers, weights=None, cores=1)
    plot(numbers, wall(every))


def summary(measured: dict[str, dict[str, float]], seeds: range) -> dict[str, Any]:
    """Mean over seeds and half of their difference, by row and number of calls."""
    rows: dict[str, Any] = {row: {"label": label} for row, (label, *_) in ROWS.items()}
    for row in ROWS:
        for calls in CALLS:
            some = [measured[f"{row} {seed} {calls}"] for seed in seeds]
            rows[row][str(calls)] = {
                key: {"mean": np.mean(values), "sd": np.ptp(values) / 2}
                for key in MEASURES
                for values in [[one[key] for one in some]]
            }
    return rows


# Pictures


def wall(every: dict[str, Run]) -> dict[str, np.ndarray]:
    """Images by what they are: real ones, the control, and draws of the first seed."""
    test = load_data().test
    chosen = np.random.default_rng(1).choice(len(test), COLUMNS, replace=False)
    found = {"test patches": test[chosen], "Gaussian": gaussian(COLUMNS)}
    for row, calls in SHOWN:
        images = drawn(every[f"{row.removesuffix('-2m')}-0"], row, calls, COLUMNS)
        found[f"{ROWS[row][0]}, {calls} calls"] = images
    return found


def plot(numbers: dict[str, Any], shown: dict[str, np.ndarray]) -> None:
    """Measures against calls, and images."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator

    figure = Figure(figsize=(13, 8.4), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.2))
    axes = top.subplots(1, len(MEASURES))
    for axis, (key, title) in zip(axes, MEASURES.items(), strict=True):
        for row, (label, colour, style) in ROWS.items():
            cells = [numbers["rows"][row][str(calls)][key] for calls in CALLS]
            mean, spread = (np.array([cell[part] for cell in cells]) for part in ("mean", "sd"))
            axis.plot(CALLS, mean, f"o{style}", color=colour, label=label, ms=4)
            axis.fill_between(CALLS, mean - spread, mean + spread, color=colour, alpha=0.15, lw=0)
        axis.axhline(numbers["gaussian"][key], color="0.6", ls="-.", lw=1.2, label="Gaussian")
        axis.axhline(numbers["floor"][key]["mean"], color="0.4", ls=":", lw=1.2, label="real")
        axis.set_xscale("log")
        axis.set_xticks(CALLS, CALLS)
        axis.minorticks_off()
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_locator(NullLocator())
        axis.set_xlabel("network calls")
        axis.set_title(title, fontsize=10)
        axis.grid(alpha=0.2)
    handles = axes[0].get_legend_handles_labels()
    top.legend(*handles, loc="outside lower center", ncols=5, fontsize=9, frameon=False)
    axis = bottom.subplots()
    axis.imshow(
        np.concatenate([np.concatenate(list(images), 1) for images in shown.values()]),
        cmap="gray", vmin=-1, vmax=1, interpolation="nearest",
    )  # fmt: skip
    axis.set_yticks([SIDE * (i + 0.5) for i in range(len(shown))], list(shown), fontsize=8)
    axis.set_xticks([])
    axis.tick_params(length=0)
    save_figure(figure, FIGURE)


@flush_denormals()
def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    verb = verbs.add_parser("train")
    verb.add_argument("--minutes", type=float, default=4.5, help="of one core, for every run")
    verb.add_argument("--only", nargs="*", help="runs, METHOD-SEED")
    verb.set_defaults(call=train)
    seeds = {"type": int, "default": 2, "help": "runs of every method"}
    verb.add_argument("--seeds", **seeds)
    verb = verbs.add_parser("report")
    verb.add_argument("--seeds", **seeds)
    verb.add_argument("--samples", type=int, default=512, help="images that are measured")
    verb.set_defaults(call=report)
    torch.set_num_threads(1)
    arguments = parser.parse_args()
    arguments.call(arguments, parser)


if __name__ == "__main__":
    main()
