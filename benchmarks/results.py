"""Results of benchmarks as data: one JSON file each in ``benchmarks/results/``.

A benchmark calls `write_result`. The tables of the documentation are made from the files by
``python benchmarks/fill_tables.py``. Nothing of protdiff is imported here, so that
`sample_quality.py`, which must not depend on the package that it measures, can use this file too.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
WEIGHTS = ROOT / "weights" / "rg-base.safetensors"
#: What benchmarks leave behind on their way; not in the repository.
OUT = ROOT / "benchmarks" / "out"

#: What stands for the values of options.
PLACES = {"--out": "FOLDER", "--folder": "FOLDER", "--program": "PYTHON"}
#: Folders of the data set that benchmarks take for themselves.
PARTS = ("antibodies", "cameo22", "motifs")
#: Fields that every result file has.
FIELDS = ("script", "command", "protdiff", "weights", "machine", "date", "numbers")


def machine(device: str = "cpu", cores: int | None = None) -> str:
    """This machine in words, such as "two cores of an Intel Xeon" or "one NVIDIA H200"."""
    if device == "cuda":
        import torch

        return f"one {torch.cuda.get_device_name()}"
    model, cpuinfo = "CPU", Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        match = re.search(r"model name\s*: (.*)", cpuinfo.read_text())
        if match:
            model = re.sub(r"\((R|TM)\)|Processor|CPU|@.*", "", match[1])
    count = cores or os.cpu_count() or 1
    words = {1: "one core", 2: "two cores"}.get(count, f"{count} cores")
    return f"{words} of {' '.join(model.split())}"


def command_line(arguments: list[str]) -> str:
    """The command, with folders of data and absolute paths replaced by placeholders."""
    words = ["python", "benchmarks/" + Path(arguments[0]).name]
    for previous, word in pairwise(arguments):
        if previous == "--data":
            folder = Path(word).name
            word = f"DATASET/{folder}" if folder in PARTS else "DATASET"
        elif previous in PLACES:
            word = PLACES[previous]
        elif word.startswith("/"):
            word = Path(word).name
        words.append(word)
    return " ".join(words)


def plain(value: Any) -> Any:
    """Plain JSON values: numpy's numbers as Python's with five significant digits, nan as null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.5g}") if value == value else None
    return value


def weights_identity(weights: Path = WEIGHTS) -> dict[str, str]:
    """Name and checksum of a weights file, by which a result says what it measured."""
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    return {"name": weights.stem, "sha256": digest}


def is_stale(result: dict[str, Any], identity: dict[str, str]) -> bool:
    """Whether a result is of earlier weights of this name, or of backbones drawn by them."""
    measured = (result["weights"], result.get("drawn_by"))
    return any(one and one["name"] == identity["name"] and one != identity for one in measured)


def cache_file(name: str) -> Path:
    """File for what a benchmark has finished, of the shipped weights alone."""
    OUT.mkdir(parents=True, exist_ok=True)
    return OUT / f"{name}-{weights_identity()['sha256'][:12]}.json"


def write_result(
    name: str,
    numbers: dict[str, Any],
    *,
    weights: Path | None = WEIGHTS,
    drawn_by: Path | None = None,
    device: str = "cpu",
    cores: int | None = None,
) -> Path:
    """Write ``benchmarks/results/NAME.json``; the running script and its arguments go with it.

    Parameters
    ----------
    name : str
        Name of the result.
    numbers : dict
        What was measured. A spread is ``{"mean": …, "sd": …}``, a range ``{"low": …, "high": …}``.
    weights : Path or None
        Weights file that was measured, by default the shipped one; None where none took part.
    drawn_by : Path, optional
        Weights file that drew the backbones, where `weights` are of residue types.
    device : str
        "cuda" if a GPU did the work.
    cores : int, optional
        Cores that were used; by default all of the machine.
    """
    try:
        release = version("protdiff")
    except PackageNotFoundError:
        release = "unknown"
    identity = None if weights is None else weights_identity(weights)
    values = (
        f"benchmarks/{Path(sys.argv[0]).name}",
        command_line(sys.argv),
        release,
        identity,
        machine(device, cores),
        datetime.now(UTC).date().isoformat(),
        plain(numbers),
    )
    result = dict(zip(FIELDS, values, strict=True))
    if drawn_by is not None:
        result["drawn_by"] = weights_identity(drawn_by)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    part = path.with_suffix(".part")
    text = json.dumps(result, indent=1, ensure_ascii=False)
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, path)
    return path


def markdown_tables(text: str) -> list[dict[str, Any]]:
    """All tables of a Markdown text, as ``{"columns": [...], "rows": [[...], ...]}``."""
    tables: list[dict[str, Any]] = []
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not inside:
            tables.append({"columns": cells, "rows": []})
            inside = True
        elif set(line) - set("|- :"):
            tables[-1]["rows"].append(cells)
    return tables


def load(name: str) -> dict[str, Any]:
    """A result file."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
