"""The reference engine: cytominer-database and pycytominer's `SingleCells`, unchanged.

Put here: calling the reference as `collate_plate` of pycytominer does, for whoever wants to
compare.
Do not put here: our own engine (`collate_plate`).
The reference drops a site whole, its Image row too, where any of its files is empty, has a header
only or is ragged; what it says on stdout about it becomes the reason in the ledger.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

import contextlib
import io
import sqlite3
import tempfile
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pandas as pd

from profiling_assets.collate.aggregate import WellTally, with_sites
from profiling_assets.collate.columns import absent_categories
from profiling_assets.collate.file_defect import FileDefect, count_lines
from profiling_assets.collate.header import TABLE_NUMBER
from profiling_assets.collate.image_csv import read_image
from profiling_assets.collate.options import CollateOptions, CollateResult, TableSummary
from profiling_assets.collate.site import ExpectedSites
from profiling_assets.collate.site_state import state_warnings
from profiling_assets.collate.sqlite_file import quoted
from profiling_assets.collate.strata import as_text
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.ledger import SiteRecord, SiteState, WellRecord
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.site_folder import CANONICAL, IMAGE, table_order
from profiling_assets.workspace.sites import ExpectedSite, parse_site_folder

_Counts = dict[str, dict[int, int]]


def collate_with_reference_engine(
    key: PlateKey,
    folder: Path,
    expected: Sequence[ExpectedSite] | None,
    options: CollateOptions,
    *,
    sqlite_file: Path,
    aggregate: AggregateOptions | None,
    path: str,
) -> CollateResult:
    """Collate a plate with cytominer-database, and aggregate it with pycytominer.

    `folder`: a local folder of site folders; only read. `sqlite_file`: where to write the backend
    (a scratch place; must not exist). `aggregate`: how to aggregate; None for no profiles. The
    result has one record a folder; what the reference rejects is `unreadable`, and it knows no
    `on_defective_site`. Raises `InvalidInputError` where the reference fails, with its own words.
    """
    sites = sorted((p for p in folder.iterdir() if p.is_dir()), key=lambda p: p.name)
    try:
        said = _ingest(sites, sqlite_file, options)
        counts = _rows_by_number(sqlite_file)
        tables = _summaries(sqlite_file, counts)
        frame, absent = None, ()
        if aggregate is not None:
            frame, absent = _aggregated(sqlite_file, aggregate, list(tables)[1:])
    except Exception as error:  # whatever the reference raises
        sqlite_file.unlink(missing_ok=True)
        raise InvalidInputError(
            f"the reference engine failed: {type(error).__name__}: {error}",
            path=path,
            remedy="leave collate.engine out: the program's own engine takes such files",
        ) from error
    found = ExpectedSites(expected)
    records = [_record(site, key.plate, counts, said, found) for site in sites]
    records += found.missing()
    wells: tuple[WellRecord, ...] = ()
    if frame is not None and aggregate is not None:
        named = [*found.wells(), *(record.well for record in records)]
        wells = with_sites(_wells(sqlite_file, frame, aggregate).records(named), records)
    return CollateResult(
        tables,
        tuple(records),
        wells,
        frame,
        None,
        {},
        (*state_warnings(records), *absent),
        next((s.rows for table, s in tables.items() if table != IMAGE), 0),
    )


def _ingest(sites: Sequence[Path], sqlite_file: Path, options: CollateOptions) -> str:
    """Run the reference on links to the CSVs (its munge writes beside them); return its words."""
    with warnings.catch_warnings():
        # The import resets the warning filters and needs pkg_resources, which warns of its end.
        warnings.simplefilter("ignore")
        import cytominer_database.ingest
        import cytominer_database.munge
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(dir=sqlite_file.parent) as scratch:
        # Wide tables inserted column by column, and csvkit's old calls: not ours to mend.
        warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        source = Path(scratch) / "sites"
        config = Path(scratch) / "ingest.ini"
        names = _link(sites, source, munge=options.munge)
        lines = [f"{role} = {name}" for role, name in names.items()]
        config.write_text("\n".join(["[filenames]", *lines, ""]))
        with contextlib.redirect_stdout(io.StringIO()) as said:
            if options.munge:
                cytominer_database.munge.munge(str(config), str(source))
            cytominer_database.ingest.seed(str(source), f"sqlite:///{sqlite_file}", str(config))
    _index(sqlite_file, options)
    return said.getvalue()


def _link(sites: Sequence[Path], source: Path, *, munge: bool) -> dict[str, str]:
    names = {"image": "Image.csv", "object": "object.csv", "experiment": "Experiment.csv"}
    for site in sites:
        (source / site.name).mkdir(parents=True)
        files = {file.name: file for file in site.glob("*.csv")}
        roles = {name: name.removesuffix(".csv").lower() for name in files}
        for name, role in roles.items():
            if role in names:
                names[role] = name
        merged = munge and "object" in roles.values()
        for name, file in files.items():
            if not merged or roles[name] in names:
                (source / site.name / name).symlink_to(file.resolve())
    return names


def _index(sqlite_file: Path, options: CollateOptions) -> None:
    """Add Metadata_Plate and the indices, as `collate` of pycytominer does."""
    with contextlib.closing(sqlite3.connect(sqlite_file, isolation_level=None)) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(Image)")}
        if options.plate_column_from and "Metadata_Plate" not in columns:
            connection.execute("ALTER TABLE Image ADD COLUMN Metadata_Plate TEXT")
            column = quoted(options.plate_column_from)
            connection.execute(f"UPDATE Image SET Metadata_Plate = {column}")  # noqa: S608 - quoted
        connection.execute("CREATE INDEX table_image_idx ON Image(TableNumber, ImageNumber)")
        for table in _tables(connection)[1:]:
            connection.execute(
                f"CREATE INDEX {quoted(f'table_image_object_{table.lower()}_idx')} "
                f"ON {quoted(table)}(TableNumber, ImageNumber, ObjectNumber)"
            )
        connection.execute(
            "CREATE INDEX plate_well_image_idx ON Image(Metadata_Plate, Metadata_Well)"
        )


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return sorted((str(row[0]) for row in rows), key=table_order)


def _rows_by_number(sqlite_file: Path) -> _Counts:
    """Return for each table the rows of each TableNumber."""
    with contextlib.closing(sqlite3.connect(sqlite_file)) as connection:
        counts: _Counts = {}
        for table in _tables(connection):
            query = f"SELECT {TABLE_NUMBER}, COUNT(*) FROM {quoted(table)} GROUP BY 1"  # noqa: S608
            counts[table] = dict(connection.execute(query).fetchall())
        return counts


def _summaries(sqlite_file: Path, counts: _Counts) -> dict[str, TableSummary]:
    with contextlib.closing(sqlite3.connect(sqlite_file)) as connection:
        return {
            table: TableSummary(
                sum(rows.values()),
                len(connection.execute(f"PRAGMA table_info({quoted(table)})").fetchall()),
            )
            for table, rows in counts.items()
        }


def _aggregated(
    sqlite_file: Path, options: AggregateOptions, tables: Sequence[str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    with warnings.catch_warnings():
        # The import sets an option that pandas 3 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        from pycytominer.cyto_utils.cells import SingleCells

    with contextlib.closing(sqlite3.connect(sqlite_file)) as connection:
        columns = [str(row[1]) for row in connection.execute("PRAGMA table_info(Image)")]
    absent = absent_categories(columns, options.image_feature_categories)
    categories = [c for c in options.image_feature_categories if c not in absent]
    compartments = [name.lower() for name in options.compartments or tables]
    strata = [options.plate_column, options.well_column, *options.splits]
    linking, counted = _linking(compartments)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The SingleCells class is deprecated")
        warnings.filterwarnings("ignore", "Non-canonical compartment detected")
        cells = SingleCells(
            f"sqlite:///{sqlite_file}",
            strata=strata,
            aggregation_operation=options.method,
            compartments=compartments,
            compartment_linking_cols=linking,
            add_image_features=bool(categories),
            image_feature_categories=categories,
            fields_of_view="all" if options.fields == "all" else list(options.fields),
            object_feature=options.object_feature or counted,
        )
        try:
            frame = cast("pd.DataFrame", cells.aggregate_profiles())
        finally:
            cells.conn.close()
            cells.engine.dispose()
    said = tuple(f"no Image column is of the category {c}: it is left out" for c in absent)
    return frame, said


def _linking(compartments: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return linking columns as the recipe makes them, and the name of `ObjectNumber` then."""
    if not {name.lower() for name in CANONICAL} <= set(compartments):
        return {}, "ObjectNumber"  # pycytominer links by Cytoplasm, and renames what links
    linking: dict[str, dict[str, str]] = {"cytoplasm": {}}
    for name in compartments:
        if name != "cytoplasm":
            linking["cytoplasm"][name] = f"Cytoplasm_Parent_{name.capitalize()}"
            linking[name] = {"cytoplasm": "ObjectNumber"}
    return linking, "Metadata_ObjectNumber"


def _record(site: Path, plate: str, counts: _Counts, said: str, found: ExpectedSites) -> SiteRecord:
    """Write the record of a folder: kept whole where its TableNumber is in the backend."""
    files = {file.stem.capitalize(): file for file in sorted(site.glob("*.csv"))}
    name = parse_site_folder(site.name, plate)
    lines = {
        table: max(count_lines(files[table].read_bytes()) - 1, 0)
        for table in counts
        if table in files
    }
    image_rows = lines.pop(IMAGE, 0)
    data = files[IMAGE].read_bytes() if IMAGE in files else b""
    image = read_image(data, "Image.csv")
    text = {} if isinstance(image, FileDefect) else image.rows[0].text
    well = text.get("Metadata_Well") or name.well or ""
    place = text.get("Metadata_Site") or name.site or ""
    found.find(well, place)
    number = zlib.crc32(data)
    if IMAGE in files and number in counts[IMAGE]:
        kept = {table: rows.get(number, 0) for table, rows in counts.items() if table != IMAGE}
        return SiteRecord(
            site.name, well, place, SiteState.COMPLETE, "", image_rows, image_rows, kept, kept
        )
    # It says: Some files were invalid: Cells.csv. Skipping /a/b/SITE.
    words = [line for line in said.splitlines() if line.rstrip(" .").endswith(f"/{site.name}")]
    what, colon, files_named = (words[0] if words else "no reason given").partition(": ")
    listed = ",".join(sorted(files_named.split(". Skipping ")[0].split(",")))  # in no order there
    reason = f"rejected by cytominer-database: {what.split(' Skipping ')[0]}{colon}{listed}"
    state = SiteState.UNREADABLE if IMAGE in files else SiteState.MISSING
    return SiteRecord(
        site.name, well, place, state, reason, image_rows, 0, lines, dict.fromkeys(lines, 0)
    )


def _wells(sqlite_file: Path, frame: pd.DataFrame, options: AggregateOptions) -> WellTally:
    tally = WellTally()
    with contextlib.closing(sqlite3.connect(sqlite_file)) as connection:
        query = f"SELECT {quoted(options.well_column)} FROM Image"  # noqa: S608 - quoted
        for (well,) in connection.execute(query):
            if well is not None:
                tally.add_site(as_text(well), in_fields=True)
    cells: dict[str, int] = {}
    for well, count in zip(frame[options.well_column], frame["Metadata_Object_Count"], strict=True):
        cells[str(well)] = cells.get(str(well), 0) + int(count)
    for record in tally.records():
        tally.add_cells(record.well, cells.get(record.well, 0))
        tally.close(record.well, () if record.well in cells else ("a compartment",))
    return tally
