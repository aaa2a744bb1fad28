"""Ends of archives: what a kill or a cut leaves there is put in order."""

import os

import pytest

from protdiff.structure.io.tar_listing import listing_of
from protdiff.structure.io.tar_writer import appender, join_archives, whole_names


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "designs.pdb.tar"


def test_what_is_left_of_a_large_member_goes_before_a_small_one(archive):
    """Else a kill before the archive is put in order would leave a damaged one."""
    appender(archive)({"a.pdb": b"x", "large.pdb": os.urandom(5000)})
    archive.write_bytes(archive.read_bytes()[:-600])
    appender(archive)({"b.pdb": b"y"})
    listing = listing_of(archive)
    assert (listing.names, listing.ending) == (["a.pdb", "b.pdb"], "open")


def test_an_archive_that_has_lost_its_end_alone_gets_one(archive):
    """A cut behind the content of the last member, which has a block that is not full."""
    appender(archive)({f"{k}.pdb": b"ATOM\n" * 100 * (k + 1) for k in range(9)})
    names = whole_names(archive)
    join_archives(archive, [archive], names)
    data, listing = archive.read_bytes(), listing_of(archive)
    stop = int((listing.rows["offset"] + listing.rows["size"]).max())
    assert len(data) == listing.end + 1024 and stop < listing.end
    for cut in (stop, listing.end, listing.end + 100):
        archive.write_bytes(data[:cut])
        join_archives(archive, [archive], whole_names(archive))
        assert archive.read_bytes() == data
