"""Learning models of strings from the chains of a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from ..dataset.store import UNKNOWN
from ..sequence.strings.alphabet import ALPHABETS
from ..sequence.strings.fitting import Fit, first_state, fit, random_state
from ..sequence.strings.string_model import StringModel
from ..structure.secondary_structure import STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Int
    from torch import Tensor

    from ..dataset import ChainSet

__all__ = ["CLASS_FIT", "fold_class", "strings_of", "train_strings"]

#: How the states of single classes are learned, which have fewer chains.
CLASS_FIT = Fit(bond=8, passes=15)


def strings_of(chains: ChainSet, alphabet: str = "ss") -> list[Int[Tensor, " length"]]:
    """The chains as strings of an alphabet; of "joint", those whose types are all known.

    Parameters
    ----------
    chains : ChainSet
        With secondary structure, see `protdiff.training.chains.load_chains`.
    alphabet : {"ss", "joint"}
    """
    if chains.structure is None:
        raise ValueError("`chains`: have no secondary structure; read them by load_chains")
    strings: list[Int[Tensor, " length"]] = []
    for k in range(len(chains)):
        span = chains.span(k)
        states = np.asarray(chains.structure[span]).astype(np.int64)
        types = np.asarray(chains.types[span])
        if alphabet == "joint":
            if (types == UNKNOWN).any():
                continue
            states = len(STATES) * types.astype(np.int64) + states
        strings.append(torch.from_numpy(states))
    return strings


def fold_class(states: Int[Tensor, " length"]) -> str:
    """Class of a string of secondary structure.

    Helical: over 40 % helix and under 5 % strand. Strand: over 25 % strand and under 10 % helix.
    Mixed: over 15 % helix and over 10 % strand.

    Examples
    --------
    >>> from protdiff.sequence.strings.alphabet import to_symbols
    >>> [fold_class(to_symbols(text)) for text in ("CHHHHC", "CEEC", "CHHCEEC", "CCCC")]
    ['helical', 'strand', 'mixed', 'other']
    """
    helix, strand = (float((states == STATES.index(s)).double().mean()) for s in "HE")
    if helix > 0.4 and strand < 0.05:
        return "helical"
    if strand > 0.25 and helix < 0.1:
        return "strand"
    return "mixed" if helix > 0.15 and strand > 0.1 else "other"


def train_strings(
    strings: Sequence[Int[Tensor, " length"]],
    alphabet: str,
    options: Fit,
    *,
    classes: Fit | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> StringModel:
    """A model of strings; of secondary structure, also of the strings of every class.

    Parameters
    ----------
    strings : sequence of int tensors
    alphabet : {"ss", "joint"}
    options : Fit
    classes : Fit, optional
        For the states of the classes of secondary structure; none by default.
    progress : callable, optional
        Called with (steps done, steps in all) for the state of all strings.

    Returns
    -------
    StringModel
    """
    symbols = ALPHABETS[alphabet]
    counts = torch.bincount(torch.cat(list(strings)), minlength=symbols).double()
    frequencies = (counts + 1) / (
        counts + 1
    ).sum()  # a symbol that never occurred is not impossible
    labels = torch.arange(symbols) % len(STATES)  # the states, of either alphabet
    start = first_state(strings, symbols, options, labels)
    mps = fit(strings, symbols, options, progress, start=start)
    if classes is None or alphabet != "ss":
        return StringModel(alphabet, mps, frequencies)
    groups: dict[str, list[Int[Tensor, " length"]]] = {
        name: [] for name in ("helical", "strand", "mixed", "other")
    }
    for string in strings:
        groups[fold_class(string)].append(string)
    groups = {name: group for name, group in groups.items() if group}
    # What is drawn needs the order along whole chains. States that begin as contexts are likelier,
    # but keep to what is near: helix followed helix 7 % too often.
    start = random_state(symbols, classes.bond, classes.seed)
    parts = {name: fit(group, symbols, classes, start=start) for name, group in groups.items()}
    shares = {name: len(group) / len(strings) for name, group in groups.items()}
    return StringModel(alphabet, mps, frequencies, parts, shares)
