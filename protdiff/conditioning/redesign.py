"""In-painting: stretches of a chain are redrawn inside everything else in the file."""

from string import ascii_uppercase

import numpy as np
import torch

from ..structure.backbone import Backbone, joined
from ..structure.constants import LONGEST_NUMBER_JUMP as LONGEST_JUMP
from .base import AGAIN, Condition, types_of
from .contig import find_residues, parse_fixed
from .energy import Energy, overlap
from .motif import PlacedMotif

__all__ = ["Redesign"]

#: CA-CA distance (Å) over which neighbours in a file are not bonded, and the longest per link.
BREAK, REACH = 4.5, 3.8
UNKNOWN = "UNK"
#: CA atoms around the chain repel those of new residues below this distance (Å), with this
#: stiffness (kT/Å²), between these times: while the fold is open, so that it finds its place beside
#: them. From 0.5 on, chains grown by windows of 128 had 6.1 % of new bonds off, from 0.8 on 1.7 %.
SURROUND, STIFFNESS, FROM, UNTIL = 4.5, 1.0, 0.8, 0.08


class Redesign(Condition):
    """Rebuild segments of one chain; the rest of the file stays as it is.

    Parameters
    ----------
    source : Backbone
        All chains of the file.
    regions : str
        Residue ranges of one chain: ``A45-58,A90-97``.
    length_change : (int, int)
        Least and most residues by which every region may grow (shrink, where negative).

    Notes
    -----
    The network is told the residue types of the chain, those of regions too that keep their
    length: unless the request has a sequence of its own, or all are alanine, the name that
    residues without a type go by.
    """

    exact, tells = True, True

    def __init__(self, source, regions, length_change=(0, 0), name="--redesign"):
        self._set(source, *find_regions(source, regions, name), length_change, name)
        for start, stop in self.cuts:
            if stop - start + length_change[0] < 1:
                raise ValueError(f"--length-change {length_change[0]}: removes all of a segment")

    @classmethod
    def at(cls, source, rows, cuts, name="redesign"):
        """Redraw stretches (start, stop) of a piece of a chain, given as rows of the source.

        The residues to be redrawn need no coordinates. What is not in `rows` is an obstacle, other
        parts of the chain too. The network is told no residue types.
        """
        asked = cls.__new__(cls)
        asked.tells = False
        asked._set(source, np.asarray(rows), cuts, (0, 0), name)
        return asked

    def _set(self, source, rows, cuts, change, name):
        self.source, self.rows, self.cuts = source, rows, sorted(cuts)
        self.change, self.name = change, name
        self.chain = chain = source[rows]
        new = np.zeros(len(rows), bool)
        for start, stop in cuts:
            new[start:stop] = True
        lacking = np.flatnonzero(~chain.mask.all(1) & ~new)
        if len(lacking):
            k = lacking[0]
            residue = f"{chain.chain_ids[k]}{chain.residue_numbers[k]}{chain.insertion_codes[k]}"
            raise ValueError(
                f"{name}: residue {residue} of the surroundings lacks backbone atoms; "
                "redesign it too, or take it out"
            )
        if (~new).sum() < 3:
            raise ValueError(f"{name}: leaves fewer than three residues; use --length")

    def _layout(self, growth):
        """Row in the chain of every residue to be drawn; -1 new, -2 unobserved in the file."""
        chain, place, start = self.chain, [], 0
        for (a, b), extra in zip([*self.cuts, (len(chain), len(chain))], [*growth, 0], strict=True):
            for k in range(start, a):
                if place and place[-1] == k - 1 and k > start:
                    step = np.linalg.norm(chain.ca[k] - chain.ca[k - 1])
                    if step > BREAK:
                        gap = int(chain.residue_numbers[k] - chain.residue_numbers[k - 1]) - 1
                        gap = gap if gap <= LONGEST_JUMP else 0  # another numbering, not residues
                        place += [-2] * max(gap, int(np.ceil(step / REACH)) - 1, 1)
                place.append(k)
            place += [-1] * (b - a + extra) if b > a else []
            start = b
        return np.array(place)

    def lengths(self, wanted=None):
        fixed = len(self._layout([0] * len(self.cuts)))
        low, high = (fixed + change * len(self.cuts) for change in self.change)
        if wanted is not None and not set(wanted) <= set(range(low, high + 1)):
            raise ValueError(f"--length: follows from {self.name}; leave the option out")
        return range(low, high + 1) if wanted is None else wanted

    def settle(self, length, rng):
        from .motif import draw_sizes

        low, high = self.change
        extra = length - self.lengths()[0]
        growth = [low + g for g in draw_sizes([(0, high - low)] * len(self.cuts), extra, rng)]
        place = self._layout(growth)
        return PlacedRedesign(self, place, number_residues(self.chain, place, self.cuts, growth))


class PlacedRedesign(Condition):
    """A redesign with the lengths of its segments settled."""

    exact, again, redraws = True, AGAIN, True

    def __init__(self, asked, place, numbering):
        self.asked, self.place, self.numbering = asked, place, numbering
        others = np.ones(len(asked.source), bool)
        others[asked.rows] = False
        around = asked.source.ca[others & asked.source.mask[:, 1]]
        surround = [Surround(self, around, place < 0)] if len(around) else []
        self.motif = PlacedMotif(
            asked.chain, place, ["A"] * len(place), turn=False, room=0.0, energies=surround
        )

    def __call__(self, clean, variance, u):
        return self.motif(clean, variance, u)

    def finish(self, backbone):
        """All chains of the file, with its numbering; new residues where they were asked for."""
        chain, place = self.asked.chain, self.place
        made = self.motif.finish(backbone)
        kept, fresh = place >= 0, place == -1
        coords = np.array(made.coords)
        coords[kept] = chain.coords[place[kept]]
        # The link beside a new residue is new: C and O before it, N after it.
        before = np.flatnonzero(kept[:-1] & fresh[1:])
        after = np.flatnonzero(fresh[:-1] & kept[1:])
        coords[before, 2:] = made.coords[before, 2:]
        coords[after + 1, 0] = made.coords[after + 1, 0]
        numbers, codes, names = self.numbering
        asked = fresh & (made.residue_names != UNKNOWN)
        names = np.where(asked, made.residue_names, names)
        names[fresh & (names == UNKNOWN)] = "ALA"
        own = place != -2
        count, b_factors = int(own.sum()), None
        if chain.b_factors is not None:
            b_factors = np.where(kept, chain.b_factors[place], 0)[own]
        new = Backbone(
            coords[own], np.ones((count, 4), bool), names[own],
            np.full(count, chain.chain_ids[0]), numbers[own], codes[own], b_factors,
        )  # fmt: skip
        return _insert(self.asked.source, self.asked.rows, new)

    def residues(self):
        return self.motif.residues()

    def sequence(self):
        told = self.asked.tells and types_of(self.asked.chain.residue_names.tolist())
        return types_of(self.numbering[2].tolist()) if told else None


class Surround(Energy):
    """CA atoms around the chain keep its new residues off; they move with its known ones."""

    name = "surroundings"

    def __init__(self, redesign, around, fresh):
        self.redesign = redesign
        self.around, self.fresh = torch.tensor(around, dtype=torch.float64), torch.tensor(fresh)

    def felt(self, clean, variance, u):
        known = self.redesign.motif.known
        self.at = self.around - known.centers[0] + known.shift(clean)
        return UNTIL < u < FROM

    def energy(self, ca, spread):
        gap = ca[self.fresh][:, None] - self.at
        return STIFFNESS / 2 * overlap(gap.square().sum(-1), SURROUND)


def find_regions(source, regions, name):
    """Rows of the chain in the source, and (start, stop) of every region among them."""
    segments = [parse_fixed(piece.strip(), name) for piece in regions.split(",")]
    if len(chains := {s.chain for s in segments}) > 1:
        raise ValueError(
            f"{name} {regions}: names the chains {', '.join(sorted(chains))}; "
            "redesign one chain at a time"
        )
    first = segments[0].chain
    if first not in source.chains:
        raise ValueError(f"{name}: no chain {first}; there are {', '.join(source.chains)}")
    rows = np.flatnonzero(source.chain_ids == first)
    chain, cuts = source[rows], []
    for segment in segments:
        found = [
            np.flatnonzero((chain.residue_numbers == n) & (chain.insertion_codes == c))
            for n, c in (segment.first, segment.last)
        ]
        if not all(len(ends) for ends in found):
            find_residues(chain, segment, name)  # raises, and says what there is
        cut = int(found[0][0]), int(found[1][0]) + 1
        if any(cut[0] < stop and start < cut[1] for start, stop in cuts):
            raise ValueError(f"{name} {regions}: {segment} overlaps another segment")
        cuts.append(cut)
    return rows, cuts


def number_residues(chain, place, cuts, growth):
    """Numbers, insertion codes and names of the redrawn chain.

    New residues take the old numbers in turn; more than there were get the next free insertion
    codes on the last. Where a stretch keeps its length, they keep their names; others are unknown.
    """
    numbers = np.zeros(len(place), dtype=np.int64)
    codes, names = np.full(len(place), "", dtype="<U1"), np.full(len(place), UNKNOWN)
    kept = place >= 0
    numbers[kept] = chain.residue_numbers[place[kept]]
    codes[kept] = chain.insertion_codes[place[kept]]
    names[kept] = chain.residue_names[place[kept]]
    fresh = iter(np.flatnonzero(place == -1).tolist())
    for (start, stop), extra in zip(cuts, growth, strict=True):
        last = int(chain.residue_numbers[stop - 1])
        taken = set(chain.insertion_codes[chain.residue_numbers == last].tolist())
        free = (letter for letter in ascii_uppercase if letter not in taken)
        for k in range(start, stop + extra):
            i = next(fresh)
            numbers[i] = chain.residue_numbers[min(k, stop - 1)]
            codes[i] = chain.insertion_codes[k] if k < stop else next(free, "")
            if k >= stop and not codes[i]:
                raise ValueError(
                    f"--length-change: residue {last} has no insertion code left for so many new "
                    "residues; renumber the file"
                )
            if not extra:
                names[i] = chain.residue_names[k]
    return numbers, codes, names


def _insert(source, rows, new):
    """The source with the residues of some rows replaced by a new chain, at the first of them."""
    before, rest = np.arange(rows[0]), np.setdiff1d(np.arange(rows[0], len(source)), rows)
    return joined([source[before], new, source[rest]])
