"""What the diagnostics of the source papers say of the shipped weights, as results.

    python benchmarks/theory_results.py --data DATASET [noise]

noise: flow_noise.json, `protdiff flow report` on 96 chains, the identities of the noise predictor
by band. Half a minute on one core.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from results import write_result

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


PARTS: dict[str, Callable[[str, Path], None]] = {"noise": noise}


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
