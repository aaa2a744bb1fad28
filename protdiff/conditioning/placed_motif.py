"""A motif at its place in a chain: kept exactly, up to rigid motions, with space around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..structure.constants import FILE_BREAK
from ..structure.superposition import superpose
from .base import SampleCondition, Stage
from .energy import SECOND_PASS, Potential, minimised, total_energy
from .known import Known, Observations, backbone_observations
from .restraints import Spacing
from .site import kept_residues

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from ..structure.backbone import Backbone

__all__ = [
    "SPACE", "MotifSpace", "PlacedMotif", "relaxed", "spacings", "stretches", "superposed",
]  # fmt: skip


@dataclass(frozen=True)
class MotifSpace:
    """Distances that keep space around a motif while the chain folds around it.

    CA atoms three or more residues apart keep the distance `packed`. CA atoms of a motif keep the
    larger distance `around_motif` from residues outside their rigid group that are five or more
    residues away along the chain.

    Parameters
    ----------
    packed, around_motif : float
        The two distances, Å. With `around_motif` 0 the second rule is off.
    early, late : float
        Times of the flow. From `early` down to `late` both distances are kept softly; below `late`
        only `packed` is, more stiffly, because the larger distance would strain the fold.
    soft, stiff : float
        Stiffness, kT per Å².
    """

    packed: float = 4.2
    around_motif: float = 5.5
    early: float = 0.7
    late: float = 0.2
    soft: float = 1.0
    stiff: float = 5.0


SPACE = MotifSpace()


@dataclass(frozen=True)
class Relaxation:
    """How often the energies and the rigid groups of a motif are imposed in turn.

    Groups are rigid, so part of what the energies moved is undone when the groups are put back.
    Both are repeated while the sum of the energies is above `enough`.

    Parameters
    ----------
    rounds : int
        Most repetitions in one network call.
    enough : float
        kT.
    """

    rounds: int = 3
    enough: float = 0.5


RELAXATION = Relaxation()


@dataclass(frozen=True)
class EndAtoms:
    """Atoms at an end of the chain that no link places, and atoms from which they are placed.

    Parameters
    ----------
    residue : int
        0 or -1.
    atoms : tuple of int
        Which of N, CA, C, O.
    anchors : tuple of (int, int)
        Residue and atom of the atoms that are superposed to place them.
    """

    residue: int
    atoms: tuple[int, ...]
    anchors: tuple[tuple[int, int], ...]


END_ATOMS = (
    EndAtoms(0, (0,), ((0, 1), (0, 2), (0, 3))),
    EndAtoms(-1, (2, 3), ((-2, 2), (-1, 0), (-1, 1))),
)


class PlacedMotif(SampleCondition):
    """A motif at its place in a chain.

    Parameters
    ----------
    source : Backbone
    place : ndarray of int, shape (N,)
        Row in `source` of every residue of the chain, negative for new ones.
    groups : sequence of str, length N
        Rigid group of every kept residue.
    turn : bool
        False: the motif keeps its orientation.
    space : MotifSpace
    energies : sequence of Potential
        Further energies that act on the chain while the motif is placed.
    """

    stage, second_pass = Stage.EXACT, SECOND_PASS

    def __init__(
        self,
        source: Backbone,
        place: Int[np.ndarray, " residues"],
        groups: Sequence[str],
        turn: bool = True,
        space: MotifSpace = SPACE,
        energies: Sequence[Potential] = (),
    ) -> None:
        self.source, self.place = source, place
        labels = sorted({g for g, p in zip(groups, place, strict=True) if p >= 0})
        self.labels, self.groups = labels, groups
        self.known = _known(source, place, groups, labels, turn)
        self.first_group = np.array([g == labels[0] for g in groups]) & (place >= 0)
        self.energies = spacings(place, groups, space, energies)

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        return relaxed(self.known, self.energies, clean, variance, u)

    def finish(self, backbone: Backbone) -> Backbone:
        """The backbone with the motif's residue names, in the frame of the input (first group)."""
        kept = self.place >= 0
        names = np.array(backbone.residue_names, dtype="<U3")
        names[kept] = self.source.residue_names[self.place[kept]]
        coords = np.array(backbone.coords)
        # No link places the outermost atoms; where they belong to the motif they are known.
        real = self.source.coords[self.place]
        for end in END_ATOMS:
            if len(coords) > 1 and kept[[row for row, _ in end.anchors]].all():
                goal = np.array([coords[anchor] for anchor in end.anchors])
                mobile = np.array([real[anchor] for anchor in end.anchors])
                atoms = list(end.atoms)
                coords[end.residue, atoms] = superposed(real[end.residue, atoms], mobile, goal)
        first = self.first_group
        moved = superposed(
            coords.reshape(-1, 3),
            coords[first].reshape(-1, 3),
            self.source.coords[self.place[first]].reshape(-1, 3),
        )
        return replace(backbone, coords=moved.reshape(-1, 4, 3), residue_names=names)

    def residues(self) -> list[tuple[int, str, str, str]]:
        places = np.flatnonzero(self.place >= 0)
        return kept_residues(self.source, self.place[places].tolist(), places.tolist())


def relaxed(
    known: Known,
    energies: Sequence[Potential],
    clean: Float[Tensor, "components 3"],
    variance: Float[Tensor, " components"],
    u: float,
) -> Float[Tensor, "components 3"]:
    """The estimate with what is known of it imposed, and energies, in turn."""
    estimate = known(clean, variance, u)
    for _ in range(RELAXATION.rounds):
        if total_energy(energies, estimate, variance, u) < RELAXATION.enough:
            break
        moved = minimised(energies, estimate, variance, u)
        estimate = known(moved, variance, u)
    return estimate


def _known(
    source: Backbone,
    place: Int[np.ndarray, " residues"],
    groups: Sequence[str],
    labels: Sequence[str],
    turn: bool,
) -> Known:
    """Observations of all kept residues, in their rigid groups."""
    observed: list[Observations] = []
    group_of: list[Int[Tensor, " observations"]] = []
    for start, stop in stretches(source, place, groups):
        coords = source.coords[place[start:stop]]
        observed.append(backbone_observations(len(place), start, coords))
        group_of.append(torch.full((len(observed[-1].rows),), labels.index(groups[start])))
    observations = Observations(*(torch.cat(column) for column in zip(*observed, strict=True)))
    return Known(observations, torch.cat(group_of), turn=turn)


def spacings(
    place: Int[np.ndarray, " residues"],
    groups: Sequence[str],
    space: MotifSpace,
    energies: Sequence[Potential] = (),
) -> list[Potential]:
    """Energies that keep residues apart, and those given."""
    kept, labels = torch.tensor(place >= 0), np.array(groups)
    first, second = torch.triu_indices(len(place), len(place), 3)
    rigid = torch.tensor(labels[first] == labels[second]) & kept[first] & kept[second]
    first, second = first[~rigid], second[~rigid]
    beside = (kept[first] | kept[second]) & (second - first >= 5)
    while_open = (space.late, space.early)
    all_of_them: list[Potential] = [
        Spacing(first, second, space.packed, space.soft, while_open),
        Spacing(first, second, space.packed, space.stiff, (0, space.late)),
        *energies,
    ]
    if space.around_motif:
        beside_motif = first[beside], second[beside]
        all_of_them.append(Spacing(*beside_motif, space.around_motif, space.soft, while_open))
    return all_of_them


def superposed(
    coords: Float[np.ndarray, "*points 3"],
    mobile: Float[np.ndarray, "anchors 3"],
    target: Float[np.ndarray, "anchors 3"],
) -> Float[np.ndarray, "*points 3"]:
    """`coords` moved by the rigid motion that best takes `mobile` onto `target`."""
    rotation, shift = superpose(torch.tensor(mobile), torch.tensor(target))
    return coords @ rotation.numpy() + shift.numpy()


def stretches(
    source: Backbone, place: Int[np.ndarray, " residues"], groups: Sequence[str]
) -> list[tuple[int, int]]:
    """(start, stop) of the runs of kept residues that are bonded neighbours in the source."""
    kept = place >= 0
    runs: list[tuple[int, int]] = []
    for i in np.flatnonzero(kept).tolist():
        goes_on = (
            runs
            and runs[-1][1] == i
            and groups[i] == groups[i - 1]
            and place[i] == place[i - 1] + 1
            and np.linalg.norm(source.ca[place[i]] - source.ca[place[i - 1]]) < FILE_BREAK
        )
        if goes_on:
            runs[-1] = runs[-1][0], i + 1
        else:
            runs.append((i, i + 1))
    return runs
