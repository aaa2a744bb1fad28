"""One row of `protdiff score`: which chains and residues are compared, and its warnings."""

import shutil

import numpy as np
import pytest

import protdiff
from protdiff.metrics import score
from protdiff.structure.backbone import Backbone

from .helpers import agree, moved, rows_of


def test_chains_by_choice(run, folder, tmp_path):
    capsid = protdiff.read(folder / "references" / "capsid.pdb")
    two = [moved(capsid, seed, noise, chain_ids=np.full(40, name))
           for seed, noise, name in ((0, 0.2, "X"), (1, 3.0, "Y"))]  # fmt: skip
    both = Backbone(*(
        np.concatenate([getattr(one, field) for one in two])
        for field in ("coords", "mask", "residue_names", "chain_ids", "residue_numbers",
                      "insertion_codes")
    ))  # fmt: skip
    protdiff.write(both, tmp_path / "two.pdb")
    options = (tmp_path / "two.pdb", "--reference", folder / "references" / "capsid.pdb",
               "--out", tmp_path / "x.csv")  # fmt: skip
    found = {}
    for chain in ("X:A", "Y:A"):
        code, *_ = run(*options, "--chain", chain)
        [found[chain]] = rows_of(tmp_path / "x.csv")
        assert code == 0 and found[chain]["chains"] == chain and found[chain]["model_length"] == 40
    for chain, one in zip(found, two, strict=True):
        agree(found[chain], {"tm": score(one, capsid).tm, "rmsd": score(one, capsid).rmsd})
    run(*options)  # the better one by itself
    assert rows_of(tmp_path / "x.csv")[0]["chains"] == "X:A"
    assert "model chain Y not paired" in rows_of(tmp_path / "x.csv")[0]["warning"]
    code, *_ = run(*options, "--chain", "Z:A")
    assert code == 1 and rows_of(tmp_path / "x.csv")[0]["error"].startswith("no chain 'Z' in the")


def test_a_blank_chain_id_by_choice(run, folder, tmp_path):
    capsid = folder / "references" / "capsid.pdb"
    blank = moved(protdiff.read(capsid), 0, 0.2, chain_ids=np.full(40, ""))
    protdiff.write(blank, tmp_path / "blank.pdb")
    options = (tmp_path / "blank.pdb", "--reference", capsid, "--out", tmp_path / "x.csv")
    for chain in ("_:A", ":A"):
        assert run(*options, "--chain", chain)[0] == 0
        assert rows_of(tmp_path / "x.csv")[0]["chains"] == ":A"
    assert run(*options, "--chain", "A:A")[0] == 1
    assert rows_of(tmp_path / "x.csv")[0]["error"] == "no chain 'A' in the model; it has _"


def test_no_chain_is_paired_twice(run, folder):
    capsid = folder / "references" / "capsid.pdb"
    code, *_ = run(capsid, "--reference", capsid, "--chain", "A:A,A:A")
    assert code in (1, 2)


def test_whose_length_normalizes(run, folder, tmp_path):
    reference = folder / "references" / "kringle.cif.gz"
    short = protdiff.read(folder / "models" / "kringle_0.pdb")[:30]
    protdiff.write(short, tmp_path / "short.pdb")
    found = {}
    for choice in ("reference", "model", "shorter"):
        code, _, err = run(
            tmp_path / "short.pdb", "--reference", reference, "--normalize", choice,
            "--out", tmp_path / f"{choice}.csv",
        )  # fmt: skip
        assert (code, err) == (0, "")
        [found[choice]] = rows_of(tmp_path / f"{choice}.csv")
        agree(found[choice], score(short, reference, normalize=choice).row())
    assert found["shorter"] == found["model"]
    for key in ("gdt_ts", "gdt_ha"):
        assert found["reference"][key] * 45 == pytest.approx(found["model"][key] * 30, abs=0.01)
    assert found["reference"]["tm"] < 30 / 45 < found["model"]["tm"]


def test_alignment_by_number(run, folder, tmp_path):
    reference = folder / "references" / "capsid.pdb"
    capsid = protdiff.read(reference)
    shifted = moved(capsid, 0, residue_numbers=capsid.residue_numbers + 3)
    protdiff.write(shifted, tmp_path / "shifted.pdb")
    found = {}
    for choice in ("number", "sequence"):
        run(tmp_path / "shifted.pdb", "--reference", reference, "--alignment", choice,
            "--out", tmp_path / "x.csv")  # fmt: skip
        [found[choice]] = rows_of(tmp_path / "x.csv")
    assert found["sequence"]["aligned"] == 40 and found["sequence"]["identity"] == 1
    assert found["sequence"]["rmsd"] < 0.01 and found["number"]["rmsd"] > 1
    same = np.mean(capsid.residue_names[:-3] == capsid.residue_names[3:])
    agree(found["number"], {"aligned": 37.0, "identity": same})


def test_designs_against_predictions(run, folder, tmp_path):
    """Designs without a sequence: all residues count, by position."""
    capsid = protdiff.read(folder / "references" / "capsid.pdb")
    (tmp_path / "designs").mkdir()
    for k, name in enumerate(("GLY", "ALA", "UNK")):
        design = moved(capsid, k, 0.3, residue_names=np.full(40, name))
        protdiff.write(design, tmp_path / "designs" / f"{name}.pdb")
    code, _, err = run(
        tmp_path / "designs", "--reference", folder / "references" / "capsid.pdb",
        "--out", tmp_path / "x.csv",
    )  # fmt: skip
    assert (code, err) == (0, "")
    for row in rows_of(tmp_path / "x.csv"):
        assert row["alignment"] == "position" and row["aligned"] == 40 and row["tm"] > 0.9
    code, _, err = run(
        tmp_path / "designs", "--reference", folder / "references" / "capsid.pdb",
        "--out", tmp_path / "x.csv", "--alignment", "sequence",
    )  # fmt: skip
    rows = rows_of(tmp_path / "x.csv")
    assert all(row["error"] or 'alignment "auto"' in row["warning"] for row in rows)


@pytest.mark.parametrize(
    "sequence, expected",
    [
        ("A" * 20 + "WKFEDRWQ" + "A" * 20, "X" * 20 + "WKFEDRWQ" + "X" * 20),
        ("G" * 20, "none"),
        ("ACDEFGHIKLMNPQRSTVWY", "ACDEFGHIKLMNPQRSTVWY"),
    ],
)
def test_letters_that_the_network_is_given(sequence, expected):
    """Not the placeholders of a design."""
    from protdiff.cli._shared.score_task import known_letters

    model = Backbone.from_coords(np.zeros((len(sequence), 4, 3)), sequence)
    assert known_letters(model) == expected


def test_warnings_of_reading_are_in_the_row(monkeypatch, folder, tmp_path):
    """Also beside an error; files are called model and reference there."""
    from protdiff._system.notices import warn
    from protdiff.cli._shared.pairing import Task
    from protdiff.cli._shared.score_task import RowOptions, score_task
    from protdiff.structure.io.read_write import read

    def read_and_warn(path, **options):
        warn(f"{path}: 2 models; the first is used")
        return read(path, **options)

    monkeypatch.setattr("protdiff.metrics.scores.read", read_and_warn)
    path = folder / "references" / "capsid.pdb"
    shutil.copy(path, tmp_path / "x.pdb")
    task = Task(tmp_path / "x.pdb", path)
    options = RowOptions("auto", None, "reference", False, (), None, None)
    row, _ = score_task(task, options)
    expected = "model: 2 models, the first is used; reference: 2 models, the first is used"
    assert row["tm"] == pytest.approx(1) and row["warning"] == expected
    broken = RowOptions("auto", [("Z", "A")], "reference", False, (), None, None)
    row, _ = score_task(task, broken)
    assert "no chain 'Z'" in row["error"] and "2 models" in row["warning"]


def test_forced_pair_that_aligns_nothing(run, folder, tmp_path):
    capsid = protdiff.read(folder / "references" / "capsid.pdb")
    far = moved(capsid, 1, chain_ids=np.full(40, "B"))
    far = moved(far, 2, residue_numbers=far.residue_numbers + 1000)
    fields = ("coords", "mask", "residue_names", "chain_ids", "residue_numbers", "insertion_codes")
    for name, parts in (("model", (capsid, far)), ("reference", (capsid, capsid))):
        second = moved(parts[1], 3, chain_ids=np.full(40, "B"))
        both = (np.concatenate([getattr(one, f) for one in (parts[0], second)]) for f in fields)
        protdiff.write(Backbone(*both), tmp_path / f"{name}.pdb")
    code, _, err = run(
        tmp_path / "model.pdb", "--reference", tmp_path / "reference.pdb", "--chain", "A:A,B:B",
        "--alignment", "number", "--out", tmp_path / "x.csv",
    )  # fmt: skip
    [row] = rows_of(tmp_path / "x.csv")
    assert code == 1 and row["tm"] is None
    assert row["error"] == "no residue of the model is aligned to one of the reference in B:B"
    assert row["error"] in err
