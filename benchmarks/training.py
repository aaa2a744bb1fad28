"""Speed of training: chains a second against length, batch and beads, and what limits it.

    python benchmarks/training.py --data DATASET --out benchmarks/training.md
                                  [--kinds eager compiled bf16] [--seconds 6] [--device cpu]

A row is one level: full chains of one length, or longer chains decimated to some beads. Times are
of forward, backward and optimiser after warm-up; making the batch is timed apart. The line "flow"
is the average over the flow: the first batches that training draws, equal in every row. The
messages of one attention head are then timed beside e3nn's tensor product over all pairs, which
gives the same numbers.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from e3nn import o3
from results import markdown_tables, write_result

import protdiff
from protdiff.network.numerics import flush_denormals
from protdiff.network.weights import DEFAULT, load_weights
from protdiff.training import batch_draws
from protdiff.training.batches import make_batch
from protdiff.training.chains import load_chains, on_device
from protdiff.training.config import TrainingConfig
from protdiff.training.objective import batch_loss
from protdiff.training.trainer import Trainer

ROWS = [("full", 64), ("full", 100), ("full", 200), ("16", 100), ("32", 100), ("64", 100)]
#: Steps before the clock starts; code is compiled anew for every kind of call.
WARM_UP = {"eager": 2, "bf16": 2, "compiled": 30, "compiled bf16": 30}
EDGES = 4
#: Steps of the average over the flow, and until every kind of batch has been seen on a GPU.
FLOW_STEPS, CAPTURES = 40, 400


def measure(denoiser, chains, config, seconds, warm_up, level=None, length=None):
    """Chains, steps, seconds of computing and of making batches.

    For so many seconds, or without a level over the steps of `FLOW_STEPS`.
    """
    optimiser = torch.optim.AdamW(denoiser.network.parameters(), lr=1e-6)
    draw, counts, spent = batch_draws.draw_level, [], np.zeros(2)
    if level is not None:
        fixed = level if level == "full" else int(level)
        batch_draws.draw_level = lambda *_: (fixed, length)
    try:
        step = 0
        while len(counts) < FLOW_STEPS if level is None else spent.sum() < seconds:
            start = time.perf_counter()
            batch = make_batch(chains, denoiser.recipe, config, abs(step - warm_up))
            middle = time.perf_counter()
            loss, _ = batch_loss(denoiser, batch, config, step)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            if denoiser.device.type == "cuda":
                torch.cuda.synchronize()
            end = time.perf_counter()
            if step >= warm_up:
                counts.append(len(batch.lengths))
                spent += middle - start, end - middle
            step += 1
    finally:
        batch_draws.draw_level = draw
    return sum(counts), len(counts), *spent


def table(kind, options, chains):
    """Rows of one kind of arithmetic."""
    denoiser = load_weights(device=options.device)
    denoiser.network.requires_grad_(True).train()
    if "bf16" in kind:
        denoiser.network.use_bf16()
    if "compiled" in kind:
        denoiser.network.compile()
    for beads in options.beads:
        config = TrainingConfig(data=".", out=".", beads=beads, device=options.device)
        for level, length in [*ROWS, (None, None)]:
            subset = chains
            if level not in (None, "full"):
                near = np.abs(chains.lengths - length) <= 10
                subset = chains.take(np.flatnonzero(near))
            count, steps, data, work = measure(
                denoiser, subset, config, options.seconds, WARM_UP[kind], level, length
            )
            rate = count / (data + work)
            size = {None: 0, "full": length}.get(level, level)
            per_second = f"{rate * int(size):.0f}" if size else ""
            yield (
                f"| {kind} | {level or 'flow'} | {length or ''} | {beads} | {count / steps:.1f} "
                f"| {rate:.1f} | {per_second} | {100 * data / (data + work):.1f} % |"
            )


def captured(options, chains):
    """Row: the average over the flow on a GPU, with every kind of batch captured beforehand."""
    config = TrainingConfig(
        data=".", out=".", initial=DEFAULT, network={"self_conditioning": True},
        beads=options.beads[-1], device=options.device,
    )  # fmt: skip
    trainer, chains = Trainer(config), on_device(chains, options.device)
    for rate, steps in ((0.0, CAPTURES), (1e-6, 10 * FLOW_STEPS)):
        torch.cuda.synchronize()
        count, start = 0, time.perf_counter()
        for _ in range(steps):
            count += trainer.train_step(chains, rate)[2]
        torch.cuda.synchronize()
        spent = time.perf_counter() - start
    yield (
        f"| captured | flow | | {config.beads} | {count / steps:.1f} | {count / spent:.1f} | | "
        "none |"
    )


def matrix_share(chains):
    """Share of matrix products in the time of an eager step of five full chains of 100 residues."""
    denoiser = load_weights()
    denoiser.network.requires_grad_(True).train()
    draw, config = batch_draws.draw_level, TrainingConfig(data=".", out=".", beads=512)
    batch_draws.draw_level = lambda *_: ("full", 100)
    try:
        for step in range(2):  # the first warms up
            batch = make_batch(chains, denoiser.recipe, config, step)
            with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as run:
                batch_loss(denoiser, batch, config, step, 0)[0].backward()
    finally:
        batch_draws.draw_level = draw
    times = {event.key: event.self_cpu_time_total for event in run.key_averages()}
    products = sum(times.get(f"aten::{name}", 0) for name in ("mm", "bmm", "addmm", "baddbmm"))
    return products / sum(times.values())


def own_messages(x, weight, along, vectors):
    """Sums over neighbours of w r s, w r·v and w r×v, as `protdiff.network.attention.Attention`."""
    origin = x[:, :, None]
    values = [
        along, (along[..., None] * origin).flatten(-2), (vectors * origin).sum(-1),
        vectors.flatten(-2), torch.linalg.cross(origin, vectors, dim=-1).flatten(-2),
    ]  # fmt: skip
    e = along.shape[-1]
    total, moment, dot, vsum, cross = (weight @ torch.cat(values, -1)).split(
        [e, 3 * e, e, 3 * e, 3 * e], -1
    )
    vsum = vsum.unflatten(-1, (-1, 3))
    toward = moment.unflatten(-1, (-1, 3)) - origin * total[..., None]
    dot = dot - (origin * vsum).sum(-1)
    cross = cross.unflatten(-1, (-1, 3)) - torch.linalg.cross(origin, vsum, dim=-1)
    return torch.cat([toward.flatten(-2), dot, cross.flatten(-2)], -1)


def e3nn_messages():
    """The same by an e3nn tensor product of every edge, summed with the weights."""
    e = EDGES
    product = o3.TensorProduct(
        f"{e}x0e + {e}x1e", "1x1e", f"{e}x1e + {e}x0e + {e}x1e",
        [(0, 0, 0, "uvu", False), (1, 0, 1, "uvu", False), (1, 0, 2, "uvu", False)],
        irrep_normalization="norm", path_normalization="none",
    )  # fmt: skip

    def messages(x, weight, along, vectors):
        edges = x[:, None] - x[:, :, None]  # from bead i to j
        features = torch.cat([along, vectors.flatten(-2)], -1)
        pairs = product(features[:, None].expand(-1, x.shape[1], -1, -1), edges)
        return (weight[..., None] * pairs).sum(2)

    return messages


def messages(options):
    """Rows: milliseconds of one head's messages and their gradients, by the package and by e3nn."""
    theirs = e3nn_messages()
    for size in (64, 128, 256):
        generator = torch.Generator().manual_seed(0)
        draw = (torch.randn(*s, generator=generator) for s in ((4, size, 3), (4, size, EDGES)))
        x, along = (t.to(options.device).requires_grad_() for t in draw)
        vectors = torch.randn(4, size, EDGES, 3, generator=generator).to(options.device)
        weight = torch.rand(4, size, size, generator=generator).to(options.device) / size
        inputs = x, weight.requires_grad_(), along, vectors.requires_grad_()
        outputs = [f(*inputs) for f in (own_messages, theirs)]
        # e3nn's dot and cross products have other norms, and its cross product the other order.
        e, (ours, other) = EDGES, outputs
        scale = x.new_tensor([1.0] * 3 * e + [3**-0.5] * e + [-((2 / 3) ** 0.5)] * 3 * e)
        difference = float((other * scale - ours).detach().abs().max())
        times = [_milliseconds(f, inputs, options) for f in (own_messages, theirs)]
        yield (
            f"| {size} | {times[0]:.2f} | {times[1]:.1f} | {times[1] / times[0]:.0f} | "
            f"{difference:.0e} |"
        )


def _milliseconds(function, inputs, options):
    times = []
    for _ in range(12):
        start = time.perf_counter()
        function(*inputs).sum().backward()
        if options.device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times[2:]))


@flush_denormals()
def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--kinds", nargs="+", choices=WARM_UP, default=["eager", "compiled"])
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--beads", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    chains = load_chains(options.data, "train", max_length=256)
    lines = [
        "# Speed of training", "",
        f"The shipped network on {options.device}, {options.threads} compute thread(s), from "
        f"`python benchmarks/training.py --kinds {' '.join(options.kinds)}` (protdiff "
        f"{protdiff.__version__}). Half of the steps run the network twice (self-conditioning).",
        "", "| | level | length | beads in a batch | chains | chains/s | beads/s | data loading |",
        "| --- " * 8 + "|",
    ]  # fmt: skip

    def add(rows):
        for row in rows:
            print(row, flush=True)
            lines.append(row)
            if options.out:
                options.out.write_text("\n".join(lines) + "\n")

    for kind in options.kinds:
        add(table(kind, options, chains))
    if options.device == "cuda":
        add(captured(options, chains))
    if options.device == "cpu":
        share = matrix_share(chains)
        add(["", f"Matrix products take {share:.0%} of an eager step; the rest moves memory."])
    add([
        "", f"Messages of one head, {EDGES} channels, 4 chains, with gradients:", "",
        "| beads | package, ms | e3nn tensor product over pairs, ms | ratio | largest difference |",
        "| --- " * 5 + "|",
    ])  # fmt: skip
    add(messages(options))
    name = "training" if options.device == "cpu" else f"training_{options.device}"
    found = markdown_tables("\n".join(lines))
    write_result(name, {"tables": found}, device=options.device, cores=options.threads)


if __name__ == "__main__":
    main()
