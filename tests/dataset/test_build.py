"""Building a data set from every kind of input, and what is said of those that do not work."""

import csv
import errno
import json
import shutil

import numpy as np
import pytest

import protdiff
from protdiff.dataset import read_chains
from protdiff.dataset.build import Reading, Splitting, build_dataset, listed_warnings
from protdiff.dataset.filters import Limits
from protdiff.dataset.store import ChainSet

from .conftest import EXAMPLES


def build(tmp_path, *inputs, **options):
    """Names kept, reasons by chain, summary."""
    out = tmp_path / "set"
    reading = Reading(
        **{k: options.pop(k) for k in ("stride", "models", "identical", "jobs") if k in options}
    )
    summary = build_dataset([str(x) for x in inputs], out, reading=reading, **options)
    with (out / "rejected.csv").open() as handle:
        reasons = {row["chain"]: row["reason"] for row in csv.DictReader(handle)}
    names = [chain.name for chain in read_chains(out, globular=False, max_length=999)]
    return names, reasons, summary


def test_a_folder_is_searched_to_the_bottom(tmp_path):
    deep = tmp_path / "in" / "a" / "b"
    deep.mkdir(parents=True)
    shutil.copy(EXAMPLES / "1a8o.pdb.gz", deep)
    shutil.copy(EXAMPLES / "1tpk.pdb", tmp_path / "in")
    shutil.copy(EXAMPLES / "1tpk.pdb", deep / "copy.pdb")
    (tmp_path / "in" / "notes.txt").write_text("no structure")
    (tmp_path / "in" / "broken.cif").write_text("data_x\n")
    (tmp_path / "in" / "cut.pdb").write_text((EXAMPLES / "1tpk.pdb").read_text()[:5000])
    names, reasons, summary = build(tmp_path, tmp_path / "in")
    assert names == ["1tpk_A", "1a8o_A"]
    assert reasons["copy_A"].startswith("another chain has the same sequence: 1tpk_A of ")
    assert "7 of 8 residues" in reasons["cut_A"] and "notes" not in str(reasons)
    assert summary["rejected"]["unreadable"] == 1 and "broken.cif" in str(reasons)


def test_chains_of_one_name_get_a_suffix(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        shutil.copy(EXAMPLES / "1tpk.pdb", tmp_path / folder / "x.pdb")
    names, _, summary = build(tmp_path, tmp_path / "a", tmp_path / "b", identical=True)
    assert names == ["x_A", "x_A_2"] and summary["warnings"] == 1
    assert listed_warnings(tmp_path / "set") == [
        f"{tmp_path}/b/x.pdb: another chain has this name: x_A of {tmp_path}/a/x.pdb; this one is "
        "called x_A_2"
    ]


def test_rejected_chains_lead_back_to_files(tmp_path, chain):
    """Names are stems of files: model_A says nothing about which of many folders it is of."""
    files = [tmp_path / folder / "model.cif" for folder in "abcd"]
    for file, part in zip(files, (chain, chain, chain[:30], chain[10:]), strict=True):
        file.parent.mkdir()
        protdiff.write(part, file)
    (tmp_path / "e.cif").write_text("data_x\n")
    names, _, _ = build(tmp_path, *files, tmp_path / "e.cif")
    assert names == ["model_A", "model_A_2"]
    with (tmp_path / "set" / "rejected.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    found = [(row["chain"], row["kind"], row["input"]) for row in rows]
    assert found == [
        ("model_A", "identical", str(files[1])),
        ("model_A", "too short", str(files[2])),
        (str(tmp_path / "e.cif"), "unreadable", str(tmp_path / "e.cif")),
    ]
    assert rows[0]["reason"] == f"another chain has the same sequence: model_A of {files[0]}"
    assert "e.cif" not in rows[2]["reason"]
    assert listed_warnings(tmp_path / "set") == [
        f"{files[3]}: another chain has this name: model_A of {files[0]}; this one is called "
        "model_A_2"
    ]


def test_what_cannot_be_used_is_named_once(tmp_path):
    with pytest.raises(ValueError, match=r"^no chain was kept, 1 rejected; the first: nofile: no "):
        build(tmp_path, "nofile")


def test_coordinates_and_sequence_are_those_of_the_file(tmp_path, chain):
    build(tmp_path, EXAMPLES / "1a8o.pdb.gz")
    [stored] = read_chains(tmp_path / "set")
    centred = chain.coords - chain.ca.mean(0)
    np.testing.assert_allclose(stored.backbone().coords, centred, atol=0.00501)
    assert stored.sequence == chain.sequence
    assert stored.row["method"] == b"" and np.isnan(stored.row["resolution"])  # has no header


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_do_not_change_the_result(tmp_path, jobs):
    files = [EXAMPLES / name for name in ("3nzd.cif", "1a8o.pdb.gz", "1tpk.pdb")]
    names, *_ = build(tmp_path, *files, jobs=jobs)
    assert names == ["3nzd_A", "1a8o_A", "1tpk_A"]


def test_models_of_an_ensemble(tmp_path):
    names, reasons, _ = build(tmp_path, EXAMPLES / "1lcd.pdb", models="all", limits=Limits(12))
    assert names[:2] == ["1lcd_A/1", "1lcd_A/2"] and not reasons


def test_one_bad_model_is_rejected_and_the_others_are_kept(tmp_path):
    lines = (EXAMPLES / "1tpk.pdb").read_text().splitlines()
    atoms = [line for line in lines if line.startswith("ATOM")]
    bad = [f"{line[:30]}   x.000{line[38:]}" for line in atoms]
    for separators in (("MODEL", "ENDMDL"), ("REMARK", "END")):
        content = [
            line
            for model in (atoms, bad, atoms, bad)
            for line in (separators[0], *model, separators[1])
        ]
        (tmp_path / "nmr.pdb").write_text("\n".join(content))
        names, reasons, summary = build(tmp_path, tmp_path / "nmr.pdb", models="all")
        assert names == ["nmr_A/1", "nmr_A/3"] and list(reasons) == ["nmr/2", "nmr/4"]
        assert summary["rejected"] == {"unreadable": 2} and summary["warnings"] == 0
        assert "model 2: damaged: coordinates of atom N" in reasons["nmr/2"]
        shutil.rmtree(tmp_path / "set")


def test_warnings_are_listed_and_counted(tmp_path):
    lines = (EXAMPLES / "1tpk.pdb").read_text().splitlines()
    atoms = [line for line in lines if line.startswith("ATOM")]
    free = [
        f"HETATM{line[6:22]} 901    {float(line[30:38]) + 99:8.3f}{line[38:]}" for line in atoms
    ]
    (tmp_path / "x.pdb").write_text("\n".join([*atoms, "TER", *free[:4]]))
    for jobs in (1, 2):
        _, _, summary = build(tmp_path, tmp_path / "x.pdb", EXAMPLES / "1a8o.pdb.gz", jobs=jobs)
        with (tmp_path / "set" / "warnings.csv").open() as handle:
            [row] = csv.DictReader(handle)
        assert row["input"] == str(tmp_path / "x.pdb") and summary["warnings"] == 1
        assert row["warning"].startswith("1 amino acid is bonded to no chain and left out (")
        shutil.rmtree(tmp_path / "set")


def test_frames_without_marks_are_models(tmp_path):
    atoms = [
        line for line in (EXAMPLES / "1tpk.pdb").read_text().splitlines() if line.startswith("ATOM")
    ]
    (tmp_path / "x.pdb").write_text("\n".join([*atoms, "TER"] * 3))
    names, _, summary = build(tmp_path, tmp_path / "x.pdb", models="all")
    assert names == ["x_A/1", "x_A/2", "x_A/3"] and summary["warnings"] == 1
    assert listed_warnings(tmp_path / "set") == [
        f"{tmp_path}/x.pdb: residue numbers begin anew in the same place; read as 3 models"
    ]


def test_frames_of_a_trajectory(tmp_path, trajectory):
    xtc, top, frames = trajectory
    names, _, _ = build(tmp_path, f"{xtc}+{top}", stride=3)
    assert names == ["traj_A/0", "traj_A/3", "traj_A/6"]
    for stored, k in zip(read_chains(tmp_path / "set"), (0, 3, 6), strict=True):
        centred = frames[k] - frames[k][:, 1].mean(0)
        np.testing.assert_allclose(stored.backbone().coords, centred, atol=0.02)
        assert stored.row["method"] == b"simulation"
        assert stored.sequence == protdiff.read(top).sequence


def test_long_trajectories_come_in_pieces(tmp_path, trajectory, monkeypatch):
    monkeypatch.setattr("protdiff.dataset.inputs.FRAMES", 2)
    xtc, top, _ = trajectory
    names, _, _ = build(tmp_path, f"{xtc}+{top}", stride=2)
    assert names == ["traj_A/0", "traj_A/2", "traj_A/4", "traj_A/6"]


def test_trajectories_that_do_not_work(tmp_path, trajectory):
    xtc, top, _ = trajectory
    cut = tmp_path / "cut.xtc"
    cut.write_bytes(xtc.read_bytes()[:100])
    empty = tmp_path / "empty.xtc"
    empty.write_bytes(b"")
    other = EXAMPLES / "1tpk.pdb"
    inputs = [f"{xtc}+{other}", str(xtc), f"{cut}+{top}", f"{empty}+{top}", f"gone.xtc+{top}"]
    names, reasons, summary = build(tmp_path, *inputs, top)
    assert names == ["top_A"] and summary["rejected"] == {"unreadable": 5}
    assert "does the topology belong to the trajectory?" in reasons[inputs[0]]
    assert "needs its topology" in reasons[str(xtc)]
    assert "no such file" in reasons[inputs[4]]


def test_entries_are_fetched(tmp_path, monkeypatch):
    def fetch(entry, kind, folder):
        if entry != "1A8O":  # as libraries of the network wrap it, one in another
            try:
                raise OSError(101, "Network is unreachable")
            except OSError as error:
                address = f"HTTPSConnectionPool(host='models.rcsb.org', port=443): /{entry}.bcif"
                raise ConnectionError(f"{address} (Caused by {error!r} of a class)") from error
        target = f"{folder}/1A8O.pdb.gz"
        shutil.copy(EXAMPLES / "1a8o.pdb.gz", target)
        return target

    monkeypatch.setattr("biotite.database.rcsb.fetch", fetch)
    inputs = ["pdb:2ABC", "pdb:1a8o", "pdb:1a8o_Q", "pdb:nonsense"]
    names, reasons, summary = build(tmp_path, *inputs)
    assert names == ["1a8o_A"] and summary["rejected"] == {"unreadable": 3}
    reason = "cannot be fetched (Network is unreachable); check the id and the network"
    assert reasons["pdb:2ABC"] == reason
    assert "no chain Q; chains: A" in reasons["pdb:1a8o_Q"]
    assert "not a PDB id" in reasons["pdb:nonsense"]


def test_an_archive_is_imported_as_it_is(tmp_path, tiny_archive):
    _, _, summary = build(tmp_path, tiny_archive, identical=True)
    for split in ("train", "val"):
        old, new = (read_chains(folder, split) for folder in (tiny_archive, tmp_path / "set"))
        assert old.digest == new.digest
    assert summary["splits"] == "as in the input"


def test_a_data_set_is_an_input_too(tmp_path, chain):
    build_dataset([str(EXAMPLES / "1a8o.pdb.gz")], tmp_path / "first")
    names, reasons, _ = build(tmp_path, tmp_path / "first", EXAMPLES, limits=Limits(50))
    assert names.count("1a8o_A") == 1 and reasons["1a8o_A"].startswith("another chain")
    first, second = (read_chains(tmp_path / x) for x in ("first", "set"))
    np.testing.assert_array_equal(first[0].coords, second[0].coords)
    assert first.structure[first.span(0)].tolist() == second.structure[second.span(0)].tolist()


def test_nothing_kept_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match=r"no chain was kept, .*1a8o_A: longest unbroken"):
        build_dataset([str(EXAMPLES / "1a8o.pdb.gz")], tmp_path / "set", limits=Limits(400))
    assert not list(tmp_path.iterdir())
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty: no structure files"):
        build_dataset([str(tmp_path / "empty")], tmp_path / "set")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left")])
def test_interruption_and_full_disk_leave_nothing_behind(tmp_path, monkeypatch, error):
    from protdiff.dataset import set_writer

    def full(self, *arguments, **values):
        raise error

    monkeypatch.setattr(set_writer.ChainSetWriter, "add", full)
    with pytest.raises(type(error)):
        build_dataset([str(EXAMPLES / "1a8o.pdb.gz")], tmp_path / "set")
    assert not list(tmp_path.iterdir())


def test_an_existing_folder_is_left_alone(tmp_path):
    (tmp_path / "set").mkdir()
    with pytest.raises(ValueError, match="exists already"):
        build_dataset([str(EXAMPLES)], tmp_path / "set")


def test_the_summary_says_what_was_done(tmp_path):
    build(tmp_path, EXAMPLES, splitting=Splitting(cluster="identical"))
    summary = json.loads((tmp_path / "set" / "dataset.json").read_text())
    assert summary["splits"] == "by clusters of one sequence"
    assert summary["chains"] == len(ChainSet.open(tmp_path / "set"))
