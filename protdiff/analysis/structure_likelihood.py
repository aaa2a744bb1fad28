"""How probable a structure is under the weights: nats, by residue and by scale."""

from dataclasses import dataclass

import numpy as np

from ..structure.constants import BANDS, band_index
from .likelihood_estimators import by_elbo, by_iwae, by_ode, prepare

__all__ = ["DEFAULT_RESOLUTION", "LIKELIHOOD", "METHODS", "Likelihood", "log_likelihood"]

#: Å: noise of the finest mode of the trace at which the integral over scales ends.
DEFAULT_RESOLUTION = 0.1
#: Chains with fewer residues than this are not what the network was made for.
SHORTEST = 8


METHODS = ("elbo", "iwae", "ode")

#: Column and what it says.
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

    The density is that of the cosine modes of the CA trace (in Å, centroid apart), and of the
    unit vectors of the peptide links where N, C and O are there, under the reverse process of the
    network at temperature 1. "elbo" bounds the density of the structure itself, with a decoder as
    wide as what is left open at the resolution; "iwae" and "ode" give the density smoothed by the
    noise there, of the sampler in so many steps and of the probability flow. Link vectors lie on
    circles given the trace, so all of them grow as the resolution becomes finer.

    Attributes
    ----------
    value : float
        Nats per degree of freedom (three per mode and per link); larger is more probable.
    error : float
        Its standard error.
    gaussian : float
        The same of the Gaussian chain: a polymer without a network.
    gain : dict of str to float
        What the network adds to it, nats per degree of freedom of the structure, by band of the
        period in residues, and by "links".
    residues : ndarray, shape (L,)
        Nats of every residue; NaN where the CA is missing and in pieces of fewer than 8 residues.
        They add up to the total. Bound only.
    degrees : int
        Degrees of freedom.
    resolution : float
        Å; see `DEFAULT_RESOLUTION`; the coarsest of the pieces. Without N, C and O it is as
        coarse as the network allows.
    calls : int
        Network calls.
    """

    value: float
    error: float
    gaussian: float
    gain: dict
    residues: np.ndarray
    degrees: int
    resolution: float
    calls: int

    def row(self):
        """Columns of `LIKELIHOOD`."""
        gains = [self.gain.get(name, np.nan) for name in (*BANDS, "links")]
        values = (
            self.value, self.error, self.value / np.log(2), self.gaussian, *gains,
            self.resolution, self.calls,
        )  # fmt: skip
        return dict(zip(LIKELIHOOD, values, strict=True))


def log_likelihood(
    denoiser,
    backbone,
    *,
    method="elbo",
    sequence=None,
    steps=16,
    samples=2,
    resolution=DEFAULT_RESOLUTION,
    seed=0,
):
    """Log-density of a structure under the weights.

    Chains, and the pieces of a chain between unobserved residues, count one by one: the network
    knows single unbroken chains. Pieces under 8 residues are left out.

    Parameters
    ----------
    denoiser : Denoiser
    backbone : Backbone
        May be CA only; then the links are left out and the resolution is what the network can
        do without them.
    method : {"elbo", "iwae", "ode"}
        Variational bound, with a breakdown; importance-weighted paths of the sampler in 4 · steps
        steps, which are few, so that this is the density of a coarser model; or the probability
        flow, whose divergence is estimated with `samples` random vectors (no error is given).
    sequence : str, optional
        One letter per residue (X: unknown): the density given the sequence.
    steps, samples : int
        (steps + 1) · samples network calls per piece for the bound, 4 · steps · samples for
        importance weights, 4 · steps with gradients for the probability flow.
    resolution : float
        Å.
    seed : int
        Of the noise: equal input gives equal numbers.

    Returns
    -------
    Likelihood

    Raises
    ------
    ValueError
        If no piece is long enough, or the sequence has another length.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r}: must be one of {', '.join(METHODS)}")
    from ..structure.backbone import bonded_to_next as follows

    if sequence is not None and len(sequence) != len(backbone):
        raise ValueError(f"sequence: {len(sequence)} letters for {len(backbone)} residues")
    known = np.flatnonzero(backbone.mask[:, 1])
    kept = backbone[known]
    bounds = np.flatnonzero(~follows(kept)) + 1
    pieces = [p for p in np.split(np.arange(len(kept)), bounds) if len(p) >= SHORTEST]
    if not pieces:
        raise ValueError(f"no unbroken piece of {SHORTEST} residues or more")
    residues = np.full(len(backbone), np.nan)
    total = {"bound": 0.0, "gaussian": 0.0, "variance": 0.0, "degrees": 0, "calls": 0}
    gains, reached = dict.fromkeys([*BANDS, "links"], 0.0), 0.0
    for number, piece in enumerate(pieces):
        letters = None if sequence is None else [sequence[known[k]] for k in piece]
        whole = bool(kept.mask[piece].all())
        given = prepare(denoiser, kept.coords[piece], whole, letters, resolution, [seed, number])
        flow, size = given.flow, len(piece)
        total["degrees"] += 3 * int(flow.mask.sum())
        total["gaussian"] += given.gaussian(method)
        reached = max(reached, given.resolution)
        if method != "elbo":
            value, error, calls = (by_iwae if method == "iwae" else by_ode)(given, steps, samples)
            total["bound"] += value
            total["variance"] += error**2
            total["calls"] = max(total["calls"], calls)
            continue
        bound = by_elbo(given, steps, samples)
        residues[known[piece]] = bound.by_place[0].numpy()
        total["bound"] += float(bound.total[0])
        total["variance"] += float(bound.error[0]) ** 2
        total["calls"] = max(total["calls"], bound.calls)
        band = np.append(-1, band_index(size))  # mode 0 is the centroid
        for k, name in enumerate(BANDS):
            gains[name] += float(bound.gain[0, :size].numpy()[band == k].sum())
        gains["links"] += float(bound.gain[0, size:].sum())
    degrees = total["degrees"]
    if method != "elbo":
        gains = {}
    return Likelihood(
        value=total["bound"] / degrees,
        error=total["variance"] ** 0.5 / degrees,
        gaussian=total["gaussian"] / degrees,
        gain={name: value / degrees for name, value in gains.items()},
        residues=residues,
        degrees=degrees,
        resolution=reached,
        calls=total["calls"],
    )
