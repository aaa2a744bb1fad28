"""A pocket: keep a ball free of CA atoms, walled by 12 of them. `--energy …/pocket.py:pocket`."""

RADIUS, WALL = 7.0, 12  # Å, residues


def pocket(ca):
    """A ball at the centroid, free inside, with the nearest residues on its surface."""
    distance = ((ca - ca.mean(0)).square().sum(-1) + 1e-6).sqrt()
    free = (RADIUS - distance).clamp_min(0).square().sum()
    lining = (distance.sort()[0][:WALL] - RADIUS - 1).square().sum()
    return free + lining
