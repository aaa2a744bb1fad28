"""Folders of structures as sets of chains, of which each counts once."""

import json
import shutil

import numpy as np
import pytest

import protdiff
from protdiff.cli._shared.trace_sets import load_traces, not_known
from protdiff.structure.backbone import joined


def named(folder, **backbones):
    """A folder with files of these backbones."""
    folder.mkdir()
    for name, backbone in backbones.items():
        protdiff.write(backbone, folder / f"{name}.pdb")
    return folder


def moved(backbone, distance, seed=0):
    """The backbone with its residues moved by about this distance (Å)."""
    noise = np.random.default_rng(seed).normal(size=(len(backbone), 1, 3)) * distance / 3**0.5
    return protdiff.Backbone.from_coords(
        backbone.coords + noise, backbone.sequence, chain_ids=backbone.chain_ids
    )


@pytest.fixture(scope="module")
def chain():
    return protdiff.read("data/examples/1tpk.pdb").chain("A")


@pytest.fixture(scope="module")
def other():
    return protdiff.read("data/examples/1a8o.pdb.gz")


def test_a_chain_in_two_files_counts_once(chain, other, tmp_path):
    """Two crystals of one protein are not equal to the last digit, nor are all residues seen."""
    again, twice = moved(chain, 0.4)[3:], moved(chain, 0.6)
    partner = protdiff.Backbone.from_coords(other.coords, other.sequence, chain_ids="B")
    folder = named(
        tmp_path / "set", a=chain, b=again, c=other, d=joined([twice, partner]), e=chain[:40]
    )
    with pytest.warns(
        protdiff.ProtdiffWarning,
        match="^--held-out .*set: 3 chains left out, for another file has them, such as b.pdb A, "
        "which is a.pdb A$",
    ):
        found = load_traces(folder, "val", "--held-out")
    # A domain alone is too short to be compared with the whole chain, so it is no copy of it.
    assert found.names == ["a.pdb A", "c.pdb A", "e.pdb A"]
    assert found.left_out == ("b.pdb A", "d.pdb A", "d.pdb B")


def test_copies_in_folders_of_the_folder_are_told_apart(chain, other, tmp_path):
    folder = named(tmp_path / "set", b=other)
    named(folder / "one", a=chain)
    named(folder / "two", a=chain)
    with pytest.warns(protdiff.ProtdiffWarning, match="such as two/a.pdb A, which is one/a.pdb A"):
        assert load_traces(folder, "train", "--train").left_out == ("two/a.pdb A",)


def test_frames_of_one_protein_are_all_kept(chain, tmp_path):
    frames = [moved(chain, 1, seed) for seed in range(3)]
    folder = named(tmp_path / "set", a=frames[0], b=frames[1], c=frames[2], d=frames[1])
    with pytest.warns(protdiff.ProtdiffWarning, match="1 chain left out, for another file has it"):
        found = load_traces(folder, "train", "--train")
    assert found.names == ["a.pdb A", "b.pdb A", "c.pdb A"] and found.left_out == ("d.pdb A",)


def test_backbones_without_a_sequence_are_copies_by_their_structure(chain, other, tmp_path):
    bare = [protdiff.Backbone.from_coords(one.coords[:60]) for one in (chain, other, chain)]
    glycine = protdiff.Backbone.from_coords(bare[0].coords, "G" * 60)
    folder = named(tmp_path / "set", a=bare[0], b=bare[1], c=bare[2], d=chain, e=glycine)
    with pytest.warns(protdiff.ProtdiffWarning, match="2 chains .* such as c.pdb A, which is a.pd"):
        found = load_traces(folder, "train", "--train")
    assert found.names == ["a.pdb A", "b.pdb A", "d.pdb A"]
    assert found.left_out == ("c.pdb A", "e.pdb A")


def test_files_without_a_protein_do_not_end_an_audit(chain, other, tmp_path):
    folder = named(tmp_path / "set", a=chain, c=other)
    (folder / "b.pdb").write_text("")
    with pytest.warns(
        protdiff.ProtdiffWarning,
        match="^--train .*set: 1 file left out that cannot be read, such as .*b.pdb: empty file",
    ):
        found = load_traces(folder, "train", "--train")
    assert found.names == ["a.pdb A", "c.pdb A"] and found.left_out == ("b.pdb",)


def test_chains_of_both_sets_are_not_held_out(chain, other, tmp_path):
    known = load_traces(named(tmp_path / "known", a=chain, b=other), "train", "--train")
    partly = named(tmp_path / "partly", c=moved(chain, 0.5), d=chain[:40], e=other[:40])
    held = load_traces(partly, "val", "--held-out")
    with pytest.warns(
        protdiff.ProtdiffWarning,
        match="^--held-out x: 1 chain of 3 in --train, too, such as c.pdb A",
    ):
        found = not_known(held, known, "--held-out x")
    assert found.names == ["d.pdb A", "e.pdb A"] and found.left_out == ("c.pdb A",)
    with pytest.raises(ValueError, match=r"2 chains of 2 in .* give at least two that were kept"):
        not_known(known, known, "--held-out x")


def test_other_frames_of_the_same_protein_are_held_out(chain, tmp_path):
    frames = [moved(chain, 1, seed) for seed in range(4)]
    known = load_traces(named(tmp_path / "k", a=frames[0], b=frames[1]), "train", "--train")
    held = load_traces(named(tmp_path / "h", c=frames[2], d=frames[3]), "val", "--held-out")
    assert not_known(held, known, "--held-out x") is held


def test_the_standard_of_an_audit_is_not_moved_by_files_given_twice(
    console, tiny_archive, tiny_weights, chain, other, tmp_path
):
    """A held-out chain beside its copy is at 0 Å, which made all samples seem near to training."""
    single = named(tmp_path / "single", a=chain, b=other, c=moved(chain, 3)[:70], d=other[5:60])
    double = tmp_path / "double"
    shutil.copytree(single, double)
    for file in single.iterdir():
        shutil.copy(file, double / f"once_more_{file.name}")
    found = {}
    for held in (single, double):
        out = tmp_path / f"out_{held.name}"
        code, _, err = console(
            "audit", single, "--train", tiny_archive, "--held-out", held, "--weights", tiny_weights,
            "--out", out,
        )  # fmt: skip
        assert code == 0, err
        found[held] = json.loads((out / "audit.json").read_text())
        assert ("4 chains left out" in err) == (held == double), err
    assert len(found[double].pop("left_out")["held_out"]) == 4
    assert found[single].pop("left_out") == {"train": [], "held_out": []}
    assert found[single] == found[double]
