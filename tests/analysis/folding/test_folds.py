"""Models of sequences: the work goes on after failures, and nothing is folded twice."""

import pytest

import protdiff
from protdiff.analysis.folding.commands import command_engine
from protdiff.analysis.folding.folds import engine_of, folded, found
from protdiff.analysis.folding.records import design_files, own_name, read_records
from protdiff.analysis.folding.targets import targets_of


@pytest.fixture
def targets(designs, sequences):
    files = design_files([str(designs)])
    return targets_of(read_records(sequences, [own_name(file) for file in files]), files)


@pytest.fixture
def fold(targets, engine, tmp_path):
    """Fold all targets; the results by name, and what was begun."""

    def call(*options, batch=1, **more):
        calls = tmp_path / "calls"
        calls.write_text("")
        command = command_engine(engine(*options, "--calls", calls, **more))
        results = list(folded(command, targets, tmp_path / "out", batch))
        models = {target.name: model for target, model in results}
        assert len(models) == len(results) == len(targets)
        return models, calls.read_text().split()

    return call


NAMES = ["a_0", "a_1", "a_1_0", "a_1_1", "pair_0", "pair_1"]


@pytest.mark.parametrize(
    ("like", "fasta", "batch", "suffix"),
    [
        ("colabfold", "{fasta}", 1, "pdb"),
        ("colabfold", "{fasta}", 4, "pdb"),
        ("boltz", "{fasta:boltz}", 1, "cif"),
        ("boltz", "{fasta:boltz-yaml}", 6, "cif"),
        ("chai", "{fasta:chai}", 1, "cif"),
        ("esmfold", "{fasta}", 6, "pdb"),
        ("openfold", "{fasta_dir:plain}", 1, "pdb"),
    ],
)
def test_programs(fold, tmp_path, like, fasta, batch, suffix):
    models, begun = fold("--like", like, batch=batch, fasta=fasta)
    assert sorted(begun) == NAMES and not any(model.error for model in models.values())
    assert sorted(path.name for path in (tmp_path / "out" / "models").iterdir()) == [
        f"{name}.{suffix}" for name in NAMES
    ]
    for name, model in models.items():
        assert model.path == tmp_path / "out" / "models" / f"{name}.{suffix}"
        # The best has the first pLDDT that the program gives.
        assert protdiff.read(model.path).b_factors.min() >= 80
        assert not model.note or like == "chai"


def test_one_that_fails_is_tried_anew(fold, tmp_path):
    models, begun = fold("--fail", "a_1")
    assert begun == NAMES
    assert [name for name, model in models.items() if model.error] == ["a_1"]
    assert models["a_1"].path is None
    assert "exit code 3: CUDA error: no kernel image" in models["a_1"].error
    assert str(tmp_path / "out" / "folds" / "a_1.log") in models["a_1"].error
    models, begun = fold()
    assert begun == ["a_1"] and not any(model.error for model in models.values())
    assert fold()[1] == []


def test_one_that_fails_in_a_call_for_all(fold):
    """The program dies with it; the others are then folded alone."""
    models, begun = fold("--fail", "a_1_0", batch=6)
    assert [name for name, model in models.items() if model.error] == ["a_1_0"]
    assert begun == ["a_0", "a_1", "a_1_0", "a_1_0", "a_1_1", "pair_0", "pair_1"]


def test_a_program_that_dies_in_the_middle(fold):
    models, begun = fold("--die-after", 2, batch=6)
    assert begun == [*NAMES[:3], *NAMES[2:]] and not any(model.error for model in models.values())


def test_a_call_without_any_model_is_not_repeated(fold):
    models, begun = fold("--die-after", 0, batch=3)
    assert begun == ["a_0", "a_1_1"]
    assert all("was killed (SIGKILL, out of memory?)" in model.error for model in models.values())


def test_a_program_that_writes_nothing(fold, designs, targets, tmp_path):
    command = command_engine(f"{designs.parent}/nothing {{fasta}} {{out}}")
    (tmp_path / "nothing").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "nothing").chmod(0o755)
    [(_, model), *_] = folded(command, targets, tmp_path / "out")
    assert model.error.startswith("no model of a_0 was written (") and model.path is None


def test_a_cut_file_of_a_program_that_died_is_no_model(fold):
    models, _ = fold("--cut", "a_0")
    assert models["a_0"].path is None and "was killed (SIGKILL" in models["a_0"].error
    assert all(model.path for name, model in models.items() if name != "a_0")


def test_models_that_were_made_elsewhere(fold, targets, tmp_path):
    fold("--like", "colabfold", "--fail", "a_1")
    models = found(targets, tmp_path / "out" / "folds")
    assert models["a_0"].path.name.startswith("a_0_relaxed_rank_001")
    remedy = "call its file a_1.pdb, .cif or a_1_…, or fold it with `fold`"
    folder = tmp_path / "out" / "folds"
    assert models["a_1"].error == f"no model of a_1 in {folder}; {remedy}"
    assert sum(model.path is not None for model in models.values()) == 5


def test_a_folder_without_models(targets, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"`predictions` .*empty: no structure files in it"):
        found(targets, tmp_path / "empty")


def test_engines_by_name():
    assert engine_of("esmfold").model == "facebook/esmfold_v1"
    engine = engine_of("esmfold:my weights/v1", "cpu", 64)
    assert (engine.model, engine.chunk_size, engine.several) == ("my weights/v1", 64, True)
    assert engine_of("chai").words[0] == "chai-lab"
