"""Flow × network: the preconditioned denoiser, with decimation (docs/theory.md 4, 5)."""

from dataclasses import dataclass

import torch
from torch import nn

from ..flow import BASES, cosine_modes, to_coords, to_modes
from .attention_blocks import is_long
from .decimation import bead_count, bead_spacing, pool_matrix
from .reader import with_reading
from .score_network import Beads, ScoreNetwork

__all__ = ["ACTIVE_SIGNAL", "Denoiser", "active_modes", "guidance_weights"]

#: Modes that keep less than this share α² of their signal are at the fixed point: the network
#: does not see them, and their estimate is the Gaussian chain's.
ACTIVE_SIGNAL = 0.003


def active_modes(alpha, mask):
    """Components above the noise floor, a prefix of the modes; bool (B, D)."""
    return mask & (alpha.square() >= ACTIVE_SIGNAL)


#: Guidance acts on a mode while its share α² of signal is below the first number, and on modes of
#: momenta beyond the second (periods under 4 residues) until that of the links is beyond the first;
#: not on links. On what is mostly decided it makes helices of coil, and of links outliers
#: (benchmarks/model-log.md).
UNDECIDED, FINE = 0.4, torch.pi / 2


def guidance_weights(flow, u, guidance):
    """Weight of the denoiser against its guide, 1 where guidance does not act; (B, D, 1)."""
    undecided, size = flow.kernel(u).alpha.square() < UNDECIDED, flow.mask.shape[1] // 2
    acts = undecided | (flow.momenta > FINE) & undecided[:, size:].any(1, keepdim=True)
    acts[:, size:] = False
    return torch.where(acts, guidance, 1.0)[..., None]


@dataclass
class _Group:
    rows: torch.Tensor | slice
    lengths: list | torch.Tensor
    beads: int
    full: bool


class Denoiser(nn.Module):
    """Estimates clean components of a chain: ``c_skip x + c_out F`` with F from the network.

    Parameters
    ----------
    config : NetworkConfig
    recipe : ChainFlow
        Makes the flow of any length; its spectrum preconditions the network.

    Attributes
    ----------
    guide : Denoiser or None
        A weaker one of the same flow, which samplers may be steered away from.
    reader : SequenceReader or None
        Reads the secondary structure off residue types.
    """

    def __init__(self, config, recipe):
        super().__init__()
        if BASES[recipe.basis].modes is not cosine_modes:
            raise ValueError(f"the network works on cosine modes, not on basis {recipe.basis!r}")
        self.recipe = recipe
        self.network = ScoreNetwork(config)
        self.guide = self.reader = None

    def bind(self, lengths, conditions=None, flow=None, remember=False, guidance=1.0):
        """A flow and a ``denoise(x, u)`` on the samplers' protocol.

        Parameters
        ----------
        lengths : sequence of int
        conditions : Tensor, shape (B, N, C), optional
            Per residue; zeros mean "not given". They pass through `read`.
        flow : Flow, optional
            The recipe's, with some components masked.
        remember : bool
            Show every call the estimate of the call before, if the network has learned to use it:
            for walks from noise to structure. Otherwise `denoise` is a function of x and u alone.
        guidance : float
            w in ``G + w (D - G)`` with the estimate G of the guide: beyond 1, what this denoiser
            has learned and the guide has not counts more (Karras et al., arXiv 2406.02507), in
            the components of `guidance_weights`.

        Returns
        -------
        flow : Flow
        denoise : callable
        """
        flow = flow or self.recipe(lengths)
        conditions = self.read(conditions, lengths)
        remember = remember and self.self_conditioning
        before = None  # time and estimate of the last call
        if guidance != 1:
            _, weaker = self.guide.bind(lengths, conditions, flow)

        def denoise(x, u):
            nonlocal before
            # A walk that starts anew from more noise must not see what it came to before.
            seen = before[1] if before is not None and bool((u <= before[0]).all()) else None
            clean = self.estimate(x, u, lengths, flow, conditions, seen)
            if guidance != 1:
                weight = guidance_weights(flow, u, guidance)
                if bool((weight != 1).any()):
                    clean = weaker(x, u).lerp_(clean, weight.to(clean.dtype))
            before = (u, clean) if remember else None
            return clean

        return flow, denoise

    def read(self, conditions, lengths):
        """Conditions (B, N, C) as the network is to see them: completed by the reader, if any."""
        if self.reader is None or conditions is None:
            return conditions
        return with_reading(self.reader, conditions, lengths)

    def estimate(self, x, u, lengths, flow, conditions=None, previous=None, beads=None):
        """Clean components (B, 2N, 3); arguments as in `forward`."""
        k = flow.kernel(u)
        correction, _ = self(x, u, lengths, flow, conditions, previous, beads)
        clean = k.c_skip[..., None] * x + k.c_out[..., None] * correction.to(x.dtype)
        return clean.masked_fill(~flow.mask[..., None], 0).to(x.dtype)

    def forward(self, x, u, lengths, flow, conditions=None, previous=None, beads=None):
        """Network output F per component, and the components it stands for.

        Parameters
        ----------
        x : Tensor, shape (B, 2N, 3)
            Noisy components.
        u : Tensor, shape (B,)
        conditions : Tensor, shape (B, N, C), optional
            See `read`.
        previous : Tensor, shape (B, 2N, 3), optional
            An estimate of the clean components from more noise, or from a call without one.
        beads : int, optional
            Beads that all chains are shown with, N for full chains; by default as many as each
            needs. With it, and with `lengths` as a tensor, nothing waits for the device.

        Returns
        -------
        correction : Tensor, shape (B, 2N, 3)
            Zero where not active.
        active : Tensor, shape (B, 2N), bool
        """
        kernel = flow.kernel(u)
        active = active_modes(kernel.alpha, flow.mask)
        size = x.shape[1] // 2
        if beads is not None:
            group = _Group(slice(None), lengths, beads, full=beads == size)
            return self._run(group, x, u, flow, kernel, active, conditions, previous), active
        counts, linked = active[:, :size].sum(1).tolist(), active[:, size:].any(1).tolist()
        decimate = self.network.config.decimate
        beads = [
            n if links or not decimate else bead_count(count + 1, n)
            for count, n, links in zip(counts, lengths, linked, strict=True)
        ]
        correction = torch.zeros_like(x, dtype=self.dtype)
        for group in _groups(beads, lengths):
            correction[group.rows] = self._run(
                group, x, u, flow, kernel, active, conditions, previous
            )
        return correction, active

    @property
    def self_conditioning(self):
        return self.network.config.self_conditioning

    @property
    def dtype(self):
        return self.network.head.weight.dtype

    @property
    def device(self):
        return self.network.head.weight.device

    def _run(self, group, x, u, flow, kernel, active, conditions, previous):
        """Network output of chains that share a bead count."""
        rows, m, size = group.rows, group.beads, x.shape[1] // 2
        n = torch.as_tensor(group.lengths, dtype=torch.float64, device=x.device)
        per_bead = torch.ones_like(n) if group.full else n / m
        spacing = bead_spacing(per_bead, 1)
        sizes = group.lengths
        if not group.full:
            sizes = torch.full_like(sizes, m) if torch.is_tensor(sizes) else [m] * len(n)
        shown = active[rows][..., None]
        state = x[rows] * shown
        wiener = state * kernel.c_skip[rows][..., None].to(x.dtype)
        white = state * kernel.c_in[rows][..., None].to(x.dtype)

        scale = (per_bead**-0.5 / spacing)[:, None, None].to(x.dtype)
        position = to_coords(wiener[:, :m], sizes) * scale
        signal = to_coords(white[:, :m], sizes)
        if group.full:
            pair = torch.stack([white[:, size : size + m], wiener[:, size : size + m]], 2)
            pair = torch.cat([pair, pair.roll(1, 1)], 2)  # the link after and before each bead
            mask = torch.arange(m, device=x.device)[None] < n[:, None]
        else:
            pair = x.new_zeros(len(n), m, 4, 3)
            mask = torch.ones(len(n), m, dtype=torch.bool, device=x.device)
        index = torch.arange(m, dtype=torch.float64, device=x.device) + 0.5
        start = index[None] * per_bead[:, None]
        ends = torch.stack([start, (n[:, None] - start).clamp_min(0)], -1)
        width = self.network.config.conditions
        if conditions is None:
            shown_conditions = torch.zeros(len(n), m, width, device=x.device)
        elif group.full:
            shown_conditions = conditions[rows, :m]
        else:
            shown_conditions = pool_matrix(n, m, conditions.shape[1]) @ conditions[rows]
        log_cutoff = flow.schedule.log_cutoff(u)[rows]
        time = torch.stack([log_cutoff + per_bead.log(), per_bead.log(), n.log()], -1)
        inputs = {
            "position": position, "signal": signal, "links": pair,
            "conditions": shown_conditions, "ends": ends, "time": time,
        }  # fmt: skip
        if previous is not None:
            earlier = previous[rows] * shown
            inputs["previous"] = to_coords(earlier[:, :m], sizes) * scale
            after = earlier[:, size : size + m] if group.full else torch.zeros_like(signal)
            inputs["previous_links"] = torch.stack([after, after.roll(1, 1)], 2)
        chain, links = self.network(
            Beads(
                **{k: t.to(self.device, self.dtype) for k, t in inputs.items()},
                mask=mask.to(self.device),
            )
        )
        chain, links = chain.to(x.device), links.to(x.device)
        out = torch.zeros(len(n), 2 * size, 3, dtype=self.dtype, device=x.device)
        out[:, :m] = to_modes(chain, sizes)
        if group.full:
            out[:, size : size + m] = links
        return out * shown


def _groups(beads, lengths):
    """Rows that can share one call: equal bead count below N, or full chains, short and long."""
    # Chains that attend in blocks stay apart: a neighbour in the batch must not change a sample.
    keys = [-is_long(n) if m == n else m for m, n in zip(beads, lengths, strict=True)]
    kinds = sorted(set(keys))
    for key in kinds:
        chosen = [i for i, k in enumerate(keys) if k == key]
        rows = torch.tensor(chosen) if len(kinds) > 1 else slice(None)
        sizes = [lengths[i] for i in chosen]
        yield _Group(rows, sizes, key if key > 0 else max(sizes), full=key <= 0)
