"""Tables of samples: their quality, network calls, variety, and how conditions are met."""

from __future__ import annotations

from collections.abc import Iterable

from table_cells import cell, markdown, numbers, table

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


DETAIL = [
    ("backbone atoms (N, CA, C, O) under 2.5 Å, pairs per 100 residues", "{overlaps:.2f}", "≤ 0.2"),
    ("of these O···O", "{overlaps_O_O:.2f}", ""),
    ("the same under 2.9 Å, N···O left out", "{overlaps_wide:.2f}", "≤ 0.5"),
    ("strand by DSSP", "{dssp_strand:.1f} %", "≥ 21 %"),
    ("hydrogen bonds of good geometry, per residue", "{hydrogen_bonds:.2f}", "≥ 0.53"),
    ("JSD of (φ, ψ) to other real chains, nats", "{torsions:.4f}", "≤ 0.008"),
]


@table
def detail() -> str:
    result = numbers("detail")
    rows = [[label, cell(text, result["samples"]), cell(text, result["real"]), goal]
            for label, text, goal in DETAIL]  # fmt: skip
    nats = {
        name: f"{one['mean']:.2f} ± {one['error']:.2f}" for name, one in result["designer"].items()
    }
    label = "ProteinMPNN, nats per residue of its best of eight sequences"
    rows.append([label, nats["samples"], nats["real"], "≤ 0.90"])
    label = "the same, real folds with modes under six residues drawn anew"
    rows.append([label, nats["redrawn"], "", "≤ 0.89"])
    return markdown(["", "samples", "real chains", "goal"], rows)


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
def strength() -> str:
    """How far samples of --strength lie from their input."""
    found = numbers("strength")
    values = list(next(iter(found.values()))["rmsd"])
    titles = [f"{name}, {one['residues']} residues" for name, one in found.items()]
    rows = [
        (
            value,
            *(cell("{at:.1f} Å", {"at": one["rmsd"][value]}) for one in found.values()),
        )
        for value in values
    ]
    return markdown(("`--strength`", *titles), rows)
