"""Small predictions in the layouts of AlphaFold 3, Boltz, Chai, ColabFold and OpenFold3.

Two protein chains, of which the second has a modified residue, and a ligand of three atoms between
them in the file: one token for a residue, one for each atom of the others.
"""

import json

import numpy as np

ATOMS = ("N", "CA", "C", "O", "CB")
SEP = ("N", "CA", "CB", "OG", "C", "O", "P", "O1P")
#: (chain, residue number, residue name, names of atoms), in the order of the file.
RESIDUES = [
    *(("A", k + 1, name, ATOMS) for k, name in enumerate(["ALA", "LEU", "SER", "VAL"] * 8)),
    ("L", 1, "XYZ", ("C1", "C2", "O3")),
    *(("B", k + 1, name, ATOMS) for k, name in enumerate(["LYS", "GLU", "ASP", "ILE"] * 7)),
    ("B", 29, "SEP", SEP),
    ("B", 30, "GLY", ATOMS[:4]),
]  # fmt: skip
STANDARD = [name not in ("SEP", "XYZ") for _, _, name, _ in RESIDUES]
TOKENS = [1 if known else len(row[3]) for row, known in zip(RESIDUES, STANDARD, strict=True)]
TOKEN_CHAINS = [row[0] for row, n in zip(RESIDUES, TOKENS, strict=True) for _ in range(n)]
TOKEN_NUMBERS = [row[1] for row, n in zip(RESIDUES, TOKENS, strict=True) for _ in range(n)]
N_TOKENS, N_ATOMS = len(TOKEN_CHAINS), sum(len(row[3]) for row in RESIDUES)
N_RESIDUES = sum(row[0] != "L" for row in RESIDUES)
CHAIN_IPTM = np.array([[0.9, 0.31, 0.62], [0.31, 0.4, 0.33], [0.62, 0.33, 0.8]])


def numbers(seed=0):
    """Coordinates and pLDDT of all atoms, and the errors of all tokens."""
    rng = np.random.default_rng(seed)
    coords = []
    for chain, number, _, atoms in RESIDUES:
        turn, side = 1.745 * number, {"A": 0.0, "B": 9.0, "L": 4.5}[chain]
        alpha = np.array([2.3 * np.cos(turn) + side, 2.3 * np.sin(turn), 1.5 * number])
        alpha = alpha + 0.7 * rng.normal(size=3)
        coords += [alpha + (atom != "CA") * rng.normal(size=3) for atom in atoms]
    pae = rng.uniform(0.3, 25.0, (N_TOKENS, N_TOKENS)).round(2)
    return np.round(coords, 3), rng.uniform(20.0, 98.0, N_ATOMS).round(2), pae


def by_token(atom_values):
    """A value of every token: of the CA of a residue, else of the atom."""
    out, first = [], 0
    for (*_, atoms), known in zip(RESIDUES, STANDARD, strict=True):
        own = atom_values[first : first + len(atoms)]
        out += [own[atoms.index("CA")]] if known else list(own)
        first += len(atoms)
    return np.array(out)


def cif(path, coords, b_factors, table=""):
    """Write the model as mmCIF; a table of pLDDT by residue too, if it has a name."""
    names = ("group_PDB", "id", "label_atom_id", "label_alt_id", "label_comp_id", "label_asym_id",
             "label_seq_id", "auth_seq_id", "auth_asym_id", "Cartn_x", "Cartn_y", "Cartn_z",
             "B_iso_or_equiv")  # fmt: skip
    lines = ["data_x", "loop_", *(f"_atom_site.{name}" for name in names)]
    rows, k = [], 0
    for chain, number, name, atoms in RESIDUES:
        place = "." if chain == "L" else number
        first = k
        for atom in atoms:
            group = "HETATM" if name in ("SEP", "XYZ") else "ATOM"
            x, y, z = coords[k]
            lines.append(f"{group} {k + 1} {atom} . {name} {chain} {place} {number} {chain} "
                         f"{x:.3f} {y:.3f} {z:.3f} {b_factors[k]:.2f}")  # fmt: skip
            k += 1
        rows.append(f"1 {chain} {place} {name} 2 {b_factors[first:k].mean():.2f}")
    if table:
        columns = ("id", "mode", "name", "type")
        lines += ["#", "loop_", *(f"_ma_qa_metric.{column}" for column in columns)]
        lines += [f"1 global {table} {table}", f"2 local {table} {table}", "#", "loop_"]
        columns = ("model_id", "label_asym_id", "label_seq_id", "label_comp_id", "metric_id",
                   "metric_value")  # fmt: skip
        lines += [*(f"_ma_qa_metric_local.{column}" for column in columns), *rows]
    path.write_text("\n".join([*lines, "#", ""]))


def alphafold3(folder, name="x_model", seed=0):
    """A prediction as AlphaFold 3 writes it, and its numbers."""
    coords, plddt, pae = numbers(seed)
    cif(folder / f"{name}.cif", coords, plddt, "pLDDT")
    prefix = name.removesuffix("model")
    full = {"atom_chain_ids": [row[0] for row in RESIDUES for _ in row[3]],
            "atom_plddts": plddt.tolist(), "contact_probs": [[0.0] * N_TOKENS] * N_TOKENS,
            "pae": pae.tolist(), "token_chain_ids": TOKEN_CHAINS,
            "token_res_ids": TOKEN_NUMBERS}  # fmt: skip
    summary = {"chain_iptm": [0.5] * 3, "chain_pair_iptm": CHAIN_IPTM.tolist(), "ptm": 0.71,
               "chain_ptm": [0.9, 0.4, 0.8], "iptm": 0.62, "ranking_score": 0.7}  # fmt: skip
    (folder / f"{prefix}confidences.json").write_text(json.dumps(full))
    (folder / f"{prefix}summary_confidences.json").write_text(json.dumps(summary))
    return coords, plddt, pae


def boltz(folder, name="x_model_0", seed=0):
    """A prediction as Boltz writes it, and its numbers."""
    coords, plddt, pae = numbers(seed)
    cif(folder / f"{name}.cif", coords, plddt)
    pairs = {str(i): {str(j): CHAIN_IPTM[i, j] for j in range(3)} for i in range(3)}
    summary = {"confidence_score": 0.8, "ptm": 0.71, "iptm": 0.62, "complex_plddt": 0.7,
               "chains_ptm": {str(i): CHAIN_IPTM[i, i] for i in range(3)},
               "pair_chains_iptm": pairs}  # fmt: skip
    (folder / f"confidence_{name}.json").write_text(json.dumps(summary))
    np.savez_compressed(folder / f"plddt_{name}.npz", plddt=by_token(plddt / 100))
    np.savez_compressed(folder / f"pae_{name}.npz", pae=pae)
    return coords, plddt, pae


def openfold3(folder, name="x_seed_1_sample_1_model", seed=0):
    """A prediction as OpenFold3 writes it, and its numbers."""
    coords, plddt, pae = numbers(seed)
    cif(folder / f"{name}.cif", coords, plddt)
    prefix = name.removesuffix("model")
    pairs = {f"({i + 1}, {j + 1})": [CHAIN_IPTM[i, j]]
             for i in range(3) for j in range(3) if i < j}  # fmt: skip
    summary = {"avg_plddt": float(plddt.mean()), "ptm": [0.71], "iptm": [0.62],
               "chain_pair_iptm": pairs}  # fmt: skip
    (folder / f"{prefix}confidences_aggregated.json").write_text(json.dumps(summary))
    np.savez_compressed(folder / f"{prefix}confidences.npz", plddt=plddt, pae=pae, pde=pae)
    return coords, plddt, pae


def chai(folder, name="pred.model_idx_0", seed=0):
    """A prediction as Chai-1 writes it, and its numbers; it keeps no errors."""
    coords, plddt, _ = numbers(seed)
    cif(folder / f"{name}.cif", coords, plddt)
    np.savez(folder / f"scores.{name.removeprefix('pred.')}.npz", aggregate_score=[0.6],
             ptm=[0.71], iptm=[0.62], per_chain_pair_iptm=CHAIN_IPTM[None])  # fmt: skip
    return coords, plddt, None


def pdb(path, coords, b_factors, head=""):
    """Write the proteins of the model as PDB, whose residues are all standard."""
    lines, k = [head] if head else [], 0
    for chain, number, name, atoms in RESIDUES:
        for atom in atoms:
            x, y, z = coords[k]
            if chain != "L" and atom in ATOMS:
                lines.append(f"ATOM  {k + 1:5d}  {atom:<4}{name.replace('SEP', 'SER')} {chain}"
                             f"{number:4d}    {x:8.3f}{y:8.3f}{z:8.3f}{1:6.2f}{b_factors[k]:6.2f}"
                             f"          {atom[0]:>2}")  # fmt: skip
            k += 1
    path.write_text("\n".join([*lines, "END", ""]))


def colabfold(folder, rank="rank_001_alphafold2_multimer_v3_model_1_seed_000", seed=0):
    """A prediction as ColabFold writes it, and its numbers: one token for each residue."""
    coords, plddt, pae = numbers(seed)
    alpha = by_token(plddt)[alpha_tokens()]
    atoms = np.concatenate(
        [np.zeros(3) if row[0] == "L" else np.full(len(row[3]), value)
         for row, value in zip(RESIDUES, np.insert(alpha, 32, 0), strict=True)]
    )  # fmt: skip
    pdb(folder / f"x_unrelaxed_{rank}.pdb", coords, atoms)
    pae = pae[np.ix_(alpha_tokens(), alpha_tokens())]
    scores = {"plddt": alpha.tolist(), "max_pae": float(pae.max()), "pae": pae.tolist(),
              "ptm": 0.71, "iptm": 0.62}  # fmt: skip
    (folder / f"x_scores_{rank}.json").write_text(json.dumps(scores))
    return coords, atoms, pae


def alpha_tokens():
    """Token of the CA of every protein residue."""
    out, first = [], 0
    for (chain, _, name, atoms), n in zip(RESIDUES, TOKENS, strict=True):
        if chain != "L":
            out.append(first + (atoms.index("CA") if name == "SEP" else 0))
        first += n
    return np.array(out)
