"""Names of wells, batches and plates, the key of a plate, and the levels of results.

Put here: what a name may look like, and the one place that splits a `BATCH/PLATE` key.
Do not put here: paths (`layout`), names of site folders (`sites`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from profiling_assets.errors import InvalidNameError

# A name becomes a folder, a file stem and half of a partition key: no separator, no control
# character, no leading dot or blank, nothing that a shell or a URL would read as another place.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f/\\]")
_MAX_BYTES = 200  # a file name adds a suffix and stays below the 255 bytes of a file system


def name_problem(name: str) -> str | None:
    """Say why a name cannot be used; None where it can."""
    if not name or name != name.strip():
        return "it is empty, or begins or ends with a blank"
    if name.startswith(".") or name in {".", ".."}:
        return "it begins with a dot"
    if _FORBIDDEN.search(name):
        return "it has a path separator or a control character"
    if "..." in name:
        return "it has three dots in a row, with which a range of plates is written"
    if len(name.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
        return f"it is longer than {_MAX_BYTES} bytes"
    return None


def checked_name(name: str, kind: str) -> str:
    """Return the name unchanged, or refuse it.

    Raises `InvalidNameError` where the name could leave the workspace.
    """
    problem = name_problem(name)
    if problem is not None:
        raise InvalidNameError(
            f"{name!r} cannot be the name of a {kind}: {problem}",
            remedy=f"rename the {kind}; letters, digits, dots, dashes and blanks are fine",
        )
    return name


@dataclass(frozen=True, order=True)
class PlateKey:
    """A plate of a batch; the same plate name may occur in two batches."""

    batch: str
    plate: str

    def __post_init__(self) -> None:
        """Refuse names that could leave the workspace."""
        checked_name(self.batch, "batch")
        checked_name(self.plate, "plate")

    def __str__(self) -> str:
        """Return the partition key, `BATCH/PLATE`."""
        return f"{self.batch}/{self.plate}"

    @classmethod
    def parse(cls, key: str) -> "PlateKey":
        """Split a `BATCH/PLATE` key.

        Raises `InvalidNameError` where it is not two names with one slash between them.
        """
        batch, slash, plate = key.partition("/")
        if not slash:
            raise InvalidNameError(f"{key!r} does not name a plate", remedy="write BATCH/PLATE")
        return cls(batch, plate)


class Level(StrEnum):
    """What a result exists once of; also the words of `feature_select.level`."""

    PLATE = "plate"
    BATCH = "batch"
    ALL = "all"


PLATE, BATCH, ALL = Level.PLATE, Level.BATCH, Level.ALL


def scope_of(key: PlateKey, level: Level) -> str:
    """Return the partition of a level that a plate belongs to."""
    return {PLATE: str(key), BATCH: key.batch, ALL: str(ALL)}[level]


_WELL = re.compile(r"^([A-Za-z]{1,2})0*([1-9][0-9]{0,1})$")


@lru_cache(maxsize=8192)  # the wells of a plate are named again for each of its thousands of sites
def normalized_well(name: str) -> str | None:
    """Write a well as one or two capitals and at least two digits.

    Any of `A1`, `a1`, `A01`, `A001` is `A01`. None where the text is not a well of a plate of up to
    1,536 wells (rows A to AF, columns 1 to 48).
    """
    found = _WELL.match(name.strip())
    if found is None:
        return None
    row, column = found.group(1).upper(), int(found.group(2))
    if _row_number(row) > 32 or column > 48:
        return None
    return f"{row}{column:02d}"


def well_position(well: str) -> tuple[int, int]:
    """Return row and column of a normalized well, both from 1 (row A is 1, AF is 32).

    Raises `ValueError` where the text is not a normalized well.
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
