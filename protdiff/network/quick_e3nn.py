"""e3nn, imported without torch's compiler.

e3nn marks one function as not to be compiled, and the mark imports torch's compiler, which takes
longer than all the rest of e3nn. Here that function is marked when it is called first.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["o3"]

mark = torch.compiler.disable


def _mark_late(function: Callable[..., Any]) -> Callable[..., Any]:
    """In place of `torch.compiler.disable` as a decorator without options."""

    @wraps(function)
    def marked(*args: Any, **kwargs: Any) -> Any:
        return mark(function)(*args, **kwargs)

    return marked


torch.compiler.disable = _mark_late  # type: ignore[assignment]
try:
    from e3nn import o3
finally:
    torch.compiler.disable = mark
