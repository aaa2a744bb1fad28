"""What may be shown on a terminal: text of files and their names is shown, and never obeyed.

A control character in a chain id or in the name of a file could clear the screen, change the title
of the window, or make a line look like another one.
"""

from __future__ import annotations

import re
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

__all__ = ["one_line", "plain_output", "printable", "progress_console"]

#: Control characters but for tab and line feed, those that turn the direction of text, and bytes of
#: names that are not UTF-8.
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
#: A word longer than any path that a person would give, of which a message shows both ends.
ENDLESS = re.compile(r"\S{300,}")
SHOWN = 60  # characters of each end
#: Characters of a message, beyond which it is shortened in the middle: the reason is at its end.
LONGEST = 1000
#: How progress bars of other packages go back to the start of a line, or up.
MOVE = re.compile(r"\r|(?:\x1b\[A)+\Z")
#: A word, and the blanks before it.
WORD = re.compile(r" *[^ ]+")


def printable(text: str) -> str:
    r"""The text with escapes for what a terminal would obey.

    Examples
    --------
    >>> print(printable("x\x1b[2J.pdb"))
    x\x1b[2J.pdb
    """
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def one_line(message: object) -> str:
    """A message in one line; of what has no end, words or all of it, the beginning and the end.

    Examples
    --------
    >>> one_line("no such\\n  chain: " + "A" * 1000).replace("A" * 60, "A…")
    'no such chain: A… … A…'
    """
    line = " ".join(str(message).split())
    line = ENDLESS.sub(lambda match: f"{match[0][:SHOWN]} … {match[0][-SHOWN:]}", line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"


def folded(text: str, width: int, column: int = 0) -> str:
    r"""The text with its lines broken between words; a terminal would break them within words.

    Parameters
    ----------
    text : str
    width : int
        Characters of a line. A word that is longer, such as a path, stays in one piece.
    column : int
        Where the text begins.

    Examples
    --------
    >>> print(folded("it takes two lines", 10))
    it takes
    two lines
    """
    lines = []
    for line in text.split("\n"):
        pieces = [line] if column + len(line) <= width else WORD.findall(line)
        for number, piece in enumerate(pieces):
            word = piece.lstrip(" ")
            if column and column + len(piece) > width >= len(word):
                pieces[number], column = f"\n{word}", len(word)
            else:
                column += len(piece)
        lines.append("".join(pieces))
        column = 0
    return "\n".join(lines)


class PlainStream:
    """A text stream that passes on `printable` text, on a terminal `folded`.

    rich, which colours its tables, writes to `rich_proxied_file`; what it is given is made
    printable before.
    """

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = stream
        self.column = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rich_proxied_file, name)

    def write(self, text: str) -> int:
        move = MOVE.match(text)
        start = move.end() if move else 0
        shown = printable(text[start:])
        if not start and self.rich_proxied_file.isatty():
            shown = folded(shown, shutil.get_terminal_size().columns, self.column)
            self.column = len((" " * self.column + shown).rsplit("\n", 1)[-1])
        self.rich_proxied_file.write(text[:start] + shown)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)


@contextmanager
def plain_output() -> Iterator[None]:
    """Context in which stdout and stderr are shown, and not obeyed."""
    before = sys.stdout, sys.stderr
    plain = PlainStream(before[0]), PlainStream(before[1])
    sys.stdout, sys.stderr = cast("tuple[TextIO, TextIO]", plain)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def progress_console() -> Console:
    """Where bars of progress are drawn: stderr itself, whose terminal obeys what rich draws.

    While a bar is drawn rich puts a proxy over `sys.stderr`, so that a console which looks for the
    stream each time would find a `PlainStream` below it and show its own colours as escapes.
    """
    from rich.console import Console

    return Console(file=getattr(sys.stderr, "rich_proxied_file", sys.stderr))
