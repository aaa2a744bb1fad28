"""Motif scaffolding: 30 problems, raw samples with default settings, one row per problem.

    python benchmarks/motifs.py --data ../shared/data/motifs --out benchmarks/motifs.md

Finished problems are kept in benchmarks/out and not drawn a second time.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from results import cache_file, markdown_tables, write_result

import protdiff
from protdiff.conditioning import Motif
from protdiff.metrics.quality import quality
from protdiff.network.weights import load_weights
from protdiff.sampling.draw import draw
from protdiff.sampling.plan import Request, plan_requests
from protdiff.structure.superposition import rmsd

#: Quality columns and whether more is worse.
COLUMNS = {
    "ca_bonds": False, "clashes_3.0": True, "ca_angles_out": True, "rms_n_ca": True,
    "rms_ca_c": True, "rms_n_ca_c": True, "rama_outliers": True,
}  # fmt: skip
BOND, CLASH = 0.15, 3.0


def rmsd_of(built, real):
    return float(rmsd(torch.tensor(built), torch.tensor(real)))


def measure(sample):
    """Numbers of one sample."""
    placed, backbone = sample.request.condition, sample.backbone
    kept, labels = placed.place >= 0, np.array(placed.groups)
    ca, whole = [], []
    for label in placed.labels:
        in_group = kept & (labels == label)
        real = placed.source.coords[placed.place[in_group]]
        ca.append(rmsd_of(backbone.ca[in_group], real[:, 1]))
        whole.append(rmsd_of(backbone.coords[in_group].reshape(-1, 3), real.reshape(-1, 3)))
    bonds = np.linalg.norm(np.diff(backbone.ca, axis=0), axis=1)
    seam = bonds[(kept[1:] != kept[:-1]) | (labels[1:] != labels[:-1])]
    columns = quality(backbone)
    return {
        "length": len(backbone),
        "ca_rmsd": max(ca),
        "backbone_rmsd": max(whole),
        "seam": float(np.abs(seam - 3.8).max()) if len(seam) else 0.0,
        "seconds": sample.seconds,
        **{k: columns[k] for k in (*COLUMNS, "rg_ratio")},
    }


def drawn(denoiser, requests, seed):
    samples = [sample for batch in draw(denoiser, requests, seed=seed) for sample in batch]
    return sorted(samples, key=lambda sample: sample.request.index)


def problem(denoiser, path, samples, reference):
    """Rows of the samples of one problem, and of free samples of the same lengths."""
    motif = Motif(path)
    scaffolds = plan_requests(samples, 0, condition=motif)
    built = drawn(denoiser, scaffolds, 0)
    free = drawn(denoiser, [Request(r.index, r.length) for r in scaffolds[:reference]], 1)
    return {
        "motif": [measure(sample) for sample in built],
        "free": [{k: quality(o.backbone)[k] for k in (*COLUMNS, "rg_ratio")} for o in free],
    }


def worse(motif, free, column):
    """How many times worse the motif's mean is (shares: of what is wrong)."""
    a, b = (np.mean([row[column] for row in rows]) for rows in (motif, free))
    if not COLUMNS[column]:
        a, b = 1 - a, 1 - b
    return a, b


def table(results):
    head = (
        "| problem | samples | residues | CA RMSD max (Å) | backbone RMSD max (Å) | "
        f"bonds at junctions within {BOND} Å | no clash | both | CA bonds | "
        "Ramachandran outliers | N–CA–C rms (°) | Rg ratio |"
    )
    lines = [head, "| --- " * 12 + "|"]
    for name, result in results.items():
        rows, free = result["motif"], result["free"]
        seam = np.array([row["seam"] < BOND for row in rows])
        clear = np.array([row["clashes_3.0"] == 0 for row in rows])
        lengths = [row["length"] for row in rows]

        def both(column, form, rows=rows, free=free):
            return " / ".join(form % np.mean([r[column] for r in part]) for part in (rows, free))

        lines.append(
            f"| {name} | {len(rows)} | {min(lengths)}-{max(lengths)} | "
            f"{max(r['ca_rmsd'] for r in rows):.3f} | "
            f"{max(r['backbone_rmsd'] for r in rows):.2f} | {seam.mean():.0%} | {clear.mean():.0%} "
            f"| {(seam & clear).mean():.0%} | {both('ca_bonds', '%.3f')} | "
            f"{both('rama_outliers', '%.3f')} | {both('rms_n_ca_c', '%.1f')} | "
            f"{both('rg_ratio', '%.2f')} |"
        )
    return lines


def summary(results):
    rows = [row for result in results.values() for row in result["motif"]]
    free = [row for result in results.values() for row in result["free"]]
    seam = np.array([row["seam"] < BOND for row in rows])
    clear = np.array([row["clashes_3.0"] == 0 for row in rows])
    yield f"{len(results)} problems, {len(rows)} samples."
    yield ""
    yield "| what | measured | goal |"
    yield "| --- | --- | --- |"
    yield f"| motif CA RMSD, largest | {max(r['ca_rmsd'] for r in rows):.3f} Å | 0.5 |"
    yield f"| motif backbone RMSD, largest | {max(r['backbone_rmsd'] for r in rows):.2f} Å | 0.7 |"
    yield f"| all CA bonds at junctions within {BOND} Å | {seam.mean():.1%} | |"
    yield f"| no CA pair under {CLASH} Å | {clear.mean():.1%} | |"
    yield f"| both | {(seam & clear).mean():.1%} | 90 % |"
    for column in COLUMNS:
        a, b = worse(rows, free, column)
        label = column if COLUMNS[column] else f"1 - {column}"
        ratio = f" = {a / b:.2f}×" if b > 0 else ""
        yield f"| {label}, beside free samples | {a:.4f} / {b:.4f}{ratio} | 1.5× |"
    yield f"| seconds per sample | {np.mean([r['seconds'] for r in rows]):.1f} | |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/motifs"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/motifs.md"))
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--reference", type=int, default=10, help="free samples per problem")
    parser.add_argument("--weights")
    parser.add_argument("--cache", type=Path, default=cache_file("motifs"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    denoiser = load_weights(options.weights)
    results = json.loads(options.cache.read_text()) if options.cache.exists() else {}
    files = sorted(options.data.glob("*/*.pdb"), key=lambda p: (p.parent.name, p.name))
    for path in files:
        if path.stem not in results:
            began = time.perf_counter()
            results[path.stem] = problem(denoiser, path, options.samples, options.reference)
            options.cache.write_text(json.dumps(results))
            print(path.stem, f"{time.perf_counter() - began:.0f} s", flush=True)
        results = {p.stem: results[p.stem] for p in files if p.stem in results}
        text = [
            "# Motif scaffolding", "",
            "Raw samples, default settings, from `python benchmarks/motifs.py` "
            f"(protdiff {protdiff.__version__}). Where two values stand, the second is of free "
            "samples of the same lengths. RMSD is the largest over samples and groups; a junction "
            "is a bond between a kept and a new residue. Whether a sequence folds into these "
            "backbones (designability) needs a folding network and was not measured.",
            "", *summary(results), "", *table(results), "",
        ]  # fmt: skip
        options.out.write_text("\n".join(text))
    write_result("motifs", {"tables": markdown_tables(options.out.read_text())}, cores=1)


if __name__ == "__main__":
    main()
