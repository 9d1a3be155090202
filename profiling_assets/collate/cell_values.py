"""What one cell of a CSV is: missing, a whole number, a number or text.

Put here: the rules for a cell and for the cells of one column of one file.
Do not put here: whole files (`object_csv`, `image_csv`), declared types (`column_types`).
The rules are those of `pandas.read_csv`, with which cytominer-database reads, except that a number
is read as Python's `float` reads it (pandas may be off by one unit in the last place) and `True`
stays text.
"""

from collections.abc import Sequence
from typing import Literal

# pandas' default missing values
MISSING = frozenset(
    {
        "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
        "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
    }
)  # fmt: skip
_INT64 = range(-(2**63), 2**63)

Value = int | float | str | None
Kind = Literal["whole", "number", "text"]
_KINDS: dict[type, Kind] = {float: "number", str: "text"}


def value_of(text: str) -> Value:
    """Read a cell, given as in the file without its quotes.

    It is None where missing (NaN too), an int where it is a whole number that fits 64 bits, a float
    with all its digits where it is any other number, else the text, verbatim.
    """
    stripped = text.strip()
    if stripped in MISSING:
        return None
    digits = stripped[1:] if stripped[0] in "+-" else stripped
    if digits.isascii() and digits.isdigit():
        if len(digits) < 19 or (len(digits) < 4300 and int(stripped) in _INT64):
            return int(stripped)
        return float(stripped)
    if "_" in stripped or not stripped.isascii():  # Python takes 1_0 and full-width digits
        return text
    try:
        number = float(stripped)
    except ValueError:
        return text
    return None if number != number else number


def column_values(texts: Sequence[str]) -> tuple[Kind, list[Value]]:
    """Read the cells of one column of one file together, and tell their kind.

    It is `whole` where every cell that is not missing is a whole number, `number` where every one
    is a number, else `text`. In a `text` column all cells are verbatim (`2.50` stays `2.50`), in a
    `number` column all are floats.
    """
    if len(texts) == 1:
        value = value_of(texts[0])
        return _KINDS.get(type(value), "whole"), [value]
    values = [value_of(text) for text in texts]
    kinds = {type(value) for value in values}
    if str in kinds:
        return "text", [
            None if value is None else text for value, text in zip(values, texts, strict=True)
        ]
    if float in kinds:
        # from the text: -0 is a negative zero among numbers that are not whole
        return "number", [
            None if value is None else float(text)
            for value, text in zip(values, texts, strict=True)
        ]
    return "whole", values
