"""A window of a longer chain comes back into the frame of the whole chain."""

import numpy as np
import torch

import protdiff
from protdiff.conditioning.placed_window import PlacedWindow

from ..conftest import ROOT


def test_outer_atoms_do_not_move_the_window():
    """No link places N of its first residue and C and O of its last, whatever the chain has."""
    chain = protdiff.read(ROOT / "data/examples/1tpk.pdb")[:64]
    drawn = np.array(chain.coords)
    drawn[0, 0] += 3.0
    drawn[-1, 2:] -= 2.0
    known = np.array(chain.coords)
    known[16:48] = np.nan
    state = torch.zeros(2 * len(chain), 3)
    window = PlacedWindow(state, 0.1, known, chain.ca.mean(0), np.zeros((0, 3)))
    moved = window.finish(protdiff.Backbone.from_coords(drawn + 5.0))
    np.testing.assert_allclose(moved.ca, chain.ca, rtol=0, atol=1e-6)
