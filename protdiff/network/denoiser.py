"""The preconditioned denoiser of a flow and a network, with decimation (docs/theory.md 4, 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from .._system.allocator import keep_freed_memory
from ..flow import BASES, cosine_modes, to_modes
from .beads import ChainGroup, NoisyChains, group_chains, network_input
from .clocks import mean_clock, noise_to_signal
from .decimation import bead_count
from .linear import flat_weight
from .parametrisation import coefficients, seen_and_predicted
from .reader import with_reading
from .score_network import ScoreNetwork

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Bool, Float
    from torch import Tensor

    from ..flow import ChainFlow, Flow
    from ..flow.process import Denoise
    from .beads import Lengths
    from .reader import SequenceReader
    from .score_network import NetworkConfig

    Components = Float[Tensor, "batch components 3"]
    Conditions = Float[Tensor, "batch residues conditions"]

__all__ = ["Denoiser", "guidance_weights"]

#: Guidance acts on a mode while its share α² of signal is below `GUIDED_SIGNAL`. Modes of momenta
#: beyond `FINE_MOMENTUM` (periods under 4 residues) are guided for longer, while the share of the
#: links is below it. The links themselves are not guided. On components that are mostly decided,
#: guidance turns coil into helix, and links into outliers (benchmarks/model-log.md).
GUIDED_SIGNAL, FINE_MOMENTUM = 0.4, torch.pi / 2


def guidance_weights(
    flow: Flow, u: Float[Tensor, "batch"], guidance: float
) -> Float[Tensor, "batch components 1"]:
    """Weight w of the denoiser in ``G + w (D - G)``, G its guide's estimate; 1 for no guidance."""
    undecided, size = flow.kernel(u).alpha.square() < GUIDED_SIGNAL, flow.mask.shape[1] // 2
    fine = (flow.momenta > FINE_MOMENTUM) & undecided[:, size:].any(1, keepdim=True)
    acts = undecided | fine
    acts[:, size:] = False
    return torch.where(acts, guidance, 1.0)[..., None]


class Denoiser(nn.Module):
    """Estimates clean components of a chain: ``c_skip x + c_out F`` with F from the network.

    Parameters
    ----------
    config : NetworkConfig
    recipe : ChainFlow
        Gives the flow of any length; its spectrum preconditions the network.

    Attributes
    ----------
    guide : Denoiser or None
        A weaker denoiser of the same flow, away from which samples may be steered.
    reader : SequenceReader or None
        Predicts the secondary structure from residue types.

    Examples
    --------
    >>> import torch
    >>> from protdiff.flow import ChainFlow
    >>> from protdiff.network import Denoiser, NetworkConfig
    >>> denoiser = Denoiser(NetworkConfig(layers=1), ChainFlow())
    >>> flow, denoise = denoiser.bind([16, 20])
    >>> denoise(torch.zeros(2, 40, 3), torch.tensor([0.2, 0.8])).shape
    torch.Size([2, 40, 3])
    """

    def __init__(self, config: NetworkConfig, recipe: ChainFlow) -> None:
        super().__init__()
        keep_freed_memory()  # every call of a network frees and takes the same tensors
        if BASES[recipe.basis].modes is not cosine_modes and not config.component_clocks:
            raise ValueError(
                f"a flow over {recipe.basis!r} needs a network that sees how noisy every component "
                "is: set `component_clocks`"
            )
        self.recipe = recipe
        self.network = ScoreNetwork(config)
        self.guide: Denoiser | None = None
        self.reader: SequenceReader | None = None

    def bind(
        self,
        lengths: Sequence[int],
        conditions: Conditions | Callable[[], Conditions | None] | None = None,
        flow: Flow | None = None,
        remember: bool = False,
        guidance: float = 1.0,
    ) -> tuple[Flow, Denoise]:
        """A flow and a ``denoise(x, u)`` for the samplers.

        Parameters
        ----------
        lengths : sequence of int
            Residues of every chain of the batch.
        conditions : Tensor, shape (B, N, C), or callable, optional
            Per residue; zeros mean "not given". They are completed by `read`. A function of no
            arguments that returns them is called in every call: for types that are drawn on the
            way.
        flow : Flow, optional
            The recipe's, perhaps with some components masked.
        remember : bool
            Give the network in every call the estimate of the last call, if it has learned to use
            it: for walks from noise to structure. If the caller changes that estimate in place, the
            network is given the changed one. Without it `denoise` depends on x and u alone.
        guidance : float
            w in ``G + w (D - G)`` with the estimate G of the guide, in the components that
            `guidance_weights` chooses: beyond 1, all that this denoiser has learned better than
            the guide counts more (Karras et al., arXiv 2406.02507).

        Returns
        -------
        flow : Flow
        denoise : callable

        Raises
        ------
        ValueError
            If guidance is wanted and there is no guide.
        """
        flow = flow or self.recipe(lengths)
        given = self._reading(conditions, lengths)
        remember = remember and self.self_conditioning
        before: tuple[Tensor, Tensor] | None = None  # time and estimate of the last call
        weaker = None
        if guidance != 1:
            if self.guide is None:
                raise ValueError("guidance: these weights have no guide")
            _, weaker = self.guide.bind(lengths, given, flow)

        def denoise(x: Components, u: Float[Tensor, "batch"]) -> Components:
            nonlocal before
            # A new walk starts from more noise, and must not see the estimate of the walk before.
            known = before is not None and bool((u <= before[0]).all())
            previous = before[1] if before is not None and known else None
            clean = self.estimate(x, u, lengths, flow, given(), previous)
            if weaker is not None:
                weight = guidance_weights(flow, u, guidance)
                if bool((weight != 1).any()):
                    clean = weaker(x, u).lerp_(clean, weight.to(clean.dtype))
            before = (u, clean) if remember else None
            return clean

        return flow, denoise

    def _reading(
        self, conditions: Conditions | Callable[[], Conditions | None] | None, lengths: Lengths
    ) -> Callable[[], Conditions | None]:
        """The conditions of a call, completed: in every call, if they may change on the way."""
        if callable(conditions):
            return lambda: self.read(conditions(), lengths)
        completed = self.read(conditions, lengths)
        return lambda: completed

    def read(self, conditions: Conditions | None, lengths: Lengths) -> Conditions | None:
        """Conditions (B, N, C) as the network is to see them: completed by the reader, if any."""
        if self.reader is None or conditions is None:
            return conditions
        return with_reading(self.reader, conditions, lengths)

    def estimate(
        self,
        x: Components,
        u: Float[Tensor, "batch"],
        lengths: Lengths,
        flow: Flow,
        conditions: Conditions | None = None,
        previous: Components | None = None,
        beads: int | None = None,
    ) -> Components:
        """Clean components (B, 2N, 3); arguments as in `forward`."""
        k = flow.kernel(u)
        correction, _ = self(x, u, lengths, flow, conditions, previous, beads)
        skip, out = coefficients(flow, k)
        clean = skip[..., None] * x + out[..., None] * correction.to(x.dtype)
        return clean.masked_fill(~flow.mask[..., None], 0).to(x.dtype)

    def forward(
        self,
        x: Components,
        u: Float[Tensor, "batch"],
        lengths: Lengths,
        flow: Flow,
        conditions: Conditions | None = None,
        previous: Components | None = None,
        beads: int | None = None,
    ) -> tuple[Components, Bool[Tensor, "batch components"]]:
        """Network output F per component, and the components for which it counts.

        Parameters
        ----------
        x : Tensor, shape (B, 2N, 3)
            Noisy components.
        u : Tensor, shape (B,)
            Times.
        lengths : sequence of int, or Tensor, shape (B,)
        flow : Flow
        conditions : Tensor, shape (B, N, C), optional
            As `read` returns them.
        previous : Tensor, shape (B, 2N, 3), optional
            An earlier estimate of the clean components: from a noisier time, or from a call at this
            time without `previous`.
        beads : int, optional
            Beads of every chain, N for full resolution; by default as many as each chain needs.
            With this, and with `lengths` as a tensor, nothing waits for the device.

        Returns
        -------
        correction : Tensor, shape (B, 2N, 3)
            Zero where not active.
        predicted : Tensor, shape (B, 2N), bool
            But for RGDM's, networks predict all that they see.
        """
        kernel = flow.kernel(u)
        seen, predicted = seen_and_predicted(flow, kernel)
        if self.network.config.component_clocks:
            ratio = noise_to_signal(flow, kernel)
            clock = mean_clock(flow, ratio)
        else:
            ratio, clock = None, flow.schedule.log_cutoff(u)
        chains = NoisyChains(x, flow, kernel, seen, clock, conditions, previous, ratio)
        size = x.shape[1] // 2
        if beads is not None:
            group = ChainGroup(slice(None), lengths, beads, full=beads == size)
            return self._group_correction(chains, group) * predicted[..., None], predicted
        correction = torch.zeros_like(x, dtype=self.dtype)
        residues = [int(n) for n in lengths]
        for group in group_chains(self._bead_counts(seen, residues, flow), residues):
            correction[group.rows] = self._group_correction(chains, group)
        return correction * predicted[..., None], predicted

    @property
    def self_conditioning(self) -> bool:
        """Whether the network has learned to use an earlier estimate."""
        return self.network.config.self_conditioning

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the network."""
        return flat_weight(self.network.head).dtype

    @property
    def device(self) -> torch.device:
        """Device of the network."""
        return flat_weight(self.network.head).device

    def beads(self, u: float, lengths: Sequence[int], flow: Flow) -> list[int]:
        """Beads that the network sees of every chain at a time of the flow."""
        times = torch.full((len(lengths),), u, dtype=torch.float64)
        seen, _ = seen_and_predicted(flow, flow.kernel(times))
        return self._bead_counts(seen, lengths, flow)

    def _bead_counts(
        self, active: Bool[Tensor, "batch components"], lengths: Sequence[int], flow: Flow
    ) -> list[int]:
        """Beads that every chain needs: all of its residues once its links are active."""
        size = active.shape[1] // 2
        # The first components of other bases are no smooth chain, which fewer beads could show.
        decimate = self.network.config.decimate and BASES[flow.basis].modes is cosine_modes
        counts, linked = active[:, :size].sum(1).tolist(), active[:, size:].any(1).tolist()
        return [
            n if links or not decimate else bead_count(count + 1, n)
            for count, n, links in zip(counts, lengths, linked, strict=True)
        ]

    def _group_correction(self, chains: NoisyChains, group: ChainGroup) -> Components:
        """Network output per component for the chains of a group."""
        device, m, size = chains.components.device, group.beads, chains.active.shape[1] // 2
        beads = network_input(chains, group, self.network.config.conditions)
        chain, links = self.network(beads.to(self.device, self.dtype))
        chain, links = chain.to(device), links.to(device)
        out = torch.zeros(len(chain), 2 * size, 3, dtype=self.dtype, device=device)
        out[:, :m] = to_modes(chain, group.bead_lengths, chains.flow.basis)
        if group.full:
            out[:, size : size + m] = links
        return out * chains.active[group.rows][..., None]
