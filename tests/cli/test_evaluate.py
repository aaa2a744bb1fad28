"""`protdiff evaluate` as a user runs it."""

import csv
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.cli.evaluate import EvaluateOptions, first_estimate
from protdiff.dataset import read_chains
from protdiff.metrics.population import real_population
from protdiff.metrics.quality import QUALITY, quality

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"
PNG = b"\x89PNG\r\n\x1a\n"
RESULTS = ["population.json", "population.png", "structures.csv"]


def empty_page(_, path):
    path.write_bytes(PNG)


@pytest.fixture
def run(console, monkeypatch):
    """Run the console script; returns exit code, stdout, stderr. The page is drawn with `page`."""

    def call(*arguments, page=False):
        if not page:
            monkeypatch.setattr("protdiff.plots.evaluation_page.draw_page", empty_page)
        return console("evaluate", *arguments)

    return call


@pytest.fixture(scope="module")
def designs(tmp_path_factory):
    """Folder of six short pieces of real chains, one of them in a folder of its own."""
    folder = tmp_path_factory.mktemp("designs")
    (folder / "more").mkdir()
    kringle, capsid = (protdiff.read(EXAMPLES / name) for name in ("1tpk.pdb", "1a8o.pdb.gz"))
    for k, start in enumerate((0, 20, 40)):
        protdiff.write(kringle[start : start + 24], folder / f"k{k}.pdb")
        name = f"c{k}.cif" if k else "more/c0.pdb.gz"
        protdiff.write(capsid[start : start + 24], folder / name)
    return folder


def no_constant(name):
    raise AssertionError(f"{name} is not JSON")


def load(out):
    """Numbers and rows of an output folder."""
    assert sorted(path.name for path in out.iterdir()) == RESULTS
    assert (out / "population.png").read_bytes().startswith(PNG)
    text = (out / "population.json").read_text(encoding="utf-8")
    rows = list(csv.DictReader((out / "structures.csv").open()))
    assert list(rows[0]) == ["model", *QUALITY, "max_tm", "nearest", "error"]
    return json.loads(text, parse_constant=no_constant), rows


def test_designs_beside_the_shipped_chains(run, designs, tmp_path):
    out = tmp_path / "made" / "here"
    code, stdout, err = run(designs, "--out", out, "--diversity", 0, page=True)
    assert code == 0 and err == ""
    numbers, rows = load(out)
    files = sorted(path for path in designs.rglob("*") if path.is_file())
    assert sorted(row["model"] for row in rows) == [str(path) for path in files]
    for row in rows:
        expected = quality(protdiff.read(row["model"]))
        for name, value in expected.items():
            found = math.nan if row[name] == "" else float(row[name])
            assert found == pytest.approx(value, rel=1e-4, abs=5e-5, nan_ok=True)
        assert row["error"] == row["max_tm"] == row["nearest"] == ""
    assert numbers["designs"] == 6 and numbers["real_chains"] == len(real_population())
    assert numbers["unreadable"] == 0 and "novelty" not in numbers and "diversity" not in numbers
    mean = np.mean([float(row["rg"]) for row in rows])
    assert numbers["columns"]["rg"]["mean"] == pytest.approx(mean, rel=1e-4)
    assert numbers["frechet"]["distance"] > numbers["frechet"]["floor"] > 0
    assert f"{numbers['frechet']['distance']:.1f}" in stdout and "hydrogen_bonds" in stdout


def test_equal_commands_give_equal_bytes(run, designs, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        page = name != "c"
        run(designs, "--out", tmp_path / name, "--diversity", 0, "--seed", seed, page=page)
    for name in RESULTS:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    one, other = (load(tmp_path / name)[0]["frechet"] for name in "ac")
    assert one["distance"] != other["distance"] and one["floor"] != other["floor"]


def test_one_design_has_no_missing_numbers_in_json(run, designs, tmp_path):
    code, *_ = run(designs / "k0.pdb", "--out", tmp_path / "o", page=True)
    assert code == 0
    numbers, _ = load(tmp_path / "o")
    assert numbers["modes"]["<4"]["error"] is None and numbers["frechet"] == {}
    assert "diversity" not in numbers


def test_diversity_of_copies(run, designs, tmp_path):
    shutil.copy(designs / "c1.cif", tmp_path / "one.cif")
    shutil.copy(designs / "c1.cif", tmp_path / "two.cif")
    code, stdout, _ = run(tmp_path / "*.cif", "--out", tmp_path / "o")
    numbers, _ = load(tmp_path / "o")
    assert code == 0 and "diversity, 1 pair of designs: mean TM 1, 100 % with TM" in stdout
    assert "; 1 cluster among 2 designs" in stdout
    found = numbers["diversity"]
    assert (found["designs"], found["clusters"], found["clusters_per_design"]) == (2, 1, 0.5)
    assert found["mean_pairwise_tm"] == pytest.approx(1) and found["same_fold"] == 1


def test_long_work_is_announced(capsys):
    options = EvaluateOptions(["designs"], jobs=2)
    with first_estimate(options, 100.0, 100, "diversity"):
        pass
    assert capsys.readouterr().err == ""
    with first_estimate(options, 100.0, 4950, "diversity"):
        pass
    assert capsys.readouterr().err == (
        "diversity: 4950 pairs, about 14 min (--diversity 0 leaves it out, "
        "--alignment tmalign is faster)\n"
    )
    with first_estimate(options, 100.0, 800, "novelty of designs"):
        pass
    assert capsys.readouterr().err == (
        "novelty of designs: 800 pairs compared roughly and the best 10 of each structure aligned, "
        "about 35 s (--no-novelty leaves it out, --alignment tmalign is faster)\n"
    )


def test_folder_of_real_chains(run, designs, tmp_path):
    """Every other file of the folder is known, the others are held out and stand beside."""
    real = tmp_path / "real"
    real.mkdir()
    for name, source in zip("abcd", ("k1.pdb", "c1.cif", "k2.pdb", "c2.cif"), strict=True):
        shutil.copy(designs / source, real / f"{name}{Path(source).suffix}")
    code, stdout, _ = run(
        designs / "c1.cif", designs / "k1.pdb", "--reference", real, "--out", tmp_path / "o",
        "--diversity", 0,
    )  # fmt: skip
    numbers, rows = load(tmp_path / "o")
    assert code == 0 and numbers["real_chains"] == 2
    assert [row["model"] for row in rows] == [str(designs / "c1.cif"), str(designs / "k1.pdb")]
    assert rows[0]["nearest"] == str(real / "b.cif") and float(rows[0]["max_tm"]) == 1
    assert rows[1]["nearest"] in (str(real / "b.cif"), str(real / "d.cif"))
    assert float(rows[1]["max_tm"]) < 0.9  # its own copy is held out
    assert numbers["novelty"]["designs"]["count"] == numbers["novelty"]["held_out"]["count"] == 2
    assert numbers["novelty"]["designs"]["largest"] == pytest.approx(1)
    assert "largest 1.000" in stdout and "held out" in stdout


def test_a_real_chain_that_is_in_two_files_counts_once(run, designs, tmp_path):
    """Else it would be known and held out, and held-out chains would be no standard of novelty."""
    real = tmp_path / "real"
    real.mkdir()
    for name in ("k1.pdb", "c1.cif", "k2.pdb", "c2.cif"):
        shutil.copy(designs / name, real)
        shutil.copy(designs / name, real / f"{Path(name).stem}_twice{Path(name).suffix}")
    (real / "empty.pdb").write_text("")
    code, _, err = run(
        designs / "k0.pdb", "--reference", real, "--out", tmp_path / "o", "--diversity", 0
    )
    numbers, _ = load(tmp_path / "o")
    assert code == 0 and numbers["real_chains"] == 2
    assert numbers["novelty"]["held_out"]["largest"] < 0.9
    lost, twice = err.splitlines()
    assert lost.endswith(f"1 file cannot be read, such as {real / 'empty.pdb'}")
    assert "4 structures left out, for another file has them, such as" in twice


def test_folder_of_real_chains_without_novelty(run, designs, tmp_path):
    code, *_ = run(
        designs / "k0.pdb", "--reference", designs, "--no-novelty", "--out", tmp_path / "o"
    )
    numbers, _ = load(tmp_path / "o")
    assert code == 0 and numbers["real_chains"] == 6 and "novelty" not in numbers


def test_too_few_chains_for_a_frechet_distance(run, designs, tmp_path):
    """Where the number is left out, a line says why."""
    code, stdout, _ = run(
        designs, "--reference", designs, "--no-novelty", "--diversity", 0, "--out", tmp_path / "o"
    )
    numbers, _ = load(tmp_path / "o")
    assert code == 0 and numbers["frechet"] == {}
    assert "no Fréchet distance" in stdout and "(here 6 and 6)" in stdout


def test_archive_of_real_chains(run, tiny_archive, tmp_path, monkeypatch):
    monkeypatch.setattr("protdiff.metrics.pairwise_tm.CANDIDATES", 1)
    train, val = (read_chains(tiny_archive, split) for split in ("train", "val"))
    protdiff.write(train[-1].backbone(), tmp_path / "known.pdb")
    code, *_ = run(tmp_path / "known.pdb", "--reference", tiny_archive, "--out", tmp_path / "o")
    numbers, [row] = load(tmp_path / "o")
    assert code == 0 and numbers["real_chains"] == len(val)
    assert row["nearest"] == train[-1].name and float(row["max_tm"]) == 1
    assert numbers["novelty"]["designs"] == {
        "count": 1, "mean": pytest.approx(1), "median": pytest.approx(1),
        "largest": pytest.approx(1),
    }  # fmt: skip
    assert numbers["novelty"]["held_out"]["count"] == 1


def test_archive_without_novelty(run, designs, tiny_archive, tmp_path):
    code, _, err = run(
        designs / "k0.pdb", "--reference", tiny_archive, "--no-novelty", "--out", tmp_path / "o"
    )
    numbers, _ = load(tmp_path / "o")
    assert code == 0 and err == "" and "novelty" not in numbers
    assert numbers["real_chains"] == len(read_chains(tiny_archive, "val"))


def test_unreadable_design_gets_a_row(run, designs, tmp_path):
    folder = tmp_path / "designs"
    folder.mkdir()
    shutil.copy(designs / "k0.pdb", folder / "good.pdb")
    (folder / "bad.cif").write_text("data_x\n_a.b 1\n")
    (folder / "empty.pdb").write_text("")
    code, _, err = run(folder, "--out", tmp_path / "o")
    assert code == 1 and err == "2 of 3 could not be read; see structures.csv\n"
    numbers, rows = load(tmp_path / "o")
    assert numbers["designs"] == 1 and numbers["unreadable"] == 2
    good, bad, empty = rows
    assert (good["model"], good["error"]) == (str(folder / "good.pdb"), "")
    assert "no atom_site" in bad["error"] and "empty file" in empty["error"]
    assert bad["residues"] == bad["rg"] == ""


def test_tiny_design_does_not_stop_the_others(run, designs, tmp_path):
    protdiff.write(protdiff.read(designs / "k0.pdb")[:4], tmp_path / "tiny.pdb")
    code, _, err = run(tmp_path / "tiny.pdb", designs / "k0.pdb", "--out", tmp_path / "o")
    assert code in (0, 1), err
    assert load(tmp_path / "o")[0]["designs"] in (1, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nowhere*.pdb"], "no structure file matches"),
        (["empty"], "no structure files"),
        (["bad.pdb"], "designs: none can be read; the first: bad.pdb"),
        (["good.pdb", "--reference", "good.pdb"], "--reference good.pdb: not a folder"),
        (["good.pdb", "--reference", "nowhere"], "--reference nowhere: not a folder"),
        (["good.pdb", "--reference", "empty"], "no structure files"),
        (["good.pdb", "--diversity", "-1"], "--diversity"),
        (["good.pdb", "--seed", "-1"], "--seed"),
        (["good.pdb", "--jobs", "-1"], "--jobs"),
        (["good.pdb", "--alignment", "sequence"], "--alignment"),
        ([], "DIR..."),
    ],
)
def test_bad_input_is_one_line(run, designs, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.pdb").write_text("bad\n")
    shutil.copy(designs / "k0.pdb", tmp_path / "good.pdb")
    code, _, err = run(*options, "--out", tmp_path / "o")
    assert code == 2 and message in err and len(err.splitlines()) == 1
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("place", ["file", "file/inside"])
def test_output_folder_that_cannot_be_made(run, designs, tmp_path, place):
    (tmp_path / "file").write_text("mine")
    code, _, err = run(designs / "k0.pdb", "--out", tmp_path / place)
    assert code == 2 and "--out" in err and len(err.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "mine"


def test_folder_of_one_real_chain(run, designs, tmp_path):
    (tmp_path / "real").mkdir()
    shutil.copy(designs / "k0.pdb", tmp_path / "real")
    code, _, err = run(
        designs / "k0.pdb", "--reference", tmp_path / "real", "--out", tmp_path / "o"
    )
    assert code == 0 or len(err.splitlines()) == 1


def test_a_population_has_no_shards(console, designs, tmp_path):
    code, _, err = console("evaluate", designs, "--shard", "1/2", "--out", tmp_path / "out")
    assert code == 2 and "--shard: evaluate compares all designs" in err
    assert len(err.splitlines()) == 1 and not (tmp_path / "out").exists()
