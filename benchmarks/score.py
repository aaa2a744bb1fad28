"""How many pairs a second the scorer does, beside other programs, in one run.

    python benchmarks/score.py --data DATASET [--pairs 100] [--length 150]

Writes real chains of about this length and deformed copies of them as PDB files (all backbone
atoms), then reads and scores every pair: with protdiff, all columns and without the quality
columns; with biotite (superposition, RMSD, TM-score of that superposition, CA lDDT); with TM-align
through tmtools, which aligns by structure; and with TMscore's search as a plain loop (a few pairs
only). One process with one thread each, in pairs per second of CPU time, which is time on the
clock if nothing else runs; then `protdiff score` as a whole with several processes, on the clock.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from results import write_result

from protdiff.dataset import read_chains
from protdiff.metrics import score
from protdiff.metrics.search import fragments, tm_d0
from protdiff.structure.backbone import Backbone
from protdiff.structure.io.read_write import read, write

LOOP_PAIRS = 3


def write_pairs(folder, data, count, length):
    """Chains and smooth deformations of them, about 2 Å off; lists of paths."""
    chains = [c for c in read_chains(data, "val") if abs(len(c.types) - length) <= length // 10]
    rng, models, references = np.random.default_rng(0), [], []
    for k in range(count):
        real = chains[k % len(chains)].backbone()
        drift = np.cumsum(0.25 * rng.normal(size=(len(real), 1, 3)), axis=0)
        coords = real.coords + drift - drift.mean(0) + 0.2 * rng.normal(size=real.coords.shape)
        for side, chain in (
            (references, real),
            (models, Backbone.from_coords(coords, real.sequence)),
        ):
            name = "reference" if side is references else "model"
            side.append(folder / name / f"chain_{k:04d}.pdb")
            side[-1].parent.mkdir(exist_ok=True)
            write(chain, side[-1])
    return models, references


def with_biotite(model, reference):
    """RMSD, TM-score of the least-squares superposition, and lDDT."""
    import biotite.structure as struc
    from biotite.structure.io.pdb import PDBFile

    a, b = (PDBFile.read(path).get_structure(model=1) for path in (model, reference))
    a, b = a[a.atom_name == "CA"], b[b.atom_name == "CA"]
    fitted, _ = struc.superimpose(b, a)
    index = np.arange(len(a))
    return struc.rmsd(b, fitted), struc.tm_score(b, fitted, index, index), struc.lddt(b, a)


def with_tmtools(model, reference):
    """TM-align of two files."""
    from tmtools import tm_align

    a, b = read(model), read(reference)
    return tm_align(a.ca, b.ca, a.sequence, b.sequence).tm_norm_chain2


def with_loop(model, reference):
    """TMscore's search, one superposition after the other."""
    x, y = (read(path).ca for path in (model, reference))
    d0, best = tm_d0(len(y)), 0.0
    reach = min(max(d0 + 0.8, 4.5), 8.0)
    for start in fragments(len(x)).bool().numpy():
        chosen, cutoff = start, reach - 1
        for _ in range(21):
            a, b = x[chosen].mean(0), y[chosen].mean(0)
            u, _, v = np.linalg.svd((x[chosen] - a).T @ (y[chosen] - b))
            u[:, -1] *= np.sign(np.linalg.det(u @ v))
            distance = np.linalg.norm((x - a) @ u @ v + b - y, axis=1)
            best = max(best, (1 / (1 + (distance / d0) ** 2)).sum() / len(y))
            following = distance < cutoff
            while following.sum() < 3:
                cutoff += 0.5
                following = distance < cutoff
            cutoff = reach + 1
            if (following == chosen).all():
                break
            chosen = following
    return best


def rate(work, pairs):
    """Pairs a second of CPU time, after one to warm up, and the results."""
    work(*pairs[0])
    start = time.process_time()
    results = [work(*pair) for pair in pairs]
    return len(pairs) / (time.process_time() - start), results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--length", type=int, default=150)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models, references = write_pairs(folder, options.data, options.pairs, options.length)
        pairs = list(zip(models, references, strict=True))
        few = pairs[:LOOP_PAIRS]
        programs = {
            "protdiff, all columns": (score, pairs),
            "protdiff, without quality": (lambda a, b: score(a, b, with_quality=False), pairs),
            "reading the two files": (lambda a, b: (read(a), read(b)), pairs),
            "biotite: rmsd, one TM-score, lDDT": (with_biotite, pairs),
            "tmtools: TM-align": (with_tmtools, pairs),
            "plain loop: TMscore's search": (with_loop, few),
        }
        title = f"pairs of about {options.length} residues, files to numbers, one core"
        print(f"{title}, load {os.getloadavg()[0]:.1f}:")
        rates, results = {}, {}
        for title, (work, some) in programs.items():
            rates[title], results[title] = rate(work, some)
            ratio = rates["protdiff, all columns"] / rates[title]
            print(
                f"  {title:36} {rates[title]:8.1f} pairs/s   protdiff is {ratio:5.2f} times as fast"
            )
        ours = [s.tm for s in results["protdiff, all columns"][:LOOP_PAIRS]]
        loop = results["plain loop: TMscore's search"]
        difference = np.abs(np.subtract(ours, loop)).max()
        print(f"  largest difference from the plain loop: {difference:.1e}")
        plain = rates["protdiff, without quality"]
        numbers = {
            "residues": options.length,
            "pairs_per_second": {"similarity": plain, "all": rates["protdiff, all columns"]},
            "rate_of_others": {
                "biotite": rates["biotite: rmsd, one TM-score, lDDT"] / plain,
                "tm_align": rates["tmtools: TM-align"] / plain,
            },
        }
        write_result("score_speed", numbers, weights=None, cores=1)
        for jobs in sorted({1, 2, os.cpu_count()}):
            command = [sys.executable, "-m", "protdiff.cli.app", "score", str(folder / "model")]
            command += ["--reference", str(folder / "reference"), "--jobs", str(jobs)]
            start = time.perf_counter()
            subprocess.run(
                [*command, "--out", str(folder / "out.csv")], check=True, capture_output=True
            )
            seconds = time.perf_counter() - start
            print(f"  protdiff score --jobs {jobs}: {seconds:.1f} s with the start of Python")


if __name__ == "__main__":
    main()
