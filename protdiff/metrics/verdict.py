"""Which quality columns of a structure lie outside the range of real chains, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .population import real_population

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["JUDGED", "LIKE_REAL", "VERDICT", "Outside", "Verdict", "real_range", "verdict"]

#: Columns of a verdict, and what they say.
VERDICT = {
    "outside": "columns outside the range of 98 % of real chains of like length",
    "verdict": "which ones, in words",
}
#: What is said of a structure all of whose columns are inside.
LIKE_REAL = "like real chains"
#: Real chains that a structure stands beside, and the part of them that makes the range.
NEAREST = 400
QUANTILES = (0.01, 0.99)


class Words(NamedTuple):
    """What is wrong with a structure below and above the range; None: nothing."""

    below: str | None
    above: str | None


#: Columns that are judged. Geometry that is more ideal than in real chains is no fault.
JUDGED = {
    "ca_bonds": Words("CA-CA steps off 3.8 Å", None),
    "ca_cis": Words(None, "many cis links"),
    "ca_breaks": Words(None, "broken chain"),
    "clashes_3.0": Words(None, "CA clashes"),
    "clashes_3.6": Words(None, "CA pairs close"),
    "overlaps": Words(None, "backbone atoms overlap"),
    "ca_angles_out": Words(None, "odd CA angles"),
    "rms_n_ca": Words(None, "N-CA bonds off"),
    "rms_ca_c": Words(None, "CA-C bonds off"),
    "rms_c_o": Words(None, "C=O bonds off"),
    "rms_c_n": Words(None, "C-N bonds off"),
    "links_broken": Words(None, "broken C-N bonds"),
    "rms_n_ca_c": Words(None, "N-CA-C angles off"),
    "rms_ca_c_n": Words(None, "CA-C-N angles off"),
    "rms_c_n_ca": Words(None, "C-N-CA angles off"),
    "omega_twisted": Words(None, "twisted peptides"),
    "rama_favoured": Words("few favoured phi and psi", None),
    "rama_outliers": Words(None, "Ramachandran outliers"),
    "phi_negative": Words("many phi > 0", None),
    "right_handed": Words("left-handed helices", None),
    "psea_helix": Words("little helix", "much helix"),
    "psea_strand": Words("little strand", "much strand"),
    "psea_coil": Words("little coil", "much coil"),
    "dssp_helix": Words("little helix", "much helix"),
    "dssp_strand": Words("little strand", "much strand"),
    "dssp_coil": Words("little coil", "much coil"),
    "hydrogen_bonds": Words("few hydrogen bonds", "many hydrogen bonds"),
    "rg_ratio": Words("very compact", "not compact"),
    "contacts": Words("few contacts", "many contacts"),
    "contact_order": Words("contacts near in the chain only", "contacts far in the chain"),
}
#: Columns whose range is that of single chains of a length.
OF_SINGLE_CHAINS = ("rg_ratio", "contacts", "contact_order")
#: Where DSSP has an answer, P-SEA's is not judged a second time.
INSTEAD = {f"psea_{state}": f"dssp_{state}" for state in ("helix", "strand", "coil")}


class Outside(NamedTuple):
    """A column outside its range."""

    column: str
    value: float
    low: float
    high: float
    words: str

    def __str__(self) -> str:
        span = _plain(self.low)
        if self.high > self.low:
            span += f" to {_plain(self.high)}"
        return f"{self.words} ({self.column} {_plain(self.value)}, real {span})"


@dataclass(frozen=True)
class Verdict:
    """A structure beside real chains.

    Attributes
    ----------
    outside : tuple of Outside
    note : str
        Why there is no verdict; empty if there is one.
    """

    outside: tuple[Outside, ...] = ()
    note: str = ""

    def __str__(self) -> str:
        return self.note or ", ".join(map(str, self.outside)) or LIKE_REAL

    def row(self) -> dict[str, Any]:
        """Values of the columns of `VERDICT`."""
        return {"outside": math.nan if self.note else len(self.outside), "verdict": str(self)}


@cache
def real_ranges(residues: int) -> dict[str, tuple[float, float]]:
    """Range of 98 % of the real chains of nearest length, by column.

    Of the chains that the package ships (data/real_chains.npz, benchmarks/build_real.py).
    """
    real = real_population()
    nearest = np.argsort(np.abs(real.lengths - residues), kind="stable")[:NEAREST]
    ranges = {}
    for name in JUDGED:
        values = real.column(name)[nearest]
        low, high = np.quantile(values[np.isfinite(values)], QUANTILES)
        ranges[name] = float(low), float(high)
    return ranges


def real_range(name: str, columns: Mapping[str, float]) -> tuple[float, float] | None:
    """Range of 98 % of the real chains of like length of a column; None where none is known.

    Parameters
    ----------
    name : str
    columns : dict of str to float
        Quality columns of the structure, whose length is taken.

    Examples
    --------
    >>> low, high = real_range("ca_bonds", {"residues": 100})
    >>> round(low, 3), round(high, 3)
    (0.962, 1.0)
    """
    residues = columns.get("residues", 0)
    if name not in JUDGED or residues < real_population().lengths.min():
        return None
    return real_ranges(int(residues))[name]


def verdict(columns: Mapping[str, float], n_chains: int = 1) -> Verdict:
    """Compare quality columns with those of real chains of like length.

    Each column is compared with the range from 1 to 99 % of the real, globular chains of nearest
    length. Four in five real chains have no column outside, one in sixteen has two or more.

    Parameters
    ----------
    columns : dict of str to float
        From `quality`.
    n_chains : int
        Of several chains, size and contacts are not judged; neither are those of chains longer
        than all that the ranges come from.

    Examples
    --------
    >>> print(verdict({"residues": 100, "ca_bonds": 0.8, "rg_ratio": 1.1}))
    CA-CA steps off 3.8 Å (ca_bonds 0.8, real 0.962 to 1)
    """
    residues = int(columns["residues"])
    shortest, longest = real_population().lengths.min(), real_population().lengths.max()
    if residues < shortest:
        return Verdict(note=f"no verdict under {shortest:.0f} residues")
    ranges = real_ranges(residues)
    single = n_chains == 1 and residues <= longest
    found = []
    for name, words in JUDGED.items():
        value = columns.get(name, math.nan)
        answered = INSTEAD.get(name) and not math.isnan(columns.get(INSTEAD[name], math.nan))
        if math.isnan(value) or answered or (name in OF_SINGLE_CHAINS and not single):
            continue
        low, high = ranges[name]
        text = words.below if value < low else words.above if value > high else None
        if text is not None:
            found.append(Outside(name, value, low, high, text))
    return Verdict(tuple(found))


def _plain(value: float) -> str:
    """A number in three digits."""
    return f"{value:.3g}"
