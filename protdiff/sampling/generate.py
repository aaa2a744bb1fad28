"""Backbones from noise: the reverse flow, one random generator per sample."""

import time
from dataclasses import dataclass

import numpy as np

from ..structure.backbone import RESIDUE_TYPES, Backbone
from ..structure.geometry import place_backbone
from ..structure.secondary_structure import STATES
from .guidance import check_guidance, guidance_of
from .plan import (
    Request,
    allowed_lengths,
    batches,
    check_fit,
    check_lengths,
    sample_length,
    settled,
)
from .temperature import DEFAULT_TEMPERATURE, check_temperature, least_power, temperatures

__all__ = ["DEFAULT_STEPS", "Sample", "generate", "sample"]

DEFAULT_STEPS = 30


@dataclass(frozen=True)
class Sample:
    """A generated backbone with what it took: network calls, seconds of its share of the batch."""

    request: Request
    backbone: Backbone
    calls: int
    seconds: float


def _conditions(requests, size):
    """Condition features (B, size, C) of the requests."""
    from ..network.condition_features import condition_features

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
        sequence = np.random.SeedSequence(seed, spawn_key=(request.index,))
        state = sequence.generate_state(2, np.uint32)
        generators.append(torch.Generator().manual_seed(int(state[0]) << 32 | int(state[1])))

    def noise():
        out = torch.zeros(len(requests), 2 * size, 3, dtype=torch.float64)
        for row, request, generator in zip(out, requests, generators, strict=True):
            n = request.length
            draw = torch.randn(2, n, 3, generator=generator, dtype=torch.float64)
            row[:n], row[size : size + n] = draw
        return out

    return noise


def _start(flow, conditions, lengths, noise):
    """State to start from (None: the prior) and its time, if the conditions name one."""
    import torch

    given = [condition and condition.start() for condition in conditions]
    if not any(given):
        return None, 1.0
    if len({one and one[1] for one in given}) != 1:
        raise ValueError("the samples of a batch must start at one time; use --batch-size 1")
    size, until = flow.mask.shape[1] // 2, given[0][1]
    clean = torch.zeros(*flow.mask.shape, 3, dtype=torch.float64)
    for row, n, (own, _) in zip(clean, lengths, given, strict=True):
        row[:n], row[size : size + n] = own[:n], own[n:]
    return flow.noise(clean, torch.full((len(clean),), until), noise()), until


def sample(
    denoiser,
    requests,
    *,
    seed=0,
    steps=DEFAULT_STEPS,
    temperature=DEFAULT_TEMPERATURE,
    guidance=None,
    method="matched",
    times=None,
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
        Scales the variance of the noise, see `temperatures`: below 1 more regular in detail,
        above 1 more diverse.
    guidance : float, optional
        See `guidance_of`; 1 is none.
    method : str
        Key of `protdiff.flow.SAMPLERS`.
    times : Tensor, shape (steps,), optional
        Grid from 1 down, in place of the `sampling_times` of the flow.
    callback : callable, optional
        Called with (step, u, noisy, clean estimate) at every network call.

    Returns
    -------
    list of Sample
        In the order of the requests.
    """
    import torch

    from ..conditioning import conditioned, second_pass
    from ..flow import SAMPLERS, sampling_times, to_coords
    from ..network.numerics import flush_denormals

    check_temperature(temperature)
    guidance = guidance_of(denoiser, guidance)
    if times is None and steps < 2:
        raise ValueError(f"{steps} steps: a sample needs at least 2 steps")
    began = time.perf_counter()
    lengths = [request.length for request in requests]
    size = max(lengths)
    told = _conditions(requests, size)
    flow, denoise = denoiser.bind(lengths, told, remember=True, guidance=guidance)
    asked = [request.condition for request in requests]
    denoise = conditioned(denoise, flow, lengths, asked)
    with torch.inference_mode(), flush_denormals():
        noise = _noise_source(requests, size, seed)
        start, until = _start(flow, asked, lengths, noise)
        times = sampling_times(flow, steps, until) if times is None else until * times
        colder = temperatures(flow, temperature, [least_power(request) for request in requests])
        clean = SAMPLERS[method](
            denoise,
            flow,
            times,
            noise,
            temperature=colder,
            callback=callback,
            start=start,
        )
        again, extra = second_pass(len(times), asked)
        if extra:
            again = min(again, until)
            clean = SAMPLERS[method](
                denoise,
                flow,
                sampling_times(flow, extra, again),
                noise,
                temperature=colder,
                callback=callback,
                start=flow.noise(clean, torch.full((len(clean),), again), noise()),
            )
        ca = to_coords(clean[:, :size], lengths).numpy()
    links = clean[:, size:].numpy()
    samples = []
    for row, request in enumerate(requests):
        n = request.length
        coords = place_backbone(ca[row, :n], links[row, : n - 1])
        backbone = Backbone.from_coords(coords, request.sequence)
        if request.condition is not None:
            backbone = request.condition.finish(backbone)
        samples.append((request, backbone))
    seconds = (time.perf_counter() - began) / len(requests)
    calls = len(times) + extra
    return [Sample(request, backbone, calls, seconds) for request, backbone in samples]


def generate(
    length=None,
    num=1,
    *,
    seed=0,
    steps=DEFAULT_STEPS,
    temperature=DEFAULT_TEMPERATURE,
    guidance=None,
    sequence=None,
    secondary_structure=None,
    weights=None,
    batch_size=None,
    device="auto",
    condition=None,
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
    guidance : float, optional
        From 1 (none) on: how far to steer away from a weaker network; the default suits the
        shipped weights.
    sequence : str, optional
        One-letter codes, X for "not given".
    secondary_structure : str, optional
        H, E and C per residue, - for "not given".
    weights : str or path, optional
        Name of shipped weights, or a .safetensors file.
    batch_size : int, optional
    device : {"auto", "cpu", "cuda", "mps"}
    condition : Condition, optional
        What is asked of the backbones, see `protdiff.conditioning`; several add up. May fix the
        length.

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
    from ..network.numerics import pick_device
    from ..network.weights import load_weights

    sequence = sequence and "".join(sequence).upper()
    secondary_structure = secondary_structure and "".join(secondary_structure).upper()
    given = secondary_structure if sequence is None else sequence
    if length is None and given is None and condition is None:
        raise ValueError("give a length, a sequence or a secondary structure")
    for name, value, lowest in (("num", num, 0), ("seed", seed, 0), ("batch_size", batch_size, 1)):
        if value is not None and value < lowest:
            raise ValueError(f"{name} {value}: must be at least {lowest}")
    check_guidance(guidance)
    wanted = None if given is None else [len(given)]
    if given is not None:
        check_fit(len(given), condition)
    wanted = wanted if length is None else check_lengths(length)
    lengths = check_lengths(wanted if condition is None else allowed_lengths(condition, wanted))
    requests = [
        settled(
            Request(index, sample_length(lengths, index, seed), sequence, secondary_structure),
            condition,
            seed,
        )
        for index in range(num)
    ]
    denoiser = load_weights(weights, pick_device(device))
    how = {"seed": seed, "steps": steps, "temperature": temperature, "guidance": guidance}
    found = {}
    for batch in batches(requests, batch_size, denoiser.device):
        for one in sample(denoiser, batch, **how):
            found[one.request.index] = one.backbone
    return [found[index] for index in range(num)]
