"""Compare the scorer with published values of two other programs, row by row.

    python benchmarks/published_scores.py --data DATASET/cameo22 [--csv rows.csv]

The table (expected.csv) has EigenFold's models of CAMEO 2022 targets: RMSD, TM-score and GDT by
TMscore, lDDT by OpenStructure. The models are CA only and numbered along the full sequence; the
references have author numbers and unobserved residues. So the programs had to align sequences:
TMscore -seq takes one of the optimal alignments under BLOSUM62 (gaps 11 + 1 per residue), and for
lDDT the residues were renumbered by an alignment of most identical letters, gaps at no cost.

Printed: how far our values are from the published ones, with our alignment and with the published
kind; then every target whose row differs, with what tells the alignments apart.
"""

import argparse
import csv
import itertools
from pathlib import Path

import numpy as np
import torch
from Bio.Align import PairwiseAligner, substitution_matrices
from results import write_result

from protdiff.metrics.comparison import compare
from protdiff.metrics.correspondence import align_identity, align_sequences
from protdiff.structure.constants import FILE_BREAK
from protdiff.structure.io.read_write import read

TOLERANCE = {"rmsd": 0.005, "tm": 0.002, "gdt_ts": 0.002, "gdt_ha": 0.002, "lddt": 0.002}
#: Optimal alignments of one pair of sequences that are tried.
MOST = 100


def optimal_alignments(model, reference):
    """Alignments of equal, largest BLOSUM62 score; gaps at the ends cost, or are free."""
    for free_ends in (False, True):
        aligner = PairwiseAligner(mode="global")
        aligner.substitution_matrix = substitution_matrices.load("BLOSUM62")
        aligner.open_gap_score, aligner.extend_gap_score = -11, -1
        if free_ends:
            aligner.end_gap_score = 0
        alignments = aligner.align(model.sequence, reference.sequence)
        for alignment in itertools.islice(alignments, MOST):
            columns = alignment.indices
            yield columns[:, (columns >= 0).all(axis=0)].T


def differences(models, reference, pairs, published):
    """Our values minus the published ones, (models, metrics)."""
    chains = [(models[0].chains[0], reference.chains[0])]
    values = [compare(model, reference, pairs, chains, "reference") for model in models]
    return np.array(
        [
            [getattr(v, k) - float(row[k]) for k in TOLERANCE]
            for v, row in zip(values, published, strict=True)
        ]
    )


def places(pairs, model, reference):
    """Gaps inside an alignment: letters around them, and whether the reference breaks there."""
    out = []
    for t in np.flatnonzero((np.diff(pairs, axis=0) != 1).any(axis=1)):
        (i, j), (k, m) = pairs[t], pairs[t + 1]
        distance = np.linalg.norm(reference.ca[m] - reference.ca[j])
        kind = "break" if distance > FILE_BREAK else "no break"
        numbers = f"{reference.residue_numbers[j]}|{reference.residue_numbers[m]}"
        skipped = model.sequence[i + 1 : k]
        skipped = skipped if len(skipped) < 12 else f"{len(skipped)} residues"
        left, right = model.sequence[max(i - 2, 0) : i + 1], model.sequence[k : k + 3]
        out.append(f"{left}[{skipped}]{right} {numbers} {kind} of {distance:.1f} Å")
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--csv", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with (options.data / "expected.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    targets = {}
    for row in rows:
        targets.setdefault(row["reference"], []).append(row)

    limits = np.array(list(TOLERANCE.values()))
    ours, theirs, notes, lines = [], [], [], []
    for name, published in targets.items():
        reference = read(options.data / "references" / name)
        reference = reference[reference.mask[:, 1]]
        models = [read(options.data / "models" / row["model"], ca_only=True) for row in published]
        pairs = align_sequences(models[0], reference)
        mine = differences(models, reference, pairs, published)
        same = mine.copy()
        if (np.abs(mine[:, 4]) > limits[4]).any():
            identical = align_identity(models[0], reference)
            same[:, 4] = differences(models, reference, identical, published)[:, 4]
        if (np.abs(mine[:, :4]) > limits[:4]).any():
            for number, other in enumerate(optimal_alignments(models[0], reference)):
                tried = differences(models, reference, other, published)
                if (np.abs(tried[:, :4]) <= limits[:4]).all():
                    same[:, :4] = tried[:, :4]
                    changed = places(other, models[0], reference)
                    kept = places(pairs, models[0], reference)
                    notes.append(
                        (
                            name,
                            number,
                            sorted(set(changed) - set(kept)),
                            sorted(set(kept) - set(changed)),
                        )
                    )
                    break
            else:
                notes.append((name, None, [], []))
        ours.append(mine)
        theirs.append(same)
        for row, a, b in zip(published, mine, same, strict=True):
            lines.append([row["model"], *np.round(a, 5), *np.round(b, 5)])
    ours, theirs = np.concatenate(ours), np.concatenate(theirs)

    print(f"{len(ours)} models of {len(targets)} targets\n")
    print(
        f"{'':8} {'median |diff|':>14} {'within':>8} {'rows':>9} {'lowest':>9} "
        f"{'rows with the published alignment':>34}"
    )
    metrics = {}
    for k, (metric, limit) in enumerate(TOLERANCE.items()):
        share = 100 * (np.abs(ours[:, k]) <= limit).mean()
        with_theirs = 100 * (np.abs(theirs[:, k]) <= limit).mean()
        print(
            f"{metric:8} {np.median(np.abs(ours[:, k])):14.5f} {limit:8g} {share:7.1f} % "
            f"{ours[:, k].min():9.4f} {with_theirs:32.1f} %"
        )
        metrics[metric] = {
            "median": np.median(np.abs(ours[:, k])),
            "limit": limit,
            "ours": share,
            "published": with_theirs,
        }
    numbers = {"models": len(ours), "targets": len(targets), "metrics": metrics}
    write_result("published_scores", numbers, weights=None)
    print("\ntargets whose rmsd, tm or gdt differ, where our gap is and where theirs:")
    for name, number, changed, kept in notes:
        if number is None:
            print(f"  {name}: not explained by an optimal alignment")
            continue
        print(f"  {name}: published alignment is number {number + 1} of the optimal ones")
        for title, gaps in (("ours", kept), ("theirs", changed)):
            for gap in gaps:
                print(f"    {title:7} {gap}")
    if options.csv:
        with options.csv.open("w", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["model", *TOLERANCE, *(f"{k}_same_alignment" for k in TOLERANCE)])
            writer.writerows(lines)


if __name__ == "__main__":
    main()
