"""The training: AdamW, EMA, warm-up, constant rate, decay; resumable; loss per band as CSV."""

import math
import time

import torch

from ..flow.zoo import recipe as named_recipe
from ..network import Denoiser, NetworkConfig
from ..network.numerics import flush_denormals, pick_device
from ..network.weights import find_weights, load_weights, save_weights
from .batches import make_batch
from .chains import DeviceChains, load_chains, on_device
from .checkpoint import read_checkpoint, write_checkpoint
from .config import ConfigError
from .cuda_graphs import DeviceSteps
from .distributed import agree, average_gradients, device_of, join_group, leave_group, total
from .logs import LOGS, append, forget_after, scalar_writer
from .losses import BAND_NAMES
from .objective import SAMPLE_COLUMNS, batch_loss, held_out_loss, sample_quality

__all__ = ["Trainer"]

LOG_FIELDS = ["step", "chains", "seconds", "rate", "loss", *BAND_NAMES]


def learning_rate(config, step):
    """Linear warm-up, constant, linear decay to zero over the last share of the steps."""
    left = (config.steps - step) / max(1.0, config.decay * config.steps)
    return config.learning_rate * min(1.0, (step + 1) / max(1, config.warmup), max(0.0, left))


def of_network(tensors):
    """Those of the network, without a reader, which is not trained."""
    return {name: tensor for name, tensor in tensors.items() if name.startswith("network.")}


class Trainer:
    """A training run: denoiser, its moving average, optimiser, counters; saved and restored.

    Parameters
    ----------
    config : TrainingConfig

    Attributes
    ----------
    denoiser : Denoiser
        As it is now; `averaged` gives one to generate with.
    step, chains, seconds : int, int, float
        What has been done.
    rank, world : int
        Number of this process, and of processes.

    Examples
    --------
    >>> from protdiff.training import Trainer, TrainingConfig
    >>> config = TrainingConfig(data="chains", out="runs/mine", initial="rg-base", steps=5000)
    >>> weights = Trainer(config).fit()  # doctest: +SKIP
    """

    def __init__(self, config):
        self.config, self.step, self.chains, self.seconds = config, 0, 0, 0.0
        #: Lowest loss on held-out chains, and validations since.
        self.best, self.stale = math.inf, 0
        self.changes = []  # of the configuration since the checkpoint
        self.rank, self.world = join_group()
        if config.threads:
            torch.set_num_threads(config.threads)
        recipe = named_recipe(config.flow)
        torch.manual_seed(config.seed)
        self.device = device_of(pick_device(config.device))
        self.denoiser = Denoiser(NetworkConfig(**config.network.model_dump()), recipe)
        self.denoiser.to(self.device)
        if config.precision == "bf16":
            self.denoiser.network.use_bf16()
        if config.compile:
            self.denoiser.network.compile()
        self.guide = None
        if config.initial:
            path = find_weights(config.initial)
            initial = load_weights(path, self.device)
            if initial.recipe == recipe:
                self.guide = initial.guide
            initial.guide = None  # it is not trained, nor is the reader
            self.denoiser.reader = initial.reader
            self.load(initial.state_dict(), path, new=".previous")
        self.device_steps = None  # made at the first step, on an accelerator
        self.average = {k: v.clone() for k, v in of_network(self.denoiser.state_dict()).items()}
        trained = list(self.denoiser.network.parameters())
        decayed = [p for p in trained if p.ndim >= 2]
        other = [p for p in trained if p.ndim < 2]
        groups = [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": other, "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98))

    @flush_denormals()
    def fit(self, report=print, progress=None):
        """Run, or continue, the training to its end.

        Every step works on `accumulate` batches in every process, and the gradients are averaged:
        the same total of batches gives the same steps however many processes share them. Several
        are started by ``torchrun --nproc-per-node N`` or ``srun``.

        Writes to ``config.out``: checkpoint-STEP (to resume), ema.safetensors (weights for
        `protdiff generate`), best.safetensors (those of the lowest loss on held-out chains),
        training.csv and validation.csv (loss per band relative to the Gaussian chain), and
        samples.csv (quality of a few samples) if `samples` are asked for.

        Parameters
        ----------
        report : callable
            Gets one line of text now and then.
        progress : callable, optional
            Gets every row of training.csv as a dict.

        Returns
        -------
        Path
            The averaged weights.
        """
        config, rank = self.config, self.rank
        load = {"max_length": config.max_length, "cache": config.cache or config.out / "cache"}
        chains, held_out = (
            on_device(load_chains(config.data, split, **load), self.device)
            for split in ("train", "val")
        )
        config.out.mkdir(parents=True, exist_ok=True)
        report(f"{len(chains)} training chains, {len(held_out)} validation chains")
        self.restore()
        if self.step:
            report(", ".join([f"continuing at step {self.step}", *self.changes]))
        log = scalar_writer(config) if rank == 0 else None
        began, saved, validated = time.monotonic(), time.monotonic(), time.monotonic()
        sums, losses = 0, []
        stopped = config.patience and agree(self.stale >= config.patience)
        while self.step < config.steps and not stopped:
            rate = learning_rate(config, self.step)
            loss, bands, count = self.train_step(chains, rate)
            self.chains += self.world * count
            sums, now = sums + bands, time.monotonic()
            losses.append(loss)
            self.seconds, began = self.seconds + now - began, now
            if self.step % config.log_every == 0:
                sums = total(sums)
                mean = float(total(torch.stack(losses).mean())) / self.world
                ratio = (sums[:, 0] / sums[:, 1]).tolist()
                values = [self.step, self.chains, round(self.seconds), rate, mean]
                row = dict(zip(LOG_FIELDS, values + ratio, strict=True))
                sums, losses = 0, []
                if rank == 0:
                    append(config.out / "training.csv", LOG_FIELDS, row)
                    log("training", row)
                    if progress is not None:
                        progress(row)
            last = self.step == config.steps
            if rank == 0 and (last or now - validated > 60 * config.validate_minutes):
                self.judge(held_out, log, report)
                validated = began = time.monotonic()
            stopped = config.patience and agree(self.stale >= config.patience)
            if stopped:
                report(f"no better on held-out chains in {self.stale} validations: stopped")
            if rank == 0 and (last or stopped or now - saved > 60 * config.checkpoint_minutes):
                self.save()
                saved = time.monotonic()
        leave_group()
        return config.out / "ema.safetensors"

    def train_step(self, chains, rate):
        """One step of the optimiser; mean loss, band sums and chains of this process's batches."""
        config, denoiser, parts = self.config, self.denoiser, self.config.accumulate
        # All of them, used or not: processes must agree.
        for parameter in self.denoiser.network.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        self.optimiser.zero_grad(set_to_none=False)
        losses, sums, count = 0.0, 0, 0
        for part in range(self.rank, parts * self.world, self.world):
            seed = self.step * parts * self.world + part
            if isinstance(chains, DeviceChains):
                self.device_steps = self.device_steps or DeviceSteps(denoiser, chains, config)
                loss, bands, size = self.device_steps(self.step, part, seed)
            else:
                batch = make_batch(chains, denoiser.recipe, config, self.step, part)
                loss, bands = batch_loss(denoiser, batch, config, seed)
                (loss / parts).backward()
                size = len(batch.lengths)
            # Tensors: to read a number would wait for the device.
            losses, sums = losses + loss.detach() / parts, sums + bands
            count += size
        if self.world > 1:
            average_gradients(self.denoiser)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        torch.nn.utils.clip_grad_norm_(self.denoiser.network.parameters(), config.clip)
        self.optimiser.step()
        self.step += 1
        self.update_average()
        return losses, sums, count

    def judge(self, held_out, log, report):
        """Measure the averaged weights on held-out chains, and by samples; keep the best."""
        config, denoiser = self.config, self.averaged()
        loss, ratios = held_out_loss(denoiser, held_out, config)
        counters = {"step": self.step, "chains": self.chains, "seconds": round(self.seconds)}
        row = counters | ratios | {"loss": loss}
        append(config.out / "validation.csv", list(row), row)
        log("validation", row)
        report(f"step {self.step}: " + ", ".join(f"{k} {v:.3f}" for k, v in ratios.items()))
        self.stale = 0 if loss < self.best else self.stale + 1
        if loss < self.best:
            self.best = loss
            self.save_average("best.safetensors")
        if config.samples:
            row = counters | sample_quality(denoiser, config.samples)
            append(config.out / "samples.csv", list(row), row)
            log("samples", row)
            numbers = [f"{k} {row[k]:.3f}" for k in SAMPLE_COLUMNS]
            report(f"{config.samples} samples: " + ", ".join(numbers))

    def load(self, tensors, origin, new=None):
        """Take over the tensors of a denoiser of the same sizes; those named `new` may lack."""
        own = self.denoiser.state_dict()
        fresh = {name: value for name, value in own.items() if new and new in name}
        kept = {name: own[name] for name in own.keys() - of_network(own).keys()}
        try:
            self.denoiser.load_state_dict(fresh | of_network(tensors) | kept)
        except RuntimeError:
            raise ConfigError(
                f"{origin}: made with other [network] sizes; choose another `out`, or the old sizes"
            ) from None

    def update_average(self):
        decay = min(self.config.ema, (1 + self.step) / (10 + self.step))
        now = of_network(self.denoiser.state_dict())
        averages = [self.average[name] for name in now]
        with torch.no_grad():
            torch._foreach_lerp_(averages, list(now.values()), 1 - decay)

    def save(self):
        """Write the checkpoint, then the averaged weights."""
        names = {p: n for n, p in self.denoiser.named_parameters()}
        moments = {
            f"{key}.{names[parameter]}": torch.as_tensor(value)
            for parameter, state in self.optimiser.state.items()
            for key, value in state.items()
        }
        model = of_network(self.denoiser.state_dict())
        parts = {"model": model, "average": self.average, "adam": moments}
        progress = {
            "step": self.step, "chains": self.chains, "seconds": round(self.seconds, 1),
            "best": self.best, "stale": self.stale, "configuration": self.configuration(),
        }  # fmt: skip
        write_checkpoint(self.config.out, parts, progress)
        self.save_average("ema.safetensors")

    def configuration(self):
        """What decides the steps to come, as JSON has it."""
        return self.config.model_dump(mode="json", exclude={"data", "out", "cache"})

    def save_average(self, name):
        """Write the averaged weights."""
        save_weights(self.config.out / name, self.averaged())

    def averaged(self):
        """A denoiser with the averaged weights; guide and reader of those it started from."""
        current = Denoiser(self.denoiser.network.config, self.denoiser.recipe)
        current.load_state_dict(self.average)
        current.guide, current.reader = self.guide, self.denoiser.reader
        return current.to(self.device).eval().requires_grad_(False)

    def restore(self):
        """Continue from the newest checkpoint, if there is one."""
        found = read_checkpoint(self.config.out, ("model", "average", "adam"))
        if found is None:
            return
        parts, progress = found
        self.load(parts["model"], self.config.out)
        device = self.device
        self.average = {k: v.to(device) for k, v in of_network(parts["average"]).items()}
        for name, parameter in self.denoiser.named_parameters():
            keys = ("step", "exp_avg", "exp_avg_sq")
            state = {k: parts["adam"].get(f"{k}.{name}") for k in keys}
            if state["step"] is not None:
                self.optimiser.state[parameter] = {
                    k: v if k == "step" else v.to(device) for k, v in state.items()
                }
        self.step, self.chains, self.seconds = (progress[k] for k in ("step", "chains", "seconds"))
        self.best, self.stale = progress.get("best", math.inf), progress.get("stale", 0)
        now, before = self.configuration(), progress.get("configuration", {})
        self.changes = [
            f"{k} {now[k]} (before: {v})" for k, v in before.items() if now.get(k, v) != v
        ]
        for log in LOGS:
            forget_after(self.config.out / log, self.step)
