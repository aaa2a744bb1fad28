"""CDR H3 of antibodies: backbone, residue types or both redrawn, with and without other chains.

    python benchmarks/cdr_h3.py --data ../shared/data --type-weights runs/types/ema.safetensors

Two sets: heavy chains of the test split, found by the motif C…W…YxC…WGxG, each H3 sequence once;
and antibody-antigen complexes, with the heavy chain alone and with all chains around it. Neither is
trained on. H3 runs from the residue behind the second cysteine to the one before WGxG.

Five tries for each loop and mode. Recovery is the share of residues that get the natural type, and
RMSD that of the CA atoms of the loop, in the frame of the rest, which does not move: of one try,
and of the best of five. Closed: every CA-CA and C-N bond from the residue before the loop to the
one behind it is within 0.15 Å of ideal. Finished loops are kept in a file (.json) and not drawn a
second time. Where no atom moves (sequence), closed is the share of crystal structures that are.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from results import WEIGHTS, write_result

import protdiff
from protdiff.conditioning import CoDesign
from protdiff.conditioning.codesign import MODES
from protdiff.dataset import read_chains
from protdiff.network.weights import file_digest, find_weights, load_weights
from protdiff.sampling.draw import draw
from protdiff.sampling.plan import plan_requests
from protdiff.sequence.sequence_weights import find_sequence_weights
from protdiff.structure.backbone import Backbone
from protdiff.structure.constants import BOND_LENGTHS, CA_CA

TRIES, BOND = 5, 0.15
#: Both cysteines of a variable domain, the tryptophan between them, and what follows H3.
HEAVY = re.compile(r"C.{5,30}W.{30,90}Y.C(.{3,35}?)WG.G")
#: Contexts of a loop: its chain alone, or all chains of the file.
CHAIN, COMPLEX = "chain", "complex"


@dataclass(frozen=True)
class Loop:
    """An H3 in its structure, as rows of the backbone."""

    name: str
    backbone: Backbone
    rows: slice
    contexts: tuple[str, ...]

    def within(self, context: str) -> tuple[Backbone, slice]:
        """The structure that is given, and the rows of the loop in it."""
        if context == COMPLEX:
            return self.backbone, self.rows
        chain = self.backbone.chain_ids == self.backbone.chain_ids[self.rows.start]
        first = int(chain[: self.rows.start].sum())
        return self.backbone[chain], slice(first, first + self.rows.stop - self.rows.start)


def test_loops(data: Path) -> Iterator[Loop]:
    """Heavy chains of the test split, every H3 sequence once."""
    seen: set[str] = set()
    for chain in read_chains(data, "test", max_length=512):
        match = HEAVY.search(chain.sequence)
        if match and match[1] not in seen:
            seen.add(match[1])
            yield Loop(chain.name, chain.backbone(), slice(*match.span(1)), (CHAIN,))


def complex_loops(folder: Path) -> Iterator[Loop]:
    """Antibodies with their antigens; only residues with all atoms."""
    with (folder / "antibodies.csv").open(newline="") as handle:
        for row in csv.DictReader(handle):
            backbone = protdiff.read(folder / row["file"])
            backbone = backbone[backbone.mask.all(1)]
            chain = np.flatnonzero(backbone.chain_ids == row["heavy"])
            place = backbone[chain].sequence.find(row["h3"])
            if place < 0:
                print(f"{row['file']}: H3 is not complete, left out")
                continue
            rows = slice(int(chain[place]), int(chain[place]) + len(row["h3"]))
            yield Loop(row["file"].split(".")[0], backbone, rows, (CHAIN, COMPLEX))


def region_of(backbone: Backbone, rows: slice) -> str:
    """A range that names the rows."""
    numbers, codes = backbone.residue_numbers, backbone.insertion_codes
    ends = [f"{numbers[k]}{codes[k]}" for k in (rows.start, rows.stop - 1)]
    return f"{backbone.chain_ids[rows.start]}:{ends[0]}-{ends[1]}"


def tries_of(
    denoiser: Any, backbone: Backbone, rows: slice, mode: str, weights: Path, seed: int
) -> list[dict[str, float]]:
    """RMSD, closure and recovery of every try."""
    condition = CoDesign(backbone, region_of(backbone, rows), mode, weights=weights)
    requests = plan_requests(TRIES, seed, condition=condition)
    out: list[dict[str, float]] = []
    for batch in draw(denoiser, requests, seed=seed):
        for made in (sample.backbone for sample in batch):
            wide = slice(rows.start - 1, rows.stop + 1)
            ca = np.linalg.norm(np.diff(made.ca[wide], axis=0), axis=1)
            c_n = np.linalg.norm(made.coords[wide, 2][:-1] - made.coords[wide, 0][1:], axis=1)
            off = max(np.abs(ca - CA_CA).max(), np.abs(c_n - BOND_LENGTHS["C-N"]).max())
            gap = made.ca[rows] - backbone.ca[rows]
            same = made.residue_names[rows] == backbone.residue_names[rows]
            out.append({
                "rmsd": float(np.sqrt(np.square(gap).sum(1).mean())),
                "off": float(off),
                "recovery": float(same.mean()),
                "residues": float(rows.stop - rows.start),
            })  # fmt: skip
    return out


def summary(loops: list[list[dict[str, float]]]) -> dict[str, Any]:
    """Numbers over all loops of a set, in one mode and context."""
    every = [row for rows in loops for row in rows]
    size = np.array([row["residues"] for row in every])
    return {
        "loops": len(loops),
        "recovery": float(np.average([row["recovery"] for row in every], weights=size)),
        "rmsd": float(np.mean([row["rmsd"] for row in every])),
        "rmsd_median": float(np.median([row["rmsd"] for row in every])),
        "best_rmsd": float(np.mean([min(row["rmsd"] for row in rows) for rows in loops])),
        "closed": float(np.mean([row["off"] < BOND for row in every])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", help="weights of the structure network")
    parser.add_argument("--type-weights", help="weights of the residue-type network")
    parser.add_argument("--loops", type=int, help="loops of the test split; default all")
    parser.add_argument("--complexes", type=int, help="antibody-antigen complexes; default all")
    parser.add_argument("--modes", default=",".join(MODES), help="some of them; default all")
    parser.add_argument("--cache", type=Path, default=Path("benchmarks/out/cdr_h3.json"))
    parser.add_argument("--result", default="cdr_h3", help="name of the result file; '' for none")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.cache.parent.mkdir(parents=True, exist_ok=True)
    types, denoiser = find_sequence_weights(options.type_weights), load_weights(options.weights)
    # Loops of other weights are kept beside these, and not taken for them.
    identity = " ".join(file_digest(find_weights(path))[:12] for path in (options.weights, types))
    done = json.loads(options.cache.read_text()) if options.cache.exists() else {}
    sets = {
        "test": list(test_loops(options.data))[: options.loops],
        "complexes": list(complex_loops(options.data / "antibodies"))[: options.complexes],
    }
    numbers: dict[str, Any] = {}
    for name, loops in sets.items():
        rows: dict[str, list[list[dict[str, float]]]] = {}
        for number, loop in enumerate(loops):
            for context, mode in product(loop.contexts, options.modes.split(",")):
                key = f"{identity} {name} {loop.name} {context} {mode}"
                if key not in done:
                    given = loop.within(context)
                    done[key] = tries_of(denoiser, *given, mode, types, number)
                    options.cache.write_text(json.dumps(done))
                rows.setdefault(f"{mode}, {context}", []).append(done[key])
        numbers[name] = {key: summary(value) for key, value in rows.items()}
        for key, value in numbers[name].items():
            print(name, key, {k: round(v, 3) for k, v in value.items()}, flush=True)
    if options.result:
        print(write_result(options.result, numbers, weights=types, drawn_by=WEIGHTS, cores=1))


if __name__ == "__main__":
    main()
