"""Random choices of batches: repeatable, and on the level that they say."""

import torch

from protdiff.network.decimation import bead_count
from protdiff.network.denoiser import active_modes
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
