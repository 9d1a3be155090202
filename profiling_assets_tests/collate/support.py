"""Site folders for the tests of collate: real ones on disk, and made ones."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.options import CollateOptions, CollateResult
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.sites import ExpectedSite

KEY = PlateKey("2024_01_01_Batch1", "P1")
MEAN = AggregateOptions("mean")


@dataclass(frozen=True)
class LocalSiteFolder:
    """A site folder on disk."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def files(self) -> Mapping[str, int]:
        return {file.name: file.stat().st_size for file in self.path.iterdir() if file.is_file()}

    def read(self, file: str) -> bytes:
        return (self.path / file).read_bytes()

    def head(self, file: str) -> bytes:
        with (self.path / file).open("rb") as stream:
            return stream.readline() + stream.readline()


@dataclass(frozen=True)
class MadeFolder:
    """A site folder in memory: file name to content."""

    name: str
    contents: Mapping[str, bytes]

    @property
    def files(self) -> Mapping[str, int]:
        return {file: len(data) for file, data in self.contents.items()}

    def read(self, file: str) -> bytes:
        return self.contents[file]

    def head(self, file: str) -> bytes:
        return self.contents[file]

    def without(self, *files: str) -> "MadeFolder":
        return MadeFolder(self.name, {f: d for f, d in self.contents.items() if f not in files})

    def with_file(self, file: str, data: bytes | str) -> "MadeFolder":
        data = data if isinstance(data, bytes) else data.encode()
        return MadeFolder(self.name, {**self.contents, file: data})

    def renamed(self, name: str) -> "MadeFolder":
        return MadeFolder(name, self.contents)


def local_folders(root: Path) -> list[LocalSiteFolder]:
    return [LocalSiteFolder(path) for path in root.iterdir() if path.is_dir()]


def written(folders: Iterable[MadeFolder], root: Path) -> Path:
    for folder in folders:
        (root / folder.name).mkdir(parents=True)
        for file, data in folder.contents.items():
            (root / folder.name / file).write_bytes(data)
    return root


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]], end: str = "\r\n") -> str:
    lines = [",".join(header), *(",".join(map(str, row)) for row in rows)]
    return end.join(lines) + end


def made_site(
    well: str = "A01", site: int = 1, cells: int = 3, *, plate: str = "P1", offset: float = 0.0
) -> MadeFolder:
    """Make a complete site: 3 compartments with 2 features, an Image file with 2 categories."""
    number = (ord(well[0]) - 64) * 10000 + int(well[1:]) * 100 + site
    image = {
        "Count_Cells": f"{cells}.0",
        "Granularity_1_DNA": 0.5 + site + offset,
        "ImageNumber": number,
        "Metadata_Plate": plate,
        "Metadata_Site": site,
        "Metadata_Well": well,
        "Texture_Contrast_DNA": 1.25 * site,
    }
    contents = {"Image.csv": csv_text(list(image), [list(image.values())]).encode()}
    for shift, table in enumerate(("Cells", "Cytoplasm", "Nuclei")):
        header = ["ImageNumber", "ObjectNumber", "AreaShape_Area", "Intensity_Mean"]
        rows = [
            [number, n, 100 * n + shift, 0.1 * n + site + shift + offset]
            for n in range(1, cells + 1)
        ]
        contents[f"{table}.csv"] = csv_text(header, rows).encode()
    return MadeFolder(f"{plate}-{well}-{site}", contents)


def collate(
    folders: Sequence[LocalSiteFolder | MadeFolder],
    folder: Path,
    *,
    key: PlateKey = KEY,
    expected: Sequence[ExpectedSite] | None = None,
    options: CollateOptions | None = None,
    aggregate: AggregateOptions | None = MEAN,
    sqlite: bool = True,
    parquet: bool = False,
) -> CollateResult:
    folder.mkdir(parents=True, exist_ok=True)
    return collate_plate(
        key,
        folders,
        expected,
        options or CollateOptions(),
        sqlite_file=folder / "backend.sqlite" if sqlite else None,
        parquet_folder=folder if parquet else None,
        aggregate=aggregate,
        path=f"analysis/{key}/analysis",
    )


@dataclass(frozen=True)
class StoredTable:
    """A table of a SQLite file: columns with their declared types, rows, storage classes."""

    columns: list[tuple[str, str]]
    rows: list[tuple[object, ...]]
    classes: list[tuple[str, ...]]


def stored_tables(file: Path) -> dict[str, StoredTable]:
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
    names = [
        row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    tables: dict[str, StoredTable] = {}
    for name in names:
        quoted = name.replace('"', '""')
        columns = [(r[1], r[2]) for r in connection.execute(f'PRAGMA table_info("{quoted}")')]
        rows = connection.execute(f'SELECT * FROM "{quoted}" ORDER BY rowid').fetchall()
        classes = [tuple(_class(value) for value in row) for row in rows]
        tables[name] = StoredTable(columns, rows, classes)
    connection.close()
    return tables


def _class(value: object) -> str:
    return type(value).__name__


def index_sql(file: Path) -> dict[str, tuple[str, ...]]:
    """Return each index's table and columns."""
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
    rows = connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'")
    indices = {
        name: (table, *(r[2] for r in connection.execute(f'PRAGMA index_info("{name}")')))
        for name, table in rows.fetchall()
    }
    connection.close()
    return indices
