"""`protdiff doctor`: is this installation sound?"""

import platform
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

__all__ = ["doctor"]

PACKAGES = ("torch", "e3nn", "numpy", "biotite", "biopython", "mdtraj", "safetensors", "matplotlib")


def doctor(
    weights: Annotated[str | None, typer.Option(help="Weights to check.")] = None,
):
    """Print versions, devices and the weights' checksum, and run a self-test of seconds."""
    import torch

    from .. import __version__
    from ..network.weights import file_digest, find_weights, load_weights
    from ..sampling.plan import Request
    from ..sampling.sample import sample
    from ..sampling.settings import SamplingSettings

    def line(name, text):
        print(f"{name:<14}{text}")

    line("protdiff", __version__)
    line("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in PACKAGES:
        try:
            line(package, version(package))
        except PackageNotFoundError:
            line(package, "MISSING")
    cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else "no"
    mps = "yes" if torch.backends.mps.is_available() else "no"
    line("devices", f"cpu ({torch.get_num_threads()} threads), cuda: {cuda}, mps: {mps}")
    path = find_weights(weights)
    denoiser = load_weights(path)
    parameters = sum(p.numel() for p in denoiser.parameters())
    line("weights", f"{path.stem}, {parameters / 1e6:.2f} M parameters, checksum correct")
    line("", f"SHA-256 {file_digest(path)}")
    failures = []
    for name, check in (("equivariance", equivariance_error), ("sampler", sampler_error)):
        error, limit = check(denoiser)
        line(name, f"{'ok' if error < limit else 'FAILED'} (error {error:.1e}, limit {limit:.0e})")
        failures += [name] if not error < limit else []
    began = time.perf_counter()
    sample(denoiser, [Request(0, 64)], SamplingSettings(steps=10))
    line("generation", f"64 residues in 10 steps: {time.perf_counter() - began:.1f} s")
    if failures:
        print(f"self-test failed: {', '.join(failures)}; reinstall protdiff")
        raise typer.Exit(1)


def equivariance_error(denoiser):
    """Largest change when a chain is rotated before or after denoising, and its limit, Å."""
    import torch
    from e3nn import o3

    generator = torch.Generator().manual_seed(0)
    flow, denoise = denoiser.bind([48])
    x = flow.prior_sample(torch.randn(1, 96, 3, generator=generator, dtype=torch.float64))
    rotation = o3.angles_to_matrix(*torch.tensor([0.3, 1.1, 2.0], dtype=torch.float64))
    u = torch.tensor([0.4], dtype=torch.float64)
    with torch.inference_mode():
        error = denoise(x, u) @ rotation.T - denoise(x @ rotation.T, u)
    return float(error.abs().max()), 1e-3


def sampler_error(denoiser):
    """Largest relative error of the variances that one exact sampler step makes, and its limit.

    It starts from the Gaussian chain's own law at time 1: the prior differs from it, if little.
    """
    import torch

    from ..flow import ancestral, gaussian_oracle, uniform_times

    flow = denoiser.recipe([48])
    before, after = (flow.kernel(torch.full((1,), u, dtype=torch.float64)).total for u in (1, 0))

    def variance(start, noise):
        """Of the state after the step, for a start and a noise of fixed sizes."""
        states = []
        ancestral(
            gaussian_oracle(flow), flow, uniform_times(2),
            lambda: torch.full((1, 96, 3), noise, dtype=torch.float64),
            start=start * before.sqrt()[..., None].expand(1, 96, 3),
            callback=lambda _step, _u, x, _clean: states.append(x),
        )  # fmt: skip
        return states[-1][0, :, 0] ** 2

    made = (variance(1.0, 0.0) + variance(0.0, 1.0))[flow.mask[0]]
    exact = after[0][flow.mask[0]]
    return float((made / exact - 1).abs().max()), 1e-6
