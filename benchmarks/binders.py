"""New chains beside the antigens of antibodies: hotspots, clearance, and the chains themselves.

    python benchmarks/binders.py --data ../shared/data/antibodies --num 3

Ten antigens, with three hotspots each from the epitope of the crystal structure: the residue whose
CB is nearest to the antibody, and the next nearest that are 5 Å or more from those chosen, and
within 12 Å of the first (CA). Raw samples, no filter. A hotspot is met where CB of the new chain is
within 8 Å of its CB (RFdiffusion's hotspots are defined by 10 Å). Free samples have the same
lengths and seeds. Seconds are those of the processor, less those for the weights.
Finished antigens are kept in a file and not drawn a second time. The picture has the first
samples of six antigens.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from results import OUT, ROOT, write_result

import protdiff
from protdiff.conditioning import Target
from protdiff.conditioning.placed_target import met_at
from protdiff.metrics.quality import quality
from protdiff.network.weights import load_weights
from protdiff.plots.ribbons import KEPT, NEW, plot_backbones
from protdiff.structure.backbone import Backbone
from protdiff.structure.geometry import ideal_cb

ANTIGENS, LENGTHS = 10, range(60, 81)
APART, NEAR = 5.0, 12.0
PICTURE = ROOT / "docs" / "pictures" / "binders.png"
COLUMNS = ("ca_bonds", "overlaps", "dssp_helix", "dssp_strand", "rg_ratio")


def epitope(antigen: Backbone, antibody: Backbone) -> list[str]:
    """Names of three residues of the true epitope."""
    gaps = ideal_cb(antigen.coords)[:, None] - ideal_cb(antibody.coords)
    order = np.argsort(np.linalg.norm(gaps, axis=-1).min(1))
    chosen = [int(order[0])]
    for row in order[1:]:
        away = np.linalg.norm(antigen.ca[chosen] - antigen.ca[row], axis=1)
        if len(chosen) < 3 and away.min() >= APART and away[0] <= NEAR:
            chosen.append(int(row))
    numbers, codes = antigen.residue_numbers, antigen.insertion_codes
    return [f"{antigen.chain_ids[k]}:{numbers[k]}{codes[k]}" for k in chosen]


def complexes(folder: Path) -> list[tuple[str, Backbone, list[str]]]:
    """Name, antigen and hotspots of the first complexes of the table."""
    out = []
    with (folder / "antibodies.csv").open(newline="") as handle:
        for row in list(csv.DictReader(handle))[:ANTIGENS]:
            whole = protdiff.read(folder / row["file"])
            whole = whole[whole.mask.all(1)]
            antigen, antibody = (
                whole[np.isin(whole.chain_ids, row[f"{part}_chains"].split())]
                for part in ("antigen", "antibody")
            )
            name = row["file"].split(".")[0]
            out.append((name, antigen, epitope(antigen, antibody)))
    return out


def seconds_and(num: int, **options: Any) -> tuple[float, list[Backbone]]:
    """Processor seconds per sample, less those for the weights, and the samples."""
    times = [time.process_time()]
    load_weights()
    times.append(time.process_time())
    made = protdiff.generate(LENGTHS, num, **options)
    times.append(time.process_time())
    return (times[2] - 2 * times[1] + times[0]) / num, made


def measured(
    name: str, antigen: Backbone, hotspots: list[str], num: int, seed: int
) -> dict[str, Any]:
    """What the samples of one antigen meet, beside free samples."""
    target = Target(antigen, antigen.chains, hotspots=hotspots)
    free_seconds, free = seconds_and(num, seed=seed)
    seconds, made = seconds_and(num, seed=seed, condition=target)
    distances, clashes, nearest, contacts = [], [], [], []
    for whole in made:
        new = len(whole) - len(antigen)
        met = met_at(whole, new, target.rows)
        atoms = whole.coords[:new].reshape(-1, 1, 3), whole.coords[new:].reshape(-1, 3)
        gaps = np.linalg.norm(atoms[0] - atoms[1], axis=-1)
        ca = np.linalg.norm(whole.ca[:new, None] - whole.ca[None, new:], axis=-1)
        distances.append(list(met.hotspots.values()))
        clashes.append(met.clashes)
        nearest.append(float(gaps.min()))
        contacts.append(int((ca < 8).sum()))
    chains = [whole[: len(whole) - len(antigen)] for whole in made]
    return {
        "name": name, "residues": len(antigen), "hotspots": hotspots, "distances": distances,
        "clashes": clashes, "nearest_atoms": nearest, "contacts": contacts, "seconds": seconds,
        "free_seconds": free_seconds,
        "chains": [{c: quality(x)[c] for c in COLUMNS} for x in chains],
        "free": [{c: quality(x)[c] for c in COLUMNS} for x in free],
        "first": made[0].coords.round(3).tolist(), "ids": made[0].chain_ids.tolist(),
    }  # fmt: skip


def numbers(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures over all antigens."""
    gaps = np.array([d for row in rows for d in row["distances"]])
    clashes = np.array([c for row in rows for c in row["clashes"]])
    means = {
        kind: {c: float(np.mean([x[c] for row in rows for x in row[kind]])) for c in COLUMNS}
        for kind in ("chains", "free")
    }
    return {
        "antigens": len(rows), "samples": len(clashes), "lengths": [LENGTHS[0], LENGTHS[-1]],
        "hotspots_within_8": float((gaps <= 8).mean()),
        "all_hotspots_within_8": float((gaps <= 8).all(1).mean()),
        "hotspot_median": float(np.median(gaps)), "hotspot_largest": float(gaps.max()),
        "without_clash": float((clashes == 0).mean()),
        "nearest_atoms": float(min(min(row["nearest_atoms"]) for row in rows)),
        "contacts": float(np.mean([c for row in rows for c in row["contacts"]])),
        "seconds": float(np.mean([row["seconds"] for row in rows[1:]])),
        "free_seconds": float(np.mean([row["free_seconds"] for row in rows[1:]])),
        "largest_target": max(row["residues"] for row in rows), **means,
        "rows": [{k: v for k, v in row.items() if k not in ("first", "ids")} for row in rows],
    }  # fmt: skip


def picture(rows: list[dict[str, Any]]) -> None:
    """Ribbons of the first samples: the target grey, the new chain in colour."""
    wholes, roles = [], []
    for row in rows[:6]:
        whole = Backbone.from_coords(np.array(row["first"]), chain_ids=np.array(row["ids"]))
        wholes.append(whole)
        new = np.arange(len(whole)) < len(whole) - row["residues"]
        roles.append(np.where(new, NEW, KEPT))
    plot_backbones(wholes, PICTURE, [row["name"] for row in rows[:6]], 3, roles=roles)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/antibodies"))
    parser.add_argument("--num", type=int, default=8, help="samples for each antigen")
    options = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    kept = OUT / f"binders-{options.num}.json"
    rows = json.loads(kept.read_text()) if kept.exists() else []
    for name, antigen, hotspots in complexes(options.data):
        if name not in {row["name"] for row in rows}:
            rows.append(measured(name, antigen, hotspots, options.num, len(rows)))
            kept.write_text(json.dumps(rows))
            print(name, rows[-1]["distances"], rows[-1]["clashes"], flush=True)
    picture(rows)
    write_result("binders", numbers(rows))


if __name__ == "__main__":
    main()
