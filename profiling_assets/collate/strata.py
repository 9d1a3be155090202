"""What a profile is of: plate and well (and what splits a well) of an Image row.

Put here: strata, `fields`, the image features that go with a profile, and which columns of the
object tables are aggregated.
Do not put here: sums, means and medians (`aggregate`), reading files.
"""

# pyright: reportMissingTypeStubs=false
# ^ pandas ships partial types

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from profiling_assets.collate.cell_values import Value
from profiling_assets.collate.columns import absent_categories
from profiling_assets.collate.header import IMAGE_NUMBER, OBJECT_NUMBER, TABLE_NUMBER, folded
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.column_categories import is_measurement

_COUNT = "Count"
_SITE = "Metadata_Site"
_PREFIX = "Image_"
_OBJECT_FEATURE = f"Metadata_{OBJECT_NUMBER}"  # as pycytominer calls the column
_KEYS = frozenset({TABLE_NUMBER, IMAGE_NUMBER, OBJECT_NUMBER})
Stratum = tuple[str | int | float, ...]


class ImageColumns:
    """The columns of an Image table that aggregation looks at.

    `strata` are the names in a profile table; `counts` (`Metadata_Count_*`), which are summed, and
    `features` (`Image_*`) are in alphabetical order, as pycytominer has them. `warnings` name the
    categories that no column has, or that measure nothing. Raises `InvalidInputError` where a
    strata column is absent.
    """

    def __init__(self, columns: Sequence[str], options: AggregateOptions, path: str) -> None:
        # Backends of CytoTable and of older ingests write Image_Metadata_Plate.
        names = [folded(name) for name in columns]
        old = folded(_PREFIX + options.plate_column.removeprefix(_PREFIX)) in names
        plain = [name.removeprefix(_PREFIX) if old else name for name in columns]
        self._fields = None if options.fields == "all" else frozenset(options.fields)
        wanted = [options.plate_column, options.well_column, *options.splits]
        self.strata = tuple(name.removeprefix(_PREFIX) if old else name for name in wanted)
        index = {folded(name): place for place, name in enumerate(plain)}
        absent = [name for name in self.strata if folded(name) not in index]
        if absent:
            raise InvalidInputError(
                f"the Image table has no column {', '.join(absent)}",
                path=path,
                remedy="correct aggregate.plate_column, well_column, site_column or strata",
            )
        self._strata = [index[folded(name)] for name in self.strata]
        self.site_place = index.get(folded(_SITE))
        categories = options.image_feature_categories
        absent_ones = absent_categories(plain, categories)
        self.warnings = (
            *(f"no Image column is of the category {name}: it is left out" for name in absent_ones),
            *(
                f"Image columns of the category {name} describe images: they are no features"
                for name in categories
                if name not in absent_ones and not is_measurement(f"{name}_")
            ),
        )
        # pycytominer adds no image features where Metadata_Site itself is a stratum
        taken = () if _SITE in self.strata else categories
        chosen = [
            (n, p)
            for p, n in enumerate(plain)
            if taken and n.startswith(tuple(taken)) and is_measurement(n.removeprefix(_PREFIX))
        ]
        counts = [(f"Metadata_{n}", p) for n, p in chosen if n.startswith(f"{_COUNT}_")]
        others = [
            (n if n.startswith(_PREFIX) else f"{_PREFIX}{n}", p)
            for n, p in chosen
            if not n.startswith(f"{_COUNT}_")
        ]
        self._chosen = sorted(counts) if _COUNT in taken else []
        self.counts = tuple(name for name, _ in self._chosen)
        self._chosen = [*self._chosen, *sorted(others)]
        self.features = tuple(name for name, _ in sorted(others))

    @property
    def reads(self) -> tuple[object, ...]:
        """What is read of a row, and from where; of equal ones the results are equal."""
        chosen = (tuple(self._chosen), self.counts, self.features)
        return (self.strata, tuple(self._strata), self.site_place, chosen, self.warnings)

    def stratum(self, values: Sequence[Value]) -> Stratum | None:
        """Return an image's plate, well, and what splits the well; None where one is missing."""
        plate, well, *splits = (values[place] for place in self._strata)
        if plate is None or well is None or None in splits:
            return None
        known = [value for value in splits if value is not None]
        return (as_text(plate), as_text(well), *known)

    def in_fields(self, values: Sequence[Value]) -> bool:
        """Tell whether an image is one of the chosen fields."""
        if self._fields is None:
            return True
        site = None if self.site_place is None else values[self.site_place]
        return self.site_number(site) in self._fields

    def has_site(self, values: Sequence[Value]) -> bool:
        """Tell whether an image names its site, and so counts as one (as in pycytominer)."""
        return self.site_place is None or values[self.site_place] is not None

    @staticmethod
    def site_number(site: Value) -> int | None:
        """Return `Metadata_Site` as a number; None where it is none."""
        if isinstance(site, str):
            site = int(site) if site.strip().isdigit() else None
        return int(site) if site is not None and float(site).is_integer() else None

    def measured(self, values: Sequence[Value]) -> tuple[NDArray[np.float64], frozenset[str]]:
        """Return counts, then features of an image, and the names of those that are text."""
        numbers = np.empty(len(self._chosen))
        texts: set[str] = set()
        for at, (name, place) in enumerate(self._chosen):
            value = values[place]
            try:  # a number that a backend holds as text is one to pycytominer, too
                numbers[at] = np.nan if value is None else float(value)
            except ValueError:
                numbers[at] = np.nan
                texts.add(name)
        return numbers, frozenset(texts)

    def fractional(self, values: Sequence[Value]) -> frozenset[str]:
        """Return the counts that are not stored as whole numbers in this row."""
        counts = self._chosen[: len(self.counts)]
        return frozenset(name for name, place in counts if not isinstance(values[place], int))


def split_by_stratum(
    numbers: NDArray[np.float64], strata: Mapping[int, Stratum | None]
) -> dict[Stratum, NDArray[np.bool_] | None]:
    """Tell which objects of a site folder belong to which stratum.

    `numbers`: `ImageNumber` of each object. A stratum whose objects are all of them has None in
    place of its rows.
    """
    of_stratum: dict[Stratum, NDArray[np.bool_] | None] = {}
    for stratum in dict.fromkeys(s for s in strata.values() if s is not None):
        wanted = [number for number, s in strata.items() if s == stratum]
        rows = np.isin(numbers, wanted)
        of_stratum[stratum] = None if rows.all() else rows
    return of_stratum


def as_text(value: str | float) -> str:
    """Write a plate or well that a backend holds as a number: 218360.0 is `218360`."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def sort_key(stratum: Stratum) -> tuple[Collection[object], ...]:
    """Sort key of strata; a site column may hold numbers and text: numbers first."""
    return tuple(
        (1, 0.0, value) if isinstance(value, str) else (0, float(value), "") for value in stratum
    )


def key_column(values: Sequence[str | float]) -> pd.Series:
    """Return one part of the strata as a column: whole numbers, numbers or text."""
    if values and all(isinstance(value, int) for value in values):
        return pd.Series(values, dtype="int64")
    if values and all(isinstance(value, (int, float)) for value in values):
        return pd.Series(values, dtype="float64")
    return pd.Series([str(value) for value in values], dtype="str")


@dataclass(frozen=True)
class CompartmentColumns:
    """The features of one table, and their places among its columns."""

    table: str
    features: tuple[str, ...]
    places: tuple[int, ...]


def feature_columns(
    table: str, columns: Sequence[str], chosen: Collection[str]
) -> CompartmentColumns:
    """List the features of a table: its prefixed columns that are measurements and link nothing.

    `chosen`: the tables that are aggregated. They are in table order. `Cytoplasm_Parent_Cells` and
    the like are links, as in pycytominer.
    """
    links = {f"cytoplasm_parent_{other}" for other in ("cells", "nuclei")}
    links |= {folded(f"Cytoplasm_Parent_{other}") for other in chosen}
    prefix = folded(f"{table}_")
    pairs = [
        (name, place)
        for place, name in enumerate(columns)
        if name not in _KEYS
        and folded(name).startswith(prefix)
        and folded(name) not in links
        and is_measurement(name[len(prefix) :])
    ]
    return CompartmentColumns(
        table, tuple(name for name, _ in pairs), tuple(place for _, place in pairs)
    )


def object_feature_place(
    table: str, columns: Sequence[str], object_feature: str | None, path: str
) -> int:
    """Return the place of the column whose values are counted as objects.

    `object_feature`: as in the config, where `Metadata_ObjectNumber` is `ObjectNumber`; None counts
    that. Raises `InvalidInputError` where the table has no such column.
    """
    name = object_feature or _OBJECT_FEATURE
    index = {folded(column): place for place, column in enumerate(columns)}
    for candidate in (name, name.removeprefix("Metadata_")):
        if folded(candidate) in index:
            return index[folded(candidate)]
    raise InvalidInputError(
        f"the table {table} has no column {name} to count objects by",
        path=path,
        remedy="correct aggregate.object_feature, or leave it out to count ObjectNumber",
    )
