"""What the flow's own commands say of the shipped weights, as results.

    python benchmarks/flow_results.py --data DATASET

flow_calls.json: `protdiff flow report`, how much worse samples of 16 and 32 calls are than those of
100. flow_fluctuations.json: `protdiff flow thermo`, fluctuation theorems by shell and over whole
trajectories. Some minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

from results import write_result

CALLS = ("--length", "100", "--chains", "16", "--calls", "16", "--calls", "32")
THERMO = ("--length", "80", "--chains", "16", "--steps", "10")
#: Of a shell.
COLUMNS = ("u", "period", "fluctuation", "fluctuation_error", "fluctuation_bias")


def protdiff(*words: str) -> None:
    """Run a command; its failure ends this one."""
    subprocess.run(["protdiff", "flow", *words], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", required=True)
    data = ("--data", parser.parse_args().data)
    with tempfile.TemporaryDirectory() as scratch:
        file, folder = Path(scratch, "calls.json"), Path(scratch, "thermo")
        protdiff("report", *data, *CALLS, "--out", str(file))
        write_result("flow_calls", json.loads(file.read_text())["samples"], cores=1)
        protdiff("thermo", *data, *THERMO, "--out", str(folder))
        report = json.loads((folder / "thermo.json").read_text())
    shells = [{name: shell[name] for name in COLUMNS} for shell in report["shells"]]
    numbers = {name: report[name] for name in ("chains", "residues", "trajectories")}
    write_result("flow_fluctuations", numbers | {"shells": shells}, cores=1)


if __name__ == "__main__":
    main()
