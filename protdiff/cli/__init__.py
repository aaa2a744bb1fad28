"""The command line, one file per verb."""

from .app import app

__all__ = ["app"]
