"""What all pictures have in common: size, font, colors, and the way to a PNG file.

Put here: the page that a picture is drawn on, and how it becomes bytes.
Do not put here: values (the other modules of this package compute them), one kind of picture.
Importing this imports matplotlib, so whoever loads a code location must not: it is imported where a
picture is drawn. Figures are made without pyplot, which keeps them in a global list.
"""

# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ matplotlib ships partial types

# ^ matplotlib ships partial types

import io
import math
import textwrap
import warnings
from collections.abc import Callable
from typing import Any

import matplotlib.style
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# Of a picture in the event log, which holds some for each plate.
PREVIEW_BYTES = 48_000
_INCHES = (6.4, 4.8)
_DOTS_PER_INCH = 200  # 1280 x 960, as the recipe's pictures
TOP = 0.84  # where the drawing ends, of the height; a fixed place costs half of a found one
_LEFT = 0.02
_TITLE_LETTERS = 60
# width, quality; the first keeps the colors of a scale, as a palette of 128 does not
_WEBP = ((760, 85), (760, 75), (760, 50), (640, 40), (640, 20), (480, 20), (320, 10))
# pictures of a page at most, and their width: 36 plates of four pictures take about a megabyte
_THUMBNAILS = ((48, 480), (192, 320), (math.inf, 240))
_THUMBNAIL_QUALITY = 70
_WEBP_TYPE = "image/webp"

INK, SOFT, PALE = "#222222", "#666666", "#ececec"
# Okabe and Ito's colors, told apart by color-blind people too; the first is for treatments
GROUP_COLORS = ("#56b4e9", "#444444", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#0072b2")
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: no font of the machine is used
    "font.size": 7,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.5,
    "text.parse_math": False,  # a plate's name may hold a dollar sign
}


def picture(draw: Callable[[Figure], None]) -> Figure:
    """Draw a figure in our style, whatever style the user has set."""
    with matplotlib.style.context("default"), rc_context(_STYLE):
        figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH)
        draw(figure)
    return figure


def headed(figure: Figure, title: str, subtitle: str) -> None:
    """Write what a picture shows above it, on the left."""
    lines = textwrap.wrap(title, _TITLE_LETTERS)[:2] or [title]
    # with two lines each, both end above the names of the columns
    size, below, small = (9, 0.935, 7.5) if len(lines) == 1 else (8, 0.927, 6.8)
    figure.text(_LEFT, 0.985, "\n".join(lines), fontsize=size, fontweight="bold", va="top")
    figure.text(_LEFT, below, subtitle, fontsize=small, color=SOFT, va="top")


def png(figure: Figure) -> bytes:
    """Write a figure as a PNG file: no time, no version in it, so that equal figures are equal."""
    file = io.BytesIO()
    with warnings.catch_warnings(), matplotlib.style.context("default"), rc_context(_STYLE):
        # a letter that the font lacks becomes a box
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        FigureCanvasAgg(figure).print_png(file, metadata={"Software": None})
    return file.getvalue()


def preview(data: bytes) -> tuple[bytes, str]:
    """Make a picture small enough to be kept with the event of its plate.

    The small picture, of at most `PREVIEW_BYTES`, as good as they allow, and its media type.
    """
    with Image.open(io.BytesIO(data)) as opened:
        full = opened.convert("RGB")
    packed = b""
    for width, quality in _WEBP:
        packed = _packed(_scaled(full, width), quality)
        if len(packed) <= PREVIEW_BYTES:
            break
    return packed, _WEBP_TYPE


def thumbnail(data: bytes, beside: int = 1) -> tuple[bytes, str]:
    """Make a picture small enough to stand beside those of other plates.

    `beside`: pictures that its page has, at most.
    """
    width = next(width for most, width in _THUMBNAILS if beside <= most)
    with Image.open(io.BytesIO(data)) as opened:
        return _packed(_scaled(opened.convert("RGB"), width), _THUMBNAIL_QUALITY), _WEBP_TYPE


def _scaled(image: Image.Image, width: int) -> Image.Image:
    size = (width, round(image.height * width / image.width))
    return image.resize(size, Image.Resampling.LANCZOS)


def _packed(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, format="WEBP", quality=quality)
    return file.getvalue()
