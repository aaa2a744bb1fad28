"""Models of files: what begins and ends them, and what is said of a file that has several."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protdiff.structure.backbone import Backbone
from protdiff.structure.io import FileError, count_models, read, read_models

from .edits import chain, read_lines
from .files import COORDS, cif_rows, cif_text

#: Three frames, each 0.1 Å from the one before.
FRAMES = [chain(0.1 * k) for k in range(3)]
WATER = ["HETATM   99  O   HOH A 201      90.000   0.000   0.000  1.00  0.00           O"]
ANOTHER = (
    "the first is read; to take another, write it to its own file, or in Python name it with "
    "`model`"
)
few = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def frames_with(before=(), after=()):
    return [line for frame in FRAMES for line in [*before, *frame, *after]]


SEPARATORS = {
    "END": (("CRYST1",), ("END",)),
    "ENDMDL alone": ((), ("ENDMDL",)),
    "TER and ENDMDL": ((), ("TER", "ENDMDL")),
    "END in a model": (("MODEL        1",), ("END", "ENDMDL")),
    "MODEL alone": (("MODEL",), ()),
    "TER alone": ((), ("TER",)),
    "water and TER": ((), ("TER", *WATER, "TER")),
    "water behind END": ((), ("END", *WATER, "END")),
    "nothing": ((), ()),
}


@pytest.mark.parametrize("before, after", SEPARATORS.values(), ids=SEPARATORS)
def test_frames(tmp_path, before, after):
    path = tmp_path / "x.pdb"
    first, texts = read_lines(path, frames_with(before, after))
    assert f"has 3 models; {ANOTHER}" in texts
    assert count_models(path) == 3
    models = list(read_models(path))
    for k, frame in enumerate([read(path, model=k) for k in (1, 2, 3)]):
        expected = COORDS + np.array([0, round(0.1 * k, 1), 0])
        np.testing.assert_allclose(frame.coords, expected, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(models[k].coords, frame.coords)
        assert frame.chains == first.chains == ("A",)
    with pytest.raises(FileError, match="no model 4: the file has 3 models, choose 1 to 3"):
        read(path, model=4)


def test_a_given_model_is_no_reason_for_a_warning(tmp_path):
    assert read_lines(tmp_path / "x.pdb", frames_with((), ("END",)), model=2)[1] == []
    _, texts = read_lines(tmp_path / "x.pdb", frames_with((), ("TER",)), model=2)
    assert texts == ["residue numbers begin anew in the same place; read as 3 models"]
    assert read_lines(tmp_path / "x.pdb", [*FRAMES[0], "TER", "END"])[1] == []


def test_frames_of_several_chains(tmp_path):
    lines = [line for k in range(3) for line in [*chain(k / 10), *chain(20 + k / 10, chain="B")]]
    path = tmp_path / "x.pdb"
    first, _ = read_lines(path, lines)
    assert first.chains == ("A", "B") and len(first) == 10 and count_models(path) == 3
    np.testing.assert_allclose(
        read(path, model=3).coords[5:], COORDS + np.array([0, 20.2, 0]), atol=1e-9
    )


def test_a_second_chain_is_no_second_model(tmp_path):
    dimer, texts = read_lines(tmp_path / "x.pdb", [*chain(), "TER", *chain(20, chain="B"), "TER"])
    assert dimer.chains == ("A", "B") and not texts


def test_files_one_behind_the_other_with_other_chains_are_one_model(tmp_path):
    lines = [*chain(), "END", *chain(20, chain="B"), "END"]
    both, texts = read_lines(tmp_path / "x.pdb", lines)
    assert both.chains == ("A", "B")
    assert texts == ["chains B are behind an END record; read into the same model"]
    frames, same = read_lines(tmp_path / "x.pdb", lines * 2, model=2)
    assert frames.chains == ("A", "B") and same == texts


def test_frames_with_other_chain_ids_are_models(tmp_path):
    lines = [*chain(), "END", *chain(0.5, chain="B"), "END"]
    first, texts = read_lines(tmp_path / "x.pdb", lines)
    assert first.chains == ("A",) and len(texts) == 1 and texts[0].startswith("has 2 models")
    assert read_lines(tmp_path / "x.pdb", lines, model=2)[0].chains == ("B",)


def test_a_short_repeat_is_left_out(tmp_path):
    lines = [*chain(), *chain(0.5)[4:8]]
    backbone, texts = read_lines(tmp_path / "x.pdb", lines)
    np.testing.assert_array_equal(backbone.coords, COORDS)
    assert texts == ["1 residue is there twice; the first is taken (chain 'A' residue 2)"]


@pytest.mark.parametrize("bad", [0, 1, 2])
def test_one_bad_model_leaves_the_others(tmp_path, bad):
    lines = [line.replace("7.200", "x.200") if k == bad else line
             for k, frame in enumerate(FRAMES) for line in ["MODEL", *frame, "ENDMDL"]]  # fmt: skip
    path = tmp_path / "x.pdb"
    path.write_text("\n".join(lines))
    models = list(read_models(path))
    assert [isinstance(model, Backbone) for model in models] == [k != bad for k in range(3)]
    assert str(models[bad]).startswith(f"{path}: model {bad + 1}: damaged: coordinates of atom")


def test_models_of_mmcif(tmp_path):
    rows = [row for k in (1, 4) for row in cif_rows(pdbx_PDB_model_num=str(k))]
    path = tmp_path / "x.cif"
    _, texts = read_lines(path, cif_text(rows).split("\n"))
    assert texts == [f"has 2 models; {ANOTHER}"]
    assert [len(model) for model in read_models(path)] == [5, 5] and count_models(path) == 2
    # Frames under one model number.
    _, texts = read_lines(path, cif_text(cif_rows() + cif_rows()).split("\n"), model=2)
    assert texts == ["residue numbers begin anew in the same place; read as 2 models"]


@few
@given(
    count=st.integers(1, 4),
    before=st.sampled_from(["MODEL", "REMARK", "CRYST1"]),
    after=st.sampled_from([["END"], ["ENDMDL"], ["TER"], ["TER", "END"], ["END", "ENDMDL"], []]),
    chains=st.sampled_from(["A", "AB", " ", "z"]),
)
def test_any_marks_give_the_frames(count, before, after, chains, tmp_path):
    lines = []
    for k in range(count):
        shifted = [chain(30 * i + k / 10, chain=name) for i, name in enumerate(chains)]
        lines += [before, *(line for part in shifted for line in part), *after]
    path = tmp_path / "x.pdb"
    backbone, _ = read_lines(path, lines)
    assert count_models(path) == count and backbone.chains == tuple(chains.strip() or [""])
    last = read(path, model=count).chain(chains[0].strip())
    np.testing.assert_allclose(last.coords, COORDS + np.array([0, (count - 1) / 10, 0]), atol=1e-9)


def test_a_model_number_that_comes_twice(tmp_path):
    rows = [row for k in "121" for row in cif_rows(pdbx_PDB_model_num=k)]
    backbone, texts = read_lines(tmp_path / "x.cif", cif_text(rows).split("\n"), model=1)
    np.testing.assert_array_equal(backbone.coords, COORDS)
    assert texts == ["model 1 repeats itself 1 time; the first time is taken"]
