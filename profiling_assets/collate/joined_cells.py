"""Profiles of a file with one row a cell and the columns of all compartments, as CytoTable writes.

Put here: which columns of such a file are keys, image measurements and features, and reading them
in pieces.
Do not put here: means and medians (`aggregate`), databases (`from_backend`).
An image is told by its numbers and strata. Its measurements stand in every row of a cell and count
once; an image without a cell has no row.
"""

# pyright: reportAttributeAccessIssue=false, reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownParameterType=false, reportUnknownVariableType=false
# ^ pyarrow ships no types

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from profiling_assets.collate.aggregate import WellAggregator
from profiling_assets.collate.cell_values import Value
from profiling_assets.collate.header import IMAGE_NUMBER, OBJECT_NUMBER, TABLE_NUMBER, folded
from profiling_assets.collate.options import AggregateResult
from profiling_assets.collate.strata import Stratum
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import BackendError, InvalidInputError, listed
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.site_folder import table_order

_IMAGE = "Image_"
_METADATA = "Metadata_"
_SITE = "Metadata_Site"
_OBJECT = f"{_METADATA}{OBJECT_NUMBER}"  # as pycytominer counts it
_KEYS = frozenset({TABLE_NUMBER, IMAGE_NUMBER, OBJECT_NUMBER})  # also after a compartment's name
_PIECE_BYTES = 32 * 2**20  # of the numbers that are read at a time
_BUFFER_BYTES = 2**16  # of a column chunk, which is not read whole
_REMEDY = (
    "use a file with one row a cell, as CytoTable makes it: plate and well, and the columns "
    "Cells_..., Cytoplasm_..., Nuclei_..."
)


@dataclass(frozen=True)
class JoinedColumns:
    """The columns of a file of joined cells."""

    keys: tuple[str, ...]  # that tell an image: numbers and strata, as in the file
    image: dict[str, str]  # column of an Image table to the column of the file
    tables: dict[str, tuple[str, ...]]  # compartment to its features
    number: str | None  # the column that numbers the objects
    words: tuple[str, ...]  # columns of compartments that hold no numbers


class Cells(Protocol):
    """What is used of a file of joined cells, as `pyarrow.parquet.ParquetFile` has it."""

    @property
    def schema_arrow(self) -> pa.Schema:
        """The columns."""
        ...

    def iter_batches(self, batch_size: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield some columns in pieces of so many rows, always in the same order."""
        ...


def aggregate_joined(
    key: PlateKey | None, file: Path, aggregate: AggregateOptions, *, path: str, scratch: Path
) -> AggregateResult:
    """Aggregate a Parquet file of joined cells.

    `key`: the plate that it should be of; None where nothing says which. `scratch`: where rows wait
    that memory does not hold. Raises `BackendError` where it is no such file, is damaged, or lacks
    what is asked for.
    """
    parquet = _opened(file, path)
    try:
        return aggregate_cells(key, parquet, aggregate, path=path, scratch=scratch)
    finally:
        parquet.close()


def aggregate_cells(
    key: PlateKey | None,
    cells: Cells,
    aggregate: AggregateOptions,
    *,
    path: str,
    scratch: Path | None,
) -> AggregateResult:
    """Aggregate joined cells, as `aggregate_joined`."""
    columns = joined_columns(cells.schema_arrow, aggregate, path)
    aggregator = _aggregator(columns, aggregate, path, scratch)
    try:
        strata = _add_images(cells, columns, aggregator)
        for table in aggregator.tables:
            _add_objects(cells, columns, table, strata, aggregator)
        result = aggregator.result()
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    finally:
        aggregator.discard()
    warnings = list(result.warnings)
    if columns.words:
        warnings.append(
            f"{len(columns.words)} columns hold no numbers and are left out: "
            f"{listed(columns.words)}"
        )
    plates = {str(plate) for plate in result.frame.iloc[:, 0].tolist()}
    if key is not None and plates - {key.plate}:
        warnings.append(
            f"the file calls the plate {listed(sorted(plates - {key.plate}))}, not {key.plate}"
        )
    return replace(result, warnings=tuple(warnings))


def check_joined(file: BinaryIO, aggregate: AggregateOptions, *, path: str) -> None:
    """Refuse a Parquet file that cannot be aggregated, as its schema shows: its end is read.

    Raises `BackendError` as `aggregate_joined`.
    """
    check_cells(_opened(file, path), aggregate, path=path)


def check_cells(cells: Cells, aggregate: AggregateOptions, *, path: str) -> None:
    """Refuse cells that cannot be aggregated. Raises `BackendError`."""
    columns = joined_columns(cells.schema_arrow, aggregate, path)
    _aggregator(columns, aggregate, path, None).discard()


def joined_columns(schema: pa.Schema, options: AggregateOptions, path: str) -> JoinedColumns:
    """Tell the columns of a file of joined cells. Raises `BackendError` where it is none."""
    types = dict(zip(schema.names, schema.types, strict=True))
    if len(types) < len(schema.names):
        twice = sorted({name for name in types if schema.names.count(name) > 1})
        raise BackendError(
            f"columns occur more than once: {listed(twice)}", path=path, remedy="rename them"
        )
    wanted = {options.plate_column, options.well_column, options.site_column or "", _SITE}
    wanted = {name.removeprefix(_IMAGE) for name in wanted}
    image: dict[str, str] = {}
    for name in schema.names:
        plain = name.removeprefix(_IMAGE)
        is_measured = name != plain and plain.startswith(options.image_feature_categories)
        # Metadata_Well and Image_Metadata_Well are the same; the shorter name is taken
        if (is_measured or plain in wanted) and (plain not in image or plain == name):
            image[plain] = name
    tables: dict[str, list[str]] = {}
    words: list[str] = []
    for name, of_type in types.items():
        table, _, rest = name.partition("_")
        if not table or not rest or rest in _KEYS or name.startswith((_IMAGE, _METADATA)):
            continue
        if pa.types.is_integer(of_type) or pa.types.is_floating(of_type):
            tables.setdefault(table, []).append(name)
        else:
            words.append(name)
    if not tables:
        raise BackendError("it has no columns of cells", path=path, remedy=_REMEDY)
    found = {table: tuple(tables[table]) for table in sorted(tables, key=table_order)}
    first = next(iter(found))
    numbers = [_OBJECT, OBJECT_NUMBER, f"{_METADATA}{first}_Number_Object_Number"]
    if options.object_feature is not None:
        numbers.insert(0, options.object_feature)
    number = next((name for name in numbers if name in types), None)
    of_image = [_named(types, name) for name in (TABLE_NUMBER, IMAGE_NUMBER)]
    if number is None and of_image[1] is None:
        raise BackendError(
            "nothing tells its cells and images (Metadata_ImageNumber, Metadata_ObjectNumber): it "
            "may hold profiles of wells",
            path=path,
            remedy="put profiles of wells into profiles/BATCH/PLATE/PLATE.parquet; "
            "cells as CytoTable makes them",
        )
    strata = [image[name] for name in sorted(wanted) if name in image]
    keys = [name for name in (*of_image, *strata) if name is not None]
    return JoinedColumns(tuple(dict.fromkeys(keys)), image, found, number, tuple(words))


def _named(types: dict[str, Any], number: str) -> str | None:
    wanted = [folded(prefix + number) for prefix in (_METADATA, "", _IMAGE)]
    return next((name for name in types if folded(name) in wanted), None)


def _opened(file: BinaryIO | Path, path: str) -> Any:
    try:
        source = str(file) if isinstance(file, Path) else pa.PythonFile(file, mode="r")
        return pq.ParquetFile(source, buffer_size=_BUFFER_BYTES, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: str, error: Exception) -> BackendError:
    return BackendError(
        f"the Parquet file is cut off or damaged ({str(error)[:200]})",
        path=path,
        remedy="copy it again, or make it anew",
    )


def _aggregator(
    columns: JoinedColumns, options: AggregateOptions, path: str, scratch: Path | None
) -> WellAggregator:
    tables = {table: (OBJECT_NUMBER, *names) for table, names in columns.tables.items()}
    options = replace(
        options,
        plate_column=options.plate_column.removeprefix(_IMAGE),
        well_column=options.well_column.removeprefix(_IMAGE),
        object_feature=None if options.object_feature == columns.number else options.object_feature,
    )
    try:
        return WellAggregator(options, tuple(columns.image), tables, path=path, scratch=scratch)
    except InvalidInputError as error:
        raise BackendError(error.what, path=path, remedy=error.remedy) from error


def _pieces(cells: Cells, names: Sequence[str]) -> Iterator[list[pa.Array]]:
    rows = max(1, min(65_536, _PIECE_BYTES // (8 * max(1, len(names)))))
    for batch in cells.iter_batches(batch_size=rows, columns=list(names)):
        yield [batch.column(name) for name in names]


def _add_images(
    cells: Cells, columns: JoinedColumns, aggregator: WellAggregator
) -> list[Stratum | None]:
    """Give each image to the aggregator once, and return the stratum of each row."""
    names = list(columns.image.values())
    strata: dict[tuple[Value, ...], Stratum | None] = {}
    of_rows: list[Stratum | None] = []
    keys = columns.keys
    reading = list(dict.fromkeys((*keys, *names)))
    for arrays in _pieces(cells, reading):
        by_name = dict(zip(reading, arrays, strict=True))
        rows = zip(*(_values(by_name[name]) for name in keys), strict=True)
        for place, image in enumerate(rows):
            if image not in strata:
                strata[image] = aggregator.add_image([_value(by_name[n][place]) for n in names])
            of_rows.append(strata[image])
    return of_rows


def _values(array: pa.Array) -> list[Value]:
    if pa.types.is_floating(array.type):  # a NaN is not equal to itself
        array = pc.if_else(pc.is_nan(array), None, array)
    return array.to_pylist()


def _value(scalar: Any) -> Value:
    value = scalar.as_py()
    if isinstance(value, bool) or not isinstance(value, (str, int, float, type(None))):
        return str(value)
    return value


def _add_objects(
    cells: Cells,
    columns: JoinedColumns,
    table: str,
    strata: Sequence[Stratum | None],
    aggregator: WellAggregator,
) -> None:
    features = columns.tables[table]
    number = [] if columns.number is None else [columns.number]
    start = 0
    for arrays in _pieces(cells, [*number, *features]):
        rows = len(arrays[0])
        numbered = _numbers(arrays[0]) if number else np.ones(rows)
        matrix = np.column_stack([numbered, *map(_numbers, arrays[len(number) :])])
        places: dict[Stratum, list[int]] = {}
        for place, stratum in enumerate(strata[start : start + rows]):
            if stratum is not None:
                places.setdefault(stratum, []).append(place)
        for stratum, chosen in places.items():
            aggregator.add_objects(stratum, table, matrix[chosen])
        start += rows


def _numbers(array: pa.Array) -> NDArray[np.float64]:
    """Return numbers, NaN where there is none; what is no number but numbers objects counts."""
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return np.asarray(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    return np.where(np.asarray(array.is_valid()), 1.0, np.nan)
