"""`object.csv`: one wide table with two header rows, split into compartments.

Put here: what cytominer-database's `collate.munge` does, without writing files.
Do not put here: reading the file (`collate.object_csv`).
"""

from profiling_assets.collate.header import IMAGE_NUMBER, OBJECT_NUMBER, Header
from profiling_assets.collate.object_csv import ObjectRows

_IMAGE_GROUP = "Image"
_NUMBER = "Number_Object_Number"


def compartment_headers(header: Header) -> dict[str, tuple[str, ...]]:
    """Return the header that each compartment's own CSV would have.

    Parameters
    ----------
    header : Header
        Two rows: the compartment (`Image` for what concerns the image), then the feature.

    Returns
    -------
    dict of str to tuple of str
        Table to columns: `ImageNumber`, `ObjectNumber`, other Image columns, features.
    """
    return {table: tuple(columns) for table, columns in _sources(header).items()}


def split_compartments(header: Header, rows: ObjectRows) -> dict[str, ObjectRows]:
    """Split the wide table.

    Parameters
    ----------
    header : Header
        Its two header rows.
    rows : ObjectRows
        Its content, n rows of all columns.

    Returns
    -------
    dict of str to ObjectRows
        Table to its n rows; `ObjectNumber` is the compartment's `Number_Object_Number`.
    """
    parts: dict[str, ObjectRows] = {}
    for table, columns in _sources(header).items():
        places = list(columns.values())
        parts[table] = ObjectRows(
            names=tuple(columns),
            values=rows.values[:, places],
            integers={i: rows.integers[p] for i, p in enumerate(places) if p in rows.integers},
            texts={i: rows.texts[p] for i, p in enumerate(places) if p in rows.texts},
            note=rows.note,
        )
    return parts


def column_sources(header: Header) -> dict[str, tuple[int, ...]]:
    """Return table to the places of its columns in the wide file."""
    return {table: tuple(columns.values()) for table, columns in _sources(header).items()}


def _sources(header: Header) -> dict[str, dict[str, int]]:
    """Table to column to its place in the wide file."""
    groups: dict[str, dict[str, int]] = {}
    for place, (group, name) in enumerate(zip(header.groups, header.names, strict=False)):
        groups.setdefault(group, {})[name] = place
    image = groups.pop(_IMAGE_GROUP, {})
    tables: dict[str, dict[str, int]] = {}
    for group, features in groups.items():
        number = features.get(_NUMBER, features.get(OBJECT_NUMBER))
        if number is None or IMAGE_NUMBER not in image:
            continue
        first = {IMAGE_NUMBER: image[IMAGE_NUMBER], OBJECT_NUMBER: number}
        tables[group.capitalize()] = {
            **first,
            **{name: place for name, place in image.items() if name not in first},
            **{name: place for name, place in features.items() if name not in first},
        }
    return tables
