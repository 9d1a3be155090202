"""Which tables are aggregated, and which of their columns are features.

Put here: the choice of compartments and of feature columns, for CSVs and backends alike.
Do not put here: tables and columns of a plate (`collate.columns`), the computation (`collate.aggregate`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from profiling_assets.collate.header import IMAGE_NUMBER, OBJECT_NUMBER, TABLE_NUMBER, folded
from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.site_folder import table_order

_OBJECT_FEATURE = f"Metadata_{OBJECT_NUMBER}"  # as pycytominer calls the column
_KEYS = frozenset({TABLE_NUMBER, IMAGE_NUMBER, OBJECT_NUMBER})


@dataclass(frozen=True)
class CompartmentColumns:
    """The features of one table, and their places among its columns."""

    table: str
    features: tuple[str, ...]
    places: tuple[int, ...]


def chosen_tables(
    available: Collection[str], compartments: Sequence[str] | None, path: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Choose the tables to aggregate.

    Parameters
    ----------
    available : collection of str
        The object tables that are there.
    compartments : sequence of str or None
        Those the user names, in any case and in the order wanted; None takes all.
    path : str
        Where they come from, for the message.

    Returns
    -------
    tables : tuple of str
        At least one.
    warnings : tuple of str
        Compartments named that are not there.

    Raises
    ------
    InvalidInputError
        Where none is left.
    """
    if compartments is None:
        tables = tuple(sorted(available, key=table_order))
        warnings: tuple[str, ...] = ()
    else:
        by_name = {table.lower(): table for table in available}
        wanted = list(dict.fromkeys(name.lower() for name in compartments))
        tables = tuple(by_name[name] for name in wanted if name in by_name)
        warnings = tuple(
            f"the compartment {name} is named in the config and no file has it: it is left out"
            for name in wanted
            if name not in by_name
        )
    if not tables:
        there = ", ".join(sorted(available, key=table_order)) or "none"
        named = "" if compartments is None else f" (named: {', '.join(compartments)})"
        raise InvalidInputError(
            f"there is no compartment to aggregate; object tables: {there}{named}",
            path=path,
            remedy="check the site folders' object CSVs and `compartments` in the config",
        )
    return tables, warnings


def feature_columns(
    table: str, columns: Sequence[str], chosen: Collection[str]
) -> CompartmentColumns:
    """List the features of a table: its prefixed columns, without those that link compartments.

    Parameters
    ----------
    table : str
        The table.
    columns : sequence of str
        Its columns.
    chosen : collection of str
        The tables that are aggregated.

    Returns
    -------
    CompartmentColumns
        In table order. `Cytoplasm_Parent_Cells` and the like are links, as in pycytominer.
    """
    links = {f"cytoplasm_parent_{other}" for other in ("cells", "nuclei")}
    links |= {folded(f"Cytoplasm_Parent_{other}") for other in chosen}
    prefix = folded(f"{table}_")
    pairs = [
        (name, place)
        for place, name in enumerate(columns)
        if name not in _KEYS and folded(name).startswith(prefix) and folded(name) not in links
    ]
    return CompartmentColumns(
        table, tuple(name for name, _ in pairs), tuple(place for _, place in pairs)
    )


def object_feature_place(
    table: str, columns: Sequence[str], object_feature: str | None, path: str
) -> int:
    """Return the place of the column whose values are counted as objects.

    Parameters
    ----------
    table : str
        The first compartment.
    columns : sequence of str
        Its columns.
    object_feature : str or None
        As in the config: `Metadata_ObjectNumber` is `ObjectNumber`, and so on.
    path : str
        For the message.

    Returns
    -------
    int
        The place.

    Raises
    ------
    InvalidInputError
        Where the table has no such column.
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
