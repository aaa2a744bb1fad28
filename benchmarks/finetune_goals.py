"""What fine-tuning on a small set gives: the user's folds in the samples, and the loss elsewhere.

    python benchmarks/finetune_goals.py --data DATASET --out FOLDER [--threads 2]
                                        [--kinds helical strand] [--minutes 2 10 | --steps 349]
                                        [--seeds 0 1 2]

Sets of 30 chains of 60 to 160 residues from the test split, mostly helical or rich in strands by
DSSP, are written as PDB files and given to `protdiff.finetune`, once per time and seed. Other
samples than it draws itself are drawn before and after, two of every length of the set; the loss is
that on all chains of the validation split that are not of the kind, with the same times and noise
before and after. Every run is kept in FOLDER as a JSON file: the same command goes on where it was
stopped, and prints the table of all.
"""

import argparse
import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from results import write_result

import protdiff
from protdiff._system.files import write_json
from protdiff.network.numerics import flush_denormals
from protdiff.network.weights import load_weights
from protdiff.sampling.generate import generate
from protdiff.structure.secondary_structure import STATES
from protdiff.training.chains import load_chains
from protdiff.training.finetune import finetune
from protdiff.training.finetune_settings import FinetuneSettings
from protdiff.training.loss_change import LossChange, loss_change
from protdiff.training.objective import held_out_loss
from protdiff.training.portrait import portrait

CHAINS, MIN_LENGTH, MAX_LENGTH = 30, 60, 160
#: Batches of the loss on other proteins, and the share of them at full resolution, which is that of
#: the network's training.
BATCHES, FULL_SHARE = 48, 0.65
#: Whether a chain with these shares of helix and strand (DSSP) is of the kind.
KINDS = {
    "helical": lambda helix, strand: helix > 0.5 and strand < 0.05,
    "strand": lambda helix, strand: strand > 0.35 and helix < 0.12,
}
#: By minutes: the state that shall gain, and by how many points of a hundred; any other row has
#: no goal. The loss on other proteins shall rise by no more than 2 %.
GOALS = {
    ("helical", 2): ("helix", 8), ("helical", 10): ("helix", 15),
    ("strand", 2): ("strand", 5), ("strand", 10): ("strand", 10),
}  # fmt: skip
MOST_FORGOTTEN = 2.0


def of_kind(chains, kind):
    """Numbers of the chains that are of a kind."""
    chosen = []
    for k, (start, length) in enumerate(zip(chains.starts, chains.lengths, strict=True)):
        states = chains.structure[start : start + length]
        shares = (np.mean(states == STATES.index(letter)) for letter in "HE")
        if KINDS[kind](*shares):
            chosen.append(k)
    return np.array(chosen, int)


def write_set(kind, data, folder, states):
    """PDB files of chains of a kind from the test split; returns these chains."""
    chains = load_chains(data, "test", max_length=MAX_LENGTH, cache=states)
    chains = chains.take(np.flatnonzero(chains.lengths >= MIN_LENGTH)).compact()
    chosen = np.random.default_rng(0).permutation(of_kind(chains, kind))[:CHAINS]
    folder.mkdir(parents=True, exist_ok=True)
    for k in chosen:
        protdiff.write(chains[int(k)].backbone(), folder / f"{chains[int(k)].name}.pdb")
    return chains.take(chosen)


@cache
def drawn(weights, lengths, seed):
    """Two backbones of every length; those of the original weights serve all budgets."""
    return generate(list(lengths) * 2, num=2 * len(lengths), seed=seed, weights=weights)


@cache
@flush_denormals()
def draws(weights, kind, data, states):
    """Loss of weights on the chains of the validation split that are not of a kind."""
    chains = load_chains(data, "val", max_length=256, cache=states)
    chains = chains.take(np.setdiff1d(np.arange(len(chains)), of_kind(chains, kind)))
    config = FinetuneSettings(full_share=FULL_SHARE).training()
    return held_out_loss(load_weights(weights), chains, config, BATCHES).draws


def run(kind, seed, options):
    """One fine-tuning: the numbers of `protdiff.finetune`, and the change on other proteins."""
    name = f"{kind}-{options.length}-{seed}"
    path, states = options.out / f"{name}.json", options.out / "cache"
    if path.is_file():
        return json.loads(path.read_text())
    chains = write_set(kind, options.data, options.out / kind, states)
    weights = options.out / f"{name}.safetensors"
    settings = FinetuneSettings(seed=seed, **options.budget)
    print(f"\n{name}", flush=True)
    numbers = finetune(
        [options.out / kind], weights, settings=settings,
        report=lambda text: print(text, flush=True),
    )  # fmt: skip
    lengths = tuple(int(n) for n in chains.lengths)
    for when, of in (("before", None), ("after", weights)):
        numbers[when] = portrait(drawn(of, lengths, 1000 + seed), chains)
    change = loss_change(*(draws(of, kind, options.data, states) for of in (None, weights)))
    numbers |= {"kind": kind, "seed": seed, "rest_change": change._asdict()}
    write_json(path, numbers)
    return numbers


def row(kind, length, numbers):
    """A line of the table: points gained, changes of the loss in per cent, goals met."""
    before, after = numbers["before"], numbers["after"]
    gained = {key: 100 * (after[key] - before[key]) for key in ("helix", "strand")}
    rest = LossChange(**numbers["rest_change"])
    goal = GOALS.get((kind, length))
    met = None
    if goal:
        met = bool(gained[goal[0]] >= goal[1] and 100 * rest.mean <= MOST_FORGOTTEN)
    return {
        "seed": numbers["seed"], "steps": numbers["steps"], "kept_step": numbers["kept_step"],
        "gained": gained, "frechet": [before["frechet"], after["frechet"]],
        "held_out": numbers["loss_change"], "others": numbers["others_change"],
        "rest": rest._asdict(), "met": met,
    }  # fmt: skip


def print_table(tables):
    """All runs as a table in Markdown."""
    print("\n| set | budget | seed | steps | kept | helix | strand | Fréchet | held out | "
          "own samples | other proteins | goals |")  # fmt: skip
    print("|" + " --- |" * 12)
    for name, rows in tables.items():
        for item in rows:
            changes = [LossChange(**item[key]) for key in ("held_out", "others", "rest")]
            cells = [
                *name.split("-"), item["seed"], item["steps"], item["kept_step"],
                *(f"{item['gained'][key]:+.1f}" for key in ("helix", "strand")),
                " → ".join(f"{value:.0f}" for value in item["frechet"]), *changes,
                {True: "met", False: "MISSED", None: ""}[item["met"]],
            ]  # fmt: skip
            print("| " + " | ".join(map(str, cells)) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True, help="made by protdiff data build, or an archive")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--minutes", nargs="+", type=int, default=[2, 10])
    parser.add_argument("--steps", nargs="+", type=int, help="in place of minutes")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    budget, unit = ("steps", " steps") if options.steps else ("minutes", " min")
    tables = {}
    for length in getattr(options, budget):
        options.length, options.budget = f"{length}{unit}".replace(" ", ""), {budget: length}
        for kind in options.kinds:
            runs = [run(kind, seed, options) for seed in options.seeds]
            goal_length = None if options.steps else length
            tables[f"{kind}-{length}{unit}"] = [row(kind, goal_length, item) for item in runs]
    print_table(tables)
    write_result("finetune_goals", tables, cores=options.threads)


if __name__ == "__main__":
    main()
