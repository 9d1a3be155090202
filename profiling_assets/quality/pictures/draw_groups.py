"""Controls beside treatments: how a number of the wells is distributed in each group.

Put here: the histogram of cell counts, and the points of each group with their median.
Do not put here: which group a well is in (`quality.cell_count`), the numbers.
"""

# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ matplotlib ships partial types

# ^ matplotlib ships partial types

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from profiling_assets.quality.cell_count import TREATMENT
from profiling_assets.quality.pictures.draw import GROUP_COLORS, INK, SOFT, TOP, headed, picture
from profiling_assets.quality.pictures.draw_plate import Grid

_PLACE = (0.1, 0.18, 0.86, TOP - 0.17)
_POINTS, _MANY = (28, 10), 60  # areas of the points of a few wells and of many
_BINS = 50  # between 0 and the most cells
_GROUPS = len(GROUP_COLORS)
_OTHER = "other controls"
_GOLDEN = 0.6180339887  # steps of this size spread points evenly, and the same way each time


def grouped(values: Mapping[str, float], groups: Mapping[str, str]) -> dict[str, list[float]]:
    """Sort the values of wells by group.

    Treatments first, then negative controls, then the others by name; no more groups than there are
    colors: what is over is one group, `other controls`.
    """
    found: dict[str, list[float]] = {}
    for well, value in values.items():
        if not np.isnan(value):
            found.setdefault(groups.get(well, TREATMENT), []).append(value)
    names = sorted(found, key=lambda name: (name != TREATMENT, name != "negcon", name))
    if len(names) <= _GROUPS:
        return {name: found[name] for name in names}
    rest = [value for name in names[_GROUPS - 1 :] for value in found[name]]
    return {**{name: found[name] for name in names[: _GROUPS - 1]}, _OTHER: rest}


def draw_histogram(
    title: str, subtitle: str, label: str, groups: Mapping[str, Sequence[float]]
) -> Figure:
    """Draw how a number of the wells is distributed, one color a group, stacked.

    `groups`: group to the values of its wells; at least one value in all.
    """
    everything = np.concatenate([np.asarray(values, dtype=float) for values in groups.values()])

    def draw(figure: Figure) -> None:
        axes = figure.add_axes(_PLACE)
        axes.hist(
            list(groups.values()),
            bins=_edges(everything),
            stacked=True,
            color=list(GROUP_COLORS[: len(groups)]),
            label=_labels(groups),
            edgecolor="white",
            linewidth=0.5,
        )
        median = float(np.median(everything))
        axes.axvline(
            median, color=INK, linewidth=0.9, linestyle="--", label=f"median {median:,.6g}"
        )
        axes.set_xlim(left=0)
        axes.set_xlabel(label)
        axes.set_ylabel("wells")
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        _plain(axes)
        figure.legend(loc="lower center", ncols=4, frameon=False, fontsize=7)
        headed(figure, title, subtitle)

    return picture(draw)


def draw_strips(
    title: str,
    subtitle: str,
    label: str,
    groups: Mapping[str, Sequence[float]],
    *,
    low: float | None = None,
    high: float | None = None,
) -> Figure:
    """Draw one point a well, a column a group, with the median of each group.

    `low, high`: ends of the axis; None leaves them to the values.
    """

    def draw(figure: Figure) -> None:
        axes = figure.add_axes(_PLACE)
        for at, (values, color) in enumerate(zip(groups.values(), GROUP_COLORS, strict=False)):
            spread = (np.arange(len(values)) * _GOLDEN % 1 - 0.5) * 0.6
            axes.scatter(
                at + spread,
                values,
                s=_POINTS[len(values) > _MANY],
                color=color,
                alpha=0.75,
                linewidths=0,
            )
            middle = float(np.median(values))
            axes.plot([at - 0.36, at + 0.36], [middle, middle], color=INK, linewidth=1.4)
            axes.annotate(
                f"{middle:.2f}",
                (at + 0.38, middle),
                fontsize=7,
                va="center",
                ha="left",
                bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "linewidth": 0},
            )
        axes.set_xticks(range(len(groups)), labels=_labels(groups, "\n"))
        axes.set_xlim(-0.6, len(groups) - 0.3)
        axes.set_ylim(low, high)
        axes.axhline(0, color=SOFT, linewidth=0.4, zorder=0)
        axes.set_ylabel(label)
        axes.tick_params(axis="x", length=0)
        _plain(axes)
        headed(figure, title, subtitle)

    return picture(draw)


def _edges(values: Grid) -> list[float]:
    high = float(values.max())
    wide = np.histogram_bin_edges(values, bins="auto")
    step = max(float(wide[1] - wide[0]), high / _BINS, 1.0)
    return np.arange(0, high + 2 * step, step).tolist()


def _labels(groups: Mapping[str, Sequence[float]], between: str = " ") -> list[str]:
    # a label that begins with an underscore would be no entry of the legend
    shown = [name if len(name) <= 24 else f"{name[:22]}..." for name in groups]
    return [
        f"{' ' if name.startswith('_') else ''}{name}{between}"
        f"({len(values)} well{'s' if len(values) != 1 else ''})"
        for name, values in zip(shown, groups.values(), strict=True)
    ]


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7, width=0.5)
