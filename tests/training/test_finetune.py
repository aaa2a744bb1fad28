"""`protdiff.finetune`: from structures to weights, and what changed."""

import copy
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff._system.notices import collected
from protdiff.dataset.build import Reading
from protdiff.network.adapters import adapter_tensors, add_adapters
from protdiff.network.weights import find_weights, save_adapters
from protdiff.training import adaptation
from protdiff.training.chains import load_chains
from protdiff.training.finetune import _read_chains, check_place
from protdiff.training.finetune_settings import FinetuneSettings

from ..conftest import ROOT
from .test_adaptation import FEW, quiet


@pytest.fixture
def chains(tiny_archive):
    return load_chains(tiny_archive, "train")


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


def test_one_sequence_is_learned_without_rehearsal(tiny_weights, chains, monkeypatch):
    """Conformations of one chain: no fold but theirs is kept, and coarse scales come more often."""
    seen = []
    monkeypatch.setattr(
        adaptation, "finetune_chains", lambda *_, settings, **__: seen.append(settings) or {}
    )
    real, rng = chains[0].backbone(), np.random.default_rng(0)
    moved = [real.coords + np.cumsum(0.05 * rng.normal(size=(len(real), 1, 3)), 0) for _ in "1234"]
    frames = [protdiff.Backbone.from_coords(coords, real.sequence) for coords in moved]
    for structures in (frames, [chain.backbone() for chain in chains]):
        protdiff.finetune(
            structures, tiny_weights.parent / "x.safetensors", weights=tiny_weights, samples=0,
            hold_out=0.3, report=quiet,
        )  # fmt: skip
    ensemble, many = seen
    assert ensemble.keep == 0 and ensemble.full_share < many.full_share
    assert many == FinetuneSettings()


def test_chains_that_are_left_out_are_counted(tiny_weights, chains, monkeypatch):
    monkeypatch.setattr(adaptation, "finetune_chains", lambda *_, **__: {})
    backbones = [chain.backbone() for chain in chains]
    with pytest.warns(protdiff.ProtdiffWarning, match=f"2 of {len(chains) + 2} chains .* short 2"):
        numbers = protdiff.finetune(
            [*backbones, backbones[0][:20], backbones[1][:9]],
            tiny_weights.parent / "x.safetensors",
            weights=tiny_weights, samples=0, hold_out=0.3,
        )  # fmt: skip
    assert numbers == {"chains": len(chains), "rejected": 2}


def test_nothing_can_be_rehearsed_without_samples(tiny_weights, chains):
    with pytest.raises(ValueError, match=r"`keep` 0\.5: what is rehearsed are `samples`"):
        protdiff.finetune(
            [chain.backbone() for chain in chains], tiny_weights.parent / "x.safetensors",
            weights=tiny_weights, samples=0, settings=FinetuneSettings(keep=0.5),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 1}, "`samples` 1: a comparison needs at least 2; 0 for none"),
        ({"samples": -1}, "`samples` -1: a comparison"),
        ({"hold_out": 0}, "`hold_out` 0: must be a share of the chains, such as 0.1"),
        ({"hold_out": 2.0}, "`hold_out` 2.0: must be a share"),
        ({"hold_out": float("nan")}, "`hold_out` nan: must be a share"),
    ],
)
def test_numbers_out_of_range_are_refused_before_any_work(tiny_weights, chains, options, message):
    out = tiny_weights.parent / "x.safetensors"
    with pytest.raises(ValueError, match=message):
        protdiff.finetune([chain.backbone() for chain in chains], out, **options)


def test_bad_places(tmp_path, chains):
    backbones = [chain.backbone() for chain in chains]
    for out in (tmp_path / "x.pt", tmp_path / "none" / "x.safetensors"):
        with pytest.raises(ValueError, match=r"must end in \.safetensors and lie in a folder"):
            protdiff.finetune(backbones, out)


@pytest.fixture
def base(tiny_weights, tmp_path):
    """The tiny network's weights in a folder of the test's own."""
    return Path(shutil.copy(tiny_weights, tmp_path / "base.safetensors"))


@pytest.fixture
def adapters(base, tiny_denoiser):
    """Adapters of the tiny network in that folder."""
    path = base.parent / "adapters.safetensors"
    network = copy.deepcopy(tiny_denoiser.network)
    add_adapters(network, 2)
    save_adapters(path, adapter_tensors(network), base)
    return path


def test_adapters_that_could_never_be_loaded_are_refused(base, adapters, tmp_path):
    with pytest.raises(ValueError, match=r"adapters of adapters cannot .* weights merge"):
        check_place(tmp_path / "more.safetensors", adapters, adapters=True)
    with pytest.raises(ValueError, match="adapters need the weights in this file"):
        check_place(base, base, adapters=True)
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(ValueError, match="are loaded only from its own folder"):
        check_place(other / "mine.safetensors", base, adapters=True)
    for out in (base, other / "mine.safetensors"):
        check_place(out, base, adapters=False)  # whole weights need no others
    check_place(tmp_path / "mine.safetensors", base, adapters=True)
    check_place(other / "mine.safetensors", find_weights(), adapters=True)
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "adapters.safetensors", "base.safetensors", "other",
    ]  # fmt: skip


def test_a_file_that_cannot_be_written_is_refused_before_any_work(base, tmp_path, monkeypatch):
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(IsADirectoryError, match=r"folder\.safetensors"):
        protdiff.finetune([], tmp_path / "folder.safetensors", weights=base)
    with pytest.raises(OSError, match="too long"):
        protdiff.finetune([], tmp_path / f"{250 * 'x'}.safetensors", weights=base)


def test_warnings_about_many_inputs_are_counted(tmp_path):
    """Every file has two models, and the first is taken with a warning."""
    text = (ROOT / "data" / "examples" / "1tpk.pdb").read_text()
    atoms = "\n".join(line for line in text.splitlines() if line.startswith("ATOM"))
    models = "\n".join(f"MODEL {k}\n{atoms}\nENDMDL" for k in (1, 2))
    for number in range(7):
        (tmp_path / f"{number}.pdb").write_text(f"{models}\nEND\n")
    with collected() as texts:
        _read_chains([tmp_path], Reading(identical=True))
    assert len(texts) == 6
    assert all("has 2 models; the first is read; to take all of" in text for text in texts[:5])
    assert all("--models all" in text for text in texts[:5])
    assert texts[5] == "2 more warnings about inputs; a data set lists them"


@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_is_taken_as_it_is(tmp_path, kind):
    shutil.copy(ROOT / "data" / "examples" / "1tpk.pdb", tmp_path)
    chains, _ = _read_chains(kind(tmp_path), Reading(identical=True))
    assert [chain.name for chain in chains] == ["1tpk_A"]
