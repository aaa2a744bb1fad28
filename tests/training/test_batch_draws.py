"""Random choices of batches: repeatable, and on the level that they say."""

import numpy as np
import torch

from protdiff.flow import rg_cutoff
from protdiff.network.decimation import bead_count
from protdiff.network.parametrisation import active_modes
from protdiff.training.batch_draws import cutoff_range, draw, log_cutoffs
from protdiff.training.batches import make_batch


def test_batch_is_a_pure_function_of_seed_and_step(chains, recipe, config):
    batch, same, other = (make_batch(chains, recipe, config, step) for step in (3, 3, 4))
    assert torch.equal(batch.clean, same.clean) and torch.equal(batch.log_cutoff, same.log_cutoff)
    assert torch.equal(batch.conditions, same.conditions)
    assert batch.clean.shape != other.clean.shape or not torch.equal(batch.clean, other.clean)


def test_batch_stays_on_its_level(chains, recipe, config):
    levels = set()
    for step in range(40):
        batch = make_batch(chains, recipe, config, step)
        flow = recipe(batch.lengths, batch.clean.shape[1] // 2)
        u = flow.schedule.time_of(batch.log_cutoff)
        active = active_modes(flow.kernel(u).alpha, flow.mask)
        size = batch.clean.shape[1] // 2
        for row, n in enumerate(batch.lengths):
            links = bool(active[row, size:].any())
            beads = n if links else bead_count(int(active[row, :size].sum()) + 1, n)
            assert (str(beads) == batch.level) or (batch.level == "full" and beads == n)
        assert float(u.min()) > -1e-9 and float(u.max()) < 1 + 1e-9
        levels.add(batch.level)
    assert {"full", "16"} <= levels


def test_times_where_the_links_are_decided(chains, recipe, config):
    """Of full chains the chosen share, and of the others as many as chance sends there."""
    config = config.model_copy(update={"full_share": 0.7, "beads": 2048})
    least, most = (float(rg_cutoff(2 * torch.pi, x, recipe.regulator).log()) for x in (1e-6, 0.95))
    inside, expected, number = 0.0, 0.0, 0
    for step in range(60):
        plain = draw(chains, recipe, config, step)
        drawn = draw(chains, recipe, config.model_copy(update={"link_share": 0.6}), step)
        for name in ("level", "size", "chains", "starts", "lengths", "rotations", "shown"):
            assert np.array_equal(getattr(plain, name), getattr(drawn, name))
        if drawn.level != "full":
            assert np.array_equal(plain.log_cutoff, drawn.log_cutoff)
            continue
        low, high = cutoff_range("full", drawn.lengths.tolist(), recipe)
        assert (drawn.log_cutoff >= low - 1e-9).all() and (drawn.log_cutoff <= high + 1e-9).all()
        inside += ((drawn.log_cutoff > least) & (drawn.log_cutoff < most)).sum()
        width = (np.minimum(most, high) - np.maximum(least, low)) / (high - low)
        expected, number = expected + (0.6 + 0.4 * width).sum(), number + len(width)
    # Numbers are drawn one in each of equal bins: far nearer than a binomial law's 3 %.
    assert abs(inside - expected) < 0.02 * number


def test_a_share_of_zero_or_one():
    uniform, ends = np.linspace(0.005, 0.995, 100), (np.full(100, -1.0), np.full(100, 4.0))
    assert np.array_equal(log_cutoffs(*ends, uniform, (0.0, 2.0), 0.0), -1 + 5 * uniform)
    assert np.allclose(log_cutoffs(*ends, uniform, (0.0, 2.0), 1.0), 2 * uniform)
    clipped = log_cutoffs(*ends, uniform, (-5.0, 0.0), 1.0)
    assert np.allclose(clipped, -1 + uniform)
