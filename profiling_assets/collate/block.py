"""The objects of one site in one compartment, in the backend's columns: what sinks are handed.

Put here: the block, and putting a file's columns into the table's order.
Do not put here: parsing (`object_csv`), writing (`sqlite_backend`, `parquet_backend`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from profiling_assets.collate.block_spool import Again
from profiling_assets.collate.cell_values import Value
from profiling_assets.collate.columns import TableLayout
from profiling_assets.collate.header import IMAGE_NUMBER, OBJECT_NUMBER, column_names, folded_names
from profiling_assets.collate.object_csv import ObjectRows


@dataclass(frozen=True)
class Block:
    """Objects of one site in one compartment."""

    layout: TableLayout
    values: NDArray[np.float64]  # in the table's columns; NaN where missing or text
    integers: Mapping[int, list[int | None]]  # column place to its exact whole numbers
    texts: Mapping[int, list[Value]]  # column place to its cells, where the column holds text

    def image_numbers(self) -> NDArray[np.float64]:
        """Return `ImageNumber` of each row."""
        place = self.layout.position(IMAGE_NUMBER)
        return np.empty(0) if place is None else self.values[:, place]

    def are_objects(self) -> NDArray[np.bool_]:
        """Tell which rows have an `ObjectNumber`, be it a number or a word."""
        place = self.layout.position(OBJECT_NUMBER)
        if place is None:
            return np.ones(len(self.values), dtype=np.bool_)
        words = self.texts.get(place)
        if words is not None:
            return np.array([word is not None for word in words], dtype=np.bool_)
        return ~np.isnan(self.values[:, place])

    def chosen(self, keep: NDArray[np.bool_]) -> "Block":
        """Return the block with some of its rows."""
        rows = np.flatnonzero(keep).tolist()
        return Block(
            self.layout,
            self.values[keep],
            {place: [column[row] for row in rows] for place, column in self.integers.items()},
            {place: [column[row] for row in rows] for place, column in self.texts.items()},
        )

    def rows(self) -> Iterator[list[Value]]:
        """Yield each row as SQLite is to store it, one at a time; it may be changed."""
        exact = [*self.integers.items(), *self.texts.items()]
        for at, values in enumerate(self.values):
            row = cast("list[Value]", values.tolist())
            for place, cells in exact:
                row[place] = cells[at]
            yield row


class Growing(Protocol):
    """What is made for the columns of a survey, and may go on with more of them."""

    def can_grow(self, layouts: Mapping[str, TableLayout]) -> bool:
        """Tell whether it can go on with layouts that have further columns at the end."""
        ...

    def grow(self, layouts: Mapping[str, TableLayout]) -> None:
        """Go on with them; the columns are missing in what came before."""
        ...


class ObjectSink(Growing, Protocol):
    """What takes the objects of each site, in sorted order of folders."""

    def add_objects(self, block: Block, table_number: int) -> Again | None:
        """Take the objects of one site in one compartment.

        What is returned gives the values back, in the table's columns; None where the sink cannot.
        """
        ...


def places_of(layout: TableLayout, names: tuple[str, ...]) -> list[int] | None:
    """Return the place in the table of each column of a file.

    None stands for a file with a column that the table lacks: the survey did not see its header.
    """
    keys = folded_names(column_names(layout.table, names))
    places = [layout.index.get(key) for key in keys]
    known = [place for place in places if place is not None]
    return known if len(known) == len(places) else None


def to_block(rows: ObjectRows, layout: TableLayout, places: Sequence[int]) -> Block:
    """Put a file's columns into the table's order; absent columns are NaN.

    `places`: place in the table of each column of the file.
    """
    if list(places) == list(range(len(layout.columns))):
        values = rows.values
    else:
        values = np.full((len(rows.values), len(layout.columns)), np.nan)
        values[:, list(places)] = rows.values
    return Block(
        layout,
        values,
        {places[at]: column for at, column in rows.integers.items()},
        {places[at]: column for at, column in rows.texts.items()},
    )
