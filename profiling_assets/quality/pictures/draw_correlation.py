"""The correlation of every two wells as a matrix of colors.

Put here: the matrix with its scale and the names of its wells.
Do not put here: the correlations (`quality.well_correlation`), other kinds of pictures.
"""

# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ matplotlib ships partial types

# ^ matplotlib ships partial types

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from profiling_assets.quality.pictures.draw import TOP, headed, picture
from profiling_assets.quality.pictures.draw_plate import Grid

_NAMED_WELLS = 48  # more names would overlap
_NAMED_ROWS = 24
_PLACE, _BAR = (0.06, 0.1, 0.9, TOP - 0.1 + 0.04), (0.69, 0.25, 0.02, 0.5)
_UNKNOWN = "#bdbdbd"


def draw_correlation(title: str, subtitle: str, wells: Sequence[str], matrix: Grid) -> Figure:
    """Draw the correlations of all wells, the first well at the top left.

    Blue is low and red is high, as in the recipe's picture; the scale is -1 to 1 on every plate, so
    that plates can be compared. Grey is a correlation that does not exist.

    `wells`: wells in the order of the matrix, row by row of the plate.
    """
    places, names = well_ticks(wells)

    def draw(figure: Figure) -> None:
        axes = figure.add_axes(_PLACE, anchor="NW")
        colors = mpl.colormaps["RdBu_r"].with_extremes(bad=_UNKNOWN)
        shown = np.ma.masked_invalid(matrix)
        image = axes.imshow(shown, cmap=colors, vmin=-1, vmax=1, interpolation="nearest")
        size = 6.0 if len(names) <= 26 else 4.6
        axes.set_xticks(places, labels=names, fontsize=size, rotation=90)
        axes.set_yticks(places, labels=names, fontsize=size)
        axes.tick_params(length=1.5, pad=1.5, width=0.4)
        axes.set_xlabel("wells, row by row of the plate", fontsize=7)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(image, cax=figure.add_axes(_BAR))
        bar.set_label("correlation (Pearson)", fontsize=7)
        bar.ax.tick_params(labelsize=6.5, length=2)
        headed(figure, title, subtitle)

    return picture(draw)


def well_ticks(wells: Sequence[str]) -> tuple[list[int], list[str]]:
    """Choose which wells are named beside a matrix.

    Every well of a small plate, else the first of each row (of each second row where there are
    many).
    """
    if len(wells) <= _NAMED_WELLS:
        return list(range(len(wells))), list(wells)
    first: dict[str, int] = {}
    for at, well in enumerate(wells):
        first.setdefault(well.rstrip("0123456789"), at)
    step = 1 if len(first) <= _NAMED_ROWS else 2
    places = list(first.values())[::step]
    return places, [wells[at] for at in places]
