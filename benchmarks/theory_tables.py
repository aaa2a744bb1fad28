"""Tables of the source papers: diagnostics, and small runs that compare flows."""

from __future__ import annotations

from table_cells import cell, markdown, numbers, table


@table
def flow_noise() -> str:
    found = numbers("flow_noise")
    columns = [found[name] for name in ("slope", "slope_error", "stein", "stein_error")]
    rows = [
        [band, f"{slope:.3f} ± {slope_error:.3f}", f"{stein:.3f} ± {stein_error:.3f}"]
        for band, slope, slope_error, stein, stein_error in zip(
            found["bands"], *columns, strict=True
        )
    ]
    return markdown(["period, residues", "E[ε·ε*] / E\\|ε*\\|²", "E[X·ε*] / 3σ"], rows)


@table
def flow_clones() -> str:
    rows = []
    for row in numbers("flow_clones")["replicas"]:
        found = row["potential"]
        best = min(
            (v, q) for v, q in zip(found["clones"], found["q"], strict=True) if v is not None
        )
        rows.append(
            [f"{row['u']:.2f}", f"{row['period']:.1f}", f"{row['decided']:.2f}",
             f"{row['same_fold']:.2f} ± {row['same_fold_error']:.2f}", f"{best[1] ** 0.5:.1f}"]
        )  # fmt: skip
    return markdown(
        ["u", "period of the cut-off, residues", "decided", "pairs of one fold, φ",
         "lowest V at, rms Å per residue"], rows,
    )  # fmt: skip


@table
def halder() -> str:
    found = numbers("halder")
    rows = [
        [
            name,
            f"{row['delta']:.2f} ± {row['delta_error']:.2f}".replace("-", "−"),
            f"{row['p']:.1g}",
        ]
        for name, row in found["sets"].items()
    ]
    return markdown([f"{found['count']} of", "Δ", "p"], rows)


@table
def memorisation() -> str:
    """Δ where it could see samples that are all copies."""
    rows = []
    for size, row in numbers("memorisation")["sets"].items():
        delta, train, held_out = row["delta"], row["train"], row["held_out"]
        values = f"{delta['delta']:.2f} ± {delta['delta_error']:.2f}, {delta['real']:.2f}"
        rows.append(
            [f"{int(size):,}", f"{row['ratio']:.2f}", f"{row['auc']:.2f}",
             f"{100 * row['copies']:.0f}, {100 * row['usual_copies']:.0f}",
             values.replace("-", "−") if delta["detectable"] <= 1 else "–",
             f"{train['mean']:.3f} ± {train['error']:.3f}",
             f"{held_out['mean']:.3f} ± {held_out['error']:.3f}"]
        )  # fmt: skip
    return markdown(
        ["training chains", "ratio of distances", "AUC", "copies %; of held-out chains",
         "Δ; of held-out chains", "loss, training chains", "loss, held-out chains"], rows,
    )  # fmt: skip


@table
def principal_components() -> str:
    """Overlaps with the nearest mode; beside it its number, where it is not the component's."""
    shown, rows = (1, 2, 3, 5, 10), []
    for name, row in numbers("principal_components")["sets"].items():
        nearest = [(k, row["mode"][k - 1], row["overlap"][k - 1]) for k in shown]
        rows.append(
            [name, f"{row['chains']:,}",
             *(f"{value:.2f}" + (f" ({mode})" if mode != k else "") for k, mode, value in nearest),
             f"{100 * row['outside']:.1f}", f"{row['kl']:.3f}",
             f"{row['gain']:.3f} ± {row['gain_error']:.3f}".replace("-", "−"),
             f"{row['kl_haar']:.2f}"]
        )  # fmt: skip
    return markdown(
        ["real chains", "number", *(f"component {k}" for k in shown), "off the diagonal, %",
         "KL", "on held-out chains", "KL, Haar"], rows,
    )  # fmt: skip


@table
def flow_schedules() -> str:
    grids = numbers("flow_schedules")["grids"]
    calls = list(grids["equal"])
    rows = [[name, *(f"{losses[n]:.1f}" for n in calls)] for name, losses in grids.items()]
    return markdown(["times", *(f"{n} calls" for n in calls)], rows)


@table
def gud() -> str:
    rows = []
    for run, row in numbers("gud")["runs"].items():
        basis, a = run.rsplit("-", 1)
        cells = ("{bonds:.0f}", "{clashes:.2f}", "{rg_ratio:.2f}", "{bands:.2f}", "{frechet:.0f}")
        rows.append([basis, a, *(cell.format(**row) for cell in cells)])
    return markdown(
        ["order", "steepness a", "CA bonds within 0.1 Å, %", "clashes < 3.0 Å", "Rg / expected",
         "ln(mode variance / real), rms", "Fréchet"], sorted(rows, key=lambda row: row[0]),
    )  # fmt: skip


#: Numbers of calls in the tables of images.
IMAGE_CALLS = ("5", "10", "20", "50", "100")


@table
def images() -> str:
    found = numbers("images")
    template = "{texture:.1f}", "{kurtosis:.1f}", "{spectrum:.2f}"
    rows = []
    for row in found["rows"].values():
        cells = [cell(template[0], row[calls]) for calls in IMAGE_CALLS]
        rows.append([row["label"], *cells, *(cell(text, row["100"]) for text in template[1:])])
    for name, label in (("gaussian", "Gaussian"), ("floor", "training patches")):
        values = [cell(text, found[name]) for text in template]
        rows.append([label, *([values[0]] * len(IMAGE_CALLS)), *values[1:]])
    spread = "± of training patches is the deviation of random draws"
    if found["seeds"] > 1:
        spread += ", elsewhere half of the difference of seeds"
    note = (
        f"{found['train']:,} patches for training and {found['test']:,} for tests, whose kurtosis "
        f"is {found['real_kurtosis']:.1f}; {found['samples']} images for each number; "
        f"{found['minutes']:g} minutes of one core, {found['steps']:,} steps, for each network; "
        f"seeds: {found['seeds']}; {spread}."
    )
    columns = ["", *(f"{calls} calls" for calls in IMAGE_CALLS), "kurtosis, 100 calls",
               "spectrum, 100 calls"]  # fmt: skip
    return f"{markdown(columns, rows)}\n\n{note}"


@table
def images_order() -> str:
    """Ratios of Fréchet distances: which method is ahead, and by how much."""
    found = numbers("images")["rows"]
    pairs = {
        "RGDM over DDPM, both as published": ("rgdm", "ddpm"),
        "the same networks, both with `ode_2m`": ("rgdm-2m", "ddpm-2m"),
        "DDPM at RGDM's noise levels over DDPM": ("white", "ddpm"),
        "RGDM over DDPM at RGDM's noise levels": ("rgdm", "white"),
        "RGDM over RG, preconditioned, both with `ode_2m`": ("rgdm-2m", "rg-2m"),
        "RG over VP of the data's spectrum, preconditioned": ("rg-2m", "vp-2m"),
    }
    rows = [
        [label, *(f"{found[one][n]['texture']['mean'] / found[two][n]['texture']['mean']:.2f}"
                  for n in IMAGE_CALLS)]
        for label, (one, two) in pairs.items()
    ]  # fmt: skip
    return markdown(["ratio", *(f"{calls} calls" for calls in IMAGE_CALLS)], rows)
