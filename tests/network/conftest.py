"""Tiny networks with random weights, and random rotations."""

from dataclasses import replace

import pytest
import torch
from e3nn import o3

from protdiff.flow import ChainFlow
from protdiff.flow.reference_spectrum import real_spectrum
from protdiff.network import Denoiser
from protdiff.network.beads import Beads

from ..conftest import TINY


@pytest.fixture(scope="session")
def tiny():
    return TINY


@pytest.fixture(scope="session")
def recipe():
    return ChainFlow(spectrum=real_spectrum())


@pytest.fixture(scope="session")
def make_denoiser(recipe):
    """Denoiser of a seed; its last layer, zero at the start of a training, is random too."""

    def make(seed=0, dtype=torch.float64, head=True, prior="measured"):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            denoiser = Denoiser(TINY, replace(recipe, prior=prior))
            if head:
                torch.nn.init.normal_(denoiser.network.head.weight)
        return denoiser.to(dtype).requires_grad_(False)

    return make


@pytest.fixture(scope="session")
def rotation():
    """Rotation matrix of a seed, float64: rows of vectors turn by `@ rotation.T`."""

    def make(seed=0):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return o3.rand_matrix(dtype=torch.float64)

    return make


@pytest.fixture(scope="session")
def draw():
    """Standard normal numbers of a seed, float64."""

    def make(*shape, seed=0):
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    return make


@pytest.fixture(scope="session")
def make_beads(draw, tiny):
    """Random walks of these lengths, padded to the longest, as the network sees them."""

    def make(lengths):
        batch, size, real = len(lengths), max(lengths), torch.tensor(lengths)[:, None]
        mask = torch.arange(size)[None] < real
        index = torch.arange(size) + 0.5
        ends = torch.stack([index.expand(batch, -1), (real - index).clamp_min(0)], -1)
        keep = mask[..., None]
        cutoff = torch.linspace(0.4, 1.1, batch)[:, None]
        return Beads(
            position=draw(batch, size, 3, seed=1).cumsum(1) * keep,
            signal=draw(batch, size, 3, seed=2) * keep,
            links=draw(batch, size, 4, 3, seed=3) * keep[..., None],
            conditions=draw(batch, size, tiny.conditions, seed=4) * keep,
            mask=mask,
            ends=ends.double(),
            time=torch.cat([cutoff, 0 * cutoff, real.log()], 1).double(),
        )

    return make


@pytest.fixture
def seeded():
    """Random numbers of torch from one seed, as before after the test."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
