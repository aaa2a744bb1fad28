"""What shards say of themselves, in folders of many files."""

import os

import pytest

from protdiff._system.locks import LOCK
from protdiff.cli._shared.shard_records import Record, at_work
from protdiff.cli._shared.shards import parse_shard


def test_a_folder_is_looked_through_once_while_other_shards_wait(tmp_path, monkeypatch):
    """Of a hundred thousand files each look takes a part of a second, and of hundreds of shards."""
    looks, reads, read = [], [], Record.read

    def looking(call):
        def looked(*words):
            if str(*words) == str(tmp_path):  # and not of another thread, into another folder
                looks.append((tmp_path / LOCK).exists())
            return call(*words)

        return looked

    monkeypatch.setattr(os, "listdir", looking(os.listdir))
    monkeypatch.setattr(os, "scandir", looking(os.scandir))
    monkeypatch.setattr(Record, "read", lambda path: reads.append(path) or read(path))
    table = tmp_path / "manifest.csv"
    for number in range(1, 5):
        part = parse_shard(f"{number}/5").part([1] * 10, "plan")
        shard = at_work(part, table, "generate", {"name": "x"})
        looks.clear()
        with shard:
            part.shard.beside(table).touch()
            assert sum(looks) == 1
    assert len(reads) == 3  # one each, for each of them was compared with one
    part = parse_shard("5/5").part([1] * 10, "plan")
    with (
        pytest.raises(ValueError, match=r"shard 1/5 there is of a command .*\(name\)"),
        at_work(part, table, "generate", {"name": "y"}),
    ):
        pass
