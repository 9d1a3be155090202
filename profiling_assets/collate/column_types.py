"""Declared types of the backend's columns, known when the last site was read.

Put here: the rule BIGINT, FLOAT or TEXT, and what it must remember of the sites seen.
Do not put here: reading cells (`cell_values`), writing the types (`sqlite_backend`).
BIGINT where every cell of all sites that is not missing is a whole number (and there is one), TEXT
where one is text, else FLOAT. `Metadata_Plate` and `Metadata_Well` are TEXT. cytominer-database
takes the types of its first accepted site instead.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from profiling_assets.collate.block import Block
from profiling_assets.collate.cell_values import Value
from profiling_assets.collate.columns import TableLayout
from profiling_assets.collate.image_csv import VERBATIM
from profiling_assets.workspace.site_folder import IMAGE

ColumnType = Literal["BIGINT", "FLOAT", "TEXT"]
TextColumns = Mapping[str, frozenset[str]]


class ColumnTypes:
    """Remembers, for each column, what rules out BIGINT and FLOAT.

    `text`: object columns known to hold text, from an earlier pass.
    """

    def __init__(self, layouts: Mapping[str, TableLayout], text: TextColumns) -> None:
        self._layouts = layouts
        self._text = {
            table: {
                place for place, name in enumerate(layout.columns) if name in text.get(table, ())
            }
            for table, layout in layouts.items()
        }
        self._whole = {
            table: set(range(len(layout.columns))) - self._text[table]
            for table, layout in layouts.items()
        }
        self._seen: dict[str, set[int]] = {table: set() for table in layouts}
        if IMAGE in layouts:
            for name in VERBATIM:
                place = layouts[IMAGE].position(name)
                if place is not None:
                    self._text[IMAGE].add(place)
                    self._whole[IMAGE].discard(place)
        self._frozen_whole = {table: frozenset(places) for table, places in self._whole.items()}
        self._frozen_text = {table: frozenset(places) for table, places in self._text.items()}

    def grow(self, layouts: Mapping[str, TableLayout]) -> None:
        """Go on with further columns at the end of tables."""
        for table, layout in layouts.items():
            new = range(len(self._layouts[table].columns), len(layout.columns))
            self._whole[table].update(new)
            self._frozen_whole[table] = frozenset(self._whole[table])
        self._layouts = layouts

    def whole(self, table: str) -> frozenset[int]:
        """Return places of the columns that held only whole numbers so far."""
        return self._frozen_whole[table]

    def text(self, table: str) -> frozenset[int]:
        """Return places of the columns that hold text."""
        return self._frozen_text[table]

    def note_objects(self, block: Block) -> frozenset[str]:
        """Take note of a site's objects, parsed with `whole` and `text` of before.

        Returned are the columns now found to hold text: what was written of them so far is not
        text, so the pass must begin anew with these columns known.
        """
        table = block.layout.table
        found = {place for place in block.texts if place not in self._text[table]}
        whole = self._whole[table]
        ended = set[int]()
        for place in whole:
            integers = block.integers.get(place)
            if place in found:
                ended.add(place)
            elif integers is not None:
                if place not in self._seen[table] and any(v is not None for v in integers):
                    self._seen[table].add(place)
            elif not np.isnan(block.values[:, place]).all():
                ended.add(place)
        if ended or found:
            whole -= ended
            self._text[table] |= found
            self._frozen_whole[table] = frozenset(whole)
            self._frozen_text[table] = frozenset(self._text[table])
        return frozenset(block.layout.columns[place] for place in found)

    def note_image(self, values: Sequence[Value]) -> None:
        """Take note of an Image row, its values in the table's columns."""
        whole, text, seen = self._whole[IMAGE], self._text[IMAGE], self._seen[IMAGE]
        for place, value in enumerate(values):
            if value is None:
                continue
            if isinstance(value, str):
                text.add(place)
                whole.discard(place)
            elif isinstance(value, float):
                whole.discard(place)
            else:
                seen.add(place)

    def declared(self, table: str) -> tuple[ColumnType, ...]:
        """Return the type of each column, as known so far."""
        text, whole, seen = self._text[table], self._whole[table], self._seen[table]
        return tuple(
            "TEXT" if place in text else "BIGINT" if place in whole and place in seen else "FLOAT"
            for place in range(len(self._layouts[table].columns))
        )
