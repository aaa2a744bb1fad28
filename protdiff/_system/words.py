"""Numbers in messages: "1 backbone", "2 backbones"."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["alternatives", "counted", "either", "in_brief", "were_there"]


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count and its noun, in the singular if it is 1.

    Parameters
    ----------
    count : int
    noun : str
    plural : str
        Left out, it is the noun and an s.

    Examples
    --------
    >>> counted(1, "backbone"), counted(0, "backbone"), counted(2, "FASTA entry", "FASTA entries")
    ('1 backbone', '0 backbones', '2 FASTA entries')
    """
    return f"{count} {either(count, noun, plural or noun + 's')}"


def in_brief(error: object, most: int = 120) -> str:
    """What an error says, in one line that ends with a whole word; its kind if it says nothing.

    Examples
    --------
    >>> in_brief(ValueError("no such column\\nin the table"), 20)
    'no such column in …'
    >>> in_brief(EOFError())
    'EOFError'
    """
    said = " ".join(str(error).split()) or type(error).__name__
    if len(said) <= most:
        return said
    whole, _, rest = said[: most - 1].rpartition(" ")  # with room for the dots
    return f"{whole or rest} …"


def either(count: int, one: str, many: str) -> str:
    """The word for one, or that for several.

    Examples
    --------
    >>> either(1, "was", "were"), either(3, "was", "were")
    ('was', 'were')
    """
    return one if count == 1 else many


def were_there(count: int, noun: str = "") -> str:
    """What a run that goes on says of what an earlier one made.

    Examples
    --------
    >>> were_there(1), were_there(3, "model")
    ('1 was there already', '3 models were there already')
    """
    what = counted(count, noun) if noun else str(count)
    return f"{what} {either(count, 'was', 'were')} there already"


def alternatives(words: Sequence[str]) -> str:
    """Words of which one is to be chosen.

    Examples
    --------
    >>> alternatives([".png", ".svg", ".pdf"]), alternatives([".csv"])
    ('.png, .svg or .pdf', '.csv')
    """
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
