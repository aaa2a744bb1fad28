"""Structure files: reading, writing, and finding them."""

from typing import TYPE_CHECKING

from ..._system.lazy import lazy_names

if TYPE_CHECKING:
    from .atoms import FileError
    from .paths import find_files, is_structure, stem
    from .read_write import check_writable, count_models, read, read_models, write
    from .trajectories import read_trajectory, write_trajectory

__all__ = [
    "FileError", "check_writable", "count_models", "find_files", "is_structure", "read",
    "read_models", "read_trajectory", "stem", "write", "write_trajectory",
]  # fmt: skip

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "FileError": "atoms",
        "check_writable": "read_write",
        "count_models": "read_write",
        "find_files": "paths",
        "is_structure": "paths",
        "read": "read_write",
        "read_models": "read_write",
        "read_trajectory": "trajectories",
        "stem": "paths",
        "write": "read_write",
        "write_trajectory": "trajectories",
    },
)
