"""`evaluate` on a few short chains whose answers are known."""

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import protdiff
from protdiff.metrics.evaluation import alike_lengths, evaluate, summary
from protdiff.metrics.frechet import frechet_with_floor
from protdiff.metrics.pairwise_tm import tm_of_pair
from protdiff.metrics.population import (
    Structures,
    band_ratios,
    compare_columns,
    match_lengths,
    real_population,
)

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture(scope="module")
def pieces():
    """Pieces of 24 residues of real chains: three folds."""
    whole = [protdiff.read(EXAMPLES / name) for name in ("1tpk.pdb", "1a8o.pdb.gz", "3nzd.cif")]
    return [protdiff.Backbone.from_coords(one.coords[5:29], one.sequence[5:29]) for one in whole]


def moved(one, seed):
    """The same structure elsewhere."""
    rng = np.random.default_rng(seed)
    coords = one.coords @ Rotation.random(rng=rng).as_matrix() + rng.normal(size=3)
    return protdiff.Backbone.from_coords(coords, one.sequence)


def structures(*backbones):
    return Structures.of([f"s{k}" for k in range(len(backbones))], list(backbones))


def test_numbers_are_those_of_the_parts(pieces):
    designs, real = structures(*pieces), real_population()
    found = evaluate(designs, diversity=0, seed=3)
    matched = match_lengths(designs.population, real)
    numbers = found.numbers
    assert list(numbers) == ["designs", "real_chains", "columns", "modes", "frechet"]
    assert (numbers["designs"], numbers["real_chains"]) == (3, 2000)
    assert numbers["columns"] == compare_columns(designs.population, real, matched)
    assert numbers["modes"] == band_ratios(designs.population, real, matched)
    theirs = frechet_with_floor(designs.population, real, 3)
    assert numbers["frechet"] == pytest.approx(theirs, nan_ok=True)
    np.testing.assert_array_equal(found.matched, matched)
    assert found.pairwise_tm is None and found.max_tm == {} and found.nearest == []


def test_copies_are_one_cluster(pieces):
    copies = structures(*(moved(pieces[1], seed) for seed in range(3)))
    found = evaluate(copies)
    assert found.numbers["diversity"] == pytest.approx(
        {"designs": 3, "pairs": 3, "clusters": 1, "clusters_per_design": 1 / 3,
         "mean_pairwise_tm": 1, "mean_pairwise_tm_error": 0, "same_fold": 1,
         "same_fold_error": 0}, abs=1e-6
    )  # fmt: skip
    np.testing.assert_allclose(found.pairwise_tm, np.ones((3, 3)))


def test_diversity_of_different_folds(pieces):
    designs = structures(*pieces, moved(pieces[0], 1))
    found = evaluate(designs)
    expected = np.ones((4, 4))
    for i, one in enumerate(designs.backbones):
        for j, two in enumerate(designs.backbones[:i]):
            expected[i, j] = expected[j, i] = np.mean(tm_of_pair(one, two))
    np.testing.assert_allclose(found.pairwise_tm, expected)
    assert found.pairwise_tm[0, 3] == pytest.approx(1)
    numbers = found.numbers["diversity"]
    assert numbers["clusters"] == 3 and numbers["clusters_per_design"] == 0.75
    off = [expected[i, j] for i in range(4) for j in range(i)]
    assert numbers["mean_pairwise_tm"] == pytest.approx(np.mean(off))


@pytest.mark.parametrize(("diversity", "counted"), [(0, None), (1, None), (2, 2), (9, 3)])
def test_only_the_first_designs_are_aligned(pieces, diversity, counted):
    copies = structures(*(moved(pieces[1], seed) for seed in range(3)))
    found = evaluate(copies, diversity=diversity).numbers
    assert found.get("diversity", {}).get("designs") == counted


def test_novelty_of_a_known_structure_is_one(pieces):
    known = structures(pieces[0], pieces[1])
    designs = structures(moved(pieces[1], 0), pieces[2])
    held_out = structures(moved(pieces[0], 5), pieces[2][:22])
    found = evaluate(designs, held_out, known=known, diversity=0)
    assert found.max_tm["designs"][0] == pytest.approx(1) and found.nearest[0] == "s1"
    scores = [tm_of_pair(pieces[2], one)[0] for one in known.backbones]
    assert found.max_tm["designs"][1] == pytest.approx(max(scores))
    assert found.nearest[1] == f"s{int(np.argmax(scores))}"
    assert found.max_tm["held_out"].max() == pytest.approx(1)
    for title, values in found.max_tm.items():
        assert found.numbers["novelty"][title] == {
            "count": 2,
            "mean": pytest.approx(values.mean()),
            "median": pytest.approx(np.median(values)),
            "largest": pytest.approx(values.max()),
        }


def test_designs_may_have_no_known_structure_of_their_length(pieces):
    known = structures(pieces[0][:14])
    found = evaluate(structures(pieces[0]), known=known, diversity=0)
    assert found.nearest == [""] and np.isnan(found.max_tm["designs"]).all()
    assert found.numbers["novelty"] == {"designs": {"count": 0}}


def test_progress_counts_every_pair(pieces):
    steps = []

    @contextmanager
    def progress(total, what):
        steps.append([what, total, 0])

        def advance(count):
            steps[-1][2] += count

        yield advance

    designs = structures(*(moved(pieces[1], seed) for seed in range(3)))
    evaluate(designs, designs, known=designs[[0]], progress=progress)
    assert steps == [["diversity", 3, 3], ["novelty of designs", 3, 3],
                     ["novelty of held out", 3, 3]]  # fmt: skip


def test_held_out_chains_of_like_lengths(pieces):
    lengths = [24, 8, 16, 24, 20]
    real = structures(*(pieces[0][:n] for n in lengths))
    designs = structures(*(pieces[1][:n] for n in (9, 24, 23)))
    for seed in range(5):
        chosen = alike_lengths(designs, real, seed)
        assert chosen[0] == 1 and sorted(chosen[1:]) == [0, 3]
    many = structures(*(pieces[1][:n] for n in (8, 8, 8, 8, 8, 8)))
    chosen = alike_lengths(many, real, 0)
    assert sorted(chosen[:5]) == [0, 1, 2, 3, 4] and chosen[5] == 1  # none twice before all once


def test_backbones_and_files_may_be_given(pieces, tmp_path):
    for k, piece in enumerate(pieces):
        protdiff.write(piece, tmp_path / f"{k}.pdb")
    files = sorted(tmp_path.iterdir())
    of_folder, of_files = (protdiff.evaluate(given, diversity=0) for given in (tmp_path, files))
    assert of_folder.numbers == of_files.numbers
    assert of_folder.designs.names == [str(path) for path in files]
    backbones = [protdiff.read(path) for path in files]
    of_backbones = protdiff.evaluate(backbones, backbones, known=files, diversity=0)
    assert of_backbones.designs.names == ["0", "1", "2"]
    np.testing.assert_array_equal(of_backbones.designs.columns, of_files.designs.columns)
    np.testing.assert_array_equal(of_backbones.real.columns, of_files.designs.columns)
    assert of_backbones.nearest == [str(path) for path in files]
    assert of_backbones.max_tm.keys() == {"designs", "held_out"}


def test_an_empty_set_or_an_unknown_alignment_is_an_error(pieces):
    with pytest.raises(ValueError, match="`designs`: no structures given"):
        evaluate([])
    with pytest.raises(ValueError, match="`alignment` 'sequence': must be one of"):
        evaluate(pieces, alignment="sequence")


def test_designs_of_several_chains_are_named(pieces):
    pair = protdiff.structure.joined([pieces[0], replace(pieces[1], chain_ids=["B"] * 24)])
    with pytest.warns(protdiff.ProtdiffWarning, match="1 of 2 designs has several chains, which"):
        evaluate([pieces[0], pair], pieces, diversity=0)


@pytest.mark.parametrize("name", ["diversity", "jobs", "seed"])
def test_negative_numbers_are_refused(pieces, name):
    with pytest.raises(ValueError, match=f"`{name}` -1: must be at least 0"):
        evaluate(pieces, **{name: -1})


def test_a_backbone_is_a_set_of_one(pieces):
    alone, of_one = evaluate(pieces[0], pieces), evaluate(pieces[:1], pieces)
    assert alone.numbers == of_one.numbers and len(alone.designs) == 1


def test_summary_leaves_missing_values_out():
    assert summary(np.array([0.2, np.nan, 0.4, 0.9])) == pytest.approx(
        {"count": 3, "mean": 0.5, "median": 0.4, "largest": 0.9}
    )
    assert summary(np.array([np.nan])) == {"count": 0}
