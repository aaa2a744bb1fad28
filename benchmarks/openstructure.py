"""Complexes, rings and single chains beside OpenStructure and the US-align inside it.

    python benchmarks/openstructure.py --data DATASET --program "PYTHON" [--count 42] [--singles 60]

PYTHON is the command of an interpreter with OpenStructure (see openstructure_program.py); the
folder of this script's files must be seen there under the same path, or be given by --folder.

complexes   models of antibodies on their antigens (complex_models.py)
rings       6 and 24 copies of one chain about an axis, shuffled, renamed and jittered
hetero      A2B2 with one chain missing
singles     held-out chains beside jittered copies: RMSD, TM-score and GDT of one chain

The files have no side chains, but a placed CB, without which OpenStructure takes no residue. It
counts them in lDDT and iLDDT, and protdiff does not: these are compared in the tests. Times are of
one process with one thread, files to numbers, of all scores of both.
"""

from __future__ import annotations

import argparse
import csv
import json
import shlex
import string
import subprocess
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from biotite.structure import AtomArray
from biotite.structure.io.pdb import PDBFile
from complex_models import antibody_pairs, jittered, renamed, rotation, write_pairs
from results import write_result

from protdiff import Backbone, read, write
from protdiff.dataset import read_chains
from protdiff.metrics import score
from protdiff.structure.backbone import joined
from protdiff.structure.geometry import ideal_cb

#: What is compared of complexes, by our names and those of openstructure_program.py.
NAMES = {"qs_best": "qs_best", "qs_global": "qs_global", "tm_complex": "tm"}
SINGLE = {
    "rmsd": "rmsd",
    "gdt_ts": "gdt_ts",
    "gdt_ha": "gdt_ha",
    "tm": "tm",
}
#: Differences that count.
LIMIT = 1e-3
#: Least distance of CA atoms of neighbours in a ring, Å.
NEAR = 5.0
#: Most residues of a single chain.
LONGEST = 300


def write_with_cb(backbone: Backbone, path: Path) -> None:
    """A PDB file of N, CA, C, O and a placed CB, for OpenStructure measures contacts by CB."""
    names = np.asarray(backbone.residue_names)
    coords = np.concatenate([backbone.coords, ideal_cb(backbone.coords)[:, None]], 1)
    kept = np.isfinite(coords).all(-1)
    kept[:, 4] &= names != "GLY"
    row, atom = np.nonzero(kept)
    array = AtomArray(len(row))
    array.coord = coords[kept].astype(np.float32)
    array.chain_id = np.asarray(backbone.chain_ids)[row]
    array.res_id = np.asarray(backbone.residue_numbers)[row]
    array.res_name = names[row]
    array.atom_name = np.array(["N", "CA", "C", "O", "CB"])[atom]
    array.element = np.array(["N", "C", "C", "O", "C"])[atom]
    file = PDBFile()
    file.set_structure(array)
    file.write(str(path))


def ring(part: Backbone, copies: int) -> list[Backbone]:
    """Copies of a chain about the z axis that just touch."""
    angles = 2 * np.pi * np.arange(copies) / copies
    centred = part.coords - part.ca.mean(0)
    for radius in np.arange(5.0, 400.0, 0.5):
        turned = [
            (centred + np.array([radius, 0, 0]))
            @ np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])
            for a in angles
        ]
        gap = np.linalg.norm(turned[0][:, None, 1] - turned[1][None, :, 1], axis=-1).min()
        if gap > NEAR:
            break
    return [replace(part, coords=x) for x in turned]


def made(data: Path) -> dict[str, tuple[Backbone, Backbone]]:
    """Rings, and A2B2 with one chain missing: model and reference by name."""
    rng = np.random.default_rng(0)
    with (data / "antibodies" / "antibodies.csv").open(newline="") as handle:
        row = next(csv.DictReader(handle))
    whole = read(data / "antibodies" / row["file"])
    one = whole.chain(whole.chains[0])
    two = next(b for b in map(whole.chain, whole.chains) if b.sequence != one.sequence)
    out = {}
    for name, parts in (
        ("ring of 6", ring(one[:60], 6)),
        ("ring of 24", ring(one[:60], 24)),
        ("A2B2 without a chain", [b for pair in zip(ring(one, 2), ring(two, 2), strict=True)
                                  for b in pair]),
    ):  # fmt: skip
        shuffled = [jittered(parts[k], rng, 0.4) for k in rng.permutation(len(parts))]
        if name.startswith("A2B2"):
            del shuffled[1]
        model = joined(renamed(shuffled, string.ascii_uppercase[: len(shuffled)]))
        model = replace(model, coords=model.coords @ rotation(rng))
        out[name] = model, joined(renamed(parts, string.ascii_uppercase[: len(parts)]))
    return out


def all_jobs(data: Path, folder: Path, count: int, singles: int) -> list[dict[str, Any]]:
    """What both programs score: kind, name and files."""
    jobs = write_pairs(antibody_pairs(data / "antibodies", count), folder)
    for name, sides in made(data).items():
        job = {"name": name, "kind": name}
        for what, side in zip(("model", "reference"), sides, strict=True):
            job[what] = str(folder / f"{name.replace(' ', '_')}_{what}.pdb")
            write(side, job[what])
        jobs.append(job)
    for job in jobs:
        for what in ("model", "reference"):
            write_with_cb(read(job[what]), Path(job[what]))
    chains = list(read_chains(data, "val", max_length=LONGEST))
    for number, chain in enumerate(chains[:: len(chains) // singles][:singles]):
        reference, rng = chain.backbone(), np.random.default_rng([1, number])
        sides = {"model": jittered(reference, rng, rng.uniform(0.1, 1.0)), "reference": reference}
        job = {"name": chain.name, "kind": "single"}
        for what, side in sides.items():
            job[what] = str(folder / f"single_{number}_{what}.pdb")
            write_with_cb(side, Path(job[what]))
        jobs.append(job)
    return jobs


def with_ours(job: dict[str, Any]) -> tuple[Any, float]:
    """Our scores of a job, and seconds."""
    began = time.perf_counter()
    found = score(job["model"], job["reference"], with_quality=False)
    return found, time.perf_counter() - began


def compared(job: dict[str, Any], ours: Any, theirs: dict[str, Any]) -> dict[str, Any]:
    """Differences of a job; of a complex also whether both map the chains alike."""
    row = ours.row()
    names = SINGLE if job["kind"] == "single" else NAMES
    out: dict[str, Any] = {name: abs(row[name] - theirs[key]) for name, key in names.items()}
    if names is NAMES:
        out["mapping"] = {b: a for a, b in ours.interfaces.chains} == theirs["mapping"]
        out["tm_mapping"] = {b: a for a, b in ours.chains} == theirs["tm_mapping"]
    return out


def summary(jobs: list[dict], rows: list[dict], seconds: list[tuple[float, float]]) -> dict:
    """By kind: largest differences, equal mappings, and pairs a second of both programs."""
    out: dict[str, Any] = {}
    kinds = {job["name"] for job in jobs if job["kind"] == job["name"]} | {"single"}
    for label in ["complexes", *sorted(kinds)]:
        chosen = [
            k for k, job in enumerate(jobs)
            if job["kind"] == label or (label == "complexes" and job["kind"] not in kinds)
        ]  # fmt: skip
        own, other = (np.sum([seconds[k][side] for k in chosen]) for side in (0, 1))
        found: dict[str, Any] = {"pairs": len(chosen)}
        for name in SINGLE if label == "single" else NAMES:
            values = [rows[k][name] for k in chosen]
            found[name] = {
                "median": float(np.median(values)), "largest": float(np.max(values)),
                "within": int(np.sum(np.array(values) < LIMIT)),
            }  # fmt: skip
        for name in () if label == "single" else ("mapping", "tm_mapping"):
            found[name] = int(sum(rows[k][name] for k in chosen))
        found["seconds"] = {"protdiff": own / len(chosen), "openstructure": other / len(chosen)}
        out[label] = found
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--folder", type=Path, help="for the files of both programs")
    parser.add_argument("--count", type=int, default=42)
    parser.add_argument("--singles", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        jobs = all_jobs(options.data, folder, options.count, options.singles)
        (folder / "jobs.json").write_text(json.dumps(jobs))
        program = folder / "program.py"
        program.write_bytes(Path(__file__).with_name("openstructure_program.py").read_bytes())
        words = [*shlex.split(options.program), program, folder / "jobs.json", folder / "out.json"]
        subprocess.run([str(word) for word in words], check=True)
        theirs = json.loads((folder / "out.json").read_text())
        with_ours(jobs[0])  # imports what is imported at the first use
        ours = [with_ours(job) for job in jobs]
        rows = [compared(job, found, other)
                for job, (found, _), other in zip(jobs, ours, theirs, strict=True)]  # fmt: skip
    seconds = [(own, sum(other["seconds"].values()))
               for (_, own), other in zip(ours, theirs, strict=True)]  # fmt: skip
    numbers = summary(jobs, rows, seconds)
    print(json.dumps(numbers, indent=1))
    print(write_result("openstructure", numbers, weights=None, cores=1))


if __name__ == "__main__":
    main()
