"""Longer chains: new residues at the ends of a structure, window after window (GrainPaint).

A window is a stretch of the chain that goes through the network at once: residues that are there
already, and the next new ones. The known ones enter by the exact Gaussian conditional
(`docs/theory.md` 5), as in a redesign; all that lies outside the window is an obstacle. For a
Markov chain, windows that overlap by one residue would lose nothing; for a protein, a longer
overlap knows more of the fold.
"""

from dataclasses import dataclass

import numpy as np

from ..conditioning import second_pass
from ..conditioning.redesign import PlacedRedesign, Redesign
from ..structure.backbone import Backbone, joined
from .generate import DEFAULT_STEPS, Sample, sample
from .plan import LONGEST, SHORTEST, Request, batches, settled
from .temperature import DEFAULT_TEMPERATURE

__all__ = ["ENDS", "WINDOW", "Extension", "extend"]

ENDS = ("C", "N", "both")
#: Residues of a window; fewer only save memory, and know less of the fold.
WINDOW = 1024
#: Least share of a window that is known already.
OVERLAP = 0.25


@dataclass(frozen=True)
class Extension:
    """What is asked for.

    Parameters
    ----------
    source : Backbone
        All chains of the file; those that do not grow are obstacles.
    to : int
        Residues that the chain has in the end.
    chain : str, optional
        Which chain grows; needed if there are several.
    end : {"C", "N", "both"}
        Where; both: half of the residues at either end, the odd one at C.
    window, overlap : int
        Residues that go through the network at once, and how many of them are known already.
        A quarter of the window by default.
    """

    source: Backbone
    to: int
    chain: str | None = None
    end: str = "C"
    window: int = WINDOW
    overlap: int | None = None

    def __post_init__(self):
        chains = self.source.chains
        if self.chain is None and len(chains) != 1:
            raise ValueError(f"--chain is missing: there are {', '.join(chains)}; name one")
        own = self.source.chain(chains[0] if self.chain is None else self.chain)
        object.__setattr__(self, "chain", own.chains[0])
        if self.overlap is None:
            object.__setattr__(self, "overlap", max(3, round(OVERLAP * self.window)))
        if self.end not in ENDS:
            raise ValueError(f"--end {self.end}: not one of {', '.join(ENDS)}")
        if not SHORTEST <= self.window <= LONGEST:
            raise ValueError(f"--window {self.window}: must lie between {SHORTEST} and {LONGEST}")
        if not 3 <= self.overlap < self.window:
            raise ValueError(
                f"--overlap {self.overlap}: must be at least 3 and less than --window {self.window}"
            )
        if len(own) < 3:
            raise ValueError(f"chain {self.chain}: has {len(own)} residues; three are needed")
        lacking = np.flatnonzero(~own.mask.all(1))
        if len(lacking):
            k = lacking[0]
            raise ValueError(
                f"residue {self.chain}{own.residue_numbers[k]}{own.insertion_codes[k]} lacks "
                "backbone atoms; take it out of the file"
            )
        if self.to <= len(own):
            raise ValueError(
                f"--to {self.to}: chain {self.chain} has {len(own)} residues already; ask for more"
            )

    def _added(self):
        """New residues at the N and at the C terminus."""
        added = self.to - int((self.source.chain_ids == self.chain).sum())
        before = {"C": 0, "N": added, "both": added // 2}[self.end]
        return before, added - before

    def windows(self):
        """(start, stop, new stretches) of each window, all as rows of the grown chain."""
        before, after = self._added()
        first, last = before, self.to - after  # known so far
        if self.to <= self.window:
            ends = (0, first), (last, self.to)
            return [(0, self.to, [end for end in ends if end[0] < end[1]])]
        found = []
        while first > 0 or last < self.to:
            if last < self.to:
                new = last, min(last + self._step(last - first), self.to)
                found.append((max(first, new[1] - self.window), new[1], [new]))
                last = new[1]
            if first > 0:
                new = max(first - self._step(last - first), 0), first
                found.append((new[0], min(last, new[0] + self.window), [new]))
                first = new[0]
        return found

    def _step(self, known):
        """New residues of a window, most."""
        return self.window - min(self.overlap, known)

    def calls(self, steps):
        """Network calls per structure."""
        return len(self.windows()) * (steps + second_pass(steps, [PlacedRedesign])[1])

    def text(self):
        """What is asked for, for the manifest."""
        return (
            f"extend={self.chain} to={self.to} end={self.end} window={self.window} "
            f"overlap={self.overlap}"
        )

    def grown(self):
        """The file with the new residues in place, without coordinates; and rows of the chain."""
        source, (before, after) = self.source, self._added()
        mine = source.chain_ids == self.chain
        chain, place = source[mine], int(mine.argmax())
        rest = source[~mine]  # the chain in one piece, where it begins
        first, last = chain.residue_numbers.min(), chain.residue_numbers.max()
        whole = joined([
            rest[:place], _new(chain, np.arange(first - before, first)), chain,
            _new(chain, last + 1 + np.arange(after)), rest[place:],
        ])  # fmt: skip
        return whole, np.flatnonzero(whole.chain_ids == self.chain)


def _new(chain, numbers):
    """Residues of a chain without coordinates."""
    return Backbone.from_coords(
        np.full((len(numbers), 4, 3), np.nan), chain_ids=chain.chain_ids[0],
        residue_numbers=numbers,
        b_factors=None if chain.b_factors is None else np.zeros(len(numbers)),
    )  # fmt: skip


def extend(
    denoiser,
    extension,
    indices=(0,),
    *,
    seed=0,
    steps=DEFAULT_STEPS,
    temperature=DEFAULT_TEMPERATURE,
    guidance=None,
    callback=None,
):
    """Draw extensions of a chain, one per index.

    Parameters
    ----------
    denoiser : Denoiser
    extension : Extension
    indices : sequence of int
        Numbers of the samples: with the seed they fix the random numbers.
    steps : int
        Network calls per window and sample; the second pass of a redesign adds two fifths.
    guidance : float, optional
        See `protdiff.sampling.guidance.guidance_of`.
    callback : callable, optional
        Called after every network call.

    Returns
    -------
    list of Sample
        All chains of the source, numbered on from the ends; new residues are alanine.
    """
    start, own = extension.grown()
    made = {i: Sample(Request(i, extension.to), start, 0, 0.0) for i in indices}
    for number, (first, last, cuts) in enumerate(extension.windows()):
        rows = own[first:last]
        cuts = [(a - first, b - first) for a, b in cuts]
        asked = {i: Redesign.at(made[i].backbone, rows, cuts, "--in") for i in indices}
        window_seed = seed if number == 0 else _seed_of_window(seed, number)
        requests = [
            settled(Request(i, one.lengths()[0]), one, window_seed) for i, one in asked.items()
        ]
        for batch in batches(requests):
            for one in sample(
                denoiser, batch, seed=window_seed, steps=steps, temperature=temperature,
                guidance=guidance,
                callback=callback and (lambda *_, batch=batch: callback(len(batch))),
            ):  # fmt: skip
                old = made[one.request.index]
                made[one.request.index] = Sample(
                    old.request, one.backbone, old.calls + one.calls, old.seconds + one.seconds
                )
    return list(made.values())


def _seed_of_window(seed, number):
    state = np.random.SeedSequence(seed, spawn_key=(number, 3)).generate_state(1, np.uint64)
    return int(state[0])
