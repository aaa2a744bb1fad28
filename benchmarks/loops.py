"""Loop redesign: loops of 8 and 12 residues of validation chains, best of ten.

    python benchmarks/loops.py --data ../shared/data --out benchmarks/loops.md

The loop of a chain is its stretch of the wanted length with most coil (P-SEA), ten residues or more
from the ends. RMSD is of the CA atoms of the loop in the frame of the rest, which does not move.
Finished chains are kept in benchmarks/out and not drawn a second time.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from results import cache_file, markdown_tables, write_result

import protdiff
from protdiff.conditioning import Redesign
from protdiff.dataset import read_chains
from protdiff.metrics.quality import quality
from protdiff.network.weights import load_weights
from protdiff.sampling.draw import draw
from protdiff.sampling.plan import plan_requests
from protdiff.structure.secondary_structure import psea

SIZES, TRIES, BOND, END = (8, 12), 10, 0.15, 10
C_N = 1.331


def pick_loop(backbone, size):
    """First residue (from 0) of the stretch with most coil."""
    coil = np.array([letter == "C" for letter in psea(backbone.ca)], float)
    share = np.convolve(coil, np.ones(size), "valid")
    share[:END], share[len(backbone) - size - END + 1 :] = -1, -1
    return int(share.argmax())


def redraw(denoiser, backbone, size, seed):
    """RMSD and closure of each try."""
    start = pick_loop(backbone, size)
    redesign = Redesign(backbone, f"A{start + 1}-{start + size}")
    requests = plan_requests(TRIES, seed, condition=redesign)
    samples = [sample for batch in draw(denoiser, requests, seed=seed) for sample in batch]
    rows = []
    loop = slice(start, start + size)
    for sample in sorted(samples, key=lambda o: o.request.index):
        redrawn = sample.backbone
        ca = np.linalg.norm(np.diff(redrawn.ca, axis=0), axis=1)[start - 1 : start + size]
        c_n = np.linalg.norm(redrawn.coords[:-1, 2] - redrawn.coords[1:, 0], axis=1)
        off = max(np.abs(ca - 3.8).max(), np.abs(c_n[start - 1 : start + size] - C_N).max())
        rows.append({
            "rmsd": float(np.sqrt(np.square(redrawn.ca[loop] - backbone.ca[loop]).sum(1).mean())),
            "off": float(off),
            "clashes": quality(redrawn)["clashes_3.0"] - quality(backbone)["clashes_3.0"],
            "moved": float(np.abs(np.delete(redrawn.ca - backbone.ca, np.r_[loop], 0)).max()),
        })  # fmt: skip
    return rows


def report(results):
    yield "# Loop redesign"
    yield ""
    yield (
        "Validation chains, default settings, ten tries each, from `python benchmarks/loops.py` "
        f"(protdiff {protdiff.__version__}). Closed: every CA–CA and C–N bond from the residue "
        f"before the loop to the one after it within {BOND} Å of ideal. RMSD: CA of the loop, in "
        "the frame of the rest."
    )
    yield ""
    yield (
        "| loop | chains | closed | no new clash | best of 10, median | all tries, median | goal |"
    )
    yield "| --- " * 7 + "|"
    for size, goal in zip(SIZES, (1.5, 2.5), strict=True):
        rows = [result[str(size)] for result in results.values()]
        every = [row for chain in rows for row in chain]
        best = [min(row["rmsd"] for row in chain) for chain in rows]
        yield (
            f"| {size} residues | {len(rows)} | {np.mean([r['off'] < BOND for r in every]):.1%} | "
            f"{np.mean([r['clashes'] <= 0 for r in every]):.1%} | {np.median(best):.2f} Å | "
            f"{np.median([r['rmsd'] for r in every]):.2f} Å | closed 95 %, best {goal} Å |"
        )
    moved = max(r["moved"] for c in results.values() for rows in c.values() for r in rows)
    yield ""
    yield f"CA atoms of the rest move by {moved:.4f} Å at most."
    yield ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/loops.md"))
    parser.add_argument("--chains", type=int, default=60)
    parser.add_argument("--longest", type=int, default=128, help="longest chain")
    parser.add_argument("--weights")
    parser.add_argument("--cache", type=Path, default=cache_file("loops"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    chains = read_chains(options.data, "val", max_length=options.longest)
    chains = [chain for chain in chains if len(chain.types) >= 60]
    order = np.random.default_rng(0).permutation(len(chains))[: options.chains]
    denoiser = load_weights(options.weights)
    results = json.loads(options.cache.read_text()) if options.cache.exists() else {}
    for k in order.tolist():
        if str(k) not in results:
            backbone = chains[k].backbone()
            results[str(k)] = {str(s): redraw(denoiser, backbone, s, k) for s in SIZES}
            options.cache.write_text(json.dumps(results))
            options.out.write_text("\n".join(report(results)))
            print(len(results), flush=True)
    write_result("loops", {"tables": markdown_tables(options.out.read_text())}, cores=1)


if __name__ == "__main__":
    main()
