"""Values of options: those that fit, and those that do not; and the files that they name."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz_cases import EXAMPLES, KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

NUMBERS = (
    "0", "-0", "1", "-1", "2", "3", "+3", " 7 ", "7.5", "1e3", "1e-300", "1e309", "-1e309", "nan",
    "-nan", "inf", "-inf", "Infinity", "2147483648", "-2147483649", "9223372036854775808",
    "99999999999999999999", "9" * 400, "9" * 5000, "0x10", "1_000", "1,5", "1/2", "½", "٣", "५",
    "²",
    "", " ", "--5", "1e", "e1", ".", "True", "None", "0.30000000000000004", "1.0000001", "0.999",
)  # fmt: skip
TEXTS = (
    "", " ", "\t", "\n", "a\nb", "\r", "é", "名前", "🧬" * 3, "\x1b[2J", "\x07", "\udcff", "\u202e",
    "\ufeff", "e\u0301", "a" * 300, "a" * 5000, "a " * 3000, "🧬" * 2000, "-", "--", "-x", "--out",
    "---", "-h", "--help", "%s%n", "{0}", "{fasta}", "{", "*", "[", "[a-", "?", "**", "$HOME", ";",
    "'", '"', "\\", "#", "@", ":", "::", ",", ",,", "|", "||", "+", "a+b", "=", "A", "_", "A:",
    ":A",
    "A:B:C", "A-B", "pdb:", "pdb:1abc", "pdb:zzzzzz", "pdb:*", "pdb:é", "none", "null", "auto",
    "rg",
    "rg-base", "residue-types", "x.pdb:A", "[[[[", "<b>", "[red]x[/red]", "[/]", "`out`",
)  # fmt: skip
RANGES = (
    "20", "20-24", "24-20", "20-20", "20-", "-20", "20--24", "0-0", "0-5", "20,", ",20", "20,,24",
    "20;24", "10-20-30", "20-24,22", "1-2", "3", "2", "4-6", "20.5", "20-24.5", "20 - 24", "a-b",
    "20-99999999999999", "99999999999999999999", "1-" + "9" * 5000, "20," * 2000 + "20",
    "٢٠", "²-³", "20–24", "20:24", "-5--2", "-2..+3", "+3..-2", "-2..", "..3", "..", "0..0", "5",
    "-99..99", "0..999999999999", "-2...3", "--2..3",
)  # fmt: skip
CONTIGS = (
    "4-8,A5-9,4-8", "A5-9", "A9-5", "A5-5", "A1-999", "Z5-9", "A5-9,A7-11", "A7-11,A5-9", "10",
    "4,A5-9|B3-6,4", "|", "4|A5-9", "A5-9|", "||", "[4-8/A5-9/4-8]", "4-8/A5-9", "A", "A-", "A5-",
    "A-5", "5-9", "_5-9", "A5:9", "a5-9", "AA5-9", "A5-9,,4", ",", "A-5-9", "A5--9", "A5A-9B", "A*",
    "*", "B:*", "A:*,B:*", "0", "0-0", "0-99999999999", "8-4", "A5-99999999999999", "A٥-٩",
    "A5-9," * 500 + "4", "4," * 3000 + "A5-9", "A5-9 4-8", "A5-9;4-8", "-A5-9", "🧬5-9",
    "A5-9,B3-6",
    "H1-5", "A1-24", "A1-24,B1-24", "A0-3", "A25-30",
)  # fmt: skip
SECONDARY = (
    "H" * 20, "H" * 10 + "C" * 4 + "E" * 6, "-" * 20, "?" * 20, "HHHH????EEEE--------", "H",
    "h" * 20,
    "X" * 20, "H" * 19, "H" * 21, "H" * 5000, "HEC", "?", "-", "H E C", "H10C4E6", "🧬" * 20, "H/E",
    "".join("HEC?-"[k * k % 5] for k in range(20)),
)  # fmt: skip
SEQUENCES = (
    "ACDEFGHIKLMNPQRSTVWY", "X" * 20, "A" * 19, "A" * 21, "a" * 20, "B" * 20, "A*" * 10, "A-" * 10,
    "A", "1" * 20, "x.fasta", "base.safetensors", "empty.txt", "auto", "none", "A/A", ">x",
    "A" * 9999,
    "AC DE",
)  # fmt: skip
SYMMETRIES = ("C2", "C3", "D2", "T", "O", "I", "C1", "C0", "D1", "C", "c2", "C-2", "C2.5", "C٢",
              "C99999999999", "D99", "X", "C2C2", "C²")  # fmt: skip
#: Files and folders that `make_files` makes.
FILES = (
    "one.pdb", "two.pdb", "one.cif", "one.bcif", "one.pdb.gz", "1tpk.pdb", "models", "natives",
    "set",
    "archive", "base.safetensors", "adapters.safetensors", "types.safetensors", "ss.safetensors",
    "train.toml", "run.toml", "contacts.csv", "bias.csv", "bias_residues.csv", "pairs.csv",
    "x.fasta", "energy.py",
    "sequences", "x.xtc+one.pdb", "models/*.pdb",
)  # fmt: skip
#: Places that are missing, of the wrong kind, or odd.
MISUSED = (
    "missing", "missing.pdb", "missing/x.pdb", "missing.safetensors", "one.pdb/inside", "one.pdb/",
    "empty", "empty.txt", "empty.pdb", "garbage.pdb", "garbage.toml", "broken_link.pdb", "loop",
    "taken",
    "taken.png", "old", ".", "./", "models/", "new", "new/deep/er", "new.png", "new.csv",
    "new.json",
    "new.safetensors", "NEW.PNG", "folder.png", "folder.csv", "folder.safetensors", ".hidden",
    "new.png/x",
    "é", "名前.pdb", "\udcff.pdb", "a\nb", "\x1b[2J.pdb", "b" * 250, "b" * 300, "c/" * 2100,
    "*.nothing",
    "models/[", "CON", "new.", " new", "-new", "x.h5", "x.xtc", "{here}/one.pdb", "{here}/new",
)  # fmt: skip
ENERGIES = (
    "energy.py:energy", "energy.py:stops", "energy.py:raises", "energy.py:not_there", "energy.py",
    "energy.py:", ":energy", "missing.py:energy", "energy.py:text", "energy.py:number", "one.pdb:x",
    "energy.py:energy:x", "models:energy", "energy.py:nan",
)  # fmt: skip
WEIGHTS = ("base.safetensors", "types.safetensors", "adapters.safetensors", "ss.safetensors",
    "rg-base",
           "residue-types", "strings-ss", "strings-joint", "one.pdb", "models", "rg", "",
           "rg-base.json",
           "./rg-base", "RG-BASE")  # fmt: skip
COLUMNS = ("tm", "rmsd", "outside", "gdt_ts", "lddt", "helix", "rg", "file", "error", "TM",
    "length",
           "nats", "bound", "x", "")  # fmt: skip
FOLDS = ("esmfold", "boltz", "chai", "colabfold", "esm-fold", "esmfold:models",
    "nosuchprogram {fasta} {out}",
         "nosuchprogram", "nosuchprogram {out}", "nosuchprogram {fasta:x} {out}", "{fasta} {out}",
         "'",
         "nosuchprogram '{fasta} {out}", "{", "nosuchprogram {0} {fasta} {out}",
         "esmfold:")  # fmt: skip
#: Values that hardly fit, by the name of a parameter.
OF_NAME: Mapping[str, tuple[str, ...]] = {
    "length": RANGES, "length_change": RANGES, "ss": SECONDARY, "text": SECONDARY,
    "sequence": SEQUENCES, "contig": CONTIGS, "redesign": CONTIGS, "fixed": CONTIGS,
    "symmetry": SYMMETRIES, "energy": ENERGIES, "weights": WEIGHTS, "type_weights": WEIGHTS,
    "sort": COLUMNS, "fold": FOLDS, "omit": SEQUENCES, "names": WEIGHTS, "adapters": WEIGHTS,
    "weaker": WEIGHTS, "mpnn_model": WEIGHTS,
    "chain": ("A", "B", "Z", "_", "", "A:B", "A:A,B:B", "A:", ":", "A:B:C", "A,B", "AB", "A:A,A:B",
              "Z:A", "_:_"),
    "cluster": ("here", "", "dask://", "dask://x", "tcp://x:y", "x.json", "x.toml", "tls://:1"),
    "shard": ("1/1", "2/2", "17/16", "0/16", "3/0", "a/b", "1/", "1/2/3", ""),
    "tied": ("A,B", "A", "A,A", "A,Z", "A|B", "A,B|A,B", ",", "|", "A,B|", "A B"),
}  # fmt: skip
OF_NAME = {**OF_NAME, "name": (*WEIGHTS, "x", "é", "../x"[1:], ".x", "a/b", "manifest", "x y", "")}
#: Values that fit, by the name of a parameter; small where they cost time.
PLAUSIBLE: Mapping[str, tuple[str, ...]] = {
    "shard": ("1/2",),
    "length": ("20",), "num": ("1", "2"), "steps": ("2", "3"), "sequence": (SEQUENCES[0],
    "x.fasta"),
    "ss": SECONDARY[:5], "out": ("new", "new", "old"), "plot": ("new.png",), "csv": ("new.csv",),
    "seed": ("0", "7"), "temperature": ("0.5", "0", "1"), "guidance": ("1", "1.5"), "jobs": ("1",),
    "batch_size": ("1", "2"), "diffusion": ("0", "1"), "churn": ("0", "1"), "weights": WEIGHTS[:1],
    "motif": FILES[:5], "contig": CONTIGS[:2], "source": FILES[:5], "chain": ("A", "A", "B"),
    "redesign": ("A5-9", "A5-9,A12-14"), "length_change": ("0..2", "-1..1"), "vary": ("fine",
    "coarse"),
    "strength": ("0.5",), "rg": ("8",), "energy": ENERGIES[:1], "contacts": ("contacts.csv",),
    "symmetry": SYMMETRIES[:3], "sequences": ("1", "sequences"),
    "type_weights": ("types.safetensors",),
    "engine": ("protdiff", "protdiff", "mpnn"), "to": ("28", "30"), "end": ("C", "N", "both"),
    "window": ("20", "24"), "overlap": ("8",), "designs": ("one.pdb", "models", "models/*.pdb"),
    "samples": ("1", "2"), "fixed": ("A5-9", "A:*"), "omit": ("C", "CM"), "bias": ("bias.csv",),
    "tied": ("A,B",), "predictions": ("models", "one.pdb"), "fold": FOLDS[:2],
    "reference": ("natives",
    "one.pdb"), "train": ("set",), "held_out": ("set", "natives"),
    "config": ("train.toml", "run.toml"),
    "inputs": ("models", "1tpk.pdb"), "minutes": ("0.01",), "dataset": ("set", "archive"),
    "data": ("set", "archive", "models"), "files": ("models",), "text": ("CCHHH??????EE",),
    "calls": ("2",), "chains": ("4",), "shells": ("4",), "rows": ("4",), "levels": ("2",),
    "bond": ("2",), "passes": ("1",), "epochs": ("1",), "min_length": ("10",),
    "max_length": ("99",),
    "file": FILES[:5], "names": ("base.safetensors",), "adapters": ("adapters.safetensors",),
    "weaker": ("base.safetensors",), "cluster": ("identical",), "sort": COLUMNS[:4], "top": ("1",
    "2"),
    "color": ("new",), "superpose": ("new",), "copy_to": ("new",), "pairs": ("pairs.csv",),
    "lora_rank": ("1",), "hold_out": ("0.5",), "method": ("x-ray", "model"), "name": ("x",),
}  # fmt: skip
TINY = {"weights": "base.safetensors"}
DRAWN = {"length": "20", "num": "1", "steps": "2", "out": "new", **TINY}
OTHERS = {name: value for name, value in DRAWN.items() if name != "length"}
TYPES = {"weights": "types.safetensors"}
STRINGS = {"weights": "ss.safetensors"}
#: Lines that work, by verb: what is mutated. Required values that are left out are plausible ones.
START: Mapping[str, tuple[dict[str, str], ...]] = {
    "generate": (
        DRAWN, {**OTHERS, "motif": "two.pdb", "contig": "4-8,A5-9,4-8"},
        {**OTHERS, "source": "one.pdb", "redesign": "A5-9"},
        {**OTHERS, "source": "one.pdb", "strength": "0.5"}, {**OTHERS, "source": "one.pdb",
        "vary": "fine"},
        {**DRAWN, "symmetry": "C2"}, {**OTHERS, "ss": SECONDARY[1]},
    ),
    "extend": ({**OTHERS, "source": "one.pdb", "to": "28"},),
    "design": ({"designs": "models", "num": "1", "out": "new", **TYPES},),
    "check": (
        {"designs": "models", "sequences": "sequences", "predictions": "predicted", "out": "new"},
    ),
    "evaluate": ({"designs": "models", "reference": "natives", "out": "new"},),
    "audit": ({"samples": "models", "train": "natives", "held_out": "models", "out": "new"},),
    "train": ({"config": "train.toml"},),
    "finetune": ({"inputs": "models", "steps": "1", "samples": "0", "hold_out": "0.5", **TINY,
                  "out": "new.safetensors"},),
    "doctor": (TINY,),
    "score": ({"predictions": "models"}, {"predictions": "models", "reference": "one.pdb"},
              {"predictions": "one.pdb", "out": "new.csv"}),
    "data build": ({"inputs": "models", "out": "new", "min_length": "10", "cluster": "identical"},),
    "report": ({"sources": "models", "out": "new.html"},),
    "flow show": ({"name": "rg", "length": "20", "steps": "4"},),
    "flow coarsen": ({"file": "one.pdb", "levels": "2", "out": "new"},),
    "flow film": ({"design": "one.pdb", "levels": "2", "out": "new.gif"},
                  {"design": "one.pdb", "out": "new.html"}),
    "flow report": ({"data": "models", "length": "24", "chains": "4", "calls": "2",
                     "samples": "2", **TINY},),
    "flow thermo": ({"data": "models", "length": "24", "chains": "2", "shells": "4", "steps": "2",
                     "replicas": "2", "out": "new", **TINY},),
    "strings sample": ({"length": "20", **STRINGS},),
    "strings infill": ({"text": "CCHHH??????EE", **STRINGS},),
    "strings score": ({"files": "models", **STRINGS},),
    "strings train": ({"dataset": "set", "bond": "2", "passes": "1", "out": "new.safetensors"},),
    "weights show": ({"name": "base.safetensors"},),
    "weights merge": ({"adapters": "adapters.safetensors", "out": "new.safetensors"},),
    "weights guide": ({"name": "base.safetensors", "weaker": "base.safetensors",
                       "out": "new.safetensors"},),
    "weights reader": ({"name": "base.safetensors", "data": "set", "epochs": "1",
                        "out": "new.safetensors"},),
}  # fmt: skip
ENERGY = """\
import torch
text, number = "x", 3
def energy(x): return (x ** 2).sum() * 1e-4
def stops(x): raise SystemExit(3)
def raises(x): raise KeyError("a")
def nan(x): return x.sum() * float("nan")
"""
TOML = """\
data = "set"
out = "new"
steps = 2
beads = 256
device = "cpu"
[network]
layers = 1
scalars = 8
"""


def garbage(rng: random.Random) -> str:
    """Text of letters that mean something in some option, and of some that do not."""
    letters = "AB09-,|:.+ HEC?X*_e[](){}%'\"\\=\té١🧬\x1b\udcff"
    return "".join(rng.choices(letters, k=rng.choice((1, 2, 5, 10, 40))))


def make_files(folder: Path) -> None:
    """Make what the command lines name in a folder."""
    import numpy as np

    import protdiff

    chain = protdiff.read(EXAMPLES / "1tpk.pdb")
    for name in ("one.pdb", "one.cif", "one.bcif", "one.pdb.gz"):
        protdiff.write(chain[:24], folder / name)
    letters = np.repeat(["A", "B"], 24)
    protdiff.write(replace(chain[:48], chain_ids=letters), folder / "two.pdb")
    for kind in ("models", "natives"):
        (folder / kind).mkdir()
        for k in range(4):
            protdiff.write(chain[3 * k : 3 * k + 24], folder / kind / f"m{k}.pdb")
    shutil.copyfile(EXAMPLES / "1tpk.pdb", folder / "1tpk.pdb")
    for kind in ("archives", "weights", "csv"):
        KINDS[kind].make(folder)
    shutil.copyfile(
        EXAMPLES.parents[1] / "weights/strings-ss.safetensors", folder / "ss.safetensors"
    )
    (folder / "train.toml").write_text(TOML)
    (folder / "run.toml").write_text('steps = 3\nnum = 1\nout = "from_file"\n')
    (folder / "energy.py").write_text(ENERGY)
    for name in ("empty", "old", "folder.png", "folder.csv", "folder.safetensors", "sequences"):
        (folder / name).mkdir()
    (folder / "old" / "notes.txt").write_text("mine")
    (folder / "predicted").mkdir()
    with (folder / "sequences" / "sequences.fasta").open("w") as handle:
        for k, path in enumerate(sorted((folder / "models").iterdir())):
            handle.write(f">m{k}_0\n{protdiff.read(path).sequence}\n")
            shutil.copyfile(path, folder / "predicted" / f"m{k}_0.pdb")
    for name, text in (("empty.txt", ""), ("empty.pdb", ""), ("garbage.pdb", "x\n"), ("taken", "x"),
                       ("garbage.toml", "[[["), ("taken.png", "x"), ("x.h5", "x"), ("x.xtc",
                       "x")):  # fmt: skip
        (folder / name).write_text(text)
    (folder / "broken_link.pdb").symlink_to("nowhere.pdb")
    (folder / "loop").symlink_to("loop")
