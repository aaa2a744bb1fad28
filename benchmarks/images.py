"""RGDM's second application: the same flow core on images, 8x8 digits of scikit-learn.

    pip install scikit-learn && python benchmarks/images.py [--minutes 4] [--seeds 2]

Pixels in the two-dimensional cosine basis, RGDM's schedule and prior of images (GUD with a = 1 and
l = ln(k² + m²)) against VP with white noise: the same small convolutional network, steps and seeds.
A network that returns zero is the exact denoiser of the Gaussian with the data's mode variances.
Quality is the Fréchet distance of pixels between 600 samples and the 1,797 digits, each call count
with both samplers; the floor is that of 600 digits. Writes docs/pictures/images.png. Nothing of
this is in the package: it shows that the core does not know about proteins.
"""

import argparse
import time
from math import log, pi
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

from protdiff._system.files import save_figure
from protdiff.flow import GUD, VP, Flow, cosine_modes, ode_2m, sde_2m, uniform_times
from protdiff.metrics.frechet import frechet_distance

SIDE = 8
MASS = 0.05 * pi  # RGDM's k_cutoff for CIFAR-10; its prior has m0 = 0.15 pi
SAMPLES = 600
CALLS = (5, 10, 20, 50, 100)
FIGURE = Path(__file__).parents[1] / "docs" / "pictures" / "images.png"


def digits():
    """Images (1797, 8, 8) with values from -1 to 1."""
    return torch.tensor(load_digits().images, dtype=torch.float32) / 8 - 1


def to_modes(images):
    v = cosine_modes(SIDE).float()
    return (v @ images @ v.T).flatten(-2)


def to_images(modes):
    v = cosine_modes(SIDE).float()
    return v.T @ modes.reshape(*modes.shape[:-1], SIDE, SIDE) @ v


def momenta():
    k = pi / SIDE * torch.arange(SIDE, dtype=torch.float64)
    return (k[:, None] ** 2 + k**2).sqrt().flatten()


def flows(variance):
    """RG and VP for a data variance (64,); the same first and last signal of the slowest mode."""
    k = momenta()
    fast, slow = float(k.max()), float(k.min())
    low, high = -9.2, 4.0  # RGDM's end points: DDPM's first and about its last step
    schedules = {
        "RG (RGDM's images)": (
            GUD(slow, fast, 1.0, low, high + log(4), mass_squared=MASS**2),
            (0.15 * pi) ** 2 / (k**2 + MASS**2),
        ),
        "VP, white noise": (VP(low, high + log(4)), torch.ones(64, dtype=torch.float64)),
    }
    named_flows = {}
    for name, (schedule, prior) in schedules.items():
        rows = (k[None], variance.double()[None], prior[None])
        named_flows[name] = Flow(*rows, torch.ones(1, 64, dtype=bool), schedule)
    return named_flows


class Network(nn.Module):
    """Four residual 3x3 convolutions, shown the time by a shift and a scale."""

    def __init__(self, channels=48, blocks=4):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(9, 64), nn.SiLU(), nn.Linear(64, 2 * blocks * channels))
        self.enter = nn.Conv2d(2, channels, 3, padding=1)
        self.norms = nn.ModuleList(nn.GroupNorm(8, channels) for _ in range(blocks))
        self.convs = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(blocks)
        )
        self.leave = nn.Conv2d(channels, 1, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, images, u):
        wave = u.float()[:, None] * torch.tensor([1.0, 2, 4, 8]) * pi
        features = torch.cat([u.float()[:, None], wave.sin(), wave.cos()], 1)
        scale, shift = (
            self.time(features)[..., None, None].unflatten(1, (2, len(self.convs), -1)).unbind(1)
        )
        x = self.enter(images)
        for i, (norm, conv) in enumerate(zip(self.norms, self.convs, strict=True)):
            x = x + conv(nn.functional.silu(norm(x) * (1 + scale[:, i]) + shift[:, i]))
        return self.leave(x)[:, 0]


def bind(flow, network):
    """The denoise protocol: preconditioning per mode, images in and out of the network."""

    def output(x, u):
        k = flow[torch.zeros(len(x), dtype=torch.long)].kernel(u)
        white, wiener = (c[..., None] * x for c in (k.c_in, k.c_skip))
        images = torch.stack([to_images(v[..., 0].float()) for v in (white, wiener)], 1)
        return k, to_modes(network(images, u))[..., None]

    def denoise(x, u):
        k, f = output(x, u)
        return k.c_skip[..., None] * x + k.c_out[..., None] * f.to(x.dtype)

    return denoise, output


def train(flow, modes, mean, minutes, seed):
    """The averaged network of a run; equal steps for equal seconds of one core."""
    torch.manual_seed(seed)
    network = Network()
    average = {k: v.clone() for k, v in network.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01)
    _, output = bind(flow, network)
    generator, began, step = torch.Generator().manual_seed(seed), time.process_time(), 0
    while (spent := time.process_time() - began) < 60 * minutes:
        optimiser.param_groups[0]["lr"] = 1e-3 * min(1, 2 * (1 - spent / (60 * minutes)))
        clean = (modes[torch.randint(len(modes), (128,), generator=generator)] - mean)[..., None]
        u = (torch.arange(128) + torch.rand(128, generator=generator)).double() / 128
        noisy = flow[torch.zeros(128, dtype=torch.long)].noise(
            clean.double(), u, torch.randn(clean.shape, generator=generator).double()
        )
        k, predicted = output(noisy, u)
        target = (clean - k.c_skip[..., None] * noisy) / k.c_out[..., None]
        weight = k.alpha[..., None] ** 2
        loss = (weight * (predicted - target).square()).sum() / weight.sum()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step += 1
        decay = min(0.999, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            average[name].lerp_(value, 1 - decay)
    network.load_state_dict(average)
    return network.eval(), step


@torch.inference_mode()
def draw(flow, network, calls, sampler, count, mean, seed):
    denoise, _ = bind(flow, network)
    rows = flow[torch.zeros(count, dtype=torch.long)]
    generator = torch.Generator().manual_seed(seed)

    def noise():
        return torch.randn(count, 64, 1, generator=generator, dtype=torch.float64)

    clean = sampler(denoise, rows, uniform_times(calls), noise)[..., 0].float() + mean
    return to_images(clean)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=4, help="of one core per network")
    parser.add_argument("--seeds", type=int, default=2)
    options = parser.parse_args()
    torch.set_flush_denormal(True)
    images = digits()
    modes = to_modes(images)
    mean = modes.mean(0)
    variance = (modes - mean).square().mean(0).clamp_min(1e-3)
    pixels = images.flatten(1).numpy().astype(float)
    order = np.random.default_rng(0).permutation(len(pixels))
    floor = frechet_distance(pixels[order[:SAMPLES]], pixels)
    results, shown = {}, {}
    for name, flow in flows(variance).items():
        for seed in range(options.seeds):
            network, steps = train(flow, modes, mean, options.minutes, seed)
            for sampler in (ode_2m, sde_2m):
                for calls in CALLS:
                    samples = draw(flow, network, calls, sampler, SAMPLES, mean, 9)
                    distance = frechet_distance(samples.flatten(1).numpy().astype(float), pixels)
                    results.setdefault((name, sampler.__name__, calls), []).append(distance)
                    if not seed and sampler is ode_2m and calls in (5, 20):
                        shown[name, calls] = samples[:20]
            print(f"{name}, seed {seed}: {steps} steps", flush=True)
    print(f"\nFréchet distance of pixels to the digits; floor of {SAMPLES} digits {floor:.2f}")
    print("| flow | sampler | " + " | ".join(f"{c} calls" for c in CALLS) + " |")
    print("| --- | --- |" + " --- |" * len(CALLS))
    for name in flows(variance):
        for sampler in ("ode_2m", "sde_2m"):
            cells = [
                f"{np.mean(v):.2f} ± {np.ptp(v) / 2:.2f}"
                for v in (results[name, sampler, calls] for calls in CALLS)
            ]
            print(f"| {name} | {sampler} | {' | '.join(cells)} |")
    plot(results, shown, floor, images)


def plot(results, shown, floor, images):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
    for name, colour in zip(dict.fromkeys(n for n, *_ in results), ("#d7352f", "#2f6fd0"),
                            strict=True):  # fmt: skip
        for sampler, style in (("ode_2m", "o-"), ("sde_2m", "s--")):
            values = np.array([results[name, sampler, calls] for calls in CALLS])
            left.plot(CALLS, values.mean(1), style, color=colour, label=f"{name}, {sampler}", ms=4)
            left.fill_between(CALLS, values.min(1), values.max(1), color=colour, alpha=0.15, lw=0)
    left.axhline(floor, color="0.5", ls=":", lw=1)
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_xlabel("network calls")
    left.set_title("Fréchet distance of pixels", fontsize=10)
    left.legend(frameon=False, fontsize=8)
    rows = [("digits", images[:20]), *((f"{n}, {c} calls", v) for (n, c), v in shown.items())]
    wall = np.concatenate([np.concatenate(list(v.numpy()), 1) for _, v in rows])
    right.imshow(wall, cmap="gray_r", vmin=-1, vmax=1)
    right.set_yticks([SIDE * i + 3.5 for i in range(len(rows))], [t for t, _ in rows], fontsize=8)
    right.set_xticks([])
    save_figure(figure, FIGURE)


if __name__ == "__main__":
    main()
