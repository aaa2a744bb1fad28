"""Sums over all strings, by contraction from either end.

Everything is one sum: of the weights of all strings s, each times a product of site weights
w_1[s_1] … w_L[s_L]. Site weights of one select that symbol, of a row of ones leave it open, of a
noise kernel's row say how likely an observed symbol is (`protdiff.sequence.strings.diffusion`).
Vectors are scaled at every site and the logarithms of the scales added: no length underflows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor

    from .mps import MPS

    Weights = Float[Tensor, "batch length symbols"]

__all__ = [
    "any_symbol", "draw", "from_left", "from_right", "left_vectors", "log_norm", "log_prob",
    "log_weight", "marginals", "one_hot", "right_vectors", "sample", "site_entropy",
    "site_log_probs",
]  # fmt: skip


def any_symbol(mps: MPS, length: int) -> Float[Tensor, "1 length symbols"]:
    """Site weights that leave every symbol open."""
    mps.matrices(length)  # which refuses lengths that there are not
    return mps.left.new_ones(1, length, mps.symbols)


def one_hot(mps: MPS, strings: Int[Tensor, "batch length"]) -> Weights:
    """Site weights that select the symbols of strings; -1 leaves a site open."""
    given = strings[..., None] == torch.arange(mps.symbols)
    return (given | (strings[..., None] < 0)).to(mps.left.dtype)


def left_vectors(
    mps: MPS, weights: Weights, lengths: Int[Tensor, " batch"] | None = None
) -> tuple[Float[Tensor, "places batch bond"], Float[Tensor, "places batch"]]:
    """Sums over the sites left of every place 0 … L, scaled, and the logarithms of the scales.

    Parameters
    ----------
    mps : MPS
    weights : Tensor, shape (B, L, q)
    lengths : Tensor of int, shape (B,), optional
        Where strings end; what follows is padding.
    """
    batch, length, _ = weights.shape
    vector = mps.left.expand(batch, -1)
    vectors, logs = [vector], [vector.new_zeros(batch)]
    for site, matrix in enumerate(mps.matrices(length)):
        new, log = _scaled((from_left(vector, matrix) * weights[:, site, :, None]).sum(1))
        if lengths is not None:
            here = site < lengths
            new, log = torch.where(here[:, None], new, vector), torch.where(here, log, 0)
        vector = new
        vectors.append(vector)
        logs.append(logs[-1] + log)
    return torch.stack(vectors), torch.stack(logs)


def right_vectors(mps: MPS, weights: Weights) -> Float[Tensor, "places batch bond"]:
    """Sums over the sites right of every place 0 … L, scaled."""
    batch, length, _ = weights.shape
    matrices = mps.matrices(length)
    vectors = [mps.right.expand(batch, -1)]
    for site in reversed(range(length)):
        wide = from_right(matrices[site], vectors[-1])
        vectors.append(_scaled((wide * weights[:, site, :, None]).sum(1))[0])
    return torch.stack(vectors[::-1])


def from_left(
    vector: Float[Tensor, "batch bond"], matrix: Float[Tensor, "symbols bond bond"]
) -> Float[Tensor, "batch symbols bond"]:
    """Vectors times the matrix of every symbol."""
    symbols, bond, _ = matrix.shape
    return (vector @ matrix.transpose(0, 1).reshape(bond, -1)).view(-1, symbols, bond)


def from_right(
    matrix: Float[Tensor, "symbols bond bond"], vector: Float[Tensor, "batch bond"]
) -> Float[Tensor, "batch symbols bond"]:
    """The matrix of every symbol times vectors."""
    symbols, bond, _ = matrix.shape
    return (vector @ matrix.reshape(-1, bond).T).view(-1, symbols, bond)


def _scaled(
    vector: Float[Tensor, "batch bond"],
) -> tuple[Float[Tensor, "batch bond"], Float[Tensor, " batch"]]:
    """Vectors with a largest entry of 1, and the logarithms of what they were divided by.

    The scale cancels in every result, so that no gradient goes through it.
    """
    scale = vector.detach().abs().amax(-1)
    scale = torch.where(scale > 0, scale, 1)
    return vector / scale[:, None], scale.log()


def log_weight(
    mps: MPS, weights: Weights, lengths: Int[Tensor, " batch"] | None = None
) -> Float[Tensor, " batch"]:
    """Logarithm of the magnitude of the sum over all strings; -inf where no string is possible."""
    vectors, logs = left_vectors(mps, weights, lengths)
    return (vectors[-1] @ mps.right).abs().log() + logs[-1]


def log_norm(mps: MPS, length: int) -> Float[Tensor, ""]:
    """ln Z of the strings of a length.

    Examples
    --------
    The partition function of a helix and coil of 12 residues (Zimm and Bragg):

    >>> from protdiff.sequence.strings import log_norm
    >>> from protdiff.sequence.strings.exact_states import zimm_bragg
    >>> round(float(log_norm(zimm_bragg(1.3, 0.01), 12).exp()), 6)
    5.048155
    """
    return log_weight(mps, any_symbol(mps, length))[0]


def log_prob(mps: MPS, strings: Int[Tensor, "batch length"]) -> Float[Tensor, " batch"]:
    """ln P of strings of one length; a site of -1 is summed over."""
    return log_weight(mps, one_hot(mps, strings)) - log_norm(mps, strings.shape[1])


def marginals(mps: MPS, weights: Weights) -> Weights:
    """Probability of every symbol at every site, given site weights."""
    left, right = left_vectors(mps, weights)[0], right_vectors(mps, weights)
    joint = torch.einsum("lba,lsac,lbc->bls", left[:-1], mps.matrices(weights.shape[1]), right[1:])
    return _normalised(joint * weights)


def site_entropy(mps: MPS, weights: Weights) -> Float[Tensor, "batch length"]:
    """Entropy of every site given site weights, nats."""
    return torch.special.entr(marginals(mps, weights)).sum(-1)


def site_log_probs(mps: MPS, strings: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length"]:
    """ln P of every symbol given those before it; the sum is `log_prob`."""
    given = one_hot(mps, strings)
    left = left_vectors(mps, given)[0]
    right = right_vectors(mps, any_symbol(mps, strings.shape[1]))[:, 0]
    joint = torch.einsum("lba,lsac,lc->bls", left[:-1], mps.matrices(strings.shape[1]), right[1:])
    return (_normalised(joint) * given).sum(-1).log()


def draw(
    mps: MPS, weights: Weights, uniforms: Float[Tensor, "batch length"]
) -> Int[Tensor, "batch length"]:
    """Draw strings given site weights, from left to right, without bias.

    Parameters
    ----------
    mps : MPS
    weights : Tensor, shape (B, L, q) or (1, L, q)
        One set of site weights, or one for each string.
    uniforms : Tensor, shape (B, L)
        Uniform random numbers: the string follows from them.

    Raises
    ------
    ValueError
        If no string is possible with these weights.
    """
    batch, length = uniforms.shape
    right = right_vectors(mps, weights)
    vector = mps.left.expand(batch, -1)
    rows, strings = torch.arange(batch), []
    for site, matrix in enumerate(mps.matrices(length)):
        wide = from_left(vector, matrix)
        chances = (wide * right[site + 1][:, None]).sum(-1) * weights[:, site]
        # Rounding may take a chance of zero below it where weights have either sign.
        ladder = chances.clamp_min(0).cumsum(-1)
        if not bool((ladder[:, -1] > 0).all()):
            raise ValueError("no string is possible: what is given has probability zero")
        symbol = (uniforms[:, site, None] * ladder[:, -1:] >= ladder).sum(-1)
        symbol = symbol.clamp_max(mps.symbols - 1)
        vector = _scaled(wide[rows, symbol])[0]
        strings.append(symbol)
    return torch.stack(strings, -1) if strings else torch.zeros(batch, 0, dtype=torch.long)


def sample(
    mps: MPS, length: int, num: int, generator: torch.Generator | None = None
) -> Int[Tensor, "num length"]:
    """Independent strings of a length."""
    uniforms = torch.rand(num, length, generator=generator, dtype=mps.left.dtype)
    return draw(mps, any_symbol(mps, length), uniforms)


def _normalised(joint: Weights) -> Weights:
    """Probabilities from weights, of either common sign; zeros where nothing is possible."""
    total = joint.sum(-1, keepdim=True)
    return (joint / torch.where(total == 0, 1, total)).clamp_min(0)
