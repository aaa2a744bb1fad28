"""Tables of training: fine-tuning, small networks of other flows, and its speed."""

from __future__ import annotations

from statistics import mean

from table_cells import cell, markdown, numbers, table

# Fine-tuning


@table
def finetune() -> str:
    """Means over the seeds, with the least and the most where they differ much."""
    rows = []
    states = {"helical": "helix", "strand": "strand"}
    for name, runs in numbers("finetune_goals").items():
        kind, budget = name.split("-")
        steps = [run["steps"] for run in runs]
        gained = [run["gained"][states[kind]] for run in runs]
        before, after = (mean(run["frechet"][k] for run in runs) for k in (0, 1))
        rows.append([
            {"helical": "helical", "strand": "mostly strands"}[kind], budget,
            f"{min(steps):,}–{max(steps):,}",
            f"{states[kind]} {mean(gained):+.0f} points ({min(gained):.0f}–{max(gained):.0f})",
            f"{before:.0f} → {after:.0f}",
            f"{100 * mean(run['rest']['mean'] for run in runs):+.1f} %",
        ])  # fmt: skip
    head = ["30 chains", "time", "steps", "samples", "Fréchet distance", "loss on other proteins"]
    return markdown(head, rows)


@table
def finetune_ensemble() -> str:
    """Samples beside the frames of one chain, before and after."""
    found = numbers("finetune_ensemble")
    distance = found["rmsd_to_nearest_median"]
    rows = [
        [when, f"{distance[when]:.1f} Å", f"{found['frechet'][when]:.0f}"]
        for when in ("before", "after")
    ]
    title = f"{found['chains']} frames, {found['steps']:,} steps"
    return markdown([title, "CA RMSD to the nearest frame, median", "Fréchet distance"], rows)


# Relatives of the flow

FLOW_LABELS = {
    "rg": "RG, prior of real chains, decimated", "rg-full": "the same, all residues",
    "rg-harmonic": "RG, heat kernel, harmonic prior, decimated (shipped)",
    "rg-harmonic-full": "the same, all residues", "vp": "VP, prior of real chains",
    "ddpm": "DDPM, white noise", "harmonic": "harmonic (EigenFold), all residues",
    "edm": "EDM as published: lognormal levels, Heun",
    "rgdm": "RGDM as published: shell, CA traces",
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


LOSS_LABELS = {
    "default": "the default, times uniform in the log-SNR",
    "likelihood": "of the likelihood, debiased times",
    "likelihood-uniform": "of the likelihood, times uniform in the time of β",
}


@table
def variational() -> str:
    rows = []
    for name, row in numbers("variational")["runs"].items():
        bound, gain = (
            f"{row[key]['mean']:+.3f} ± {row[key]['error']:.3f}".replace("-", "−")
            for key in ("bound", "gain")
        )
        made = ("{bonds:.0f}", "{clashes:.2f}", "{frechet:.0f}")
        cells = [cell(template, row["samples"]) for template in made]
        rows.append([LOSS_LABELS[name], bound, "" if name == "default" else gain, *cells])
    columns = ["weights of the loss", "bound, nats per degree of freedom", "gain"]
    return markdown([*columns, "CA bonds within 0.1 Å, %", "clashes < 3.0 Å", "Fréchet"], rows)


@table
def training_speed() -> str:
    """Chains per second of the largest batches, a column for each setting."""
    result = numbers("training")["tables"][0]
    rows = [dict(zip(result["columns"], row, strict=True)) for row in result["rows"]]
    most = max((row["beads in a batch"] for row in rows), key=int)
    names = {"full": "all residues", "flow": "as in a training run"}
    kinds: dict[str, list[str]] = {}
    for row in rows:
        if row["beads in a batch"] == most:
            level = names.get(row["level"]) or f"{row['level']} beads"
            key = f"{level} | {row['length'] or 'all'} | {row['chains']}"
            kinds.setdefault(key, []).append(row["chains/s"])
    settings = list(dict.fromkeys(row[""] for row in rows))
    columns = ["what the network sees", "residues", "chains in a batch", *settings]
    return markdown(columns, [[*key.split(" | "), *values] for key, values in kinds.items()])
