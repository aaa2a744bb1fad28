"""Training of the residue-type network: types in random orders on backbones with a little noise."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.functional import nll_loss

from .._system.locks import output_folder
from .._system.words import counted
from ..dataset import read_chains
from ..dataset.store import UNIT
from ..network.numerics import flush_denormals
from ..sequence.graph import neighbour_graph
from ..sequence.network import UNKNOWN_TYPE, SequenceNetwork
from ..sequence.sequence_weights import load_sequence_network, save_sequence_network
from .checkpoint import Progress, read_checkpoint, write_checkpoint
from .config_file import ConfigError
from .logs import RunLog, forget_after
from .optimisation import (
    MovingAverage,
    adam_tensors,
    adamw,
    learning_rate,
    load_adam_tensors,
    take_step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from jaxtyping import Float, Int
    from torch import Tensor

    from ..dataset import ChainSet
    from ..sequence.graph import Graph
    from .sequence_config import SequenceTraining

__all__ = ["SequenceRun", "TypeBatch", "held_out_types", "type_batch"]

#: Chains of a validation; enough that its error is a hundredth of a nat.
HELD_OUT = 200


@dataclass(frozen=True)
class TypeBatch:
    """Chains of a step as one graph, with their types (20: unknown) and a random order."""

    graph: Graph
    types: Int[Tensor, " residues"]
    rank: Float[Tensor, " residues"]
    chain: Int[Tensor, " residues"]


def type_batch(
    chains: ChainSet, chosen: Sequence[int], noise: float, seed: int, residues: int | None = None
) -> TypeBatch:
    """Chains as one graph; coordinates with noise (Å), and one random order for all.

    What exceeds `residues` is cut off the last chain: batches of one size reuse their memory, where
    those of many sizes fill it with holes.
    """
    generator = torch.Generator().manual_seed(seed)
    lengths = [int(chains.lengths[k]) for k in chosen]
    lengths[-1] -= max(0, sum(lengths) - (residues or sum(lengths)))
    parts = [chains[k] for k in chosen]
    cut = list(zip(parts, lengths, strict=True))
    coords = np.concatenate([chain.coords[:n] for chain, n in cut]).astype(np.float32) * UNIT
    types = np.concatenate([chain.types[:n] for chain, n in cut]).astype(np.int64)
    xyz = torch.from_numpy(coords)
    xyz = xyz + noise * torch.randn(xyz.shape, generator=generator)
    position = torch.cat([torch.arange(length) for length in lengths])
    chain = torch.repeat_interleave(torch.arange(len(lengths)), torch.tensor(lengths))
    graph = neighbour_graph(xyz, position, chain, lengths)
    rank = torch.rand(len(position), generator=generator)
    return TypeBatch(graph, torch.from_numpy(types).clamp(max=UNKNOWN_TYPE), rank, chain)


def batches_of_epoch(chains: ChainSet, residues: int, seed: int) -> list[list[int]]:
    """All chains in random order, in batches of at least so many residues; the last has fewer."""
    order = np.random.default_rng(seed).permutation(len(chains)).tolist()
    batches: list[list[int]] = [[]]
    size = 0
    for k in order:
        if size >= residues:
            batches.append([])
            size = 0
        batches[-1].append(k)
        size += int(chains.lengths[k])
    return batches


@torch.no_grad()
def held_out_types(network: SequenceNetwork, chains: ChainSet, residues: int) -> dict[str, float]:
    """Mean negative log-probability (nats) and share of the likeliest types that are right.

    Random orders that do not depend on the network, no noise; `recovery` is that of the likeliest
    type given the backbone alone.
    """
    loss, right, count = 0.0, 0, 0
    for number, chosen in enumerate(batches_of_epoch(chains, residues, 0)):
        batch = type_batch(chains, chosen, 0.0, number)
        known = batch.types != UNKNOWN_TYPE
        chances = network(batch.graph, batch.types, batch.rank)
        loss += float(nll_loss(chances[known], batch.types[known], reduction="sum"))
        alone = network(batch.graph, batch.types, torch.zeros_like(batch.rank))
        right += int((alone.argmax(-1) == batch.types)[known].sum())
        count += int(known.sum())
    return {"loss": loss / count, "perplexity": float(np.exp(loss / count)), "alone": right / count}


class SequenceRun:
    """A training run of the residue-type network that can be interrupted and resumed.

    Parameters
    ----------
    config : SequenceTraining

    Attributes
    ----------
    rank : int
        0; a run of this network has one process.
    """

    rank = 0

    def __init__(self, config: SequenceTraining):
        self.config, self.progress = config, Progress()
        if config.threads:
            torch.set_num_threads(config.threads)
        torch.manual_seed(config.seed)
        self.network = SequenceNetwork(config.sequence)
        if config.initial:
            self._start_from(config.initial)
        self.average = MovingAverage(self.network, config.ema)
        if config.compile:
            self.network.compile()
        self.optimiser = adamw(self.network.parameters(), config.weight_decay)

    def _start_from(self, initial: str) -> None:
        """Take over the weights of a file.

        Raises
        ------
        WeightsError, ConfigError
            If there are no such weights, or they are of a network of other sizes.
        """
        network = load_sequence_network(initial)
        if network.config != self.config.sequence:
            own, its = asdict(self.config.sequence), asdict(network.config)
            sizes = ", ".join(f"{name} = {its[name]}" for name in its if its[name] != own[name])
            raise ConfigError(f"initial: {initial} has other sizes; [sequence] must have {sizes}")
        self.network.load_state_dict(network.state_dict())

    @flush_denormals()
    def fit(
        self,
        report: Callable[[str], object] = print,
        progress: Callable[[dict[str, float]], object] | None = None,
    ) -> Path:
        """Run, or continue, the training to its end; arguments and files as of `Trainer.fit`."""
        config = self.config
        with output_folder(config.out):
            chains = read_chains(config.data, "train", max_length=config.max_length)
            held_out = read_chains(config.data, "val", max_length=config.max_length)
            held_out = held_out.take(np.arange(min(HELD_OUT, len(held_out)))).compact()
            return self._fit(chains, held_out, report, progress)

    def _fit(
        self,
        chains: ChainSet,
        held_out: ChainSet,
        report: Callable[[str], object],
        progress: Callable[[dict[str, float]], object] | None,
    ) -> Path:
        """The steps of `fit`."""
        config = self.config
        report(f"{counted(len(chains), 'training chain')}, {len(held_out)} of validation")
        self.restore(report)
        log = RunLog(config.out)
        saved = validated = began = time.monotonic()
        epoch, batches = -1, list[list[int]]()
        per_epoch = len(batches_of_epoch(chains, config.residues, config.seed))
        losses: list[float] = []
        while self.progress.step < config.steps:
            if self.progress.step // per_epoch != epoch:
                epoch = self.progress.step // per_epoch
                batches = batches_of_epoch(chains, config.residues, config.seed + epoch)
            # An epoch may have one batch more or less than the first.
            chosen = batches[min(self.progress.step % per_epoch, len(batches) - 1)]
            losses.append(self.train_step(chains, chosen))
            now = time.monotonic()
            self.progress.seconds, began = self.progress.seconds + now - began, now
            step, last = self.progress.step, self.progress.step == config.steps
            if step % config.log_every == 0:
                row = {"step": step, "seconds": round(self.progress.seconds)}
                row |= {"rate": self.rate(step - 1), "loss": float(np.mean(losses))}
                losses = []
                log.write("training", row)
                if progress is not None:
                    progress(row)
            if last or now - validated > 60 * config.validate_minutes:
                self.validate(held_out, log, report)
                validated = began = time.monotonic()
            if last or now - saved > 60 * config.checkpoint_minutes:
                self.save()
                saved = time.monotonic()
        return config.out / "ema.safetensors"

    def rate(self, step: int) -> float:
        """Learning rate: warm-up, constant, and a fall to zero at the end of the run."""
        config = self.config
        fall = (config.steps - step) / max(1.0, config.decay * config.steps)
        return learning_rate(config.learning_rate, (step + 1) / max(1, config.warmup), fall)

    def train_step(self, chains: ChainSet, chosen: Sequence[int]) -> float:
        """Take one step of the optimiser on some chains; returns the loss in nats per residue."""
        config, step = self.config, self.progress.step
        batch = type_batch(chains, chosen, config.noise, config.seed + step, config.residues)
        with torch.autocast("cpu", torch.bfloat16, enabled=config.half):
            chances = self.network(batch.graph, batch.types, batch.rank)
        loss = nll_loss(chances.float(), batch.types, ignore_index=UNKNOWN_TYPE)
        self.optimiser.zero_grad()
        loss.backward()
        take_step(self.optimiser, list(self.network.parameters()), self.rate(step), config.clip)
        self.average.update(self.network)
        self.progress.step += 1
        self.progress.chains += len(chosen)
        return float(loss.detach())

    def averaged(self) -> SequenceNetwork:
        """The network with the averaged weights."""
        network = SequenceNetwork(self.config.sequence)
        network.load_state_dict(self.average.module.state_dict())
        return network.eval().requires_grad_(False)

    def validate(self, held_out: ChainSet, log: RunLog, report: Callable[[str], object]) -> None:
        """Measure the averaged weights on held-out chains; keep the best."""
        numbers = held_out_types(self.averaged(), held_out, self.config.residues)
        log.write("validation", {"step": self.progress.step} | numbers)
        report(
            f"step {self.progress.step}: " + ", ".join(f"{k} {v:.4f}" for k, v in numbers.items())
        )
        if numbers["loss"] < self.progress.best:
            self.progress.best = numbers["loss"]
            self.save_average("best.safetensors")

    def save_average(self, name: str) -> None:
        """Write the averaged weights."""
        card = {"training": self.config.recorded(), "step": self.progress.step}
        save_sequence_network(self.config.out / name, self.averaged(), card)

    def save(self) -> None:
        """Write the checkpoint, then the averaged weights."""
        parts = {
            "model": self.network.state_dict(),
            "average": self.average.module.state_dict(),
            "adam": adam_tensors(self.optimiser, self.network.named_parameters()),
        }
        progress = replace(self.progress, configuration=self.config.recorded())
        write_checkpoint(self.config.out, parts, progress)
        self.save_average("ema.safetensors")

    def restore(self, report: Callable[[str], object]) -> None:
        """Continue from the newest checkpoint, if any; says at which step, and what has changed."""
        checkpoint = read_checkpoint(self.config.out)
        if checkpoint is None:
            return
        parts, self.progress = checkpoint
        self.network.load_state_dict(parts["model"])
        self.average.module.load_state_dict(parts["average"])
        self.average.updates = self.progress.step
        load_adam_tensors(self.optimiser, self.network.named_parameters(), parts["adam"])
        forget_after(self.config.out, self.progress.step)
        now, before = self.config.recorded(), self.progress.configuration
        changes = [f"{k} {now[k]} (before: {v})" for k, v in before.items() if now.get(k, v) != v]
        report(", ".join([f"continuing at step {self.progress.step}", *changes]))
