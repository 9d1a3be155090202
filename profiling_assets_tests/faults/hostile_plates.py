"""Plates with one damaged file, and damaged backends: the books must balance.

Put here: collating and aggregating them, in = kept + dropped for sites, objects and wells.
Do not put here: files of a few lines (`hostile_readers`), how they are damaged (`hostile_bytes`).
"""

import random
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from profiling_assets.collate.from_backend import aggregate_backend
from profiling_assets.collate.options import CollateResult
from profiling_assets.errors import ProfilingError
from profiling_assets.profiles.tables import profiles_csv
from profiling_assets.workspace.ledger import WellState
from profiling_assets.workspace.sites import ExpectedSite
from profiling_assets_tests.collate.support import (
    KEY,
    MEAN,
    MadeFolder,
    collate,
    made_site,
    stored_tables,
)
from profiling_assets_tests.faults.hostile_bytes import FRAGMENTS, damaged
from profiling_assets_tests.faults.hostile_limits import no_hang
from profiling_assets_tests.faults.hostile_readers import Case, told

TABLES = ("Cells", "Cytoplasm", "Nuclei")
CELLS = 3
SITES = (
    made_site("A01", 1, CELLS),
    made_site("A01", 2, CELLS),
    made_site("A02", 1, CELLS),
    made_site("B01", 1, CELLS),
)
_TROUBLED = SITES[3]
_EXPECTED = [
    ExpectedSite(w, s) for w, s in (("A01", "1"), ("A01", "2"), ("A02", "1"), ("B01", "1"))
]
_FILES = ("Image.csv", "Cells.csv", "Cytoplasm.csv", "Nuclei.csv")


def site_cases(count: int, seed: int = 0) -> Iterator[Case]:
    """Give damaged CSVs of one site in turn; `kind` is the file's name."""
    for number in range(count):
        rng = random.Random(f"site/{seed}/{number}")
        file = _FILES[number % len(_FILES)]
        how, data = damaged(rng, _TROUBLED.read(file))
        yield Case(file, number, how, data)


def collated(case: Case, folder: Path) -> str:
    """Collate a plate of four sites, one of which has a damaged file, and balance its books.

    Returns
    -------
    str
        The state of the damaged site, or `refused` where the whole plate is.
    """
    sites = [*SITES[:3], _TROUBLED.with_file(case.kind, case.data)]
    try:
        with no_hang():
            result = collate(sites, folder, expected=_EXPECTED)
            balanced(sites, result, folder)
            others = [record for record in result.sites if record.folder != _TROUBLED.name]
            whole = [record for record in others if record.folder]  # else expected and not there
            assert len(whole) == len(SITES) - 1
            assert all(record.image_rows_kept == 1 for record in whole)
            assert all(record.objects_kept[table] == CELLS for record in whole for table in TABLES)
            troubled = [record for record in result.sites if record.folder == _TROUBLED.name]
            if case.kind != "Image.csv":
                (record,) = troubled
                found = _lines(case.data)
                table = case.kind.removesuffix(".csv")
                assert found is None or record.objects_in[table] == found
    except ProfilingError as error:
        told(error)
        return "refused"
    except Exception as error:
        error.add_note(f"{case.kind}, case {case.number}: {case.how}: {case.data[:300]!r}")
        raise
    return troubled[0].state.value


def _lines(data: bytes) -> int | None:
    """Count the data lines of a plain CSV by other means; None where a line may be no row."""
    if b'"' in data or b"\0" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None
    return max(sum(1 for line in re.split(rb"\r\n|\n|\r", data) if line.strip()) - 1, 0)


def balanced(folders: Sequence[MadeFolder], result: CollateResult, folder: Path) -> None:
    """Check in = kept + dropped of sites, objects and wells, and that the backend is a backend."""
    named = {record.folder for record in result.sites} - {""}
    unnamed = {site.name for site in folders} - named
    assert all(any(name in warning for warning in result.warnings) for name in unnamed)
    for record in result.sites:
        lost = record.image_rows_in - record.image_rows_kept
        assert lost >= 0
        dropped = {t: n - record.objects_kept.get(t, 0) for t, n in record.objects_in.items()}
        assert all(n >= 0 for n in dropped.values())
        if lost or any(dropped.values()):
            assert record.reason, record
    if result.sqlite_withheld:  # one header of more than 2,000 columns
        assert "columns" in result.sqlite_withheld
        return
    tables = stored_tables(folder / "backend.sqlite")
    assert len(tables["Image"].rows) == sum(record.image_rows_kept for record in result.sites)
    for table in set(tables) - {"Image"}:
        kept = sum(record.objects_kept.get(table, 0) for record in result.sites)
        assert len(tables[table].rows) == kept, table
        assert result.tables[table].rows == kept
    assert set(tables) == set(result.tables)
    connection = sqlite3.connect(folder / "backend.sqlite")
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    assert result.aggregate is not None
    states = Counter(well.state for well in result.wells)
    assert states[WellState.PROFILE] == len(result.aggregate)
    wells = {record.well for record in result.sites if record.well}
    # a cell's blanks stay in the backend, as everything that was written by others
    assert {well.well.strip() for well in result.wells} == wells
    assert all(well.reason for well in result.wells if well.state is not WellState.PROFILE)
    profiles_csv(result.aggregate, float_format="%.5g", gzip=False)


def named_case(fragment: str, folder: Path) -> str:
    """Collate a plate with a fragment for a column, a table, a well and a cell's text."""
    quoted = '"' + fragment.replace('"', '""') + '"'
    site = made_site("A01", 1, CELLS)
    header, *rows = site.read("Cells.csv").decode().splitlines()
    cells = "\r\n".join([f"{header},{quoted}", *(f"{row},{quoted}" for row in rows), ""])
    image, row = site.read("Image.csv").decode().splitlines()
    images = f"{image},Metadata_Note\r\n{row.replace('A01', quoted)},{quoted}\r\n"
    sites = [
        site.with_file("Cells.csv", cells).with_file("Image.csv", images),
        made_site("A02", 1, CELLS),
    ]
    if "/" not in fragment and fragment.strip():
        sites = [one.with_file(f"{fragment}.csv", one.read("Nuclei.csv")) for one in sites]
    try:
        with no_hang():
            result = collate(sites, folder)
            balanced(sites, result, folder)
            # the same from the file, as a plate that starts at its backend
            again = aggregate_backend(KEY, folder / "backend.sqlite", MEAN, path="x.sqlite")
            assert result.aggregate is not None
            assert len(again.frame) == len(result.aggregate)
    except ProfilingError as error:
        told(error)
        return "refused"
    except Exception as error:
        error.add_note(f"fragment {fragment!r}")
        raise
    return "collated"


def sound_backend(folder: Path) -> bytes:
    """Return the bytes of a backend of four sites."""
    collate(SITES, folder)
    return (folder / "backend.sqlite").read_bytes()


_FOREIGN = (
    "DROP TABLE Image",
    "DROP TABLE Cells",
    "DROP TABLE Cells; DROP TABLE Cytoplasm; DROP TABLE Nuclei",
    "ALTER TABLE Image RENAME COLUMN TableNumber TO T",
    "ALTER TABLE Cells RENAME COLUMN ImageNumber TO I",
    "ALTER TABLE Image RENAME COLUMN Metadata_Well TO W",
    "ALTER TABLE Image RENAME TO x; ALTER TABLE x RENAME TO image",
    "ALTER TABLE Cells RENAME TO 'x; DROP TABLE Image; --'",
    "ALTER TABLE Cells RENAME TO '\"'",
    'ALTER TABLE Cells RENAME COLUMN Cells_AreaShape_Area TO """; DROP TABLE Image; --"',
    "UPDATE Image SET Metadata_Well = NULL",
    "UPDATE Image SET Metadata_Well = '../../x'",
    "UPDATE Image SET Metadata_Well = x'00ff'",
    "UPDATE Image SET Metadata_Plate = 12",
    "UPDATE Image SET Metadata_Well = 1.5 WHERE rowid = 1",
    "UPDATE Image SET TableNumber = x'00ff'",
    "UPDATE Image SET TableNumber = 1, ImageNumber = 1",
    "UPDATE Image SET Count_Cells = 'many'",
    "UPDATE Image SET Count_Cells = 9e999",
    "UPDATE Image SET Granularity_1_DNA = x'00ff'",
    "UPDATE Cells SET ImageNumber = 'x'",
    "UPDATE Cells SET Cells_AreaShape_Area = 'words'",
    "UPDATE Cells SET Cells_AreaShape_Area = x'ff00'",
    "UPDATE Cells SET Cells_AreaShape_Area = 9e999",
    "UPDATE Cells SET Cells_AreaShape_Area = 9223372036854775807",
    "UPDATE Cells SET Cells_AreaShape_Area = CAST(x'ff' AS TEXT)",
    "UPDATE Image SET Metadata_Well = CAST(x'ff41' AS TEXT)",
    "DELETE FROM Image",
    "DELETE FROM Cells",
    "DELETE FROM Cells WHERE rowid > 3",
    "DROP INDEX IF EXISTS table_image_object_cells_idx",
    "INSERT INTO Image SELECT * FROM Image",
    "CREATE TABLE Image2 AS SELECT * FROM Image",
    "CREATE VIEW V AS SELECT * FROM Image",
    "ALTER TABLE Cells RENAME TO Zellen; CREATE VIEW Cells AS SELECT * FROM Zellen",
    "CREATE TABLE w (TableNumber, ImageNumber, x, PRIMARY KEY (x)) WITHOUT ROWID",
    "CREATE VIRTUAL TABLE f USING fts5(TableNumber, ImageNumber)",
    "CREATE TABLE g (TableNumber, ImageNumber, x GENERATED ALWAYS AS (1/0))",
    "CREATE TABLE Empty (x)",
    "PRAGMA user_version = 7",
    "PRAGMA encoding = 'UTF-16'; VACUUM",
    "PRAGMA journal_mode = WAL",
)


def backend_cases(sound: bytes, count: int, seed: int = 0) -> Iterator[Case]:
    """Give damaged bytes of a backend."""
    for number in range(count):
        rng = random.Random(f"backend/{seed}/{number}")
        data = bytearray(sound)
        how = rng.choice(("cut", "noise in the header", "noise", "a page gone", "a text changed"))
        if how == "cut":
            del data[rng.randrange(len(data)) :]
        elif how == "noise in the header":
            at = rng.randrange(100)
            data[at : at + 4] = rng.randbytes(4)
        elif how == "noise":
            for _ in range(rng.choice((1, 20, 500))):
                data[rng.randrange(len(data))] = rng.randrange(256)
        elif how == "a page gone":
            at = 4096 * rng.randrange(max(len(data) // 4096, 1))
            data[at : at + 4096] = rng.choice((bytes(4096), rng.randbytes(4096)))
        else:
            words = (b"Image", b"Cells", b"TableNumber", b"TEXT", b"A01", b"BIGINT", b"CREATE")
            word = rng.choice(words)
            data = bytearray(bytes(data).replace(word, rng.randbytes(len(word))))
        yield Case("backend", number, how, bytes(data))


def aggregated(case: Case, file: Path) -> str:
    """Aggregate a damaged backend."""
    file.write_bytes(case.data)
    return _aggregated(file, f"case {case.number}: {case.how}")


def foreign_cases() -> tuple[str, ...]:
    """Return SQL that makes of a backend another database."""
    return _FOREIGN


def aggregated_foreign(sound: bytes, script: str, file: Path) -> str:
    """Aggregate a backend that another program changed."""
    file.write_bytes(sound)
    connection = sqlite3.connect(file)
    connection.executescript(script)
    connection.close()
    return _aggregated(file, script)


def _aggregated(file: Path, what: str) -> str:
    before = file.read_bytes()
    try:
        with no_hang():
            result = aggregate_backend(KEY, file, MEAN, path="backend/B/P1/P1.sqlite")
            states = Counter(well.state for well in result.wells)
            assert states[WellState.PROFILE] == len(result.frame)
            assert all(well.reason for well in result.wells if well.state is not WellState.PROFILE)
            profiles_csv(result.frame, float_format="%.5g", gzip=False)
            words = " ".join((*result.warnings, *(well.reason for well in result.wells)))
            cells = _cells(file)
            said = any(part in words for part in ("in no profile", "no Image", "for each"))
            assert said or cells in {None, result.cells}
    except ProfilingError as error:
        told(error)
        end = "refused"
    except Exception as error:
        error.add_note(f"backend, {what}")
        raise
    else:
        end = "aggregated"
    assert file.read_bytes() == before
    return end


def _cells(file: Path) -> int | None:
    """Count the rows of Cells by other means; None where there is no such table."""
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT COUNT(*) FROM Cells NOT INDEXED").fetchone()[0])
    except sqlite3.Error:
        return None
    finally:
        connection.close()


NAMES = tuple(dict.fromkeys(FRAGMENTS))
