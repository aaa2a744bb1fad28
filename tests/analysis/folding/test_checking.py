"""`protdiff.check`: sequences, models and designs together."""

import json
from pathlib import Path

import pytest

import protdiff
from protdiff.analysis.folding import best_of_designs
from protdiff.analysis.folding.records import read_records
from protdiff.analysis.folding.results import COLUMNS
from protdiff.metrics import self_consistency

NAMES = ["a_0", "a_1", "a_1_0", "a_1_1", "pair_0", "pair_1"]


def test_folded_here(designs, sequences, engine, tmp_path):
    results = protdiff.check(designs, sequences, fold=engine("--fail", "a_1"), out=tmp_path / "o")
    assert [one.name for one in results] == NAMES
    assert [one.design for one in results] == ["a", "a", "a_1", "a_1", "pair", "pair"]
    assert [one.number for one in results] == [0, 1, 0, 1, 0, 1]
    assert [one.name for one in results if one.error] == ["a_1"]
    for one in results:
        assert set(one.row()) <= set(COLUMNS)
        if not one.error:
            design = protdiff.read(designs / f"{one.design}.pdb")
            expected = self_consistency(protdiff.read(one.model), design)
            assert one.scores == expected and one.scores.designable and not one.warning
    assert results[4].sequence.count("/") == 1
    assert results[4].row()["residues"] == 60


def test_folded_elsewhere(designs, sequences, engine, tmp_path):
    first = protdiff.check(designs, sequences, fold=engine("--like", "boltz"), out=tmp_path / "o")
    second = protdiff.check(
        [designs / "a.pdb", designs / "a_1.pdb", designs / "pair.pdb"],
        sequences / "sequences.fasta",
        predictions=tmp_path / "o" / "folds",
        jobs=2,
    )
    numbers = [
        [(one.scores.scrmsd, one.scores.sctm, one.scores.plddt) for one in results]
        for results in (first, second)
    ]
    assert numbers[0] == numbers[1]
    assert all("boltz_results_" in str(one.model) for one in second)


def test_best_sequences(designs, sequences, engine, tmp_path):
    results = protdiff.check(designs, sequences, fold=engine("--fail", "a_0"), out=tmp_path / "o")
    best = best_of_designs(results)
    assert sorted(one.design for one in best) == ["a", "a_1", "pair"]
    values = [one.scores.scrmsd for one in best]
    assert values == sorted(values)
    for one in best:
        others = [r.scores.scrmsd for r in results if r.design == one.design and r.scores]
        assert one.scores.scrmsd == min(others)
    assert best_of_designs([one for one in results if one.error]) == []


def test_motifs_of_generate(designs, sequences, engine, tmp_path):
    (designs / "residues.csv").write_text(
        "file,residue,input_chain,input_residue,residue_name\n"
        + "".join(f"a.pdb,{k},A,{k + 50},ASN\n" for k in range(5, 10))
    )
    results = protdiff.check(designs, sequences, fold=engine(), out=tmp_path / "o")
    assert [one.scores.motif_rmsd == one.scores.motif_rmsd for one in results] == [
        True, True, False, False, False, False,
    ]  # fmt: skip
    assert 0 < results[0].scores.motif_rmsd < 1.5


def test_plddt_between_0_and_1(designs, sequences, engine, tmp_path):
    protdiff.check(designs, sequences, fold=engine(), out=tmp_path / "o")
    for path in (tmp_path / "o" / "models").iterdir():
        lines = path.read_text().splitlines()
        path.write_text(
            "\n".join(
                f"{line[:60]}{float(line[60:66]) / 100:6.2f}{line[66:]}" if len(line) > 66 else line
                for line in lines
            )
        )
    results = protdiff.check(designs, sequences, predictions=tmp_path / "o" / "models")
    assert {one.warning for one in results} == {"pLDDT of the file is between 0 and 1: times 100"}
    assert all(70 < one.scores.plddt < 90 for one in results)


def test_a_warning_is_in_one_piece(designs, sequences, engine, tmp_path):
    """Semicolons part the warnings of a row, and that of several models has two of its own."""
    protdiff.check(designs, sequences, fold=engine(), out=tmp_path / "o")
    text = (designs / "a.pdb").read_text()
    body = text[: text.index("\nEND") + 1]
    models = "".join(f"MODEL        {k}\n{body}ENDMDL\n" for k in (1, 2))
    (designs / "a.pdb").write_text(f"{models}END\n")
    results = protdiff.check(designs, sequences, predictions=tmp_path / "o" / "models")
    assert results[0].warning.startswith(f"{designs / 'a.pdb'}: has 2 models, the first is read, ")
    assert ";" not in results[0].warning and not results[0].error


def test_designs_given_as_predictions(designs, sequences, tmp_path):
    (tmp_path / "copies").mkdir()
    for record in read_records(sequences, ["a", "a_1", "pair"]):
        design = protdiff.read(designs / f"{record.design}.pdb")
        named = protdiff.Backbone.from_coords(
            design.coords, "".join(record.chains), chain_ids=design.chain_ids
        )
        protdiff.write(named, tmp_path / "copies" / f"{record.label}.pdb")
    results = protdiff.check(designs, sequences, predictions=tmp_path / "copies")
    assert all("is it a prediction?" in one.warning and not one.error for one in results)


def test_a_sequence_that_changed_after_it_was_folded(designs, sequences, engine, tmp_path):
    protdiff.check(designs, sequences, fold=engine(), out=tmp_path / "o")
    fasta = sequences / "sequences.fasta"
    lines = fasta.read_text().splitlines()
    lines[1] = lines[1][::-1]
    fasta.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=r"a_0.pdb: the sequence a_0 has changed since"):
        protdiff.check(designs, sequences, fold=engine(), out=tmp_path / "o")
    models = tmp_path / "o" / "models"
    first, *others = protdiff.check(designs, sequences, predictions=models)
    assert "a_0.pdb: the model has another sequence" in first.error
    assert not any(one.error for one in others)
    (models / "a_0.pdb").unlink()
    results = protdiff.check(designs, sequences, fold=engine(), out=tmp_path / "o")
    assert not any(one.error for one in results)


def test_results_of_another_engine_are_not_mixed(designs, sequences, engine, tmp_path):
    out = tmp_path / "o"
    protdiff.check(designs, sequences, fold=engine(), out=out)
    with pytest.raises(ValueError, match=r"models of another engine .*choose another `out`"):
        protdiff.check(designs, sequences, fold=engine("--noise", 1), out=out)
    for text in ("[]", "{", json.dumps({"format": "other"})):
        (out / "options.json").write_text(text)
        with pytest.raises(ValueError, match="o: holds something else; choose another `out`"):
            protdiff.check(designs, sequences, fold=engine(), out=out)


def test_an_engine_may_change_while_nothing_is_folded(designs, sequences, engine, tmp_path):
    given = {"designs": designs, "sequences": sequences, "out": tmp_path / "o"}
    assert all(one.error for one in protdiff.check(fold=engine("--like"), **given))
    assert not any(one.error for one in protdiff.check(fold=engine(), **given))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give `fold`, or `predictions` that were folded elsewhere"),
        ({"fold": "boltz", "predictions": "x"}, "give `fold`, or `predictions`"),
        ({"fold": "boltz"}, "`out`: needed with `fold`"),
        ({"fold": "nosuchfold {fasta} {out}", "out": "o"}, "there is no program 'nosuchfold'"),
        ({"fold": "sh {fasta:chai} {out}", "out": "o", "batch": 2}, "folds one sequence per call"),
        ({"fold": "esmfold", "out": "o", "device": "tpu"}, "device 'tpu': choose"),
        ({"predictions": "nowhere"}, "nowhere: no such folder"),
    ],
)
def test_what_is_refused_before_any_work(
    designs, sequences, options, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=message):
        protdiff.check(designs, sequences, **options)
    assert not Path("o").exists()
