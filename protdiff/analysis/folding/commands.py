"""Programs that fold sequences, called by a command with places for their files."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..._system.programs import run_program
from .fold_inputs import FORMATS, write_inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .targets import Target

__all__ = ["PRESETS", "CommandEngine", "FoldError", "command_engine"]

#: Commands by name. Designed sequences have no relatives, so none of them looks for an alignment.
PRESETS = {
    "boltz": "boltz predict {fasta:boltz-yaml} --out_dir {out}",
    "chai": "chai-lab fold {fasta} {out}",
    "colabfold": "colabfold_batch --msa-mode single_sequence {fasta} {out}",
    "esm-fold": "esm-fold -i {fasta} -o {out}",
}
#: Formats of sequences by the program that a command calls.
FORMAT_OF = {"boltz": "boltz", "chai": "chai", "chai-lab": "chai"}
#: A word by which Boltz takes alignments from a server, and the end of the formats that go with it.
SERVER, SERVER_FORMAT = "--use_msa_server", "-server"
#: Places in a command: the file of sequences, or a folder of files with one target each as OpenFold
#: wants it, both in a format if one is named; and the folder for results.
PLACE = re.compile(r"\{(fasta|fasta_dir|out)(?::([a-z-]+))?\}")
#: Words that mean something to a shell alone.
SHELL = ("|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>&1")
#: Characters of the last line of a log that a message shows.
LAST_LINE = 200


class FoldError(Exception):
    """A sequence was not folded; the message says why, in one line."""


@dataclass(frozen=True)
class CommandEngine:
    """A program that folds the sequences of a FASTA file.

    Attributes
    ----------
    words : tuple of str
        The command, with places for files.
    format : str
        One of `FORMATS`.
    """

    words: tuple[str, ...]
    format: str

    @property
    def several(self) -> bool:
        """Whether one call can fold several sequences."""
        return self.format != "chai"

    @property
    def programs(self) -> tuple[str, ...]:
        """The program of the command."""
        return self.words[:1]

    def start(self) -> None:
        """ValueError if the program is not installed."""
        if shutil.which(self.words[0]) is None:
            raise ValueError(
                f"`fold`: there is no program {self.words[0]!r}; install it, write its path, "
                "or fold elsewhere and give `predictions`"
            )

    def fold(self, targets: Sequence[Target], folder: Path, log: Path) -> None:
        """Fold targets; models, and whatever else the program writes, are then in the folder.

        Raises
        ------
        FoldError
            If the program fails. There may be some models all the same.
        """
        inputs = folder.with_name(f"{folder.name}-input")
        shutil.rmtree(inputs, ignore_errors=True)
        fasta = write_inputs(targets, inputs, self.format)
        folder.mkdir(parents=True, exist_ok=True)
        places = {"fasta": str(fasta), "fasta_dir": str(inputs), "out": str(folder)}
        words = [PLACE.sub(lambda match: places[match[1]], word) for word in self.words]
        with log.open("wb") as handle:
            try:
                code = run_program(words, handle)
            except OSError as error:
                raise FoldError(f"{words[0]} cannot be started ({error.strerror})") from None
        if code:
            raise FoldError(f"{Path(words[0]).name} {_ending(code)}: {_last_line(log)}")


def _ending(code: int) -> str:
    """How a program ended, by its exit code."""
    if code > 0:
        return f"failed with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return f"was killed ({name}{', out of memory?' if name == 'SIGKILL' else ''})"


def _last_line(log: Path) -> str:
    """The last line that a program has written, and where the others are."""
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")
    return f"{last[:LAST_LINE]} ({log})"


def command_engine(command: str) -> CommandEngine:
    """Engine of a command, or of the name of a usual one.

    Parameters
    ----------
    command : str
        One of `PRESETS`, or words with ``{fasta}`` (or ``{fasta_dir}``) and ``{out}``. It is run
        without a shell, so file names need no quotes. Boltz and Chai get FASTA files of their own
        format; ``{fasta:boltz}`` chooses a format where the command does not name the program.

    Raises
    ------
    ValueError
        If a place is missing, a format unknown, or the command needs a shell.

    Examples
    --------
    >>> command_engine("boltz predict {fasta} --out_dir {out}").format
    'boltz'
    >>> command_engine("srun fold.sh {fasta:chai} {out}").format
    'chai'
    """
    try:
        words = tuple(shlex.split(PRESETS.get(command, command)))
    except ValueError as error:
        raise ValueError(f"`fold` {command}: {str(error).lower()}") from None
    places = [match for word in words for match in PLACE.finditer(word)]
    names = {match[1] for match in places}
    if not names:
        known = ", ".join(("esmfold", *PRESETS))
        raise ValueError(
            f"`fold` {command}: choose {known}, or write a command with {{fasta}} and {{out}}"
        )
    for needed in ({"fasta", "fasta_dir"}, {"out"}):
        if not needed & names:
            raise ValueError(
                f"`fold` {command}: has no {{{min(needed)}}}, where the program gets it"
            )
    if shell := [word for word in words if word in SHELL]:
        raise ValueError(
            f"`fold` {command}: {shell[0]!r} needs a shell; put the command into a script"
        )
    named = [match[2] for match in places if match[2]]
    format = named[0] if named else _format_of(words, "fasta_dir" in names)
    if format not in FORMATS:
        raise ValueError(f"`fold` {command}: {format!r} is none of {', '.join(FORMATS)}")
    if SERVER in words and format + SERVER_FORMAT in FORMATS:
        format += SERVER_FORMAT
    return CommandEngine(words, format)


def _format_of(words: Sequence[str], folder: bool) -> str:
    """Format that the program of a command reads, wherever among its words its name is."""
    names = (Path(word).name for word in words)
    usual = "separate" if folder else "plain"
    return next((FORMAT_OF[name] for name in names if name in FORMAT_OF), usual)
