"""What a condition is: a function of the clean estimate, its posterior variance, and time.

A condition sees one chain: ``condition(clean, variance, u) -> clean``. `clean` (2N, 3) holds the
cosine modes of the CA trace, then one vector per peptide link; `variance` (2N,) is the posterior
variance per coordinate that the Gaussian chain has at time u (1: noise, 0: data). Samplers see
conditions only as part of the denoiser, so each works with all of them.
"""

import torch

from ..flow import cosine_modes
from ..structure.backbone import THREE_TO_ONE

__all__ = ["Condition", "Sum", "ca_of", "conditioned", "second_pass", "types_of"]


def ca_of(clean):
    """CA positions (N, 3) in Å of the components (2N, 3) of a chain; differentiable."""
    n = len(clean) // 2
    return cosine_modes(n).mT @ clean[:n]


def types_of(names):
    """One letter per residue name; None if all are alanine, as residues without a type are."""
    if all(name == "ALA" for name in names):
        return None
    return "".join(THREE_TO_ONE[name] for name in names)


#: A network errs by more than the Gaussian chain's variance where residues are told apart.
#: Conditions get the variance of a time later by the first number up to the second, falling to none
#: at the third: told so, they spread what they correct over neighbours instead of breaking bonds.
#: Chosen on three motif problems (bonds at junctions, clashes); wider or earlier, chains swell.
WIDENING = (0.25, 0.45, 0.75)


#: While a motif finds its pose, or an energy pulls, detail is drawn that no longer fits: a second
#: pass from this time mends most of it (clashes in 6 of 8 samples of 1prw_four, then in 1).
AGAIN = 0.4


class Condition:
    """Base of all conditions; any function ``(clean, variance, u) -> clean`` may be added to one.

    `settle` is called once per sample, before it is drawn, `finish` once after.
    """

    #: Exact conditions are applied after the others, so that nothing moves what they impose.
    exact = False
    #: The fold itself is given: what is left open is drawn as cold as the finest detail.
    keeps_fold = False
    #: Most of the chain is given, and several answers are wanted for the rest.
    redraws = False
    #: For energies, which act in one sum: ``together(energies, clean, variance, u)``.
    together = None
    #: Time of the flow to which the result is noised, to flow back once more; 0: once is enough.
    again = 0.0

    def lengths(self, wanted=None):
        """Lengths that can be met, a range or list, of those that are wanted (None: any)."""
        return wanted

    def settle(self, length, rng):
        """The condition of one sample: what is left open is drawn with `rng`.

        Parameters
        ----------
        length : int
        rng : numpy.random.Generator
        """
        return self

    def __call__(self, clean, variance, u):
        raise NotImplementedError

    def start(self):
        """Clean components (2N, 3) that the sample starts from, and the time; None: from noise."""
        return None

    def finish(self, backbone):
        """The backbone as it goes to the user: names, numbers, place, further chains."""
        return backbone

    def residues(self):
        """Rows (output residue from 0, input chain, number with insertion code, name)."""
        return []

    def sequence(self):
        """Residue types that it knows, X for others; the network is told. None: nothing known."""
        return None

    def __add__(self, other):
        return Sum(self, other)

    def __radd__(self, other):
        return Sum(other, self)


class Sum(Condition):
    """Several conditions, what `a + b` makes: soft ones, energies in one sum, exact ones."""

    def __init__(self, *parts):
        flat = [p for part in parts for p in (part.parts if isinstance(part, Sum) else (part,))]
        for part in flat:
            if not callable(part):
                raise TypeError(f"{part!r} is not a condition: it cannot be called")
        self.parts = flat
        self.again = max(getattr(part, "again", 0.0) for part in flat)
        self.keeps_fold, self.redraws = (
            any(getattr(part, name, False) for part in flat) for name in ("keeps_fold", "redraws")
        )

    def _own(self):
        return [part for part in self.parts if isinstance(part, Condition)]

    def lengths(self, wanted=None):
        for part in self._own():
            wanted = part.lengths(wanted)
        return wanted

    def settle(self, length, rng):
        return Sum(*(
            part.settle(length, rng) if isinstance(part, Condition) else part
            for part in self.parts
        ))  # fmt: skip

    def __call__(self, clean, variance, u):
        energies = [part for part in self.parts if getattr(part, "together", None)]
        others = [part for part in self.parts if not getattr(part, "together", None)]
        for part in others:
            clean = clean if getattr(part, "exact", False) else part(clean, variance, u)
        if energies:
            clean = energies[0].together(energies, clean, variance, u)
        for part in others:
            clean = part(clean, variance, u) if getattr(part, "exact", False) else clean
        return clean

    def start(self):
        return next(filter(None, (part.start() for part in self._own())), None)

    def finish(self, backbone):
        for part in self._own():
            backbone = part.finish(backbone)
        return backbone

    def residues(self):
        return [row for part in self._own() for row in part.residues()]

    def sequence(self):
        return next(filter(None, (part.sequence() for part in self._own())), None)


def second_pass(steps, conditions):
    """Time to which conditions want the result noised, to flow back once more, and its calls.

    Both are 0 if once is enough; otherwise the calls are that share of the steps.
    """
    again = max((getattr(condition, "again", 0.0) for condition in conditions), default=0.0)
    return again, max(2, round(again * steps)) if again else 0


def conditioned(denoise, flow, lengths, conditions, widening=WIDENING):
    """A denoiser whose estimate every chain's condition corrects, if it has one.

    Parameters
    ----------
    denoise : callable
        On the samplers' protocol.
    flow : Flow
        Of the batch, 2·size components per chain.
    lengths : sequence of int
    conditions : sequence of (callable or None)
        One per chain, settled.
    widening : (float, float, float)
        See `WIDENING`; a first number of 0 is exact for exact denoisers.
    """
    if not any(conditions):
        return denoise
    size = flow.mask.shape[1] // 2
    widest, full, until = widening

    def corrected(x, u):
        clean = denoise(x, u)
        k = flow.kernel(u + widest * ((until - u) / (until - full)).clamp(0, 1))
        variance = (flow.variance * k.sigma**2 / k.total).masked_fill(~flow.mask, 0)
        for b, (n, condition) in enumerate(zip(lengths, conditions, strict=True)):
            if condition is not None:
                own = torch.cat([torch.arange(n), torch.arange(size, size + n)])
                made = condition(clean[b, own].double(), variance[b, own], float(u[b]))
                if made.shape != (2 * n, 3) or not bool(made.isfinite().all()):
                    raise ValueError(
                        f"condition {condition!r}: returned no finite (2N, 3) estimate"
                    )
                clean[b, own] = made.to(clean.dtype)
        return clean.masked_fill(~flow.mask[..., None], 0)

    return corrected
