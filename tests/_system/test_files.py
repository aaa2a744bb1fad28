"""Outputs appear whole or not at all, and errors name the file that was meant."""

import json
import math
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from protdiff._system.files import (
    ensure_writable,
    making_folder,
    remove_leftovers,
    replacing,
    replacing_folder,
    save_figure,
    temporary_folder,
    temporary_path,
    write_json,
)


def test_a_file_appears_when_the_context_ends(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and [p.name for p in tmp_path.iterdir()] == ["x.txt"]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["x.txt"]


def test_errors_name_the_file_that_was_meant(tmp_path):
    path = tmp_path / "absent" / "x.txt"
    with pytest.raises(OSError) as error, replacing(path) as temporary:
        temporary.write_text("new")
    assert error.value.filename == str(path)


@pytest.mark.parametrize("fails", [False, True])
def test_a_folder_appears_whole_or_not_at_all(tmp_path, fails):
    path = tmp_path / "set"
    path.mkdir()
    (path / "old").write_text("")
    try:
        with replacing_folder(path, exist_ok=True) as temporary:
            (temporary / "new").write_text("")
            if fails:
                raise RuntimeError
    except RuntimeError:
        pass
    assert [p.name for p in path.iterdir()] == ["old" if fails else "new"]
    assert [p.name for p in tmp_path.iterdir()] == ["set"]


def test_folders_that_an_error_leaves_empty_go(tmp_path):
    (tmp_path / "old").mkdir()
    with pytest.raises(ValueError), making_folder(tmp_path / "old" / "a" / "b"):
        raise ValueError
    assert list(tmp_path.iterdir()) == [tmp_path / "old"] and not list((tmp_path / "old").iterdir())
    with pytest.raises(ValueError), making_folder(tmp_path / "new" / "empty"):
        (tmp_path / "new" / "file").write_text("kept")
        raise ValueError
    assert list((tmp_path / "new").iterdir()) == [tmp_path / "new" / "file"]
    with pytest.raises(OSError), making_folder(tmp_path / "c" / ("d" * 300)):
        pass
    assert not (tmp_path / "c").exists()
    with pytest.raises(ValueError), replacing_folder(tmp_path / "e" / "f"):
        raise ValueError
    assert not (tmp_path / "e").exists()


def test_json_has_null_for_missing_numbers(tmp_path):
    write_json(tmp_path / "x.json", {"a": [1.5, math.nan], "b": {"c": math.inf}})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": [1.5, None], "b": {"c": None}}


def test_what_cannot_be_written_is_found_out_before(tmp_path):
    (tmp_path / "x.txt").write_text("older")
    ensure_writable(tmp_path / "x.txt")
    ensure_writable(tmp_path / "new.txt")
    for place in (tmp_path, tmp_path / "none" / "x.txt", tmp_path / "x.txt" / "y.txt"):
        with pytest.raises(OSError, match=place.name) as caught:
            ensure_writable(place)
        assert caught.value.filename == str(place)
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]
    assert (tmp_path / "x.txt").read_text() == "older"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says what has ended")
def test_a_process_that_nobody_has_taken_note_of_is_dead(tmp_path):
    """Orphans stay so in containers whose first process does not look after them."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    try:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # it has ended, and stays listed
        os.kill(child, 0)
        mine = temporary_path(tmp_path / "x.csv")
        left = mine.with_name(mine.name.replace(f"-{os.getpid()}.", f"-{child}."))
        for path in (mine, left):
            path.touch()
        remove_leftovers(tmp_path)
        assert mine.exists() and not left.exists()
    finally:
        os.waitpid(child, 0)


def test_what_dead_processes_left_is_removed(tmp_path):
    mine = temporary_path(tmp_path / "x.csv")
    # No process has such numbers; of another machine's nobody knows whether it is dead.
    dead = [
        mine.with_name(mine.name.replace(f"-{os.getpid()}.", f"-{n}.")) for n in (2**22, 2**31 - 1)
    ]
    other = mine.with_name(f".x.csv.elsewhere-{2**22}.tmp")
    for path in (mine, other, dead[0]):
        path.touch()
    dead[1].mkdir()
    remove_leftovers(tmp_path, "y.csv")
    assert len(list(tmp_path.iterdir())) == 4
    ensure_writable(tmp_path / "x.csv")
    assert {path.name for path in tmp_path.iterdir()} == {other.name}


def test_a_temporary_folder_that_a_killed_process_left_is_removed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with temporary_folder() as folder:
        (folder / "x").touch()
        dead = folder.with_name(folder.name.replace(f"-{os.getpid()}.", f"-{2**22}."))
        dead.mkdir()
        with temporary_folder() as other:
            assert sorted(tmp_path.iterdir()) == sorted([folder, other])
        assert (folder / "x").exists()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_names_the_file(tmp_path):
    script = (
        "import resource, sys\n"
        "from protdiff._system.files import replacing\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    with replacing(sys.argv[1]) as temporary:\n"
        "        temporary.write_text('x' * 2000)\n"
        "except OSError as error:\n"
        "    print(error.filename)\n"
    )
    path = tmp_path / "x.txt"
    command = [sys.executable, "-c", script, str(path)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    assert run.stdout.strip() == str(path) and not list(tmp_path.iterdir())


@pytest.fixture
def figure():
    """A curve with a title, in which there is a letter that needs escapes in XML."""
    figure = Figure(figsize=(3, 2))
    axis = figure.subplots()
    axis.plot([0, 1, 3])
    axis.set_title("Rg < 12 Å")
    return figure


def test_text_of_an_svg_stays_text(figure, tmp_path):
    save_figure(figure, tmp_path / "x.svg")
    root = ElementTree.parse(tmp_path / "x.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "Rg < 12 Å" in texts


def test_fonts_of_a_pdf_are_embedded_truetype(figure, tmp_path):
    save_figure(figure, tmp_path / "x.pdf")
    content = (tmp_path / "x.pdf").read_bytes()
    assert content.startswith(b"%PDF-1.") and content.rstrip().endswith(b"%%EOF")
    # The font's program as it is (FontFile2), or as what Type 42 means for many letters (Type 0).
    assert set(re.findall(rb"/Subtype /(Type\w+|CIDFontType2)", content)) <= {
        b"Type0", b"CIDFontType2", b"TrueType",
    }  # fmt: skip
    assert b"/FontFile2" in content and b"/Type3" not in content


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf", ".PDF", ""])
def test_equal_figures_give_equal_bytes(figure, tmp_path, ending):
    first, second = tmp_path / f"first{ending}", tmp_path / f"second{ending}"
    save_figure(figure, first)
    save_figure(figure, second)
    content = first.read_bytes()
    assert content == second.read_bytes()
    assert not re.search(rb"20\d\d-\d\d-\d\d|Matplotlib v", content)  # no time, no version
