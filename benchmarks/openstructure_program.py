"""Scores of complexes by OpenStructure, in an environment that has it.

    PYTHON benchmarks/openstructure_program.py JOBS.json OUT.json

PYTHON is one that can `import ost` (2.9 or newer; the package openstructure of Debian 13, say,
with its compounds.chemlib made by `chemdict_tool`). `JOBS.json` has a list of {"model",
"reference"}, and perhaps "mapping", chains of the model by those of the reference, which
OpenStructure finds otherwise; {"kind": "single"} is scored as a single chain. iLDDT is without
stereochemistry checks; the TM-score is that of the US-align inside.
"""

import json
import sys
import time

import ost
from ost import bindings, io
from ost.mol.alg.scoring import Scorer


def run_single(job):
    """Scores of one pair of single chains."""
    start = time.perf_counter()
    model, reference = io.LoadPDB(job["model"]), io.LoadPDB(job["reference"])
    scorer = Scorer(model, reference, lddt_no_stereochecks=True)
    out = {
        "lddt": scorer.lddt,
        "rmsd": scorer.rmsd,
        "gdt_ts": scorer.gdtts,
        "gdt_ha": scorer.gdtha,
        "tm": scorer.tm_score,
    }
    return out | {"seconds": {"all": time.perf_counter() - start}}


def run(job):
    """Scores of one pair of files."""
    if job.get("kind") == "single":
        return run_single(job)
    model, reference = io.LoadPDB(job["model"]), io.LoadPDB(job["reference"])
    start = time.perf_counter()
    scorer = Scorer(model, reference, lddt_no_stereochecks=True, custom_mapping=job.get("mapping"))
    out = {
        "mapping": scorer.mapping.GetFlatMapping(),
        "ilddt": scorer.ilddt,
        "qs_best": scorer.qs_best,
        "qs_global": scorer.qs_global,
        "qs_interfaces": {
            "".join(names[:2]): [best, every]
            for names, best, every in zip(
                scorer.qs_interfaces,
                scorer.per_interface_qs_best,
                scorer.per_interface_qs_global,
                strict=True,
            )
        },
        "dockq_ave_full": float(scorer.dockq_ave_full),
    }
    middle = time.perf_counter()
    aligned = bindings.WrappedMMAlign(scorer.model, scorer.target)
    chains = zip(aligned.ent2_mapped_chains, aligned.ent1_mapped_chains, strict=True)
    seconds = {"scores": middle - start, "us_align": time.perf_counter() - middle}
    return out | {"tm": aligned.tm_score, "tm_mapping": dict(chains), "seconds": seconds}


def main():
    ost.PushVerbosityLevel(-1)
    with open(sys.argv[1]) as handle:
        jobs = json.load(handle)
    results = []
    for job in jobs:
        results.append(run(job))
        with open(sys.argv[2], "w") as handle:
            json.dump(results, handle)


if __name__ == "__main__":
    main()
