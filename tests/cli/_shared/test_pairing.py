"""Which files are found, and which reference a model goes with."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protdiff.cli._shared.pairing import Task, pair_by_name, pair_by_table, parse_chains
from protdiff.cli._shared.pairing import stem as name_of
from protdiff.structure.io.paths import SEPARATORS, SUFFIXES, find_files


def make(folder, *names):
    """Empty files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    return [folder / name for name in names]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("7dz2.C.pdb.gz", "7dz2.C"),
        ("a/b/x.cif", "x"),
        ("X.PDB", "X"),
        ("X.ent.GZ", "X"),
        ("x.mmcif", "x"),
        ("x.bcif.gz", "x"),
        ("x.pdb.pdb", "x.pdb"),
        ("x.y", "x.y"),
        ("x.gz", "x"),
    ],
)
def test_stem(name, expected):
    assert name_of(Path(name)) == expected


def test_folders_are_searched_to_the_bottom(tmp_path):
    wanted = make(tmp_path, "a.pdb", "b.cif.gz", "c/d.ENT", "c/e/f.bcif", "g.mmcif")
    make(tmp_path, "h.csv", "i.pdb.tmp", "c/j.mmtf", "pdb", "k.gz")
    (tmp_path / "folder.pdb").mkdir()
    assert find_files([str(tmp_path)], "models") == sorted(wanted)


def test_patterns(tmp_path, monkeypatch):
    make(tmp_path, "a1.pdb", "a2.cif", "b1.pdb", "a3.txt", "sub/a4.pdb", "sub/deep/a5.pdb")
    monkeypatch.chdir(tmp_path)

    def found(*patterns):
        return [str(path) for path in find_files(patterns, "models")]

    assert found("a*") == ["a1.pdb", "a2.cif"]  # no text file, no folder
    assert found("[ab]1.pdb") == ["a1.pdb", "b1.pdb"]
    assert found("a?.pdb", "*/a?.pdb") == ["a1.pdb", "sub/a4.pdb"]
    assert found("**/a*.pdb") == ["a1.pdb", "sub/a4.pdb", "sub/deep/a5.pdb"]
    assert found("sub", "b1.pdb", "*") == [
        "sub/a4.pdb", "sub/deep/a5.pdb", "b1.pdb", "a1.pdb", "a2.cif"
    ]  # fmt: skip


def test_names_are_taken_as_they_are(tmp_path):
    [odd] = make(tmp_path, "x[1].pdb")
    assert find_files([str(odd)], "models") == [odd]
    assert find_files(["nowhere.pdb", "x.txt"], "models") == [Path("nowhere.pdb"), Path("x.txt")]
    assert find_files([str(odd), f"{tmp_path}/./x[1].pdb", str(tmp_path)], "models") == [odd]
    assert find_files([], "models") == []


def test_nothing_found_is_an_error(tmp_path):
    make(tmp_path, "x.txt")
    with pytest.raises(ValueError, match=r"no structure files \(\.pdb, "):
        find_files([str(tmp_path)], "models")
    with pytest.raises(ValueError, match=r"\*\.txt: no structure file matches; check the models"):
        find_files([f"{tmp_path}/*.txt"], "models")


def paths(*names):
    return [Path(name) for name in names]


@pytest.mark.parametrize(
    ("model", "reference"),
    [
        ("m/7dz2.C.pdb", "r/7dz2.C.cif.gz"),  # the same name
        ("m/7dz2.C.0.pdb", "r/7dz2.C.cif.gz"),  # the longest beginning
        ("m/7dz2.D.0.pdb", "r/7dz2.pdb"),
        ("m/7dz2-3.pdb", "r/7dz2.pdb"),
        ("m/7dz2_rank_1.cif", "r/7dz2.pdb"),
        ("m/7dz2.C_x.pdb.gz", "r/7dz2.C.cif.gz"),
        ("7dz2.C/0.pdb", "r/7dz2.C.cif.gz"),  # the folder
        ("7dz2.C/T1.pdb", "r/T1.pdb"),  # the name before the folder
        ("7dz2.C/T1_4.pdb", "r/T1.pdb"),
        ("m/7dz23.pdb", None),  # no separator
        ("m/x7dz2.pdb", None),
        ("m/7DZ2.pdb", None),
        ("7dz2.C.0/x.pdb", None),  # a folder counts with its whole name
        ("m/x.7dz2.pdb", None),
    ],
)
def test_pairing_by_name(model, reference):
    references = paths("r/7dz2.C.cif.gz", "r/7dz2.pdb", "r/T1.pdb")
    [task], unused = pair_by_name(paths(model), references)
    assert task.model == Path(model)
    if reference is None:
        assert (
            task.reference is None and task.error == f"no reference for the name {Path(model).stem}"
        )
    else:
        assert task == Task(Path(model), Path(reference))
    assert unused == [path for path in references if path != task.reference]


def test_one_reference_serves_all():
    models = paths("a.pdb", "b/c.cif", "d")
    tasks, unused = pair_by_name(models, paths("r/other.pdb"))
    assert tasks == [Task(model, Path("r/other.pdb")) for model in models] and unused == []


def test_several_references_of_one_name():
    references = paths("r/a.pdb", "q/a.cif", "r/b.pdb")
    tasks, unused = pair_by_name(paths("a_1.pdb", "b.pdb", "a.pdb"), references)
    error = "several references are called a: r/a.pdb, q/a.cif"
    assert tasks == [
        Task(Path("a_1.pdb"), None, error),
        Task(Path("b.pdb"), Path("r/b.pdb")),
        Task(Path("a.pdb"), None, error),
    ]
    assert unused == []  # a model names them


NAMES = st.text("ab" + SEPARATORS, min_size=1, max_size=5).filter(lambda s: set(s) != {"."})
FILES = st.tuples(st.sampled_from(["", "a", "a.b", "q"]), NAMES, st.sampled_from(SUFFIXES))


def expected_reference(model, references):
    """Names of the references that fit a model, by the rule in plain words."""
    stems = [name_of(path) for path in references]
    name = name_of(model)
    fits = [
        other
        for other in stems
        if other == name or any(name.startswith(other + mark) for mark in SEPARATORS)
    ]
    best = max(fits, key=len) if fits else model.parent.name
    return [path for path, other in zip(references, stems, strict=True) if other == best]


@given(st.lists(FILES, max_size=8), st.lists(FILES, min_size=2, max_size=6))
@settings(deadline=None)
def test_every_model_gets_exactly_one_task(models, references):
    models, references = (
        list(dict.fromkeys(Path(folder, name + suffix) for folder, name, suffix in files))
        for files in (models, references)
    )
    tasks, unused = pair_by_name(models, references)
    assert [task.model for task in tasks] == models
    for task in tasks:
        assert (task.reference is None) == bool(task.error)
        if len(references) == 1:
            assert task.reference == references[0]
            continue
        fits = expected_reference(task.model, references)
        if len(fits) == 1:
            assert task.reference == fits[0]
        else:
            assert task.reference is None
            assert task.error.startswith("several" if fits else "no reference")
    named = {task.reference for task in tasks}
    assert not named & set(unused) and set(unused) <= set(references)


def write_table(path, rows, header=("model", "reference")):
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def test_pairs_of_a_table(tmp_path):
    models = make(tmp_path, "m/a.pdb", "m/b.cif", "m/unnamed.pdb")
    references = make(tmp_path, "r/x.pdb", "r/a.pdb")
    make(tmp_path, "t/beside.pdb", "t/sub/y.pdb")
    table = write_table(
        tmp_path / "t" / "pairs.csv",
        [
            ("a.pdb", "a.pdb"),  # among the models, and among the references
            ("b.cif", "x.pdb"),
            ("a.pdb", "beside.pdb"),  # a model may come twice
            ("sub/y.pdb", str(references[0])),
            ("nowhere.pdb", "x.pdb"),
        ],
    )
    assert pair_by_table(table, models, references) == [
        Task(models[0], references[1]),
        Task(models[1], references[0]),
        Task(models[0], table.parent / "beside.pdb"),
        Task(table.parent / "sub" / "y.pdb", references[0]),
        Task(Path("nowhere.pdb"), references[0]),
    ]


def test_one_name_in_several_folders(tmp_path):
    models = make(tmp_path, "x/m.pdb", "y/m.pdb", "y/n.pdb")
    references = make(tmp_path, "r/m.pdb")
    table = tmp_path / "p.csv"
    write_table(table, [("m.pdb", "m.pdb"), ("x/m.pdb", "m.pdb"), ("n.pdb", "r/m.pdb")])
    first, *others = pair_by_table(table, models, references)
    assert first == Task(
        Path("m.pdb"), None,
        f"{table}, line 2: several files are called m.pdb ({models[0]}, {models[1]}); write the "
        "path",
    )  # fmt: skip
    assert others == [Task(models[0], references[0]), Task(models[2], references[0])]


def test_other_columns_and_a_byte_order_mark(tmp_path):
    table = tmp_path / "p.csv"
    table.write_bytes(b"\xef\xbb\xbfid,reference,model\r\n1,r.pdb,m.pdb\r\n\r\n2,r.pdb,n.pdb\r\n")
    assert pair_by_table(table, [], []) == [
        Task(Path("m.pdb"), Path("r.pdb")),
        Task(Path("n.pdb"), Path("r.pdb")),
    ]


def test_rows_that_lack_a_name(tmp_path):
    table = write_table(tmp_path / "p.csv", [("m.pdb", ""), ("", "r.pdb"), ("m.pdb",), ("a", "b")])
    tasks = pair_by_table(table, [], [])
    assert [task.model for task in tasks] == paths("m.pdb", "-", "m.pdb", "a")
    for line, task in enumerate(tasks[:3], start=2):
        assert task.reference is None
        assert task.error == f"{table}, line {line}: model or reference is empty"
    assert tasks[3] == Task(Path("a"), Path("b"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "needs a header"),
        (b"model,reference\n", "needs a header"),
        (b"model,target\na,b\n", "needs a header"),
        (b"a.pdb,b.pdb\nc.pdb,d.pdb\n", "needs a header"),
        (b"\xff\xfe\x00", r"cannot be read as CSV \(not UTF-8 text\)"),
    ],
)
def test_bad_tables(tmp_path, content, message):
    (tmp_path / "p.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        pair_by_table(tmp_path / "p.csv", [], [])


def test_table_that_is_not_there(tmp_path):
    for path in (tmp_path / "nowhere.csv", tmp_path):
        with pytest.raises(ValueError, match="cannot be read as CSV"):
            pair_by_table(path, [], [])


def test_parse_chains():
    assert parse_chains("A:B") == [("A", "B")]
    assert parse_chains("A:B,C:D,:E") == [("A", "B"), ("C", "D"), ("", "E")]
    for text in ("A", "", "A:B,C", "A:B:C", "A:B,"):
        with pytest.raises(ValueError, match="write MODEL:REFERENCE"):
            parse_chains(text)
    for text, what in (("A:A,A:B", "model"), ("C:A,B:A", "reference")):
        with pytest.raises(ValueError, match=f"chain 'A' of the {what} is paired twice"):
            parse_chains(text)
