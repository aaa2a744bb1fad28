"""Learned models of strings, and their weights files."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from ...network.weights import find_weights
from ...network.weights_file import STRINGS, WeightsError, read_weights, write_weights
from .alphabet import ALPHABETS
from .contraction import log_weight, one_hot
from .mps import MPS, mixture

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from jaxtyping import Float, Int
    from torch import Tensor

    from ...network.weights_file import PathLike

__all__ = ["SHIPPED", "StringModel", "load_string_model", "save_string_model"]

#: Shipped weights by alphabet.
SHIPPED = {"ss": "strings-ss", "joint": "strings-joint"}
PARTS = ("left", "sites", "right")


@dataclass(frozen=True, eq=False)
class StringModel:
    """A matrix product state of an alphabet, and what goes with it.

    Attributes
    ----------
    alphabet : {"ss", "joint"}
    mps : MPS
        Of strings of any length.
    frequencies : Tensor, shape (q,)
        Of the symbols: a chain without structure, and what noise draws.
    classes : dict of str to MPS
        Of the strings of each fold class alone.
    shares : dict of str to float
        Of the chains in each class.
    """

    alphabet: str
    mps: MPS
    frequencies: Float[Tensor, " symbols"]
    classes: Mapping[str, MPS] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)

    def of_class(self, name: str | None) -> MPS:
        """The state that draws strings of a class; without a name, of all classes together.

        The classes together have a larger bond than `mps`, and with it the order of helices and
        strands along whole chains; `mps` has the better likelihood of single residues.
        """
        if name is None:
            return self.mixed() if self.classes else self.mps
        if name not in self.classes:
            raise ValueError(f"no class {name!r} in these weights; train them with --alphabet ss")
        return self.classes[name]

    def mixed(self) -> MPS:
        """The classes in one state: its weights are those of a chain of whatever class."""
        return mixture(list(self.classes.values()), [self.shares[name] for name in self.classes])

    def class_posterior(
        self, strings: Int[Tensor, "batch length"]
    ) -> Float[Tensor, "batch classes"]:
        """Exact probabilities of the classes given strings; sites of -1 are summed over.

        Examples
        --------
        >>> from protdiff.sequence.strings.alphabet import to_symbols
        >>> from protdiff.sequence.strings.string_model import load_string_model
        >>> model = load_string_model()
        >>> chances = model.class_posterior(to_symbols("CC" + "H" * 40 + "?" * 20)[None])[0]
        >>> list(model.classes)[int(chances.argmax())]
        'helical'
        """
        import torch

        logs = [
            log_weight(part, one_hot(part, strings)) + math.log(self.shares[name])
            for name, part in self.classes.items()
        ]
        return torch.stack(logs, -1).softmax(-1)


def save_string_model(
    path: PathLike, model: StringModel, card: Mapping[str, Any] | None = None
) -> None:
    """Write a model, whole or not at all.

    Parameters
    ----------
    path : path
    model : StringModel
    card : dict, optional
        How it was made, as plain values.
    """
    # Single precision: what it rounds is far below what the data decide.
    tensors = {"frequencies": model.frequencies.float()}
    for prefix, mps in {"": model.mps, **{f"{n}.": m for n, m in model.classes.items()}}.items():
        tensors |= {prefix + part: getattr(mps, part).float() for part in PARTS}
    metadata = {"format": STRINGS, "alphabet": model.alphabet, "classes": dict(model.shares)}
    write_weights(path, tensors, metadata, card)


@cache
def _loaded(path: Path, modified: int) -> StringModel:
    metadata, tensors = read_weights(path)
    if metadata["format"] != STRINGS:
        raise WeightsError(f"{path}: weights of a network; give those of strings")
    tensors = {name: tensor.double() for name, tensor in tensors.items()}
    try:
        whole, *classes = (
            MPS(*(tensors[prefix + part] for part in PARTS))
            for prefix in ("", *(f"{name}." for name in metadata["classes"]))
        )
        shares, alphabet = metadata["classes"], metadata["alphabet"]
        if whole.symbols != ALPHABETS[alphabet]:
            raise ValueError(f"{whole.symbols} symbols")
        parts = dict(zip(shares, classes, strict=True))
        return StringModel(alphabet, whole, tensors["frequencies"], parts, shares)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"{path}: made by another version of protdiff ({error})") from None


def load_string_model(name: PathLike | None = None, alphabet: str = "ss") -> StringModel:
    """The model of a weights file; loaded once per file.

    Parameters
    ----------
    name : str or path, optional
        The shipped weights of the alphabet when left out.
    alphabet : {"ss", "joint"}

    Raises
    ------
    WeightsError
        If there are no such weights, or they are of something else.
    """
    path = find_weights(name or SHIPPED[alphabet])
    model = _loaded(path, path.stat().st_mtime_ns)
    if model.alphabet != alphabet:
        raise WeightsError(
            f"{path}: weights of the alphabet {model.alphabet!r}; give those of {alphabet!r}"
        )
    return model
