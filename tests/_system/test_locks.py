"""One writer in a folder or of a file: a second is refused, and one that dies leaves no lock."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from protdiff._system.lock_files import acquired, released
from protdiff._system.locks import LOCK, one_writer, output_file, output_folder, shard_writer

HOLD = """
import sys, time
from protdiff._system.locks import one_writer
with one_writer(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that writes into the folder."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_writer_is_refused_by_name(holder, tmp_path):
    with (
        pytest.raises(ValueError, match=f"process {holder.pid} on .* since .* writes into it"),
        one_writer(tmp_path),
    ):
        pass
    assert (tmp_path / LOCK).exists()


def test_a_killed_writer_leaves_no_lock(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with one_writer(tmp_path):
        assert f"process {os.getpid()} on " in (tmp_path / LOCK).read_text()
    assert not list(tmp_path.iterdir())


def test_an_error_gives_the_lock_back(tmp_path):
    for _ in range(2):
        with pytest.raises(KeyError), one_writer(tmp_path):
            raise KeyError
    assert not list(tmp_path.iterdir())


def test_a_file_has_one_writer_and_its_folder_many(tmp_path):
    """The lock is beside the file, under a name of its own."""
    with output_file(tmp_path / "x.csv"), output_file(tmp_path / "y.csv"):
        assert {path.name for path in tmp_path.iterdir()} == {f".{n}.csv{LOCK}" for n in "xy"}
        with (
            pytest.raises(ValueError, match=rf"x\.csv: process {os.getpid()} on .* is writing it"),
            output_file(tmp_path / "x.csv"),
        ):
            pass
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "folder", tmp_path / "none" / "x", tmp_path / "file" / "x"):
        with pytest.raises(OSError, match=path.name) as caught, output_file(path):
            pass
        assert caught.value.filename == str(path)
    with pytest.raises(OSError), output_folder(tmp_path / "file"):
        pass


def test_a_new_folder_goes_if_an_error_leaves_nothing_in_it(tmp_path):
    (tmp_path / "older").mkdir()
    for name in ("empty", "full", "older"):
        with pytest.raises(KeyError), output_folder(tmp_path / name):
            if name == "full":
                (tmp_path / name / "x").touch()
            raise KeyError
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "older"]


@pytest.mark.parametrize("kind", ["folder", "table"])
def test_shards_have_a_lock_each_and_keep_others_out(tmp_path, kind):
    target, begun = tmp_path if kind == "folder" else tmp_path / "x.csv", []
    with shard_writer(target, 1, 2, lambda names: begun.append(1)):
        with shard_writer(target, 2, 2, lambda names: begun.append(2)):
            for other in (
                shard_writer(target, 1, 2, lambda names: begun.append(0)),
                shard_writer(target, 1, 3, lambda names: begun.append(0)),
                one_writer(target),
            ):
                with pytest.raises(ValueError, match=f"process {os.getpid()} on "), other:
                    pass
        # Another table, and the folder around a table, have locks of their own.
        with shard_writer(tmp_path / "y.csv", 1, 3, lambda names: None):
            pass
        if kind == "table":
            with one_writer(tmp_path):
                pass
    with one_writer(target), pytest.raises(ValueError, match="process "):  # noqa: SIM117
        with shard_writer(target, 1, 2, lambda names: begun.append(0)):
            pass
    assert begun == [1, 2] and not list(tmp_path.iterdir())


def test_a_shard_waits_for_others_that_start(tmp_path, monkeypatch):
    """It is refused only by one that has the folder for itself, or after long."""
    monkeypatch.setattr("protdiff._system.locks.START", 0.0)
    monkeypatch.setattr("protdiff._system.locks.MOMENT", 0.1)

    def start_another(names):
        with shard_writer(tmp_path, 2, 2, lambda names: None):
            pass

    with (
        pytest.raises(ValueError, match=f"process {os.getpid()} on .* writes into it"),
        shard_writer(tmp_path, 1, 2, start_another),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_a_shard_waits_while_others_start_one_after_another(tmp_path, monkeypatch, capsys):
    """However many they are, and it says so."""
    for name, seconds in (("MOMENT", 0.05), ("PATIENCE", 0.2), ("START", 1.0)):
        monkeypatch.setattr(f"protdiff._system.locks.{name}", seconds)
    place, held = tmp_path / LOCK, threading.Event()

    def start_others():
        lock = acquired(place, 0.0)
        for number in range(30):
            place.write_text(f"starts: process {number} on x")
            held.set()
            time.sleep(0.1)
        released(lock, place)

    others = threading.Thread(target=start_others)
    others.start()
    held.wait()
    with shard_writer(tmp_path, 1, 2, lambda names: None):
        pass
    others.join()
    err = capsys.readouterr().err
    assert err.startswith(f"{tmp_path}: waiting for other shards, which start one after another")
    assert "(now process " in err and len(err.splitlines()) == 1


@pytest.fixture
def refusing(monkeypatch):
    """Let the file system refuse locks with an error, so many times."""
    fcntl = pytest.importorskip("fcntl")
    lock = fcntl.flock

    def refuse(code, times=10**9):
        left = [times]

        def flock(file, what):
            if what & fcntl.LOCK_EX and left[0]:
                left[0] -= 1
                raise OSError(code, os.strerror(code))
            return lock(file, what)

        monkeypatch.setattr(fcntl, "flock", flock)

    return refuse


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_without_locks_the_work_is_done_and_it_is_said(refusing, tmp_path, code):
    """As on NFS without its server of locks, or Lustre without `flock`."""
    refusing(code)
    begun = []
    with pytest.warns(UserWarning) as caught, one_writer(tmp_path / "x.csv"):
        pass
    with pytest.warns(UserWarning) as others:
        for number in (1, 2):
            with shard_writer(tmp_path, number, 2, lambda names: begun.append(1)):
                pass
    texts = [str(one.message) for one in (*caught, *others)]
    alone = "its file system has no locks; let only one process write there"
    assert texts[0] == f"{tmp_path / 'x.csv'}: {alone}"
    assert all("its file system has no locks; " in text for text in texts)
    assert begun == [1, 1] and not list(tmp_path.iterdir())


def test_a_lock_that_another_machine_has_just_removed_is_made_anew(refusing, tmp_path):
    """NFS says so of the open file (ESTALE)."""
    for writer in (one_writer(tmp_path), shard_writer(tmp_path, 1, 2, lambda names: None)):
        refusing(errno.ESTALE, 3)
        with writer:
            pass
    refusing(errno.ESTALE)
    with pytest.raises(OSError, match=str(tmp_path)), one_writer(tmp_path):
        pass


def test_a_folder_of_many_files_is_not_looked_through(tmp_path, monkeypatch):
    """On a network file system a look at every file takes longer than shards wait for another."""
    for number in range(200):
        (tmp_path / f"{number}.pdb").touch()
    looks, stat = [], os.stat
    monkeypatch.setattr(os, "stat", lambda *words, **more: looks.append(1) or stat(*words, **more))
    with shard_writer(tmp_path, 1, 2, lambda names: None):
        pass
    monkeypatch.undo()
    assert len(looks) < 100 and len(list(Path(tmp_path).iterdir())) == 200
