"""Numbers of structure files, as programs write them when a field is unknown or too small.

One value that cannot be read is no reason to refuse a file: it may belong to a water, or be one
that nobody needs. So nothing here raises an error; whoever needs a value checks it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Int, Shaped

    #: Text of every record, without blanks around it.
    Texts = Shaped[np.ndarray, "records"]

__all__ = ["UNKNOWN_NUMBER", "real_numbers", "residue_numbers"]

#: Stands for a residue number that cannot be read.
UNKNOWN_NUMBER = -(2**62)
#: What programs write in place of a value that they do not have, or that does not fit.
NO_VALUE = re.compile(r"[*?.-]*|[+-]?nan|n/?a|null|none", re.IGNORECASE)
#: A standard uncertainty behind a value, such as the (3) of 20.1(3).
UNCERTAINTY = re.compile(r"\(\d*\)$")
#: The first number with four characters of VMD, which counts in hexadecimal from 10,000 on.
HEXADECIMAL = re.compile(r"[0-9a-f]{4}", re.IGNORECASE)
HYBRID36 = re.compile(r"[A-Z][0-9A-Z]{3}|[a-z][0-9a-z]{3}")
LARGEST_FIELD = 9999


def real_numbers(texts: Texts, blank: float) -> Float[np.ndarray, " records"]:
    """Numbers with decimals.

    Parameters
    ----------
    texts : ndarray of str, shape (records,)
    blank : float
        What an empty text stands for.

    Returns
    -------
    ndarray of float, shape (records,)
        NaN where the file has no value (``******``, ``nan``, ``?``), infinite where the text is
        no number at all.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff.structure.io.numbers import real_numbers
    >>> real_numbers(np.array(["1.5", "20.1(3)", "", "****", "1 2.5"]), blank=0).tolist()
    [1.5, 20.1, 0.0, nan, inf]
    """
    filled = np.where(texts == "", str(blank), texts)
    try:
        return filled.astype(np.float64)
    except ValueError:
        return np.array([_real_number(text) for text in filled.tolist()], dtype=np.float64)


def _real_number(text: str) -> float:
    try:
        return float(UNCERTAINTY.sub("", text))
    except ValueError:
        return np.nan if NO_VALUE.fullmatch(text) else np.inf


def residue_numbers(
    texts: Texts, insertion_codes: Texts, chain_ids: Texts
) -> tuple[Int[np.ndarray, " records"], Texts]:
    """Residue numbers and insertion codes.

    Parameters
    ----------
    texts, insertion_codes, chain_ids : ndarray of str, shape (records,)
        In file order.

    Returns
    -------
    numbers : ndarray of int, shape (records,)
        `UNKNOWN_NUMBER` where the text is no number.
    insertion_codes : ndarray of str, shape (records,)

    Notes
    -----
    Four columns of a PDB file are too few from 10,000 on. Programs then write hybrid-36 (A000),
    hexadecimal numbers (2710), or a fifth digit where the insertion code belongs. Numbers that
    begin anew after 9999 stay as they are in the file.

    Examples
    --------
    >>> import numpy as np
    >>> from protdiff.structure.io.numbers import residue_numbers
    >>> texts = np.array(["9999", "2710", "271a", "A000", "1234", "100A"])
    >>> codes, chains = np.array(["", "", "", "", "5", ""]), np.array(list("AAABCD"))
    >>> numbers, codes = residue_numbers(texts, codes, chains)
    >>> numbers.tolist(), codes.tolist()
    ([9999, 10000, 10010, 10000, 12345, 100], ['', '', '', '', '', 'A'])
    """
    full = np.char.str_len(texts) == 4
    fifth = full & np.char.isdigit(insertion_codes)
    if fifth.any():
        texts = np.where(fifth, np.char.add(texts, insertion_codes), texts)
        insertion_codes = np.where(fifth, "", insertion_codes)
    try:
        numbers = texts.astype(np.int64)
    except (ValueError, OverflowError):
        pass
    else:
        beyond = (numbers[:-1] == LARGEST_FIELD) & (texts[1:] == "2710")
        if not (beyond & (chain_ids[:-1] == chain_ids[1:])).any():
            return numbers, insertion_codes
    return _unusual_numbers(texts, insertion_codes, chain_ids)


def _unusual_numbers(
    texts: Texts, insertion_codes: Texts, chain_ids: Texts
) -> tuple[Int[np.ndarray, " records"], Texts]:
    """`residue_numbers` where not all of them are decimal."""
    # With digits in front, letters can only be hexadecimal: hybrid-36 has a letter in front.
    values = texts.tolist()
    hexadecimal = any(
        HEXADECIMAL.fullmatch(text) and text[0].isdigit() and not text.isdigit() for text in values
    )
    numbers, codes = np.full(len(texts), UNKNOWN_NUMBER), insertion_codes.tolist()
    previous: dict[str, int] = {}
    for i, (text, chain) in enumerate(zip(values, chain_ids.tolist(), strict=True)):
        last = previous.get(chain, 0)
        number = _number(text, last, hexadecimal)
        if number is None and not codes[i] and re.fullmatch(r"-?\d{1,9}[A-Za-z]", text):
            number, codes[i] = int(text[:-1]), text[-1]
        if number is not None:
            numbers[i] = previous[chain] = number
    return numbers, np.array(codes, dtype=np.str_)


def _number(text: str, last: int, hexadecimal: bool) -> int | None:
    """Value of one number that follows another in its chain; None if it has none."""
    from biotite.structure.io.pdb.hybrid36 import decode_hybrid36

    candidates: list[int] = []
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        candidates.append(int(text))
    if HYBRID36.fullmatch(text):
        candidates.append(decode_hybrid36(text))
    if last >= LARGEST_FIELD and HEXADECIMAL.fullmatch(text):
        value = int(text, 16)
        # Decimal digits alone are hexadecimal if the file has such numbers, or in sequence.
        sure = hexadecimal or not text.isdigit() or value - last in (0, 1)
        if value > LARGEST_FIELD and sure:
            candidates.append(value)
    if last < LARGEST_FIELD:
        return candidates[0] if candidates else None
    return min(candidates, key=lambda value: abs(value - last - 1), default=None)
