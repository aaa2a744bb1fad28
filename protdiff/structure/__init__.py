"""Backbones: coordinates and names, geometry, secondary structure, files."""

from typing import TYPE_CHECKING

from .._system.lazy import lazy_names

if TYPE_CHECKING:
    from .all_atoms import Structure
    from .backbone import Backbone, bonded_to_next, joined
    from .geometry import angle, dihedral, place_atom
    from .io.atoms import FileError
    from .io.read_write import read, write
    from .peptide import link_vectors, place_backbone
    from .secondary_structure import dssp, dssp_and_bonds, hydrogen_bonds, psea
    from .superposition import rmsd, superpose
    from .torsions import omega_angles, ramachandran

__all__ = [
    "Backbone", "FileError", "Structure", "angle", "bonded_to_next", "dihedral", "dssp",
    "dssp_and_bonds", "hydrogen_bonds", "joined", "link_vectors", "omega_angles", "place_atom",
    "place_backbone", "psea", "ramachandran", "read", "rmsd", "superpose", "write",
]  # fmt: skip

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Backbone": "backbone",
        "FileError": "io.atoms",
        "Structure": "all_atoms",
        "angle": "geometry",
        "bonded_to_next": "backbone",
        "dihedral": "geometry",
        "dssp": "secondary_structure",
        "dssp_and_bonds": "secondary_structure",
        "hydrogen_bonds": "secondary_structure",
        "joined": "backbone",
        "link_vectors": "peptide",
        "omega_angles": "torsions",
        "place_atom": "geometry",
        "place_backbone": "peptide",
        "psea": "secondary_structure",
        "ramachandran": "torsions",
        "read": "io.read_write",
        "rmsd": "superposition",
        "superpose": "superposition",
        "write": "io.read_write",
    },
)
