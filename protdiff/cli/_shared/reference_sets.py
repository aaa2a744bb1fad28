"""Real chains that designs are compared with: those of `protdiff evaluate --reference`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..._system.notices import warn
from ..._system.words import counted
from ...structure.io.members import path_text
from .pairing import find_files, stem
from .progress import progress_bar
from .structure_sets import MAX_LENGTH, read_files
from .trace_sets import traces_of, without_repeats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...metrics.population import Structures

__all__ = ["load_reference", "measure"]


def measure(files: Sequence[Path], what: str) -> tuple[Structures, list[tuple[Path, str]]]:
    """Structures of files, and (file, error) of those that cannot be read."""
    from ...metrics.population import Structures

    kept, backbones, errors = read_files(files, what)
    return Structures.of([path_text(path) for path in kept], backbones), errors


def load_reference(path: Path | None, novelty: bool) -> tuple[Structures | None, Structures | None]:
    """Real chains, and known ones for novelty; None for what is not there."""
    from ...dataset import is_dataset

    if path is None:
        return None, None
    if not path.is_dir():
        raise ValueError(f"--reference {path}: not a folder of chains or structures")
    if is_dataset(path):
        return load_split(path, "val"), load_split(path, "train") if novelty else None
    everything, lost = measure(find_files([str(path)], "--reference"), "--reference")
    if lost:
        count = counted(len(lost), "file")
        warn(f"--reference {path}: {count} cannot be read, such as {path_text(lost[0][0])}")
    chains = traces_of(everything.population.names, everything.backbones).chains
    once = without_repeats([[one] for one in chains], f"--reference {path}", "structure")
    kept = set(once.names)
    everything = everything[[k for k, one in enumerate(chains) if one.name in kept]]
    if len(everything) < 2:
        raise ValueError(f"--reference {path}: one structure; a comparison needs several")
    if not novelty:
        return everything, None
    return everything[range(0, len(everything), 2)], everything[range(1, len(everything), 2)]


def load_split(path: Path, split: str) -> Structures:
    """Structures of one split of an archive."""
    from ...dataset import read_chains
    from ...metrics.population import Structures

    chains = read_chains(path, split, max_length=MAX_LENGTH)
    backbones = []
    with progress_bar(len(chains), f"reading {split}", "chains") as advance:
        for chain in chains:
            # Training chains are only aligned with the designs, and for that CA are enough.
            backbones.append(chain.backbone(ca_only=split == "train"))
            advance(1)
    return Structures.of([stem(Path(chain.name)) for chain in chains], backbones)
