"""Search for the superposition of largest TM-score, as the program TMscore does it.

Zhang & Skolnick, Proteins 57, 702 (2004): fragments of N, N/2, N/4, … 4 aligned residues at every
start are superposed. The residues that come close are superposed in turn, until their set stays
the same. The next set depends on the present set alone, so each set is superposed only once,
whichever fragments lead to it; the result is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from ..structure.superposition import rotation_of

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

__all__ = ["GDT_CUTOFFS", "Search", "search", "tm_d0"]

#: Distances (Å) of the global distance test: 0.5-4 make GDT-HA, 1-8 GDT-TS.
GDT_CUTOFFS = (0.5, 1.0, 2.0, 4.0, 8.0)
#: Superpositions that follow the first one of a fragment, at most.
MAX_ITERATIONS = 20
#: Residues of the shortest fragment, and how many lengths of fragments there are at most.
MIN_FRAGMENT, FRAGMENT_LENGTHS = 4, 6
#: Distance (Å) within which residues form the next set is d0 + 0.8, between these bounds.
MIN_REACH, MAX_REACH = 4.5, 8.0
#: Sets times residues that are worked on at a time.
CHUNK = 2_000_000


def tm_d0(length: int) -> float:
    """Distance scale d0 of the TM-score for a chain of this length, Å; at least 0.5.

    1.24 (L - 15)^(1/3) - 1.8, Zhang & Skolnick (2004).

    Examples
    --------
    >>> round(tm_d0(150), 3)
    4.561
    """
    return max(0.5, float(1.24 * np.cbrt(length - 15) - 1.8)) if length > 15 else 0.5


@dataclass(frozen=True)
class Search:
    """Result of `search`.

    Attributes
    ----------
    tm : float
        Largest TM-score.
    rotation, translation : Tensor, shape (3, 3) and (3,)
        ``mobile @ rotation + translation`` is the superposition that gives it.
    within : tuple of int
        For each of `GDT_CUTOFFS`, the largest number of residues found within it.
    """

    tm: float
    rotation: Float[Tensor, "3 3"]
    translation: Float[Tensor, "3"]
    within: tuple[int, ...]

    def gdt(self, length: int, kind: Literal["ts", "ha"] = "ts") -> float:
        """GDT-TS or GDT-HA of a reference of `length` residues, between 0 and 1."""
        counts = self.within[1:] if kind == "ts" else self.within[:-1]
        return sum(counts) / (4 * length)


def search(
    mobile: Float[Tensor, "residues 3"],
    target: Float[Tensor, "residues 3"],
    length: int,
    *,
    stride: int = 1,
) -> Search:
    """Search for the superpositions of largest TM-score and of most residues within each cut-off.

    Parameters
    ----------
    mobile, target : Tensor, shape (residues, 3)
        CA of the aligned residues, Å; at least one.
    length : int
        Residues that the TM-score is normalised by.
    stride : int
        Residues between the starts of fragments; 1 is the full search.

    Returns
    -------
    Search

    Examples
    --------
    >>> points = torch.randn(30, 3, generator=torch.Generator().manual_seed(0))
    >>> result = search(points + 5, points, 30)
    >>> round(result.tm, 4), result.within
    (1.0, (30, 30, 30, 30, 30))
    """
    x, y = mobile.double(), target.double()
    x_center, y_center = x.mean(0), y.mean(0)
    x, y = x - x_center, y - y_center
    d0 = tm_d0(length)
    reach = min(max(d0 + 0.8, MIN_REACH), MAX_REACH)
    sums = torch.cat([torch.ones_like(x[:, :1]), x, y, (x[:, :, None] * y[:, None]).flatten(1)], 1)
    # Single precision, good to 1e-4 Å, for the search; double for what it finds.
    points = x.float(), y.float(), sums.float()

    sets, seen, cutoff = fragments(len(x), stride), set(), reach - 1
    best, winner, within = -1.0, sets[0], torch.zeros(len(GDT_CUTOFFS))
    for _ in range(MAX_ITERATIONS + 1):
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
            following.append(new_sets(close_residues(squares, cutoff), seen))
        sets, cutoff = torch.cat(following), reach + 1
        if not len(sets):
            break
    rotation, translation, squares = (t[0] for t in motions(winner[None].double(), x, y, sums))
    best = float((1 / (1 + squares / d0**2)).sum() / length)
    translation = translation + y_center - x_center @ rotation
    return Search(best, rotation, translation, tuple(within.long().tolist()))


@lru_cache(maxsize=32)
def fragments(n: int, stride: int = 1) -> Float[Tensor, "sets residues"]:
    """Sets of n, n/2, n/4, … consecutive residues at every start, as rows of 0 and 1."""
    shortest = min(MIN_FRAGMENT, n)
    lengths = [n >> k for k in range(FRAGMENT_LENGTHS - 1)]
    lengths = [m for m in lengths if m > shortest] + [shortest]
    index = torch.arange(n)
    sets = []
    for m in lengths:
        # The last start is always there, whatever the stride.
        start = torch.arange(n - m, -1, -stride).flip(0)[:, None]
        sets.append((index >= start) & (index < start + m))
    return torch.cat(sets).float()


def motions(
    sets: Float[Tensor, "sets residues"],
    x: Float[Tensor, "residues 3"],
    y: Float[Tensor, "residues 3"],
    sums: Float[Tensor, "residues 16"],
) -> tuple[Float[Tensor, "sets 3 3"], Float[Tensor, "sets 3"], Float[Tensor, "sets residues"]]:
    """Superpose x on y over the residues of every set.

    `sums` has 1, x, y and the products x_i y_j of each residue. Returns rotations, translations,
    and the squared distances of all residues under each motion.
    """
    n, a, b, ab = (sets @ sums).split([1, 3, 3, 9], 1)
    a, b = a / n, b / n
    covariance = ab.unflatten(1, (3, 3)) - n[..., None] * a[:, :, None] * b[:, None]
    rotation = rotation_of(covariance)
    translation = b - (a[:, None] @ rotation)[:, 0]
    # No (sets, residues, 3) tensor, and one product an axis for R x + t - y: memory is the cost.
    motion = torch.cat([rotation, translation[:, None], torch.ones_like(rotation[:, :1])], 1)
    ones = torch.ones_like(x[:, :1])
    gaps = (motion[:, :, k] @ torch.cat([x, ones, -y[:, k, None]], 1).T for k in range(3))
    squares = next(gaps).square_()
    for gap in gaps:
        squares.addcmul_(gap, gap)
    return rotation, translation, squares


def close_residues(
    squares: Float[Tensor, "sets residues"], cutoff: float
) -> Float[Tensor, "sets residues"]:
    """Residues closer than the cut-off, which grows by 0.5 Å until there are three; 0 or 1."""
    close = torch.lt(squares, cutoff**2, out=torch.empty_like(squares))
    few = (close.sum(1) < 3).nonzero()[:, 0]
    if len(few) and squares.shape[1] > 3:
        third = squares[few].kthvalue(3, dim=1).values.sqrt()
        wider = cutoff + 0.5 * (torch.floor((third - cutoff) / 0.5) + 1)
        close[few] = (squares[few] < wider[:, None].square()).to(close)
    return close


def new_sets(
    sets: Float[Tensor, "sets residues"], seen: set[bytes]
) -> Float[Tensor, "new residues"]:
    """Rows that are not in `seen` yet, each once; adds them to it."""
    packed = np.packbits(sets.numpy() > 0, axis=1)
    # A string drops the zeros at its end, which makes no two of one width equal.
    names = packed.view(f"S{packed.shape[1]}")[:, 0].tolist()
    new = {name: k for k, name in enumerate(names) if name not in seen}
    seen.update(new)
    sets = sets[list(new.values())]
    return sets[sets.sum(1) >= min(3, sets.shape[1])]  # fewer leave the rotation open
