"""The shipped weights against the goals of a generator: every number of docs/reference/model.md.

    python benchmarks/model.py --data DATASET [--only quality …] [--out FOLDER]

Raw samples with default settings, written by the command line and measured from their files by
`sample_quality.py`, which imports nothing of protdiff:

quality      200 samples of 60-200 residues with each of three seeds
long         200 samples of 200-300 residues
calls        240 samples of 60-200 residues at 10, 16, 20, 30, 50 and 100 network calls
even         the same by second-order multistep at equally spaced times, up to 50 calls
variety      100 samples of 100 residues: clusters, and novelty beside held-out real chains
structure    samples with the secondary structure of validation chains as a condition
sequence     CAMEO 2022 targets from their sequence, beside unconditional samples

A part that has been measured for these very weights is not measured a second time.
"""

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from model_pictures import draw_calls, draw_failures
from model_report import SUMMARIES, report
from results import write_result
from sample_metrics import dssp_codes, psea_codes
from sample_quality import measure_folder

import protdiff
from protdiff._system.files import replacing
from protdiff.dataset import read_chains
from protdiff.flow import uniform_times
from protdiff.network.weights import file_digest, find_weights, load_weights
from protdiff.sampling.draw import draw
from protdiff.sampling.plan import Request, sample_length
from protdiff.sampling.settings import SamplingSettings
from protdiff.structure.backbone import Backbone

COMMAND = [sys.executable, "-m", "protdiff.cli.app"]
SEEDS, CALLS, CALLS_SAMPLES = (0, 1, 2), (10, 16, 20, 30, 50, 100), 240
#: Longest CAMEO target that is predicted; the network was trained on chains of up to this length.
MAX_LENGTH = 256
#: Where the samples of a row of `sequence` are from.
FROM_LENGTH, FROM_SEQUENCE, EIGENFOLD = 0, 1, 2


def protdiff_command(*arguments):
    subprocess.run([*COMMAND, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def drawn(folder, length, num, seed=0, **options):
    """A folder of samples; one that was interrupted is completed."""
    extra = [part for key, value in options.items() for part in (f"--{key}", value)]
    wanted = ["--length", length, "--num", num, "--seed", seed, "--out", folder]
    protdiff_command("generate", *wanted, *extra)
    return folder


def population(folder, *options):
    """What `protdiff evaluate` says of a folder."""
    out = folder.with_name(folder.name + "_evaluation")
    protdiff_command("evaluate", folder, "--out", out, *options)
    return json.loads((out / "population.json").read_text())


def measured(folder):
    """The table of `sample_quality.py`, with the Fréchet distance and the modes' variance."""
    pooled, _ = measure_folder(folder)
    evaluation = population(folder, "--diversity", 0)
    return pooled | {
        "frechet": evaluation["frechet"]["distance"],
        "frechet_floor": evaluation["frechet"]["floor"],
        "modes": {band: row["log_ratio"] for band, row in evaluation["modes"].items()},
    }


def quality(out, data):
    """Of every seed."""
    return {
        str(seed): measured(drawn(out / f"60-200_{seed}", "60-200", 200, seed)) for seed in SEEDS
    }


def long(out, data):
    return measured(drawn(out / "200-300", "200-300", 200))


def calls(out, data):
    return {
        str(n): measured(drawn(out / f"calls_{n}", "60-200", CALLS_SAMPLES, 3, steps=n))
        for n in CALLS
    }


def even(out, data):
    denoiser, lengths, measurements = load_weights(), range(60, 201), {}
    requests = [Request(i, sample_length(lengths, i, 3)) for i in range(CALLS_SAMPLES)]
    for n in CALLS[:-1]:
        folder = out / f"even_{n}"
        folder.mkdir(exist_ok=True)
        settings = SamplingSettings(sampler="sde_2m")
        for batch in draw(denoiser, requests, settings, seed=3, times=uniform_times(n)):
            for sample in batch:
                protdiff.write(sample.backbone, folder / f"{sample.request.index:04d}.pdb")
        measurements[str(n)] = measured(folder)
    return measurements


def variety(out, data):
    folder = drawn(out / "variety", 100, 100)
    options = ("--diversity", 100, "--alignment", "tmalign", "--jobs", 0)
    evaluation = population(folder, "--reference", data, *options)
    return {key: evaluation[key] for key in ("diversity", "novelty")}


def dssp(backbone):
    """State of every residue, H, E or C."""
    return dssp_codes(backbone.coords, backbone.residue_names)


def psea(backbone):
    codes = psea_codes(backbone.ca, np.arange(len(backbone)))
    return np.array(["HEC"["abc".index(c)] for c in codes])


def structure(out, data, count=60):
    """Share of residues whose state is the one requested, by DSSP and by P-SEA."""
    chains = [c.backbone() for c in read_chains(data, "val", max_length=200, globular=True)]
    chains = [c for c in chains if len(c) >= 60 and c.mask.all()]
    chains = chains[:: len(chains) // count][:count]
    rows = []
    for seed, real in enumerate(chains):
        for read in (dssp, psea):
            wanted = read(real)
            text = "".join(wanted)
            [sample] = protdiff.generate(length=len(real), secondary_structure=text, seed=seed)
            states = (dssp(sample), psea(sample), psea(real))
            rows.append([(state == wanted).mean() for state in states])
    by_dssp, by_psea = np.mean(rows[::2], 0), np.mean(rows[1::2], 0)
    names = ("dssp", "psea", "psea of the real chains")
    return {
        "chains": len(chains),
        "requested by DSSP": dict(zip(names, by_dssp, strict=True)),
        "requested by P-SEA": dict(zip(names[:2], by_psea[:2], strict=True)),
    }


SOURCES = {
    "from the sequence": FROM_SEQUENCE, "from the length": FROM_LENGTH, "EigenFold": EIGENFOLD,
}  # fmt: skip


def sequence(out, data):
    """One sample of every target from its sequence, and one from its length alone.

    Beside them EigenFold's, as published: means over the (mostly five) samples of a target.
    """
    with (data / "cameo22/expected.csv").open(newline="") as handle:
        published = list(csv.DictReader(handle))
    targets = {row["reference"]: row["sequence"] for row in published}
    requests = {}
    for index, (name, letters) in enumerate(sorted(targets.items())):
        if len(letters) <= MAX_LENGTH:
            requests[name] = Request(index, len(letters), sequence=letters)
    denoiser, backbones = load_weights(), {}
    for shown in (True, False):
        todo = [r if shown else Request(r.index, r.length) for r in requests.values()]
        for batch in draw(denoiser, todo):
            for sample in batch:
                backbones[sample.request.index, shown] = sample.backbone
    rows = []
    for name, request in requests.items():
        reference = protdiff.read(data / "cameo22/references" / name)
        for shown in (True, False):
            coords = backbones[request.index, shown].coords
            scores = protdiff.score(Backbone.from_coords(coords, request.sequence), reference)
            rows.append((request.length, shown, scores.tm, scores.lddt))
        theirs = [row for row in published if row["reference"] == name]
        means = [np.mean([float(row[key]) for row in theirs]) for key in ("tm", "lddt")]
        rows.append((request.length, EIGENFOLD, *means))
    rows = np.array(rows)
    short = rows[:, 0] < 120
    return {
        label: {
            "targets": int((chosen & (rows[:, 1] == FROM_SEQUENCE)).sum()),
            **{
                what: {
                    name: float(rows[chosen & (rows[:, 1] == source), k].mean())
                    for name, source in SOURCES.items()
                }
                for k, what in ((2, "tm"), (3, "lddt"))
            },
        }
        for label, chosen in (("under 120 residues", short), (f"up to {MAX_LENGTH}", short | True))
    }


PARTS = {part.__name__: part for part in (quality, long, calls, even, variety, structure, sequence)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/model"))
    parser.add_argument("--failures", type=Path, help="PNG of the worst samples of seed 0")
    parser.add_argument("--calls", type=Path, help="PNG of quality against calls")
    options = parser.parse_args()
    digest = file_digest(find_weights(None))
    out = options.out / digest[:12]
    out.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        path = out / f"{name}.json"
        if not path.is_file():
            measurements = PARTS[name](out, options.data)
            with replacing(path) as part:
                part.write_text(json.dumps(measurements, indent=1, default=float) + "\n")
        print(f"\n{name}")
        measurements = json.loads(path.read_text())
        report(name, measurements)
        write_result(f"model_{name}", SUMMARIES.get(name, dict)(measurements))
    if options.failures:
        draw_failures(out / "60-200_0", options.failures)
    if options.calls:
        both = (json.loads((out / f"{name}.json").read_text()) for name in ("calls", "even"))
        draw_calls(*both, options.calls)


if __name__ == "__main__":
    main()
