"""Profiles of a standing SQLite backend, wherever it came from.

Put here: which rows of a backend are aggregated, and in what order they are read.
Do not put here: opening and reading a backend (`collate.backend`), means and medians (`collate.aggregate`).
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

from profiling_assets.collate.aggregate import WellAggregator
from profiling_assets.collate.backend import Backend, ImageKey, open_backend
from profiling_assets.collate.options import AggregateOptions
from profiling_assets.collate.result import AggregateResult
from profiling_assets.collate.strata import Stratum
from profiling_assets.errors import BackendError, InvalidInputError
from profiling_assets.workspace.names import PlateKey


def aggregate_backend(
    key: PlateKey, sqlite_file: Path, aggregate: AggregateOptions, *, path: str
) -> AggregateResult:
    """Aggregate an existing SQLite backend, wherever it came from.

    Parameters
    ----------
    key : PlateKey
        The plate.
    sqlite_file : Path
        The backend; only read.
    aggregate : AggregateOptions
        How to aggregate.
    path : str
        Workspace path of the backend, for messages.

    Returns
    -------
    AggregateResult
        Profiles and the wells ledger.

    Raises
    ------
    BackendError
        Where the file is no SQLite backend, is damaged, or lacks what is asked for.
    """
    with open_backend(sqlite_file, path) as backend:
        try:
            aggregator = WellAggregator(
                aggregate, backend.image_columns, backend.tables, path=path, scratch=None
            )
        except InvalidInputError as error:
            raise BackendError(error.what, path=path, remedy=error.remedy) from error
        images: dict[Stratum, list[ImageKey]] = {}
        known: Counter[ImageKey] = Counter()
        for image, values in backend.images():
            known[image] += 1
            stratum = aggregator.add_image(values)
            if stratum is not None:
                images.setdefault(stratum, []).append(image)
        searched = [table for table in aggregator.tables if backend.has_index(table)]
        strays = {table: backend.strays(table) for table in searched}
        for table in aggregator.tables:
            if table not in searched:
                strays[table] = _scan(backend, table, images, aggregator, known)
        for stratum in sorted(images, key=str):
            for table in searched:
                for values, texts in backend.objects_of(table, images[stratum]):
                    aggregator.add_objects(stratum, table, values)
                    aggregator.note_text(texts)
            aggregator.close([stratum])
        result = aggregator.result()
    result = replace(result, warnings=(*result.warnings, *_key_warnings(strays, known)))
    plates = set(map(str, cast("Iterable[object]", result.frame[result.frame.columns[0]])))
    others = sorted(plates - {key.plate})
    if not others:
        return result
    warning = f"the backend calls the plate {', '.join(others[:5])}, not {key.plate}"
    return replace(result, warnings=(*result.warnings, warning))


def _scan(
    backend: Backend,
    table: str,
    images: dict[Stratum, list[ImageKey]],
    aggregator: WellAggregator,
    known: Container[ImageKey],
) -> int:
    """Read a table without an index in one go; its rows wait in the aggregator's spool.

    Returns
    -------
    int
        Objects that belong to no Image row.
    """
    strays = 0
    of_image = {image: stratum for stratum, keys in images.items() for image in keys}
    for keys, values, texts in backend.objects(table):
        aggregator.note_text(texts)
        rows: dict[Stratum, list[int]] = {}
        for row, image in enumerate(keys):
            if image in of_image:
                rows.setdefault(of_image[image], []).append(row)
            elif image not in known:
                strays += 1
        for stratum, places in rows.items():
            aggregator.add_objects(stratum, table, values[places])
    return strays


def _key_warnings(strays: Mapping[str, int], images: Mapping[ImageKey, int]) -> Iterator[str]:
    """Say which objects are in no profile, and which may be in two, for their keys."""
    for table, count in sorted(strays.items()):
        if count:
            yield f"{count} objects of {table} belong to no Image row: in no profile"
    repeated = sum(times for times in images.values() if times > 1)
    if repeated:
        yield (
            f"{repeated} Image rows have a TableNumber and ImageNumber that others have too: "
            "their objects cannot be told apart, and count for each"
        )
