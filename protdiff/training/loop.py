"""The training loop: AdamW, EMA, warm-up, constant rate, decay; resumable; loss per band as CSV."""

import csv
import os
import time

import torch

from ..flow import ChainFlow
from ..flow.reference import real_spectrum
from ..network import Denoiser, NetworkConfig
from ..network.numerics import flush_denormals, pick_device
from ..weights import find_weights, load_weights, save_weights
from .batches import make_batch
from .checkpoint import read_checkpoint, write_checkpoint
from .config import ConfigError
from .dataset import load_chains
from .loss import BAND_NAMES, denoising_loss

__all__ = ["held_out_loss", "train", "validate"]

LOG_FIELDS = ["step", "chains", "seconds", "rate", "loss", *BAND_NAMES]


def learning_rate(config, step):
    """Linear warm-up, constant, linear decay to zero over the last share of the steps."""
    left = (config.steps - step) / max(1.0, config.decay * config.steps)
    return config.learning_rate * min(1.0, (step + 1) / max(1, config.warmup), max(0.0, left))


def batch_loss(denoiser, batch, config, seed):
    """Loss and band sums of one batch, with noise from a generator of its own."""
    flow, epsilon, u = noise_of(denoiser, batch, seed)
    return denoising_loss(denoiser, flow, batch, epsilon, u, config.resolution)


def noise_of(denoiser, batch, seed):
    """Flow, noise and times (B,) of a batch."""
    flow = denoiser.recipe(batch.lengths, batch.clean.shape[1] // 2)
    generator = torch.Generator().manual_seed(seed)
    epsilon = torch.randn(batch.clean.shape, generator=generator)
    return flow, epsilon, flow.schedule.time_of(batch.log_cutoff)


@torch.no_grad()
def validate(denoiser, chains, config, batches=48):
    """Loss per band on held-out chains, relative to the Gaussian chain (a zero output).

    The same chains, times and noise at every call; no conditions are shown.

    Returns
    -------
    dict of str to float
        Ratio per band; below 1 is better than the Gaussian chain.
    """
    return held_out_loss(denoiser, chains, config, batches)[1]


@torch.no_grad()
def held_out_loss(denoiser, chains, config, batches=48):
    """Mean loss on held-out chains, and the dict of `validate`."""
    config = config.model_copy(
        update={"seed": 1, "sequence_share": 0.0, "structure_share": 0.0, "beads": 1024}
    )
    losses, total = [], 0
    for step in range(batches):
        batch = make_batch(chains, denoiser.recipe, config, step)
        loss, bands = batch_loss(denoiser, batch, config, step)
        losses.append(loss.item())
        total = total + bands
    ratios = dict(zip(BAND_NAMES, (total[:, 0] / total[:, 1]).tolist(), strict=True))
    return sum(losses) / batches, ratios


def _append(path, fields, row):
    new = not path.is_file()
    with path.open("a", newline="") as handle:
        writer = csv.DictWriter(handle, fields)
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})


def _forget_after(path, step):
    """Drop the rows of steps that will be run again."""
    if path.is_file():
        first, *rows = path.read_text().splitlines(keepends=True)
        kept = [row for row in rows if int(row.split(",")[0]) <= step]
        path.write_text("".join([first, *kept]))


class _Run:
    """State of a run: denoiser, its moving average, optimiser, counters; saved and restored."""

    def __init__(self, config):
        self.config, self.step, self.chains, self.seconds = config, 0, 0, 0.0
        recipe = ChainFlow(spectrum=real_spectrum())
        torch.manual_seed(config.seed)
        pick_device(config.device)
        self.denoiser = Denoiser(NetworkConfig(**config.network.model_dump()), recipe)
        self.denoiser.to(config.device)
        if config.compile:
            self.denoiser.network.compile()
        if config.initial:
            path = find_weights(config.initial)
            self.load(load_weights(path).state_dict(), path)
        self.average = {k: v.clone() for k, v in self.denoiser.state_dict().items()}
        decayed = [p for p in self.denoiser.parameters() if p.ndim >= 2]
        other = [p for p in self.denoiser.parameters() if p.ndim < 2]
        groups = [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": other, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98))

    def load(self, tensors, origin):
        """Take over the tensors of a denoiser of the same sizes."""
        try:
            self.denoiser.load_state_dict(tensors)
        except RuntimeError:
            raise ConfigError(
                f"{origin}: made with other [network] sizes; choose another `out`, or the old sizes"
            ) from None

    def update_average(self):
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.denoiser.state_dict().items():
                self.average[name].lerp_(value, 1 - decay)

    def save(self):
        """Write the checkpoint, then the averaged weights."""
        names = {p: n for n, p in self.denoiser.named_parameters()}
        moments = {
            f"{key}.{names[parameter]}": torch.as_tensor(value)
            for parameter, state in self.optimiser.state.items()
            for key, value in state.items()
        }
        parts = {"model": self.denoiser.state_dict(), "average": self.average, "adam": moments}
        progress = {"step": self.step, "chains": self.chains, "seconds": round(self.seconds, 1)}
        write_checkpoint(self.config.out, parts, progress)
        network = self.denoiser.network.config
        path = self.config.out / "ema.safetensors"
        save_weights(path, self.average, network, self.denoiser.recipe)

    def restore(self):
        """Continue from the newest checkpoint, if there is one."""
        found = read_checkpoint(self.config.out, ("model", "average", "adam"))
        if found is None:
            return
        parts, progress = found
        self.load(parts["model"], self.config.out)
        device = self.config.device
        self.average = {k: v.to(device) for k, v in parts["average"].items()}
        for name, parameter in self.denoiser.named_parameters():
            keys = ("step", "exp_avg", "exp_avg_sq")
            state = {k: parts["adam"].get(f"{k}.{name}") for k in keys}
            if state["step"] is not None:
                self.optimiser.state[parameter] = {
                    k: v if k == "step" else v.to(device) for k, v in state.items()
                }
        self.step, self.chains, self.seconds = (progress[k] for k in ("step", "chains", "seconds"))
        for log in ("training.csv", "validation.csv"):
            _forget_after(self.config.out / log, self.step)


def join_group():
    """Rank and number of the processes of this run; one unless started by ``torchrun``."""
    world = int(os.environ.get("WORLD_SIZE", 1))
    if world > 1 and not torch.distributed.is_initialized():
        torch.distributed.init_process_group("gloo")
    return (torch.distributed.get_rank(), world) if world > 1 else (0, 1)


def average_gradients(denoiser):
    """Mean of the gradients over all processes, in one message."""
    gradients = [p.grad for p in denoiser.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))


@flush_denormals()
def train(config, report=print):
    """Run, or continue, the training that a configuration describes.

    Under ``torchrun --nproc-per-node N`` every process works on its own batches and the gradients
    are averaged.

    Writes to ``config.out``: checkpoint-STEP (to resume), ema.safetensors (weights for
    `protdiff generate`), training.csv and validation.csv (loss per band relative to the Gaussian
    chain).

    Parameters
    ----------
    config : TrainingConfig
    report : callable
        Gets one line of text now and then.

    Returns
    -------
    Path
        The averaged weights.
    """
    if config.threads:
        torch.set_num_threads(config.threads)
    rank, world = join_group()
    cache = config.cache or config.out / "cache"
    load = {"max_length": config.max_length, "cache": cache}
    chains = load_chains(config.data, "train", **load)
    held_out = load_chains(config.data, "val", **load)
    config.out.mkdir(parents=True, exist_ok=True)
    report(f"{len(chains)} training chains, {len(held_out)} validation chains")
    run = _Run(config)
    run.restore()
    if run.step:
        report(f"continuing at step {run.step}")
    began, saved, validated = time.monotonic(), time.monotonic(), time.monotonic()
    sums, losses = 0, []
    while run.step < config.steps:
        batch = make_batch(chains, run.denoiser.recipe, config, run.step, rank)
        loss, bands = batch_loss(run.denoiser, batch, config, run.step * world + rank)
        rate = learning_rate(config, run.step)
        for group in run.optimiser.param_groups:
            group["lr"] = rate
        run.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if world > 1:
            average_gradients(run.denoiser)
        torch.nn.utils.clip_grad_norm_(run.denoiser.parameters(), config.clip)
        run.optimiser.step()
        run.step += 1
        run.chains += world * len(batch.lengths)
        run.update_average()
        sums, now = sums + bands, time.monotonic()
        losses.append(loss.item())
        run.seconds, began = run.seconds + now - began, now
        if rank:
            continue
        if run.step % config.log_every == 0:
            ratio = (sums[:, 0] / sums[:, 1]).tolist()
            values = [run.step, run.chains, round(run.seconds), rate, sum(losses) / len(losses)]
            row = dict(zip(LOG_FIELDS, values + ratio, strict=True))
            _append(config.out / "training.csv", LOG_FIELDS, row)
            sums, losses = 0, []
        last = run.step == config.steps
        if last or now - validated > 60 * config.validate_minutes:
            current = Denoiser(run.denoiser.network.config, run.denoiser.recipe)
            current.load_state_dict(run.average)
            ratios = validate(current.to(config.device), held_out, config)
            row = {"step": run.step, "chains": run.chains, "seconds": round(run.seconds)} | ratios
            _append(config.out / "validation.csv", list(row), row)
            report(f"step {run.step}: " + ", ".join(f"{k} {v:.3f}" for k, v in ratios.items()))
            validated = began = time.monotonic()
        if last or now - saved > 60 * config.checkpoint_minutes:
            run.save()
            saved = time.monotonic()
    return config.out / "ema.safetensors"
