"""Secondary structure for a sample: what is left open is drawn from a model of real proteins."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..sequence.strings import MPS

__all__ = ["BLUEPRINTS", "drawn_structure"]

#: Fold classes of a blueprint.
BLUEPRINTS = ("helical", "strand", "mixed")


def drawn_structure(
    text: str | None, blueprint: str | None, length: int, index: int, seed: int
) -> str | None:
    """Secondary structure of a sample, with a state for every ``?``.

    The draw is exact: from all strings of the length that agree with the letters, as likely as the
    model has them. Where - or X stands nothing is given, and nothing is drawn.

    Parameters
    ----------
    text : str or None
        H, E, C, -, X and ?; None with a blueprint: a ? for every residue.
    blueprint : {"helical", "strand", "mixed"} or None
        Fold class; None: of any class.
    length, index, seed : int
        Of the sample.

    Raises
    ------
    ValueError
        If what is given has probability zero, or leaves nothing to draw for a blueprint.

    Examples
    --------
    >>> drawn_structure("HHHHHHHH--CCCC", None, 14, 0, 0)
    'HHHHHHHH--CCCC'
    >>> text = drawn_structure("CCHHHHHHHH????HHHHHHHH", None, 22, 0, 0)
    >>> text[:10], len(text), "?" in text
    ('CCHHHHHHHH', 22, False)
    """
    if blueprint is not None and blueprint not in BLUEPRINTS:
        raise ValueError(f"`blueprint` {blueprint}: choose from {', '.join(BLUEPRINTS)}")
    if text is None and blueprint is not None:
        text = "?" * length
    if text is None or ("?" not in text and blueprint is None):
        return text
    if "?" not in text:
        raise ValueError("`blueprint`: `secondary_structure` leaves nothing to draw; write ? there")
    import torch

    from ..sequence.strings import draw, one_hot
    from ..sequence.strings.alphabet import from_symbols, to_symbols

    # (index,) is the stream of the noise, (index, 1) and so on those of other choices.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index, 5)))
    uniforms = torch.from_numpy(rng.random((1, len(text))))
    mps = _state(blueprint)
    try:
        drawn = draw(mps, one_hot(mps, to_symbols(text)[None]), uniforms)
    except ValueError as error:
        raise ValueError(f"`secondary_structure`: {error}") from None
    letters = from_symbols(drawn[0])
    return "".join(new if old == "?" else old for old, new in zip(text, letters, strict=True))


@cache
def _state(blueprint: str | None) -> MPS:
    from ..sequence.strings.string_model import load_string_model

    return load_string_model().of_class(blueprint)
