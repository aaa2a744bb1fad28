"""The folder that `protdiff design` writes: it continues, and nothing foreign is replaced."""

import shutil
from contextlib import contextmanager

import numpy as np
import pytest

import protdiff
from protdiff._system.cluster import Cluster
from protdiff.cli import design as verb
from protdiff.cli._shared import design_workers

from .helpers import contents, rows_of


@pytest.mark.parametrize("cut", [0, 7])
def test_an_interrupted_run_continues(run, folder, tmp_path, monkeypatch, cut):
    options = (folder, "--num", 2, "--temperature", 1)
    assert run(*options, out="whole")[0] == 0
    work, done = design_workers.design_task, []

    def interrupted(task, **more):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(task.name)
        return work(task, **more)

    monkeypatch.setattr(design_workers, "design_task", interrupted)
    code, _, err = run(*options)
    assert code == 130 and "the same command continues" in err
    table = tmp_path / "out" / "designs.csv"
    assert len(rows_of(tmp_path / "out")) == 4
    if cut:  # what a kill in the middle of a line leaves
        table.write_bytes(table.read_bytes()[:-cut])
    monkeypatch.setattr(
        design_workers, "design_task", lambda t, **m: done.append(t) or work(t, **m)
    )
    code, text, _ = run(*options)
    assert code == 0 and f"({'1 was' if cut else '2 were'} there already)" in text
    assert len(done) == (4 if cut else 3)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_warnings_name_a_file(run, folder, chain, tmp_path):
    """They are one line for each kind, with an example, as those of score."""
    for name, count in (("d", 1), ("e", 2)):
        coords = chain.coords.copy()
        coords[:count, 0] = np.nan
        lacking = protdiff.Backbone.from_coords(coords, chain.sequence)
        protdiff.write(lacking, folder / f"{name}.pdb")
    first = "1 residue lacks N, CA or C and is not designed (A1)"
    code, _, err = run(folder, "--num", 2, out="five")
    assert code == 0
    assert err.splitlines() == [f"warning, 2 of 5: {first} (as in {folder / 'd.pdb'})"]
    code, _, err = run(folder / "d.pdb", "--num", 2, out="one")
    assert code == 0 and err.splitlines() == [f"warning, 1 of 1: {folder / 'd.pdb'}: {first}"]
    assert {row["warning"] for row in rows_of(tmp_path / "one")} == {first}


class SlowFirst(Cluster):
    """A cluster that has done all but the first task when Ctrl-C comes."""

    def __init__(self):
        super().__init__(client=None, name="slow", say=print)

    @contextmanager
    def results(self, work, tasks, needs, *, in_order=True):
        def found():
            for place in range(0 if in_order else 1, len(tasks)):
                if place == 0:
                    break
                yield place, work(tasks[place])
            raise KeyboardInterrupt

        yield found()


def test_what_a_cluster_has_done_is_kept_while_one_takes_long(run, folder, tmp_path, monkeypatch):
    @contextmanager
    def connected(where):
        yield where and SlowFirst()

    assert run(folder, "--num", 2, out="whole")[0] == 0
    monkeypatch.setattr(verb, "connected", connected)
    assert run(folder, "--num", 2, "--cluster", "dask://x:1")[0] == 130
    assert [row["design"] for row in rows_of(tmp_path / "out")] == ["b", "b", "c", "c"]
    code, text, err = run(folder, "--num", 2)
    assert code == 0 and "(2 were there already)" in text, err
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_copy_that_is_gone_is_made_anew(run, folder, tmp_path):
    run(folder, "--num", 2)
    before = contents(tmp_path / "out")
    (tmp_path / "out" / "structures" / "b_1.cif").unlink()
    assert "(2 were there already)" in run(folder, "--num", 2)[1]
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--num", 3), "num"),
        (("--seed", 1), "seed"),
        (("--omit", "C"), "omit"),
        (("--fixed", "A*"), "fixed"),
        (("--keep-known",), "keep-known"),
    ],
)
def test_other_options_are_refused(run, folder, tmp_path, options, named):
    assert run(folder, "--num", 2)[0] == 0
    before = contents(tmp_path / "out")
    code, _, err = run(folder, "--num", 2, *options)
    assert code == 2 and f"other options ({named})" in err and len(err.splitlines()) == 1
    assert contents(tmp_path / "out") == before


def test_other_inputs_are_refused(run, folder, chain, tmp_path):
    run(folder, "--num", 1)
    code, _, err = run(folder / "a.pdb", "--num", 1)
    assert code == 2 and "b.cif, which is not given now" in err
    protdiff.write(chain[:25], folder / "a.pdb")
    code, _, err = run(folder, "--num", 1)
    assert code == 2 and "a.pdb has changed since" in err


def test_other_options_may_mend_a_run_without_a_sequence(run, folder, tmp_path):
    assert run(folder / "a.pdb", "--num", 1, "--fixed", "B*")[0] == 1
    code, _, err = run(folder / "a.pdb", "--num", 1, "--fixed", "A11-12")
    assert code == 0, err
    run(folder / "a.pdb", "--num", 1, "--fixed", "A11-12", out="whole")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_table_that_is_no_table(run, folder, tmp_path):
    run(folder / "a.pdb", "--num", 1)
    (tmp_path / "out" / "designs.csv").write_text("a,b\n1,2\n")
    code, _, err = run(folder / "a.pdb", "--num", 1)
    assert code == 2 and "designs.csv: not of this command" in err


def test_more_inputs_are_added(run, folder, tmp_path):
    run(folder, "--num", 1, out="whole")
    protdiff.write(protdiff.read(folder / "c.pdb.gz"), tmp_path / "c.pdb.gz")
    (folder / "c.pdb.gz").unlink()
    run(folder, "--num", 1)
    shutil.move(tmp_path / "c.pdb.gz", folder / "c.pdb.gz")
    code, text, _ = run(folder, "--num", 1)
    assert code == 0 and "(2 were there already)" in text
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_folder_of_something_else_is_left_alone(run, folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sequences.fasta").write_text(">mine\nMK\n")
    code, _, err = run(folder)
    assert code == 2 and "sequences.fasta: not of this command" in err
    assert list(contents(tmp_path / "out").values()) == [b">mine\nMK\n"]
