"""From CellProfiler's CSVs, or a SQLite backend, to one profile per well; and what a workspace has.

Put here: `scan`, `collate`, `aggregate`, with pycytominer's words and defaults.
Do not put here: the pass over the CSVs and the means (`collate`), what a plate's folder is called
in a workspace (`workspace.layout`).
"""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, cast

import pandas as pd

from profiling_assets.api.given import WHERE, File, Named, read
from profiling_assets.api.outcome import Aggregated, Collated, WithFrame
from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.collate.joined_cells import aggregate_joined
from profiling_assets.collate.options import CollateOptions
from profiling_assets.config.aggregation import COLLATE_CATEGORIES, AggregateOptions
from profiling_assets.errors import ConfigError, ConflictError, MissingInputError
from profiling_assets.profiles.tables import profiles_csv, with_numbers
from profiling_assets.workspace.file_kind import HEAD_BYTES, is_parquet
from profiling_assets.workspace.ledger import site_ledger_frame, well_ledger_frame
from profiling_assets.workspace.names import checked_name
from profiling_assets.workspace.plates import Source
from profiling_assets.workspace.scan_workspace import scan_workspace
from profiling_assets.workspace.site_layouts import list_site_folders
from profiling_assets.workspace.site_reading import read_ahead
from profiling_assets.workspace.sites import expected_sites
from profiling_assets.workspace.storage.disk_space import backend_bytes, csv_bytes
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.os_errors import filling, writing

STRATA = ("Metadata_Plate", "Metadata_Well")


def scan(workspace: File, *, csv_dir: str = "analysis") -> WithFrame:
    """List the plates of a workspace, and what there is of each.

    Parameters
    ----------
    workspace : str or path
        A folder, or an address `s3://BUCKET/PREFIX`. On S3 Dagster's session is used, and with it
        Dagster imported; on a folder it is not.
    csv_dir : str, default "analysis"
        The folder of the site folders, below a plate's own.

    Returns
    -------
    WithFrame
        One row per plate: `batch`, `plate`, and whether there are `csvs`, a `sqlite` backend,
        `aggregate`d profiles, further `profiles`. The warnings say what was left out.

    Raises
    ------
    ProfilingError
        Where the workspace is not there or cannot be read.

    Examples
    --------
    >>> pa.scan("demo/workspace").frame
    """
    found = scan_workspace(open_workspace(os.fspath(workspace)), csv_dir)
    rows = [
        {"batch": plate.key.batch, "plate": plate.key.plate}
        | {source.value: source in plate.sources for source in Source}
        for plate in found.plates
    ]
    names = ["batch", "plate", *(source.value for source in Source)]
    ignored = tuple(f"{entry.path} is ignored: {entry.reason}" for entry in found.ignored)
    return WithFrame(pd.DataFrame(rows, columns=pd.Index(names)), ignored)


def collate(
    folder: File,
    out: File,
    *,
    plate: str | None = None,
    load_data: File | None = None,
    column: str | None = None,
    munge: bool = False,
    on_defective_site: Literal["drop", "fail"] = "drop",
    on_count_differs: Literal["keep", "drop", "fail"] = "keep",
    operation: Literal["mean", "median"] = "mean",
    strata: Sequence[str] = STRATA,
    compartments: Sequence[str] | None = None,
    image_feature_categories: Sequence[str] = COLLATE_CATEGORIES,
    fields_of_view: Literal["all"] | Sequence[int] = "all",
    object_feature: str | None = None,
    overwrite: bool = False,
) -> Collated:
    """Make the SQLite backend and the aggregated profiles of a plate from CellProfiler's CSVs.

    Each CSV is read once. Source: pycytominer 1.7.1, `collate`, and the program cytominer-database
    that it starts; a site that is cut, empty or missing is told in the ledger, where they fail.

    Parameters
    ----------
    folder : str or path
        The folder of the plate's site folders, each with `Image.csv`, `Cells.csv` and so on.
    out : str or path
        The folder to write `PLATE.sqlite` and `PLATE.csv` to; it is made where it is not there.
        It takes up at most as much room as the CSVs.
    plate : str, optional
        The plate's name. Without it the name of the folder, or of the one above where the folder
        is called `analysis`.
    load_data : str or path, optional
        The plate's `load_data.csv`: it tells which sites are missing.
    column : str, optional
        Column of `Image.csv` that becomes `Metadata_Plate` where there is none.
    munge : bool, default False
        Whether a site folder has one `object.csv` with all compartments, to be split.
    on_defective_site : {"drop", "fail"}, default "drop"
        Drop the objects of a defective site and say so, or raise.
    on_count_differs : {"keep", "drop", "fail"}, default "keep"
        Keep the objects of a site whose tables have more or fewer rows than `Image.csv` counts
        objects and say so, drop them, or raise.
    operation : {"mean", "median"}, default "mean"
        How cells become one value. Image features too, except counts, which are summed.
    strata : sequence of str, default ("Metadata_Plate", "Metadata_Well")
        Columns of the Image table that make a profile; a third one splits a well.
    compartments : sequence of str, optional
        Tables to aggregate; by default all that half of the sites have, where pycytominer takes the
        three canonical ones. A well needs objects in each that is named, and in the canonical ones.
    image_feature_categories : sequence of str
        Image features to add, by the first word of their names. Those of pycytominer's collate, and
        Count, as its command line has it.
    fields_of_view : "all" or sequence of int, default "all"
        The values of `Metadata_Site` to aggregate.
    object_feature : str, optional
        Column of the first compartment whose values are counted in `Metadata_Object_Count`;
        without it `ObjectNumber`.
    overwrite : bool, default False
        Whether files that stand in `out` may be replaced.

    Returns
    -------
    Collated
        One row per well: the strata, `Metadata_Site_Count`, `Metadata_Count_*`,
        `Metadata_Object_Count`, image features, then the compartments' features.

    Raises
    ------
    ProfilingError
        Where there is no site folder that can be read, a file stands in `out`, or a disk is full.

    Examples
    --------
    >>> plate = pa.collate("analysis/BATCH/PLATE/analysis", "backend")
    >>> plate.sites["state"].value_counts()
    """
    source, target = Path(folder).expanduser().resolve(), Path(out).expanduser()
    if not source.is_dir():
        raise MissingInputError("there is no such folder", path=str(folder), remedy=WHERE)
    own = source.parent.name if source.name == "analysis" else source.name
    key = Named(checked_name(own if plate is None else plate, "plate"))
    options = _aggregation(
        operation, strata, compartments, image_feature_categories, fields_of_view, object_feature
    )
    expected = None
    if load_data is not None:
        expected = expected_sites(read(load_data), path=str(load_data), plate=key.plate)
    files = {name: target / f"{key.plate}.{name}" for name in ("sqlite", "csv")}
    standing = [file for file in files.values() if file.exists()]
    if standing and not overwrite:
        raise ConflictError(
            "it is there already", path=str(standing[0]), remedy="give another out, or overwrite"
        )
    with writing(str(target), folder=target):
        target.mkdir(parents=True, exist_ok=True)
        holder = TemporaryDirectory(prefix=".collate-", dir=target)
    workspace = open_workspace(str(source.parent))
    sites = list_site_folders(workspace, source.name, key.plate)
    needed = backend_bytes(csv_bytes(sites.folders))
    with holder as made, filling(str(target), folder=target, needed=needed):
        with read_ahead(workspace, sites.folders, munge=munge) as folders:
            done = collate_plate(
                key,
                folders,
                expected,
                CollateOptions(
                    munge,
                    column,
                    on_defective_site,
                    on_count_differs=on_count_differs,
                    compartments=options.compartments,
                ),
                sqlite_file=Path(made) / files["sqlite"].name,
                parquet_folder=None,
                aggregate=options,
                path=str(folder),
            )
        frame = cast(pd.DataFrame, done.aggregate)
        csv = Path(made) / files["csv"].name
        csv.write_bytes(profiles_csv(frame, float_format=None, gzip=False))
        withheld = done.sqlite_withheld
        for file in files.values():
            if file.suffix == ".csv" or withheld is None:
                (Path(made) / file.name).replace(file)
    ignored = [f"{entry.path} is ignored: {entry.reason}" for entry in sites.ignored]
    return Collated(
        frame=with_numbers(frame),
        warnings=(*ignored, *done.warnings, *([] if withheld is None else [withheld])),
        wells=well_ledger_frame(done.wells),
        sites=site_ledger_frame(done.sites),
        sqlite=files["sqlite"] if withheld is None else None,
    )


def aggregate(
    sqlite: File,
    *,
    strata: Sequence[str] = STRATA,
    operation: Literal["mean", "median"] = "median",
    compartments: Sequence[str] | None = None,
    image_feature_categories: Sequence[str] = (),
    fields_of_view: Literal["all"] | Sequence[int] = "all",
    object_feature: str | None = None,
) -> Aggregated:
    """Aggregate the single cells of a database or a Parquet file, wherever it came from.

    Source: pycytominer 1.7.1, `SingleCells.aggregate_profiles`; of ExportToDatabase
    `SingleCells.merge_single_cells`, and of Parquet files `aggregate`.

    Parameters
    ----------
    sqlite : str or path
        A SQLite file with the tables Image, Cells and so on, as `collate` and cytominer-database
        make it, or Per_Image, Per_Cells and so on, as CellProfiler's ExportToDatabase does; or a
        Parquet file with one row a cell, as CytoTable writes.
    strata : sequence of str, default ("Metadata_Plate", "Metadata_Well")
        Columns of the Image table that make a profile; a third one splits a well.
    operation : {"median", "mean"}, default "median"
        How cells become one value. `collate` takes the mean, as pycytominer's does.
    compartments : sequence of str, optional
        Tables to aggregate; all that there are by default, where pycytominer takes the three
        canonical ones.
    image_feature_categories : sequence of str, default ()
        Image features to add, by the first word of their names.
    fields_of_view : "all" or sequence of int, default "all"
        The values of `Metadata_Site` to aggregate.
    object_feature : str, optional
        Column of the first compartment whose values are counted in `Metadata_Object_Count`;
        without it `ObjectNumber`.

    Returns
    -------
    Aggregated
        One row per well, columns as `collate` has them.

    Raises
    ------
    ProfilingError
        Where the file is no backend, is damaged, or lacks what is asked for.

    Examples
    --------
    >>> pa.aggregate("backend/PLATE.sqlite", operation="mean").frame
    """
    options = _aggregation(
        operation, strata, compartments, image_feature_categories, fields_of_view, object_feature
    )
    file = Path(sqlite).expanduser()
    if file.is_file() and _is_parquet(file):
        with TemporaryDirectory() as scratch:
            done = aggregate_joined(None, file, options, path=str(sqlite), scratch=Path(scratch))
    else:
        done = aggregate_backend(None, file, options, path=str(sqlite))
    return Aggregated(with_numbers(done.frame), done.warnings, well_ledger_frame(done.wells))


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as opened:
        return is_parquet(opened.read(HEAD_BYTES))


def _aggregation(
    operation: Literal["mean", "median"],
    strata: Sequence[str],
    compartments: Sequence[str] | None,
    image_feature_categories: Sequence[str],
    fields_of_view: Literal["all"] | Sequence[int],
    object_feature: str | None,
) -> AggregateOptions:
    if operation not in ("mean", "median"):
        raise ConfigError(f"there is no operation {operation}", remedy="use mean or median")
    if isinstance(strata, str) or len(strata) < 2:
        raise ConfigError(
            "strata are two columns or more",
            remedy="give those with the plate and the well, then those that split a well, if any",
        )
    return AggregateOptions(
        method=operation,
        plate_column=strata[0],
        well_column=strata[1],
        strata=tuple(strata[2:]),
        fields="all" if isinstance(fields_of_view, str) else tuple(fields_of_view),
        object_feature=object_feature,
        image_feature_categories=tuple(image_feature_categories),
        compartments=None if compartments is None else tuple(compartments),
    )
