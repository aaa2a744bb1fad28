"""Do sequences fold into their designs? Structure predictors, and what they say."""

from typing import TYPE_CHECKING

from ..._system.lazy import lazy_names

if TYPE_CHECKING:
    from .checking import check
    from .results import Checked, best_of_designs

__all__ = ["Checked", "best_of_designs", "check"]

__getattr__, __dir__ = lazy_names(
    __name__, {"Checked": "results", "best_of_designs": "results", "check": "checking"}
)
