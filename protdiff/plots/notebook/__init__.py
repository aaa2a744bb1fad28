"""What values look like in notebooks: ribbons to turn, and tables."""

from .show import show

__all__ = ["show"]
