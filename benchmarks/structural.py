"""The structural alignment beside TM-align (tmtools), on real chains of similar folds.

    python benchmarks/structural.py --data DATASET [--pairs 200]

Pairs of validation and test chains of at most 256 residues with a TM-score above 0.5 (TM-align,
by the length of the second): each chain with its relatives of the same cluster and with the eight
chains of nearest length and secondary structure, until there are enough pairs. Prints how the
TM-scores compare, every pair that differs by more than 0.02, and the time of both.
"""

import argparse
import time

import numpy as np
import torch
from results import write_result
from tmtools import tm_align

from protdiff.dataset import read_chains
from protdiff.metrics.search import search
from protdiff.metrics.structural import align_structures

LIMIT, NEIGHBOURS = 0.02, 8


def candidates(chains, seed=0):
    """Pairs of indices that may have similar folds, none twice."""
    rows = [chain.row for chain in chains]
    kind = np.array(
        [
            [3 * np.log(int(r["length"])), 4 * float(r["helix"]), 4 * float(r["strand"])]
            for r in rows
        ]
    )
    seen = set()
    for i in np.random.default_rng(seed).permutation(len(rows)).tolist():
        near = np.square(kind - kind[i]).sum(1).argsort()[1 : NEIGHBOURS + 1].tolist()
        kin = [j for j, r in enumerate(rows) if r["cluster"] == rows[i]["cluster"]][:2]
        for j in dict.fromkeys(kin + near):
            if i != j and (j, i) not in seen and (i, j) not in seen:
                seen.add((i, j))
                yield i, j


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--pairs", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    chains = [*read_chains(options.data, "val"), *read_chains(options.data, "test")]
    compared, seconds = [], np.zeros(2)
    for i, j in candidates(chains):
        first, second = (chains[k].backbone(ca_only=True) for k in (i, j))
        start = time.perf_counter()
        theirs = tm_align(first.ca, second.ca, first.sequence, second.sequence).tm_norm_chain2
        middle = time.perf_counter()
        if theirs <= 0.5:
            continue
        pairs = align_structures(first, second)
        x, y = torch.tensor(first.ca[pairs[:, 0]]), torch.tensor(second.ca[pairs[:, 1]])
        ours = search(x, y, len(second)).tm
        seconds += middle - start, time.perf_counter() - middle
        compared.append((ours - theirs, theirs, chains[i], chains[j]))
        if len(compared) == options.pairs:
            break
    gap = np.array([pair[0] for pair in compared])
    kin = sum(a.row["cluster"] == b.row["cluster"] for *_, a, b in compared)
    print(f"{len(compared)} pairs with TM > 0.5, {kin} of them in one 30 % cluster")
    print(
        f"within {LIMIT}: {100 * (np.abs(gap) <= LIMIT).mean():.1f} %   "
        f"ours lower: {(gap < -LIMIT).sum()}   ours higher: {(gap > LIMIT).sum()}   "
        f"median difference {np.median(gap):+.5f}   lowest {gap.min():+.4f}"
    )
    numbers = {
        "pairs": len(compared), "limit": LIMIT, "within": 100 * (np.abs(gap) <= LIMIT).mean(),
        "lower": int((gap < -LIMIT).sum()), "higher": int((gap > LIMIT).sum()),
        "milliseconds": dict(zip(("tm_align", "protdiff"), 1e3 * seconds / len(gap), strict=True)),
    }  # fmt: skip
    write_result("structural", numbers, weights=None, cores=1)
    print("milliseconds a pair: TM-align {:.0f}, ours {:.0f}".format(*1e3 * seconds / len(gap)))
    for difference, theirs, first, second in compared:
        if abs(difference) > LIMIT:
            print(
                f"  {first.name} ({len(first.types)}) on {second.name} ({len(second.types)}): "
                f"TM-align {theirs:.4f}, ours {theirs + difference:.4f}"
            )


if __name__ == "__main__":
    main()
