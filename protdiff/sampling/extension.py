"""Extensions: which chain grows, at which end, through which windows (as in GrainPaint).

A window is a stretch of the chain that goes through the network at once: known residues, and the
next new ones. The known ones enter by the exact Gaussian conditional (`docs/theory.md` 5), as in a
redesign; all that lies outside the window is an obstacle. For a Markov chain, an overlap of one
residue would be enough; for a protein, a longer one shows the network more of the fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._system.notices import warn
from .._system.words import counted
from ..conditioning.base import SampleCondition
from ..conditioning.ranges import chain_name, find_chain, residue_name
from ..conditioning.site import kept_residues, residues_to_draw
from ..structure.backbone import bonded_to_next, joined
from ..structure.constants import MAX_LENGTH, MIN_LENGTH
from .plan import Request
from .window import OVERLAP_SHARE, Window

if TYPE_CHECKING:
    from jaxtyping import Int

    from ..structure.backbone import Backbone

__all__ = ["ENDS", "WINDOW", "Extension"]

ENDS = ("C", "N", "both")
#: Residues of a window by default; smaller windows save memory, but show less of the fold.
WINDOW = 1024
#: Fewest known residues of a window: with fewer, its place and orientation are not fixed.
MIN_OVERLAP = 3


@dataclass(frozen=True)
class Extension:
    """Which chain grows, and how.

    Parameters
    ----------
    source : Backbone
        All chains of the file; those that do not grow are obstacles.
    to : int
        Residues that the chain has in the end.
    chain : str, optional
        Which chain grows; needed if there are several.
    end : {"C", "N", "both"}
        Where it grows. "both": half of the residues at either end, the odd one at C.
    window : int
        Residues that go through the network at once.
    overlap : int, optional
        Fewest of them that are known already; by default a quarter of the window.

    Raises
    ------
    ValueError
        For a chain that is not there or lacks atoms, and sizes that do not fit together.
    """

    source: Backbone
    to: int
    chain: str | None = None
    end: str = "C"
    window: int = WINDOW
    overlap: int | None = None

    def __post_init__(self) -> None:
        chains = self.source.chains
        if self.chain is None and len(chains) != 1:
            listed = ", ".join(map(chain_name, chains))
            raise ValueError(f"`chain` is missing: there are {listed}; name one")
        name = chains[0] if self.chain is None else find_chain(self.source, self.chain, "`chain`")
        chain = self.source.chain(name)
        object.__setattr__(self, "chain", name)
        if self.overlap is None:
            default = max(MIN_OVERLAP, round(OVERLAP_SHARE * self.window))
            object.__setattr__(self, "overlap", default)
        self._check_sizes()
        self._check_chain(chain)

    def _check_sizes(self) -> None:
        if self.end not in ENDS:
            raise ValueError(f"`end` {self.end}: not one of {', '.join(ENDS)}")
        if self.to > MAX_LENGTH:
            raise ValueError(f"`to` {self.to}: at most {MAX_LENGTH} residues")
        if not MIN_LENGTH <= self.window <= MAX_LENGTH:
            raise ValueError(
                f"`window` {self.window}: must lie between {MIN_LENGTH} and {MAX_LENGTH}"
            )
        if not MIN_OVERLAP <= self.known_residues < self.window:
            raise ValueError(
                f"`overlap` {self.overlap}: must be at least {MIN_OVERLAP} and less than `window` "
                f"{self.window}"
            )

    def _check_chain(self, chain: Backbone) -> None:
        if len(chain) < MIN_OVERLAP:
            name = chain_name(chain.chains[0])
            raise ValueError(
                f"chain {name}: has {counted(len(chain), 'residue')}; three are needed"
            )
        lacking = np.flatnonzero(~chain.mask.all(1))
        if len(lacking):
            raise ValueError(
                f"residue {residue_name(chain, int(lacking[0]))} lacks backbone atoms; take it out "
                "of the file"
            )
        gaps = np.flatnonzero(~bonded_to_next(chain))
        if len(gaps):
            before, after = (residue_name(chain, int(gaps[0]) + k) for k in (0, 1))
            there = "the first between" if len(gaps) > 1 else "between"
            name = chain_name(chain.chains[0])
            warn(
                f"chain {name}: {counted(len(gaps), 'gap')} left open, {there} {before} and {after}"
            )
        if self.to <= len(chain):
            name = chain_name(chain.chains[0])
            raise ValueError(
                f"`to` {self.to}: chain {name} has {len(chain)} residues already; ask for more"
            )

    @property
    def known_residues(self) -> int:
        """Fewest residues of a window that are known already."""
        assert self.overlap is not None  # since __post_init__
        return self.overlap

    def _added(self) -> tuple[int, int]:
        """New residues at the N and at the C terminus."""
        added = self.to - int((self.source.chain_ids == self.chain).sum())
        before = {"C": 0, "N": added, "both": added // 2}[self.end]
        return before, added - before

    def windows(self) -> list[Window]:
        """Windows in the order in which they are drawn; rows of the grown chain."""
        before, after = self._added()
        first, last = before, self.to - after  # rows known so far
        if self.to <= self.window:
            ends = (0, first), (last, self.to)
            return [Window(0, self.to, [end for end in ends if end[0] < end[1]])]
        windows = []
        while first > 0 or last < self.to:
            if last < self.to:
                new = last, min(last + self._step(last - first), self.to)
                windows.append(Window(max(first, new[1] - self.window), new[1], [new]))
                last = new[1]
            if first > 0:
                new = max(first - self._step(last - first), 0), first
                windows.append(Window(new[0], min(last, new[0] + self.window), [new]))
                first = new[0]
        return windows

    def _step(self, known: int) -> int:
        """Most new residues of a window."""
        return self.window - min(self.known_residues, known)

    def request(self, index: int) -> Request:
        """The request for a sample, whose condition says what was there."""
        rows = np.flatnonzero(self.source.chain_ids == self.chain)
        grown = Grown(self.source, rows, self._added()[0])
        return Request(index, self.to, condition=grown)

    def text(self) -> str:
        """The extension in words, for the manifest."""
        return (
            f"extend={chain_name(self.chain or '')} to={self.to} end={self.end} "
            f"window={self.window} overlap={self.overlap}"
        )

    def grown(self) -> tuple[Backbone, Int[np.ndarray, " chain"]]:
        """The file with the new residues in place, without coordinates; and rows of the chain."""
        source, (before, after) = self.source, self._added()
        of_chain = source.chain_ids == self.chain
        chain, place = source[of_chain], int(of_chain.argmax())
        rest = source[~of_chain]
        first, last = chain.residue_numbers.min(), chain.residue_numbers.max()
        # A chain that is in several pieces in the file is put in one piece where it begins.
        whole = joined([
            rest[:place], residues_to_draw(chain, np.arange(first - before, first)), chain,
            residues_to_draw(chain, last + 1 + np.arange(after)), rest[place:],
        ])  # fmt: skip
        return whole, np.flatnonzero(whole.chain_ids == self.chain)


class Grown(SampleCondition):
    """What is kept in a chain that has grown; every window is drawn with a condition of its own.

    Parameters
    ----------
    source : Backbone
    rows : ndarray of int
        Rows in it of the chain that has grown.
    before : int
        New residues before it.
    """

    def __init__(self, source: Backbone, rows: Int[np.ndarray, " chain"], before: int) -> None:
        self.source, self.rows, self.before = source, rows, before
        self.other_chains = len(source.chains) > 1

    def residues(self) -> list[tuple[int, str, str, str]]:
        places = range(self.before, self.before + len(self.rows))
        return kept_residues(self.source, self.rows.tolist(), places)
