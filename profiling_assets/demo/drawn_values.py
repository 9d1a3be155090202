"""Plausible values for measurements: hidden traits of cells, seen through each feature's law.

Put here: drawing.
Do not put here: how a measurement is distributed (`laws`), names (`measurement_names`), files
(`generate`).
Every cell has a few hidden traits (size, shape, texture, crowding, position, the brightness of each
channel). A feature is a mix of traits and noise, put through the form of its law (an area is
log-normal, a correlation lies between 0 and 1). So features of one kind are correlated, as in
real profiles: the four directions of a texture, or the radii of an object, are near-duplicates.
"""

import re
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from profiling_assets.demo.laws import BODY, IMAGE_SIDE, PLACES, Form, Law, law_of

Floats = npt.NDArray[np.float64]

_JITTER = 0.12  # how much features of one law differ in what they share
_LIMIT = 4.0  # standard deviations; beyond lie only values that no segmentation gives
_INTEGER = frozenset({Form.WHOLE_LOG, Form.WHOLE, Form.NUMBER, Form.PARTNER})
_CENTRE_SHIFT = {"Cytoplasm": -0.25, "Nuclei": -1.5}  # log of the area, relative to the cell


class Table:
    """The laws of one table's measurements, ready to draw rows from.

    Each of the `names` has a law; `channels` are those that names may speak of.
    """

    def __init__(self, table: str, names: Sequence[str], channels: Sequence[str]) -> None:
        self.names = tuple(names)
        self.traits = (*BODY, *PLACES, *channels)
        laws = [_known_law(name) for name in names]
        self.forms = tuple(law.form for law in laws)
        self._scale = np.array([law.scale for law in laws])
        self._offset = np.array([law.offset for law in laws])
        self._centre = np.array(
            [law.centre + _centre_shift(table, n) for n, law in zip(names, laws, strict=True)]
        )
        self._spread = np.array([law.spread for law in laws])
        self._loadings = np.column_stack(
            [_loadings(n, law, self.traits) for n, law in zip(names, laws, strict=True)]
        )
        explained = (self._loadings**2).sum(axis=0)
        self._noise = np.sqrt(np.clip(1.0 - explained, 0.0, None))
        self._of_form = {
            form: np.array([i for i, f in enumerate(self.forms) if f is form]) for form in Form
        }

    def draw(
        self, traits: Floats, shift: Floats, rng: np.random.Generator
    ) -> list[list[float] | list[int]]:
        """Draw one row for each cell.

        A list for each measurement: Python integers where CellProfiler writes integers, else
        floats. `traits` are cells x traits, with standard deviation 1 over a population; `shift` is
        what a treatment adds to each measurement, in standard deviations of single cells.
        """
        rows = len(traits)
        noise = rng.standard_normal((rows, len(self.names)))
        standard = np.clip(traits @ self._loadings + noise * self._noise, -_LIMIT, _LIMIT)
        values = self._centre + self._spread * (standard + shift)
        for form, which in self._of_form.items():
            if which.size:
                values[:, which] = _formed(form, values[:, which], self._centre[which], rng)
        values = values * self._scale + self._offset
        self._agree(values)
        columns = values.T.tolist()
        return [
            [int(v) for v in column] if self._is_integer(i) else column
            for i, column in enumerate(columns)
        ]

    def _is_integer(self, index: int) -> bool:
        form = self.forms[index]
        name = self.names[index]
        fixed = form is Form.FIXED and not re.match(r"(Location_\w+_Z_|Correlation_)", name)
        return form in _INTEGER or fixed

    def _agree(self, values: Floats) -> None:
        """Let diameter, hull and bounding box be possible for the area."""
        column = {name: i for i, name in enumerate(self.names)}
        if "AreaShape_Area" not in column:
            return
        area = values[:, column["AreaShape_Area"]]
        if (diameter := column.get("AreaShape_EquivalentDiameter")) is not None:
            values[:, diameter] = np.sqrt(4.0 / np.pi * area)
        for name, least in (("AreaShape_ConvexArea", 1.02), ("AreaShape_BoundingBoxArea", 1.25)):
            if (hull := column.get(name)) is not None:
                values[:, hull] = np.maximum(values[:, hull], np.rint(least * area))


def draw_traits(
    cells: int, around: Mapping[str, float], traits: Sequence[str], rng: np.random.Generator
) -> Floats:
    """Draw the hidden traits of the cells of one site.

    Cells x traits, in the order of a `Table`; x and y are uniform over the image. `around` is the
    mean of each trait in this well, in standard deviations; 0 where absent.
    """
    drawn = rng.standard_normal((cells, len(traits)))
    drawn += np.array([around.get(trait, 0.0) for trait in traits])
    for place in PLACES:
        drawn[:, traits.index(place)] = rng.uniform(-np.sqrt(3.0), np.sqrt(3.0), cells)
    return drawn


def _known_law(name: str) -> Law:
    law = law_of(name)
    if law is None:
        message = f"no law for {name!r}"
        raise ValueError(message)
    return law


def _centre_shift(table: str, name: str) -> float:
    if not name.startswith("AreaShape_"):
        return 0.0
    if name.endswith("Area"):
        return _CENTRE_SHIFT.get(table, 0.0)
    radius = re.search(r"(Length|Diameter|Radius|Perimeter)$", name)
    return _CENTRE_SHIFT.get(table, 0.0) / 2 if radius else 0.0


def _loadings(name: str, law: Law, traits: Sequence[str]) -> Floats:
    """Weigh the traits; what only differs in direction or statistic weighs them nearly alike."""
    weights = np.zeros(len(traits))
    own = [t for t in traits if t in name.split("_")]
    for trait in law.traits.split():
        for target in own if trait == "channel" else [trait]:
            weights[traits.index(target)] += 1.0
    if not weights.any():
        return weights
    # The four directions of a texture share a seed. Not `hash`: it differs between processes.
    seed = zlib.crc32(re.sub(r"_0\d_256$", "", name).encode())
    if not set(law.traits.split()) & set(PLACES):
        body = [i for i, trait in enumerate(traits) if trait not in PLACES]
        weights[body] += _JITTER * np.random.default_rng(seed).standard_normal(len(body))
    return law.share * weights / np.linalg.norm(weights)


def _formed(form: Form, normal: Floats, centre: Floats, rng: np.random.Generator) -> Floats:
    rows = len(normal)
    numbers = np.arange(1.0, rows + 1.0)[:, None]
    match form:
        case Form.LOG:
            return np.exp(normal)
        case Form.UNIT:
            return 1.0 / (1.0 + np.exp(-normal))
        case Form.WHOLE_LOG:
            return np.rint(np.exp(normal))
        case Form.WHOLE:
            return np.clip(np.rint(normal), 0, IMAGE_SIDE)
        case Form.COUNT:
            return np.clip(np.rint(normal), 0, None)
        case Form.NUMBER:
            return np.broadcast_to(numbers, normal.shape)
        case Form.PARTNER:
            return rng.integers(1, rows + 1, normal.shape).astype(np.float64)
        case Form.FIXED:
            return np.broadcast_to(centre, normal.shape)
        case Form.LINEAR:
            return normal
