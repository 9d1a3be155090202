"""What is in the pictures, read from what was drawn, and that equal values give equal files."""

import io
import subprocess
import sys
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PathCollection, PolyCollection, QuadMesh
from matplotlib.figure import Figure
from PIL import Image

from profiling_assets.quality.pictures.draw import PREVIEW_BYTES, png, preview, thumbnail
from profiling_assets.quality.pictures.draw_correlation import draw_correlation, well_ticks
from profiling_assets.quality.pictures.draw_groups import draw_histogram, draw_strips, grouped
from profiling_assets.quality.pictures.draw_plate import (
    MISSING,
    UNUSED,
    PlateLayout,
    Scale,
    draw_plate,
)

SCALE = Scale("cells per well")


def all_wells(rows: int, columns: int) -> list[str]:
    layout = PlateLayout(rows, columns)
    return [row + column for row in layout.row_names for column in layout.column_names]


def wells_of(figure: Figure, label: str) -> set[str]:
    """The wells on which patches of a kind lie."""
    axes = figure.axes[0]
    found = [c for c in axes.collections if c.get_label() == label]
    rows = [text.get_text() for text in axes.get_yticklabels()]
    columns = [text.get_text() for text in axes.get_xticklabels()]
    names: set[str] = set()
    for collection in found:
        assert isinstance(collection, PolyCollection)
        for path in collection.get_paths():
            x, y = np.asarray(path.vertices)[:-1].mean(axis=0)
            names.add(rows[round(y)] + columns[round(x)])
    return names


def colors_of(figure: Figure) -> np.ma.MaskedArray:
    mesh = figure.axes[0].collections[0]
    assert isinstance(mesh, QuadMesh)
    values = mesh.get_array()
    assert isinstance(values, np.ma.MaskedArray)
    return values


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts]


def test_a01_is_at_the_top_left_and_each_value_in_its_row_and_column() -> None:
    figure = draw_plate("P", "s", {"A01": 5.0, "B03": 7.0, "H12": 9.0}, SCALE)
    axes = figure.axes[0]
    values = colors_of(figure)
    assert (values[0, 0], values[1, 2], values[7, 11]) == (5.0, 7.0, 9.0)
    assert axes.transData.transform((0, 0))[1] > axes.transData.transform((0, 7))[1]
    assert axes.transData.transform((0, 0))[0] < axes.transData.transform((11, 0))[0]
    assert [text.get_text() for text in axes.texts] == ["5", "7", "9"]


@pytest.mark.parametrize(("rows", "columns", "last"), [(16, 24, "P24"), (32, 48, "AF48")])
def test_large_plates_are_drawn_to_their_last_well(rows: int, columns: int, last: str) -> None:
    wells = all_wells(rows, columns)
    figure = draw_plate("P", "s", dict(zip(wells, range(len(wells)), strict=True)), SCALE)
    assert wells[-1] == last
    assert colors_of(figure).shape == (rows, columns)
    assert figure.axes[0].get_yticklabels()[-1].get_text() == last.rstrip("0123456789")
    assert not figure.axes[0].texts  # no room for numbers
    assert len(preview(png(figure))[0]) <= PREVIEW_BYTES


def test_missing_wells_are_hatched_and_counted_and_wells_not_in_use_are_blank() -> None:
    values = {"A01": 1.0, "A02": np.nan}
    figure = draw_plate("P", "s", values, SCALE, expected=["A01", "A02", "B03"])
    assert wells_of(figure, MISSING) == {"A02", "B03"}
    assert wells_of(figure, UNUSED) == {"A03", "B01", "B02"}
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["no profile (2)"]


def test_where_no_well_is_expected_by_name_every_well_without_a_value_is_missing() -> None:
    figure = draw_plate("P", "s", {"A01": 1.0}, SCALE)
    assert wells_of(figure, MISSING) == {*all_wells(2, 3)} - {"A01"}


def test_a_plate_without_a_value_is_all_missing() -> None:
    figure = draw_plate("P", "s", {}, SCALE, expected=["A01", "B03"], absent="not counted")
    assert wells_of(figure, MISSING) == {"A01", "B03"}
    assert png(figure)


def test_a_scale_of_wells_that_hardly_differ_does_not_show_noise_as_a_pattern() -> None:
    mesh = draw_plate("P", "s", {"A01": 1000.0, "A02": 1001.0}, SCALE).axes[0].collections[0]
    assert mesh.get_clim() == pytest.approx((800.8, 1001.0))


def test_the_matrix_begins_at_the_top_left_on_a_scale_that_all_plates_share() -> None:
    wells = ["A01", "A02", "B01"]
    matrix = np.array([[1, 0.5, np.nan], [0.5, 1, -1], [np.nan, -1, 1]])
    axes = draw_correlation("P", "s", wells, matrix).axes[0]
    (image,) = axes.images
    assert image.origin == "upper"
    assert image.get_clim() == (-1, 1)
    low, high, unknown = (image.get_cmap()(value) for value in (0.0, 1.0, np.nan))
    assert low[2] > low[0]  # blue
    assert high[0] > high[2]  # red
    assert unknown[0] == unknown[1] == unknown[2]
    assert [text.get_text() for text in axes.get_xticklabels()] == wells


def test_of_a_large_plate_the_first_well_of_each_row_is_named() -> None:
    assert well_ticks(all_wells(16, 24))[1] == [f"{row}01" for row in "ABCDEFGHIJKLMNOP"]
    places, names = well_ticks(all_wells(32, 48))
    assert (names[0], names[-1], len(names)) == ("A01", "AE01", 16)
    assert places[1] == 96


def test_treatments_and_controls_are_drawn_apart_and_none_is_lost() -> None:
    values = {"A01": 10.0, "A02": 20.0, "A03": 0.0, "A04": np.nan}
    groups = grouped(values, {"A01": "negcon", "A02": "poscon", "A03": "treatment"})
    assert groups == {"treatment": [0.0], "negcon": [10.0], "poscon": [20.0]}
    figure = draw_histogram("P", "s", "cells", groups)
    heights = [sum(bar.get_height() for bar in bars) for bars in figure.axes[0].containers]
    assert sum(heights) == 3
    strips = draw_strips("P", "s", "r", groups).axes[0]
    points = [c for c in strips.collections if isinstance(c, PathCollection)]
    assert [np.asarray(c.get_offsets())[:, 1].tolist() for c in points] == [[0.0], [10.0], [20.0]]
    assert "negcon\n(1 wells)" not in [t.get_text() for t in strips.get_xticklabels()]
    assert "negcon\n(1 well)" in [t.get_text() for t in strips.get_xticklabels()]


def test_more_groups_than_colors_are_one_group_in_the_end() -> None:
    values = {f"A{number:02d}": float(number) for number in range(1, 13)}
    groups = grouped(values, {well: f"poscon_{well}" for well in values})
    assert len(groups) == 7
    assert sum(map(len, groups.values())) == 12


DRAWN: list[Callable[[str], Figure]] = [
    lambda title: draw_plate(title, "s", {"A01": 1.0, "B02": 5.0}, SCALE),
    lambda title: draw_correlation(title, "s", ["A01", "A02"], np.eye(2)),
    lambda title: draw_histogram(title, "s", "cells", {title: [1.0, 5.0]}),
    lambda title: draw_strips(title, "s", "r", {title: [0.1, 0.5]}),
]


@pytest.mark.parametrize("draw", DRAWN)
def test_equal_values_give_equal_files_without_time_or_version(
    draw: Callable[[str], Figure],
) -> None:
    first, second = png(draw("P")), png(draw("P"))
    assert first == second
    assert preview(first) == preview(second)
    with Image.open(io.BytesIO(first)) as image:
        assert image.size == (1280, 960)
        assert set(image.info) <= {"dpi"}


@pytest.mark.parametrize("draw", DRAWN)
def test_the_style_of_the_user_changes_nothing(draw: Callable[[str], Figure]) -> None:
    plain = png(draw("P"))
    with mpl.rc_context({"font.family": "monospace", "axes.facecolor": "red", "font.size": 30}):
        assert png(draw("P")) == plain


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize(
    "name", ["$x_1$", "_hidden", "100% {of} <b>", "プレート", "x" * 200, "a b-c.d"]
)
def test_every_name_can_be_drawn_and_none_is_read_as_a_formula(
    draw: Callable[[str], Figure], name: str
) -> None:
    figure = draw(name)
    assert "".join(texts(figure)[0].split()).startswith("".join(name.split())[:60])
    assert png(figure)


def test_a_preview_of_thousands_of_colors_stays_within_its_limit() -> None:
    noise = np.random.default_rng(3).uniform(-1, 1, size=(384, 384))
    data = png(draw_correlation("P", "s", all_wells(16, 24), noise))
    small, kind = preview(data)
    assert len(small) <= PREVIEW_BYTES
    assert kind == "image/webp"
    with Image.open(io.BytesIO(small)) as image:
        assert image.width >= 480


def test_a_preview_keeps_the_colors_of_the_scale() -> None:
    # all wells in the lower third of the scale: few pixels have the colors of its upper part
    values = {well: number / 1200 for number, well in enumerate(all_wells(16, 24)[:-12])}
    data = png(draw_plate("P", "s", values, Scale("share", 0, 1)))
    with Image.open(io.BytesIO(data)) as opened:
        full = np.asarray(opened.convert("RGB").resize((760, 570)), dtype=float)
    with Image.open(io.BytesIO(preview(data)[0])) as opened:
        small = np.asarray(opened.convert("RGB"), dtype=float)
    bar = (slice(190, 420, 20), slice(684, 692))  # inside of the scale's bar
    assert np.abs(full[bar] - small[bar]).max() < 12


def test_the_more_pictures_a_page_has_the_smaller_they_are() -> None:
    data = png(draw_plate("P", "s", {"A01": 1.0, "P24": 2.0}, Scale("cells")))
    widths = list[int]()
    for beside in (8, 144, 544):
        with Image.open(io.BytesIO(thumbnail(data, beside)[0])) as image:
            widths.append(image.width)
    assert widths == [480, 320, 240]


@pytest.mark.parametrize(
    "title", ["P", "BR00121431__2021-04-01T10_40_00-Measurement 1 (batch_of_plates)"]
)
def test_nothing_that_is_written_above_a_plate_covers_the_names_of_its_columns(title: str) -> None:
    figure = draw_plate(title, "what is shown\n(by chance 0.08)", {"P24": 1.0}, Scale("cells"))
    png(figure)  # places everything
    names = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    top = max(name.y1 for name in names)
    above = [text.get_window_extent() for text in figure.texts]
    assert len(above) == 2
    assert min(text.y0 for text in above) > top
    assert above[0].y0 > above[1].y1


def test_loading_the_code_location_does_not_load_matplotlib() -> None:
    program = (
        "import sys, profiling_assets.definitions; "
        "sys.exit('matplotlib' in sys.modules or 'PIL' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
