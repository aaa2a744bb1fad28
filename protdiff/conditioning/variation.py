"""Variations of a structure: some scales are kept, or all of them up to a time of the flow."""

from dataclasses import replace

import numpy as np
import torch

from ..flow import cosine_modes
from ..structure.geometry import link_vectors
from .base import Condition, types_of
from .motif import PlacedMotif

__all__ = ["KeepFold", "KeepFragments", "PartialFlow", "components_of"]


def components_of(backbone, what="input"):
    """Components (2N, 3) of one whole chain, and its centroid (3,).

    Raises
    ------
    ValueError
        If there are several chains, missing atoms, or unobserved residues in between.
    """
    if len(backbone.chains) != 1:
        listed = ", ".join(backbone.chains)
        raise ValueError(f"{what}: has the chains {listed}; choose one with --chain")
    label = [
        f"{c}{n}{i}"
        for c, n, i in zip(
            backbone.chain_ids, backbone.residue_numbers, backbone.insertion_codes, strict=True
        )
    ]
    whole = backbone.mask.all(1)
    if not whole.all():
        raise ValueError(
            f"{what}: residue {label[int(np.argmin(whole))]} lacks backbone atoms; "
            "take it out or complete it"
        )
    step = np.linalg.norm(np.diff(backbone.ca, axis=0), axis=1)
    if (step > 4.5).any():
        k = int(np.argmax(step > 4.5))
        raise ValueError(
            f"{what}: the chain is broken between {label[k]} and {label[k + 1]} "
            f"({step[k]:.1f} Å); give a chain without gaps"
        )
    n, center = len(backbone), backbone.ca.mean(0)
    clean = torch.zeros(2 * n, 3, dtype=torch.float64)
    clean[:n] = cosine_modes(n) @ torch.tensor(backbone.ca - center)
    clean[0] = 0
    clean[n : 2 * n - 1] = torch.tensor(link_vectors(backbone.coords))
    return clean, center


class _Variation(Condition):
    """A chain that samples vary: same length, same names and numbers, same place.

    The network is told its residue types, unless all are alanine.
    """

    def __init__(self, source, what="--in"):
        self.source = source
        self.clean, self.center = components_of(source, what)

    def lengths(self, wanted=None):
        n = len(self.source)
        if wanted is not None and list(wanted) != [n]:
            raise ValueError(f"--length: the input has {n} residues; leave the option out")
        return [n]

    def finish(self, backbone):
        """Numbers and place of the input; its names, where no others were asked for."""
        s, names = self.source, backbone.residue_names
        given = types_of(names.tolist()) is not None
        names = np.where(given & (names != "UNK"), names, s.residue_names)
        return replace(
            backbone,
            coords=backbone.coords + self.center,
            residue_names=names,
            chain_ids=s.chain_ids,
            residue_numbers=s.residue_numbers,
            insertion_codes=s.insertion_codes,
        )

    def sequence(self):
        return types_of(self.source.residue_names.tolist())


class KeepFold(_Variation):
    """Keep the modes of a chain longer than a wavelength, exactly, and redraw finer detail.

    Parameters
    ----------
    source : Backbone
        One chain without gaps.
    scale : float
        Wavelength in residues.
    """

    exact, keeps_fold = True, True

    def __init__(self, source, scale=12.0, what="--in"):
        super().__init__(source, what)
        n = len(source)
        if not 2 < scale < 2 * n:
            raise ValueError(f"--scale {scale:g}: must lie between 2 and {2 * n} residues")
        mode = torch.arange(2 * n)
        self.kept = (mode > 0) & (mode < 2 * n / scale)

    def __call__(self, clean, variance, u):
        return torch.where(self.kept[:, None], self.clean, clean)


class KeepFragments(_Variation):
    """Keep the detail of a chain, and redraw how it is folded.

    Fine modes are vectors in space: kept as they are, they would fix the direction of every
    helix, and with it the fold. What is kept is their shape: fragments of `scale` residues, each
    up to a rigid motion of its own. The network is not told the residue types: they belong to the
    fold that is to change.

    Parameters
    ----------
    source : Backbone
        One chain without gaps.
    scale : int
        Residues per fragment.
    """

    exact = True

    def __init__(self, source, scale=12, what="--in"):
        super().__init__(source, what)
        n, scale = len(source), round(scale)
        if not 3 <= scale <= n // 2:
            raise ValueError(f"--scale {scale}: must lie between 3 and {n // 2} residues")
        # The last fragment takes the rest.
        labels = [f"{min(i // scale, n // scale - 1):04d}" for i in range(n)]
        self.fragments = PlacedMotif(source, np.arange(n), labels)
        self.again = self.fragments.again

    def __call__(self, clean, variance, u):
        return self.fragments(clean, variance, u)

    def sequence(self):
        return None


class PartialFlow(_Variation):
    """Noise a chain up to time `strength` of the flow, and let it flow back.

    Parameters
    ----------
    source : Backbone
        One chain without gaps.
    strength : float
        Between 0 (the input) and 1 (nothing of it is left). The cut-off at that time says which
        scales are redrawn: `protdiff flow show`.
    """

    def __init__(self, source, strength, what="--in"):
        if not 0 < strength < 1:
            raise ValueError(f"--strength {strength:g}: must lie between 0 and 1")
        super().__init__(source, what)
        self.strength = strength

    def __call__(self, clean, variance, u):
        return clean

    def start(self):
        return self.clean, self.strength
