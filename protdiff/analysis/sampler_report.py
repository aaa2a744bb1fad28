"""Where the errors of trained weights come from, band by band (docs/theory.md 3.4)."""

from dataclasses import dataclass

from ..structure.constants import BANDS

__all__ = ["SamplerReport", "report_sampler"]


@dataclass(frozen=True)
class SamplerReport:
    """What `report_sampler` found; nats per chain, rows are bands of modes, then links.

    Attributes
    ----------
    bands : list of str
    start : list of float
        KL of the noised data to what samplers start from. Closed form, Gaussian chain.
    steps : dict of int to list of float
        Per number of network calls, KL of what the sampler draws with the exact denoiser of the
        Gaussian chain, start included. Closed form.
    learned : list of float
        Likelihood bound that the network gains over the Gaussian chain.
    score : list of float
        Lower bound of the network's own error ½∫dSNR E|D_θ - D|²: what the best linear
        recalibration of its output per band and time would gain on chains that did not fit it.
        0 where it gains nothing.
    score_error : list of float
        Standard error of `score` over chains.
    recommended : int or None
        Fewest calls, of those asked for, whose error beyond the start is in every band below
        `score` and its standard error; None if there are none.
    chains, residues : int
    """

    bands: list
    start: list
    steps: dict
    learned: list
    score: list
    score_error: list
    recommended: int | None
    chains: int
    residues: int


def report_sampler(
    denoiser, chains, calls=(8, 16, 32), *, sampler=None, points=21, seed=0, advance=None
):
    """Split the error of drawing samples with a denoiser into start, steps and score.

    Parameters
    ----------
    denoiser : Denoiser
    chains : list of Backbone
        Held-out, whole, unbroken, with all backbone atoms, of similar length; at least 4.
    calls : sequence of int
    sampler : callable, optional
        One of `protdiff.flow.SAMPLERS`; that of `protdiff.generate` by default.
    points : int
        Times of the integral over the flow, odd.
    seed : int
    advance : callable, optional
        Called with 1 for each of points + len(calls) parts.

    Returns
    -------
    SamplerReport
    """
    import torch

    from ..flow import matched, sampling_times
    from ..flow.sampler_error import initialisation_error, sampler_error, score_error
    from ..network.numerics import flush_denormals
    from .replicas import chain_components

    lengths = [len(chain) for chain in chains]
    size, step = max(lengths), advance or (lambda count: None)
    flow, denoise = denoiser.bind(lengths)
    clean = chain_components(chains, size)
    band = _bands(flow)
    generator = torch.Generator().manual_seed(seed)
    gains = {"learned": [], "score": []}
    times = torch.linspace(0, 1, points, dtype=torch.float64)
    with torch.inference_mode(), flush_denormals():
        for u in times:
            now = u.expand(len(clean))
            k = flow.kernel(now)
            epsilon = torch.randn(clean.shape, generator=generator, dtype=torch.float64)
            noisy = flow.noise(clean, now, epsilon)
            gaussian, found = k.c_skip[..., None] * noisy, denoise(noisy, now)
            residual, change = clean - found, found - gaussian
            before = (clean - gaussian).square().sum(-1)
            gains["learned"].append(before - residual.square().sum(-1))
            features = torch.stack([change, gaussian], -1)
            gains["score"].append(_recalibration(residual, features, k.c_out, band))
            step(1)
        totals = {}
        for name, values in gains.items():
            table = dict(zip(times.tolist(), values, strict=True))
            totals[name] = _by_band(
                score_error(flow, times, lambda u, t=table: t[float(u[0])]), band
            )
        middle = denoiser.recipe([sorted(lengths)[len(lengths) // 2]])
        where = _bands(middle)
        start = _by_band(initialisation_error(middle), where)[0]
        steps = {}
        for count in calls:
            grid = sampling_times(middle, count)
            steps[count] = _by_band(sampler_error(sampler or matched, middle, grid), where)[0]
            step(1)
    mean = totals["score"].mean(0)
    error = totals["score"].std(0) / len(chains) ** 0.5
    score = mean.clamp_min(0)
    good = [n for n in sorted(steps) if bool((steps[n] - start < score + error).all())]
    return SamplerReport(
        bands=[*BANDS, "links"],
        start=start.tolist(),
        steps={n: values.tolist() for n, values in steps.items()},
        learned=totals["learned"].mean(0).tolist(),
        score=score.tolist(),
        score_error=error.tolist(),
        recommended=good[0] if good else None,
        chains=len(chains),
        residues=sum(lengths),
    )


def _bands(flow):
    """Band of every component, `len(BANDS)` for links, -1 where there is none; (B, D)."""
    import torch

    edges = torch.tensor(list(BANDS.values())[:-1], dtype=torch.float64)
    band = torch.bucketize(2 * torch.pi / flow.momenta, edges)
    band[:, flow.mask.shape[1] // 2 :] = len(BANDS)
    return band.masked_fill(~flow.mask, -1)


def _by_band(values, band):
    """Sums over the components of each band; (B, bands + 1)."""
    import torch

    return torch.stack([values.masked_fill(band != b, 0).sum(1) for b in range(len(BANDS) + 1)], 1)


def _recalibration(residual, features, scale, band):
    """Error that a linear correction, fitted on the other half of the chains, takes away; (B, D).

    In units of c_out, so that all components of a band weigh alike in the fit.
    """
    import torch

    scale = torch.where(band >= 0, scale, 1.0)[..., None]
    r, f = residual / scale, features / scale[..., None]
    gain = torch.zeros_like(r[..., 0])
    half = torch.arange(len(r)) % 2 == 0
    for b in range(len(BANDS) + 1):
        here = band == b
        for fit, apply in ((half, ~half), (~half, half)):
            rows, places = here & fit[:, None], here & apply[:, None]
            if not bool(rows.any()):
                continue
            x, y = f[rows].reshape(-1, f.shape[-1]), r[rows].flatten()
            ridge = 1e-9 * torch.eye(x.shape[1], dtype=x.dtype) * float(y.square().sum() + 1e-30)
            weight = torch.linalg.solve(x.T @ x + ridge, x.T @ y)
            left = r[places] - f[places] @ weight
            gain[places] = (r[places].square() - left.square()).sum(-1)
    return gain * scale[..., 0].square()
