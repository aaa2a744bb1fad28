"""Training steps on an accelerator as CUDA graphs, one for every kind of batch.

A step of this network is some five thousand small kernels; a host takes five to ten times as long
to launch them one by one as they take to run. A graph is launched at once. Its tensors keep their
addresses: a step copies its draw into them and launches the graph.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from .batch_draws import draw, least_size
from .batches import device_batch, packed
from .losses import denoising_loss
from .objective import earlier_call, is_self_conditioned

if TYPE_CHECKING:
    from jaxtyping import Float, Float64, Int
    from torch import Tensor

    from ..flow import ChainFlow, Flow
    from ..network import Denoiser
    from .chains import DeviceChains
    from .config import TrainingConfig

__all__ = ["DeviceSteps", "FlowTable"]


class FlowTable:
    """Flows of batches on a device, looked up in one table of all lengths.

    Parameters
    ----------
    recipe : ChainFlow
    least, most : int
        Range of the lengths of chains.
    device : str or torch.device
    """

    def __init__(self, recipe: ChainFlow, least: int, most: int, device: str | torch.device):
        self.least, self.most = least, most
        self.flow = recipe(range(least, most + 1), most).to(torch.device(device))

    def __call__(self, lengths: Int[Tensor, " batch"], size: int) -> Flow:
        """The `Flow` of chains of some lengths, padded to `size`."""
        flow = self.flow[lengths - self.least]
        names = ("momenta", "variance", "prior", "mask")
        halves = {name: getattr(flow, name).split(self.most, 1) for name in names}
        return replace(
            flow, **{k: torch.cat([part[:, :size] for part in v], 1) for k, v in halves.items()}
        )


class BatchKind(NamedTuple):
    """What batches of one CUDA graph have in common."""

    level: str
    size: int
    chains: int
    self_conditioned: bool


@dataclass(frozen=True)
class CapturedStep:
    """A CUDA graph, the tensor where it reads its draw, and those where it leaves its results."""

    graph: torch.cuda.CUDAGraph
    rows: Float64[Tensor, "batch 15"]
    loss: Float[Tensor, ""]
    bands: Float64[Tensor, "bands 2"]


class DeviceSteps:
    """Loss and gradients of batches that are drawn on the host and computed on the device.

    Parameters
    ----------
    denoiser : Denoiser
        Its parameters have gradients already; those of the batches are added to them.
    chains : DeviceChains
    config : TrainingConfig
    """

    def __init__(self, denoiser: Denoiser, chains: DeviceChains, config: TrainingConfig):
        self.denoiser, self.chains, self.config = denoiser, chains, config
        # Crops may be as short as the least of the few sizes; whole chains may be shorter still.
        least = min(int(chains.lengths.min()), least_size(1))
        most = least_size(int(chains.lengths.max()))
        self.flows = FlowTable(denoiser.recipe, least, most, chains.device)
        self.captures = chains.device.type == "cuda"
        self.captured: dict[BatchKind, CapturedStep] = {}
        self.pool: Any = None  # memory that the graphs share
        self.stream: torch.cuda.Stream | None = None

    def __call__(
        self, step: int, part: int, seed: int
    ) -> tuple[Float[Tensor, ""], Float64[Tensor, "bands 2"], int]:
        """Add the gradient of a batch divided by `accumulate`.

        Returns the loss, the band sums and the number of chains of the batch.
        """
        drawn = draw(self.chains, self.denoiser.recipe, self.config, step, part)
        rows = torch.from_numpy(packed(self.chains, drawn))
        self_conditioned = is_self_conditioned(self.denoiser, seed)
        kind = BatchKind(drawn.level, drawn.size, len(rows), self_conditioned)
        if not self.captures:
            torch.manual_seed(seed)
            return *self.gradient(rows.to(self.chains.device), kind), len(rows)
        if kind not in self.captured:
            self.captured[kind] = self.capture(rows, kind)
        captured = self.captured[kind]
        captured.rows.copy_(rows.pin_memory(), non_blocking=True)
        torch.cuda.manual_seed(seed)
        captured.graph.replay()
        return captured.loss.clone(), captured.bands.clone(), len(rows)

    def gradient(
        self, rows: Float64[Tensor, "batch 15"], kind: BatchKind
    ) -> tuple[Float[Tensor, ""], Float64[Tensor, "bands 2"]]:
        """Add the gradient of a packed draw; returns its loss and band sums."""
        batch = device_batch(self.chains, rows, kind.level, kind.size, self.denoiser.recipe.basis)
        assert isinstance(batch.lengths, torch.Tensor)  # as on every device
        flow = self.flows(batch.lengths, kind.size)
        u = flow.schedule.time_of(batch.log_cutoff)
        epsilon = torch.randn_like(batch.clean)
        earlier = earlier_call(u, epsilon) if kind.self_conditioned else None
        loss, bands = denoising_loss(
            self.denoiser, flow, batch, epsilon, u, self.config.weighting, earlier,
            self.config.packing,
        )  # fmt: skip
        (loss / self.config.accumulate).backward()
        return loss.detach(), bands

    def capture(self, rows: Float64[Tensor, "batch 15"], kind: BatchKind) -> CapturedStep:
        """Capture the graph of one kind of batch."""
        rows = rows.to(self.chains.device)
        gradients = [p.grad for p in self.denoiser.network.parameters() if p.grad is not None]
        before = [gradient.clone() for gradient in gradients]  # the warm-up adds to them
        self.stream = self.stream or torch.cuda.Stream()
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            self.gradient(rows, kind)
        torch.cuda.current_stream().wait_stream(self.stream)
        torch._foreach_copy_(gradients, before)  # pyright: ignore[reportPrivateImportUsage]
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
            loss, bands = self.gradient(rows, kind)
        self.pool = self.pool or graph.pool()
        return CapturedStep(graph, rows, loss, bands)
