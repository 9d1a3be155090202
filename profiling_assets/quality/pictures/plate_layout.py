"""A plate as a grid of wells: which format it has, and where each well's value goes.

Put here: rows, columns and standard plate formats.
Do not put here: how a well is written (`workspace.wells`), drawing (`quality.pictures.draw_plate`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from profiling_assets.workspace.wells import normalized_well, well_position

Grid = np.ndarray[Any, np.dtype[np.float64]]

# rows and columns of the microplates that are made, 6 to 1,536 wells (ANSI/SLAS 1 to 4)
FORMATS = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
_LETTERS = 26


@dataclass(frozen=True)
class PlateLayout:
    """The grid of a plate.

    Attributes
    ----------
    rows, columns : int
        Its size; A01 is row 0, column 0.
    """

    rows: int
    columns: int

    @property
    def row_names(self) -> tuple[str, ...]:
        """`A`, `B` ... `Z`, `AA` ... from the top."""
        return tuple(row_name(number) for number in range(1, self.rows + 1))

    @property
    def column_names(self) -> tuple[str, ...]:
        """`01`, `02` ... from the left."""
        return tuple(f"{number:02d}" for number in range(1, self.columns + 1))

    def grid(self, values: Mapping[str, float]) -> Grid:
        """Put each well's value where the well is.

        Parameters
        ----------
        values : mapping of str to float
            Well, in any spelling, to value; what is no well of a plate is passed over.

        Returns
        -------
        numpy.ndarray
            Rows by columns; NaN where no value is given.
        """
        grid: Grid = np.full((self.rows, self.columns), np.nan)
        for name, value in values.items():
            well = normalized_well(name)
            if well is None:
                continue
            row, column = well_position(well)
            if row <= self.rows and column <= self.columns:
                grid[row - 1, column - 1] = value
        return grid


def plate_layout(wells: Iterable[str]) -> PlateLayout:
    """Return the smallest plate that has all of some wells.

    Parameters
    ----------
    wells : iterable of str
        Wells in any spelling; what is no well of a plate is passed over.

    Returns
    -------
    PlateLayout
        A standard format; 6 wells where no well is given.
    """
    named = [normalized_well(name) for name in wells]
    places = [well_position(well) for well in named if well is not None]
    rows = max((row for row, _ in places), default=1)
    columns = max((column for _, column in places), default=1)
    return PlateLayout(*next(f for f in FORMATS if rows <= f[0] and columns <= f[1]))


def row_name(number: int) -> str:
    """Write the letters of a row: 1 is `A`, 26 is `Z`, 27 is `AA`, 32 is `AF`."""
    first, second = divmod(number - 1, _LETTERS)
    letter = chr(ord("A") + second)
    return letter if first == 0 else chr(ord("A") + first - 1) + letter
