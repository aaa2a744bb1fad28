"""Variations of a structure: some scales are kept, or the chain is noised up to some time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..flow import cosine_modes
from ..structure.constants import FILE_BREAK
from ..structure.peptide import link_vectors
from .base import Condition, Stage, types_of
from .energy import SECOND_PASS
from .given import Start, check_strength, start_from
from .placed_motif import PlacedMotif
from .ranges import chain_name, check_backbone, residue_name

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from ..structure.backbone import Backbone

__all__ = ["KeepFold", "KeepFragments", "PartialFlow", "components_of"]


def components_of(
    backbone: Backbone,
) -> tuple[Float[Tensor, "components 3"], Float[np.ndarray, " 3"]]:
    """Components (2N, 3) of one whole chain, and its centroid.

    Raises
    ------
    ValueError
        If there are several chains, missing atoms, or unobserved residues in between.
    """
    check_backbone(backbone)
    if len(backbone.chains) != 1:
        listed = ", ".join(map(chain_name, backbone.chains))
        raise ValueError(f"`source`: has the chains {listed}; choose one with `chain`")
    whole = backbone.mask.all(1)
    if not whole.all():
        residue = residue_name(backbone, int(np.argmin(whole)))
        raise ValueError(
            f"`source`: residue {residue} lacks backbone atoms; take it out or complete it"
        )
    step = np.linalg.norm(np.diff(backbone.ca, axis=0), axis=1)
    if (step > FILE_BREAK).any():
        k = int(np.argmax(step > FILE_BREAK))
        before, after = residue_name(backbone, k), residue_name(backbone, k + 1)
        raise ValueError(
            f"`source`: the chain is broken between {before} and {after} "
            f"({step[k]:.1f} Å); give a chain without gaps"
        )
    n, center = len(backbone), backbone.ca.mean(0)
    clean = torch.zeros(2 * n, 3, dtype=torch.float64)
    clean[:n] = cosine_modes(n) @ torch.tensor(backbone.ca - center)
    clean[0] = 0
    clean[n : 2 * n - 1] = torch.tensor(link_vectors(backbone.coords))
    return clean, center


@dataclass(frozen=True)
class Variation(Condition):
    """A chain that samples vary: same length, same names and numbers, same place.

    The network is given its residue types, unless all are alanine.

    Parameters
    ----------
    source : Backbone
        One chain without gaps.
    """

    source: Backbone
    clean: Float[Tensor, "components 3"] = field(init=False, repr=False, compare=False)
    center: Float[np.ndarray, " 3"] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        clean, center = components_of(self.source)
        object.__setattr__(self, "clean", clean)
        object.__setattr__(self, "center", center)

    def lengths(self, wanted: Sequence[int] | None = None) -> Sequence[int]:
        n = len(self.source)
        if wanted is not None and list(wanted) != [n]:
            raise ValueError(f"`length`: the input has {n} residues; leave it out")
        return [n]

    def finish(self, backbone: Backbone) -> Backbone:
        """Numbers and place of the input; its names, where no others were requested."""
        return _in_place_of(self.source, self.center, backbone)

    def sequence(self) -> str | None:
        return types_of(self.source.residue_names.tolist())


def _in_place_of(source: Backbone, center: Float[np.ndarray, " 3"], drawn: Backbone) -> Backbone:
    names = drawn.residue_names
    given = types_of(names.tolist()) is not None
    names = np.where(given & (names != "UNK"), names, source.residue_names)
    return replace(
        drawn,
        coords=drawn.coords + center,
        residue_names=names,
        chain_ids=source.chain_ids,
        residue_numbers=source.residue_numbers,
        insertion_codes=source.insertion_codes,
    )


@dataclass(frozen=True)
class KeepFold(Variation):
    """Keep the modes of a chain longer than a wavelength, exactly, and redraw finer detail.

    Parameters
    ----------
    source : Backbone
        One chain without gaps.
    scale : float
        Wavelength in residues.

    Examples
    --------
    >>> KeepFold(backbone, scale=12.0)  # doctest: +SKIP
    """

    scale: float = 12.0
    kept: Bool[Tensor, " components"] = field(init=False, repr=False, compare=False)

    stage, keeps_fold = Stage.EXACT, True

    def __post_init__(self) -> None:
        super().__post_init__()
        n = len(self.source)
        if not 2 < self.scale < 2 * n:
            raise ValueError(f"`scale` {self.scale:g}: must lie between 2 and {2 * n} residues")
        mode = torch.arange(2 * n)
        object.__setattr__(self, "kept", (mode > 0) & (mode < 2 * n / self.scale))

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        return torch.where(self.kept[:, None], self.clean, clean)


@dataclass(frozen=True)
class KeepFragments(Variation):
    """Keep the detail of a chain, and redraw how it is folded.

    Fine modes are vectors in space: kept as they are, they would fix the direction of every
    helix, and with it the fold. What is kept is their shape: fragments of `scale` residues, each
    up to a rigid motion of its own. The network is not given the residue types: they belong to the
    fold that is to change.

    Parameters
    ----------
    source : Backbone
        One chain without gaps.
    scale : int
        Residues per fragment.

    Examples
    --------
    >>> KeepFragments(backbone, scale=12)  # doctest: +SKIP
    """

    scale: float = 12

    stage, second_pass = Stage.EXACT, SECOND_PASS

    def __post_init__(self) -> None:
        super().__post_init__()
        n, scale = len(self.source), round(self.scale)
        if not 3 <= scale <= n // 2:
            raise ValueError(f"`scale` {scale}: must lie between 3 and {n // 2} residues")

    def for_sample(self, length: int, rng: np.random.Generator) -> PlacedFragments:
        return PlacedFragments(self)

    def sequence(self) -> None:
        return None


class PlacedFragments(PlacedMotif):
    """The fragments of one sample, with their last orientations."""

    def __init__(self, variation: KeepFragments) -> None:
        n, scale = len(variation.source), round(variation.scale)
        # The last fragment takes the rest.
        labels = [f"{min(i // scale, n // scale - 1):04d}" for i in range(n)]
        super().__init__(variation.source, np.arange(n), labels)
        self.variation = variation

    def finish(self, backbone: Backbone) -> Backbone:
        return self.variation.finish(backbone)

    def residues(self) -> list[tuple[int, str, str, str]]:
        return []


@dataclass(frozen=True)
class PartialFlow(Variation):
    """Noise a chain up to time `strength` of the flow, and let it flow back.

    Parameters
    ----------
    source : Backbone
        One chain without gaps.
    strength : float
        Above 0, where the input is left as it is, and below 1, where nothing of it is left.
        ``protdiff flow show`` lists the scales that are redrawn from every time.

    Examples
    --------
    >>> PartialFlow(backbone, strength=0.5)  # doctest: +SKIP
    """

    strength: float = 0.5

    def __post_init__(self) -> None:
        check_strength(self.strength)
        super().__post_init__()

    def __call__(
        self, clean: Float[Tensor, "components 3"], variance: Float[Tensor, " components"], u: float
    ) -> Float[Tensor, "components 3"]:
        return clean

    def start(self) -> Start:
        return start_from(self.source.coords, self.strength)
