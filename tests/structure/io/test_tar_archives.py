"""Archives of structures: what tar writes is read, and what is written here tar reads."""

import io
import os
import random
import tarfile
from pathlib import Path

import numpy as np
import pytest

import protdiff
from protdiff.structure.io import find_files
from protdiff.structure.io.tar_listing import listing_of, stored_bytes, stored_size
from protdiff.structure.io.tar_writer import appender, join_archives, whole_names

EXAMPLE = Path("data/examples/1tpk.pdb")


def content(k):
    return bytes([k % 251]) * (k * 37 % 1500)


CONTENTS = {f"backbone_{k:04d}.pdb": content(k) for k in range(40)}


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "designs.pdb.tar"


@pytest.fixture
def written(archive):
    """The archive with all of the contents, joined."""
    appender(archive)(CONTENTS)
    join_archives(archive, [archive], CONTENTS)
    return archive


def in_tarfile(archive):
    """Contents by name, as the standard library reads them."""
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def tarred(archive, members, **options):
    """An archive of the standard library, of contents or whole members by name."""
    with tarfile.open(archive, "w", **options) as tar:
        for name, given in members.items():
            member = given if isinstance(given, tarfile.TarInfo) else tarfile.TarInfo(name)
            if member is not given:
                member.size = len(given)
            tar.addfile(member, None if member is given else io.BytesIO(given))
    return archive


def test_other_programs_read_what_is_written(written):
    found = in_tarfile(written)
    index = np.load(io.BytesIO(found.pop("index.npy")), allow_pickle=False)
    assert found == CONTENTS
    data = written.read_bytes()
    for name, offset, size, _ in index.tolist():
        assert data[offset : offset + size] == CONTENTS[name.decode()]
    listing = listing_of(written)
    assert listing.indexed and listing.ending == "marked" and listing.names == sorted(CONTENTS)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_other_programs_write_is_read(archive, format):
    long = "a" * 90 + "/" + "b" * 90 + ".pdb"  # of which each format has its own header
    members = {f"./designs/{name}": data for name, data in CONTENTS.items()} | {long: b"ATOM"}
    tarred(archive, members, format=format)
    names = sorted([f"designs/{name}" for name in CONTENTS] + [long])
    assert listing_of(archive).names == names
    assert [path.name for path in find_files([str(archive)], "x")] == [Path(n).name for n in names]
    for path in find_files([str(archive)], "x"):
        assert stored_bytes(path) == (CONTENTS | {Path(long).name: b"ATOM"})[path.name]
        assert stored_size(path) == len(stored_bytes(path))


def test_bytes_depend_on_names_and_contents_alone(archive, written, tmp_path):
    names, whole = list(CONTENTS), written.read_bytes()
    random.Random(3).shuffle(names)
    parts = [tmp_path / f"{k}.tar" for k in range(3)]
    for k, part in enumerate(parts):
        add = appender(part)
        for name in names[k::3]:
            add({name: CONTENTS[name]})
    other = tmp_path / "other.tar"
    join_archives(other, parts, names)
    assert other.read_bytes() == whole
    state = os.stat(other)
    join_archives(other, [other, *parts], names)  # nothing is left to do
    assert os.stat(other) == state


@pytest.mark.parametrize("joined", [False, True])
def test_a_cut_anywhere_loses_what_is_behind_it(archive, joined):
    add = appender(archive)
    for name, data in CONTENTS.items():
        add({name: data})
    if joined:
        join_archives(archive, [archive], CONTENTS)
    data, ends = archive.read_bytes(), {}
    for name, offset, size, _ in listing_of(archive).rows.tolist():
        ends[name.decode()] = -(-(offset + size) // 512) * 512
    for cut in [*range(0, len(data), 3989), len(data) - 1024, len(data) - 512]:
        archive.write_bytes(data[:cut])
        names = whole_names(archive)
        assert set(names) - set(CONTENTS) <= {"index.npy"}
        certain = {name for name, end in ends.items() if end <= cut}
        assert certain <= set(names)
        appender(archive)({name: CONTENTS[name] for name in CONTENTS if name not in names})
        join_archives(archive, [archive], CONTENTS)
        found = in_tarfile(archive)
        assert {name: found[name] for name in CONTENTS} == CONTENTS and len(found) == 41


def test_members_are_added_behind_the_index(written):
    more = {"backbone_9000.pdb": b"ATOM", "a.pdb": b"x"}
    appender(written)(more)
    listing = listing_of(written)
    assert (listing.ending, listing.indexed) == ("open", False)
    assert listing.names == sorted(CONTENTS | more)
    join_archives(written, [written], listing.names)
    found = in_tarfile(written)
    del found["index.npy"]
    assert found == CONTENTS | more


def test_a_structure_is_read_by_its_name(archive):
    backbone = protdiff.read(EXAMPLE)
    appender(archive)({"1tpk.pdb": EXAMPLE.read_bytes()})
    read = protdiff.read(f"{archive}::1tpk.pdb")
    assert np.array_equal(read.coords, backbone.coords, equal_nan=True)
    [path] = find_files([f"{archive}::1t*.pdb"], "x")
    assert (path.name, str(path)) == ("1tpk.pdb", f"{archive}::/1tpk.pdb")
    assert protdiff.read(path).chains == backbone.chains
    with pytest.raises(ValueError, match=r"tar::2abc\.pdb: no member .*; there is 1tpk\.pdb"):
        protdiff.read(f"{archive}::2abc.pdb")
    with pytest.raises(ValueError, match=r"an archive; name a structure in it, as in .*::NAME"):
        protdiff.read(archive)
    with pytest.raises(ValueError, match="is in an archive, which stays as it is"):
        protdiff.write(backbone, f"{archive}::3abc.pdb")
    with pytest.raises(ValueError, match=r"::z\*: no structure in the archive matches"):
        find_files([f"{archive}::z*"], "x")


def test_a_folder_has_archives_of_structures_and_no_others(written, tmp_path):
    (tmp_path / "raw.tar").write_text("of something else")
    (tmp_path / ".x.pdb.tar").write_text("of another program")
    (tmp_path / "one.pdb").write_text("ATOM")
    names = [path.name for path in find_files([str(tmp_path)], "x")]
    assert names == [*CONTENTS, "one.pdb"]
    assert find_files([str(tmp_path / "*.pdb.tar")], "x") == find_files([str(written)], "x")


def test_trajectories_and_hidden_files_of_an_archive_are_left_out(archive):
    names = ["d/manifest.csv", "d/a.pdb", "d/trajectories/a.pdb", "x/trajectories/b.pdb", "._a.pdb"]
    tarred(archive, dict.fromkeys([*names, "notes.txt"], b"x"))
    assert [path.as_posix().split("::/")[1] for path in find_files([str(archive)], "x")] == [
        "d/a.pdb", "x/trajectories/b.pdb",
    ]  # fmt: skip


def test_names_that_lead_elsewhere_are_left_out_with_a_warning(archive, tmp_path):
    link = tarfile.TarInfo("link.pdb")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hostile = {"../up.pdb": b"x", "/etc/root.pdb": b"x", "a\n\x1b[31m.pdb": b"x", "link.pdb": link}
    tarred(archive, hostile | {"n" * 300 + ".pdb": b"x", "good.pdb": b"x"})
    with pytest.warns(protdiff.ProtdiffWarning, match="5 members left out") as caught:
        files = find_files([str(archive)], "x")
    assert [path.name for path in files] == ["good.pdb"]
    assert str(caught[0].message).isprintable()
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.tar", b"ATOM      1  N   MET A   1\n" * 90, "no tar archive, or a damaged one"),
        ("x.tar", b"", "no tar archive, or a damaged one"),
        ("x.tar", b"\x1f\x8b" + b"x" * 2000, "compressed with gzip; unpack it \\(tar xf\\)"),
        ("none.tar", None, "no such file; check the path"),
    ],
)
def test_what_is_no_archive(tmp_path, name, data, message):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"{name}: {message}"):
        find_files([str(tmp_path / name)], "x")


def test_damage_is_found_and_an_end_that_is_missing(written):
    data = written.read_bytes()
    offset = listing_of(written).find("backbone_0007.pdb")[0]
    written.write_bytes(data[:offset] + b"?" + data[offset + 1 :])
    with pytest.raises(ValueError, match=r"::backbone_0007\.pdb: damaged \(its checksum"):
        stored_bytes(find_files([f"{written}::backbone_0007.pdb"], "x")[0])
    appended = written.with_name("open.pdb.tar")
    add = appender(appended)
    add(CONTENTS)
    with pytest.warns(protdiff.ProtdiffWarning, match="has no end; it is still written, or trunc"):
        assert len(find_files([str(appended)], "x")) == 40
    data = bytearray(appended.read_bytes())
    header = listing_of(appended).find("backbone_0020.pdb")[0] - 512
    data[header : header + 100] = b"?" * 100
    appended.write_bytes(data)
    with pytest.raises(ValueError, match="damaged behind 20 structures; get a fresh copy"):
        find_files([str(appended)], "x")
    with pytest.raises(ValueError, match=f"damaged at byte {header}; get a fresh copy"):
        appender(appended)
    assert appended.read_bytes() == data


def test_a_truncated_archive_lists_what_it_had(written):
    data = written.read_bytes()
    end = listing_of(written).find("backbone_0030.pdb")[0]
    written.write_bytes(data[:end])
    with pytest.warns(protdiff.ProtdiffWarning, match="truncated; of its 40 structures those at"):
        files = find_files([str(written)], "x")
    assert stored_bytes(files[29]) == CONTENTS[files[29].name]
    with pytest.raises(ValueError, match="cut off, for the archive is truncated"):
        stored_bytes(files[31])


def test_an_index_that_does_not_fit_is_not_used(written):
    listing, data = listing_of(written), bytearray(written.read_bytes())
    start = data.index(b"backbone_0000.pdb")
    for place in range(start, start + 40):
        changed = data.copy()
        changed[place] ^= 0xFF
        written.write_bytes(changed)
        found = listing_of(written)  # never an error: a row is odd, or the headers are read
        assert len(found.rows) in (40, 41)
    assert listing.indexed


def test_limits_are_of_a_member(archive, monkeypatch):
    monkeypatch.setenv("PROTDIFF_MAX_FILE_MB", "1")
    large = os.urandom(700_000)
    add = appender(archive)
    for k in range(3):
        add({f"{k}.pdb": large})
    add({"large.pdb": bytes(1 << 21)})
    assert [len(stored_bytes(path)) for path in find_files([f"{archive}::?.pdb"], "x")] == [7e5] * 3
    with pytest.raises(ValueError, match=r"::large\.pdb: over 1 MiB"):
        protdiff.read(f"{archive}::large.pdb")


def test_a_header_that_would_fill_the_memory_is_refused(archive):
    head = tarfile.TarInfo("x")
    head.type, head.size = tarfile.XHDTYPE, 1 << 40
    archive.write_bytes(head.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    with pytest.raises(ValueError, match=r"no structure files|damaged"):
        find_files([str(archive)], "x")


@pytest.mark.parametrize(
    "name", ["a\u00a0b.pdb", "a\n.pdb", "../a.pdb", "x" * 256, "a\udce9.pdb", ""]
)
def test_what_could_not_be_read_is_not_written(archive, name):
    """A name that leads elsewhere or cannot be shown is left out of every listing."""
    with pytest.raises(ValueError, match="no name of a structure in an archive"):
        appender(archive)({"a.pdb": b"ATOM", name: b"ATOM"})
    assert not archive.exists()


def test_a_full_disk_leaves_the_archive_as_it_was(archive):
    resource = pytest.importorskip("resource")
    add = appender(archive)
    add(CONTENTS)
    before = archive.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 700, limits[1]))
    try:
        with pytest.raises(OSError) as caught:
            add({"more.pdb": bytes(5000)})
        assert caught.value.filename == str(archive)
        with pytest.raises(OSError):
            join_archives(archive, [archive], CONTENTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert archive.read_bytes() == before and list(archive.parent.iterdir()) == [archive]
    add({"more.pdb": b"ATOM"})
    assert whole_names(archive) == sorted([*CONTENTS, "more.pdb"])
