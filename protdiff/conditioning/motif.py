"""Motif scaffolding: residues of a structure at fixed relative places in a new chain."""

import numpy as np
import torch

from ..structure.backbone import Backbone
from .base import AGAIN, Condition
from .contig import Contig, Fixed, New, find_residues, parse_contig, read_specification
from .energy import Room, lowered, strain
from .known import Known, backbone_observations

__all__ = ["Motif", "superposed"]

#: Longest CA-CA distance per link that a chain can bridge, Å.
REACH = 3.8
#: CA-CA distance (Å) up to which neighbours in the file are bonded.
BONDED = 4.5
#: CA atoms (separation 3 or more) keep this distance in Å, as packed residues do; those of a motif
#: (separation 5 or more) a larger one from all but their own group. Stiffness in kT/Å² between the
#: two times, and from the later one on, when the larger room would strain the fold.
PACKED, ROOM, SOFT, STIFF, EARLY, LATE = 4.2, 5.5, 1.0, 5.0, 0.7, 0.2
#: Groups are rigid: part of what an energy moves is lost when they are put back. It acts again, so
#: often at most, while there is more strain (kT) than this.
ROUNDS, STRAINED = 3, 0.5
#: Atoms at the ends of a chain that no link places, and atoms (residue, atom) that tell where they
#: are: N of the first residue; C and O of the last.
ENDS = ((0, [0], ((0, 1), (0, 2), (0, 3))), (-1, [2, 3], ((-2, 2), (-1, 0), (-1, 1))))


class Motif(Condition):
    """Keep parts of a structure, up to rigid motions, and let the rest of the chain be drawn.

    Parameters
    ----------
    source : Backbone or str or path
        The structure, or a file of it.
    contig : str or Contig, optional
        `protdiff.conditioning.contig` has the language; left out, the file's REMARK 999 lines.
    name : str
        How errors call the contig.

    Examples
    --------
    >>> motif = Motif("complex.pdb", "10-40,B19-27,10-40")  # doctest: +SKIP
    >>> protdiff.generate(length=range(40, 101), condition=motif)  # doctest: +SKIP
    """

    exact = True

    def __init__(self, source, contig=None, name="--contig"):
        from ..structure.io.read_write import read

        if contig is None:
            contig = None if isinstance(source, Backbone) else read_specification(source)
            if contig is None:
                raise ValueError(
                    f"{source}: has no REMARK 999 INPUT lines; say with {name} what to keep, "
                    "such as 10-40,B19-27,10-40"
                )
        elif not isinstance(contig, Contig):
            contig = parse_contig(contig, name)
        self.source = source if isinstance(source, Backbone) else read(source)
        self.contig, self.name = contig, name
        self.found = [
            find_residues(self.source, s, name) if isinstance(s, Fixed) else None
            for s in contig.segments
        ]
        _check_once(self.source, self.found, name)
        _check_reach(self.source, contig.segments, self.found, name)

    def _span(self):
        """Shortest and longest chain that the contig allows."""
        parts = list(zip(self.contig.segments, self.found, strict=True))
        least = sum(s.least if f is None else len(f) for s, f in parts)
        most = sum(s.most if f is None else len(f) for s, f in parts)
        return max(least, self.contig.least or 0), min(most, self.contig.most or most)

    def lengths(self, wanted=None):
        least, most = self._span()
        if wanted is None:
            return range(least, most + 1)
        fit = [n for n in wanted if least <= n <= most]
        if not fit:
            given = f"{min(wanted)}-{max(wanted)}" if len(wanted) > 1 else f"{wanted[0]}"
            raise ValueError(
                f"{self.name}: gives chains of {least} to {most} residues, which --length {given} "
                "does not allow; change one of the two"
            )
        return wanted if len(fit) == len(wanted) else fit

    def settle(self, length, rng):
        least, most = self._span()
        if not least <= length <= most:
            raise ValueError(f"{self.name}: gives {least} to {most} residues, not {length}")
        new = [s for s in self.contig.segments if isinstance(s, New)]
        fixed = sum(len(f) for f in self.found if f is not None)
        sizes = iter(draw_sizes([(s.least, s.most) for s in new], length - fixed, rng))
        place, groups = [], []
        for segment, found in zip(self.contig.segments, self.found, strict=True):
            count = next(sizes) if found is None else len(found)
            place += [-1] * count if found is None else found.tolist()
            groups += [segment.group if found is not None else ""] * count
        return PlacedMotif(self.source, np.array(place), groups)


class PlacedMotif(Condition):
    """A motif at its place in a chain.

    Parameters
    ----------
    source : Backbone
    place : ndarray of int, shape (N,)
        Row in `source` of every residue of the chain, -1 for new ones.
    groups : sequence of str, length N
        Rigid group of every kept residue.
    turn : bool
        False: the motif keeps its orientation.
    room : float
        See `ROOM`; 0 for none.
    energies : sequence of Energy
        What else acts on the chain while it finds its place.
    """

    exact, again = True, AGAIN

    def __init__(self, source, place, groups, turn=True, room=ROOM, energies=()):
        self.source, self.place = source, place
        labels = sorted({g for g, p in zip(groups, place, strict=True) if p >= 0})
        self.labels, self.group_labels = labels, groups
        parts = []
        for start, stop in stretches(source, place, groups):
            coords = source.coords[place[start:stop]]
            rows, values, noise, positions = backbone_observations(len(place), start, coords)
            group = torch.full((len(rows),), labels.index(groups[start]))
            parts.append((rows, values, noise, positions, group))
        self.known = Known(*(torch.cat(column) for column in zip(*parts, strict=True)), turn=turn)
        self.first_group = np.array([g == labels[0] for g in groups]) & (place >= 0)

        kept, labels = torch.tensor(place >= 0), np.array(groups)
        first, second = torch.triu_indices(len(place), len(place), 3)
        rigid = torch.tensor(labels[first] == labels[second]) & kept[first] & kept[second]
        first, second = first[~rigid], second[~rigid]
        beside = (kept[first] | kept[second]) & (second - first >= 5)
        self.energies = [
            Room(first, second, PACKED, SOFT, (LATE, EARLY)),
            Room(first, second, PACKED, STIFF, (0, LATE)),
            *energies,
        ]
        if room:
            self.energies.append(Room(first[beside], second[beside], room, SOFT, (LATE, EARLY)))

    def __call__(self, clean, variance, u):
        made = self.known(clean, variance, u)
        for _ in range(ROUNDS):
            if strain(self.energies, made, variance, u) < STRAINED:
                break
            made = self.known(lowered(self.energies, made, variance, u), variance, u)
        return made

    def finish(self, backbone):
        """Residue names of the motif; the frame of the input (of the first group)."""
        kept = self.place >= 0
        names = np.array(backbone.residue_names, dtype="<U3")
        names[kept] = self.source.residue_names[self.place[kept]]
        coords = np.array(backbone.coords)
        # The outermost atoms hang on no link; where they belong to the motif they are known.
        for residue, atoms, anchors in ENDS:
            ends = [row for row, _ in anchors]
            if len(coords) > 1 and kept[ends].all():
                real = self.source.coords[self.place]
                goal = np.array([coords[anchor] for anchor in anchors])
                near = np.array([real[anchor] for anchor in anchors])
                coords[residue, atoms] = superposed(real[residue, atoms], near, goal)
        own = self.first_group
        moved = superposed(
            coords.reshape(-1, 3),
            coords[own].reshape(-1, 3),
            self.source.coords[self.place[own]].reshape(-1, 3),
        )
        return Backbone(
            moved.reshape(-1, 4, 3), backbone.mask, names, backbone.chain_ids,
            backbone.residue_numbers, backbone.insertion_codes, backbone.b_factors,
        )  # fmt: skip

    def residues(self):
        s = self.source
        return [
            (i, s.chain_ids[p], f"{s.residue_numbers[p]}{s.insertion_codes[p]}", s.residue_names[p])
            for i, p in enumerate(self.place.tolist())
            if p >= 0
        ]


def superposed(coords, mobile, target):
    """`coords` moved as `mobile` best moves onto `target`; ndarrays (..., 3), (M, 3), (M, 3)."""
    from ..structure.superposition import superpose

    rotation, shift = superpose(torch.tensor(mobile), torch.tensor(target))
    return coords @ rotation.numpy() + shift.numpy()


def stretches(source, place, groups):
    """(start, stop) of the runs of kept residues that are bonded neighbours in the source."""
    kept = place >= 0
    runs = []
    for i in np.flatnonzero(kept).tolist():
        goes_on = (
            runs
            and runs[-1][1] == i
            and groups[i] == groups[i - 1]
            and place[i] == place[i - 1] + 1
            and np.linalg.norm(source.ca[place[i]] - source.ca[place[i - 1]]) < BONDED
        )
        if goes_on:
            runs[-1][1] = i + 1
        else:
            runs.append([i, i + 1])
    return runs


def draw_sizes(ranges, total, rng):
    """Sizes within the ranges that add up to the total, all such choices equally likely.

    Parameters
    ----------
    ranges : list of (int, int)
        Least and most, ends included.
    """
    # ways[i][t]: choices for the ranges from i on that add up to t.
    ways = [np.zeros(total + 1) for _ in range(len(ranges) + 1)]
    ways[-1][0] = 1
    for i in range(len(ranges) - 1, -1, -1):
        least, most = ranges[i]
        for size in range(least, min(most, total) + 1):
            ways[i][size:] += ways[i + 1][: total + 1 - size]
        ways[i] /= max(ways[i].max(), 1)
    sizes = []
    for i, (least, most) in enumerate(ranges):
        options = np.arange(least, min(most, total) + 1)
        weights = ways[i + 1][total - options]
        sizes.append(int(rng.choice(options, p=weights / weights.sum())))
        total -= sizes[-1]
    return sizes


def _label(source, index):
    return (
        f"{source.chain_ids[index]}{source.residue_numbers[index]}{source.insertion_codes[index]}"
    )


def _check_once(source, found, name):
    """ValueError if a residue is in two segments."""
    every = np.concatenate([f for f in found if f is not None])
    values, counts = np.unique(every, return_counts=True)
    if (counts > 1).any():
        residue = _label(source, values[counts > 1][0])
        raise ValueError(f"{name}: residue {residue} is in two segments; name every residue once")


def _check_reach(source, segments, found, name):
    """ValueError if the longest stretch between two segments of a group cannot bridge them."""
    between, last = 0, None
    for segment, rows in zip(segments, found, strict=True):
        if rows is None:
            between += segment.most
            continue
        if last is not None and last[1] == segment.group:
            ends = last[0], rows[0]
            distance = float(np.linalg.norm(source.ca[ends[0]] - source.ca[ends[1]]))
            links = between + 1
            if distance > REACH * links + 0.3:
                a, b = (_label(source, e) for e in ends)
                need = int(np.ceil(distance / REACH)) - 1
                raise ValueError(
                    f"{name}: {between} new residues cannot bridge the {distance:.1f} Å from {a} "
                    f"to {b}; allow at least {need}, or separate the groups with |"
                )
        between, last = 0, (rows[-1], segment.group)
