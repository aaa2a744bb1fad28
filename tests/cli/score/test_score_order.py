"""`protdiff score --sort`, `--top`, `--copy-to` and `--plot`."""

import subprocess
from pathlib import Path

import pytest

from protdiff.cli._shared.score_order import sorted_rows
from protdiff.metrics.verdict import LIKE_REAL

from .helpers import EXAMPLES, rows_of


def names_of(path):
    return [Path(row["model"]).name for row in rows_of(path)]


def test_best_first_by_any_column(run, folder, tmp_path):
    pairs = (folder / "models", "--reference", folder / "references", "--out", tmp_path / "x.csv")
    for options, column, falls in (
        (["--sort", "tm"], "tm", True),
        (["--sort", "rmsd"], "rmsd", False),
        (["--rank", "lddt"], "lddt", True),
        (["--sort", "tm", "--reverse"], "tm", False),
    ):
        code, text, err = run(*pairs, "--no-quality", *options)
        assert code == 0 and err == ""
        values = [row[column] for row in rows_of(tmp_path / "x.csv")]
        assert len(values) == 3 and values == sorted(values, reverse=falls)
        assert text.splitlines()[0].split()[:2] == ["model", column]


def test_the_best_are_copied_with_their_table(run, folder, tmp_path):
    best, options = tmp_path / "best", ("--sort", "rmsd", "--reference", folder / "references")
    models = folder / "models"
    code, text, _ = run(models, "--top", "2", "--copy-to", best, *options)
    assert code == 0 and "2 of 3 by rmsd, best first" in text
    rows = rows_of(best / "best.csv")
    assert [row["rank"] for row in rows] == [1, 2] and rows[0]["rmsd"] < rows[1]["rmsd"]
    assert {path.name for path in best.iterdir()} == {"best.csv", *(row["file"] for row in rows)}
    for row in rows:
        assert (best / row["file"]).read_bytes() == Path(row["model"]).read_bytes()
        assert row["verdict"] in text
    # Another choice replaces the copies of the first one, and nothing else.
    code, _, _ = run(models, "--top", "1", "--copy-to", best, *options, "--reverse")
    assert code == 0 and len(list(best.iterdir())) == 2
    assert rows_of(best / "best.csv")[0]["file"] not in (rows[0]["file"],)
    (best / "mine.pdb").write_text("")
    code, _, err = run(models, "--top", "1", "--copy-to", best, *options)
    assert code == 2 and "holds mine.pdb" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--sort", "tmm"], "--sort tmm: no such column; choose for example "),
        (["--sort", "tm"], "--sort tm: needs --reference"),
        (["--sort", "relative_likelihood"], "--sort relative_likelihood: needs --likelihood elbo"),
        (["--sort", "rg", "--no-quality", "--likelihood", "elbo"], "goes without --no-quality"),
        (["--top", "3"], "--top: needs --sort COLUMN"),
        (["--sort", "rg", "--copy-to", "x"], "--copy-to: needs --top N"),
        (["--sort", "rg", "--rank"], "--sort and --rank: give one of the two"),
        (["--plot", "x.jpg"], "--plot x.jpg: must be a file that ends in .png, .svg or .pdf"),
    ],
)
def test_options_of_the_order(run, folder, options, message):
    code, _, err = run(folder / "models", *options)
    assert code == 2 and message in err and len(err.splitlines()) == 1


def test_copies_do_not_go_among_the_models(run, folder):
    models = folder / "models"
    code, _, err = run(models / "kringle_0.pdb", "--sort", "rg", "--top", "1", "--copy-to", models)
    assert code == 2 and "holds the models themselves" in err


def test_rows_without_a_value_come_last():
    rows = [({"tm": value}, []) for value in (float("nan"), 0.2, None, 0.9)]
    assert [row["tm"] for row, _ in sorted_rows(rows, "tm")][:2] == [0.9, 0.2]
    assert [row["tm"] for row, _ in sorted_rows(rows, "tm", reverse=True)][:2] == [0.2, 0.9]


def test_verdicts_and_picture(run, folder, tmp_path):
    code, text, _ = run(
        folder / "models", "--plot", tmp_path / "x.png", "--out", tmp_path / "x.csv"
    )
    assert code == 0 and f"of 3 {LIKE_REAL}" in text and "picture: " in text
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    for row in rows_of(tmp_path / "x.csv"):
        assert bool(row["outside"]) == (row["verdict"] != LIKE_REAL)


def test_chains_without_a_verdict_are_counted(run, folder, tmp_path):
    whole = folder / "models" / "kringle_0.pdb"
    short = tmp_path / "short.pdb"
    lines = [line for line in whole.read_text().splitlines() if line.startswith("ATOM")]
    short.write_text("\n".join(line for line in lines if int(line[22:26]) <= 30) + "\nEND\n")
    code, text, _ = run(whole, short, "--out", tmp_path / "x.csv")
    assert code == 0 and f"of 1 {LIKE_REAL} (1 too short for a verdict)" in text


def test_no_picture_where_no_file_has_a_score(console, tmp_path):
    (tmp_path / "x.pdb").write_text("no structure\n")
    picture, table = tmp_path / "x.png", tmp_path / "x.csv"
    code, _, err = console("score", tmp_path / "x.pdb", "--plot", picture, "--out", table)
    assert code == 1 and table.exists() and not picture.exists()
    assert "x.png: not drawn, for no structure has a score" in err


def test_first_rows_of_references_are_the_best_of_each(console, folder, tmp_path):
    """The command of docs/howto/score.md gives them."""
    page = (EXAMPLES.parents[1] / "docs" / "howto" / "score.md").read_text()
    command = next(line for line in page.splitlines() if line.startswith("awk "))
    code, *_ = console(
        "score", folder / "models", "--reference", folder / "references", "--sort", "tm",
        "--out", tmp_path / "scores.csv",
    )  # fmt: skip
    assert code == 0
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    best = {row["reference"]: row for row in rows_of(tmp_path / "best_of_each.csv")}
    every = rows_of(tmp_path / "scores.csv")
    assert len(every) == 3 and len(best) == 2
    for reference, row in best.items():
        assert row["tm"] == max(other["tm"] for other in every if other["reference"] == reference)
