"""What the tests of the metrics build their structures from."""

from functools import cache, partial

import biotite.structure as struc
import numpy as np

from protdiff import Backbone, read
from protdiff.metrics import SIMILARITY, score
from protdiff.metrics.similarity import LDDT_THRESHOLDS
from protdiff.structure.geometry import place_atom

from ..conftest import ROOT

EXAMPLES = ROOT / "data" / "examples"
KRINGLE, CAPSID, REPRESSOR, REDUCTASE = "1tpk.pdb", "1a8o.pdb.gz", "1lcd.pdb", "3nzd.cif"
LETTERS = "ACDEFGHIKLMNPQRSTVWY"
FIELDS = ("coords", "mask", "residue_names", "chain_ids", "residue_numbers", "insertion_codes")
#: Columns of similarity that are numbers.
NUMBERS = [key for key in SIMILARITY if key not in ("chains", "alignment")]
#: Scores of a model and a reference. A partial, not a function: warnings name the calling test.
compare = partial(score, with_quality=False)


@cache
def example(name):
    """An example structure; one complete chain A."""
    return read(EXAMPLES / name)


def random_rotation(rng):
    """A proper rotation, uniform."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.linalg.det(q)


def walk(rng, length):
    """CA positions: a random walk with steps of 3.8 Å; (length, 3)."""
    steps = rng.normal(size=(length, 3))
    return np.cumsum(3.8 * steps / np.linalg.norm(steps, axis=1, keepdims=True), axis=0)


def helix(length):
    """CA of an ideal right-handed alpha helix; (length, 3)."""
    turn = np.radians(100) * np.arange(length)
    return np.stack([2.3 * np.cos(turn), 2.3 * np.sin(turn), 1.5 * np.arange(length)], -1)


def kabsch(x, y):
    """Rotation and translation that put x on y, by singular value decomposition."""
    u, _, vt = np.linalg.svd((x - x.mean(0)).T @ (y - y.mean(0)))
    sign = np.sign(np.linalg.det(u @ vt))
    rotation = u @ np.diag([1, 1, sign]) @ vt
    return rotation, y.mean(0) - x.mean(0) @ rotation


def atom_array(ca):
    """Biotite's array of CA atoms, one residue each."""
    array = struc.AtomArray(len(ca))
    array.coord = np.asarray(ca, dtype=np.float32)
    array.atom_name[:], array.res_name[:], array.element[:] = "CA", "ALA", "C"
    array.chain_id[:], array.res_id = "A", np.arange(1, len(ca) + 1)
    return array


def from_ca(ca, sequence=None, **arrays):
    """Backbone of CA atoms alone."""
    coords = np.full((len(ca), 4, 3), np.nan)
    coords[:, 1] = ca
    return Backbone.from_coords(coords, sequence, **arrays)


def straight(sequence, breaks=(), **arrays):
    """CA on a line, 3.8 Å apart, and 9 Å apart after each residue of `breaks`."""
    steps = np.full(len(sequence), 3.8)
    steps[list(breaks)] = 9.0
    x = np.concatenate([[0.0], np.cumsum(steps)])[: len(sequence)]
    return from_ca(np.stack([x, 0 * x, 0 * x], -1), sequence, **arrays)


def changed(backbone, **arrays):
    """A copy with some of the arrays replaced; atoms that became NaN are missing."""
    given = {name: getattr(backbone, name) for name in FIELDS} | arrays
    if "coords" in arrays and "mask" not in arrays:
        given["mask"] = np.isfinite(given["coords"]).all(-1)
    return Backbone(**given)


def moved(backbone, rotation, translation):
    return changed(backbone, coords=backbone.coords @ rotation + np.asarray(translation))


def shaken(backbone, rng, size):
    """The same noise on all atoms of a residue, `size` Å per coordinate, after a random motion."""
    noise = rng.normal(scale=size, size=(len(backbone), 1, 3))
    turned = moved(backbone, random_rotation(rng), rng.normal(scale=20, size=3))
    return changed(turned, coords=turned.coords + noise)


def renamed(backbone, chain):
    return changed(backbone, chain_ids=np.full(len(backbone), chain))


def joined(parts):
    """One backbone of several."""
    return Backbone(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in FIELDS})


def copies(backbone, chains, seed=0):
    """Copies of a chain, each turned its own way, at corners without symmetry."""
    rng = np.random.default_rng(seed)
    corners = np.array([[0, 0, 0], [45, 0, 0], [0, 60, 0], [0, 0, 75]])
    parts = zip(chains, corners, strict=False)
    return [moved(renamed(backbone, c), random_rotation(rng), at) for c, at in parts]


def peptide(phi, psi, length=20, omegas=None):
    """Backbone (L, 4, 3) with ideal bonds and angles and the same torsions everywhere."""
    omegas = np.full(length - 1, 180.0) if omegas is None else omegas
    atoms = [np.zeros(3), np.array([1.461, 0, 0])]
    atoms.append(place_atom(np.array([0.0, 1, 0]), *atoms, 1.524, 110.9, 180))
    for omega in omegas:
        atoms.append(place_atom(*atoms[-3:], 1.331, 116.8, psi))
        atoms.append(place_atom(*atoms[-3:], 1.461, 121.6, omega))
        atoms.append(place_atom(*atoms[-3:], 1.524, 110.9, phi))
    out = np.full((length, 4, 3), np.nan)
    out[:, :3] = np.reshape(atoms, (length, 3, 3))
    for k in range(length):
        out[k, 3] = place_atom(*out[k, :3], 1.233, 120.4, psi + 180)
    return out


def plain_lddt(model, reference, mask=None, group=None, radius=15.0):
    """Kept shares and number of pairs of every point, in loops; (N,) each."""
    n = len(model)
    kept, total = np.zeros(n), np.zeros(n)
    for i in range(n):
        for j in range(n):
            same = i == j if group is None else group[i] == group[j]
            if same or (mask is not None and not (mask[i] and mask[j])):
                continue
            real = np.linalg.norm(reference[i] - reference[j])
            if not real < radius:
                continue
            total[i] += 1
            off = abs(np.linalg.norm(model[i] - model[j]) - real)
            for threshold in LDDT_THRESHOLDS:
                kept[i] += 0.25 * (off < threshold)  # never for NaN
    return kept, total


def plain_drmsd(model, reference, mask=None):
    """Root mean square difference of pair distances, in loops."""
    squares = []
    for i in range(len(model)):
        for j in range(i):
            if mask is None or (mask[i] and mask[j]):
                one = np.linalg.norm(model[i] - model[j])
                two = np.linalg.norm(reference[i] - reference[j])
                squares.append((one - two) ** 2)
    return np.sqrt(np.mean(squares))


@cache
def windows_of_examples():
    """CA traces of 40 residues of the example structures."""
    pieces = []
    for name in (KRINGLE, CAPSID, REDUCTASE, REPRESSOR):
        backbone = example(name)
        for chain in backbone.chains:
            ca = backbone.chain(chain).ca
            ca = ca[np.isfinite(ca).all(1)]
            pieces += [ca[k : k + 40] for k in range(0, len(ca) - 40, 5)]
    return pieces
