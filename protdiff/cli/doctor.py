"""`protdiff doctor`: is this installation sound?"""

from __future__ import annotations

import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from torch.nn import Module

    from ..network import Denoiser

__all__ = ["doctor"]

PACKAGES = ("torch", "e3nn", "numpy", "biotite", "biopython", "mdtraj", "safetensors", "matplotlib")


def doctor(
    weights: Annotated[
        str | None, typer.Option(help="Weights to check: shipped ones, or a file.")
    ] = None,
) -> None:
    """Print versions, devices and the checksum of the weights, and run a short self-test."""
    from ..network.weights import find_weights, load_weights
    from ..sequence.sequence_weights import find_sequence_weights, load_sequence_network

    _print_versions()
    path, types = find_weights(weights), find_sequence_weights()
    denoiser = load_weights(path)
    _print_weights("weights", path, denoiser)
    _print_weights("residue types", types, load_sequence_network(types))
    failures = _failed_checks(denoiser)
    _time_generation(path)
    if failures:
        print(f"self-test failed: {', '.join(failures)}; reinstall protdiff")
        raise typer.Exit(1)


def _print_line(name: str, text: str) -> None:
    print(f"{name:<14}{text}")


def _print_versions() -> None:
    import torch

    from .. import __version__

    _print_line("protdiff", __version__)
    system = f"{platform.system()} {platform.machine()}"
    _print_line("python", f"{platform.python_version()} on {system}")
    for package in PACKAGES:
        try:
            _print_line(package, version(package))
        except PackageNotFoundError:
            _print_line(package, "MISSING")
    cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else "no"
    mps = "yes" if torch.backends.mps.is_available() else "no"
    _print_line("devices", f"cpu ({torch.get_num_threads()} threads), cuda: {cuda}, mps: {mps}")


def _print_weights(name: str, path: Path, network: Module) -> None:
    from ..network.weights import file_digest

    parameters = sum(parameter.numel() for parameter in network.parameters())
    # Loading has checked them.
    _print_line(name, f"{path.stem}, {parameters / 1e6:.2f} M parameters, checksum correct")
    _print_line("SHA-256", file_digest(path))


def _failed_checks(denoiser: Denoiser) -> list[str]:
    """Run the checks; names of those that failed."""
    from ..analysis.self_test import check_equivariance, check_sampler

    failed: list[str] = []
    for name, check in (("equivariance", check_equivariance), ("sampler", check_sampler)):
        result = check(denoiser)
        verdict = "ok" if result.passed else "FAILED"
        _print_line(name, f"{verdict} (error {result.error:.1e}, limit {result.limit:.0e})")
        if not result.passed:
            failed.append(name)
    return failed


def _time_generation(weights: Path) -> None:
    from .. import design, generate

    began = time.perf_counter()
    [backbone] = generate(length=64, steps=10, weights=weights)
    generated = time.perf_counter()
    design(backbone, num=8)
    designed = time.perf_counter() - generated
    took = generated - began
    _print_line("generation", f"loading the weights and 64 residues in 10 steps: {took:.1f} s")
    _print_line("design", f"8 sequences for them: {designed:.1f} s")
