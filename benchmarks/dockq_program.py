"""Run the program DockQ on pairs of files, in an environment that has it.

    PYTHON benchmarks/dockq_program.py JOBS.json OUT.json

PYTHON is that of an environment with `pip install DockQ` (2.1.3). It cannot be ours: the program
needs numpy 1 and a compiler. `JOBS.json` has a list of {"model", "reference"}, with {"numbers":
true} where residues are paired by number. `OUT.json` gets what the program says of each, and its
CPU seconds, without the start of Python.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path

from DockQ import DockQ


def cpu_seconds():
    """CPU time of this process and of those that it has started."""
    return sum(os.times()[:4])


def run(job, folder):
    """What DockQ says of one pair, as JSON, and its time; an error in words."""
    out = folder / "out.json"
    out.unlink(missing_ok=True)
    sys.argv = ["DockQ", job["model"], job["reference"], "--n_cpu", "1", "--json", str(out)]
    sys.argv += ["--no_align"] if job.get("numbers") else []
    start = cpu_seconds()
    quiet = io.StringIO()
    with (
        contextlib.redirect_stdout(quiet),
        contextlib.redirect_stderr(quiet),
        contextlib.suppress(SystemExit),
    ):
        DockQ.main()
    seconds = cpu_seconds() - start
    if not out.is_file():
        return {"error": quiet.getvalue().strip().splitlines()[-1:], "seconds": seconds}
    return {**json.loads(out.read_text()), "seconds": seconds}


def main():
    jobs, out = (Path(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        results = [run(job, Path(folder)) for job in json.loads(jobs.read_text())]
    out.write_text(json.dumps(results))


if __name__ == "__main__":
    main()
