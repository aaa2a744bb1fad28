"""Training of a reader, and of networks that are shown what it read."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from protdiff.flow.flow_choice import FlowChoice
from protdiff.network import Denoiser, ReaderConfig, SequenceReader
from protdiff.network.weights import load_weights, save_weights
from protdiff.training.adaptation import finetune_chains
from protdiff.training.batches import make_batch
from protdiff.training.chain_groups import ChainGroups
from protdiff.training.finetune_settings import FinetuneSettings
from protdiff.training.objective import batch_loss
from protdiff.training.reader_training import fit_reader, hidden_runs, reading_accuracy
from protdiff.training.trainer import Trainer

from ..conftest import TINY

SIZES = ReaderConfig(width=16, kernel=3, dilations=(1, 1))


@pytest.fixture(scope="module")
def coded(chains):
    """Chains of random types; a residue's state is decided by the type of the next one."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, 20, len(chains.types))
    return replace(chains, types=drawn.astype(np.uint8), structure=np.roll(drawn, -1) % 3)


def test_a_reader_learns_what_types_decide(coded):
    lines = []
    reader = fit_reader(coded, coded, epochs=300, config=SIZES, report=lines.append)
    accuracy, nats = reading_accuracy(reader, coded)
    assert accuracy > 0.95 and nats < 0.3  # the last residue of a chain has no next
    assert len(lines) == 300 and f"{accuracy:.1%}" in lines[-1]
    assert not any(p.requires_grad for p in reader.parameters())


def test_the_same_seed_gives_the_same_reader(coded):
    reader, same, other = (
        fit_reader(coded, coded, epochs=1, config=SIZES, seed=seed, report=lambda line: None)
        for seed in (1, 1, 2)
    )
    assert torch.equal(reader.head.weight, same.head.weight)
    assert not torch.equal(reader.head.weight, other.head.weight)


def test_types_are_hidden_in_runs():
    rng, types = np.random.default_rng(0), torch.arange(256).repeat(3, 1)
    shares, lengths = [], set()
    for _ in range(200):
        hidden = hidden_runs(types, rng)
        assert torch.equal(hidden[hidden >= 0], types[hidden >= 0])
        gone = (hidden < 0).double()
        shares.append(float(gone.mean()))
        edges = gone[0].diff().abs().nonzero()[:, 0] + 1
        if len(edges):
            lengths.add(int(np.gcd.reduce(edges.numpy())))
    assert 0.4 < np.mean(np.array(shares) == 0) < 0.6 and max(shares) > 0.9
    assert lengths >= {1, 8, 32}


@pytest.fixture
def started(config, recipe, tmp_path):
    """A run that starts from weights with a reader."""
    torch.manual_seed(3)
    denoiser = Denoiser(TINY, recipe)
    denoiser.reader = SequenceReader(SIZES)
    save_weights(tmp_path / "first.safetensors", denoiser)
    changes = {
        "initial": str(tmp_path / "first.safetensors"),
        "sequence_share": 1.0,
        "flow": FlowChoice("rg"),
    }
    return config.model_copy(update=changes | {"structure_share": 0.0})


def test_a_run_keeps_the_reader_and_trains_on_what_it_reads(started, chains):
    before = load_weights(started.initial)
    trainer = Trainer(started)
    trainer.train_step(chains, 1e-2)
    trainer.save()
    resumed = Trainer(started)
    resumed.restore()
    for denoiser in (trainer.averaged(), resumed.averaged(), resumed.denoiser):
        for name, value in before.reader.state_dict().items():
            assert torch.equal(denoiser.reader.state_dict()[name], value), name
    assert not torch.equal(resumed.denoiser.network.head.weight, before.network.head.weight)
    assert resumed.step == 1
    assert load_weights(started.out / "ema.safetensors").reader is not None
    # The loss is that of the conditions as they were read.
    batches = (make_batch(chains, before.recipe, started, step) for step in range(20))
    batch = next(batch for batch in batches if batch.level == "full")
    torch.nn.init.normal_(before.network.head.weight)
    read = replace(batch, conditions=before.read(batch.conditions, batch.lengths))
    loss, _ = batch_loss(before, batch, started, 0)
    before.reader = None
    shown, hidden = (batch_loss(before, b, started, 0)[0] for b in (read, batch))
    assert loss == shown != hidden


def test_a_run_goes_on_when_its_first_weights_have_got_another_reader(started, chains):
    trainer = Trainer(started)
    trainer.train_step(chains, 1e-3)
    trainer.save()
    first = load_weights(started.initial)
    for sizes in (None, replace(SIZES, width=8)):
        first.reader = sizes and SequenceReader(sizes)
        save_weights(started.initial, first)
        resumed = Trainer(started)
        resumed.restore()
        resumed.train_step(chains, 1e-3)
        assert resumed.step == 2 and (resumed.averaged().reader is None) == (sizes is None)
        resumed.save_average("ema.safetensors")
        assert (
            getattr(load_weights(started.out / "ema.safetensors").reader, "config", None) == sizes
        )


def test_nothing_to_read_is_an_error(chains):
    blind = replace(chains, types=np.full_like(chains.types, 255))
    with pytest.raises(ValueError, match="no residue has a known type"):
        fit_reader(blind, chains, report=lambda line: None)


@pytest.mark.parametrize("rank", [2, None])
def test_fine_tuned_weights_read_as_before(started, chains, tmp_path, rank):
    out = tmp_path / "mine.safetensors"
    settings = FinetuneSettings(rank=rank, steps=2, beads=256, held_out_batches=2, checks=1)
    finetune_chains(
        ChainGroups(chains, chains, chains), out, weights=started.initial, settings=settings,
        report=lambda line: None,
    )  # fmt: skip
    before, after = load_weights(started.initial), load_weights(out)
    for name, value in before.reader.state_dict().items():
        assert torch.equal(after.reader.state_dict()[name], value), name
