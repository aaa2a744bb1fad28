"""What the diagnostics of the source papers say of the shipped weights, as results.

    python benchmarks/theory_results.py --data DATASET [noise] [clones] [memory] [schedules]
        [principal]

noise: flow_noise.json, `protdiff flow report` on 96 chains, the identities of the noise predictor
by band. Half a minute on one core.

clones: flow_clones.json, `protdiff flow thermo` on 16 chains with few shells: the cloning curve,
the potential of clones, and where trajectories part. Five minutes.

memory: halder.json, Halder's Δ of 200 training chains with noise, real chains and generated ones of
60-200 residues. Two minutes.

schedules: flow_schedules.json, `protdiff flow report --schedules`: what grids of times lose in the
bound. One minute.

principal: principal_components.json, principal components of real chains beside cosine modes, and
what a Gaussian chain gains from them. No weights take part. Ten seconds.
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
import torch
from results import write_result

from protdiff import read
from protdiff.dataset import UNIT, read_chains
from protdiff.flow import BASES, cosine_modes, principal_modes
from protdiff.metrics.kernel_audit import kernel_audit

#: Chains that the audit takes from an archive, and samples.
ALL: dict[str, Any] = {"max_length": 512, "globular": False}
SAMPLES = 200
#: Principal components that are compared one by one.
LEADING = 10
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
    numbers["score_error"] = float(np.linalg.norm(report["score_error"]))
    write_result("flow_schedules", numbers, cores=1)


def pieces(chains: list[np.ndarray], size: int, longest: float) -> torch.Tensor:
    """The middle `size` residues of CA traces that have from `size` to `longest` residues."""
    cut = [(ca, (len(ca) - size) // 2) for ca in chains if size <= len(ca) <= longest]
    return torch.tensor(np.stack([ca[start : start + size] for ca, start in cut]))


def lost_off_diagonal(covariance: torch.Tensor) -> float:
    """KL of a Gaussian to the one with the diagonal of its covariance, nats per coordinate."""
    return float(0.5 * (covariance.diagonal().log().sum() - torch.logdet(covariance)))


def principal_beside_cosine(train: torch.Tensor, held_out: torch.Tensor) -> dict[str, Any]:
    """How far cosine modes are from the principal components of traces (S, N, 3) of one length.

    Returns
    -------
    dict
        `overlap`: |cosine| of the angle between each of the first `LEADING` components and the
        cosine mode next to it, whose number is in `mode`. `outside`: share of the squared
        covariance of cosine modes that is off the diagonal. `leading`: variance of the first
        `LEADING` cosine modes over that of as many components. `kl`: of the Gaussian with the whole
        covariance to that with its diagonal, nats per residue; `kl_haar`: the same with the
        diagonal over Haar wavelets. `gain`: what `kl` is on held-out traces, where no fit to noise
        can raise it, and its standard error over them.
    """
    n = train.shape[1]
    modes, wavelets = cosine_modes(n)[1:], BASES["haar"].modes(n)[1:]
    known, others = (modes @ (x - x.mean(1, keepdim=True)) for x in (train, held_out))
    covariance = torch.einsum("sia,sja->ij", known, known) / (3 * len(known))
    diagonal, turned = covariance.diagonal(), wavelets @ modes.T
    components, variance = principal_modes(train)
    overlap, mode = (components[1 : LEADING + 1] @ modes.T).abs().max(1)
    kl = 3 * lost_off_diagonal(covariance) / n
    whole = (others * torch.linalg.solve(covariance, others)).sum((1, 2))
    gain = kl + 0.5 * ((others.square() / diagonal[:, None]).sum((1, 2)) - whole) / n
    return {
        "chains": len(known), "held_out": len(others), "overlap": overlap, "mode": mode + 1,
        "outside": float(1 - diagonal.square().sum() / covariance.square().sum()),
        "leading": float(diagonal[:LEADING].sum() / variance[1 : LEADING + 1].sum()),
        "kl": kl, "kl_haar": 3 * lost_off_diagonal(turned @ covariance @ turned.T) / n,
        "gain": float(gain.mean()), "gain_error": float(gain.std() / len(gain) ** 0.5),
    }  # fmt: skip


def principal(data: str, scratch: Path) -> None:
    train, held = (
        [chain.coords[:, 1] * UNIT for chain in read_chains(Path(data), split, max_length=512)]
        for split in ("train", "val")
    )
    numbers = {
        f"{what}, {n} residues": principal_beside_cosine(
            pieces(train, n, longest * n), pieces(held, n, longest * n)
        )
        for n in (64, 100)
        for what, longest in (("middle of all chains", np.inf), ("nearly whole chains", 1.15))
    }
    write_result("principal_components", {"sets": numbers}, weights=None, cores=1)


PARTS: dict[str, Callable[[str, Path], None]] = {
    "noise": noise, "clones": clones, "memory": memory, "schedules": schedules,
    "principal": principal,
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
