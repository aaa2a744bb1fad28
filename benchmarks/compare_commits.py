"""Do two commits give the same files? Runs the same commands with each and compares the outputs.

    python benchmarks/compare_commits.py OLD NEW [--only NAME ...] [--out FOLDER] [--keep FOLDER]

OLD and NEW are commits, or folders that hold a checkout. Both sides run with this Python, one
thread, and only files of their own checkout. Structures and text files must agree in every byte;
tables, JSON, arrays and weights in every value, but for those that name a time or a version, and
for the wording of warnings. Pictures are not compared. Columns that only the new side has are named
and are no difference. The exit code is 1 if anything differs.

``--keep FOLDER`` stores what the old side wrote, and takes it from there the next time;
``--out FOLDER`` keeps the files of both sides to look at; ``--only`` runs some commands and those
whose files they need. One side takes about two minutes on one core.
"""

import argparse
import contextlib
import csv
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import numpy as np
from safetensors import safe_open

#: Commands by name, as words of the command line, and small files that they read.
PLAN = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
COMMANDS = {name: shlex.split(words) for name, words in PLAN["commands"].items()}
INPUTS = PLAN["inputs"]
#: Commands whose printed numbers are all that they give.
PRINTING = {"flow-show", "data-show"}

#: Columns and keys that name a time or a version; and those that hold a sentence, of which only
#: the presence is compared.
CHANGING = {"seconds", "minutes", "seconds_per_step", "protdiff", "version", "command"}
WORDING = {"error", "warning", "reason", "verdict"}
PICTURES = {".png", ".html"}

#: Runs the commands of one side. The libraries are imported once and every command is a fork, as
#: good as a Python of its own: importing torch takes longer than most of the commands.
RUNNER = """
import importlib.util, json, os, runpy, shutil, sys, time, traceback
import biotite.structure, e3nn.o3, mdtraj, scipy.stats, torch

checkout, commands = json.loads(sys.argv[1])
package = importlib.util.find_spec("protdiff").origin
if not package.startswith(checkout + os.sep):
    sys.exit(f"{package} would run, not the package in {checkout}")
for name, arguments in commands:
    shutil.rmtree(name, ignore_errors=True)
    os.mkdir(name)
    began, child = time.time(), os.fork()
    if not child:
        log = os.open(f"logs/{name}.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1), os.dup2(log, 2)
        sys.argv, code = ["protdiff", *arguments], 0
        try:
            runpy.run_module("protdiff.cli.app", run_name="__main__", alter_sys=True)
        except SystemExit as exit:
            code = exit.code or 0
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    record = {"arguments": arguments, "code": code, "seconds": round(time.time() - began, 1)}
    with open(f"done/{name}.json", "w") as handle:
        json.dump(record, handle)
    print(f"  {name}: {record['seconds']} s", file=sys.stderr, flush=True)
"""


def git(*arguments, folder=None):
    """Output of a git command in a folder, by default that of this script."""
    folder = folder or Path(__file__).resolve().parent
    result = subprocess.run(
        ["git", "-C", folder, *arguments], check=True, capture_output=True, text=True
    )
    return result.stdout.strip()


@contextlib.contextmanager
def checkout(side):
    """Folder with the files of a commit, removed afterwards; or the folder that is given."""
    if (Path(side) / "protdiff").is_dir():
        yield Path(side).resolve()
        return
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder).resolve() / "checkout"
        git("worktree", "add", "--detach", tree, side)
        try:
            yield tree
        finally:
            git("worktree", "remove", "--force", tree)


def sources_of(name):
    """Commands whose files a command reads."""
    words = COMMANDS[name][1:] + re.findall(r'"(.*?)"', INPUTS.get(f"{name}.toml", ""))
    return {Path(word).parts[0] for word in words if word} & (COMMANDS.keys() - {name})


def chosen_commands(only):
    """Names of the commands to run, in their order: all, or some with those that they need."""
    needed = set(only or COMMANDS)
    for name in reversed(COMMANDS):
        if name in needed:
            needed |= sources_of(name)
    return [name for name in COMMANDS if name in needed]


def run_side(tree, folder, names):
    """Run commands with the package of a checkout, those that `folder` has results of left out."""
    # A stored result counts only for this commit, these libraries and these inputs.
    libraries = {name: importlib.metadata.version(name) for name in ("torch", "e3nn", "numpy")}
    identity = [git("rev-parse", "HEAD", folder=tree), libraries, INPUTS]
    if git("status", "--porcelain", folder=tree):
        identity.append(time.time())  # changes that no commit has: nothing stored counts
    stamp = folder / "identity.json"
    if not stamp.exists() or json.loads(stamp.read_text()) != identity:
        for part in ("done", "logs", "inputs"):
            shutil.rmtree(folder / part, ignore_errors=True)
            (folder / part).mkdir(parents=True)
        examples, docs = tree / "data" / "examples", tree / "docs"
        for path in (*examples.glob("*.*"), *docs.rglob("pocket.py")):
            shutil.copy(path, folder / "inputs")
        for name, text in INPUTS.items():
            (folder / "inputs" / name).write_text(text)
        stamp.write_text(json.dumps(identity))
    missing = set()
    for name in names:
        record = folder / "done" / f"{name}.json"
        arguments = json.loads(record.read_text())["arguments"] if record.exists() else None
        if arguments != COMMANDS[name] or sources_of(name) & missing:
            missing.add(name)
    commands = [(name, COMMANDS[name]) for name in names if name in missing]
    if not commands:
        return
    environment = os.environ | {
        "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1", "COLUMNS": "200", "MPLBACKEND": "Agg",
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-c", RUNNER, json.dumps([str(tree), commands])],
        cwd=folder, env=environment, check=True,
    )  # fmt: skip


def readable(value, key=None):
    """Nested values as text by their path, without those that name a time or a version."""
    if isinstance(value, dict):
        inner = {str(k): v for k, v in value.items() if k not in CHANGING}
    elif isinstance(value, list):
        inner = {str(k): v for k, v in enumerate(value)}
    else:
        return {"": str(bool(value)) if key in WORDING else repr(value)}
    rows = {"": f"{type(value).__name__} of {len(inner)}"}
    for k, v in inner.items():
        rows |= {f"/{k}{path}": text for path, text in readable(v, k).items()}
    return rows


def columns_of(path):
    """Names of the columns of a CSV file."""
    with path.open(newline="", encoding="utf-8") as handle:
        return next(csv.reader(handle), [])


def contents(path, columns=()):
    """Everything in a file that has to agree, as text by place; of a table these columns."""
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as handle:
            table = csv.DictReader(handle)
            names = [name for name in table.fieldnames or () if name in columns]
            rows = [{name: row[name] for name in names} for row in table]
        return {"columns": ", ".join(names)} | readable(rows)
    if path.suffix == ".json":
        return readable(json.loads(path.read_text()))
    if path.suffix == ".safetensors":
        with safe_open(path, "np") as handle:
            arrays = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
            notes = {name: json.loads(t) for name, t in (handle.metadata() or {}).items()}
        return readable(list(notes.values())) | {name: described(a) for name, a in arrays.items()}
    if path.suffix == ".npy":
        return {"array": described(np.load(path))}
    if path.suffix == ".npz":
        with np.load(path) as stored:
            return {name: described(stored[name]) for name in stored}
    # Latin-1 has a letter for every byte, so that no difference is lost.
    lines = path.read_bytes().decode("latin-1").split("\n")
    return {f"line {i}": line for i, line in enumerate(lines, 1)}


def described(array):
    """Bytes of an array behind what can be read of it."""
    start = np.array2string(array.ravel()[:3], threshold=3)
    return f"{array.dtype} {array.shape} {start} … {array.tobytes().hex()}"


def first_difference(old, new):
    """Where two files differ first, as text; empty if nowhere."""
    if old.read_bytes() == new.read_bytes():
        return ""
    columns = columns_of(old) if old.suffix == ".csv" else ()
    old_rows, new_rows = contents(old, columns), contents(new, columns)
    for place in old_rows | new_rows:
        before, after = (str(rows.get(place, "nothing")) for rows in (old_rows, new_rows))
        if before != after:
            pairs = enumerate(zip(before, after, strict=False))
            start = max(0, next((i for i, (a, b) in pairs if a != b), 0) - 60)
            return f"{place}: {before[start:][:90].strip()} became {after[start:][:90].strip()}"
    return ""


def files_of(folder, name):
    """Files of a command to compare, by their path below the folder of the side."""
    paths = (path for path in sorted((folder / name).rglob("*")) if path.is_file())
    return {str(p.relative_to(folder)): p for p in paths if p.suffix not in PICTURES}


def compare(old, new, name):
    """Number of files of a command, and the first difference between the sides, if any."""
    codes = [
        json.loads((side / "done" / f"{name}.json").read_text())["code"] for side in (old, new)
    ]
    logs = [(side / "logs" / f"{name}.txt").read_text() for side in (old, new)]
    before, after = files_of(old, name), files_of(new, name)
    if any(codes):
        last = "".join(logs[bool(codes[1])].strip().splitlines()[-1:])
        return len(before), f"exit codes {codes[0]} and {codes[1]}: {last}"
    for path in sorted(before.keys() ^ after.keys()):
        return len(before), f"{path}: written by the {'old' if path in before else 'new'} side only"
    for path in before:
        if difference := first_difference(before[path], after[path]):
            return len(before), f"{path}: {difference}"
    if name in PRINTING:
        numbers = [re.findall(r"-?\d[\d.]*(?:e[-+]\d+)?", log) for log in logs]
        if numbers[0] != numbers[1]:
            return 1, "other numbers are printed"
        return 1, ""
    return len(before), "" if before else "no files"


def added_columns(old, new, names):
    """Columns that only the new side's tables have, as sorted text."""
    return sorted({
        f"{column} in {Path(path).name}"
        for name in names
        for path, table in files_of(old, name).items()
        if table.suffix == ".csv" and (new / path).exists()
        for column in set(columns_of(new / path)) - set(columns_of(table))
    })  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description="Do two commits give the same files?")
    parser.add_argument("old", help="commit or checkout")
    parser.add_argument("new", help="commit or checkout")
    parser.add_argument("--only", nargs="+", choices=list(COMMANDS), metavar="NAME")
    parser.add_argument("--out", type=Path, help="folder that keeps the files of both sides")
    parser.add_argument(
        "--keep", type=Path, help="folder of the old side's files, used by the next run"
    )
    options = parser.parse_args()
    names = chosen_commands(options.only)
    with tempfile.TemporaryDirectory() as temporary:
        out = options.out or Path(temporary)
        folders = [options.keep or out / "old", out / "new"]
        for side, folder in zip((options.old, options.new), folders, strict=True):
            print(f"{side}:", file=sys.stderr)
            folder.mkdir(parents=True, exist_ok=True)
            with checkout(side) as tree:
                run_side(tree, folder, names)
        results = {name: compare(folders[0], folders[1], name) for name in names}
        added = added_columns(folders[0], folders[1], names)
    print(f"{'command':20}{'files':>6}  outcome")
    for name, (count, difference) in results.items():
        print(f"{name:20}{count:6}  {difference or 'equal'}")
    different = sum(bool(difference) for _, difference in results.values())
    print(f"{different} of {len(results)} commands differ")
    if added:
        print("new columns:", ", ".join(added))
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
