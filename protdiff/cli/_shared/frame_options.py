"""`generate --trajectory`: which frames are kept, and in which files."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...sampling.frame_choice import FrameChoice
from ...structure.io.paths import FRAMES_FOLDER, stem
from .flags import calling

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ...structure.trajectory import Trajectory
    from .options import Format

__all__ = ["FrameFiles", "parse_frames"]

FORMATS = ("pdb", "cif", "bcif", "xtc")


@dataclass(frozen=True)
class FrameFiles:
    """Frames of every design in a file of its own.

    Parameters
    ----------
    choice : FrameChoice
    format : str
        One of `FORMATS`.
    """

    choice: FrameChoice
    format: str

    def columns(self, design: str) -> tuple[str, str]:
        """What the manifest has of them: the file, and which frames it holds."""
        name = f"{stem(Path(design))}.{self.format}"
        return f"{FRAMES_FOLDER}/{name}", self.choice.text

    def are_there(self, folder: Path, row: Mapping[str, Any]) -> bool:
        """Whether an earlier run has written the frames that are wanted, by its manifest."""
        file, frames = self.columns(row["file"])
        if (row["trajectory"], row["frames"]) != (file, frames):
            return False
        files = [folder / file]
        if self.format == "xtc":
            files.append(files[0].with_suffix(".pdb"))
        return all(path.is_file() and path.stat().st_size for path in files)

    def write(self, trajectory: Trajectory, folder: Path, design: str) -> None:
        """Write the frames of a design."""
        from ...structure.io.trajectories import write_trajectory

        path = folder / self.columns(design)[0]
        path.parent.mkdir(exist_ok=True)
        write_trajectory(trajectory, path)


def parse_frames(text: str, format: Format) -> FrameFiles:
    """The frames that the text of --trajectory chooses.

    Parameters
    ----------
    text : str
        Words with commas between them: every:N, clean or noisy, and a format.
    format : Format
        That of the designs, which trajectories have, too, if no other is named.

    Raises
    ------
    ValueError
        For other words, or two of a kind.

    Examples
    --------
    >>> from protdiff.cli._shared.options import Format
    >>> frames = parse_frames("every:2,noisy", Format.pdb)
    >>> frames.choice.text, frames.columns("a_0000.pdb")[0]
    ('every:2 noisy', 'trajectories/a_0000.pdb')
    """
    choice, kind, chosen = FrameChoice(), "", []
    for word in (part.strip().lower() for part in text.split(",")):
        if match := re.fullmatch(r"every[:=]([0-9]{1,9})", word):
            with calling("every", f"--trajectory {text}: every"):
                choice = replace(choice, every=int(match[1]))
            chosen.append("every")
        elif word in ("clean", "noisy"):
            choice = replace(choice, noisy=word == "noisy")
            chosen.append("kind")
        elif word in FORMATS:
            kind = word
            chosen.append("format")
        else:
            raise ValueError(
                f"--trajectory {text}: unknown word {word!r}; write every:N for each Nth step, and "
                f"if you like ,noisy and a format, one of ,{' ,'.join(FORMATS)} after it"
            )
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"--trajectory {text}: one choice of each kind, such as every:2,noisy,xtc")
    return FrameFiles(choice, kind or format.value)
