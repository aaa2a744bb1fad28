"""Fit how the atoms of a peptide follow its neighbours, and write data/peptide.json.

    python benchmarks/fit_peptide.py DATA_FOLDER

Least squares on the trans links of the training chains of up to 512 residues: coordinates of C,
N(next) and O, in the frame of their link, as linear functions of `neighbour_functions`.
Coordinates in the plane follow the even functions, those off it the odd ones, so that mirror images
stay mirror images. Then what is left on the validation chains, with rigid peptides and with these:
error of the atoms, N-CA-C around its mean and omega around 180 degrees, beside the chains' own.
"""

import json
import sys
from pathlib import Path

import numpy as np

from protdiff.dataset.store import angstrom
from protdiff.structure.constants import BOND_ANGLES
from protdiff.structure.geometry import angle, dihedral
from protdiff.structure.peptide import (
    is_trans,
    link_vectors,
    place_backbone,
    rigid_links,
)
from protdiff.structure.peptide_response import neighbour_functions
from protdiff.training.chains import load_chains

#: Links with a coordinate farther than this from that of a rigid peptide, Å, are misbuilt.
FARTHEST = 0.6


def links_of(coords):
    """Of every link: functions of the neighbours; coordinates (3, 3) of C, N, O less rigid ones."""
    ca = coords[:, 1]
    frames, midpoints, local = rigid_links(ca, link_vectors(coords))
    even, odd = neighbour_functions(ca, frames, midpoints, local)
    atoms = np.stack([coords[:-1, 2], coords[1:, 0], coords[:-1, 3]], 1) - midpoints[:, None]
    moved = atoms @ frames.swapaxes(1, 2) - local
    kept = (np.abs(moved) < FARTHEST).all((1, 2)) & is_trans(ca)
    kept[[0, -1]] = False
    return even[kept], odd[kept], moved[kept]


def rigid(ca, links):
    """What `place_backbone` would be without neighbours; inner residues only."""
    frames, midpoints, local = rigid_links(ca, links)
    c, n, o = np.moveaxis(midpoints[:, None] + local @ frames, 1, 0)
    return np.stack([n[:-1], ca[1:-1], c[1:], o[1:]], 1)


def fit(chains):
    even, odd, moved = (
        np.concatenate(parts)
        for parts in zip(*(links_of(angstrom(c.coords).astype(float)) for c in chains), strict=True)
    )
    mean = even.mean(0)
    centred = (even - mean).reshape(len(even), -1)
    in_plane = np.linalg.lstsq(centred, moved[..., :2].reshape(len(even), -1), rcond=None)[0]
    c, o = np.linalg.lstsq(odd.reshape(len(odd), -1), moved[:, [0, 2], 2], rcond=None)[0].T.round(5)
    # The direction of C + O - N is the link's own, so N moves off the plane as the two together do.
    off_plane = np.stack([c, c + o, o], -1)
    return {
        "links": len(even),
        "mean": mean.round(4).tolist(),
        "in_plane": in_plane.reshape(2, 5, 3, 2).round(5).tolist(),
        "off_plane": off_plane.round(5).reshape(2, 3, 3).tolist(),
    }


def report(chains):
    """One line each for rigid peptides, these ones and the chains; residues between trans links."""
    rows = {"rigid": [], "fitted": [], "real": []}
    for chain in chains:
        real = angstrom(chain.coords).astype(float)
        ca, links = real[:, 1], link_vectors(real)
        trans = is_trans(ca)
        both = trans[:-1] & trans[1:]
        rebuilt = {"rigid": rigid(ca, links), "fitted": place_backbone(ca, links)[1:-1]}
        for name, atoms in (rebuilt | {"real": real[1:-1]}).items():
            bent = angle(*np.moveaxis(atoms[:, :3], 1, 0))[both] - BOND_ANGLES["N-CA-C"]
            n, c = atoms[1:, 0], atoms[:-1, 2]
            twist = 180 - np.abs(dihedral(atoms[:-1, 1], c, n, atoms[1:, 1]))[trans[1:-1]]
            error = np.square(atoms - real[1:-1]).sum(-1)[both]
            rows[name].append((error, bent**2, twist**2))
    for name, parts in rows.items():
        error, bent, twist = (np.sqrt(np.concatenate(p).mean(0)) for p in zip(*parts, strict=True))
        print(
            f"{name:7} N, C, O {error[0]:.3f}, {error[2]:.3f}, {error[3]:.3f} Å rms;"
            f" N-CA-C {bent:.2f}, omega {twist:.2f} degrees rms"
        )


def main():
    how = {"max_length": 512, "cache": ".cache"}
    train, val = (load_chains(sys.argv[1], split, **how) for split in ("train", "val"))
    path = Path(__file__).parents[1] / "data" / "peptide.json"
    path.write_text(json.dumps({**fit(train), "digest": train.digest}) + "\n")
    report(val)


if __name__ == "__main__":
    main()
