"""Where the small statistics that the package ships are found."""

from pathlib import Path

__all__ = ["data_file"]


def data_file(name):
    """Path of a file of `data/`: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "_data", package.parent / "data"):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"data/{name} is missing from this installation")
