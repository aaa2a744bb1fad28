"""Files that folders and patterns stand for."""

from pathlib import Path

import pytest

from protdiff.structure.io import find_files


def test_hidden_files_are_left_out(tmp_path):
    seen = ["a.pdb", "b.CIF.GZ", "sub/c.Ent", "run+1/d.bcif"]
    hidden = [
        "._a.pdb", ".hidden.cif", ".ipynb_checkpoints/a-checkpoint.pdb", "sub/.git/x.pdb",
        "__MACOSX/a.pdb", "notes.txt",
    ]  # fmt: skip
    for name in seen + hidden:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    names = [str(path.relative_to(tmp_path)) for path in find_files([str(tmp_path)], "pattern")]
    assert names == sorted(seen)
    assert len(find_files([f"{tmp_path}/*"], "pattern")) == 2
    # A folder that is hidden itself, or a file that is named, is what the user wants.
    assert len(find_files([str(tmp_path / "sub/.git")], "pattern")) == 1
    assert len(find_files([str(tmp_path / ".hidden.cif")], "pattern")) == 1


def test_a_folder_of_hidden_files_is_empty(tmp_path):
    (tmp_path / "._a.pdb").write_text("x")
    with pytest.raises(ValueError, match="no structure files"):
        find_files([str(tmp_path)], "pattern")
    with pytest.raises(ValueError, match="no structure file matches"):
        find_files([f"{tmp_path}/.*.pdb"], "pattern")


def test_an_empty_name_is_not_the_working_folder():
    with pytest.raises(ValueError, match=r"^designs: an empty name"):
        find_files([""], "designs")


def test_copies_with_sequences_do_not_count_designs_repeatedly(tmp_path):
    copies = tmp_path / "sequences" / "structures"
    copies.mkdir(parents=True)
    for file in (tmp_path / "a.pdb", copies / "a_0.pdb", copies / "a_1.pdb"):
        file.write_text("x")
    assert len(find_files([str(tmp_path)], "pattern")) == 3  # some folder of that name
    (tmp_path / "manifest.csv").write_text("file\na.pdb\n")
    assert find_files([str(tmp_path)], "pattern") == [tmp_path / "a.pdb"]
    assert len(find_files([str(tmp_path / "sequences")], "pattern")) == 2
    assert len(find_files([f"{copies}/*.pdb"], "pattern")) == 2


def test_a_folder_of_many_designs_is_looked_through_once(tmp_path, monkeypatch):
    """Not for each of the trajectories in it, which took hours for a hundred thousand."""
    (tmp_path / "trajectories").mkdir()
    (tmp_path / "manifest.csv").write_text("file\n0.pdb\n")
    for number in range(50):
        (tmp_path / f"{number}.pdb").touch()
        (tmp_path / "trajectories" / f"{number}.pdb").touch()
    looks, glob = [], Path.glob
    monkeypatch.setattr(Path, "glob", lambda *words: looks.append(1) or glob(*words))
    assert len(find_files([str(tmp_path)], "pattern")) == 50 and len(looks) == 1
