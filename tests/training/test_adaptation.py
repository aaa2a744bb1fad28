"""Fine-tuning: it learns the user's chains and keeps to the original elsewhere."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import protdiff
from protdiff.dataset.memory import chain_set
from protdiff.network.weights import load_weights, read_weights
from protdiff.training import adaptation as tuning
from protdiff.training.adaptation import FinetuneSettings, finetune_chains, hold_out_chains
from protdiff.training.batches import make_batch
from protdiff.training.chains import load_chains
from protdiff.training.finetune import nearest_conformation, portrait
from protdiff.training.losses import distillation_loss
from protdiff.training.objective import earlier_call, noise_of

from ..conftest import ROOT

FEW = dict(beads=256, held_out_batches=2, checks=2)


@pytest.fixture
def chains(tiny_archive):
    return load_chains(tiny_archive, "train")


def quiet(text):
    pass


def test_learning_lowers_the_loss_of_the_chains(chains, tiny_weights, tmp_path):
    settings = FinetuneSettings(rank=4, steps=120, learning_rate=2e-2, keep=0, **FEW)
    out = tiny_weights.parent / "learned.safetensors"
    found = finetune_chains(
        chains, chains, out, weights=tiny_weights, settings=settings, report=quiet
    )
    # The last layer of the tiny network is random: it has everything to learn.
    assert found["loss_after"] < 0.9 * found["loss_before"]
    assert set(found["bands_after"]) == set(found["bands_before"])
    assert read_weights(out)[0]["card"]["steps"] == found["steps"] == 120
    load_weights(out)


def test_equal_commands_give_equal_weights(chains, tiny_weights):
    settings = FinetuneSettings(rank=2, steps=3, **FEW)
    files = [tiny_weights.parent / f"equal{k}.safetensors" for k in "01"]
    for file in files:
        finetune_chains(chains, chains, file, weights=tiny_weights, settings=settings, report=quiet)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_all_weights_can_be_trained(chains, tiny_weights, tmp_path):
    settings = FinetuneSettings(rank=None, steps=3, **FEW)
    out = tmp_path / "full.safetensors"
    finetune_chains(chains, chains, out, weights=tiny_weights, settings=settings, report=quiet)
    old, new = (load_weights(path).state_dict() for path in (tiny_weights, out))
    assert old.keys() == new.keys()
    assert sum(not torch.equal(old[name], new[name]) for name in old) > 20


def test_weights_that_got_worse_are_not_kept(chains, tiny_weights):
    settings = FinetuneSettings(rank=2, steps=4, learning_rate=5.0, keep=0, **FEW)
    out = tiny_weights.parent / "worse.safetensors"
    found = finetune_chains(
        chains, chains, out, weights=tiny_weights, settings=settings, report=quiet
    )
    assert found["loss_after"] <= found["loss_before"]


def test_distillation_is_zero_for_the_same_network_only(chains, tiny_denoiser):
    config = FinetuneSettings(beads=256).training()
    batch = make_batch(chains, tiny_denoiser.recipe, config, 1)
    flow, epsilon, u = noise_of(tiny_denoiser, batch, 0)
    same = distillation_loss(tiny_denoiser, tiny_denoiser, flow, batch, epsilon, u, 0.03)
    assert same == 0
    gaussian = type(tiny_denoiser)(tiny_denoiser.network.config, tiny_denoiser.recipe)
    assert distillation_loss(gaussian, tiny_denoiser, flow, batch, epsilon, u, 0.03) > 1e-3


def test_rehearsal_reaches_what_the_network_makes_of_an_earlier_estimate(chains, tiny_denoiser):
    """Networks that differ in that alone are told apart once they are shown one."""
    config = FinetuneSettings(beads=256).training()
    batch = make_batch(chains, tiny_denoiser.recipe, config, 1)
    flow, epsilon, u = noise_of(tiny_denoiser, batch, 0)
    sizes = replace(tiny_denoiser.network.config, self_conditioning=True)
    base, other = (type(tiny_denoiser)(sizes, tiny_denoiser.recipe) for _ in "12")
    for one in (base, other):
        one.load_state_dict(tiny_denoiser.state_dict(), strict=False)
    torch.nn.init.normal_(other.network.previous_scalars.weight)
    calls = None, earlier_call(u, epsilon)
    losses = [distillation_loss(other, base, flow, batch, epsilon, u, 0.03, c) for c in calls]
    assert losses[0] == 0 and losses[1] > 1e-3


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
            chains, chains, out, weights=tiny_weights, rehearsal=chains, settings=settings,
            report=quiet,
        )  # fmt: skip
        tuned = load_weights(out)
        loss = distillation_loss(tuned, tiny_denoiser, flow, batch, epsilon, u, 0.03)
        distances.append(float(loss))
    assert 0 < distances[1] < 0.8 * distances[0]


def test_clusters_are_held_out_whole(chains):
    chains.table["cluster"] = np.arange(len(chains)) // 2
    train, held_out, random = hold_out_chains(chains, 0.2)
    assert not random and len(train) + len(held_out) == len(chains)
    assert not set(train.table["cluster"]) & set(held_out.table["cluster"])
    chains.table["cluster"] = 5
    train, held_out, random = hold_out_chains(chains, 0.2)
    assert random and len(held_out) >= 1
    with pytest.raises(ValueError, match="too few"):
        hold_out_chains(chains.take(np.arange(1)), 0.2)


def test_chains_of_backbones(chains):
    backbone = protdiff.read(ROOT / "data" / "examples" / "1a8o.pdb.gz")
    short = backbone[:10]
    found, rejected = chain_set([backbone, short])
    assert [chain.name for chain in found] == ["0_A"] and rejected[0].name == "1_A"
    np.testing.assert_allclose(found[0].backbone().ca, backbone.ca - backbone.ca.mean(0), atol=0.01)
    with pytest.raises(ValueError, match="no chain was kept, 1 rejected; the first: 0_A: longest"):
        chain_set([short])


def test_portrait_of_the_chains_themselves(chains):
    backbones = [chain.backbone() for chain in chains]
    numbers = portrait(backbones, chains, ensemble=True)
    assert numbers["frechet"] == pytest.approx(0, abs=1e-3) and numbers["rmsd"] < 1e-3
    for key in ("helix", "strand", "rg_ratio"):
        assert numbers[key] == numbers[f"user_{key}"]


def test_nearest_conformation(chains):
    backbone = chains[0].backbone()
    moved = protdiff.Backbone.from_coords(-backbone.coords)
    same = protdiff.Backbone.from_coords(backbone.coords[:, :, [1, 2, 0]] + 5)
    near = nearest_conformation([same, moved, backbone[:30]], chains)
    assert near[0] < 1e-6 < 1 < near[1] and np.isnan(near[2])


def test_from_backbones_to_weights(tiny_weights, chains):
    lines = []
    numbers = protdiff.finetune(
        [chain.backbone() for chain in chains], tiny_weights.parent / "mine.safetensors",
        weights=tiny_weights, hold_out=0.3, samples=2, report=lines.append,
        settings=FinetuneSettings(rank=2, steps=2, **FEW),
    )  # fmt: skip
    assert numbers["chains"] == len(chains) and numbers["rejected"] == 0 and numbers["steps"] == 2
    assert {"frechet", "helix", "user_helix"} <= numbers["before"].keys() == numbers["after"].keys()
    assert any("held-out loss" in line for line in lines)
    [backbone] = protdiff.generate(30, steps=4, weights=tiny_weights.parent / "mine.safetensors")
    assert len(backbone) == 30 and json.dumps(numbers)


@pytest.mark.parametrize(("keep", "rehearsals"), [(None, 0.0), (0.5, 0.5)])
def test_one_sequence_is_learned_without_rehearsal_unless_asked(
    tiny_weights, chains, monkeypatch, keep, rehearsals
):
    """Conformations of one chain: no fold but theirs is kept, and coarse scales come more often."""
    seen = []
    monkeypatch.setattr(
        tuning, "finetune_chains", lambda *_, settings, **__: seen.append(settings) or {}
    )
    real, rng = chains[0].backbone(), np.random.default_rng(0)
    moved = [real.coords + np.cumsum(0.05 * rng.normal(size=(len(real), 1, 3)), 0) for _ in "1234"]
    frames = [protdiff.Backbone.from_coords(coords, real.sequence) for coords in moved]
    for structures in (frames, [chain.backbone() for chain in chains]):
        protdiff.finetune(
            structures, tiny_weights.parent / "x.safetensors", weights=tiny_weights, samples=0,
            hold_out=0.3, settings=FinetuneSettings(keep=keep), report=quiet,
        )  # fmt: skip
    one, many = seen
    assert one.keep == rehearsals and one.full_share < many.full_share
    assert many == FinetuneSettings(keep=keep)


def test_bad_places(tmp_path, chains):
    backbones = [chain.backbone() for chain in chains]
    for out in (tmp_path / "x.pt", tmp_path / "none" / "x.safetensors"):
        with pytest.raises(ValueError, match=r"must end in \.safetensors and lie in a folder"):
            protdiff.finetune(backbones, out)
