"""Structure files and a trajectory to build data sets from."""

from pathlib import Path

import numpy as np
import pytest

import protdiff

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture
def chain():
    """A chain of 70 residues without breaks."""
    return protdiff.read(EXAMPLES / "1a8o.pdb.gz")


@pytest.fixture
def trajectory(tmp_path, chain):
    """Seven frames of a chain that swells by 0.5 % per frame, its topology, and the coordinates."""
    import mdtraj

    top, xtc = tmp_path / "top.pdb", tmp_path / "traj.xtc"
    protdiff.write(chain, top)
    frames = np.stack([chain.coords * (1 + 0.005 * k) for k in range(7)])
    loaded = mdtraj.load(str(top))
    assert loaded.n_atoms == 4 * len(chain)
    mdtraj.Trajectory(frames.reshape(7, -1, 3) / 10, loaded.topology).save_xtc(str(xtc))
    return xtc, top, frames
