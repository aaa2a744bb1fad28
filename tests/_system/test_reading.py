"""Files are read up to a limit, and only files."""

import os

import pytest

from protdiff._system.reading import (
    TooLargeError,
    read_file,
    read_json,
    read_text,
    real_path,
    reason,
)


def test_up_to_the_limit(tmp_path, monkeypatch):
    path = tmp_path / "x"
    path.write_bytes(2**20 * b"x")
    monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", "1")
    assert read_file(path) == 2**20 * b"x"
    path.write_bytes((2**20 + 1) * b"x")
    with pytest.raises(TooLargeError, match="over 1 MiB when decompressed"):
        read_file(path)
    with pytest.raises(ValueError, match=rf"^{path}: over 1 MiB"):
        read_text(path)


def test_a_device_has_no_end(monkeypatch):
    monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", "3")
    with pytest.raises(OSError, match="not a regular file"):
        read_file("/dev/zero")
    with pytest.raises(ValueError, match=r"^/dev/zero: over 3 MiB"):
        read_text("/dev/zero")


def test_pipes_of_a_shell_are_text(tmp_path):
    read, write = os.pipe()
    os.write(write, b"i,j\n1,2\n")
    os.close(write)
    assert read_text(f"/dev/fd/{read}") == "i,j\n1,2\n"
    os.close(read)


@pytest.mark.parametrize(
    ("text", "message"), [("[]", "no JSON object"), (10_000 * "[", "too deep"), ("{", "Expecting")]
)
def test_what_is_no_object(tmp_path, text, message):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_json(path)


def test_a_link_to_itself_is_a_path(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to(tmp_path)
    assert real_path(tmp_path / "loop" / "x").name == "x"
    assert real_path(tmp_path / "link" / "x") == tmp_path.resolve() / "x"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"{", b"{}"])
def test_reasons_are_in_plain_words(tmp_path, content):
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises((OSError, ValueError, KeyError)) as caught:
        read_json(path)["format"]
    text = reason(caught.value)
    assert text and not any(word in text for word in ("Errno", "codec", "KeyError", str(path)))
