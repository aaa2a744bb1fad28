"""The version names the commit in a checkout, and the release where it is installed."""

import re
import subprocess
from importlib import metadata

import pytest

import protdiff
from protdiff._system.resources import PACKAGE
from protdiff._system.version import checkout_version, installed_version


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one commit; call it with the words of a git command."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")

    def git(*arguments):
        names = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        subprocess.run(["git", "-C", tmp_path, *names, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "protdiff").mkdir()
    (tmp_path / "protdiff" / "code.py").write_text("one = 1\n")
    git("add", ".")
    git("commit", "--message", "first")
    return git


def test_before_the_first_release(repository, tmp_path):
    assert re.fullmatch(r"0\.1\.dev1\+g[0-9a-f]{9}", checkout_version(tmp_path))


@pytest.mark.parametrize(
    ("tag", "after"), [("v0.1.0", "0.1.1"), ("v1.9", "1.10"), ("v2.0.0rc1", "2.0.0rc2")]
)
def test_releases_and_commits_after_them(repository, tmp_path, tag, after):
    repository("tag", tag)
    repository("tag", "results-3")  # no version
    assert checkout_version(tmp_path) == tag[1:]
    for _ in range(2):
        repository("commit", "--allow-empty", "--message", "more")
    assert re.fullmatch(rf"{re.escape(after)}\.dev2\+g[0-9a-f]{{9}}", checkout_version(tmp_path))


def test_changes_that_no_commit_has(repository, tmp_path):
    repository("tag", "v0.1.0")
    code = tmp_path / "protdiff" / "code.py"
    versions = []
    for text in ("one = 2\n", "one = 3\n", "one = 2\n", "one = 1\n"):
        code.write_text(text)
        versions.append(checkout_version(tmp_path))
    assert re.fullmatch(r"0\.1\.1\.dev0\+g[0-9a-f]{9}\.changes\.[0-9a-f]{8}", versions[0])
    assert versions[0] == versions[2] != versions[1] and versions[3] == "0.1.0"


def test_git_that_cannot_tell(repository, tmp_path, monkeypatch):
    assert checkout_version(tmp_path / "protdiff") is None  # inside another project's repository
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout_version(tmp_path) is None  # no git on this machine


def test_a_hook_of_another_repository_does_not_matter(repository, tmp_path, monkeypatch):
    before = checkout_version(tmp_path)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert checkout_version(tmp_path) == before


def test_the_installed_version(monkeypatch):
    assert protdiff.__version__ == (checkout_version(PACKAGE.parent) or installed_version())
    with monkeypatch.context() as patch:
        patch.setattr(metadata, "version", {"protdiff": "3.2.1"}.get)
        assert installed_version() == "3.2.1"

    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert installed_version() == "0+unknown"
