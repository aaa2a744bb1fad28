"""Names of trajectories, and their topologies."""

import gzip
import os
import pickle
import sys
import types
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


class Attack:
    """What runs a command when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("name", ["t.h5", "t.HDF5", "t.lh5", "t.h5+{top}", "{xtc}+t.h5"])
def test_hdf5_runs_no_code(tmp_path, trajectory, monkeypatch, name):
    """PyTables, by which mdtraj reads HDF5, unpickles every attribute that is read."""
    xtc, top, _ = trajectory
    marker = tmp_path / "ran"
    monkeypatch.chdir(tmp_path)
    text = name.format(top=top, xtc=xtc)
    file = next(part for part in text.split("+") if part.startswith("t."))
    try:
        import tables
    except ImportError:  # pretended: an opened file runs what is in it
        opened = types.SimpleNamespace(open_file=lambda *_a, **_k: marker.mkdir())
        monkeypatch.setitem(sys.modules, "tables", opened)
        (tmp_path / file).write_bytes(b"\x89HDF\r\n\x1a\n" + pickle.dumps(Attack(marker)))
    else:
        with tables.open_file(file, "w") as handle:
            handle.root._v_attrs.conventions = Attack(marker)
        marker.rmdir() if marker.exists() else None
    [rejected] = tasks([text])
    text = f"{rejected.name}: {rejected.reason}"
    assert f"{file}: HDF5 is not read" in text and "traj.xtc" in text
    assert not marker.exists()


def test_topologies_are_bounded(tmp_path, trajectory, monkeypatch):
    xtc, top, _ = trajectory
    packed = tmp_path / "top.pdb.gz"
    packed.write_bytes(gzip.compress(top.read_bytes() + 2**20 * b"\n"))
    [task] = of_kind(FramesTask, f"{xtc}+{packed}")
    assert len(task.coords) == 7
    monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", "1")
    [rejected] = tasks([f"{xtc}+{packed}"])
    assert rejected.reason.startswith(f"{packed}: over 1 MiB")


def test_what_is_no_topology(trajectory, tmp_path):
    xtc, _, _ = trajectory
    (tmp_path / "top.gsd").write_bytes(b"")
    [rejected] = tasks([f"{xtc}+{tmp_path}/top.gsd"])
    assert rejected.reason.startswith(f"{tmp_path}/top.gsd: unknown file type; use one of .pdb")
