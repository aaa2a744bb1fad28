"""Tables of strings: likelihoods, statistics of samples, fold classes."""

from __future__ import annotations

from table_cells import markdown, numbers, table

PERCENT = "{:.1f} %"


@table
def string_likelihoods() -> str:
    """Nats a residue of the validation chains."""
    ss, joint = numbers("strings_ss"), numbers("strings_joint")
    bonds = f"{ss['bond']}, with residue types {joint['bond']}"
    kinds = {
        "_order_0": "independent residues",
        "_order_1": "Markov chain, the last residue",
        "_order_8": "Markov chain, the last eight residues",
        "": f"matrix product state, bond {bonds}",
        "_of_classes": "four fold classes together",
    }
    rows: list[list[str]] = []
    for key, label in kinds.items():
        whole = "nats_of_classes_together" if key == "_of_classes" else "nats" + key
        values = ss.get(whole), ss.get("hidden_window_nats" + key), joint.get(whole)
        rows.append([label, *("" if value is None else f"{value:.3f}" for value in values)])
    heads = ["", "secondary structure", "hidden 12 residues, given the rest", "with residue types"]
    return markdown(heads, rows)


@table
def string_samples() -> str:
    """Statistics of samples beside real chains."""
    ss = numbers("strings_ss")
    labels = {
        "length_H": "mean length of a helix",
        "length_E": "mean length of a strand",
        "length_C": "mean length of a loop",
        "order_HH": "helix after helix",
        "order_HE": "strand after helix",
        "order_EH": "helix after strand",
        "order_EE": "strand after strand",
    }
    kinds = [ss[kind] for kind in ("real", "samples_of_classes", "samples")]
    rows: list[list[str]] = []
    for key, label in labels.items():
        form, unit = ("{:.2f}", 1) if "length" in key else (PERCENT, 100)
        rows.append([label, *(form.format(unit * kind[key]) for kind in kinds)])
    return markdown(["", "real chains", "four classes together", "one state"], rows)


@table
def string_classes() -> str:
    """Fold classes."""
    rows = [
        [name, *(PERCENT.format(100 * row[key]) for key in ("share", "as_defined", "posterior"))]
        for name, row in numbers("strings_ss")["classes"].items()
    ]
    heads = ["class", "of the chains", "drawn strings as defined", "posterior of the right class"]
    return markdown(heads, rows)


@table
def string_blueprints() -> str:
    """Backbones with and without a blueprint."""
    result = numbers("string_blueprints")
    free, drawn = result["free"], result["blueprints"]
    rows = [
        ["Fréchet distance to real chains", *(f"{row['frechet']:.1f}" for row in (free, drawn))],
        ["DSSP strand", *(PERCENT.format(100 * row["dssp_strand"]) for row in (free, drawn))],
    ]
    for key, label in (("residues", "residues"), ("helix", "helix"), ("strand", "strand")):
        share = PERCENT.format(100 * drawn[f"{key}_as_given"])
        rows.append([f"{label} as in the blueprint", "", share])
    return markdown(["", "without a blueprint", "with one"], rows)


@table
def string_moves() -> str:
    """Acceptance and autocorrelation of Metropolis moves, and of single flips."""
    result = numbers("string_metropolis")
    named = [
        (str(row["bond"]), "∞" if row["t"] == "inf" else str(row["t"]), row)
        for row in result["rows"]
    ]
    rows: list[list[str]] = []
    for bond, t, row in [*named, ("single flips", "", result["flips"])]:
        moves = [row["moves_energy"], row["moves_magnetisation"]]
        cost = [f"{row['microseconds'] * count:,.0f} µs" for count in moves]
        counts = [f"{count:,.0f}" for count in moves]
        rows.append([bond, t, PERCENT.format(100 * row["acceptance"]), *counts, *cost])
    heads = ["bond", "t", "accepted", "moves, energy", "moves, magnetisation", "energy",
             "magnetisation"]  # fmt: skip
    return markdown(heads, rows)
