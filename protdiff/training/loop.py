"""The training loop: AdamW, EMA, warm-up, constant rate, decay; resumable; loss per band as CSV."""

import math
import time

import torch

from ..network.numerics import flush_denormals
from .batches import make_batch
from .dataset import load_chains
from .logs import append, scalar_writer
from .loss import BAND_NAMES, denoising_loss
from .ranks import agree, average_gradients, join_group, leave_group, total
from .run import Run

__all__ = ["held_out_loss", "train", "validate"]

SAMPLE_COLUMNS = (
    "ca_bonds", "clashes_3.0", "rama_outliers", "dssp_helix", "dssp_strand", "rg_ratio",
)  # fmt: skip
LOG_FIELDS = ["step", "chains", "seconds", "rate", "loss", *BAND_NAMES]


def learning_rate(config, step):
    """Linear warm-up, constant, linear decay to zero over the last share of the steps."""
    left = (config.steps - step) / max(1.0, config.decay * config.steps)
    return config.learning_rate * min(1.0, (step + 1) / max(1, config.warmup), max(0.0, left))


#: Share of the batches on which a network with self-conditioning sees its own first estimate.
AGAIN = 0.5


def batch_loss(denoiser, batch, config, seed, again=AGAIN):
    """Loss and band sums of one batch, with noise from a generator of its own."""
    flow, epsilon, u = noise_of(denoiser, batch, seed)
    again = sees_itself(denoiser, seed, again)
    return denoising_loss(denoiser, flow, batch, epsilon, u, config.resolution, again)


def sees_itself(denoiser, seed, share=AGAIN):
    """Whether the network is shown its first estimate of a batch; the same in every process."""
    draw = torch.rand((), generator=torch.Generator().manual_seed(seed)).item()
    return denoiser.self_conditioning and draw < share


def noise_of(denoiser, batch, seed):
    """Flow, noise and times (B,) of a batch."""
    flow = denoiser.recipe(batch.lengths, batch.clean.shape[1] // 2)
    generator = torch.Generator().manual_seed(seed)
    epsilon = torch.randn(batch.clean.shape, generator=generator)
    return flow, epsilon, flow.schedule.time_of(batch.log_cutoff)


@torch.no_grad()
def validate(denoiser, chains, config, batches=48, again=1):
    """Loss per band on held-out chains, relative to the Gaussian chain (a zero output).

    The same chains, times and noise at every call; no conditions are shown. A network with
    self-conditioning is judged by its second estimate, as samplers use it; with `again` 0 by its
    first, as the likelihood does.

    Returns
    -------
    dict of str to float
        Ratio per band; below 1 is better than the Gaussian chain.
    """
    return held_out_loss(denoiser, chains, config, batches, again)[1]


@torch.no_grad()
def held_out_loss(denoiser, chains, config, batches=48, again=1):
    """Mean loss on held-out chains, and the dict of `validate`."""
    config = config.model_copy(
        update={"seed": 1, "sequence_share": 0.0, "structure_share": 0.0, "beads": 1024}
    )
    losses, total = [], 0
    for step in range(batches):
        batch = make_batch(chains, denoiser.recipe, config, step)
        loss, bands = batch_loss(denoiser, batch, config, step, again)
        losses.append(loss.item())
        total = total + bands
    ratios = dict(zip(BAND_NAMES, (total[:, 0] / total[:, 1]).tolist(), strict=True))
    return sum(losses) / batches, ratios


@flush_denormals()
def train(config, report=print, progress=None):
    """Run, or continue, the training that a configuration describes.

    Every step works on `accumulate` batches in every process, and the gradients are averaged:
    the same total of batches gives the same steps however many processes share them. Several are
    started by ``torchrun --nproc-per-node N`` or ``srun``.

    Writes to ``config.out``: checkpoint-STEP (to resume), ema.safetensors (weights for
    `protdiff generate`), best.safetensors (those of the lowest loss on held-out chains),
    training.csv and validation.csv (loss per band relative to the Gaussian chain), and
    samples.csv (quality of a few samples) if `samples` are asked for.

    Parameters
    ----------
    config : TrainingConfig
    report : callable
        Gets one line of text now and then.
    progress : callable, optional
        Gets every row of training.csv as a dict.

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
    run = Run(config)
    run.restore()
    if run.step:
        report(f"continuing at step {run.step}")
    log = scalar_writer(config) if rank == 0 else None
    began, saved, validated = time.monotonic(), time.monotonic(), time.monotonic()
    sums, losses = 0, []
    stopped = config.patience and agree(run.stale >= config.patience)
    while run.step < config.steps and not stopped:
        rate = learning_rate(config, run.step)
        loss, bands, count = one_step(run, chains, rate, rank, world)
        run.chains += world * count
        sums, now = sums + bands, time.monotonic()
        losses.append(loss)
        run.seconds, began = run.seconds + now - began, now
        if run.step % config.log_every == 0:
            sums = total(sums)
            mean = float(total(torch.tensor(sum(losses) / len(losses)))) / world
            ratio = (sums[:, 0] / sums[:, 1]).tolist()
            values = [run.step, run.chains, round(run.seconds), rate, mean]
            row = dict(zip(LOG_FIELDS, values + ratio, strict=True))
            sums, losses = 0, []
            if rank == 0:
                append(config.out / "training.csv", LOG_FIELDS, row)
                log("training", row)
                if progress is not None:
                    progress(row)
        last = run.step == config.steps
        if rank == 0 and (last or now - validated > 60 * config.validate_minutes):
            judge(run, held_out, log, report)
            validated = began = time.monotonic()
        stopped = config.patience and agree(run.stale >= config.patience)
        if stopped:
            report(f"no better on held-out chains in {run.stale} validations: stopped")
        if rank == 0 and (last or stopped or now - saved > 60 * config.checkpoint_minutes):
            run.save()
            saved = time.monotonic()
    leave_group()
    return config.out / "ema.safetensors"


def one_step(run, chains, rate, rank, world):
    """One step of the optimiser; mean loss, band sums and chains of this process's batches."""
    config, recipe, parts = run.config, run.denoiser.recipe, run.config.accumulate
    for parameter in run.denoiser.parameters():  # all of them, used or not: processes must agree
        parameter.grad = torch.zeros_like(parameter)
    losses, sums, count = 0.0, 0, 0
    for part in range(rank, parts * world, world):
        batch = make_batch(chains, recipe, config, run.step, part)
        seed = run.step * parts * world + part
        loss, bands = batch_loss(run.denoiser, batch, config, seed)
        (loss / parts).backward()
        losses, sums, count = losses + loss.item() / parts, sums + bands, count + len(batch.lengths)
    if world > 1:
        average_gradients(run.denoiser)
    for group in run.optimiser.param_groups:
        group["lr"] = rate
    torch.nn.utils.clip_grad_norm_(run.denoiser.parameters(), config.clip)
    run.optimiser.step()
    run.step += 1
    run.update_average()
    return losses, sums, count


def judge(run, held_out, log, report):
    """Measure the averaged weights on held-out chains, and by samples; keep the best."""
    config, denoiser = run.config, run.averaged()
    loss, ratios = held_out_loss(denoiser, held_out, config)
    counters = {"step": run.step, "chains": run.chains, "seconds": round(run.seconds)}
    row = counters | ratios | {"loss": loss}
    append(config.out / "validation.csv", list(row), row)
    log("validation", row)
    report(f"step {run.step}: " + ", ".join(f"{k} {v:.3f}" for k, v in ratios.items()))
    run.stale = 0 if loss < run.best else run.stale + 1
    if loss < run.best:
        run.best = loss
        run.save_average("best.safetensors")
    if config.samples:
        row = counters | sample_quality(denoiser, config.samples)
        append(config.out / "samples.csv", list(row), row)
        log("samples", row)
        numbers = [f"{k} {row[k]:.3f}" for k in SAMPLE_COLUMNS]
        report(f"{config.samples} samples: " + ", ".join(numbers))


def sample_quality(denoiser, count):
    """Mean quality columns of some samples of 60 to 120 residues; dict of str to float."""
    from ..generation import sample
    from ..metrics.quality import quality
    from ..request import Request, batches

    requests = [Request(k, 60 + 60 * k // max(1, count - 1)) for k in range(count)]
    rows = [quality(one.backbone) for batch in batches(requests) for one in sample(denoiser, batch)]
    return {
        key: sum(values) / len(values) if (values := _finite(rows, key)) else math.nan
        for key in SAMPLE_COLUMNS
    }


def _finite(rows, key):
    return [row[key] for row in rows if math.isfinite(row[key])]
