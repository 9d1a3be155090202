"""A value of each well, drawn where the well is on the plate.

Put here: the plate as a heatmap: wells, names of rows and columns, scale, wells without a value.
Do not put here: the values, other kinds of pictures.
"""

# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ matplotlib ships partial types

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from profiling_assets.quality.pictures.draw import INK, PALE, TOP, headed, picture
from profiling_assets.workspace.names import normalized_well, well_position

Grid = np.ndarray[Any, np.dtype[np.float64]]

# rows and columns of the microplates that are made, 6 to 1,536 wells (ANSI/SLAS 1 to 4)
FORMATS = ((2, 3), (3, 4), (4, 6), (6, 8), (8, 12), (16, 24), (32, 48))
_LETTERS = 26


@dataclass(frozen=True)
class PlateLayout:
    """The grid of a plate; in it A01 is row 0, column 0."""

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
        """Put each well's value where the well is: rows by columns, NaN where none is given."""
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


Mask = np.ndarray[Any, np.dtype[np.bool_]]

MISSING = "missing wells"  # names of what is drawn, by which it is found again
UNUSED = "unused wells"
VALUES = "wells"
_CLOSE = 0.8
_PLACE, _BAR = (0.045, 0.08, 0.83, TOP - 0.08), (0.895, 0.3, 0.02, TOP - 0.35)
_DARK = 0.55  # share of the scale above which a number is written in white
_WRITTEN_WELLS = 96  # on larger plates there is no room for a number in a well
_ABSENT, _HATCH = "#b03060", "/////"
_NAME_SIZES = ((12, 8.0), (24, 6.5), (48, 4.6))


@dataclass(frozen=True)
class Scale:
    """How values become colors."""

    label: str  # what the values are, with the unit
    # the ends of the scale; None for the lowest value (or 0.8 of the highest, so that small
    # differences look small) and for the highest
    low: float | None = None
    # the ends of the scale; None for the lowest value (or 0.8 of the highest, so that small
    # differences look small) and for the highest
    high: float | None = None
    colors: str = "Blues"  # name of the color map
    written: str = "{:,.0f}"  # format of a value that is written into its well


def draw_plate(
    title: str,
    subtitle: str,
    values: Mapping[str, float],
    scale: Scale,
    *,
    expected: Collection[str] = (),
    absent: str = "no profile",
) -> Figure:
    """Draw a value of each well on the plate, A01 at the top left.

    `values`: well to value; NaN for a well without one. `expected`: wells that should have a value.
    Those that have none are hatched, further wells of the plate are left blank; where no well is
    named, all of the plate are expected.
    """
    layout = plate_layout([*values, *expected])
    grid = layout.grid(values)
    asked = layout.grid(dict.fromkeys(expected or _all_wells(layout), 1.0))
    asked[~np.isnan(layout.grid(dict.fromkeys(values, 1.0)))] = 1.0
    missing = np.isnan(grid) & ~np.isnan(asked)
    unused = np.isnan(grid) & np.isnan(asked)

    def draw(figure: Figure) -> None:
        axes = figure.add_axes(_PLACE, anchor="NW")
        _name_wells(axes, layout)
        _draw_values(figure, axes, grid, scale)
        if layout.rows * layout.columns <= _WRITTEN_WELLS:
            _write_values(axes, grid, scale)
        _fill(axes, unused, UNUSED, edge=PALE)
        _fill(axes, missing, MISSING, edge=_ABSENT, hatch=_HATCH)
        if missing.any():
            key = Patch(
                label=f"{absent} ({int(missing.sum())})",
                facecolor="white",
                edgecolor=_ABSENT,
                hatch=_HATCH,
                linewidth=0.6,
            )
            figure.legend(handles=[key], loc="lower left", frameon=False, fontsize=7)
        headed(figure, title, subtitle)

    return picture(draw)


def _all_wells(layout: PlateLayout) -> list[str]:
    return [row + column for row in layout.row_names for column in layout.column_names]


def _name_wells(axes: Axes, layout: PlateLayout) -> None:
    size = next(points for most, points in _NAME_SIZES if layout.columns <= most)
    axes.set_xticks(range(layout.columns), labels=layout.column_names, fontsize=size)
    axes.set_yticks(range(layout.rows), labels=layout.row_names, fontsize=size)
    axes.tick_params(length=0, pad=2, labeltop=True, labelbottom=False)
    axes.set_xlim(-0.5, layout.columns - 0.5)
    axes.set_ylim(layout.rows - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.spines[:].set_visible(False)


def _draw_values(figure: Figure, axes: Axes, grid: Grid, scale: Scale) -> None:
    low, high = _ends(grid, scale)
    mesh = axes.pcolormesh(
        np.arange(grid.shape[1] + 1) - 0.5,
        np.arange(grid.shape[0] + 1) - 0.5,
        np.ma.masked_invalid(grid),
        cmap=scale.colors,
        vmin=low,
        vmax=high,
        edgecolors="white",
        linewidth=0.6 if grid.size <= 384 else 0.25,
        label=VALUES,
    )
    bar = figure.colorbar(mesh, cax=figure.add_axes(_BAR))
    bar.set_label(scale.label, fontsize=7)
    bar.ax.tick_params(labelsize=6.5, length=2)


def _ends(grid: Grid, scale: Scale) -> tuple[float, float]:
    known = grid[~np.isnan(grid)]
    high = scale.high if scale.high is not None else float(known.max(initial=0.0))
    low = scale.low if scale.low is not None else float(known.min(initial=_CLOSE * high))
    return low, high if high > low else low + 1


def _write_values(axes: Axes, grid: Grid, scale: Scale) -> None:
    low, high = _ends(grid, scale)
    for row, line in enumerate(grid.tolist()):
        for column, value in enumerate(line):
            if not np.isnan(value):
                axes.text(
                    column,
                    row,
                    scale.written.format(value),
                    ha="center",
                    va="center",
                    fontsize=8.5 if grid.size <= 24 else 6.5,
                    color="white" if (value - low) / (high - low) > _DARK else INK,
                )


def _fill(axes: Axes, where: Mask, label: str, *, edge: str, hatch: str | None = None) -> None:
    rows, columns = np.nonzero(where)
    half = 0.46
    corners = [
        [(c - half, r - half), (c + half, r - half), (c + half, r + half), (c - half, r + half)]
        for r, c in zip(rows.tolist(), columns.tolist(), strict=True)
    ]
    if corners:
        wells = PolyCollection(
            corners, label=label, facecolors="white", edgecolors=edge, linewidths=0.5, hatch=hatch
        )
        axes.add_collection(wells)
