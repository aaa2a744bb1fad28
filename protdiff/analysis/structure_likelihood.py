"""How probable a structure is under the weights: nats, by residue and by scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .._system.torch_settings import single_precision
from ..structure.backbone import bonded_to_next, names_from_sequence
from ..structure.constants import BANDS
from .likelihood_estimators import ESTIMATORS, Estimate, Piece, prepare

if TYPE_CHECKING:
    from jaxtyping import Float64, Int

    from ..network import Denoiser
    from ..structure.backbone import Backbone

__all__ = ["DEFAULT_RESOLUTION", "LIKELIHOOD", "METHODS", "Likelihood", "log_likelihood"]

#: Noise of the finest mode of the trace, Å, at which the integral over scales ends.
DEFAULT_RESOLUTION = 0.1
#: Shorter pieces of chain are left out: the network was not trained on them.
MIN_LENGTH = 8

METHODS = tuple(ESTIMATORS)

#: Columns of a table of likelihoods, and what they mean.
LIKELIHOOD = {
    "log_likelihood": "nats per degree of freedom; larger is more probable",
    "log_likelihood_error": "its standard error over repetitions (iwae: the spread of log-weights)",
    "log_likelihood_bits": "the same in bits",
    "log_likelihood_gaussian": "nats per degree of freedom of the Gaussian chain: no network",
    **{f"gain_{name}": f"what the network adds, by modes of periods {name} residues; nats per "
       "degree of freedom" for name in BANDS},
    "gain_links": "what it adds by the peptide links",
    "resolution": "noise σ/α of the finest mode of the trace at the resolved end, Å; compare "
    "likelihoods of one resolution only",
    "network_calls": "per unbroken piece of chain",
}  # fmt: skip


@dataclass(frozen=True)
class Likelihood:
    """Log-density of one structure, or a lower bound on it.

    The density is that of the cosine modes of the CA trace (in Å, without the centroid), and of
    the unit vectors of the peptide links where N, C and O are known, under the reverse process of
    the network at temperature 1. "elbo" bounds the density of the structure itself; what is finer
    than the resolution counts as in the Gaussian chain. "iwae" and "ode" give the density smoothed
    by the noise at the resolution: of the sampler in so many steps, and of the probability flow.
    Given the trace, link vectors lie on circles. All values therefore grow as the resolution
    becomes finer, and only values of one resolution can be compared.

    Attributes
    ----------
    value : float
        Nats per degree of freedom (three per mode and per link); larger is more probable.
    error : float
        Standard error of `value`; NaN for "ode".
    gaussian : float
        The value for the Gaussian chain, a polymer without a network.
    gain : dict of str to float
        What the network adds to it, in nats per degree of freedom of the structure, by band of
        the period in residues and by "links"; empty for methods other than "elbo".
    residues : ndarray, shape (L,)
        Nats of every residue, which add up to the total; NaN where the CA is missing, in pieces
        of fewer than 8 residues, and for methods other than "elbo".
    degrees : int
        Degrees of freedom.
    resolution : float
        Å; see `DEFAULT_RESOLUTION`. The coarsest of all pieces: without N, C and O it is as
        coarse as the network needs.
    calls : int
        Network calls per piece, at most.
    """

    value: float
    error: float
    gaussian: float
    gain: dict[str, float]
    residues: Float64[np.ndarray, "residues"]
    degrees: int
    resolution: float
    calls: int

    def row(self) -> dict[str, float]:
        """Values of the columns of `LIKELIHOOD`."""
        gains = [self.gain.get(name, np.nan) for name in (*BANDS, "links")]
        values = (
            self.value, self.error, self.value / np.log(2), self.gaussian, *gains,
            self.resolution, self.calls,
        )  # fmt: skip
        return dict(zip(LIKELIHOOD, values, strict=True))


def log_likelihood(
    denoiser: Denoiser,
    backbone: Backbone,
    *,
    method: str = "elbo",
    sequence: str | None = None,
    steps: int = 16,
    samples: int = 2,
    resolution: float = DEFAULT_RESOLUTION,
    seed: int = 0,
) -> Likelihood:
    """Log-density of a structure under a denoiser.

    The network knows single unbroken chains. So chains, and the pieces of a chain between
    residues that were not observed, count one by one; pieces of fewer than 8 residues are left
    out.

    Parameters
    ----------
    denoiser : Denoiser
        From `protdiff.network.weights.load_weights`.
    backbone : Backbone
        May have CA atoms only. Then the links are left out, and the resolution is as coarse as
        the network needs without them.
    method : {"elbo", "iwae", "ode"}
        "elbo": variational lower bound, with a breakdown by scale and residue. "iwae":
        importance-weighted paths of the sampler in 4 · steps steps; these are few, so that it is
        the density of a coarser model. "ode": probability flow, whose divergence is estimated
        with `samples` random vectors.
    sequence : str, optional
        One letter per residue (X: unknown), for the density given the sequence.
    steps, samples : int
        (steps + 1) · samples network calls per piece for "elbo", 4 · steps · samples for "iwae",
        4 · steps with gradients for "ode".
    resolution : float
        Noise of the finest mode, Å, at which the integral over scales ends.
    seed : int
        Of the noise: equal input gives equal numbers.

    Returns
    -------
    Likelihood

    Raises
    ------
    ValueError
        If no piece is long enough, the sequence has another length or an unknown letter, the
        method is unknown, or a number is out of range.
    TypeError
        If names of files are given, or the two in another order.

    Examples
    --------
    An ideal helix of 12 residues:

    >>> import numpy as np
    >>> import protdiff
    >>> from protdiff.network.weights import load_weights
    >>> from protdiff.structure.peptide import place_backbone
    >>> turn = np.radians(100) * np.arange(12)
    >>> trace = np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), 1.5 * np.arange(12)], 1)
    >>> links = np.tile([0.0, 0.0, 1.0], (11, 1))
    >>> helix = protdiff.Backbone.from_coords(place_backbone(trace, links))
    >>> result = protdiff.log_likelihood(load_weights(), helix, steps=4, samples=1)
    >>> result.value > result.gaussian  # more probable than as a Gaussian chain
    True
    >>> result.residues.shape, result.degrees
    ((12,), 66)
    """
    if not (hasattr(denoiser, "bind") and hasattr(backbone, "coords")):
        raise TypeError(
            "takes a denoiser, as protdiff.network.weights.load_weights gives it, and then a "
            f"Backbone, not {type(denoiser).__name__} and {type(backbone).__name__}"
        )
    if method not in METHODS:
        raise ValueError(f"method {method!r}: must be one of {', '.join(METHODS)}")
    if sequence is not None:
        sequence = "".join(sequence).upper()
        names_from_sequence(sequence, len(backbone))  # another letter would count as unknown
    for name, number in (("steps", steps), ("samples", samples)):
        if number < 1:
            raise ValueError(f"`{name}` {number}: must be at least 1")
    if not resolution > 0:
        raise ValueError(f"`resolution` {resolution:g}: must be more than 0, in Å")
    pieces = _unbroken_pieces(backbone)
    if not pieces:
        raise ValueError(f"no unbroken piece of {MIN_LENGTH} residues or more")
    estimates: list[Estimate] = []
    degrees, coarsest, residues = 0, 0.0, np.full(len(backbone), np.nan)
    for number, rows in enumerate(pieces):
        letters = None if sequence is None else [sequence[row] for row in rows]
        has_links = bool(backbone.mask[rows].all())
        given = Piece(backbone.coords[rows], has_links, letters)
        with single_precision():
            piece = prepare(denoiser, given, resolution, [seed, number])
            estimates.append(ESTIMATORS[method](piece, steps, samples))
        degrees += 3 * int(piece.flow.mask.sum())
        coarsest = max(coarsest, piece.resolution)
        if (nats := estimates[-1].residues) is not None:
            residues[rows] = nats
    return Likelihood(
        value=sum(estimate.value for estimate in estimates) / degrees,
        error=sum(estimate.error**2 for estimate in estimates) ** 0.5 / degrees,
        gaussian=sum(estimate.gaussian for estimate in estimates) / degrees,
        gain={
            name: sum(estimate.gain[name] for estimate in estimates) / degrees
            for name in estimates[0].gain
        },
        residues=residues,
        degrees=degrees,
        resolution=coarsest,
        calls=max(estimate.calls for estimate in estimates),
    )


def _unbroken_pieces(backbone: Backbone) -> list[Int[np.ndarray, "piece"]]:
    """Rows of the residues of every unbroken piece that is long enough."""
    known = np.flatnonzero(backbone.mask[:, 1])
    breaks = np.flatnonzero(~bonded_to_next(backbone[known])) + 1
    return [rows for rows in np.split(known, breaks) if len(rows) >= MIN_LENGTH]
