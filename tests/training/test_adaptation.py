"""Fine-tuning: it learns the user's chains and keeps to the original elsewhere."""

import numpy as np
import pytest
import torch

from protdiff.network.weights import load_weights, read_weights
from protdiff.training.adaptation import (
    ChainGroups,
    FinetuneSettings,
    finetune_chains,
    hold_out_chains,
)
from protdiff.training.batches import make_batch
from protdiff.training.chains import load_chains
from protdiff.training.losses import distillation_loss
from protdiff.training.objective import noise_of

FEW = dict(beads=256, held_out_batches=2, checks=2)


@pytest.fixture
def chains(tiny_archive):
    return load_chains(tiny_archive, "train")


def quiet(text):
    pass


def test_learning_lowers_the_loss_of_the_chains(chains, tiny_weights, tmp_path):
    settings = FinetuneSettings(rank=4, steps=120, learning_rate=2e-2, keep=0, **FEW)
    out = tiny_weights.parent / "learned.safetensors"
    results = finetune_chains(
        ChainGroups(chains, chains), out, weights=tiny_weights, settings=settings, report=quiet
    )
    # The last layer of the tiny network is random: it has everything to learn.
    assert results["loss_after"] < 0.9 * results["loss_before"]
    assert set(results["bands_after"]) == set(results["bands_before"])
    assert read_weights(out)[0]["card"]["steps"] == results["steps"] == 120
    load_weights(out)


def test_equal_commands_give_equal_weights(chains, tiny_weights):
    settings = FinetuneSettings(rank=2, steps=3, **FEW)
    files = [tiny_weights.parent / f"equal{k}.safetensors" for k in "01"]
    for file in files:
        finetune_chains(
            ChainGroups(chains, chains), file, weights=tiny_weights, settings=settings, report=quiet
        )
    assert files[0].read_bytes() == files[1].read_bytes()


def test_all_weights_can_be_trained(chains, tiny_weights, tmp_path):
    settings = FinetuneSettings(rank=None, steps=3, **FEW)
    out = tmp_path / "full.safetensors"
    finetune_chains(
        ChainGroups(chains, chains), out, weights=tiny_weights, settings=settings, report=quiet
    )
    old, new = (load_weights(path).state_dict() for path in (tiny_weights, out))
    assert old.keys() == new.keys()
    assert sum(not torch.equal(old[name], new[name]) for name in old) > 20


def test_weights_that_got_worse_are_not_kept(chains, tiny_weights):
    settings = FinetuneSettings(rank=2, steps=4, learning_rate=5.0, keep=0, **FEW)
    out = tiny_weights.parent / "worse.safetensors"
    results = finetune_chains(
        ChainGroups(chains, chains), out, weights=tiny_weights, settings=settings, report=quiet
    )
    assert results["loss_after"] <= results["loss_before"]


def test_rehearsal_keeps_the_network_near_the_original(chains, tiny_weights, tiny_denoiser):
    """The more of the steps are rehearsals, the nearer it stays on the rehearsed chains."""
    distances = []
    config = FinetuneSettings(beads=256).training()
    batch = make_batch(chains, tiny_denoiser.recipe, config, 50)
    flow, epsilon, u = noise_of(tiny_denoiser, batch, 0)
    for keep in (0.0, 0.8):
        settings = FinetuneSettings(rank=4, steps=40, learning_rate=1e-2, keep=keep, **FEW)
        out = tiny_weights.parent / f"keep{keep}.safetensors"
        finetune_chains(
            ChainGroups(chains, chains, chains), out, weights=tiny_weights, settings=settings,
            report=quiet,
        )  # fmt: skip
        tuned = load_weights(out)
        loss = distillation_loss(tuned, tiny_denoiser, flow, batch, epsilon, u, 0.03)
        distances.append(float(loss))
    assert 0 < distances[1] < 0.8 * distances[0]


def test_clusters_are_held_out_whole(chains):
    chains.table["cluster"] = np.arange(len(chains)) // 2
    train, held_out, one_sequence = hold_out_chains(chains, 0.2)
    assert not one_sequence and len(train) + len(held_out) == len(chains)
    assert not set(train.table["cluster"]) & set(held_out.table["cluster"])
    chains.table["cluster"] = 5
    train, held_out, one_sequence = hold_out_chains(chains, 0.2)
    # A family of similar sequences is one cluster, and still not an ensemble.
    assert not one_sequence and len(held_out) >= 1
    chains.table["sequence"] = 7
    assert hold_out_chains(chains, 0.2)[2]
    with pytest.raises(ValueError, match="too few"):
        hold_out_chains(chains.take(np.arange(1)), 0.2)
