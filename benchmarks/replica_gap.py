"""Are replicas calibrated? Measure it on many validation chains, and say so in the model card.

    python benchmarks/replica_gap.py --data DATASET [--weights NAME] [--chains 240] [--card]

Noises every chain to a time u, draws two structures from it, and compares their mean squared
distance with that to the chain (docs/theory.md 7): gap = between² / to_truth² - 1, per residue, 0
for a calibrated network, with its standard error over chains. Validation chains of 60-140 residues,
evenly spaced in the archive; 25 network calls per replica.

With ``--card`` the entry "replica_gap" of weights/NAME.json is written, which names the times at
which the gap is not below 5 %. Run it after `benchmarks/publish_weights.py`, which makes a new
card: the card must be that of these very weights.
"""

import argparse
import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from results import write_result

from protdiff._system.files import replacing
from protdiff.analysis import measure_replicas
from protdiff.dataset import read_chains
from protdiff.network.weights import file_digest, find_weights, load_weights

MIN_LENGTH, MAX_LENGTH = 60, 140
LIMIT = 0.05


def chosen_chains(data, count):
    """Validation chains of middle length, sorted by it so that batches waste nothing."""
    chains = [c for c in read_chains(data, "val") if MIN_LENGTH <= len(c.types) <= MAX_LENGTH]
    chains = chains[:: max(1, math.floor(len(chains) / count))][:count]
    return sorted((c.backbone() for c in chains), key=len)


def entry(rows, chains, steps):
    """What the card says."""
    times = [
        {key: round(row[key], 4) for key in ("u", "period", "between", "to_truth", "gap")}
        | {"error": round(row["gap_error"], 4)}
        for row in rows
    ]
    large = [row for row in rows if abs(row["gap"]) >= LIMIT]
    unsure = [
        row for row in rows if abs(row["gap"]) < LIMIT <= abs(row["gap"]) + 2 * row["gap_error"]
    ]
    return {
        "what": "two structures drawn from one noised validation chain: mean squared distance "
        "between them over that to the chain, minus 1; 0 for a calibrated network",
        "chains": len(chains),
        "lengths": [min(map(len, chains)), max(map(len, chains))],
        "network_calls": steps,
        "times": times,
        "not_below_5_percent_at_u": [round(row["u"], 4) for row in large],
        "within_two_errors_of_5_percent_at_u": [round(row["u"], 4) for row in unsure],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", help="name of shipped weights, or a file")
    parser.add_argument("--chains", type=int, default=240)
    parser.add_argument("--times", type=int, default=8, help="equally spaced from 0.1 to 0.95")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--card", action="store_true", help="write the entry of the model card")
    options = parser.parse_args()
    torch.set_num_threads(1)
    path = find_weights(options.weights)
    target = path.with_suffix(".json")
    if options.card:
        card = json.loads(target.read_text())
        if card["sha256"] != file_digest(path):
            raise SystemExit(f"{target}: is not the card of {path.name}; publish the weights first")
    denoiser, chains = load_weights(path), chosen_chains(options.data, options.chains)
    print(f"{path.stem}: {len(chains)} chains, {sum(map(len, chains))} residues")
    print("     u    period   between  to truth     gap")
    rows = []
    for u in np.linspace(0.1, 0.95, options.times).tolist():
        [measured] = measure_replicas(denoiser, chains, [u], steps=options.steps, seed=options.seed)
        rows.append(row := asdict(measured))
        print(
            f"{u:6.3f}  {row['period']:8.2f}  {row['between']:8.3f}  {row['to_truth']:8.3f}  "
            f"{100 * row['gap']:+6.1f} ± {100 * row['gap_error']:.1f} %",
            flush=True,
        )
    card_entry = entry(rows, chains, options.steps)
    print(f"not below 5 % at u = {card_entry['not_below_5_percent_at_u']}")
    print(f"within two errors of 5 % at u = {card_entry['within_two_errors_of_5_percent_at_u']}")
    write_result("replica_gap", card_entry, weights=path, cores=1)
    if options.card:
        card["replica_gap"] = card_entry
        with replacing(target) as temporary:
            temporary.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
