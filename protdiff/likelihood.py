"""How probable a structure is under the weights: nats, by residue and by scale."""

from dataclasses import dataclass

import numpy as np

from .backbone import RESIDUE_TYPES
from .geometry import link_vectors

__all__ = ["DEFAULT_RESOLUTION", "Likelihood", "log_likelihood"]

#: Å: noise of the finest mode of the trace at which the integral over scales ends.
DEFAULT_RESOLUTION = 0.1
#: Chains with fewer residues than this are not what the network was made for.
SHORTEST = 8
#: Names of the bands of modes and their longest periods, and the peptide links.
BANDS = {"<4": 4.0, "4-8": 8.0, "8-16": 16.0, "16-32": 32.0, ">32": np.inf}


@dataclass(frozen=True)
class Likelihood:
    """Lower bound on the log-density of one structure.

    The density is that of the cosine modes of the CA trace, and of the unit vectors of the
    peptide links where N, C and O are there, at the resolution; centroid apart, in Å.

    Attributes
    ----------
    elbo : float
        Nats per degree of freedom (three per mode and per link); larger is more probable.
    error : float
        Its standard error.
    gaussian : float
        The same of the Gaussian chain: a polymer without a network.
    gain : dict of str to float
        What the network adds to it, nats per degree of freedom of the structure, by band of the
        period in residues, and by "links".
    residues : ndarray, shape (L,)
        Nats of every residue; NaN where the CA is missing. They add up to the total.
    degrees : int
        Degrees of freedom.
    resolution : float
        Å; see `DEFAULT_RESOLUTION`. Without N, C and O it is as coarse as the network allows.
    calls : int
        Network calls.
    """

    elbo: float
    error: float
    gaussian: float
    gain: dict
    residues: np.ndarray
    degrees: int
    resolution: float
    calls: int

    def row(self):
        """Flat dict of numbers."""
        gains = {f"gain_{name}": self.gain.get(name, np.nan) for name in (*BANDS, "links")}
        return {
            "elbo": self.elbo, "elbo_error": self.error, "elbo_bits": self.elbo / np.log(2),
            "elbo_gaussian": self.gaussian, **gains, "elbo_resolution": self.resolution,
            "elbo_calls": self.calls,
        }  # fmt: skip


def log_likelihood(
    denoiser,
    backbone,
    *,
    sequence=None,
    steps=16,
    samples=2,
    resolution=DEFAULT_RESOLUTION,
    seed=0,
):
    """Variational bound on the log-density of a structure.

    Chains, and the pieces of a chain between unobserved residues, count one by one: the network
    knows single unbroken chains. Pieces under 8 residues are left out.

    Parameters
    ----------
    denoiser : Denoiser
    backbone : Backbone
        May be CA only; then the links are left out and the resolution is what the network can
        do without them.
    sequence : str, optional
        One letter per residue (X: unknown): the density given the sequence.
    steps, samples : int
        (steps + 1) · samples network calls per piece.
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
    from .metrics.quality import steps as follows

    if sequence is not None and len(sequence) != len(backbone):
        raise ValueError(f"sequence: {len(sequence)} letters for {len(backbone)} residues")
    known = np.flatnonzero(backbone.mask[:, 1])
    kept = backbone[known]
    bounds = np.flatnonzero(~follows(kept)) + 1
    pieces = [p for p in np.split(np.arange(len(kept)), bounds) if len(p) >= SHORTEST]
    if not pieces:
        raise ValueError(f"no unbroken piece of {SHORTEST} residues or more")
    whole = bool(kept.mask.all())
    residues = np.full(len(backbone), np.nan)
    total = {"bound": 0.0, "gaussian": 0.0, "variance": 0.0, "degrees": 0, "calls": 0}
    gains, reached = dict.fromkeys([*BANDS, "links"], 0.0), 0.0
    for number, piece in enumerate(pieces):
        letters = None if sequence is None else [sequence[known[k]] for k in piece]
        bound, flow, sigma = _bound_of_piece(
            denoiser, kept.coords[piece], whole, letters, steps, samples, resolution,
            [seed, number],
        )  # fmt: skip
        size = len(piece)
        residues[known[piece]] = bound.by_place[0].numpy()
        total["bound"] += float(bound.total[0])
        total["gaussian"] += float(bound.gaussian.sum())
        total["variance"] += float(bound.error[0]) ** 2
        total["degrees"] += 3 * int(flow.mask.sum())
        total["calls"] = max(total["calls"], bound.calls)
        reached = max(reached, sigma)
        band = np.searchsorted(
            list(BANDS.values())[:-1], 2 * np.pi / flow.momenta[0, :size].numpy()
        )
        for k, name in enumerate(BANDS):
            gains[name] += float(bound.gain[0, :size].numpy()[band == k].sum())
        gains["links"] += float(bound.gain[0, size:].sum())
    degrees = total["degrees"]
    if not whole:
        del gains["links"]
    return Likelihood(
        elbo=total["bound"] / degrees,
        error=total["variance"] ** 0.5 / degrees,
        gaussian=total["gaussian"] / degrees,
        gain={name: value / degrees for name, value in gains.items()},
        residues=residues,
        degrees=degrees,
        resolution=reached,
        calls=total["calls"],
    )


def _bound_of_piece(denoiser, coords, whole, letters, steps, samples, resolution, seed):
    """`Bound`, flow and resolution of one unbroken piece."""
    import torch

    from .flow import Flow, stack_modes, to_coords
    from .flow.likelihood import elbo
    from .network.conditions import condition_features
    from .network.denoiser import ACTIVE_SIGNAL
    from .network.numerics import flush_denormals

    n = len(coords)
    flow = denoiser.recipe([n])
    mask = flow.mask.clone()
    mask[:, n:] &= whole
    flow = Flow(flow.momenta, flow.variance, flow.prior, mask, flow.schedule)
    ca = torch.tensor(coords[None, :, 1])
    links = torch.zeros(1, n, 3, dtype=torch.float64)
    if whole:
        links[0, :-1] = torch.from_numpy(link_vectors(coords))
    modes = stack_modes([n])
    clean = torch.cat([modes @ ca, links], 1).masked_fill(~mask[..., None], 0)
    last = _time_of_noise(flow, n - 1, resolution)
    if not whole:  # the network has never seen a fine trace without its links
        last = max(last, _time_of_signal(denoiser.recipe([n]), n, ACTIVE_SIGNAL))
    generator = torch.Generator().manual_seed(
        int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> 1)
    )
    types = letters and [RESIDUE_TYPES.find(letter) for letter in letters]
    _, denoise = denoiser.bind([n], condition_features([types], [None], n), flow)

    def project(x):
        return torch.cat([to_coords(x[:, :n], modes), x[:, n:]], -1)

    with torch.inference_mode(), flush_denormals():
        bound = elbo(
            denoise, flow, clean,
            lambda: torch.randn(clean.shape, generator=generator, dtype=torch.float64),
            steps=steps, samples=samples, last=last, generator=generator, project=project,
        )  # fmt: skip
    kernel = flow.kernel(torch.tensor([last], dtype=torch.float64))
    return bound, flow, float((kernel.sigma / kernel.alpha)[0, n - 1])


def _bisect(below):
    """Largest u in [0, 1] for which `below` holds, for a condition that holds up to some u."""
    low, high = 0.0, 1.0
    if not below(low):
        return 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return low


def _time_of_noise(flow, component, noise):
    """Time at which σ/α of a component reaches a value in Å."""
    import torch

    def below(u):
        k = flow.kernel(torch.tensor([u], dtype=torch.float64))
        return float((k.sigma / k.alpha)[0, component]) < noise

    return _bisect(below)


def _time_of_signal(flow, component, signal):
    """First time at which α² of a component is under a value."""
    import torch

    def above(u):
        k = flow.kernel(torch.tensor([u], dtype=torch.float64))
        return float(k.alpha[0, component]) ** 2 >= signal

    return _bisect(above) + 1e-9
