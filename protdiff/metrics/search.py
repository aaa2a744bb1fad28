"""The superpositions that TMscore searches, with everything it maximises over them.

Zhang & Skolnick, Proteins 57, 702 (2004). Fragments of N, N/2, N/4, … 4 aligned residues at every
start are superposed; the residues that come close are superposed in turn, until the set stays.
The next set is a function of the set alone, so the search is a walk over sets: every set is
visited once, whichever fragments lead to it. That changes no result.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from ..structure.superposition import rotation_of

__all__ = ["GDT_CUTOFFS", "Search", "search", "tm_d0"]

#: Distances (Å) of the global distance test: 0.5-4 make GDT-HA, 1-8 GDT-TS.
GDT_CUTOFFS = (0.5, 1.0, 2.0, 4.0, 8.0)
ITERATIONS = 20
SHORTEST, FRAGMENT_LENGTHS = 4, 6
#: Sets times residues that are worked on at a time.
CHUNK = 2_000_000


def tm_d0(length):
    """Distance scale of the TM-score, Å, for a chain of this length; at least 0.5."""
    return max(0.5, 1.24 * np.cbrt(length - 15) - 1.8) if length > 15 else 0.5


@dataclass(frozen=True)
class Search:
    """What was found: `tm` and the motion that gives it, and the largest set per GDT cut-off."""

    tm: float
    rotation: torch.Tensor
    translation: torch.Tensor
    within: tuple

    def gdt(self, length, kind="ts"):
        """GDT-TS or GDT-HA of a reference of `length` residues."""
        counts = self.within[1:] if kind == "ts" else self.within[:-1]
        return sum(counts) / (4 * length)


def search(mobile, target, length, *, stride=1):
    """Search for the superpositions of largest TM-score and of largest sets.

    Parameters
    ----------
    mobile, target : Tensor, shape (N, 3)
        CA of the aligned residues, Å; N >= 1.
    length : int
        Residues that the TM-score is normalised by.
    stride : int
        Residues between the starts of fragments; 1 is the full search.

    Returns
    -------
    Search
    """
    x, y = mobile.double(), target.double()
    shift, goal = x.mean(0), y.mean(0)
    x, y = x - shift, y - goal
    d0 = tm_d0(length)
    reach = min(max(d0 + 0.8, 4.5), 8.0)
    sums = torch.cat([torch.ones_like(x[:, :1]), x, y, (x[:, :, None] * y[:, None]).flatten(1)], 1)
    best, winner, within = -1.0, None, torch.zeros(len(GDT_CUTOFFS))
    # Single precision, good to 1e-4 Å, for the search; double for what it finds.
    points = x.float(), y.float(), sums.float()

    sets, seen, cutoff = fragments(len(x), stride), set(), reach - 1
    for _ in range(ITERATIONS + 1):
        following = []
        for part in sets.split(max(1, CHUNK // len(x))):
            _, _, squares = motions(part, *points)
            flags = torch.empty_like(squares)
            scores = (squares / d0**2 + 1).reciprocal_().sum(1) / length
            if scores.max() > best:
                k = int(scores.argmax())
                best, winner = float(scores[k]), part[k]
            # Into floats: torch does not vectorise comparisons that give bool.
            counts = [torch.le(squares, c * c, out=flags).sum(1).max() for c in GDT_CUTOFFS]
            within = torch.maximum(within, torch.stack(counts))
            following.append(new_sets(near(squares, cutoff), seen))
        sets, cutoff = torch.cat(following), reach + 1
        if not len(sets):
            break
    rotation, translation, squares = (t[0] for t in motions(winner[None].double(), x, y, sums))
    best = float((1 / (1 + squares / d0**2)).sum() / length)
    translation = translation + goal - shift @ rotation
    return Search(best, rotation, translation, tuple(within.long().tolist()))


@lru_cache(maxsize=32)
def fragments(n, stride=1):
    """Sets of n, n/2, n/4, … consecutive residues at every start; 0 or 1, float32 (S, n)."""
    shortest = min(SHORTEST, n)
    lengths = [n >> k for k in range(FRAGMENT_LENGTHS - 1)]
    lengths = [m for m in lengths if m > shortest] + [shortest]
    index = torch.arange(n)
    sets = []
    for m in lengths:
        # The last start is always there.
        start = torch.arange(n - m, -1, -stride).flip(0)[:, None]
        sets.append((index >= start) & (index < start + m))
    return torch.cat(sets).float()


def motions(sets, x, y, sums):
    """Superpose every set; rotations, translations, and squared distances (S, N) of all pairs."""
    n, a, b, ab = (sets @ sums).split([1, 3, 3, 9], 1)
    a, b = a / n, b / n
    covariance = ab.unflatten(1, (3, 3)) - n[..., None] * a[:, :, None] * b[:, None]
    rotation = rotation_of(covariance)
    translation = b - (a[:, None] @ rotation)[:, 0]
    # No (S, N, 3) tensor, and one product an axis for R x + t - y: memory is the cost here.
    motion = torch.cat([rotation, translation[:, None], torch.ones_like(rotation[:, :1])], 1)
    one, squares = torch.ones_like(x[:, :1]), 0
    for axis in range(3):
        gap = motion[:, :, axis] @ torch.cat([x, one, -y[:, axis, None]], 1).T
        squares = gap.square_() if axis == 0 else squares.addcmul_(gap, gap)
    return rotation, translation, squares


def near(squares, cutoff):
    """Residues closer than the cut-off, widened by 0.5 Å until there are three; 0 or 1 (S, N)."""
    found = torch.lt(squares, cutoff**2, out=torch.empty_like(squares))
    few = (found.sum(1) < 3).nonzero()[:, 0]
    if len(few) and squares.shape[1] > 3:
        third = squares[few].kthvalue(3, dim=1).values.sqrt()
        wider = cutoff + 0.5 * (torch.floor((third - cutoff) / 0.5) + 1)
        found[few] = (squares[few] < wider[:, None].square()).to(found)
    return found


def new_sets(sets, seen):
    """Rows that were never seen before, each once; adds them to `seen`."""
    packed = np.packbits(sets.numpy() > 0, axis=1)
    # A string drops the zeros at its end, which makes no two of one width equal.
    names = packed.view(f"S{packed.shape[1]}")[:, 0].tolist()
    new = {name: k for k, name in enumerate(names) if name not in seen}
    seen.update(new)
    sets = sets[list(new.values())]
    return sets[sets.sum(1) >= min(3, sets.shape[1])]  # fewer leave the rotation open
