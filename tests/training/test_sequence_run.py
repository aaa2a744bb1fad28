"""Training of the residue-type network: it learns, resumes as if never stopped, and is usable."""

import csv

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import protdiff
from protdiff.dataset import read_chains
from protdiff.network.weights_file import WeightsError
from protdiff.sequence.network import UNKNOWN_TYPE
from protdiff.sequence.sequence_weights import load_sequence_network
from protdiff.training.config_file import ConfigError, read_config
from protdiff.training.sequence_config import SequenceTraining
from protdiff.training.sequence_run import SequenceRun, batches_of_epoch, type_batch

SIZES = {"hidden": 16, "edge": 8, "encoder_layers": 1, "decoder_layers": 1}


@pytest.fixture
def types_config(tiny_archive, tmp_path):
    return SequenceTraining(
        data=tiny_archive, out=tmp_path / "types", sequence=SIZES, steps=6, warmup=1,
        residues=300, log_every=1, checkpoint_minutes=1e9, threads=1,
    )  # fmt: skip


def fit(config):
    return SequenceRun(config).fit(report=lambda _: None)


def test_a_resumed_run_equals_an_uninterrupted_one(types_config, tmp_path):
    fit(types_config)
    halves = types_config.model_copy(update={"out": tmp_path / "halves", "steps": 6})
    run, step = SequenceRun(halves), SequenceRun.train_step

    class Stopped(Exception):
        pass

    def stopping(self, *arguments):
        if self.progress.step == 3:
            self.save()
            raise Stopped
        return step(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SequenceRun, "train_step", stopping)
        with pytest.raises(Stopped):
            run.fit(report=lambda _: None)
    lines = []
    SequenceRun(halves).fit(report=lines.append)
    assert "continuing at step 3" in lines
    for part in ("model", "average", "adam"):
        whole, resumed = (
            load_file(c.out / "checkpoint-6" / f"{part}.safetensors")
            for c in (types_config, halves)
        )
        assert whole.keys() == resumed.keys() and whole
        for name in whole:
            assert torch.equal(whole[name], resumed[name]), name
    steps = [row["step"] for row in csv.DictReader((halves.out / "training.csv").open())]
    assert steps == ["1", "2", "3", "4", "5", "6"]


def test_training_lowers_the_loss(types_config):
    config = types_config.model_copy(
        update={"steps": 60, "learning_rate": 1e-2, "noise": 0.0, "ema": 0.5}
    )
    fit(config)
    losses = [float(r["loss"]) for r in csv.DictReader((config.out / "training.csv").open())]
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    [last] = csv.DictReader((config.out / "validation.csv").open())
    assert float(last["perplexity"]) == pytest.approx(np.exp(float(last["loss"])), rel=1e-3)


def test_the_weights_of_a_run_design(types_config, monkeypatch):
    path = fit(types_config)
    network = load_sequence_network(path)
    assert network.config == types_config.sequence
    backbone = protdiff.read("data/examples/1tpk.pdb").chain("A")
    [first, second] = protdiff.design(backbone, num=2, weights=path)
    assert len(first.sequence) == len(backbone) and first.sequence != second.sequence


def test_weights_of_another_network_are_refused(tiny_weights, types_config):
    with pytest.raises(WeightsError, match="of another network"):
        load_sequence_network(tiny_weights)
    with pytest.raises(WeightsError, match="residue types"):
        protdiff.generate(20, weights=fit(types_config))


def test_a_batch_has_whole_chains_with_noise_of_the_given_size(tiny_archive):
    chains = read_chains(tiny_archive, "train")
    clean, noisy = (type_batch(chains, [0, 1], noise, 3) for noise in (0.0, 0.5))
    assert len(clean.types) == int(chains.lengths[:2].sum())
    assert torch.equal(clean.rank, noisy.rank) and torch.equal(clean.types, noisy.types)
    assert not torch.equal(clean.graph.features, noisy.graph.features)
    assert int(clean.types.max()) <= UNKNOWN_TYPE
    first = int(chains.lengths[0])
    assert (clean.graph.neighbours[:first] < first).all()
    assert (clean.graph.neighbours[first:] >= first).all()


def test_a_batch_of_a_given_size_is_cut_off_its_last_chain(tiny_archive):
    chains = read_chains(tiny_archive, "train")
    size = int(chains.lengths[0]) + 9
    whole, cut = (type_batch(chains, [0, 1], 0.0, 3, limit) for limit in (None, size))
    assert len(cut.types) == size < len(whole.types)
    assert torch.equal(cut.types, whole.types[:size])


def test_an_epoch_has_every_chain_once(tiny_archive):
    chains = read_chains(tiny_archive, "train")
    batches = batches_of_epoch(chains, 200, 0)
    assert sorted(k for batch in batches for k in batch) == list(range(len(chains)))
    assert batches != batches_of_epoch(chains, 200, 1)


def test_the_table_decides_which_network_is_trained(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('data = "a"\nout = "b"\nnoise = 0.2\n[sequence]\nhidden = 32\n')
    config = read_config(path)
    assert isinstance(config, SequenceTraining) and config.sequence.hidden == 32
    path.write_text('data = "a"\nout = "b"\n[sequence]\nhiden = 32\n')
    with pytest.raises(ConfigError, match="did you mean 'hidden'"):
        read_config(path)
    path.write_text('data = "a"\nout = "b"\nnoise = 0.2\n')
    with pytest.raises(ConfigError, match="noise: unknown key"):
        read_config(path)


def test_a_run_starts_from_the_weights_it_is_given(types_config, tmp_path):
    first = fit(types_config)
    going_on = {"initial": str(first), "out": tmp_path / "more", "seed": 5}
    run = SequenceRun(types_config.model_copy(update=going_on))
    began = load_sequence_network(first).state_dict()
    for network in (run.network, run.averaged()):
        assert all(torch.equal(value, began[name]) for name, value in network.state_dict().items())
    run.fit(report=lambda _: None)
    assert any(not torch.equal(v, began[k]) for k, v in run.network.state_dict().items())


def test_weights_to_start_from_must_fit(types_config, tiny_weights):
    larger = {"initial": "residue-types"}
    with pytest.raises(ConfigError, match=r"initial: residue-types .* hidden = 128, edge = 64"):
        SequenceRun(types_config.model_copy(update=larger))
    with pytest.raises(WeightsError, match="those of residue types"):
        SequenceRun(types_config.model_copy(update={"initial": str(tiny_weights)}))


def test_the_example_of_the_documentation_starts_from_the_shipped_weights():
    config = read_config("docs/examples/types.toml")
    assert isinstance(config, SequenceTraining) and config.initial == "residue-types"
    shipped = load_sequence_network().state_dict()
    network = SequenceRun(config).network
    assert all(torch.equal(value, shipped[name]) for name, value in network.state_dict().items())
