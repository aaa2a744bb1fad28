"""`protdiff check`, as a user runs it, with a fake structure predictor."""

import csv
import shlex
import shutil
import sys
from pathlib import Path

import pytest

import protdiff
from protdiff.analysis.folding import targets
from protdiff.structure.io.read_write import read

from ..conftest import ROOT

ENGINE = ROOT / "tests" / "analysis" / "folding" / "fake_engine.py"
LETTERS = "MKELIKLAEEWTGRSVPDQNYFHIMKELIK"


@pytest.fixture
def given(tmp_path, monkeypatch):
    """Two designs with two sequences each, in a folder that is the present one."""
    monkeypatch.chdir(tmp_path)
    chain = protdiff.read(ROOT / "data" / "examples" / "1tpk.pdb").chain("A")[10:40]
    (tmp_path / "designs").mkdir()
    text = ""
    for name in "ab":
        protdiff.write(protdiff.Backbone.from_coords(chain.coords), f"designs/{name}.pdb")
        text += "".join(f">{name}_{k} design={name} number={k}\n{LETTERS}\n" for k in range(2))
    (tmp_path / "x.fasta").write_text(text)
    return tmp_path


@pytest.fixture
def run(console, given):
    """Run ``protdiff check designs x.fasta``; with --fold, the fake predictor and its options."""

    def call(*options, fold=None):
        if fold is not None:
            command = [sys.executable, str(ENGINE), "designs", "{fasta}", "{out}", *fold]
            options = ("--fold", shlex.join(command), *options)
        return console("check", "designs", "x.fasta", *options)

    return call


def rows_of(name, folder="checked"):
    return list(csv.DictReader(open(f"{folder}/{name}.csv", newline="")))


def test_tables_and_summary(run):
    code, text, err = run(fold=[])
    assert code == 0 and not err
    head, *designs, blank, summary, table, following = text.splitlines()
    assert head.split() == ["design", "number", "scrmsd", "sctm", "plddt", "designable"]
    assert len(designs) == 2 and not blank and all(line.split()[-1] == "yes" for line in designs)
    assert summary == (
        "2 of 2 designs designable (a sequence with scRMSD < 2 Å); "
        "2 have a sequence with scTM > 0.5"
    )
    assert table == "4 sequences in checked/check.csv" and following.startswith("next: ")
    rows, best = rows_of("check"), rows_of("best")
    assert [(row["design"], row["number"]) for row in rows] == [
        ("a", "0"), ("a", "1"), ("b", "0"), ("b", "1"),
    ]  # fmt: skip
    assert [row["name"] for row in best] == [
        line.split()[0] + "_" + line.split()[1] for line in designs
    ]
    assert sorted(row["name"] for row in rows if row["best"] == "yes") == sorted(
        row["name"] for row in best
    )
    for row in rows:
        assert row["sequence"] == LETTERS and row["model"] == f"checked/models/{row['name']}.pdb"
        assert row["designable"] == "yes" and 79 < float(row["plddt"]) < 82
        results = protdiff.metrics.self_consistency(
            protdiff.read(row["model"]), protdiff.read(f"designs/{row['design']}.pdb")
        )
        assert float(row["scrmsd"]) == pytest.approx(results.scrmsd, abs=1e-4)


def test_noise_that_is_too_large(run):
    code, text, _ = run(fold=["--noise", "4"])
    assert code == 0 and "0 of 2 designs designable" in text
    assert {row["designable"] for row in rows_of("check")} == {"no"}


def test_a_sequence_that_fails_and_the_same_command_later(run):
    code, text, err = run(fold=["--fail", "a_1"])
    assert code == 1 and "2 of 2 designs designable" in text
    assert "a_1: fake_engine" not in err and "exit code 3: CUDA error: no kernel image" in err
    assert err.endswith("1 of 4 sequences could not be checked\n")
    [bad] = [row for row in rows_of("check") if row["error"]]
    assert bad["name"] == "a_1" and not bad["scrmsd"] and bad["best"] == "no"
    assert len(rows_of("best")) == 2
    code, text, err = run(fold=["--fail", "a_1"])
    assert code == 1 and "4 sequences in checked/check.csv (3 models were there already)" in text


def test_all_sequences_of_a_design_fail(run, given):
    (given / "x.fasta").write_text(f">a_0\n{LETTERS}\n>b_0\n{LETTERS}\n")
    code, text, _ = run(fold=["--fail", "a_0"])
    assert code == 1 and "1 of 2 designs designable" in text


def test_all_fail(run):
    code, text, err = run(fold=["--die-after", "0"])
    assert code == 1 and not text and "4 of 4 sequences could not be checked" in err
    assert rows_of("best") == []


def test_records_and_designs_that_do_not_belong_together(run, given):
    with (given / "x.fasta").open("a") as handle:
        handle.write(f">unknown_0\n{LETTERS}\n>a_7\n{LETTERS[:20]}\n")
    shutil.copy("designs/a.pdb", "designs/c.pdb")
    code, _, err = run(fold=[])
    assert code == 1
    remedy = "give its structure, or correct the name"
    assert f"x.fasta: record unknown_0: no design of this name; {remedy}\n" in err
    assert "x.fasta: record a_7: has 20 residues, designs/a.pdb has 30\n" in err
    assert "warning: designs without a sequence: c\n" in err
    assert "2 of 6 sequences could not be checked" in err
    assert "2 of 2 designs designable" in run(fold=[])[1]


def test_predictions(run):
    run(fold=["--like", "boltz"])
    code, text, err = run("--predictions", "checked/folds", "--out", "second")
    assert code == 0 and not err and "4 sequences in second/check.csv" in text
    first, second = rows_of("check"), rows_of("check", "second")
    assert [row["scrmsd"] for row in first] == [row["scrmsd"] for row in second]
    assert second[0]["model"].endswith("predictions/a_0/a_0_model_0.cif")


def test_motif(run):
    with open("designs/residues.csv", "w") as handle:
        handle.write("file,residue,input_chain,input_residue,residue_name\n")
        handle.writelines(f"a.pdb,{k},A,{k},ASN\n" for k in range(5, 12))
    code, text, _ = run(fold=["--noise", "0.2"])
    assert code == 0 and "motif_rmsd" in text
    assert "1 of 1 design with a motif has a designable sequence with motif rmsd < 1 Å\n" in text
    assert [bool(row["motif_rmsd"]) for row in rows_of("check")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give --fold, or --predictions that were folded elsewhere"),
        (["--fold", "nosuchfold {fasta} {out}"], "--fold: there is no program 'nosuchfold'"),
        (["--fold", "fold {fasta}"], "--fold fold {fasta}: has no {out}"),
        (["--predictions", "absent"], "--predictions absent: no such folder; check the path"),
        (["--fold", "sh {fasta:chai} {out}", "--batch", 2], "--batch: this program folds one"),
    ],
)
def test_bad_options(run, options, message):
    code, text, err = run(*options, "--out", "unmade")
    assert not Path("unmade").exists()
    assert code == 2 and not text and message in err and len(err.splitlines()) == 1


def test_files_that_do_not_belong_together(console, given):
    (given / "y.fasta").write_text(">z_0\nMKEL\n")
    for arguments, message in (
        (("designs", "y.fasta"), "y.fasta: no record (z_0) is called after a design (a, b)"),
        (("designs", "designs"), "designs: no FASTA files"),
        (
            ("absent.pdb", "x.fasta"),
            "no record (a_0, a_1, b_0, …) is called after a design (absent)",
        ),
        (("x.fasta", "x.fasta"), "no record"),
    ):
        code, _, err = console("check", *arguments, "--predictions", "designs")
        assert code == 2 and message in err and len(err.splitlines()) == 1


def test_several_designs_on_the_command_line(console, given):
    code, _, err = console(
        "check", "designs/a.pdb", "designs/b.pdb", "x.fasta", "--predictions", "designs"
    )
    assert code == 1 and "no model of" in err


def files_of(folder):
    """Bytes of what a run leaves, but for the logs and inputs of the predictor."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "folds" not in path.parts and path.name != "run.toml"
    }


def test_shards_are_one_run(run, console, given):
    shutil.copy("designs/a.pdb", "designs/c.pdb")
    assert run("--out", "whole", fold=[])[0] == 0
    code, text, err = run("--shard", "2/2", fold=[])
    assert code == 0 and "next: protdiff merge checked" in text, err
    assert err == "warning: designs without a sequence: c\n"
    before = files_of(given / "checked")
    code, _, err = console("merge", "checked")
    assert code == 2 and "run shard 1 (missing) of 2" in err and len(err.splitlines()) == 1
    assert files_of(given / "checked") == before
    assert run("--shard", "1/2", fold=[])[0] == 0
    code, text, err = console("merge", "checked")
    assert code == 0 and "4 sequences in checked/check.csv" in text, err
    whole = {
        name: text.replace(b"whole/", b"checked/")
        for name, text in files_of(given / "whole").items()
    }
    assert files_of(given / "checked") == whole
    assert "nothing to merge" in console("merge", "checked")[1]


def test_a_shard_reads_its_own_designs(run, given, monkeypatch):
    reads = []
    monkeypatch.setattr(targets, "read", lambda path, **k: reads.append(path.stem) or read(path))
    assert run("--shard", "1/2", fold=[])[0] == 0 and len(reads) == 1
    assert run("--shard", "2/2", fold=[])[0] == 0 and sorted(reads) == ["a", "b"]


def test_a_whole_run_and_other_shards_take_the_models_that_are_there(run, console, given):
    run("--shard", "1/2", fold=[])
    assert "(2 models were there already)" in run("--shard", "1/1", fold=[])[1]
    assert "(4 models were there already)" in run(fold=[])[1]
    assert not list((given / "checked").glob("*-of-*"))


def test_shards_of_another_engine_are_refused(run, given):
    run("--shard", "1/2", fold=[])
    before = files_of(given / "checked")
    code, _, err = run("--predictions", "checked/models", "--shard", "2/2")
    assert code == 2 and "(fold, predictions)" in err and len(err.splitlines()) == 1
    code, _, err = run("--report", "--shard", "2/2", fold=[])
    assert code == 2 and "--report: not with --shard" in err
    assert files_of(given / "checked") == before


def test_shards_of_other_designs_of_the_same_names_are_refused(run, console, given):
    run("--shard", "1/2", fold=[])
    before = files_of(given / "checked")
    shutil.copytree("designs", "others")
    more = ("x.fasta", "--predictions", "checked/models", "--out", "new", "--shard")
    said = "(other lengths, sequences or files)"
    assert console("check", "others", *more, "1/2")[0] == 0
    code, _, err = console("check", "designs", *more, "2/2")
    assert code == 2 and said in err and len(err.splitlines()) == 1
    with open("designs/b.pdb", "a") as handle:
        handle.write("REMARK\n")
    code, _, err = run("--shard", "2/2", fold=[])
    assert code == 2 and said in err and files_of(given / "checked") == before


@pytest.fixture
def where(dask_cluster):
    """A cluster as a user names it."""
    return dask_cluster.scheduler_address.replace("tcp://", "dask://")


@pytest.mark.parametrize("batch", [1, 3])
def test_a_cluster_gives_what_one_process_does(run, given, where, batch):
    """Also for a sequence that fails, whose reason names the log that is there."""
    engine = ["--fail", "a_1"]
    whole = run("--out", "checked", "--batch", batch, fold=engine)
    files = files_of(given / "checked")
    (given / "checked").rename(given / "whole")
    assert run("--batch", batch, "--cluster", where, fold=engine) == whole
    assert whole[0] == 1 and files_of(given / "checked") == files
    [error] = [row["error"] for row in rows_of("check") if row["error"]]
    log = Path(error[error.rindex("(") + 1 : -1])
    assert log.parent == Path("checked/folds") and log.read_text()
    assert not [path for path in Path("checked/folds").iterdir() if path.is_dir()]
    code, text, _ = run("--cluster", where, fold=engine)
    assert code == 1 and "(3 models were there already)" in text


def test_what_a_cluster_cannot_fold(run, given, where):
    code, text, err = run("--predictions", "designs", "--cluster", where)
    assert (code, text) == (2, "") and "--cluster: goes with --fold; models that are" in err
    code, text, err = run("--fold", "nosuchfold {fasta} {out}", "--cluster", where)
    assert (code, text) == (2, "") and "has no program nosuchfold" in err
    assert err.count("\n") == 1 and not Path("checked").exists()
    code, text, err = run("--jobs", 2, "--cluster", where, fold=[])
    assert (code, text) == (2, "") and "--jobs 2: not with --cluster" in err


#: A program that is at the first sequence until all other models are kept, for half a minute.
SLOW = """name=$(sed -n "s/^>//p" "$1")
tries=0
while [ $name = a_0 ] && [ $(ls checked/models | wc -l) -lt 3 ]; do
  tries=$((tries + 1)); [ $tries -lt 150 ] || exit 3; sleep 0.2
done
cp designs/a.pdb "$2/$name.pdb"
"""


def test_models_are_kept_while_one_takes_long(run, given, where):
    Path("slow.sh").write_text(SLOW)
    code, _, err = run("--fold", "sh slow.sh {fasta} {out}", "--cluster", where)
    assert code == 0, err
    assert [row["name"] for row in rows_of("check")] == ["a_0", "a_1", "b_0", "b_1"]
