"""What the likelihood of the weights is worth: ranking of decoys, correlation with accuracy.

    python benchmarks/likelihood.py ranking --data DATASET [--chains 200]
    python benchmarks/likelihood.py accuracy --data DATASET/cameo22 [--csv rows.csv]

``ranking`` asks, for validation chains of at most 256 residues, how often the native structure is
more probable than a changed one: its mirror image; jitter of 0.5 Å per coordinate; the same coarse
fold with every mode of a period under 12 residues redrawn from the Gaussian chain (CA only); and,
given the sequence, another validation chain of the same length. AUC is that share over all pairs
of a native and a changed structure; "paired" compares each with its own.

``accuracy`` takes EigenFold's models of CAMEO 2022 targets (CA only) and gives the Pearson
correlation of the likelihood with lDDT and TM-score to the experiment, over all models (also by
rank, and without models that have flown apart, which decide everything else) and over the models
of one target, beside EigenFold's own bound for the same files.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
import torch
from results import WEIGHTS, write_result
from scipy.stats import rankdata, spearmanr

from protdiff.analysis import log_likelihood
from protdiff.dataset import read_chains
from protdiff.flow import cosine_modes
from protdiff.network.weights import find_weights, load_weights
from protdiff.structure.backbone import Backbone
from protdiff.structure.io.read_write import read

FINE = 12.0
#: Nats per degree of freedom: one model of the table has flown apart, and decides Pearson's r.
EXPLODED = -100.0


def auc(native, changed):
    """Share of pairs of which the native one has the larger value."""
    ranks = rankdata(np.concatenate([native, changed]))
    n, m = len(native), len(changed)
    return (ranks[:n].sum() - n * (n + 1) / 2) / (n * m)


def fine_modes_redrawn(backbone, flow, rng):
    """CA trace with the modes of short periods drawn from the Gaussian chain."""
    n = len(backbone)
    modes = cosine_modes(n).numpy()
    x = modes @ backbone.ca
    fine = 2 * np.pi / flow.momenta[0, :n].numpy() < FINE
    fine[0] = False
    scale = np.sqrt(flow.variance[0, :n].numpy())[:, None]
    x[fine] = (scale * rng.normal(size=(n, 3)))[fine]
    return trace(modes.T @ x, backbone.sequence)


def trace(ca, sequence):
    """A CA-only backbone."""
    coords = np.full((len(ca), 4, 3), np.nan)
    coords[:, 1] = ca
    return Backbone.from_coords(coords, sequence)


def ranking(denoiser, options):
    chains = list(read_chains(options.data, "val"))
    rng = np.random.default_rng(0)
    chosen = [chains[k] for k in rng.permutation(len(chains))[: options.chains]]
    others = {}
    for chain in chains:
        others.setdefault(len(chain.types), []).append(chain)
    kinds = ("native", "mirror image", "jitter of 0.5 Å", "native, CA", "fine modes redrawn, CA",
             "native, sequence", "another chain, sequence")  # fmt: skip
    values = {kind: [] for kind in kinds}
    for number, chain in enumerate(chosen):
        native = chain.backbone()
        mates = [c for c in others[len(native)] if c is not chain]
        mate = mates[rng.integers(len(mates))].backbone() if mates else None
        jitter = 0.5 * rng.normal(size=native.coords.shape)
        structures = {
            "native": (native, None),
            "mirror image": (Backbone.from_coords(native.coords * [1, 1, -1]), None),
            "jitter of 0.5 Å": (Backbone.from_coords(native.coords + jitter), None),
            "native, CA": (trace(native.ca, native.sequence), None),
            "fine modes redrawn, CA": (
                fine_modes_redrawn(native, denoiser.recipe([len(native)]), rng), None,
            ),
            "native, sequence": (native, native.sequence),
            "another chain, sequence": (mate, native.sequence),
        }  # fmt: skip
        for kind, (structure, sequence) in structures.items():
            value = np.nan
            if structure is not None:
                value = log_likelihood(
                    denoiser, structure, sequence=sequence, samples=1, seed=number
                ).value
            values[kind].append(value)
    values = {kind: np.array(v) for kind, v in values.items()}
    print(f"{len(chosen)} validation chains, {options.weights or 'shipped weights'}, 17 calls each")
    print(f"native: {values['native'].mean():.3f} nats per degree of freedom (mean)\n")
    print(f"{'native against':28} {'mean':>8} {'AUC':>7} {'paired':>7} {'chains':>7}")
    paired, areas = {}, {}
    for kind, base in (
        ("mirror image", "native"),
        ("jitter of 0.5 Å", "native"),
        ("fine modes redrawn, CA", "native, CA"),
        ("another chain, sequence", "native, sequence"),
    ):
        there = np.isfinite(values[kind])
        a, b = values[base][there], values[kind][there]
        paired[kind], areas[kind] = (a > b).mean(), auc(a, b)
        print(f"{kind:28} {b.mean():8.3f} {auc(a, b):7.4f} {(a > b).mean():7.4f} {there.sum():7d}")

    numbers = {"chains": len(chosen), "paired": paired, "auc": areas}
    write_result("likelihood_ranking", numbers, weights=weights_file(options))


def weights_file(options):
    """The file that is measured."""
    return Path(find_weights(options.weights)) if options.weights else WEIGHTS


def correlations(value, accuracy, target):
    """Pearson r over all, and mean and median over targets."""
    every = np.corrcoef(value, accuracy)[0, 1]
    per = []
    for name in dict.fromkeys(target):
        rows = np.array([t == name for t in target])
        if value[rows].std() > 0 and accuracy[rows].std() > 0:
            per.append(np.corrcoef(value[rows], accuracy[rows])[0, 1])
    return every, np.mean(per), np.median(per)


def accuracy(denoiser, options):
    with (options.data / "expected.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    columns = {"without sequence": [], "with sequence": []}
    for row in rows:
        model = read(options.data / "models" / row["model"], ca_only=True)
        for kind, sequence in zip(columns, (None, model.sequence), strict=True):
            estimate = log_likelihood(denoiser, model, sequence=sequence, samples=1)
            columns[kind].append(estimate.value)
    columns["EigenFold's own bound"] = [float(row["elbo_nats_per_dof"]) for row in rows]
    target = [row["reference"] for row in rows]
    table = np.array(list(columns.values()))
    whole = (table > EXPLODED).all(0)
    print(f"{len(rows)} models of {len(set(target))} targets, correlation with accuracy")
    print(f"{'':30} {'':5} {'all':>6} {'Spearman':>9} {whole.sum():4d} models {'per target':>20}")
    numbers = {"models": len(rows), "lddt": {}, "tm": {}}
    for kind, values in columns.items():
        for metric in ("lddt", "tm"):
            known, value = np.array([float(row[metric]) for row in rows]), np.array(values)
            every, mean, median = correlations(value, known, target)
            rank, without = (
                spearmanr(value, known)[0],
                np.corrcoef(value[whole], known[whole])[0, 1],
            )
            numbers[metric][kind] = {"whole": without, "mean": mean, "median": median}
            print(
                f"{kind:30} {metric:5} {every:6.3f} {rank:9.3f} {without:11.3f}   "
                f"mean {mean:.3f}, median {median:.3f}"
            )
    write_result("likelihood_accuracy", numbers, weights=weights_file(options))
    if options.csv:
        with options.csv.open("w", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["model", "lddt", "tm", *columns])
            for k, row in enumerate(rows):
                writer.writerow([row["model"], row["lddt"], row["tm"],
                                 *(f"{values[k]:.4f}" for values in columns.values())])  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("ranking", "accuracy"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights")
    parser.add_argument("--chains", type=int, default=200)
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    denoiser = load_weights(find_weights(options.weights), "cpu")
    {"ranking": ranking, "accuracy": accuracy}[options.what](denoiser, options)


if __name__ == "__main__":
    main()
