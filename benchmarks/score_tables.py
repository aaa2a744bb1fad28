"""Tables of everything else: cost, scores, likelihoods, fine-tuning, flows, motifs."""

from __future__ import annotations

from collections.abc import Callable

from table_cells import TABLES, cell, markdown, numbers, table


@table
def cost() -> str:
    result = numbers("cost")
    cold = result["cold_start"]
    rows = [["start, and 4 samples of 100 residues", cell("{seconds:.0f} s", cold),
             cell("{memory_gb:.1f} GB", cold)]]  # fmt: skip
    for length, values in result["lengths"].items():
        digits = 2 if int(length) < 200 else 1
        rows.append([f"a sample of {int(length):,} residues",
                     cell(f"{{cpu_seconds:.{digits}f}} s", values),
                     cell("{memory_gb:.1f} GB", values)])  # fmt: skip
    rows.append([f"a sample of 100 residues, {result['processes']} processes at once",
                 cell("{seconds_of_100_at_once:.2f} s", result), ""])  # fmt: skip
    return markdown(["", "one core of a CPU", "memory"], rows)


@table
def jobs() -> str:
    result = numbers("jobs")
    rows = [[f"{run['samples']} samples of {result['residues']} residues, with the start",
             cell("{one:.0f} s", run["seconds"]), cell("{several:.0f} s", run["seconds"]),
             cell("{median:.2f}", run["ratio"]),
             cell("{ratio_of_commands:.2f}", run)] for run in result["runs"]]  # fmt: skip
    count = result["jobs"]
    titles = ["one process", f"{count} processes", "ratio", f"ratio, {count} commands at once"]
    return markdown(["", *titles], rows)


@table
def archive_space() -> str:
    result = numbers("archive")
    sizes, drawn = result["sizes"], result["generate"]
    memory = {str(row["structures"]): row["memory_mb"] for row in result["scoring"]}
    rows = [
        [f"{result['designs']:,} designs of {result['residues']} residues, .bcif.tar",
         cell("{archive_mb:.0f} MB", sizes)],
        ["the same, .bcif.gz.tar", cell("{compressed_mb:.0f} MB", sizes)],
        ["the same as files, on a disk with blocks of 4 kB", cell("{files_mb:.0f} MB", sizes)],
        ["memory of `generate --archive`", cell("{memory_mb:.0f} MB", drawn)],
        *([f"memory of `score`, {int(count):,} of them", f"{value:.0f} MB"]
          for count, value in memory.items()),
    ]  # fmt: skip
    return markdown(["", ""], rows)


@table
def archive_reading() -> str:
    result = numbers("archive")
    rows = []
    pairs = zip(result["reading"], result["without_index"], strict=True)
    for number, (row, plain) in enumerate(pairs):
        what = "structures" if number else "designs"
        if number and row["structures"] == result["designs"]:
            continue  # the same number of them, under other names
        rows.append(
            [f"{row['structures']:,} {what}", f"{1e3 * row['open_seconds']:.1f} ms",
             f"{1e3 * plain['open_seconds']:.0f} ms", f"{row['list_seconds']:.1f} s",
             f"{1e3 * row['read_seconds']:.0f} ms"]
        )  # fmt: skip
    columns = ["archive of", "to open", "without its index", "to list all", "to read one"]
    return markdown(columns, rows)


@table
def report_page() -> str:
    result = numbers("report_page")
    rows = [[f"{row['count']:,} designs of {result['length']} residues",
             *(cell(template, row) for template in ("{megabytes:.1f} MB", "{rows:.1f} s",
                                                    "{picture:.1f} s", "{turns:.1f} s"))]
            for row in result["pages"]]  # fmt: skip
    columns = ["", "file", "rows can be read after", "the first structure is seen after",
               "it can be turned after"]  # fmt: skip
    return markdown(columns, rows)


# Scores


@table
def published_scores() -> str:
    labels = {"rmsd": "RMSD", "tm": "TM-score", "gdt_ts": "GDT-TS", "gdt_ha": "GDT-HA",
              "lddt": "lDDT"}  # fmt: skip
    rows = []
    for key, values in numbers("published_scores")["metrics"].items():
        unit, digits = (" Å", 4) if key == "rmsd" else ("", 5)
        rows.append([labels[key], f"{values['median']:.{digits}f}{unit}",
                     f"{values['limit']}{unit}", f"{values['ours']:.1f} %",
                     f"{values['published']:.0f} %"])  # fmt: skip
    return markdown(
        ["", "median difference", "rows within", "with our alignment",
         "with the published alignment"], rows,
    )  # fmt: skip


@table
def score_speed() -> str:
    result = numbers("score_speed")
    speed, others = result["pairs_per_second"], result["rate_of_others"]
    rows = [
        ["protdiff, without quality columns", cell("{similarity:.0f} pairs/s", speed)],
        ["protdiff, all columns", cell("{all:.0f} pairs/s", speed)],
        ["biotite (RMSD, one TM-score, lDDT)", cell("{biotite:.1f} times the first", others)],
        ["TM-align", cell("{tm_align:.1f} times the first", others)],
    ]
    return markdown(["", f"chains of {result['residues']} residues, one core"], rows)


@table
def all_atoms() -> str:
    result = numbers("all_atoms")
    speed = result["pairs_per_second"]
    labels = {"all": "side chains in both files", "backbone": "the same with `--atoms backbone`",
              "ca_all": "models of CA only", "ca_backbone": "the same with `--atoms backbone`",
              "biotite_lddt": "biotite: lDDT of all atoms alone"}  # fmt: skip
    rows = [[words, f"{speed[name]:.0f} pairs/s"] for name, words in labels.items()]
    return markdown(["", f"chains of {result['residues']:.0f} residues, one core"], rows)


@table
def structural() -> str:
    found = numbers("structural")
    share = cell("{within:.1f} %", found)
    cost = cell("{milliseconds.protdiff:.0f}, {milliseconds.tm_align:.0f} ms", found)
    row = [f"{found['pairs']}", share, f"{found['lower']}", f"{found['higher']}", cost]
    counts = [f"TM-score within {found['limit']}", "ours lower", "ours higher"]
    return markdown(["pairs of equal folds", *counts, "time each: protdiff, TM-align"], [row])


@table
def complexes() -> str:
    result, labels = numbers("complexes"), {
        "pose": "one partner moved", "swapped": "chains renamed, in another order",
        "gaps": "residues missing", "pose, swapped, gaps": "all three",
        "chain missing": "a chain missing", "two copies": "two copies, each partner moved",
    }  # fmt: skip
    rows = [[labels[kind], str(row["complexes"]), str(row["interfaces"]),
             f"{100 * row['within'] / row['interfaces']:.0f} %", f"{row['largest']:.1g}"]
            for kind, row in result["kinds"].items()]  # fmt: skip
    head = ["models", "complexes", "interfaces", f"within {result['limit']}", "largest difference"]
    return markdown(head, rows)


# Likelihood, audit, thermodynamics


OPENSTRUCTURE = {
    "complexes": "models of antibodies on their antigens", "ring of 6": "a ring of 6 chains",
    "ring of 24": "a ring of 24 chains", "A2B2 without a chain": "A2B2, one chain missing",
}  # fmt: skip


@table
def openstructure() -> str:
    result, rows = numbers("openstructure"), []
    for kind, label in OPENSTRUCTURE.items():
        row = result[kind]
        rows.append([
            label, str(row["pairs"]), f"{row['mapping']}, {row['tm_mapping']}",
            *(cell("{within} ({largest:.4f})", row[name])
              for name in ("qs_best", "qs_global", "tm_complex")),
            cell("{protdiff:.2g} s, {openstructure:.2g} s", row["seconds"]),
        ])  # fmt: skip
    head = ["models", "pairs", "equal mappings: interfaces, TM", "QS-score, best",
            "QS-score, global", "TM-score", "seconds each: protdiff, OpenStructure"]  # fmt: skip
    return markdown(head, rows)


@table
def openstructure_singles() -> str:
    row = numbers("openstructure")["single"]
    names = {"rmsd": "RMSD", "tm": "TM-score", "gdt_ts": "GDT-TS", "gdt_ha": "GDT-HA"}
    rows = [[label, f"{row[key]['median']:.5f}", f"{row[key]['largest']:.4f}"]
            for key, label in names.items()]  # fmt: skip
    rate = row["seconds"]["openstructure"] / row["seconds"]["protdiff"]
    rows.append([f"pairs a second, {row['pairs']} pairs", f"{rate:.1f} times OpenStructure", ""])
    return markdown(["", "median difference", "largest"], rows)


@table
def likelihood() -> str:
    paired = numbers("likelihood_ranking")["paired"]
    labels = {"mirror image": "its mirror image", "jitter of 0.5 Å": "itself with jitter of 0.5 Å",
              "fine modes redrawn, CA": "the same fold with redrawn detail (CA)",
              "another chain, sequence": "another chain of its length, sequence given"}  # fmt: skip
    rows = [[labels[key], f"{100 * share:.0f} %"] for key, share in paired.items()]
    return markdown(["the native chain is more probable than", "of pairs"], rows)


@table
def likelihood_accuracy() -> str:
    rows = []
    for kind, values in numbers("likelihood_accuracy")["lddt"].items():
        whole = f"{values['whole']:.2f}" if "whole" in values else ""
        rows.append([kind, whole, f"{values['mean']:.2f}", f"{values['median']:.2f}"])
    return markdown(
        ["correlation with lDDT", "all models", "models of one target, mean", "median"], rows
    )


@table
def audit() -> str:
    rows = []
    for kind, values in numbers("audit")["sets"].items():
        p = f"{values['p']:.1g}" if "p" in values else ""
        rows.append([kind, f"{values['ratio']:.2f}", p])
    return markdown(["set of 200", "ratio of distances", "p"], rows)


# Requests: tables that the scripts write as Markdown


def _as_written(name: str, index: int, without: tuple[str, ...] = ()) -> Callable[[], str]:
    def make() -> str:
        result = numbers(name)["tables"][index]
        columns = result["columns"]
        kept = [k for k, title in enumerate(columns) if title not in without]
        return markdown(
            [columns[k] for k in kept], [[row[k] for k in kept] for row in result["rows"]]
        )

    return make


_PARTS = ("free", "variations", "restraints", "symmetry", "extensions", "long")
for _index, _part in enumerate(_PARTS):
    TABLES[f"conditions-{_part}"] = _as_written("conditions", _index)
TABLES["loops"] = _as_written("loops", 0)
TABLES["motifs"] = _as_written("motifs", 0)
TABLES["motif-problems"] = _as_written(
    "motifs", 1, without=("samples", "bonds at junctions within 0.15 Å", "no clash")
)
