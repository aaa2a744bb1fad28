"""Measurements of `model.py` as tables on the screen, and as what their result files hold."""

import json

import numpy as np

#: Key of the measurement: its name, and the goal.
ROWS = {
    "step_ok_trans": ("CA-CA trans bonds within 0.1 Å of 3.80, %", "98"),
    "clash_3.0": ("CA pairs under 3.0 Å per 100 residues", "0.05"),
    "clash_3.6": ("CA pairs under 3.6 Å per 100 residues", ""),
    "ca_angle_out": ("CA angles outside 75-160°, %", "0.3"),
    "right_handed": ("helices right-handed, %", "99.5"),
    "psea_helix": ("P-SEA helix, %", "27-37"),
    "psea_strand": ("P-SEA strand, %", "12-22"),
    "psea_coil": ("P-SEA coil, %", "46-56"),
    "dssp_helix": ("DSSP helix, %", ""),
    "dssp_strand": ("DSSP strand, %", ""),
    "rg_median": ("Rg / (2.2 N^0.38), median", "0.95-1.15"),
    "rms_n_ca": ("N-CA rms off ideal, Å", "0.03"),
    "rms_ca_c": ("CA-C rms off ideal, Å", "0.03"),
    "rms_c_n": ("C-N rms off ideal, Å", "0.03"),
    "rms_n_ca_c": ("N-CA-C angle, rms off 110.9°", ""),
    "rama_outlier": ("Ramachandran outliers, %", "1"),
    "rama_nowhere": ("outside the regions of all residues, %", ""),
    "frechet": ("Fréchet distance", "2 × floor"),
    "frechet_floor": ("the same of as many real chains (floor)", ""),
}


def digits(values):
    """Mean, with the standard deviation over seeds where there are several."""
    mean = np.mean(values)
    spread = f" ± {np.std(values, ddof=1):.2g}" if len(values) > 1 else ""
    return f"{mean:.3g}" + spread


def table(columns):
    """Markdown of `ROWS`; columns: title -> measurements whose mean is taken."""
    print(f"| | goal | {' | '.join(columns)} |\n| --- | --- |{' --- |' * len(columns)}")
    for key, (label, goal) in ROWS.items():
        cells = (digits([measurement[key] for measurement in many]) for many in columns.values())
        print(f"| {label} | {goal} | {' | '.join(cells)} |")
    for band in next(iter(columns.values()))[0]["modes"]:
        cells = (
            digits([measurement["modes"][band] for measurement in many])
            for many in columns.values()
        )
        print(f"| ln of mode variance over real, periods {band} | ±0.1 | {' | '.join(cells)} |")


def over_seeds(measurements):
    """Mean and standard deviation over the seeds of all that `ROWS` names."""
    rows = list(measurements.values())

    def spread(values):
        return {"mean": np.mean(values), "sd": np.std(values, ddof=1)}

    numbers = {key: spread([row[key] for row in rows]) for key in ROWS}
    bands = rows[0]["modes"]
    modes = {band: spread([row["modes"][band] for row in rows]) for band in bands}
    return {"samples": sum(row["files"] for row in rows), "modes": modes} | numbers


def as_variety(evaluation):
    diversity, novelty = evaluation["diversity"], evaluation["novelty"]
    return {
        "samples": diversity["designs"],
        "residues": 100,
        "clusters": diversity["clusters"],
        "mean_tm": diversity["mean_pairwise_tm"],
        "nearest_train_median": novelty["designs"]["median"],
        "nearest_train_largest": novelty["designs"]["largest"],
        "held_out_median": novelty["held_out"]["median"],
        "held_out_largest": novelty["held_out"]["largest"],
    }


#: What of a measurement its result file holds; all where nothing is said.
SUMMARIES = {"quality": over_seeds, "variety": as_variety}


def report(name, measurements):
    if name == "quality":
        table({f"60-200 residues, {len(measurements)} seeds": list(measurements.values())})
    elif name == "long":
        table({"200-300 residues": [measurements]})
    elif name in ("calls", "even"):
        table({f"{n} calls": [row] for n, row in measurements.items()})
    else:
        print(json.dumps(measurements, indent=1))
