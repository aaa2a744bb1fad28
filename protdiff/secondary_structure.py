"""Secondary structure of a backbone by DSSP (mdtraj), reduced to helix, strand and coil."""

import numpy as np

__all__ = ["STATES", "dssp"]

#: Helix (H, G, I), strand (E, B), coil.
STATES = "HEC"


def dssp(coords, residue_names=None):
    """Simplified DSSP string of one unbroken chain.

    Parameters
    ----------
    coords : ndarray, shape (L, 4, 3)
        N, CA, C, O in Å.
    residue_names : sequence of str, optional
        Three-letter names; DSSP needs to know the prolines. ALA by default.

    Returns
    -------
    str
        L letters of "HEC".
    """
    import mdtraj
    from mdtraj.core.element import carbon, nitrogen, oxygen

    coords = np.asarray(coords, dtype=np.float32)
    topology = mdtraj.Topology()
    chain = topology.add_chain()
    for i in range(len(coords)):
        name = "ALA" if residue_names is None else residue_names[i]
        residue = topology.add_residue(name, chain, i + 1)
        for atom, element in (("N", nitrogen), ("CA", carbon), ("C", carbon), ("O", oxygen)):
            topology.add_atom(atom, element, residue)
    trajectory = mdtraj.Trajectory(coords.reshape(1, -1, 3) / 10, topology)
    letters = mdtraj.compute_dssp(trajectory, simplified=True)[0]
    return "".join(letter if letter in STATES else "C" for letter in letters)
