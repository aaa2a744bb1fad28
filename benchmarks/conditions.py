"""Variations by scale, restraints and symmetry: what is asked for beside what comes out.

python benchmarks/conditions.py --data ../shared/data --out benchmarks/conditions.md
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import protdiff
from protdiff.conditioning import Contacts, KeepFold, KeepFragments, RadiusOfGyration, Symmetry
from protdiff.conditioning.symmetry import symmetry_error
from protdiff.dataset import read_chains
from protdiff.metrics.quality import near_pairs, quality
from protdiff.metrics.superposition import rmsd

FRAGMENT, RESTRAINTS, TOLERANCE, UNIT = 9, 10, 1.0, 60


def variations(chains, weights):
    yield "| what | chains | TM, median | CA RMSD, median (least) | 9-residue RMSD, median |"
    yield "| --- " * 5 + "|"
    for label, make in (("fine, 12", KeepFold), ("coarse, 12", KeepFragments)):
        rows = []
        for seed, real in enumerate(chains):
            [made] = protdiff.generate(condition=make(real), seed=seed, weights=weights)
            a, b = torch.tensor(made.ca), torch.tensor(real.ca)
            window = torch.arange(len(real) - FRAGMENT + 1)[:, None] + torch.arange(FRAGMENT)
            found = protdiff.score(made, real)
            rows.append([found.tm, found.rmsd, float(rmsd(a[window], b[window]).median())])
        tm, far, local = np.median(rows, 0)
        least = min(row[1] for row in rows)
        yield f"| {label} | {len(rows)} | {tm:.2f} | {far:.2f} ({least:.2f}) Å | {local:.2f} Å |"


def restraints(chains, weights):
    met = []
    for seed, real in enumerate(chains):
        rng = np.random.default_rng(seed)
        distance = np.linalg.norm(real.ca[:, None] - real.ca[None], axis=-1)
        first, second = np.triu_indices(len(real), 6)
        pairs = rng.permutation(np.flatnonzero(distance[first, second] < 10))[:RESTRAINTS]
        asked = [
            (first[p] + 1, second[p] + 1, distance[first[p], second[p]], TOLERANCE) for p in pairs
        ]
        [made] = protdiff.generate(
            length=len(real), condition=Contacts(asked), seed=seed, weights=weights
        )
        met += [
            abs(np.linalg.norm(made.ca[i - 1] - made.ca[j - 1]) - d) <= t for i, j, d, t in asked
        ]
    yield f"Contacts met within {TOLERANCE} Å: {np.mean(met):.1%} of {len(met)} (goal 90 %)."
    worst = 0.0
    for seed, factor in enumerate((0.8, 1.0, 1.2, 1.4, 1.6)):
        target = factor * 2.2 * 80**0.38
        [made] = protdiff.generate(
            length=80, condition=RadiusOfGyration(target), seed=seed, weights=weights
        )
        worst = max(worst, abs(quality(made)["rg"] / target - 1))
    yield ""
    yield (
        f"Radius of gyration, 0.8 to 1.6 times 2.2 N^0.38, 80 residues: off by {worst:.1%} at most "
        "(goal 3 %)."
    )


def assemblies(names, num, weights):
    yield (
        "| symmetry | samples | error | no clash between chains | contacts between chains per "
        "residue | CA bonds of the unit |"
    )
    yield "| --- " * 6 + "|"
    for name in names:
        rows = []
        for made in protdiff.generate(
            length=UNIT, num=num, condition=Symmetry(name), weights=weights
        ):
            pair = near_pairs(made, 8.0)
            between = pair.distance[made.chain_ids[pair.first] != made.chain_ids[pair.second]]
            rows.append([
                symmetry_error(made, name), (between < 3).any(), len(between) / len(made),
                quality(made.chain("A"))["ca_bonds"],
            ])  # fmt: skip
        error, clash, contacts, bonds = np.array(rows, float).T
        yield (
            f"| {name} | {num} | {error.max():.0e} Å | {1 - clash.mean():.0%} | "
            f"{contacts.mean():.2f} | {bonds.mean():.3f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/conditions.md"))
    parser.add_argument("--chains", type=int, default=40)
    parser.add_argument("--longest", type=int, default=200)
    parser.add_argument("--num", type=int, default=10, help="assemblies of each symmetry")
    parser.add_argument("--symmetries", default="C2,C3,C4,C5,C6,C7,C8,D2,D3,D4,T,O,I")
    parser.add_argument("--weights")
    options = parser.parse_args()
    torch.set_num_threads(1)
    chains = read_chains(options.data, "val", max_length=options.longest)
    order = np.random.default_rng(1).permutation(len(chains))[: options.chains]
    chains = [chains[k].backbone() for k in order]
    lines = [
        "# Variations, restraints, symmetry", "",
        f"Default settings, from `python benchmarks/conditions.py` (protdiff "
        f"{protdiff.__version__}); validation chains of up to {options.longest} residues.", "",
    ]  # fmt: skip
    parts = (
        variations(chains, options.weights),
        restraints(chains, options.weights),
        assemblies(options.symmetries.split(","), options.num, options.weights),
    )
    for part in parts:
        for line in part:
            print(line, flush=True)
            lines.append(line)
        lines.append("")
        options.out.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
