"""DockQ of complexes beside the program DockQ, interface by interface.

    python benchmarks/complexes.py --data DATASET/antibodies --dockq PYTHON [--count 60]

Models are made from crystal structures of antibodies on their antigens: one partner moved, chains
renamed and out of order, residues cut out, a chain left out, two copies side by side. PYTHON is
that of an environment with DockQ 2.1.3 (see dockq_program.py). Where residues are cut out, both
pair residues by number: alignments of sequences leave open which of two equal letters beside a gap
was observed. Of two mappings with one mean DockQ, that of the program is compared. Times are CPU
seconds of one process with one thread, files to numbers.
"""

import argparse
import json
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from complex_models import antibody_pairs, write_pairs
from results import write_result

from protdiff.metrics import score

#: Differences that count, and of means that are equal.
LIMIT, TIE = 1e-3, 1e-6
#: What is compared, by the names of DockQ and ours.
NAMES = {"DockQ": "dockq", "fnat": "fnat", "iRMSD": "irmsd", "LRMSD": "lrmsd", "F1": "f1"}


def differences(found, expected):
    """Largest difference of each interface of the program; infinite for one that we lack."""
    ours = {frozenset(one.reference_chains): one for one in found.interfaces if one.model_chains}
    out = []
    for key, values in expected["best_result"].items():
        one = ours.pop(frozenset(key), None)
        if one is None:
            out.append(np.inf)
            continue
        out.append(max(abs(values[k] - getattr(one, name)) for k, name in NAMES.items()))
    return out + [np.inf] * len(ours)


def with_ours(job, chains=None):
    """Our scores of a pair, perhaps for given chains, and CPU seconds."""
    start = time.process_time()
    alignment = "number" if job["numbers"] else "auto"
    found = score(
        job["model"], job["reference"], alignment=alignment, chains=chains, with_quality=False
    )
    return found, time.process_time() - start


def compared(jobs, ours, theirs):
    """What both programs say, by kind of model, and their times."""
    kinds, seconds, others = {}, {"protdiff": 0.0, "dockq": 0.0}, 0
    none = ties = 0
    for job, (found, own), expected in zip(jobs, ours, theirs, strict=True):
        if "best_result" not in expected:
            none += 1
            print(
                f"{job['name']}: DockQ finds no interface; ours {found.interfaces.row()['dockq']}"
            )
            continue
        others += set(found.chains) != set(found.interfaces.chains)
        mean = np.mean([one.dockq for one in found.interfaces.interfaces if one.model_chains])
        mapping = [(a, b) for b, a in expected["best_mapping"].items()]
        if set(mapping) != set(found.interfaces.chains) and mean > expected["GlobalDockQ"] - TIE:
            ties += 1
            found = with_ours(job, mapping)[0]
        off = differences(found.interfaces, expected)
        row = kinds.setdefault(job["kind"], {"complexes": 0, "off": [], "mean": []})
        row["complexes"] += 1
        row["off"] += off
        row["mean"].append(abs(mean - expected["GlobalDockQ"]))
        if max(off) > LIMIT:
            print(
                f"{job['name']} ({job['kind']}): off by {max(off):.4f}, mean {row['mean'][-1]:.1e}"
            )
        seconds["protdiff"] += own
        seconds["dockq"] += expected["seconds"]
    rows = {
        kind: {
            "complexes": row["complexes"],
            "interfaces": len(row["off"]),
            "within": int(np.sum(np.array(row["off"]) < LIMIT)),
            "largest": float(np.max(row["off"])),
            "largest_of_mean": float(np.max(row["mean"])),
        }
        for kind, row in kinds.items()
    }
    count = sum(row["complexes"] for row in rows.values())
    return {
        "limit": LIMIT,
        "complexes": count,
        "without_interface": none,
        "other_mapping_by_tm": others,
        "equal_mappings": ties,
        "kinds": rows,
        "seconds_per_complex": {name: total / count for name, total in seconds.items()},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--dockq", required=True)
    parser.add_argument("--count", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = write_pairs(antibody_pairs(options.data, options.count), folder)
        for job in jobs:
            job["numbers"] = "gaps" in job["kind"]
        (folder / "jobs.json").write_text(json.dumps(jobs))
        program = Path(__file__).with_name("dockq_program.py")
        command = [options.dockq, program, folder / "jobs.json", folder / "out.json"]
        subprocess.run(command, check=True)
        theirs = json.loads((folder / "out.json").read_text())
        score(jobs[0]["model"], jobs[0]["reference"])  # imports what is imported at the first use
        ours = [with_ours(job) for job in jobs]
        numbers = compared(jobs, ours, theirs)
    print(json.dumps(numbers, indent=1))
    write_result("complexes", numbers, weights=None, cores=1)


if __name__ == "__main__":
    main()
