"""Tables of sequences: recovery, the engines beside each other, antibody loops, two diffusions."""

from __future__ import annotations

from typing import Any

from table_cells import cell, markdown, numbers, table

PERCENT = "{:.1f} %"


@table
def types_recovery() -> str:
    """Recovery and what goes with it, validation and test."""
    splits = [numbers("sequence_recovery")[split] for split in ("val", "test")]
    kinds = {
        "cold": "natural types, temperature 0.1",
        "greedy": "natural types, likeliest type in turn",
        "learned": "natural types, temperature 1",
        "noise": "natural types, 0.3 Å of noise on all atoms",
        "stretch": "natural types in a hidden stretch of 8–12 residues, temperature 0.1",
        "stretch_greedy": "the same, likeliest type in turn",
    }
    rows = [
        [label, *(PERCENT.format(100 * split["recovery"][kind]) for split in splits)]
        for kind, label in kinds.items()
    ]
    rows.append(["perplexity", *(f"{split['perplexity']:.2f}" for split in splits)])
    for kind, label in (("cold", "0.1"), ("learned", "1")):
        off = [split["composition"][kind]["largest_difference_points"] for split in splits]
        rows.append(
            [
                f"composition, largest difference, temperature {label}",
                *(f"{x:.1f} points" for x in off),
            ]
        )
    heads = [
        f"{split['chains']} chains of {name}"
        for split, name in zip(splits, ("validation", "test"), strict=True)
    ]
    return markdown(["", *heads], rows)


@table
def types_confusion() -> str:
    """Which class is drawn for which, test chains."""
    confusion = numbers("sequence_recovery")["test"]["confusion"]
    rows = [
        [natural, *(f"{100 * drawn[other]:.0f}" for other in confusion)]
        for natural, drawn in confusion.items()
    ]
    return markdown(["natural, drawn as (%)", *confusion], rows)


@table
def types_engines() -> str:
    """The network beside ProteinMPNN."""
    result = numbers("sequence_engines")
    held = result["held_out"]
    columns = ("protdiff", "mpnn", "native")
    rows = [
        [label, *(cell(form, held[name]) if form_needs in held[name] else "" for name in columns)]
        for label, form, form_needs in (
            ("ProteinMPNN's nats per residue, mean of 8", "{mpnn_nats:.2f}", "mpnn_nats"),
            ("the same, best of 8", "{mpnn_nats_of_best:.2f}", "mpnn_nats_of_best"),
            ("largest difference of composition", "{composition_difference_points:.1f} points",
             "composition_difference_points"),
        )
    ]  # fmt: skip
    shares = [
        ["natural types", *(PERCENT.format(100 * held[name]["recovery"]) for name in columns)],
        ["secondary structure read from the sequence is that of the backbone",
         *(PERCENT.format(100 * held[name]["structure_read"]) for name in columns)],
    ]  # fmt: skip
    speed = result["speed"]
    rates = speed["sequences_per_second"]
    rows.append(
        ["sequences per second of one core, {:.0f} residues".format(speed["residues"]),
         f"{rates['protdiff']:.0f}", f"{rates['proteinmpnn_package']:.1f}", ""]
    )  # fmt: skip
    return markdown(["", "protdiff", "ProteinMPNN", "nature"], [*shares, *rows])


@table
def cdr_h3() -> str:
    """CDR H3, five tries a loop."""
    result, rows = numbers("cdr_h3"), []
    labels = {"test": "heavy chains of the test split", "complexes": "antibody-antigen complexes"}
    around = {"chain": "own chain", "complex": "all chains"}
    for name, modes in result.items():
        for key, values in modes.items():
            mode, context = key.split(", ")
            rows.append([
                f"{labels[name]} ({values['loops']})", around[context], mode,
                PERCENT.format(100 * values["recovery"]) if mode != "structure" else "",
                *(["", "", ""] if mode == "sequence" else [
                    f"{values['rmsd']:.1f} Å", f"{values['best_rmsd']:.1f} Å",
                    f"{100 * values['closed']:.0f} %",
                ]),
            ])  # fmt: skip
    heads = [
        "loops",
        "context",
        "drawn",
        "natural types",
        "RMSD of a try",
        "best of five",
        "closed",
    ]
    return markdown(heads, rows)


@table
def type_diffusions() -> str:
    """Absorbing and multinomial diffusion, trained for equal times."""
    result: dict[str, Any] = numbers("type_diffusions")
    rows = [
        [kind, f"{row['steps']:,}", f"{row['bound_nats']:.3f}",
         PERCENT.format(100 * row["recovery"]), f"{row['seconds_per_sequence']:.2f} s"]
        for kind in ("absorbing", "multinomial")
        for row in [result[kind]]
    ]  # fmt: skip
    heads = [
        "diffusion",
        "steps in equal time",
        "bound, nats a residue",
        "natural types",
        "a sequence",
    ]
    return markdown(heads, rows)
