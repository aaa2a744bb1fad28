"""`protdiff audit` as a user runs it."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.cli.audit import (
    collapse_of,
    describe_collapse,
    describe_delta,
    load_traces,
    traces_of_samples,
)
from protdiff.dataset import read_chains
from protdiff.flow.zoo import recipe
from protdiff.metrics.kernel_audit import KernelAudit


def rows_of(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_audit_names_the_chain_that_was_copied(console, tiny_archive, tiny_weights, tmp_path):
    rng = np.random.default_rng(0)
    samples = tmp_path / "samples"
    samples.mkdir()
    train = read_chains(tiny_archive, "train")
    for chain in train[:3]:
        coords = chain.backbone().coords + 0.2 * rng.normal(size=(len(chain.types), 1, 3))
        protdiff.write(protdiff.Backbone.from_coords(coords), samples / f"copy_{chain.name}.pdb")
    (samples / "empty.pdb").write_text("")
    code, text, err = console(
        "audit", samples, "--train", tiny_archive, "--held-out", tiny_archive,
        "--weights", tiny_weights, "--out", tmp_path / "audit",
    )  # fmt: skip
    assert code == 1
    assert "1 of 4 could not be read" in err
    assert "periods of" in text
    rows = rows_of(tmp_path / "audit" / "audit.csv")
    for row in rows[:3]:
        assert row["nearest_train"] == Path(row["sample"]).stem.removeprefix("copy_")
        assert float(row["rmsd_train"]) < 0.5
    assert "empty file" in rows[3]["error"]
    numbers = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert numbers["samples"] == 3
    assert numbers["verdict"] in text
    assert set(numbers["delta"]) >= {"delta", "p", "real", "copies", "detectable"}
    assert "Halder's Δ" in text
    if numbers["suspicious"]:
        picture = (tmp_path / "audit" / "suspicious.png").read_bytes()
        assert picture.startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["rg", "vp", "edm", "gud"])
def test_the_scale_of_collapse_is_a_period_of_rg_flows_alone(name):
    found = collapse_of(recipe(name), 100, 2000)
    assert (found["period"] is None) == (name != "rg") and 0 < found["time"] < 1


def test_chains_too_short_for_the_flow_have_no_scale_of_collapse():
    """Three residues ended the audit of all samples."""
    found = collapse_of(recipe("rg"), 3, 2000)
    assert found == {"length": 3, "time": None, "period": None}
    assert describe_collapse(found, 2000) == ""
    assert "of 2000 Gaussian chains of 100 " in describe_collapse(
        collapse_of(recipe("rg"), 100, 2000), 2000
    )


def test_samples_of_several_chains_are_one_trace(tmp_path):
    """A copy in one of the chains is not found then, so the command says it."""
    chain = protdiff.read("data/examples/1a8o.pdb.gz")
    pair = protdiff.Backbone.from_coords(
        np.concatenate([chain.coords, chain.coords + 40]), chain_ids=["A"] * 70 + ["B"] * 70
    )
    with pytest.warns(
        protdiff.ProtdiffWarning,
        match="^1 sample of several chains compared as one .* as b.pdb; to",
    ):
        found = traces_of_samples([Path("a.pdb"), Path("b.pdb")], [chain, pair])
    assert found.names == ["a.pdb", "b.pdb"] and [len(ca) for ca in found.coords] == [70, 140]


@pytest.mark.parametrize(("count", "samples"), [(1, "1 sample is too"), (2, "2 samples are too")])
def test_too_few_samples_for_delta_are_counted(count, samples):
    found = KernelAudit(0.0, 0.1, 0.0, -1.0, 0.5, detectable=1.5)
    assert f"{samples} few for it to see even copies" in describe_delta(found, count)


@pytest.mark.parametrize("option", ["--train", "--held-out"])
def test_audit_needs_folders(console, designs, tiny_archive, tmp_path, option):
    options = {"--train": tiny_archive, "--held-out": tiny_archive} | {option: tmp_path / "none"}
    code, _, err = console("audit", designs, *(x for pair in options.items() for x in pair))
    assert code == 2
    assert f"{option} {tmp_path / 'none'}: not a folder" in err


def test_the_second_chain_of_a_homodimer_is_left_out(tmp_path):
    """Beside its copy a held-out chain is at 0 Å, and samples would seem near to training."""
    chain = protdiff.read("data/examples/1a8o.pdb.gz")
    start = chain[2:]  # as where the first residues of a copy are not seen
    ids = ["A"] * len(chain) + ["B"] * len(start)
    letters = chain.sequence + start.sequence
    coords = np.concatenate([chain.coords, start.coords + 40])
    for name, types in (("dimer", letters), ("alanine", "A" * len(letters))):
        both = protdiff.Backbone.from_coords(coords, types, chain_ids=ids)
        protdiff.write(both, tmp_path / f"{name}.pdb")
    with pytest.warns(protdiff.ProtdiffWarning, match="--train .*: 1 copy of chains in one file"):
        found = load_traces(tmp_path, "train", "--train")
    assert found.names == ["alanine.pdb A", "alanine.pdb B", "dimer.pdb A"]


@pytest.mark.parametrize("option", ["--train", "--held-out"])
def test_audit_says_which_set_has_too_few_chains(
    console, designs, tiny_archive, tiny_weights, tmp_path, option
):
    few, out = tmp_path / "few", tmp_path / "out"
    few.mkdir()
    chain = protdiff.read(next(designs.glob("*.pdb")))
    protdiff.write(chain, few / "one.pdb")
    options = {"--train": tiny_archive, "--held-out": tiny_archive} | {option: few}
    words = [x for pair in options.items() for x in pair]
    code, _, err = console("audit", designs, *words, "--weights", tiny_weights, "--out", out)
    assert code == 2 and f"{option} {few}: has 1 chain; give at least two" in err, err
    assert len(err.splitlines()) == 1 and not out.exists()
    single = tmp_path / "single"
    shutil.copytree(tiny_archive, single)
    split = {"--train": "train", "--held-out": "val"}[option]
    rows = rows_of(single / "chains.csv")
    first = next(row for row in rows if row["split"] == split)
    with (single / "chains.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(first))
        writer.writeheader()
        writer.writerows(
            row if row is first or row["split"] != split else row | {"split": "test"}
            for row in rows
        )
    options[option] = single
    words = [x for pair in options.items() for x in pair]
    code, _, err = console("audit", designs, *words, "--weights", tiny_weights, "--out", out)
    says = f"has 1 chain of split {split} and up to 512 residues; give at least two"
    assert code == 2 and f"{option} {single}: {says}" in err, err
