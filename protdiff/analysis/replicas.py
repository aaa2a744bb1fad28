"""Replicas: two structures drawn from one noised real chain, a calibration of trained weights."""

from typing import NamedTuple

import numpy as np

from ..structure.geometry import link_vectors

__all__ = [
    "Batch", "chain_batches", "chain_components", "mean_period", "measure_replicas", "noise_source",
]  # fmt: skip

#: Pairs of residues in a batch of chains, at most: bounds the memory.
PAIRS = 500_000


class Batch(NamedTuple):
    """Chains that go through the network together, the flow bound to them, and their sizes."""

    flow: object
    denoise: object
    clean: object  # Tensor (B, 2 · size, 3)
    residues: object  # Tensor (B,)

    def at(self, u):
        """Times (B,) of one time."""
        return self.residues.new_full((len(self.residues),), float(u))


def measure_replicas(denoiser, chains, times, *, steps=25, seed=0, advance=None):
    """Distances of two structures drawn from one noised chain, and from the chain itself.

    Parameters
    ----------
    denoiser : Denoiser
    chains : list of Backbone
        As for `measure_thermodynamics`; lengths may differ.
    times : list of float
        u at which the replicas branch.
    steps : int
        Network calls per replica.
    seed : int
    advance : callable, optional
        Called with 1 for each time.

    Returns
    -------
    list of dict
        `ThermoReport.replicas`.
    """
    import torch

    from ..flow.samplers import sde_2m
    from ..flow.thermodynamics import replica_distances
    from ..network.numerics import flush_denormals

    batches, (noise, _), out = chain_batches(denoiser, chains), noise_source(seed), []
    with flush_denormals(), torch.inference_mode():
        for u in times:
            found = []
            for flow, denoise, clean, residues in batches:
                size = clean.shape[1] // 2
                distances = replica_distances(
                    denoise, flow, clean, u, lambda x=clean: noise(x), steps=steps, sampler=sde_2m
                )
                found.append(torch.stack([d[:, :size].sum(1) / residues for d in distances]))
            between, truth = torch.cat(found, 1)
            gap = float(between.mean() / truth.mean() - 1)
            # Error of a ratio of means over chains.
            spread = (between - (1 + gap) * truth).std() / truth.mean() / len(truth) ** 0.5
            out.append({
                "u": u, "period": mean_period(batches, u), "between": float(between.mean().sqrt()),
                "to_truth": float(truth.mean().sqrt()), "gap": gap, "gap_error": float(spread),
            })  # fmt: skip
            if advance is not None:
                advance(1)
    return out


def noise_source(seed):
    """Source of standard normal numbers in the shape of a tensor, and its generator."""
    import torch

    generator = torch.Generator().manual_seed(seed)

    def noise(like):
        return torch.randn(like.shape, generator=generator, dtype=torch.float64)

    return noise, generator


def chain_batches(denoiser, chains):
    """`Batch`es of bounded size."""
    import torch

    count = max(1, PAIRS // max(map(len, chains)) ** 2)
    out = []
    for start in range(0, len(chains), count):
        part = chains[start : start + count]
        lengths = [len(chain) for chain in part]
        residues = torch.tensor(lengths, dtype=torch.float64)
        out.append(Batch(*denoiser.bind(lengths), chain_components(part, max(lengths)), residues))
    return out


def chain_components(chains, size):
    """Components (B, 2·size, 3) of chains."""
    import torch

    from ..flow import to_modes

    ca, links = torch.zeros(2, len(chains), size, 3, dtype=torch.float64)
    for row, chain in enumerate(chains):
        n = len(chain)
        ca[row, :n] = torch.tensor(chain.ca)
        links[row, : n - 1] = torch.from_numpy(link_vectors(chain.coords))
    modes = to_modes(ca, [len(chain) for chain in chains])
    modes[:, 0] = 0
    return torch.cat([modes, links], 1)


def mean_period(batches, u):
    """2π/Λ(u), mean over chains; residues."""
    import torch

    cutoffs = torch.cat([batch.flow.schedule.log_cutoff(batch.at(u)) for batch in batches])
    return float(2 * np.pi * torch.exp(-cutoffs).mean())
