"""Training: data, batches, loss, and a run that resumes as if it had never stopped."""

import csv
import itertools

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from protdiff.flow import Flow
from protdiff.network import Denoiser
from protdiff.network.decimation import bead_count
from protdiff.network.denoiser import active_modes
from protdiff.network.weights import load_weights
from protdiff.training.batches import make_batch
from protdiff.training.chains import load_chains
from protdiff.training.config import ConfigError, TrainingConfig, read_config
from protdiff.training.objective import batch_loss, validate
from protdiff.training.trainer import Trainer, learning_rate

from ..conftest import TINY


def test_chains_are_read_as_stored(tiny_archive, chains):
    rows = list(csv.DictReader((tiny_archive / "chains.csv").open()))
    kept = [int(r["length"]) for r in rows if r["split"] == "train"]
    assert chains.lengths.tolist() == kept
    with np.load(tiny_archive / "structures_le256.npz") as z:
        first = next(int(r["index"]) for r in rows if r["split"] == "train")
        xyz = z["coords"][z["offsets"][first] : z["offsets"][first + 1]] / 100
    ca, links, types, structure = chains.crop(0)
    np.testing.assert_allclose(ca, xyz[:, 1], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(links, axis=1), [1] * (kept[0] - 1), atol=1e-6)
    assert len(types) == len(structure) == kept[0]
    assert set(np.unique(chains.structure)) <= {0, 1, 2}
    for one, part in zip(chains.crop(0, 5, 20), (ca, links, types, structure), strict=True):
        np.testing.assert_array_equal(one, part[5 : 5 + len(one)])


def test_secondary_structure_cache(tiny_archive, tmp_path, chains):
    calls = []
    for _ in "12":
        again = load_chains(
            tiny_archive, "train", cache=tmp_path, progress=lambda *a: calls.append(a)
        )
    assert len(calls) == len(chains)  # computed once
    assert np.array_equal(again.structure, chains.structure)


def test_batch_is_a_pure_function_of_seed_and_step(chains, recipe, config):
    one, same, other = (make_batch(chains, recipe, config, step) for step in (3, 3, 4))
    assert torch.equal(one.clean, same.clean) and torch.equal(one.log_cutoff, same.log_cutoff)
    assert torch.equal(one.conditions, same.conditions)
    assert one.clean.shape != other.clean.shape or not torch.equal(one.clean, other.clean)


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


def test_batches_keep_the_geometry(chains, recipe, config):
    full = (make_batch(chains, recipe, config, step) for step in range(20))
    batch = next(b for b in full if b.level == "full")
    size = batch.clean.shape[1] // 2
    links = batch.clean[0, size : size + batch.lengths[0] - 1]
    np.testing.assert_allclose(links.norm(dim=-1), 1, atol=1e-5)  # rotations are orthogonal
    assert not batch.clean[:, 0].any()  # no centroid


def test_loss_of_the_gaussian_chain_is_its_own_reference(chains, recipe, config):
    denoiser = Denoiser(TINY, recipe)
    loss, bands = batch_loss(denoiser, make_batch(chains, recipe, config, 0), config, 0)
    assert torch.equal(bands[:, 0], bands[:, 1])  # a zero output: exactly the Gaussian chain
    assert 0.2 < loss.item() < 3  # the target has about unit variance


def test_exact_data_give_no_loss(chains, recipe, config, monkeypatch):
    batch = make_batch(chains, recipe, config, 0)

    class Exact(torch.nn.Module):
        """Network that knows the answer."""

        self_conditioning = False

        def read(self, conditions, lengths):
            return conditions

        def forward(self, noisy, u, lengths, flow, conditions, previous, beads):
            k = flow.kernel(u)
            target = (batch.clean - k.c_skip[..., None] * noisy) / k.c_out[..., None]
            active = active_modes(k.alpha, flow.mask)
            return (target * active[..., None]).float(), active

    exact = Exact()
    exact.recipe = recipe
    loss, bands = batch_loss(exact, batch, config, 0)
    assert loss.item() < 1e-8 and bands[:, 0].sum() < 1e-6 * bands[:, 1].sum()


def test_learning_rate_shape():
    config = TrainingConfig(data=".", out=".", steps=100, warmup=10, decay=0.5, learning_rate=2.0)
    rates = [learning_rate(config, step) for step in range(101)]
    assert rates[0] == pytest.approx(0.2) and rates[20] == 2 and rates[100] == 0
    assert rates[75] == pytest.approx(1.0)
    assert all(a >= b for a, b in itertools.pairwise(rates[10:]))


def test_interrupted_run_equals_an_uninterrupted_one(config, tmp_path):
    Trainer(config).fit(report=lambda _: None)
    halves = config.model_copy(update={"out": tmp_path / "halves"})

    class Stopped(Exception):
        pass

    def stop_after_two(saved=[]):  # noqa: B006 - counts the calls
        saved.append(None)
        if len(saved) == 2:
            raise Stopped

    save = Trainer.save
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "save", lambda run: (save(run), stop_after_two()))
        with pytest.raises(Stopped):
            Trainer(halves).fit(report=lambda _: None)
    Trainer(halves).fit(report=lambda _: None)
    for part in ("model", "average", "adam"):
        whole, resumed = (
            load_file(c.out / "checkpoint-4" / f"{part}.safetensors") for c in (config, halves)
        )
        assert whole.keys() == resumed.keys() and whole
        for name in whole:
            assert torch.equal(whole[name], resumed[name]), name
    assert [p.name for p in halves.out.glob("checkpoint*")] == ["checkpoint-4"]


def test_run_writes_usable_weights_and_logs(config):
    path = Trainer(config).fit(report=lambda _: None)
    denoiser = load_weights(path)
    assert denoiser.network.config == TINY
    rows = list(csv.DictReader((config.out / "training.csv").open()))
    assert [int(r["step"]) for r in rows] == [1, 2, 3, 4]
    [last] = csv.DictReader((config.out / "validation.csv").open())
    assert {"modes_<4", "links"} <= last.keys() and 0 < float(last["links"]) < 5


def test_training_lowers_the_loss_on_its_own_batches(config, chains):
    config = config.model_copy(
        update={"steps": 120, "learning_rate": 1e-2, "full_share": 1.0, "checkpoint_minutes": 1e9}
    )
    denoiser = load_weights(Trainer(config).fit(report=lambda _: None))
    ratios = validate(denoiser, chains, config, batches=6)
    assert ratios["links"] < 0.95  # measured: 0.9; the carbonyls follow from the trace


def test_padding_does_not_change_the_loss(chains, recipe, config):
    """A flow of more padded beads weighs the same components."""
    short, padded = recipe([40], 40), recipe([40], 64)
    assert isinstance(short, Flow)
    assert torch.equal(short.variance[0, 1:40], padded.variance[0, 1:40])
    assert padded.mask.sum() == short.mask.sum()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('data = "x"\nout = "y"\nstpes = 3', "stpes: unknown key; did you mean 'steps'"),
        ('data = "x"\nout = "y"\n[network]\nlayer = 3', "did you mean 'layers'"),
        ('data = "x"\nout = "y"\nsteps = 0', "steps: Input should be greater than 0"),
        ('out = "y"', "data: Field required"),
        ("data = ", "not a TOML file"),
    ],
)
def test_bad_configurations_are_one_line(tmp_path, text, message):
    path = tmp_path / "c.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_config(path)
    assert len(str(caught.value).splitlines()) == 1


def test_absent_configuration(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "none.toml")


@pytest.mark.parametrize("how", ["other sizes", "damaged"])
def test_checkpoint_that_does_not_fit_is_one_line(config, how):
    Trainer(config).fit(report=lambda _: None)
    if how == "damaged":
        path = config.out / "checkpoint-4" / "model.safetensors"
        path.write_bytes(path.read_bytes()[:1000])
    else:
        sizes = config.network.model_copy(update={"scalars": 24})
        config = config.model_copy(update={"network": sizes})
    with pytest.raises(ConfigError, match=r"checkpoint-4: damaged|made with other .network. sizes"):
        Trainer(config).fit(report=lambda _: None)


def test_log_of_a_resumed_run_has_every_step_once(config):
    Trainer(config).fit(report=lambda _: None)
    with (config.out / "training.csv").open("a") as log:
        log.write("9,0,0,0,0,0,0,0,0,0,0,0,0,0\n")  # a step after the last checkpoint
    longer = config.model_copy(update={"steps": 6})
    Trainer(longer).fit(report=lambda _: None)
    steps = [int(r["step"]) for r in csv.DictReader((config.out / "training.csv").open())]
    assert steps == [1, 2, 3, 4, 5, 6]


def test_run_starts_from_given_weights(config, tiny_weights, tiny_denoiser):
    config = config.model_copy(update={"initial": str(tiny_weights), "learning_rate": 1e-12})
    denoiser = load_weights(Trainer(config).fit(report=lambda _: None))
    for name, value in tiny_denoiser.state_dict().items():
        torch.testing.assert_close(denoiser.state_dict()[name], value, atol=1e-6, rtol=1e-6)
