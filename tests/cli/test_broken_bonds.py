"""What `generate`, `extend` and `merge` say of broken bonds, with the shipped weights."""

import csv

from ..conftest import ROOT

#: One backbone at a time, each with some bond broken; the network has no time for more.
DRAW = ("generate", "--length", 40, "--batch-size", 1, "--jobs", 1, "--steps", 4)


def line(count, table="manifest.csv", remedy="take more steps, or leave them out"):
    have = "1 of 1 backbone has" if count == 1 else f"{count} of {count} backbones have"
    return (
        f"warning: {have} broken bonds (CA-CA under 2.7 or over 4.2 Å; column broken_bonds of "
        f"{table}); {remedy}\n"
    )


def test_every_backbone_of_the_command_counts(console, tmp_path, monkeypatch):
    """Those of an earlier, interrupted run too, and those in an archive."""
    monkeypatch.chdir(tmp_path)
    for number, options in enumerate([(), ("--archive", "all.pdb.tar")]):
        for count in (1, 3, 3):
            command = (*DRAW, "--num", count, "--out", f"out-{number}", *options)
            code, _, err = console(*command)
            assert code == 0 and err == line(count)
        with open(f"out-{number}/manifest.csv") as file:
            assert all(int(row["broken_bonds"]) > 5 for row in csv.DictReader(file))


def test_a_shard_counts_its_own_and_merge_all(console, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for shard, count in {1: 1, 2: 2}.items():
        _, _, err = console(*DRAW, "--num", 3, "--out", "out", "--shard", f"{shard}/2")
        assert err == line(count, f"manifest.{shard}-of-2.csv")
    assert console("merge", "out")[2] == line(3)


def test_other_files_of_the_folder_do_not_count(console, tmp_path):
    console(*DRAW, "--name", "few", "--out", tmp_path)
    code, _, err = console(*DRAW[:-1], 12, "--name", "enough", "--out", tmp_path)
    assert code == 0 and err == ""
    with (tmp_path / "manifest.csv").open() as file:
        counts = {row["file"]: int(row["broken_bonds"]) for row in csv.DictReader(file)}
    assert counts["few_0000.pdb"] > 5 and counts["enough_0000.pdb"] == 0


def test_heat_breaks_bonds_too(console, tmp_path):
    file = ROOT / "data" / "examples" / "1a8o.pdb.gz"
    command = ("extend", file, "--to", 100, "--temperature", 8, "--out", tmp_path / "out")
    code, _, err = console(*command)
    assert code == 0
    assert err == line(1, remedy="take more steps or a lower temperature, or leave them out")
