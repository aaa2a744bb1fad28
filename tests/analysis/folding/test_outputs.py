"""Names of files as structure predictors write them."""

from pathlib import Path

import numpy as np
import pytest

from protdiff.analysis.folding.outputs import best_model, models_by_name, structure_files

#: Files of each program for the sequences d_1 and d_10, the best of d_1 first.
COLABFOLD = (
    "d_1_relaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb",
    "d_1_unrelaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb",
    "d_1_unrelaxed_rank_002_alphafold2_ptm_model_1_seed_000.pdb",
    "d_1_unrelaxed_rank_010_alphafold2_ptm_model_1_seed_001.pdb",
    "d_10_unrelaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb",
)
COLABFOLD_COMPLEX = (
    "d_1_unrelaxed_rank_001_alphafold2_multimer_v3_model_4_seed_000.pdb",
    "d_1_unrelaxed_rank_002_alphafold2_multimer_v3_model_2_seed_000.pdb",
    "d_10_unrelaxed_rank_001_alphafold2_multimer_v3_model_4_seed_000.pdb",
)
COLABFOLD_OLD = (
    "d_1_unrelaxed_rank_1_model_3.pdb",
    "d_1_unrelaxed_rank_2_model_1.pdb",
    "d_10_relaxed_rank_1_model_3.pdb",
)
BOLTZ = (
    "boltz_results_d_1/predictions/d_1/d_1_model_0.cif",
    "boltz_results_d_1/predictions/d_1/d_1_model_1.cif",
    "boltz_results_d_1/predictions/d_1/d_1_model_10.cif",
    "boltz_results_d_10/predictions/d_10/d_10_model_0.pdb",
)
BOLTZ_FOLDER = (
    "boltz_results_inputs/predictions/d_1/d_1_model_0.pdb",
    "boltz_results_inputs/predictions/d_1/d_1_model_1.pdb",
    "boltz_results_inputs/predictions/d_10/d_10_model_0.pdb",
)
CHAI = (
    "d_1/pred.model_idx_0.cif",
    "d_1/pred.model_idx_1.cif",
    "d_10/pred.model_idx_0.cif",
)
ESMFOLD = ("d_1.pdb", "d_10.pdb")
ESMFOLD_TITLES = (
    "d_1 design=d number=1 nats=1.6203 seed=0.pdb",
    "d_10 design=d number=10 nats=1.6203 seed=0.pdb",
)
COLABFOLD_TITLES = (
    "d_1_design_d_number_1_nats_1.6203_seed_0_unrelaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb",
    "d_1_design_d_number_1_nats_1.6203_seed_0_unrelaxed_rank_002_alphafold2_ptm_model_1_seed_000.pdb",
    "d_10_design_d_number_10_nats_1.6_seed_0_unrelaxed_rank_001_alphafold2_ptm_model_3_seed_000.pdb",
)
OPENFOLD = (
    "predictions/d_1_model_1_ptm_relaxed.pdb",
    "predictions/d_1_model_1_ptm_unrelaxed.pdb",
    "predictions/d_10_model_1_ptm_relaxed.pdb",
)
OPENFOLD_COMPLEX = (
    "predictions/d_1_A-d_1_B_model_1_multimer_v3_relaxed.pdb",
    "predictions/d_10_A-d_10_B_model_1_multimer_v3_relaxed.pdb",
)
ALPHAFOLD = (
    "d_1/ranked_0.pdb",
    "d_1/ranked_1.pdb",
    "d_1/unrelaxed_model_1_pred_0.pdb",
    "d_10/ranked_0.pdb",
)


def folder_of(tmp_path, names):
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        path.with_suffix(".json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    "names",
    [
        COLABFOLD, COLABFOLD_COMPLEX, COLABFOLD_OLD, COLABFOLD_TITLES, BOLTZ, BOLTZ_FOLDER, CHAI,
        ESMFOLD, ESMFOLD_TITLES, OPENFOLD, OPENFOLD_COMPLEX, ALPHAFOLD,
    ],
)  # fmt: skip
def test_names_of_programs(tmp_path, names):
    folder = folder_of(tmp_path, names)
    found = models_by_name(structure_files(folder), {"d", "d_1", "d_10", "d_2"}, folder)
    mine = [folder / name for name in names[:-1]]
    assert found == {"d_1": sorted(mine), "d_10": [folder / names[-1]]}
    best = best_model(found["d_1"])
    assert best.path == mine[0]
    assert best.guessed == (len(mine) - 1 if names is CHAI else 0)


def test_unusual_characters_are_underscores(tmp_path):
    folder = folder_of(
        tmp_path, ["my_design__1__3_unrelaxed_rank_001_x.pdb", "my design (1)_4.pdb"]
    )
    names = {"my design (1)_3", "my design (1)_4"}
    assert set(models_by_name(structure_files(folder), names, folder)) == names


def test_scores_of_chai_decide(tmp_path):
    folder = folder_of(tmp_path, CHAI)
    for k, score in enumerate((0.2, 0.7)):
        np.savez(folder / "d_1" / f"scores.model_idx_{k}.npz", aggregate_score=np.array([score]))
    best = best_model([folder / name for name in CHAI[:2]])
    assert best.path.name == "pred.model_idx_1.cif" and not best.guessed


def test_damaged_scores_of_chai_are_none(tmp_path):
    folder = folder_of(tmp_path, CHAI)
    (folder / "d_1" / "scores.model_idx_0.npz").write_text("no archive")
    np.savez(folder / "d_1" / "scores.model_idx_1.npz", ptm=0.5)
    assert best_model([folder / name for name in CHAI[:2]]).guessed == 1


def test_models_without_ranks_are_guessed():
    paths = [Path("x/d_1/model_b.pdb"), Path("x/d_1/model_a.pdb")]
    assert best_model(paths) == (paths[1], 1)


def test_a_folder_that_is_not_there(tmp_path):
    assert structure_files(tmp_path / "absent") == structure_files(tmp_path) == []
