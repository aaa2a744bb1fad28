"""Backbones from noise: the reverse flow, one random generator per sample."""

import time
from dataclasses import dataclass

import numpy as np

from .backbone import RESIDUE_TYPES, Backbone
from .geometry import place_backbone
from .secondary_structure import STATES

__all__ = ["DEFAULT_STEPS", "DEFAULT_TEMPERATURE", "Request", "Sample", "generate", "sample"]

DEFAULT_STEPS = 50
DEFAULT_TEMPERATURE = 1.0
SHORTEST, LONGEST = 8, 2048
#: Residues in one automatic batch: enough to keep the matrix products busy, small in memory.
BATCH_RESIDUES = 800


@dataclass(frozen=True)
class Request:
    """One backbone to be drawn.

    Parameters
    ----------
    index : int
        Number of the sample: with the seed it fixes the random numbers.
    length : int
    sequence, structure : str, optional
        Residue types (X: not given) and secondary structure (H, E, C; - or X: not given).
    """

    index: int
    length: int
    sequence: str | None = None
    structure: str | None = None

    def __post_init__(self):
        if not SHORTEST <= self.length <= LONGEST:
            raise ValueError(
                f"length {self.length}: must lie between {SHORTEST} and {LONGEST} residues"
            )
        for name, text, letters in (
            ("sequence", self.sequence, RESIDUE_TYPES + "X"),
            ("secondary structure", self.structure, STATES + "-X"),
        ):
            if text is None:
                continue
            bad = next((p for p, letter in enumerate(text) if letter not in letters), None)
            if bad is not None:
                raise ValueError(
                    f"{name}: unknown letter {text[bad]!r} at position {bad + 1}; use {letters}"
                )
            if len(text) != self.length:
                raise ValueError(
                    f"{name} has {len(text)} letters, but the length is {self.length}"
                )


@dataclass(frozen=True)
class Sample:
    """A generated backbone with what it took: network calls, seconds of its share of the batch."""

    request: Request
    backbone: Backbone
    calls: int
    seconds: float


def _conditions(requests, size):
    """Condition features (B, size, C) of the requests."""
    from .network.conditions import condition_features

    def indices(text, letters):
        return text and [letters.find(letter) for letter in text]

    return condition_features(
        [indices(request.sequence, RESIDUE_TYPES) for request in requests],
        [indices(request.structure, STATES) for request in requests],
        size,
    )


def _noise_source(requests, size, seed):
    """Function that returns standard normal numbers (B, 2·size, 3), one generator per sample.

    Every sample draws numbers for its own length only, so neither the batch nor its padding can
    change them.
    """
    import torch

    generators = []
    for request in requests:
        state = np.random.SeedSequence([seed, request.index]).generate_state(2, np.uint32)
        generators.append(torch.Generator().manual_seed(int(state[0]) << 32 | int(state[1])))

    def noise():
        out = torch.zeros(len(requests), 2 * size, 3, dtype=torch.float64)
        for row, request, generator in zip(out, requests, generators, strict=True):
            n = request.length
            draw = torch.randn(2, n, 3, generator=generator, dtype=torch.float64)
            row[:n], row[size : size + n] = draw
        return out

    return noise


def sample(
    denoiser,
    requests,
    *,
    seed=0,
    steps=DEFAULT_STEPS,
    temperature=DEFAULT_TEMPERATURE,
    method="sde_2m",
    callback=None,
):
    """Draw one batch of backbones.

    Parameters
    ----------
    denoiser : Denoiser
    requests : list of Request
    steps : int
        Network calls per sample, at least 2.
    temperature : float
        Scales the variance of all noise: below 1 more regular, above 1 more diverse.
    method : str
        Key of `protdiff.flow.SAMPLERS`.
    callback : callable, optional
        Called with (step, u, noisy, clean estimate) at every network call.

    Returns
    -------
    list of Sample
        In the order of the requests.
    """
    import torch

    from .flow import SAMPLERS, stack_modes, to_coords, uniform_times
    from .network.numerics import flush_denormals

    if not temperature > 0:
        raise ValueError(f"temperature {temperature}: must be positive")
    began = time.perf_counter()
    lengths = [request.length for request in requests]
    size = max(lengths)
    flow, denoise = denoiser.bind(lengths, _conditions(requests, size))
    with torch.inference_mode(), flush_denormals():
        clean = SAMPLERS[method](
            denoise,
            flow,
            uniform_times(steps),
            _noise_source(requests, size, seed),
            temperature=temperature,
            callback=callback,
        )
        ca = to_coords(clean[:, :size], stack_modes(lengths, size)).numpy()
    links = clean[:, size:].numpy()
    samples = []
    for row, request in enumerate(requests):
        n = request.length
        coords = place_backbone(ca[row, :n], links[row, : n - 1])
        backbone = Backbone.from_coords(coords, request.sequence)
        samples.append((request, backbone))
    seconds = (time.perf_counter() - began) / len(requests)
    return [Sample(request, backbone, steps, seconds) for request, backbone in samples]


def batches(requests, batch_size=None):
    """Requests of similar length together; `batch_size` samples, or about 800 residues, each."""
    ordered = sorted(requests, key=lambda r: (r.length, r.index))
    while ordered:
        count = batch_size or max(1, BATCH_RESIDUES // ordered[0].length)
        yield ordered[:count]
        ordered = ordered[count:]


def pick_device(device="auto"):
    """Name of an available torch device; ValueError when the one asked for is absent."""
    import torch

    present = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return next(name for name, available in present.items() if available)
    kind = device.split(":")[0]
    if kind not in present:
        raise ValueError(f"device {device!r}: choose auto, cpu, cuda or mps")
    if not present[kind]:
        raise ValueError(f"device {device!r} is not available here; use --device cpu or auto")
    return device


def sample_length(lengths, index, seed):
    """Length of sample `index`: a fixed one, one of a list in turn, or drawn from a range.

    Parameters
    ----------
    lengths : int, range or sequence of int
        A `range` is drawn from uniformly, by a generator of the sample's own.
    """
    if isinstance(lengths, int):
        return lengths
    if isinstance(lengths, range):
        return int(np.random.default_rng([seed, index, 1]).choice(lengths))
    return int(lengths[index % len(lengths)])


def generate(
    length=None,
    num=1,
    *,
    seed=0,
    steps=DEFAULT_STEPS,
    temperature=DEFAULT_TEMPERATURE,
    sequence=None,
    secondary_structure=None,
    weights=None,
    batch_size=None,
    device="auto",
):
    """Generate protein backbones.

    Parameters
    ----------
    length : int, range or sequence of int, optional
        Residues: one length for all, a range to draw from, or lengths taken in turn. May be left
        out when `sequence` or `secondary_structure` is given.
    num : int
        Number of backbones.
    seed : int
        Sample i of a seed is the same whatever `num` and `batch_size` are.
    steps : int
        Network calls per sample.
    temperature : float
        Below 1 more regular structures, above 1 more diverse ones.
    sequence : str, optional
        One-letter codes, X for "not given".
    secondary_structure : str, optional
        H, E and C per residue, - for "not given".
    weights : str or path, optional
        Name of shipped weights, or a .safetensors file.
    batch_size : int, optional
    device : {"auto", "cpu", "cuda", "mps"}

    Returns
    -------
    list of Backbone
        In order of their sample number.

    Raises
    ------
    ValueError
        For lengths outside 8-2048, unknown letters, and texts that do not fit the length.

    Examples
    --------
    >>> import protdiff
    >>> [backbone] = protdiff.generate(length=40, steps=10, seed=1)
    >>> backbone.coords.shape
    (40, 4, 3)
    """
    from .weights import load_weights

    given = sequence or secondary_structure
    if length is None and given is None:
        raise ValueError("give a length, a sequence or a secondary structure")
    requests = [
        Request(
            index,
            len(given) if length is None else sample_length(length, index, seed),
            sequence,
            secondary_structure,
        )
        for index in range(num)
    ]
    denoiser = load_weights(weights, pick_device(device))
    found = {}
    for batch in batches(requests, batch_size):
        for one in sample(denoiser, batch, seed=seed, steps=steps, temperature=temperature):
            found[one.request.index] = one.backbone
    return [found[index] for index in range(num)]
