"""What the diagnostics of the source papers say of the shipped weights, as results.

    python benchmarks/theory_results.py --data DATASET [noise] [clones] [memory] [schedules]

noise: flow_noise.json, `protdiff flow report` on 96 chains, the identities of the noise predictor
by band. Half a minute on one core.

clones: flow_clones.json, `protdiff flow thermo` on 16 chains with few shells: the cloning curve,
the potential of clones, and where trajectories part. Five minutes.

memory: halder.json, Halder's Δ of 200 training chains with noise, real chains and generated ones of
60-200 residues. Two minutes.

schedules: flow_schedules.json, `protdiff flow report --schedules`: what grids of times lose in the
bound. One minute.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from results import write_result

from protdiff import read
from protdiff.dataset import UNIT, read_chains
from protdiff.metrics.kernel_audit import kernel_audit

#: Chains that the audit takes from an archive, and samples.
ALL: dict[str, Any] = {"max_length": 512, "globular": False}
SAMPLES = 200
COMMAND = [sys.executable, "-m", "protdiff.cli.app"]


def protdiff(*words: str) -> None:
    """Run a command on one core; its failure ends this one."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([*COMMAND, *words], check=True, env=environment)


def noise(data: str, scratch: Path) -> None:
    file = scratch / "noise.json"
    chains = ("--length", "100", "--chains", "96", "--samples", "0", "--calls", "16")
    protdiff("flow", "report", "--data", data, *chains, "--out", str(file))
    report = json.loads(file.read_text())
    numbers: dict[str, Any] = {name: report[name] for name in ("bands", "chains", "residues")}
    write_result("flow_noise", numbers | report["noise"], cores=1)


def clones(data: str, scratch: Path) -> None:
    size = ("--length", "80", "--chains", "16", "--shells", "4", "--steps", "25")
    protdiff("flow", "thermo", "--data", data, *size, "--out", str(scratch / "thermo"))
    report = json.loads((scratch / "thermo" / "thermo.json").read_text())
    rows = ("u", "period", "between", "decided", "same_fold", "same_fold_error", "potential")
    parting = ("time", "time_error", "period", "gaussian", "chains", "parting")
    numbers: dict[str, Any] = {
        name: report[name]
        for name in ("chains", "residues", "fold_decided", "fold_decided_period", "speciation_time")
    }
    numbers["speciation"] = {name: report["network_speciation"][name] for name in parting}
    numbers["replicas"] = [{name: row[name] for name in rows} for row in report["replicas"]]
    write_result("flow_clones", numbers, cores=1)


def memory(data: str, scratch: Path) -> None:
    archive, rng = Path(data), np.random.default_rng(0)
    train, held = (
        [chain.coords[:, 1] * UNIT for chain in read_chains(archive, split, **ALL)]
        for split in ("train", "val")
    )
    order = rng.permutation(len(held))
    apart, rest = ([held[k] for k in part] for part in (order[:SAMPLES], order[SAMPLES:]))
    chosen = rng.permutation(len(train))[:SAMPLES]
    sets = {
        f"copies, noise of {noise:g} Å": kernel_audit(
            [train[k] + noise * rng.normal(size=train[k].shape) for k in chosen], train, held
        )
        for noise in (0.5, 2.0)
    }
    few = [train[k] for k in chosen[: SAMPLES // 10]]
    sets["real chains, a tenth copies"] = kernel_audit(few + apart[len(few) :], train, rest)
    sets["real chains"] = kernel_audit(apart, train, rest)
    request = ("--length", "60-200", "--num", str(SAMPLES), "--seed", "0")
    protdiff("generate", *request, "--out", str(scratch / "made"))
    made = [read(path).ca for path in sorted((scratch / "made").glob("*.pdb"))]
    sets["generated"] = kernel_audit(made, train, held)
    write_result(
        "halder",
        {"count": SAMPLES, "training_chains": len(train), "held_out": len(held),
         "sets": {name: asdict(found) for name, found in sets.items()}},
        cores=1,
    )  # fmt: skip


def schedules(data: str, scratch: Path) -> None:
    file = scratch / "schedules.json"
    chains = ("--length", "80", "--chains", "16", "--samples", "0", "--schedules")
    calls = ("--calls", "8", "--calls", "16", "--calls", "30")
    protdiff("flow", "report", "--data", data, *chains, *calls, "--out", str(file))
    report = json.loads(file.read_text())
    numbers: dict[str, Any] = {name: report[name] for name in ("chains", "residues", "grids")}
    numbers |= {name: sum(report[name]) for name in ("start", "score")}
    write_result("flow_schedules", numbers, cores=1)


PARTS: dict[str, Callable[[str, Path], None]] = {
    "noise": noise, "clones": clones, "memory": memory, "schedules": schedules,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; or all")
    options = parser.parse_args()
    for name in options.parts or PARTS:
        if name not in PARTS:
            parser.error(f"{name}: no such part; choose from {', '.join(PARTS)}")
        with tempfile.TemporaryDirectory() as scratch:
            PARTS[name](options.data, Path(scratch))


if __name__ == "__main__":
    main()
