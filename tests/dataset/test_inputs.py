"""Names of trajectories, and their topologies."""

import warnings

import numpy as np
import pytest

from protdiff import ProtdiffWarning
from protdiff.dataset.inputs import tasks
from protdiff.dataset.tasks import FileTask, FramesTask


def of_kind(kind, *inputs):
    found = list(tasks(inputs))
    assert all(isinstance(task, kind) for task in found), found
    return found


def test_a_plus_in_paths(tmp_path, trajectory):
    xtc, top, _ = trajectory
    folder = tmp_path / "run+1"
    folder.mkdir()
    for xtc_name, top_name in (("a+b.xtc", "top+1.pdb"), ("x.xtc+y.XTC", "t.pdb")):
        new, topology = folder / xtc_name, folder / top_name
        new.write_bytes(xtc.read_bytes())
        topology.write_bytes(top.read_bytes())
        [task] = of_kind(FramesTask, f"{new}+{topology}")
        assert len(task.coords) == 7
    assert len(of_kind(FileTask, str(folder))) == 2
    assert len(of_kind(FileTask, f"{folder}/*+*.pdb")) == 1
    of_kind(FileTask, str(folder / "top+1.pdb"))
    of_kind(FileTask, str(folder / "gone+1.pdb"))


@pytest.mark.parametrize("name", ["OT1", "OC1", "OXT", "O1"])
def test_terminal_oxygens_of_topologies(tmp_path, trajectory, name):
    xtc, top, frames = trajectory
    lines = top.read_text().splitlines()
    last = max(i for i, line in enumerate(lines) if line[12:16] == " O  ")
    lines[last] = f"{lines[last][:12]} {name:<3s}{lines[last][16:]}"
    top.write_text("\n".join(lines))
    [task] = of_kind(FramesTask, f"{xtc}+{top}")
    assert task.coords.shape == (*frames.shape[:1], *frames.shape[1:])
    np.testing.assert_allclose(task.coords, frames, atol=0.02)


def test_residues_that_a_topology_lacks_are_named(tmp_path, trajectory):
    xtc, top, _ = trajectory
    top.write_text(top.read_text().replace(" O   ASP A 152", " OX  ASP A 152"))
    with pytest.warns(ProtdiffWarning, match="1 residue of chain A without N, CA, C and O"):
        list(tasks([f"{xtc}+{top}"]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ProtdiffWarning)
        [task] = of_kind(FramesTask, f"{xtc}+{top}")
    assert task.coords.shape[1] == 69
