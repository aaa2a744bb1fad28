"""The tables of the documentation: which numbers of which result file each shows, and how.

`TABLES` maps the name of a table to a function that returns its Markdown. A cell is a format
string over the numbers of a result, for instance ``{rms_n_ca:.3f} Å``.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from results import load


class Spread:
    """A number with its spread, or a range, that formats as one: ``3.7 ± 0.3``, ``0.2–0.3``."""

    def __init__(self, values: dict[str, float]) -> None:
        self.values = values

    def __format__(self, spec: str) -> str:
        if "mean" in self.values:
            return f"{self.values['mean']:{spec}} ± {self.values['sd']:{spec}}"
        low, high = (f"{self.values[key]:{spec}}" for key in ("low", "high"))
        return low if low == high else f"{low}–{high}"


class Cells(string.Formatter):
    """Format strings that reach into nested numbers: ``{cold_start.seconds:.0f}``."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Any) -> tuple[Any, str]:
        value: Any = kwargs
        for key in field_name.split("."):
            value = value[key]
        if isinstance(value, dict):
            value = Spread(value)
        return value, field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        text = super().format_field(value, format_spec)
        zero = not text.strip("-0.")
        return text.lstrip("-") if zero else text.replace("-", "−")


def cell(template: str, numbers: dict[str, Any]) -> str:
    """A template filled with numbers that may have dots in their keys."""
    safe = {key.replace(".", "_"): value for key, value in numbers.items()}
    return Cells().vformat(template, (), safe)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def numbers(name: str) -> dict[str, Any]:
    return load(name)["numbers"]


TABLES: dict[str, Callable[[], str]] = {}


def table(make: Callable[[], str]) -> Callable[[], str]:
    """Register a table under the name of its function."""
    TABLES[make.__name__.replace("_", "-")] = make
    return make


# Quality of samples: label, template, goal

QUALITY = [
    ("CA–CA trans bonds within 0.1 Å of 3.80", "{step_ok_trans:.1f} %", "≥ 98 %"),
    ("CA pairs under 3.0 Å, per 100 residues", "{clash_3_0:.2f}", "≤ 0.05"),
    ("CA pairs under 3.6 Å, per 100 residues", "{clash_3_6:.2f}", ""),
    ("CA angles outside 75–160°", "{ca_angle_out:.2f} %", "≤ 0.3 %"),
    ("helices right-handed", "{right_handed:.0f} %", "≥ 99.5 %"),
    ("N–CA, CA–C, C–N bonds, rms off ideal",
     "{rms_n_ca:.3f}, {rms_ca_c:.3f}, {rms_c_n:.3f} Å", "≤ 0.03 Å"),
    ("N–CA–C angle, rms off 110.9°", "{rms_n_ca_c:.1f}°", ""),
    ("Ramachandran outliers, all residues named ALA", "{rama_outlier:.1f} %", "≤ 1 %"),
    ("residues outside the regions of all residues", "{rama_nowhere:.2f} %", ""),
    ("helix by P-SEA", "{psea_helix:.0f} %", "27–37 %"),
    ("strand by P-SEA", "{psea_strand:.0f} %", "12–22 %"),
    ("coil by P-SEA", "{psea_coil:.0f} %", "46–56 %"),
    ("helix by DSSP", "{dssp_helix:.0f} %", ""),
    ("strand by DSSP", "{dssp_strand:.0f} %", ""),
    ("Rg / (2.2 N^0.38), median", "{rg_median:.2f}", "0.95–1.15"),
]  # fmt: skip

#: Rows of the table of the README.
SHORT = (0, 1, 2, 4, 5, 7, 12, 13, 14)


def _quality(rows: Iterable[int], goals: bool) -> str:
    samples, real = numbers("model_quality"), numbers("model_real")
    real = {key: float(value) for key, value in real.items()}
    lines = []
    for index in rows:
        label, template, goal = QUALITY[index]
        cells = [label, cell(template, samples), cell(template, real)]
        lines.append(cells + [goal] * goals)
    frechet = ["Fréchet distance to real chains", cell("{frechet:.1f}", samples),
               cell("{frechet:.1f}", real)]  # fmt: skip
    lines.append(frechet + ["≤ 2 × real"] * goals)
    if goals:
        for band, value in samples["modes"].items():
            label = f"ln of mode variance over real, periods {band} residues".replace("<", "under ")
            label = label.replace(">", "over ")
            lines.append([label, cell("{v:.2f}", {"v": value}), "0", "within 0.1"])
    return markdown(["", "samples", "real chains"] + ["goal"] * goals, lines)


@table
def quality() -> str:
    return _quality(SHORT, False)


@table
def quality_all() -> str:
    return _quality(range(len(QUALITY)), True)


@table
def quality_64() -> str:
    samples, real = numbers("sample_quality"), numbers("real_quality")
    real = {key: float(value) for key, value in real.items()}
    rows = [[label, cell(text, samples), cell(text, real)] for label, text, _ in QUALITY]
    return markdown(["", "64 samples", f"{real['files']:.0f} real chains"], rows)


LONG = [
    ("CA–CA trans bonds within 0.1 Å of 3.80", "{step_ok_trans:.1f} %"),
    ("CA pairs under 3.0 Å, per 100 residues", "{clash_3_0:.2f}"),
    ("Ramachandran outliers, all residues named ALA", "{rama_outlier:.1f} %"),
    ("helix, strand, coil by P-SEA", "{psea_helix:.0f}, {psea_strand:.0f}, {psea_coil:.0f} %"),
    ("strand by DSSP", "{dssp_strand:.0f} %"),
    ("Rg / (2.2 N^0.38), median", "{rg_median:.2f}"),
    ("Fréchet distance (as many real chains)", "{frechet:.1f} ({frechet_floor:.1f})"),
]


@table
def quality_long() -> str:
    long = numbers("model_long")
    rows = [[label, cell(template, long)] for label, template in LONG]
    return markdown(["", "samples of 200–300 residues"], rows)


CALLS = {
    "CA bonds": "{step_ok_trans:.1f} %", "clashes < 3.0 Å": "{clash_3_0:.2f}",
    "N–CA–C": "{rms_n_ca_c:.1f}°", "outliers": "{rama_outlier:.1f} %",
    "helix, strand (P-SEA)": "{psea_helix:.0f}, {psea_strand:.0f} %",
    "strand (DSSP)": "{dssp_strand:.0f} %", "Rg ratio": "{rg_median:.2f}",
}  # fmt: skip


@table
def calls() -> str:
    rows = []
    for name, sampler in (("model_calls", "`matched`"), ("model_even", "`sde_2m`, equal times")):
        for count, values in numbers(name).items():
            cells = [cell(text, values) for text in CALLS.values()]
            frechet = f"{values['frechet']:.{1 if values['frechet'] < 10 else 0}f}"
            rows.append([sampler, count, *cells, frechet])
    return markdown(["sampler", "calls", *CALLS, "Fréchet"], rows)


@table
def variety() -> str:
    rows = [
        ["clusters at TM 0.5, of {samples} samples of {residues} residues", "{clusters}"],
        ["TM-score of two samples, mean", "{mean_tm:.2f}"],
        ["largest TM-score to a training chain: median, largest",
         "{nearest_train_median:.2f}, {nearest_train_largest:.2f}"],
        ["the same of held-out real chains", "{held_out_median:.2f}, {held_out_largest:.2f}"],
    ]  # fmt: skip
    result = numbers("model_variety")
    return markdown(["", "measured"], [[cell(text, result) for text in row] for row in rows])


@table
def structure() -> str:
    result, rows = numbers("model_structure"), []
    for method in ("DSSP", "P-SEA"):
        shares = result[f"requested by {method}"]
        rows.append([f"{method} of real chains",
                     *(f"{100 * shares[key]:.1f} %" for key in ("dssp", "psea"))])  # fmt: skip
    return markdown(["string given", "met, by DSSP", "met, by P-SEA"], rows)


@table
def sequence() -> str:
    rows = []
    for label, values in numbers("model_sequence").items():
        for source in ("from the sequence", "from the length", "EigenFold"):
            scores = [f"{values[metric][source]:.2f}" for metric in ("tm", "lddt")]
            targets = label.replace("256", "256 residues")
            rows.append([f"{targets} ({values['targets']})",
                         source, *scores])  # fmt: skip
    return markdown(["targets", "samples", "TM-score", "lDDT"], rows)


# Cost


@table
def cost() -> str:
    result = numbers("cost")
    cold, two = result["cold_start"], result["batches_of_8_of_100"]
    rows = [["start, and 4 samples of 100 residues", cell("{seconds:.0f} s", cold),
             cell("{memory_gb:.1f} GB", cold)]]  # fmt: skip
    for length, values in result["lengths"].items():
        digits = 2 if int(length) < 200 else 1
        rows.append([f"a sample of {int(length):,} residues",
                     cell(f"{{cpu_seconds:.{digits}f}} s", values),
                     cell("{memory_gb:.1f} GB", values)])  # fmt: skip
    rows.append(["a sample of 100 residues, two processes at once",
                 cell("{seconds_per_sample:.2f} s", two), ""])  # fmt: skip
    return markdown(["", "one core of a CPU", "memory"], rows)


@table
def cost_gpu() -> str:
    rows = [[length, str(row["batch"]), f"{row['wall_seconds']:.2g} s"]
            for length, row in numbers("cost_gpu")["lengths"].items()]  # fmt: skip
    return markdown(["residues", "batch", "per sample"], rows)


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


# Likelihood, audit, thermodynamics


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


# Fine-tuning


@table
def finetune() -> str:
    columns = [numbers(f"finetune_{kind}") for kind in ("helix", "strand")]

    def row(label: str, text: Callable[[dict[str, Any]], str]) -> list[str]:
        return [label, *(text(column) for column in columns)]

    def share(when: str) -> Callable[[dict[str, Any]], str]:
        return lambda result: "{:.0f}, {:.0f} %".format(*result["dssp"][when])

    def loss(group: str) -> Callable[[dict[str, Any]], str]:
        return lambda result: f"{result['loss_change'][group]:+.1f} %".replace("-", "−")

    rows = [
        row("helix, strand of samples before, by DSSP", share("before")),
        row("after", share("after")),
        row("of the 50 chains", share("chains")),
        row("Fréchet distance of samples to the 50 chains",
            lambda result: "{before:.0f} → {after:.0f}".format(**result["frechet"])),
        row("loss on the five chains held out of the 50", loss("held_out")),
        row("loss on other chains of the class", loss("class")),
        row("loss on all other chains", loss("rest")),
    ]  # fmt: skip
    return markdown(["", "helical chains", "chains mostly of strands"], rows)


# Relatives of the flow

FLOW_LABELS = {
    "rg": "RG, prior of real chains, decimated", "rg-full": "the same, all residues",
    "rg-harmonic": "RG, heat kernel, harmonic prior, decimated (shipped)",
    "rg-harmonic-full": "the same, all residues", "vp": "VP, prior of real chains",
    "ddpm": "DDPM, white noise", "harmonic": "harmonic (EigenFold), all residues",
}  # fmt: skip


@table
def flows() -> str:
    result, rows = numbers("flows"), []
    for name, label in FLOW_LABELS.items():
        for count in ("20", "80"):
            values = result["flows"][name][count]
            rows.append([label if count == "20" else "", count,
                         f"{values['seconds']['mean']:.2f}", cell("{bonds:.0f}", values),
                         cell("{clashes:.2f}", values), cell("{frechet:.0f}", values)])  # fmt: skip
    return markdown(
        ["flow", "calls", "s/sample", "CA bonds within 0.1 Å, %", "clashes < 3.0 Å",
         f"Fréchet (real: {result['floor']:.0f})"], rows,
    )  # fmt: skip


# Requests: tables that the scripts write as Markdown


def _as_written(name: str, index: int) -> Callable[[], str]:
    def make() -> str:
        result = numbers(name)["tables"][index]
        return markdown(result["columns"], result["rows"])

    return make


for _index, _part in enumerate(("free", "variations", "restraints", "symmetry", "extensions")):
    TABLES[f"conditions-{_part}"] = _as_written("conditions", _index)
TABLES["loops"] = _as_written("loops", 0)
TABLES["motifs"] = _as_written("motifs", 0)
TABLES["motif-problems"] = _as_written("motifs", 1)
TABLES["training-speed"] = _as_written("training", 0)
