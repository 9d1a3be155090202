"""What all pictures have in common: size, font, colors, and the way to a PNG file.

Put here: the page that a picture is drawn on, and how it becomes bytes.
Do not put here: values (the other modules of this package compute them), one kind of picture.
Importing this imports matplotlib, so whoever loads a code location must not: it is imported where a
picture is drawn. Figures are made without pyplot, which keeps them in a global list.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ^ matplotlib ships partial types

import io
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
_PREVIEW_COLORS = 128
_WEBP = ((760, 75), (760, 50), (640, 40), (640, 20), (480, 20), (320, 10))  # width, quality
_THUMBNAIL = (480, 75)

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
    """Draw a figure in our style, whatever style the user has set.

    Parameters
    ----------
    draw : callable
        Fills the empty figure.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, which `png` turns into a file.
    """
    with matplotlib.style.context("default"), rc_context(_STYLE):
        figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH)
        draw(figure)
    return figure


def headed(figure: Figure, title: str, subtitle: str) -> None:
    """Write what a picture shows above it, on the left.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The picture; the upper `1 - TOP` of its height is for this.
    title : str
        The plate, verbatim.
    subtitle : str
        What is shown, with its unit.
    """
    lines = textwrap.wrap(title, _TITLE_LETTERS)[:2] or [title]
    figure.text(_LEFT, 0.98, "\n".join(lines), fontsize=9, fontweight="bold", va="top")
    below = 0.935 if len(lines) == 1 else 0.9
    figure.text(_LEFT, below, subtitle, fontsize=7.5, color=SOFT, va="top")


def png(figure: Figure) -> bytes:
    """Write a figure as a PNG file: no time, no version in it, so that equal figures are equal.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What `picture` returned.

    Returns
    -------
    bytes
        The file.
    """
    file = io.BytesIO()
    with warnings.catch_warnings(), matplotlib.style.context("default"), rc_context(_STYLE):
        # a letter that the font lacks becomes a box
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        FigureCanvasAgg(figure).print_png(file, metadata={"Software": None})
    return file.getvalue()


def preview(data: bytes) -> tuple[bytes, str]:
    """Make a picture small enough to be kept with the event of its plate.

    Parameters
    ----------
    data : bytes
        A PNG file.

    Returns
    -------
    tuple of bytes and str
        The small picture and its media type: PNG where that takes at most `PREVIEW_BYTES`, else
        WebP (a matrix of thousands of colors), as good as they allow.
    """
    with Image.open(io.BytesIO(data)) as opened:
        full = opened.convert("RGB")
    small = _scaled(full, _WEBP[0][0])
    packed = _packed(small.quantize(_PREVIEW_COLORS, dither=Image.Dither.NONE))
    if len(packed) <= PREVIEW_BYTES:
        return packed, "image/png"
    for width, quality in _WEBP:
        file = io.BytesIO()
        _scaled(full, width).save(file, format="WEBP", quality=quality)
        packed = file.getvalue()
        if len(packed) <= PREVIEW_BYTES:
            break
    return packed, "image/webp"


def thumbnail(data: bytes) -> tuple[bytes, str]:
    """Make a picture small enough to stand beside those of other plates.

    Parameters
    ----------
    data : bytes
        A PNG file.

    Returns
    -------
    tuple of bytes and str
        A WebP file 480 pixels wide, and its media type.
    """
    with Image.open(io.BytesIO(data)) as opened:
        small = _scaled(opened.convert("RGB"), _THUMBNAIL[0])
    file = io.BytesIO()
    small.save(file, format="WEBP", quality=_THUMBNAIL[1])
    return file.getvalue(), "image/webp"


def _scaled(image: Image.Image, width: int) -> Image.Image:
    size = (width, round(image.height * width / image.width))
    return image.resize(size, Image.Resampling.LANCZOS)


def _packed(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return file.getvalue()
