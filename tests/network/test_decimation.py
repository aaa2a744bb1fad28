"""RG decimation: exact for band-limited chains, both ways (docs/theory.md 5)."""

import math

import pytest
import torch

from protdiff.flow import cosine_modes
from protdiff.network.decimation import BEAD_COUNTS, bead_count, bead_spacing, pool_matrix


@pytest.mark.parametrize("length", [8, 15, 16, 40, 100, 257, 1000, 2048])
def test_bead_count_is_enough_monotone_and_never_above_the_chain(length):
    counts = [bead_count(active, length) for active in range(1, length + 1)]
    assert counts == sorted(counts)
    assert set(counts) <= {*BEAD_COUNTS, length} and max(counts) == length
    for active, beads in enumerate(counts, 1):
        assert beads == length or beads >= 1.25 * active
        assert beads >= active  # every active mode exists on the beads


def test_spacing_of_beads():
    assert bead_spacing(torch.tensor([100.0]), 100) == pytest.approx(3.8)
    assert bead_spacing(torch.tensor([320.0]), 10) == pytest.approx(3.8 * 8)


@pytest.mark.parametrize("beads", [5, 12, 30])
def test_pooling_is_the_mean_over_the_residues_of_a_bead(beads):
    lengths, size = [30, 41], 45
    pool = pool_matrix(torch.tensor(lengths, dtype=torch.float64), beads, size)
    assert torch.allclose(pool.sum(-1), torch.ones(2, beads), atol=1e-5)  # float32 sums
    assert (pool >= 0).all()
    # Coordinates: the mean of the residue centres is the centre of the bead, whole residues only.
    centres = pool[0] @ (torch.arange(size, dtype=torch.float32) + 0.5)
    expected = (torch.arange(beads) + 0.5) * 30 / beads
    if 30 % beads == 0:
        assert torch.allclose(centres, expected, atol=1e-4)
    assert pool[0, :, 30:].max() < 1e-5 and pool[1, :, 41:].max() < 1e-5


class Recorder(torch.nn.Module):
    """Stands in for the network: keeps what it sees, answers with a given chain."""

    def __init__(self, network, answer):
        super().__init__()
        self.config, self.head = network.config, network.head
        self.seen, self.answer = [], answer

    def forward(self, beads):
        self.seen.append(beads)
        return self.answer(beads), beads.links[:, :, 0]


@pytest.fixture
def record(make_denoiser):
    """Run one call of a recorded denoiser; returns what it saw, its output, and the flow."""

    def run(x, u, lengths, answer=lambda beads: torch.zeros_like(beads.position)):
        denoiser = make_denoiser()
        flow = denoiser.recipe(lengths)
        denoiser.network = recorder = Recorder(denoiser.network, answer)
        u = torch.full((len(lengths),), u, dtype=torch.float64)
        output, active = denoiser(x, u, lengths, flow)
        return recorder.seen, output, active, flow

    return run


@pytest.mark.parametrize(("u", "m"), [(0.5, 96), (0.55, 64), (0.65, 24), (0.85, 16)])
def test_the_network_sees_the_chain_at_equally_spaced_points(record, draw, u, m):
    """The cosine series at residue (j + 1/2) N/M - 1/2, in units of the bead spacing."""
    n = 100
    x = draw(1, 2 * n, 3)
    [seen], _, active, flow = record(x, u, [n])
    kernel = flow.kernel(torch.tensor([u], dtype=torch.float64))
    assert seen.position.shape == (1, m, 3)
    index = torch.arange(n, dtype=torch.float64)
    at = (index[:m] + 0.5) * n / m
    series = torch.cos(math.pi / n * index[:, None] * at) * (2 / n) ** 0.5
    shown = (x[0, :n] * active[0, :n, None]).double()
    wiener = series.T @ (kernel.c_skip[0, :n, None] * shown)
    assert torch.allclose(seen.position[0] * 3.8 * (n / m) ** 0.6, wiener, atol=1e-10)
    # The signal keeps unit variance per mode: orthonormal on M beads.
    white = series.T @ (kernel.c_in[0, :n, None] * shown) * (n / m) ** 0.5
    assert torch.allclose(seen.signal[0], white, atol=1e-10)
    assert (seen.links == 0).all() and seen.mask.all()
    assert torch.allclose(seen.ends[0].sum(-1), torch.tensor(float(n)).double())
    cutoff = flow.schedule.log_cutoff(u).exp()
    expected = torch.tensor([cutoff * n / m, n / m, n], dtype=torch.float64)
    assert torch.allclose(seen.time[0].exp(), expected, rtol=1e-6)


def test_at_full_resolution_the_network_sees_residues_and_links(record, draw):
    n = 40
    x = draw(1, 2 * n, 3)
    [seen], _, active, flow = record(x, 0.02, [n])
    kernel = flow.kernel(torch.tensor([0.02], dtype=torch.float64))
    assert active.sum() == 2 * (n - 1)
    residues = cosine_modes(n).T @ (kernel.c_skip * active)[0, :n, None].mul(x[0, :n])
    assert torch.allclose(seen.position[0] * 3.8, residues, atol=1e-10)
    wiener = (kernel.c_skip * active)[0, n:, None] * x[0, n:]
    assert torch.allclose(seen.links[0, :, 1], wiener, atol=1e-12)
    assert torch.allclose(seen.links[0, 1:, 3], wiener[:-1], atol=1e-12)  # the link before
    assert (seen.links[0, 0, 2:] == 0).all() and (seen.links[0, -1, :2] == 0).all()


@pytest.mark.parametrize("u", [0.05, 0.45, 0.5, 0.65])
def test_reading_back_recovers_the_active_modes(record, draw, u):
    """A network that answers with the signal it sees returns c_in x in active components."""
    lengths = [100, 80]
    x = draw(2, 200, 3)
    _, output, active, flow = record(x, u, lengths, answer=lambda beads: beads.signal)
    kernel = flow.kernel(torch.full((2,), u, dtype=torch.float64))
    expected = kernel.c_in[..., None] * x
    assert torch.allclose(output[active], expected[active], atol=1e-10)
    assert bool(active[:, 100:].any()) == (u == 0.05)
    assert (output[~active] == 0).all()


def test_distances_on_beads_do_not_depend_on_the_number_of_beads():
    """A band-limited chain on 32 and on 96 beads: every third bead sits at the same place."""
    n, active = 150, 20
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(active, 3, generator=generator, dtype=torch.float64)
    coarse, fine = ((m / n) ** 0.5 * cosine_modes(m)[:active].T @ x for m in (32, 96))
    apart = coarse[:, None] - coarse
    same = (fine[:, None] - fine)[1::3, 1::3]
    assert torch.allclose(apart.norm(dim=-1), same.norm(dim=-1), rtol=0, atol=1e-12)
