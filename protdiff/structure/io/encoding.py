"""Bytes of a text file as text, whatever program or system wrote them."""

from __future__ import annotations

import codecs

__all__ = ["decoded", "encoding_of"]

#: Byte order marks; those of UTF-32 first, because one of them begins like one of UTF-16.
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def encoding_of(content: bytes) -> str:
    """Encoding by a byte order mark, or by where the zeros are; UTF-8 if nothing says otherwise."""
    marked = next((name for mark, name in MARKS.items() if content.startswith(mark)), None)
    if marked is not None:
        return marked
    even, odd = content[:64:2], content[1:64:2]
    if odd and not any(odd):
        return "utf-16-le"
    return "utf-16-be" if even and not any(even) else "utf-8"


def decoded(content: bytes) -> str:
    r"""Text of a file, with ``\n`` at the end of each line.

    Byte order marks are left out. Without one, text is UTF-8, or Latin-1 where it cannot be; in
    UTF-16 without a mark every other byte of the first characters is zero.

    Examples
    --------
    >>> from protdiff.structure.io.encoding import decoded
    >>> decoded(b"\xef\xbb\xbfHEADER\r\nEND\r")
    'HEADER\nEND\n'
    """
    encoding = encoding_of(content)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("latin-1" if encoding == "utf-8" else encoding, errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
