"""Build the Ramachandran regions that ``sample_quality.py`` counts outliers with.

    python benchmarks/build_ramachandran.py --data DATASET --out data/ramachandran.npz

phi and psi of the residues inside the training chains are smoothed to one density per class of
residue, on a periodic grid of 2 degrees. The *favoured* region of a class is the smallest region
that holds 98 % of its residues, *allowed* reaches up to 99.8 %, and the rest is *outlier*: the
two levels of Lovell et al., Proteins 50, 437 (2003), and of MolProbity.

Classes: ``glycine``, ``proline``, ``preproline`` (next residue is proline; itself neither glycine
nor proline), ``general`` (the others).

Arrays of the output:

region : uint8, (4, 180, 180)
    0 outlier, 1 allowed, 2 favoured. ``region[c, i, j]`` is class ``classes[c]`` with phi in
    [-180 + 2i, -178 + 2i) and psi in [-180 + 2j, -178 + 2j) degrees.
classes : str, (4,)
fractions : float, (2,)
    0.998 and 0.98: the share of residues inside allowed + favoured, and inside favoured.
count : int64, (4,)
    Training residues of each class.
"""

import argparse
import csv
import os
from pathlib import Path

import numpy as np

RESIDUES = "ARNDCQEGHILKMFPSTWYV"  # order of `aatype` in the data set
CLASSES = ("general", "glycine", "proline", "preproline")
FRACTIONS = (0.998, 0.98)
BINS = 180
STEP = 360 / BINS
PILOT_BANDWIDTH = 6.0  # degrees
TYPICAL_BANDWIDTH = 2.5  # degrees, where the density has its (geometric) mean
BANDWIDTHS = np.array([2.0, 3.0, 4.5, 6.75, 10.1, 15.2])  # degrees


def dihedral(a, b, c, d):
    """Dihedral angle in degrees, IUPAC sign, of points with shape (..., 3)."""
    axis = c - b
    left, right = np.cross(b - a, axis), np.cross(axis, d - c)
    sine = np.einsum("...i,...i", np.cross(left, right), axis) / np.linalg.norm(axis, axis=-1)
    return np.degrees(np.arctan2(sine, np.einsum("...i,...i", left, right)))


def residue_class(aatype):
    """Index into `CLASSES` of every residue but the last one."""
    this, following = aatype[:-1], aatype[1:]
    glycine, proline = RESIDUES.index("G"), RESIDUES.index("P")
    kind = np.where(following == proline, CLASSES.index("preproline"), CLASSES.index("general"))
    kind[this == glycine] = CLASSES.index("glycine")
    kind[this == proline] = CLASSES.index("proline")
    return kind


def read_torsions(folder, split):
    """phi, psi (degrees) and class of the residues inside the chains of one split."""
    with open(folder / "chains.csv", newline="") as handle:
        wanted = np.array([row["split"] == split for row in csv.DictReader(handle)])
    phi, psi, kind = [], [], []
    for name in ("structures_le256.npz", "structures_257_512.npz"):
        with np.load(folder / name) as data:
            coords, aatype = data["coords"], data["aatype"]
            offsets, chain_index = data["offsets"], data["chain_index"]
        for k in np.flatnonzero(wanted[chain_index]):
            span = slice(offsets[k], offsets[k + 1])
            n, ca, c = np.moveaxis(coords[span, :3].astype(float) / 100, 1, 0)
            phi.append(dihedral(c[:-2], n[1:-1], ca[1:-1], c[1:-1]))
            psi.append(dihedral(n[1:-1], ca[1:-1], c[1:-1], n[2:]))
            kind.append(residue_class(aatype[span])[1:])
    return np.concatenate(phi), np.concatenate(psi), np.concatenate(kind)


def grid_index(angle):
    """Grid cell of angles in degrees; +180 and -180 share one."""
    return np.floor((angle + 180) / STEP).astype(int) % BINS


def smooth(histogram, bandwidth):
    """Convolve with a periodic Gaussian of total weight 1, and give its height at 0 too."""
    frequency = np.fft.fftfreq(BINS) * 2 * np.pi
    profile = np.exp(-0.5 * (frequency * bandwidth / STEP) ** 2)
    kernel = profile[:, None] * profile
    # The transform leaves rounding noise, also below zero, where the density is nil.
    density = np.fft.ifft2(np.fft.fft2(histogram) * kernel).real.clip(min=0)
    return density, np.fft.ifft2(kernel).real[0, 0]


def adaptive_density(histogram):
    """Kernel density with bandwidths that widen where residues are rare (Abramson 1982).

    Returns
    -------
    density : ndarray, (180, 180)
        Residues per cell.
    left_out : ndarray, (180, 180)
        The same at a residue of the cell, without that residue: levels taken from it hold for
        residues that were not in the training set.
    """
    pilot, _ = smooth(histogram, PILOT_BANDWIDTH)
    pilot = pilot.clip(min=1e-9)
    typical = np.exp(np.average(np.log(pilot), weights=histogram))
    wanted = TYPICAL_BANDWIDTH * np.sqrt(typical / pilot)
    nearest = np.abs(np.log(wanted[..., None] / BANDWIDTHS)).argmin(-1)
    density, height_at_zero = np.zeros_like(pilot), np.zeros_like(pilot)
    for k, bandwidth in enumerate(BANDWIDTHS):
        part, height = smooth(histogram * (nearest == k), bandwidth)
        density += part
        height_at_zero[nearest == k] = height
    return density, density - height_at_zero


def level_of(left_out, histogram, fraction):
    """Density above which `fraction` of the residues lie."""
    order = np.argsort(left_out, axis=None)[::-1]
    inside = np.cumsum(histogram.ravel()[order])
    return left_out.ravel()[order][np.searchsorted(inside, fraction * inside[-1])]


def build_regions(phi, psi, kind):
    """Region grid (4, 180, 180) and the number of residues behind each class."""
    region = np.zeros((len(CLASSES), BINS, BINS), np.uint8)
    count = np.bincount(kind, minlength=len(CLASSES))
    for c in range(len(CLASSES)):
        histogram = np.zeros((BINS, BINS))
        np.add.at(histogram, (grid_index(phi[kind == c]), grid_index(psi[kind == c])), 1)
        density, left_out = adaptive_density(histogram)
        for fraction in FRACTIONS:
            region[c] += density >= level_of(left_out, histogram, fraction)
    return region, count


def report(region, phi, psi, kind, name):
    """Print favoured, allowed and outlier shares of one split per class."""
    label = region[kind, grid_index(phi), grid_index(psi)]
    for c, title in [*enumerate(CLASSES), (None, "all")]:
        chosen = label if c is None else label[kind == c]
        shares = 100 * np.bincount(chosen, minlength=3) / len(chosen)
        print(
            f"{name:6s} {title:11s} {len(chosen):8d} residues  favoured {shares[2]:6.2f} %  "
            f"allowed {shares[1]:5.2f} %  outlier {shares[0]:5.3f} %"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with chains.csv, *.npz")
    parser.add_argument("--out", type=Path, default=Path("data/ramachandran.npz"))
    options = parser.parse_args()
    train = read_torsions(options.data, "train")
    region, count = build_regions(*train)
    temporary = options.out.with_suffix(".part.npz")
    np.savez_compressed(
        temporary,
        region=region,
        classes=np.array(CLASSES),
        fractions=np.array(FRACTIONS),
        count=count,
    )
    os.replace(temporary, options.out)
    for c, title in enumerate(CLASSES):
        area = 100 * np.bincount(region[c].ravel(), minlength=3) / region[c].size
        print(f"area   {title:11s} favoured {area[2]:5.1f} %  allowed {area[1]:5.1f} %")
    report(region, *train, "train")
    report(region, *read_torsions(options.data, "val"), "val")
    print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
