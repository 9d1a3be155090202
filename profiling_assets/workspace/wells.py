"""Well names: `A1`, `a01` and `A01` are one well.

Put here: how a well is written and ordered.
Do not put here: which wells a plate has (plate maps, ledgers).
"""

import re
from functools import lru_cache

_WELL = re.compile(r"^([A-Za-z]{1,2})0*([1-9][0-9]{0,1})$")


@lru_cache(maxsize=8192)  # the wells of a plate are named again for each of its thousands of sites
def normalized_well(name: str) -> str | None:
    """Write a well as one or two capitals and at least two digits.

    Parameters
    ----------
    name : str
        A well as written in a plate map, a profile or a folder name: `A1`, `a01`, `AF48`.

    Returns
    -------
    str or None
        `A01` for any of `A1`, `a1`, `A01`, `A001`; None where the text is not a well of a plate
        of up to 1,536 wells (rows A to AF, columns 1 to 48).
    """
    found = _WELL.match(name.strip())
    if found is None:
        return None
    row, column = found.group(1).upper(), int(found.group(2))
    if _row_number(row) > 32 or column > 48:
        return None
    return f"{row}{column:02d}"


def well_position(well: str) -> tuple[int, int]:
    """Return row and column of a normalized well, both from 1.

    Parameters
    ----------
    well : str
        A well as `normalized_well` writes it.

    Returns
    -------
    tuple of int
        Row (A is 1, AF is 32) and column.

    Raises
    ------
    ValueError
        Where the text is not a normalized well.
    """
    found = _WELL.match(well)
    if found is None:
        message = f"{well!r} is not a well"
        raise ValueError(message)
    return _row_number(found.group(1).upper()), int(found.group(2))


def _row_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
