"""Generated structure files: read by three programmes, each without a word of complaint; written.

read by all programmes
    biotite, Biopython (``PERMISSIVE=False``) and mdtraj each read the file without a warning, and
    find as many CA atoms as one another at the same places. Formats that a programme cannot read
    (Biopython and mdtraj: BinaryCIF; mdtraj: mmCIF without OpenMM) are not held against the file.
complete
    Every residue has finite N, CA, C and O; every chain is numbered 1, 2, ..., length.
"""

import contextlib
import csv
import warnings

import biotite.structure as struc
import mdtraj
import numpy as np
from Bio.PDB import MMCIFParser, PDBParser
from biotite.structure.io import pdb, pdbx

ATOMS = ("N", "CA", "C", "O")
ELEMENTS = ("N", "C", "C", "O")
RESIDUES = (  # order of `aatype` in the data set
    "ALA",
    "ARG",
    "ASN",
    "ASP",
    "CYS",
    "GLN",
    "GLU",
    "GLY",
    "HIS",
    "ILE",
    "LEU",
    "LYS",
    "MET",
    "PHE",
    "PRO",
    "SER",
    "THR",
    "TRP",
    "TYR",
    "VAL",
)


def read_biotite(path):
    """First model of a file as an AtomArray of amino acids."""
    if path.suffix in (".pdb", ".ent"):
        array = pdb.PDBFile.read(path).get_structure(model=1, altloc="first")
    else:
        reader = pdbx.BinaryCIFFile if path.suffix == ".bcif" else pdbx.CIFFile
        array = pdbx.get_structure(reader.read(path), model=1, altloc="first")
    return array[struc.filter_amino_acids(array)]


def ca_biopython(path):
    """CA coordinates (N, 3) in Å as Biopython reads them; None for BinaryCIF."""
    if path.suffix == ".bcif":
        return None
    pdb = path.suffix in (".pdb", ".ent")
    parser = PDBParser(PERMISSIVE=False) if pdb else MMCIFParser()
    model = next(iter(parser.get_structure("sample", path)))
    return np.array([residue["CA"].coord for residue in model.get_residues() if "CA" in residue])


def ca_mdtraj(path):
    """CA coordinates (N, 3) in Å as mdtraj reads them; None for formats it needs OpenMM for."""
    if path.suffix not in (".pdb", ".ent"):
        return None
    trajectory = mdtraj.load_pdb(str(path), frame=0)
    return 10 * trajectory.xyz[0, trajectory.topology.select("name CA and protein")]


def compare_ca(other, biotite_ca):
    """Raise ValueError where two programmes read different CA atoms out of one file."""
    if not len(other) or len(other) != len(biotite_ca):
        raise ValueError(f"{len(other)} CA atoms, biotite finds {len(biotite_ca)}")
    if not np.isfinite(other).all():
        raise ValueError("coordinates that are not numbers")
    if np.abs(other - biotite_ca).max() > 2e-3:
        raise ValueError("other CA coordinates than biotite")


def read_checked(path):
    """Read one file with biotite, then hold the other two programmes against it.

    Returns
    -------
    array : AtomArray or None
    complaint : str
        Empty, or what the first programme that stumbled had to say.
    """
    array, complaint = None, ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ResourceWarning)  # of the programme, not of the file
        for name, reader in (
            ("biotite", read_biotite),
            ("Biopython", ca_biopython),
            ("mdtraj", ca_mdtraj),
        ):
            try:
                atoms = reader(path)
                if name == "biotite":
                    array = atoms
                    atoms = array.coord[array.atom_name == "CA"]
                    biotite_ca = atoms
                if atoms is not None:
                    compare_ca(atoms, biotite_ca)
            except Exception as error:
                complaint = complaint or f"{name}: {type(error).__name__}: {error}"
    if array is None:  # a warning is a finding, but no reason to measure nothing
        with warnings.catch_warnings(), contextlib.suppress(Exception):
            warnings.simplefilter("ignore")
            array = read_biotite(path)
    return array, complaint


def split_chains(array):
    """Backbones of an AtomArray, and whether every residue of it was complete and in order.

    Returns
    -------
    chains : list of (coords, number, name)
        coords (L, 4, 3) in Å of the residues that have all four atoms, number (L,) of the
        residues, name (L,) of three letters.
    complete : bool
        All residues have four finite atoms and each chain is numbered 1, 2, ..., L.
    """
    chains, complete = [], len(array) > 0
    for chain_id in dict.fromkeys(array.chain_id.tolist()):
        chain = array[array.chain_id == chain_id]
        starts = struc.get_residue_starts(chain)
        residue = struc.get_residue_positions(chain, np.arange(len(chain)))
        coords = np.full((len(starts), 4, 3), np.nan)
        for k, atom in enumerate(ATOMS):
            positions = np.flatnonzero(chain.atom_name == atom)
            coords[residue[positions], k] = chain.coord[positions]
        whole = np.isfinite(coords).all((1, 2))
        number, name = chain.res_id[starts], chain.res_name[starts]
        complete &= bool(whole.all() and (number == np.arange(len(starts)) + 1).all())
        if whole.any():
            chains.append((coords[whole], number[whole], name[whole]))
    return chains, complete


def write_pdb(path, coords, names):
    """Write one backbone (L, 4, 3) as a PDB file: chain A, residues 1 to L."""
    array = struc.AtomArray(4 * len(coords))
    array.coord = coords.reshape(-1, 3).astype(np.float32)
    array.chain_id = np.full(len(array), "A")
    array.res_id = np.repeat(np.arange(1, len(coords) + 1), 4)
    array.res_name = np.repeat(names, 4)
    array.atom_name, array.element = np.tile(ATOMS, len(coords)), np.tile(ELEMENTS, len(coords))
    output = pdb.PDBFile()
    output.set_structure(array)
    # Biopython complains about a bare "TER" or "END": a record name is six characters wide.
    ter = f"TER   {len(array) + 1:5d}      {names[-1]:>3s} A{len(coords):4d}"
    with open(path, "w") as handle:
        handle.write(f"{output}\n{ter:<80}\n{'END':<80}\n")


def write_real(folder, data, number, shortest, longest, seed):
    """Write random validation chains of some lengths to a folder, and give their number."""
    with open(data / "chains.csv", newline="") as handle:
        rows = [
            row
            for row in csv.DictReader(handle)
            if row["split"] == "val" and shortest <= int(row["length"]) <= longest
        ]
    order = np.random.default_rng(seed).permutation(len(rows))[:number]
    wanted = {int(rows[k]["index"]) for k in order}
    for name in ("structures_le256.npz", "structures_257_512.npz"):
        with np.load(data / name) as stored:
            index, offsets = stored["chain_index"], stored["offsets"]
            chosen = [k for k in range(len(index)) if index[k] in wanted]
            coords, aatype = (stored["coords"], stored["aatype"]) if chosen else (None, None)
        for k in chosen:
            span = slice(offsets[k], offsets[k + 1])
            write_pdb(
                folder / f"real_{index[k]:05d}.pdb",
                coords[span] / 100,
                np.array(RESIDUES)[aatype[span]],
            )
    return len(wanted)
