"""Fine-tuning: it learns the user's chains and keeps to the original elsewhere."""

import re
import warnings

import pytest
import torch

import protdiff
from protdiff.network.weights import load_weights, read_weights
from protdiff.training.adaptation import finetune_chains
from protdiff.training.batches import make_batch
from protdiff.training.chain_groups import ChainGroups
from protdiff.training.chains import load_chains
from protdiff.training.finetune_settings import FinetuneSettings
from protdiff.training.losses import distillation_loss
from protdiff.training.objective import noise_of

FEW = dict(beads=256, held_out_batches=2, checks=2)


@pytest.fixture
def chains(tiny_archive):
    return load_chains(tiny_archive, "train")


def quiet(text):
    pass


def test_learning_lowers_the_loss_of_the_chains(chains, tiny_weights, tmp_path):
    settings = FinetuneSettings(
        rank=4, steps=120, learning_rate=2e-2, keep=0, full_share=0.6, **FEW
    )
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


def run(chains, weights, name, changes=None, **options):
    """Results of a short run, and the file that it wrote."""
    settings = FinetuneSettings(**{"rank": 2, "steps": 4, "keep": 0} | FEW | (changes or {}))
    out = weights.parent / f"{name}.safetensors"
    options = {"report": quiet} | options
    results = finetune_chains(
        ChainGroups(chains, chains, others=chains), out, weights=weights, settings=settings,
        **options,
    )  # fmt: skip
    return results, out


def test_original_weights_are_kept_only_with_a_warning(chains, tiny_weights, tiny_denoiser):
    with pytest.warns(protdiff.ProtdiffWarning, match="worse.safetensors: NOTHING WAS LEARNED"):
        results, out = run(
            chains, tiny_weights, "worse", changes={"learning_rate": 5.0, "full_share": 0.6}
        )
    assert results["kept_step"] == 0 and results["steps"] == 4
    assert results["loss_after"] == results["loss_before"]
    # The same draws of unchanged weights: no difference at all, and no error.
    assert results["loss_change"] == results["others_change"] == {"mean": 0, "error": 0}
    old, new = (denoiser.state_dict() for denoiser in (tiny_denoiser, load_weights(out)))
    assert all(torch.equal(old[name], new[name]) for name in old)


def test_trained_weights_are_kept_when_the_loss_is_flat(chains, tiny_weights, tiny_denoiser):
    """A change within noise is no reason to hand back the original weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results, out = run(chains, tiny_weights, "flat", changes={"learning_rate": 1e-4})
    assert results["kept_step"] == 4 and abs(results["loss_change"]["mean"]) < 1e-3
    old, new = (denoiser.state_dict() for denoiser in (tiny_denoiser, load_weights(out)))
    assert not all(torch.equal(old[name], new[name]) for name in old)


def test_every_check_says_how_far_the_loss_is(chains, tiny_weights):
    lines, shares = [], []
    run(chains, tiny_weights, "lines", report=lines.append, progress=shares.append)
    assert lines[0].startswith("held-out loss ") and shares == [0.25, 0.5, 0.75, 1]
    for line, begin in zip(lines[1:], ("step 2 (50 %)", "step 4 (100 %)"), strict=True):
        assert re.fullmatch(
            re.escape(begin) + r": held-out loss [\d.]+, [+-][\d.]+ ± [\d.]+ %", line
        )


def interrupt_after(share):
    def progress(done):
        if done > share:
            raise KeyboardInterrupt

    return progress


def test_interrupted_the_best_so_far_is_kept(chains, tiny_weights):
    lines = []
    with pytest.raises(KeyboardInterrupt):
        run(
            chains, tiny_weights, "stopped", report=lines.append, progress=interrupt_after(0.5),
            changes={"learning_rate": 1e-3},
        )  # fmt: skip
    assert lines[-1].startswith("interrupted; the weights of step 2 are kept: ")
    metadata, _ = read_weights(tiny_weights.parent / "stopped.safetensors")
    assert metadata["card"]["kept_step"] == metadata["card"]["steps"] == 2
    load_weights(tiny_weights.parent / "stopped.safetensors")


def test_interrupted_before_any_check_nothing_is_written(chains, tiny_weights):
    lines = []
    with pytest.raises(KeyboardInterrupt):
        run(chains, tiny_weights, "never", report=lines.append, progress=interrupt_after(0))
    assert "none are written" in lines[-1]
    assert not (tiny_weights.parent / "never.safetensors").exists()


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
