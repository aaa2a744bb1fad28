"""What became of a command line: right, or what is wrong with it."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

LONGEST_MESSAGE = 1500
MOST_OUTPUT = 20 * 2**20
#: Texts of Python and of packages that say nothing to who gave the option.
RAW = re.compile(
    r"invalid literal|could not convert|out of range|out of bounds|KeyError|IndexError|TypeError"
    r"|ValueError|has no attribute|unsupported operand|cannot unpack|values to unpack|NoneType"
    r"|math domain|division by zero|unhashable|codec can't|embedded null|\[Errno|has no len"
    r"|broadcast|not supported between|negative dimensions|<class|object at 0x|size mismatch"
    r"|expected str|Traceback|too large to convert|cannot convert|Exceeds the limit"
    r"|not iterable|not subscriptable|unexpected keyword|positional argument|bad character range"
    r"|nothing to repeat|unterminated|cannot be interpreted|must be real number|zero-size"
    r"|empty sequence|max\(\)|min\(\)|None\b|No closing quotation|outside$"
)
#: Options whose values are places that are written to, and where some verbs write without.
OUTPUTS = ("--out", "--plot", "--csv", "--color", "--superpose", "--copy-to")
OWN = (".png", ".csv", ".json", ".safetensors", ".html")  # of which a line may name one to replace
DEFAULTS = (
    "designs",
    "sequences",
    "checked",
    "evaluation",
    "audit",
    "coarse",
    "thermo",
    "report.html",
)


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code, seconds of the processor and peak memory in MiB."""

    code: int
    seconds: float
    memory: float
    interrupted: bool
    late: bool  # interrupted, without having demanded much work


def snapshot(scratch: Path) -> dict[str, tuple[int, ...]]:
    """Every file and folder in the folders `here` and `tmp`, with what changes when it does."""
    found = dict[str, tuple[int, ...]]()
    for part in ("here", "tmp"):
        for folder, folders, files in os.walk(scratch / part):
            for name in (*folders, *files):
                path = os.path.join(folder, name)
                state = os.lstat(path)
                changes = () if name in folders else (state.st_size, state.st_mtime_ns)
                found[os.path.relpath(path, scratch / "here")] = changes
    return found


def verdict(
    words: list[str], scratch: Path, before: dict[str, tuple[int, ...]], ended: Ended
) -> tuple[str, str]:
    """Verdict on a line that has run in a folder, and what it said."""
    out, err = ((scratch / name).read_text(errors="replace") for name in ("out", "err"))
    refused = (scratch / "refused").read_text() if (scratch / "refused").exists() else ""
    said = [line for line in err.splitlines() if line.startswith("protdiff:")]
    others = [
        line
        for line in err.splitlines()
        if line.strip() and not line.startswith(("protdiff:", "warning:"))
    ]
    after = snapshot(scratch)
    changed = sorted(name for name in after.keys() | before if after.get(name) != before.get(name))
    checks = {
        "over 10 s": ended.late or ended.code == -signal.SIGKILL,
        "traceback": "Traceback (most recent" in err + out,
        "process ended": ended.code < 0,
        "memory": "out of memory" in err,
        "another exit code": ended.code not in ((130,) if ended.interrupted else (0, 1, 2))
        and not (ended.interrupted and ended.code in (0, 1, 2)),
        "flood": len(out) + len(err) > MOST_OUTPUT,
        "not one message": ended.code == 2
        and (len(said) != 1 or bool(others))
        and not ("Usage:" in out and not err),
        "raw message": any(
            RAW.search(_without(line, words)) for line in said if "--energy" not in line
        ),
        "long message": any(len(line) > LONGEST_MESSAGE for line in said),
        "refused": bool(refused) and not (refused.startswith("socket") and "pdb:" in str(words)),
        "temporary files": any(_temporary(name) for name in after.keys() - before),
        "files at exit 2": ended.code == 2 and bool(changed),
        "written elsewhere": not all(_given(name, words) for name in changed),
        "input changed": any(
            name in before and before[name] and not name.endswith(OWN) for name in changed
        ),
    }
    wrong = next((name for name, is_so in checks.items() if is_so), "")
    detail = f"{refused}{changed[:5]}{err[-600:]}" if wrong else err
    return wrong or f"exit {ended.code}", detail


def _without(line: str, words: list[str]) -> str:
    """A message without the values that it repeats."""
    values = {value for word in words for value in (word, word.partition("=")[2])}
    for value in sorted(values, key=len, reverse=True):
        if len(value) > 3:
            line = line.replace(value, "VALUE")
    return line


def _temporary(name: str) -> bool:
    file = os.path.basename(name)
    return name.startswith("../tmp/") or file.endswith((".tmp", ".lock", ".partial"))


def _given(name: str, words: list[str]) -> bool:
    """Whether a changed file is below, or named after, a place that the line names for output."""
    places = [*DEFAULTS]
    for word, following in zip(words, [*words[1:], ""], strict=True):
        flag, _, value = word.partition("=")
        if flag in OUTPUTS:
            places.append(value if "=" in word else following)
    if words[:1] == ["train"] or "train.toml" in words:
        places.append("new")
    for place in places:
        here = os.path.normpath(place.rpartition("/here/")[2])
        below = f"{name}/".startswith(f"{here}/") or here.startswith(f"{name}/")
        if (
            here == "."
            or below
            or name.startswith(tuple(os.path.splitext(here)[0] + end for end in "_."))
        ):
            return True
    return False
