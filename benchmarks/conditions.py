"""Variations by scale, restraints, symmetry, extensions: what was requested beside what comes out.

python benchmarks/conditions.py --data ../shared/data --out benchmarks/conditions.md [--only PART]

With --only, the other parts stay as they are in the output.
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from results import markdown_tables, write_result

import protdiff
from protdiff.conditioning import (
    Contacts,
    KeepFold,
    KeepFragments,
    RadiusOfGyration,
    Repulsion,
    Symmetry,
)
from protdiff.conditioning.symmetry import symmetry_error
from protdiff.dataset import read_chains
from protdiff.metrics.quality import near_pairs, quality
from protdiff.network.weights import load_weights
from protdiff.sampling.extend import draw_extensions
from protdiff.sampling.extension import Extension
from protdiff.structure.superposition import rmsd

FRAGMENT, RESTRAINTS, TOLERANCE, UNIT, SIZES = 9, 10, 1.0, 60, 8
#: New residues of an extension, and how far from a seam a residue is beside it.
ADDED, BESIDE = 150, 5
#: What a condition may cost: share of CA bonds within 0.1 Å of 3.80, CA pairs under 3.0 Å per 100
#: residues, Ramachandran outliers.
QUALITY = ("ca_bonds", "clashes_3.0", "rama_outliers")
PARTS = ("free", "variations", "restraints", "assemblies", "extensions", "long")
#: Residues of a long chain.
LONG = 600
HEAD = "CA bonds | CA pairs < 3.0 Å | outliers"


def cells(backbones):
    """Means of `QUALITY`, as cells of a table."""
    bonds, clashes, outliers = np.mean(
        [[quality(b)[column] for column in QUALITY] for b in backbones], 0
    )
    return f"{bonds:.1%} | {clashes:.2f} | {outliers:.1%}"


def free(chains, weights):
    """Samples of the same lengths without a condition."""
    samples = [
        protdiff.generate(length=len(real), seed=seed, weights=weights)[0]
        for seed, real in enumerate(chains)
    ]
    yield f"| free samples of the same lengths | {HEAD} |"
    yield "| --- " * 4 + "|"
    yield f"| {len(samples)} | {cells(samples)} |"


def variations(chains, weights):
    yield (
        "| redrawn | chains | TM, median | CA RMSD, median (least) | 9-residue RMSD, median | "
        f"{HEAD} |"
    )
    yield "| --- " * 8 + "|"
    for label, make in VARIATIONS.items():
        rows, samples = [], []
        for seed, real in enumerate(chains):
            [sample] = protdiff.generate(condition=make(real), seed=seed, weights=weights)
            samples.append(sample)
            a, b = torch.tensor(sample.ca), torch.tensor(real.ca)
            window = torch.arange(len(real) - FRAGMENT + 1)[:, None] + torch.arange(FRAGMENT)
            scores = protdiff.score(sample, replace(real, residue_names=sample.residue_names))
            rows.append([scores.tm, scores.rmsd, float(rmsd(a[window], b[window]).median())])
        tm, far, local = np.median(rows, 0)
        least = min(row[1] for row in rows)
        yield (
            f"| {label} | {len(rows)} | {tm:.2f} | {far:.2f} ({least:.2f}) Å | {local:.2f} Å | "
            f"{cells(samples)} |"
        )


def nameless(backbone):
    return replace(backbone, residue_names=np.full(len(backbone), "ALA"))


#: The kept scale; the network is shown the residue types of the chain, unless it has none.
VARIATIONS = {
    "fine, 12": KeepFold,
    "fine, 12, types hidden": lambda real: KeepFold(nameless(real)),
    "fine, 8": lambda real: KeepFold(real, 8),
    "fine, 6": lambda real: KeepFold(real, 6),
    "coarse, 12": KeepFragments,
}


def restraints(chains, weights):
    yield f"| request | samples | met | goal | {HEAD} |"
    yield "| --- " * 7 + "|"
    met, samples = [], []
    for seed, real in enumerate(chains):
        rng = np.random.default_rng(seed)
        distance = np.linalg.norm(real.ca[:, None] - real.ca[None], axis=-1)
        first, second = np.triu_indices(len(real), 6)
        pairs = rng.permutation(np.flatnonzero(distance[first, second] < 10))[:RESTRAINTS]
        contacts = [
            (first[p] + 1, second[p] + 1, distance[first[p], second[p]], TOLERANCE) for p in pairs
        ]
        [sample] = protdiff.generate(
            length=len(real),
            condition=Contacts(contacts) + Repulsion(),
            seed=seed,
            weights=weights,
        )
        samples.append(sample)
        met += [
            abs(np.linalg.norm(sample.ca[i - 1] - sample.ca[j - 1]) - d) <= t
            for i, j, d, t in contacts
        ]
    yield (
        f"| {RESTRAINTS} contacts within {TOLERANCE} Å | {len(samples)} | {np.mean(met):.1%} of "
        f"{len(met)} | 90 % | {cells(samples)} |"
    )
    for factor in (0.8, 1.0, 1.2, 1.4, 1.6):
        target = factor * 2.2 * 80**0.38
        samples = protdiff.generate(
            length=80, num=SIZES, condition=RadiusOfGyration(target) + Repulsion(), weights=weights
        )
        worst = max(abs(quality(sample)["rg"] / target - 1) for sample in samples)
        yield (
            f"| Rg {factor} · 2.2 N^0.38, 80 residues | {SIZES} | off by {worst:.1%} at most | "
            f"3 % | {cells(samples)} |"
        )


def assemblies(names, num, weights):
    yield (
        "| symmetry | samples | error | no clash between chains | contacts between chains per "
        f"residue | {HEAD}, of the unit |"
    )
    yield "| --- " * 8 + "|"
    for name in names:
        rows, units = [], []
        for assembly in protdiff.generate(
            length=UNIT, num=num, condition=Symmetry(name), weights=weights
        ):
            pair = near_pairs(assembly, 8.0)
            between = pair.distance[
                assembly.chain_ids[pair.first] != assembly.chain_ids[pair.second]
            ]
            rows.append([
                symmetry_error(assembly, name), (between < 3).any(), len(between) / len(assembly),
            ])  # fmt: skip
            units.append(assembly.chain("A"))
        error, clash, contacts = np.array(rows, float).T
        yield (
            f"| {name} | {num} | {error.max():.0e} Å | {1 - clash.mean():.0%} | "
            f"{contacts.mean():.2f} | {cells(units)} |"
        )


def extensions(chains, weights):
    """Chains grown at both ends, at once and by windows: residues at seams beside all new ones."""
    denoiser = load_weights(weights)
    yield (
        f"| grown by {ADDED} residues | chains | CA bonds at seams | all new CA bonds | CA pairs "
        "< 3.0 Å per 100 new residues: near seams | all | Rg / 2.2 N^0.38 |"
    )
    yield "| --- " * 7 + "|"
    for window in (1024, 128):
        rows = []
        for seed, real in enumerate(chains):
            extension = Extension(real, len(real) + ADDED, None, "both", window)
            [[grown_chain]] = draw_extensions(denoiser, extension, [0], seed=seed)
            ca, fresh = grown_chain.backbone.ca, np.isnan(extension.grown()[0].ca[:, 0])
            seams = {end for *_, new in extension.windows() for cut in new for end in cut}
            seams = np.array(sorted(seams - {0, extension.to}))  # first residues after a seam
            good = np.abs(np.linalg.norm(np.diff(ca, axis=0), axis=1) - 3.8) < 0.1
            first, second = np.triu_indices(len(ca), 3)
            near = np.linalg.norm(ca[first] - ca[second], axis=1) < 3.0
            clash = np.bincount(np.r_[first[near], second[near]], minlength=len(ca)) / 2
            beside = np.abs(np.arange(len(ca))[:, None] - seams + 0.5).min(1) < BESIDE
            rows.append([
                good[seams - 1].mean(), good[fresh[1:] | fresh[:-1]].mean(),
                100 * clash[beside & fresh].mean(), 100 * clash[fresh].mean(),
                quality(grown_chain.backbone)["rg_ratio"],
            ])  # fmt: skip
        seam, bonds, clash, every, rg = np.mean(rows, 0)
        label = "at once" if window > extension.to else f"by windows of {window}"
        yield (
            f"| {label} | {len(rows)} | {seam:.1%} | {bonds:.1%} | {clash:.2f} | {every:.2f} | "
            f"{rg:.2f} |"
        )


def long_chains(num, weights):
    """Chains in one pass, coarse first and then in windows, and grown window after window.

    The last ones begin with a sample of the window's length.
    """
    denoiser = load_weights(weights)
    names = (*QUALITY, "psea_helix", "psea_strand", "rg_ratio")
    yield f"| {LONG} residues | chains | {HEAD} | helix (P-SEA) | strand | Rg / 2.2 N^0.38 |"
    yield "| --- " * 8 + "|"

    def at_once(seed, window=None):
        [chain] = protdiff.generate(length=LONG, seed=seed, window=window, weights=weights)
        return chain

    def grown(seed, window):
        [first] = protdiff.generate(length=window, seed=seed, weights=weights)
        extension = Extension(first, LONG, None, "C", window)
        [[chain]] = draw_extensions(denoiser, extension, [0], seed=seed)
        return chain.backbone

    kinds = {"in one pass": at_once}
    for label, draw in (("coarse first, then windows of", at_once), ("grown by windows of", grown)):
        kinds |= {f"{label} {window}": partial(draw, window=window) for window in (256, 128)}
    for label, draw in kinds.items():
        found = [quality(draw(seed)) for seed in range(num)]
        bonds, clashes, outliers, helix, strand, rg = (
            np.mean([row[name] for row in found]) for name in names
        )
        yield (
            f"| {label} | {num} | {bonds:.1%} | {clashes:.2f} | {outliers:.1%} | {helix:.0%} | "
            f"{strand:.0%} | {rg:.2f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/conditions.md"))
    parser.add_argument("--chains", type=int, default=40)
    parser.add_argument("--longest", type=int, default=200)
    parser.add_argument(
        "--num", type=int, default=10, help="assemblies of each symmetry, long chains"
    )
    parser.add_argument("--symmetries", default="C2,C3,C4,C5,C6,C7,C8,D2,D3,D4,T,O,I")
    parser.add_argument("--extended", type=int, default=20, help="chains that are extended")
    parser.add_argument("--weights")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[])
    options = parser.parse_args()
    torch.set_num_threads(1)
    chains = read_chains(options.data, "val", max_length=options.longest)
    order = np.random.default_rng(1).permutation(len(chains))[: options.chains]
    chains = [chains[k].backbone() for k in order]
    sections = {
        "title": ["# Variations, restraints, symmetry"],
        "settings": [
            f"Default settings of the sampler, from `python benchmarks/conditions.py --chains "
            f"{options.chains} --num {options.num} --extended {options.extended}` (protdiff "
            f"{protdiff.__version__}); validation chains of up to {options.longest} residues."
        ],
    }  # fmt: skip
    parts = {
        "free": free(chains, options.weights),
        "variations": variations(chains, options.weights),
        "restraints": restraints(chains, options.weights),
        "assemblies": assemblies(options.symmetries.split(","), options.num, options.weights),
        "extensions": extensions(chains[: options.extended], options.weights),
        "long": long_chains(options.num, options.weights),
    }
    if options.only:
        old = options.out.read_text().strip().split("\n\n")
        names = [*sections, *parts]
        sections |= {k: [text] for k, text in zip(names, old, strict=True) if k not in sections}
    for name, part in parts.items():
        if options.only and name not in options.only:
            continue
        sections[name] = []
        for line in part:
            print(line, flush=True)
            sections[name].append(line)
        options.out.write_text("\n\n".join("\n".join(lines) for lines in sections.values()) + "\n")
    write_result("conditions", {"tables": markdown_tables(options.out.read_text())}, cores=1)


if __name__ == "__main__":
    main()
