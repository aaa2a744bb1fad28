"""Steps on an accelerator without the host: every kind of batch is one CUDA graph.

A step of this network is some five thousand small kernels; to launch them takes a host five to ten
times as long as they take. A graph is launched at once. Its tensors keep their addresses: a step
copies its draw into them and starts the graph again.
"""

from dataclasses import replace

import torch

from .batches import device_batch, draw, least_size, packed
from .losses import denoising_loss
from .objective import earlier_call, sees_itself

__all__ = ["DeviceSteps", "FlowTable"]


class FlowTable:
    """The flow of any batch by looking it up, on the device.

    Parameters
    ----------
    recipe : ChainFlow
    least, most : int
        Lengths of chains.
    device : str or torch.device
    """

    def __init__(self, recipe, least, most, device):
        self.least, self.most = least, most
        self.flow = recipe(range(least, most + 1), most).to(device)

    def __call__(self, lengths, size):
        """The `Flow` of chains of some lengths, a tensor, padded to `size`."""
        flow = self.flow[lengths - self.least]
        names = ("momenta", "variance", "prior", "mask")
        ends = {name: getattr(flow, name).split(self.most, 1) for name in names}
        return replace(
            flow, **{k: torch.cat([part[:, :size] for part in v], 1) for k, v in ends.items()}
        )


class DeviceSteps:
    """Loss and gradients of batches that are drawn, made and judged on the device.

    Parameters
    ----------
    denoiser : Denoiser
        Its parameters have gradients, which are added to.
    chains : DeviceChains
    config : TrainingConfig
    """

    def __init__(self, denoiser, chains, config):
        self.denoiser, self.chains, self.config = denoiser, chains, config
        # Crops are as short as the least size, whole chains as short as they come.
        shortest = min(int(chains.lengths.min()), least_size(1))
        longest = least_size(int(chains.lengths.max()))
        self.flows = FlowTable(denoiser.recipe, shortest, longest, chains.device)
        self.captures = chains.device.type == "cuda"
        self.graphs, self.pool, self.stream = {}, None, None

    def __call__(self, step, rank, seed):
        """Add the gradient of a batch, over `accumulate`; its loss, band sums and chains."""
        drawn = draw(self.chains, self.denoiser.recipe, self.config, step, rank)
        rows = torch.from_numpy(packed(self.chains, drawn))
        again = sees_itself(self.denoiser, seed)
        key = drawn.level, drawn.size, len(rows), again
        if not self.captures:
            torch.manual_seed(seed)
            return *self.gradient(rows.to(self.chains.device), *key[:2], again), len(rows)
        if key not in self.graphs:
            self.graphs[key] = self.capture(rows, *key)
        graph, place, loss, bands = self.graphs[key]
        place.copy_(rows.pin_memory(), non_blocking=True)
        torch.cuda.manual_seed(seed)
        graph.replay()
        return loss.clone(), bands.clone(), len(rows)

    def gradient(self, rows, level, size, again):
        """Loss and band sums of a packed draw, after its gradient was added."""
        batch = device_batch(self.chains, rows, level, size)
        flow = self.flows(batch.lengths, size)
        u = flow.schedule.time_of(batch.log_cutoff)
        epsilon = torch.randn_like(batch.clean)
        earlier = earlier_call(u, epsilon) if again else None
        loss, bands = denoising_loss(
            self.denoiser, flow, batch, epsilon, u, self.config.resolution, earlier
        )
        (loss / self.config.accumulate).backward()
        return loss.detach(), bands

    def capture(self, rows, level, size, _count, again):
        """The graph of one kind of batch, where it reads its draw, its loss and band sums."""
        place = rows.to(self.chains.device)
        parameters = list(self.denoiser.network.parameters())
        kept = [p.grad.clone() for p in parameters]  # the warm-up adds to them
        self.stream = self.stream or torch.cuda.Stream()
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            self.gradient(place, level, size, again)
        torch.cuda.current_stream().wait_stream(self.stream)
        torch._foreach_copy_([p.grad for p in parameters], kept)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self.pool, stream=self.stream):
            loss, bands = self.gradient(place, level, size, again)
        self.pool = self.pool or graph.pool()
        return graph, place, loss, bands
