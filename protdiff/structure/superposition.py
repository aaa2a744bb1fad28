"""Least-squares superposition of point sets, batched (Horn 1987, unit quaternions)."""

import torch

__all__ = ["largest_trace", "rmsd", "rotation_of", "superpose"]


def _tables():
    """Horn's symmetric matrix from the covariance (9, 16), rotation from q q^T (16, 9)."""
    xx, xy, xz, yx, yy, yz, zx, zy, zz = torch.eye(9, dtype=torch.float64)
    horn = [
        [xx + yy + zz, yz - zy, zx - xz, xy - yx],
        [yz - zy, xx - yy - zz, xy + yx, zx + xz],
        [zx - xz, xy + yx, yy - xx - zz, yz + zy],
        [xy - yx, zx + xz, yz + zy, zz - xx - yy],
    ]
    (ww, wx, wy, wz), (_, xx, xy, xz), (_, _, yy, yz), (*_, zz) = torch.eye(
        16, dtype=torch.float64
    ).unflatten(0, (4, 4))
    turn = [
        [ww + xx - yy - zz, 2 * (xy + wz), 2 * (xz - wy)],
        [2 * (xy - wz), ww - xx + yy - zz, 2 * (yz + wx)],
        [2 * (xz + wy), 2 * (yz - wx), ww - xx - yy + zz],
    ]
    return (
        torch.stack([torch.stack(row, 1) for row in table], 1).flatten(1) for table in (horn, turn)
    )


HORN, TURN = _tables()


#: Matrices from which on Newton's method is faster than LAPACK, and its iterations at most.
MANY, NEWTON = 100, 16
#: Last step of the root; the error is of the order of its square.
CONVERGED = 1e-9
#: Product of the sums of two singular values, of a matrix of norm 1, below which two rotations are
#: nearly as good and the root of the quartic nearly double: LAPACK decides.
NARROW = 1e-3


def rotation_of(covariance):
    """Rotation R that maximises trace(R^T covariance); never a reflection.

    Parameters
    ----------
    covariance : Tensor, shape (..., 3, 3)
        Sum over points of mobile^T target, both centred.

    Returns
    -------
    Tensor, shape (..., 3, 3)
        ``mobile @ R`` lies on target.
    """
    matrices = covariance.reshape(-1, 3, 3)
    method = _by_eigenvector if len(matrices) < MANY else _by_newton
    return method(matrices).reshape(covariance.shape)


def _by_eigenvector(covariance):
    horn, turn = (table.to(covariance) for table in (HORN, TURN))
    matrix = (covariance.flatten(1) @ horn).unflatten(1, (4, 4))
    q = torch.linalg.eigh(matrix)[1][..., -1]
    return ((q[:, :, None] * q[:, None, :]).flatten(1) @ turn).unflatten(1, (3, 3))


def _by_newton(covariance):
    """The same from the largest eigenvalue alone (Markley, J. Astronaut. Sci. 41, 261, 1993)."""
    c, root, cofactors, determinant, converged = _largest_root(covariance)
    kappa = (root * root - 1) / 2
    zeta = kappa * root - determinant
    rotation = torch.baddbmm((kappa + 1)[:, None, None] * c, c @ c.mT, c, alpha=-1)
    rotation = (rotation + root[:, None, None] * cofactors) / zeta[:, None, None]
    narrow = (~(zeta > NARROW) | ~converged).nonzero()[:, 0]
    if len(narrow):
        rotation[narrow] = _by_eigenvector(c[narrow])
    return rotation.to(covariance.dtype)


def largest_trace(covariance):
    """Trace(R^T covariance) of `rotation_of`; (...) from (..., 3, 3), float64."""
    matrices = covariance.reshape(-1, 3, 3).double()
    _, root, _, _, converged = _largest_root(matrices)
    trace, slow = root * matrices.flatten(1).norm(dim=1), (~converged).nonzero()[:, 0]
    if len(slow):
        rotation = _by_eigenvector(matrices[slow])
        trace[slow] = (rotation * matrices[slow]).sum((1, 2))
    return trace.reshape(covariance.shape[:-2])


def _largest_root(covariance):
    """Largest eigenvalue of Horn's matrix of covariances of norm 1.

    Returns
    -------
    c, root, cofactors, determinant : Tensor
        The covariances, and of them what the names say.
    converged : Tensor of bool
    """
    c = covariance.double()
    c = c / c.flatten(1).norm(dim=1).clamp_min(1e-300)[:, None, None]
    cofactors = torch.linalg.cross(c.roll(-1, 1), c.roll(-2, 1))
    squares = cofactors.square().sum((1, 2))
    determinant = (c[:, 0] * cofactors[:, 0]).sum(1)
    # λ⁴ - 2λ² - 8 det λ + 1 - 4 |cof|² = 0, from above: λ, a sum of three, has
    # λ² = 1 + twice the sum of their products <= 1 + 2 √3 |cof|.
    linear, constant = -8 * determinant, 1 - 4 * squares
    root = (1 + 12**0.5 * squares.sqrt()).sqrt()
    for _ in range(NEWTON):
        square = root * root
        value = torch.addcmul(constant, torch.addcmul(linear, square - 2, root), root)
        step = (value / torch.addcmul(linear, square - 1, root, value=4)).nan_to_num()
        root = root - step
        if float(step.abs().max()) < CONVERGED:
            break
    return c, root, cofactors, determinant, step.abs() < CONVERGED


def superpose(mobile, target, mask=None):
    """Best rigid motion of one point set onto another.

    Parameters
    ----------
    mobile, target : Tensor, shape (..., N, 3)
        Corresponding points.
    mask : Tensor of bool, shape (..., N), optional
        Pairs that count; all if left out.

    Returns
    -------
    rotation : Tensor, shape (..., 3, 3)
    translation : Tensor, shape (..., 3)
        ``mobile @ rotation + translation[..., None, :]`` lies on target. The rotation carries no
        gradient: at the optimum the derivative of the rmsd with respect to it vanishes, so the
        gradient of anything that depends on the rmsd alone is exact and never singular.
    """
    if mask is not None:
        mobile, target = (x.masked_fill(~mask[..., None], 0) for x in (mobile, target))
    weight = torch.ones_like(mobile[..., 0]) if mask is None else mask.to(mobile.dtype)
    weight = (weight / weight.sum(-1, keepdim=True).clamp_min(1))[..., None]
    center, goal = ((weight * x).sum(-2, keepdim=True) for x in (mobile, target))
    with torch.no_grad():
        covariance = (weight * (mobile - center)).mT @ (target - goal)
        rotation = rotation_of(covariance)
    return rotation, (goal - center @ rotation)[..., 0, :]


def rmsd(mobile, target, mask=None):
    """Root mean square distance after superposition, Å; shape (...).

    Differentiable where it is not zero. Arguments as in `superpose`.
    """
    if mask is not None:
        mobile, target = (x.masked_fill(~mask[..., None], 0) for x in (mobile, target))
    rotation, translation = superpose(mobile, target, mask)
    squares = (mobile @ rotation + translation[..., None, :] - target).square().sum(-1)
    if mask is None:
        return squares.mean(-1).sqrt()
    return (squares.masked_fill(~mask, 0).sum(-1) / mask.sum(-1)).sqrt()
