"""Outputs appear whole or not at all, and errors name the file that was wanted."""

import json

import pytest

from protdiff._system.files import replacing, replacing_folder, write_json


def test_a_file_replaces_the_old_one_at_the_end(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("part")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_an_error_of_the_system_names_the_file_that_was_wanted(tmp_path):
    path = tmp_path / "absent" / "x.txt"
    with pytest.raises(FileNotFoundError) as caught, replacing(path) as temporary:
        temporary.write_text("text")
    assert caught.value.filename == str(path)


def test_a_folder_appears_whole_and_replaces_another_only_where_that_is_allowed(tmp_path):
    path = tmp_path / "run"
    with replacing_folder(path) as temporary:
        (temporary / "a").touch()
        assert not path.exists()
    with pytest.raises(OSError), replacing_folder(path) as temporary:
        (temporary / "b").touch()
    assert [file.name for file in path.iterdir()] == ["a"]
    with replacing_folder(path, exist_ok=True) as temporary:
        (temporary / "b").touch()
    assert [file.name for file in path.iterdir()] == ["b"] and list(tmp_path.iterdir()) == [path]


def test_numbers_that_are_not_finite_are_null(tmp_path):
    write_json(tmp_path / "x.json", {"a": [1.5, float("nan")], "b": (float("inf"), None)})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": [1.5, None], "b": [None, None]}
