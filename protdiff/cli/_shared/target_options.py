"""--target and --hotspots of `protdiff generate`: the condition, and what was met at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .manifest import all_rows

if TYPE_CHECKING:
    from ...conditioning import Target

__all__ = ["HOTSPOT_REACH", "parse_target", "target_of", "what_was_met"]

#: Å between CB of a hotspot and of the new chain within which the hotspot counts as met.
HOTSPOT_REACH = 8.0


def parse_target(text: str) -> tuple[Path, str | None]:
    """File and chains of ``complex.pdb:B``, ``complex.pdb:A,B`` or ``target.pdb``.

    Examples
    --------
    >>> parse_target("complex.pdb:B")[1]
    'B'
    """
    path, colon, chains = text.rpartition(":")
    if not colon or Path(text).exists() or "/" in chains or "\\" in chains:
        return Path(text), None
    if not chains.strip():
        raise ValueError(f"--target {text}: name the chain after the colon, as in {path}:B")
    return Path(path), chains


def target_of(text: str, contig: str | None, hotspots: str | None) -> Target:
    """The condition of --target, with --contig and --hotspots if they are there."""
    from ...conditioning import Target

    path, chains = parse_target(text)
    if hotspots is not None:
        hotspots = hotspots.strip("[], ")  # brackets, as in RFdiffusion's ppi.hotspot_res=[B30,B33]
        if not hotspots:
            raise ValueError("--hotspots is empty; give residues, as in B30,B33, or leave it out")
    return Target(path, chains, hotspots, contig)


def what_was_met(manifest: Path) -> str:
    """In words, how many backbones of a manifest meet all hotspots; empty without a target."""
    rows = [row for row in all_rows(manifest).values() if row["hotspots"]]
    if not rows:
        return ""
    gaps = [[float(part.rpartition("=")[2]) for part in row["hotspots"].split()] for row in rows]
    near = sum(max(row) <= HOTSPOT_REACH for row in gaps)
    clear = sum(row["target_clashes"] == "0" for row in rows)
    return (
        f"target: {near} of {len(rows)} with all hotspots within {HOTSPOT_REACH:g} Å (CB-CB), "
        f"{clear} with no CA pair under 3.6 Å; {manifest.name} has both for each"
    )
