"""Complexes made of example chains, and models of them, that DockQ and OpenStructure have scored.

    python -m tests.metrics.interfaces.made_complexes FOLDER

writes them as PDB files with jobs.json, which benchmarks/dockq_program.py and
benchmarks/openstructure_program.py score: `dockq.json` and `openstructure.json` beside this file.
"""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
from biotite.structure import AtomArray, concatenate
from biotite.structure.io.pdb import PDBFile
from scipy.spatial import KDTree

from protdiff import read

from ..helpers import EXAMPLES, KRINGLE, REDUCTASE

BACKBONE = ("N", "CA", "C", "O")


@cache
def part(name: str, size: int) -> AtomArray:
    """Heavy atoms of the first residues of an example."""
    _backbone, atoms, residue = read(EXAMPLES / name, atoms="all")
    atoms = atoms[(residue >= 0) & (residue < size) & ~np.isin(atoms.element, ("H", "D"))]
    atoms.hetero[:] = False
    return atoms


def turned(atoms, axis, degrees, shift=(0, 0, 0)):
    """A copy turned about its centre, and shifted."""
    axis = np.array(axis) / np.linalg.norm(axis)
    cross, angle = np.cross(np.eye(3), axis), np.radians(degrees)
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    out, center = atoms.copy(), atoms.coord.mean(0)
    out.coord = ((atoms.coord - center) @ rotation + center + shift).astype(np.float32)
    return out


def named(atoms, chain):
    out = atoms.copy()
    out.chain_id[:] = chain
    return out


def docked(first, second, direction, gap=3.0):
    """The second part moved along a direction until it just touches the first."""
    direction = np.array(direction) / np.linalg.norm(direction)
    start = second.coord - second.coord.mean(0) + first.coord.mean(0)
    tree = KDTree(first.coord)
    steps = np.arange(5, 100, 0.1)
    free = [tree.query(start + step * direction)[0].min() > gap for step in steps]
    out = second.copy()
    out.coord = (start + steps[1 + np.flatnonzero(~np.array(free))[-1]] * direction).astype("f4")
    return out


def rippled(atoms, size):
    """Each residue shifted along a wave."""
    out = atoms.copy()
    phase = atoms.res_id[:, None] * np.array([0.9, 1.3, 1.7])
    out.coord = (atoms.coord + size * np.sin(phase)).astype("f4")
    return out


def without(atoms, *ranges):
    """A chain without residues of some ranges of numbers."""
    cut = [(atoms.res_id >= first) & (atoms.res_id <= last) for first, last in ranges]
    return atoms[~np.any(cut, axis=0)]


def joined(*parts):
    return concatenate([named(atoms, chain) for chain, atoms in zip("ABCDEF", parts, strict=False)])


@cache
def pairs():
    """Models and references by name."""
    kringle, reductase = part(KRINGLE, 88), part(REDUCTASE, 60)
    other = docked(kringle, turned(reductase, (1, 2, 3), 70), (1, 0.2, 0))
    twin = docked(kringle, turned(kringle, (0, 0, 1), 180), (0, 1, 0))
    twins_other = docked(twin, turned(other, (0, 0, 1), 180), (-1, -0.2, 0))
    dimer = joined(kringle, other)
    posed = turned(other, (0, 1, 1), 12, (0.5, 2, -1))
    trimer = joined(kringle, twin, docked(kringle, turned(kringle, (1, 0, 0), 90), (0, -0.3, 1)))
    shaken = [rippled(trimer[trimer.chain_id == name], 0.4) for name in "CAB"]
    tetramer = joined(kringle, other, twin, twins_other)
    bare, bare_other = (atoms[np.isin(atoms.atom_name, BACKBONE)] for atoms in (kringle, reductase))
    bare_other = docked(bare, turned(bare_other, (1, 2, 3), 70), (1, 0.2, 0))
    cut = without(posed, (14, 19), (40, 41)), without(kringle, (30, 33))
    return {
        "pose": (joined(kringle, posed), dimer),
        "backbone": (
            joined(bare, turned(bare_other, (0, 1, 1), 4, (0, 1, 0))),
            joined(bare, bare_other),
        ),
        "swapped": (joined(shaken[0], turned(shaken[1], (0, 0, 1), 5), shaken[2]), trimer),
        "missing residues": (joined(cut[1], cut[0]), dimer),
        "one chain missing": (joined(twin, rippled(posed, 0.3), kringle), tetramer),
        "one chain more": (joined(kringle, posed, twin), dimer),
        "apart": (joined(kringle, turned(other, (1, 0, 0), 0, (40, 0, 0))), dimer),
    }


def write_pdb(atoms, path):
    file = PDBFile()
    file.set_structure(atoms)
    file.write(str(path))


def main():
    folder = Path(sys.argv[1])
    jobs = []
    for name, sides in pairs().items():
        job = {"name": name}
        for what, atoms in zip(("model", "reference"), sides, strict=True):
            job[what] = str(folder / f"{name.replace(' ', '_')}_{what}.pdb")
            write_pdb(atoms, job[what])
        jobs.append(job)
    (folder / "jobs.json").write_text(json.dumps(jobs))


if __name__ == "__main__":
    main()
