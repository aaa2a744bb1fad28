"""Confidence of models in the layouts of predictors, against the numbers that were written."""

import json

import numpy as np
import pytest

import protdiff
from protdiff.metrics.confidence.predicted import model_confidence
from protdiff.structure.io.file_residues import read_file_residues

from . import predictions as files
from .predictions import CHAIN_IPTM, N_ATOMS, N_RESIDUES, N_TOKENS, RESIDUES, alpha_tokens
from .test_interface_confidence import plain_ipsae, plain_lis, plain_pdockq, plain_pdockq2


def of(path, **options):
    return model_confidence(path, protdiff.read(path), **options)


def residue_values(atoms, what):
    """A value of every protein residue from those of its atoms: their mean, or that of the CB."""
    out, first = [], 0
    for chain, _, _, names in RESIDUES:
        own = atoms[first : first + len(names)]
        if chain != "L":
            beta = names.index("CB" if "CB" in names else "CA")
            out.append(own.mean(axis=0) if what == "mean" else own[beta])
        first += len(names)
    return np.array(out)


def expected(coords, plddt, pae):
    """Scores of the two protein chains from numbers of residues."""
    beta = residue_values(coords, "beta")
    first, second = range(32), range(32, N_RESIDUES)
    return {
        "ipsae": max(plain_ipsae(pae, first, second), plain_ipsae(pae, second, first)),
        "lis": (plain_lis(pae, first, second) + plain_lis(pae, second, first)) / 2,
        "pdockq": plain_pdockq(beta, plddt, first, second),
        "pdockq2": max(
            plain_pdockq2(beta, plddt, pae, first, second),
            plain_pdockq2(beta, plddt, pae, second, first),
        ),
        "pae": pae.mean(),
        "pae_interface": np.mean([pae[:32, 32:].mean(), pae[32:, :32].mean()]),
        "ptm": 0.71,
        "iptm": 0.62,
    }


def agree(found, numbers):
    assert {name: getattr(found, name) for name in numbers} == pytest.approx(numbers, abs=1e-9)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("predictions")


def test_tokens_of_the_file(folder):
    """A modified residue and a ligand have a token for each atom; their CA and CB are found."""
    files.alphafold3(folder)
    found = read_file_residues(folder / "x_model.cif")
    assert found.tokens.sum() == N_TOKENS == 62 - 1 + 8 + 3 and found.atoms.sum() == N_ATOMS
    assert found.chain.tolist() == [row[0] for row in RESIDUES]
    assert found.residue.tolist() == [*range(32), -1, *range(32, N_RESIDUES)]
    assert (found.alpha[-2:].tolist(), found.beta[-2:].tolist()) == ([1, 1], [2, 1])
    assert np.isnan(found.beta_coords[32]).all()  # the ligand has none


def test_a_ligand_with_the_name_of_an_amino_acid(tmp_path):
    """AlphaFold 3 and others give each of its atoms a token, as to every ligand."""
    files.alphafold3(tmp_path)
    path = tmp_path / "x_model.cif"
    first = of(path)
    text = path.read_text()
    path.write_text(text.replace(" XYZ L ", " GLU L "))
    found = of(path)
    assert not found.warnings and found.row() == first.row()


@pytest.mark.parametrize("writer", [files.alphafold3, files.openfold3])
def test_values_by_atom(folder, writer):
    """pLDDT of a residue is the mean of its atoms; pDockQ takes that of the CB."""
    coords, atoms, pae = writer(folder)
    name = "x_model.cif" if writer is files.alphafold3 else "x_seed_1_sample_1_model.cif"
    found = of(folder / name)
    np.testing.assert_allclose(found.residues, residue_values(atoms, "mean"))
    assert found.plddt == pytest.approx(residue_values(atoms, "mean").mean())
    pae = pae[np.ix_(alpha_tokens(), alpha_tokens())]
    agree(found, expected(coords, residue_values(atoms, "beta"), pae))
    [pair] = found.pairs
    assert pair.chains == ("A", "B") and pair.iptm == CHAIN_IPTM[0, 2] and not found.warnings
    assert "confidences" in found.confidence_from


def test_names_of_the_alphafold_server(folder):
    """The same numbers under the server's names, and those of a sample's folder without any."""
    files.alphafold3(folder)
    first = of(folder / "x_model.cif")
    for name, full, summary in (
        ("fold_y_model_3.cif", "fold_y_full_data_3.json", "fold_y_summary_confidences_3.json"),
        ("model.cif", "confidences.json", "summary_confidences.json"),
    ):
        (folder / name).write_bytes((folder / "x_model.cif").read_bytes())
        (folder / full).write_bytes((folder / "x_confidences.json").read_bytes())
        (folder / summary).write_bytes((folder / "x_summary_confidences.json").read_bytes())
        found = of(folder / name)
        assert found.confidence_from == f"{full}, {summary}"
        agree(found, {name: getattr(first, name) for name in expected(*_one())})


def _one():
    coords, plddt, pae = files.numbers()
    return coords, residue_values(plddt, "beta"), pae


def test_values_by_token(folder):
    """Boltz: pLDDT from 0 to 1 by token, pairs of chains by their numbers."""
    coords, atoms, pae = files.boltz(folder)
    found = of(folder / "x_model_0.cif")
    token = files.by_token(atoms)
    plddt = token[alpha_tokens()]
    plddt[-2] = token[alpha_tokens()[-2] - 1 :][:8].mean()  # the modified residue
    np.testing.assert_allclose(found.residues, plddt)
    agree(found, expected(coords, token[alpha_tokens()], pae[np.ix_(*2 * [alpha_tokens()])]))
    assert found.pairs[0].iptm == CHAIN_IPTM[0, 2]


def test_chai_has_no_errors(folder):
    coords, atoms, _ = files.chai(folder)
    found = of(folder / "pred.model_idx_0.cif")
    alpha = files.by_token(atoms)[alpha_tokens()]
    np.testing.assert_allclose(found.residues, alpha)  # its B-factors
    assert (found.ptm, found.iptm, found.pairs[0].iptm) == (0.71, 0.62, 0.62)
    beta = residue_values(coords, "beta")
    assert found.pdockq == pytest.approx(plain_pdockq(beta, alpha, range(32), range(32, 62)))
    assert np.isnan([found.pae, found.ipsae, found.lis, found.pdockq2]).all()
    assert found.confidence_from == "B-factors, scores.model_idx_0.npz"


def test_colabfold(folder):
    coords, atoms, pae = files.colabfold(folder)
    [path] = folder.glob("x_unrelaxed*.pdb")
    found = of(path)
    np.testing.assert_allclose(found.residues, residue_values(atoms, "beta"))
    agree(found, expected(coords, residue_values(atoms, "beta"), pae))


def test_the_data_base(tmp_path):
    """A list of one object, and pLDDT from the table of the mmCIF."""
    coords, atoms, pae = files.numbers()
    files.cif(tmp_path / "AF-Q1-F1-model_v4.cif", coords, atoms, "pLDDT")
    error = [{"predicted_aligned_error": pae.tolist(), "max_predicted_aligned_error": 31.75}]
    path = tmp_path / "AF-Q1-F1-predicted_aligned_error_v4.json"
    path.write_text(json.dumps(error))
    found = of(tmp_path / "AF-Q1-F1-model_v4.cif")
    np.testing.assert_allclose(found.residues, residue_values(atoms, "mean"), atol=0.006)
    assert found.pae == pytest.approx(pae[np.ix_(alpha_tokens(), alpha_tokens())].mean())
    assert np.isnan(found.ptm) and found.confidence_from == f"mmCIF, {path.name}"


def data_base_1(folder, pae):
    """A model of the first versions of the data base, and its file of errors, in random order."""
    coords, atoms, _ = files.numbers()
    files.cif(folder / "AF-Q1-F1-model_v1.cif", coords, atoms, "pLDDT")
    order = np.random.default_rng(1).permutation(N_TOKENS**2)
    i, j = (axis.ravel()[order] for axis in np.indices(pae.shape))
    path = folder / "AF-Q1-F1-predicted_aligned_error_v1.json"
    return path, {
        "residue1": (i + 1).tolist(),
        "residue2": (j + 1).tolist(),
        "distance": pae[i, j].tolist(),
        "max_predicted_aligned_error": 31.75,
    }


def test_the_first_versions_of_the_data_base(tmp_path):
    """They list the error of every two residues; the matrix is that of later versions."""
    *_, pae = files.numbers()
    path, errors = data_base_1(tmp_path, pae)
    path.write_text(json.dumps([errors]))
    found = of(path.with_name("AF-Q1-F1-model_v1.cif"))
    later = path.with_name("AF-Q1-F1-model_v4.cif")
    path.with_name("AF-Q1-F1-model_v1.cif").rename(later)
    error = [{"predicted_aligned_error": pae.tolist(), "max_predicted_aligned_error": 31.75}]
    (tmp_path / "AF-Q1-F1-predicted_aligned_error_v4.json").write_text(json.dumps(error))
    assert found.confidence_from == f"mmCIF, {path.name}" and found.pae < 25
    assert found.pairs == of(later).pairs
    assert found.pae == of(later).pae


@pytest.mark.parametrize("damage", ["short", "twice", "far", "zero", "text", "fraction"])
def test_listed_errors_that_are_damaged(tmp_path, damage):
    path, errors = data_base_1(tmp_path, files.numbers()[2])
    if damage == "short":
        errors["distance"].pop()
    else:
        values = {"twice": errors["residue1"][0] % N_TOKENS + 1, "far": 10**9, "zero": 0,
                  "text": "A", "fraction": 1.5}  # fmt: skip
        errors["residue1"][0] = values[damage]
    path.write_text(json.dumps([errors]))
    with pytest.raises(ValueError, match=f"{path.name}: damaged, or no confidence"):
        of(path.with_name("AF-Q1-F1-model_v1.cif"))


def test_pairs_of_chains(folder):
    """The ligand between the proteins does not shift them; the larger of both ways counts."""
    files.boltz(folder)
    summary = json.loads((folder / "confidence_x_model_0.json").read_text())
    for way, value in (("02", 0.7), ("20", 0.1), ("01", 0.9)):
        summary["pair_chains_iptm"][way[0]][way[1]] = value
    (folder / "confidence_x_model_0.json").write_text(json.dumps(summary))
    assert of(folder / "x_model_0.cif").pairs[0].iptm == 0.7


def test_pairs_by_the_names_of_chains(folder):
    """Of chains that have none, as a ligand, there is no value."""
    files.openfold3(folder)
    path = folder / "x_seed_1_sample_1_confidences_aggregated.json"
    path.write_text(json.dumps({"chain_pair_iptm": {"(A, B)": 0.44}}))
    assert of(folder / "x_seed_1_sample_1_model.cif").pairs[0].iptm == 0.44
    path.write_text(json.dumps({"chain_pair_iptm": {}}))
    assert np.isnan(of(folder / "x_seed_1_sample_1_model.cif").pairs[0].iptm)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("pae", [[1.0] * 70] * 70, "70 tokens, where this one has 72"),
        ("atom_plddts", [50.0] * 7, "7 values of pLDDT, where this one has 72"),
        ("token_chain_ids", ["A"] * 33 + ["B"] * 39, "its chains have other lengths"),
    ],
)
def test_files_of_another_model(tmp_path, key, value, words):
    """They are left out, with a warning; what the model itself has stays."""
    _, atoms, _ = files.alphafold3(tmp_path)
    path = tmp_path / "x_confidences.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    found = of(tmp_path / "x_model.cif")
    [warning] = found.warnings
    assert warning.startswith("x_confidences.json is of another model: ") and words in warning
    assert np.isnan([found.ptm, found.iptm, found.pae, found.ipsae]).all()
    assert found.confidence_from == "mmCIF" and found.pdockq > 0
    np.testing.assert_allclose(found.residues, residue_values(atoms, "mean"), atol=0.006)


def test_segment_ids_are_no_chains(tmp_path):
    """A program that writes one segment id for all atoms leaves two chains as they are."""
    coords, plddt, _ = files.numbers()
    path = tmp_path / "x_model_0.pdb"
    files.pdb(path, coords, plddt)
    pairs = {str(i): {str(j): CHAIN_IPTM[2 * i, 2 * j] for j in range(2)} for i in range(2)}
    summary = {"ptm": 0.71, "iptm": 0.62, "pair_chains_iptm": pairs}
    (tmp_path / "confidence_x_model_0.json").write_text(json.dumps(summary))
    lines = path.read_text().splitlines()
    path.write_text("\n".join(f"{line[:72]:72}PROT{line[76:]}" for line in lines))
    found = of(path)
    assert (found.ptm, found.pairs[0].iptm, found.warnings) == (0.71, CHAIN_IPTM[0, 2], ())


def test_another_number_of_chains(tmp_path):
    files.chai(tmp_path)
    np.savez(tmp_path / "scores.model_idx_0.npz", ptm=[0.5], per_chain_pair_iptm=np.ones((1, 2, 2)))
    found = of(tmp_path / "pred.model_idx_0.cif")
    [warning] = found.warnings
    assert "scores.model_idx_0.npz is of another model: 2 chains, where this one has 3" in warning
    assert np.isnan(found.ptm)


@pytest.mark.parametrize(
    "content", [b'{"pae": [[1.0', b'{"pae": [[1, 2], [3]]}', b"[]", b"\xff\xfe"]
)
def test_a_broken_file_is_named(tmp_path, content):
    files.alphafold3(tmp_path)
    (tmp_path / "x_confidences.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"x_confidences.json: damaged, or no confidence"):
        of(tmp_path / "x_model.cif")
    with pytest.raises(ValueError, match=r"x_confidences.json: damaged"):
        protdiff.score(tmp_path / "x_model.cif")
    assert protdiff.score(tmp_path / "x_model.cif", confidence=False).confidence is None


def test_no_pickles_and_no_more_than_the_limit(tmp_path, monkeypatch):
    files.boltz(tmp_path)
    np.savez(tmp_path / "pae_x_model_0.npz", pae=np.array([{}, {}], dtype=object))
    with pytest.raises(ValueError, match=r"pae_x_model_0.npz: damaged"):
        of(tmp_path / "x_model_0.cif")
    np.savez_compressed(tmp_path / "pae_x_model_0.npz", pae=np.zeros((500, 500)))
    monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", "1")
    with pytest.raises(ValueError, match=r"over 1 MiB"):
        of(tmp_path / "x_model_0.cif")
