"""Every verb at work: a command that goes on for long, and by what one sees that it has begun."""

from typing import NamedTuple

from protdiff.cli.app import app

from ..conftest import ROOT

__all__ = ["COMMANDS", "SHORT", "SHORTER", "Command", "verbs"]

CHAIN = str(ROOT / "data" / "examples" / "1tpk.pdb")
#: Options of commands that draw samples, each in some tenths of a second.
DRAW = "--num 300 --steps 20 --weights {tiny} --out out"
ON_CHAINS = "--data {chains} --weights {tiny} --length 60"


class Command(NamedTuple):
    """A command; in its words, {name} is a path of the fixture `places`.

    Attributes
    ----------
    words : str
    begun : str
        What is in its output, or the pattern of a file, when it works.
    out : str
        The file that it writes, or the folder that it writes into.
    writes : str
        A file or folder that it makes: a killed process may have left it half-written.
    jobs : bool
        Whether it has an option --jobs.
    """

    words: str
    begun: str
    out: str
    writes: str
    jobs: bool = False


COMMANDS = {
    "generate": Command(
        f"generate --length 20 --batch-size 1 {DRAW}", "out/*.pdb", "out", "out/manifest.csv", True
    ),
    "extend": Command(
        f"extend {CHAIN} --to 100 --window 40 {DRAW}", "generating: ", "out", "out/manifest.csv"
    ),
    "design": Command(
        "design {models} --weights {types} --num 1 --out out", "out/structures/*.pdb", "out",
        "out/structures/1_0.pdb", True,
    ),
    "check": Command(
        "check {designs} {fasta} --fold 'sh {slow} {{fasta}} {{out}}' --out out",
        "out/folds/*/begun", "out", "out/check.csv",
    ),
    "check --predictions": Command(
        "check {models} {fastas} --predictions {folded} --out out", "checking: ", "out",
        "out/check.csv", True,
    ),
    "evaluate": Command(
        "evaluate {models} --out out --diversity 1000", "align", "out", "out/structures.csv", True
    ),
    "audit": Command(
        "audit {models} --train {archive} --held-out {archive} --weights {tiny} --out out",
        "reading samples: ", "out", "out/audit.csv",
    ),
    "train": Command("train {config}", "out/checkpoint-*", "out", "out/ema.safetensors"),
    "train [sequence]": Command(
        "train {types_config}", "out/checkpoint-*", "out", "out/ema.safetensors"
    ),
    "finetune": Command(
        "finetune {archive} --weights base.safetensors --steps 9999 --samples 0 --out "
        "mine.safetensors", "fine-tuning: ", "mine.safetensors", "mine.safetensors",
    ),
    "report": Command(
        "report {models} --out r.html", "scoring: ", "r.html", "r.html", True
    ),
    "score": Command("score {models} --out s.csv", "scoring: ", "s.csv", "s.csv", True),
    "data build": Command(
        "data build {models} --identical --out set", "reading: ", "set", "set", True
    ),
    "flow report": Command(
        f"flow report {ON_CHAINS} --calls 500 --out r.json", "measuring: ", "r.json", "r.json"
    ),
    "flow thermo": Command(
        f"flow thermo {ON_CHAINS} --shells 99 --out out", "measuring: ", "out", "out/thermo.json"
    ),
    "flow film": Command(
        f"flow film {CHAIN} --levels 200 --out f.gif", "drawing: ", "f.gif", "f.gif"
    ),
    "strings score": Command("strings score {models} --out s.csv", "scoring: ", "s.csv", "s.csv"),
    "strings train": Command(
        "strings train {dataset} --passes 9999 --out s.safetensors", "training: ",
        "s.safetensors", "s.safetensors",
    ),
    "weights reader": Command(
        "weights reader {tiny} {dataset} --epochs 9999 --out r.safetensors", "epoch 1",
        "r.safetensors", "r.safetensors",
    ),
}  # fmt: skip
#: What makes some of the commands short, for tests of their end.
SHORTER = {
    "{models} {fastas}": "{designs} {fasta}", "{models}": "{designs}", "{slow}": "{quick}",
    "--num 300": "--num 1", "9999": "1", "1000": "0", "--calls 500": "--calls 2",
    "--shells 99": "--shells 4", "--levels 200": "--levels 2", "{config}": "{one_step}",
    "{types_config}": "{one_types_step}",
}  # fmt: skip
#: Verbs that have ended before one could interrupt them, or have nothing to lose.
SHORT = {
    "merge": "seconds, and test_shards.py tries it beside shards that work, and twice",
    "doctor": "seconds, and it writes no file",
    "data show": "prints a table",
    "flow show": "prints a table",
    "flow coarsen": "a second",
    "strings sample": "prints",
    "strings infill": "prints",
    "weights show": "prints",
    "weights verify": "prints",
    "weights merge": "a second",
    "weights guide": "a second",
}


def verbs(group=app, prefix=""):
    """Names of all verbs of the command line, such as "data build"."""
    found = [
        prefix + (command.name or command.callback.__name__)
        for command in group.registered_commands
    ]
    for inner in group.registered_groups:
        found += verbs(inner.typer_instance, f"{inner.name} ")
    return found
