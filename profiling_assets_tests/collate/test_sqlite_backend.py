"""The SQLite backend: columns and types in any order of folders, names from files, metadata."""

import itertools
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiling_assets.collate.cell_values import column_values
from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.columns import absent_categories, survey_headers
from profiling_assets.collate.options import CollateOptions
from profiling_assets.collate.sqlite_backend import MAX_COLUMNS
from profiling_assets.collate.table_choice import required_tables
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.names import PlateKey
from profiling_assets_tests.collate.support import (
    KEY,
    MadeFolder,
    StoredTable,
    collate,
    csv_text,
    index_sql,
    made_site,
    stored_tables,
)


def column(table: StoredTable, name: str) -> tuple[str, list[object]]:
    names = [column for column, _ in table.columns]
    at = names.index(name)
    return table.columns[at][1], [row[at] for row in table.rows]


def site_with(cells: list[list[str]], image: list[str], number: int) -> MadeFolder:
    """Make a site with given texts in object and Image columns."""
    rows = [[number, at, *texts] for at, texts in enumerate(cells, start=1)]
    header = ["ImageNumber", "ObjectNumber", *(f"F{n}" for n in range(len(cells[0])))]
    names = ["ImageNumber", "Metadata_Well", *(f"M{n}" for n in range(len(image)))]
    well = f"{chr(64 + number)}01"
    return MadeFolder(
        f"P1-{well}-1",
        {
            "Image.csv": csv_text(names, [[number, well, *image]]).encode(),
            "Cells.csv": csv_text(header, rows).encode(),
        },
    )


# Two passes and plain Python: the types from all texts, then the values as SQLite stores them.
def plain_table(
    name: str, header: list[str], files: list[list[list[str]]], verbatim: frozenset[str]
) -> tuple[list[str], list[list[object]]]:
    kinds: list[str] = []
    stored: list[list[object]] = []
    for at, title in enumerate(header):
        read = [column_values([row[at] for row in rows]) for rows in files]
        found = {kind for kind, values in read if any(v is not None for v in values)}
        if title in verbatim or "text" in found:
            kinds.append("TEXT")
        else:
            kinds.append("BIGINT" if found == {"whole"} else "FLOAT")
        stored.append([value for _, values in read for value in values])
    connection = sqlite3.connect(":memory:")
    columns = ", ".join(f'"{t}" {k}' for t, k in zip(header, kinds, strict=True))
    connection.execute(f'CREATE TABLE "{name}" ({columns})')
    marks = ", ".join("?" * len(header))
    connection.executemany(
        f'INSERT INTO "{name}" VALUES ({marks})', list(zip(*stored, strict=True))
    )
    rows = connection.execute(f'SELECT * FROM "{name}" ORDER BY rowid').fetchall()
    connection.close()
    return kinds, [list(row) for row in rows]


cell_texts = st.sampled_from(
    ["1", "2", "-3", "007", "0", "-0", "1.0", "2.5", "1e3", "inf", "nan", "", "NA", "x", "2.50",
     "9007199254740993", "9007199254740993.0", "9223372036854775808", "0.1234567890123456789",
     "True"]
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_types_and_values_are_those_of_a_plain_two_pass_writer(data: st.DataObject, tmp_path: Path):
    width = data.draw(st.integers(1, 3))
    sites = data.draw(st.integers(1, 4))
    columns = [data.draw(st.lists(cell_texts, min_size=1, max_size=6)) for _ in range(2 * width)]
    pick = [st.sampled_from(choices) for choices in columns]
    objects = [
        [[data.draw(p) for p in pick[:width]] for _ in range(data.draw(st.integers(1, 3)))]
        for _ in range(sites)
    ]
    images = [[data.draw(p) for p in pick[width:]] for _ in range(sites)]
    folders = [site_with(o, i, n) for n, (o, i) in enumerate(zip(objects, images, strict=True), 1)]
    file = tmp_path / "backend.sqlite"
    file.unlink(missing_ok=True)
    collate(folders, tmp_path, aggregate=None)
    tables = stored_tables(file)
    connection = sqlite3.connect(file)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()

    header = [f"Cells_F{n}" for n in range(width)]
    kinds, rows = plain_table("Cells", header, objects, frozenset())
    assert [kind for _, kind in tables["Cells"].columns[3:]] == kinds
    assert same([list(row[3:]) for row in tables["Cells"].rows], rows)
    header = [f"M{n}" for n in range(width)]
    kinds, rows = plain_table("Image", header, [[image] for image in images], frozenset())
    names = [name for name, _ in tables["Image"].columns]
    assert [dict(tables["Image"].columns)[name] for name in header] == kinds
    places = [names.index(name) for name in header]
    assert same([[row[place] for place in places] for row in tables["Image"].rows], rows)


def same(ours: list[list[object]], theirs: list[list[object]]) -> bool:
    return [[(type(v), v) for v in row] for row in ours] == [
        [(type(v), v) for v in row] for row in theirs
    ]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_types_and_values_do_not_depend_on_the_order_of_folders(
    data: st.DataObject, tmp_path: Path
):
    cells = [[data.draw(cell_texts)] for _ in range(3)]
    images = [[data.draw(cell_texts)] for _ in range(3)]
    seen = []
    for order in itertools.permutations(range(3)):
        folders = [
            site_with([cells[n]], images[n], n + 1).renamed(f"P1-{'ABC'[place]}0{n + 1}-{n}")
            for place, n in enumerate(order)
        ]
        (tmp_path / "backend.sqlite").unlink(missing_ok=True)
        collate(folders, tmp_path, aggregate=None)
        tables = stored_tables(tmp_path / "backend.sqlite")
        seen.append(
            (
                {table: stored.columns for table, stored in tables.items()},
                sorted(repr(row) for row in tables["Cells"].rows),
                sorted(repr(row) for row in tables["Image"].rows),
            )
        )
    assert all(one == seen[0] for one in seen)


def shortened(folder: MadeFolder) -> MadeFolder:
    """Return a site whose files lack columns, as of an image that failed quality control."""
    image = folder.read("Image.csv").decode().split("\r\n")
    header, values = (line.split(",") for line in image[:2])
    keep = [at for at, name in enumerate(header) if not name.startswith(("Gran", "Text", "Count"))]
    lines = [",".join(line[at] for at in keep) for line in (header, values)]
    short = folder.with_file("Image.csv", "\r\n".join([*lines, ""]))
    cells = [line.rsplit(",", 1)[0] for line in folder.read("Cells.csv").decode().split("\r\n")]
    return short.with_file("Cells.csv", "\r\n".join(cells))


@pytest.mark.parametrize("short", range(3))
def test_any_site_may_be_the_short_one_and_any_folder_sort_first(short: int, tmp_path: Path):
    sites = [made_site("A01"), made_site("B02", offset=0.25), made_site("C03", offset=0.5)]
    sites[short] = shortened(sites[short])
    seen = []
    for number, names in enumerate(itertools.permutations(("x", "y", "z"))):
        renamed = [site.renamed(name) for site, name in zip(sites, names, strict=True)]
        result = collate(renamed, tmp_path / str(number))
        tables = stored_tables(tmp_path / str(number) / "backend.sqlite")
        rows = {name: sorted(map(repr, table.rows)) for name, table in tables.items()}
        assert result.aggregate is not None
        seen.append(({n: t.columns for n, t in tables.items()}, rows, result.aggregate.to_csv()))
    assert all(one == seen[0] for one in seen)
    names = [name for name, _ in seen[0][0]["Image"]]
    assert names[1:4] == ["Count_Cells", "Granularity_1_DNA", "ImageNumber"]


def test_further_columns_follow_those_of_the_most_complete_site(tmp_path: Path):
    header = ["ImageNumber", "ObjectNumber"]
    folders = [
        site_with([["1"]], ["1"], 1).with_file("Cells.csv", csv_text([*header, "B"], [[1, 1, 5]])),
        site_with([["1"]], ["1"], 2).with_file(
            "Cells.csv", csv_text([*header, "C", "A", "D"], [[2, 1, 6, 7, 8]])
        ),
        site_with([["1"]], ["1"], 3).with_file(
            "Cells.csv", csv_text([*header, "a", "E"], [[3, 1, 9, 10]])
        ),
    ]
    collate(folders, tmp_path)
    table = stored_tables(tmp_path / "backend.sqlite")["Cells"]
    # SQLite does not tell A from a: the most complete site's spelling holds
    names = [name for name, _ in table.columns]
    assert names[3:] == ["Cells_C", "Cells_A", "Cells_D", "Cells_E", "Cells_B"]
    assert column(table, "Cells_A") == ("BIGINT", [None, 7, 9])


def test_plates_and_wells_are_text_verbatim(tmp_path: Path):
    site = made_site("A01", plate="000123")
    result = collate([site], tmp_path, key=PlateKey("b", "000123"))
    image = stored_tables(tmp_path / "backend.sqlite")["Image"]
    assert column(image, "Metadata_Plate") == ("TEXT", ["000123"])
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Plate"].tolist() == ["000123"]
    assert result.warnings == ()


@pytest.mark.parametrize("plate", ["PL-01-x", "NA", "1e5", "A01", "P 1", "x.y"])
def test_a_plate_may_have_any_name(plate: str, tmp_path: Path):
    folders = [made_site("A01", 1, plate=plate), made_site("B12", 2, plate=plate)]
    result = collate(folders, tmp_path, key=PlateKey("b", plate))
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Plate"].tolist() == [plate] * 2
    assert result.aggregate["Metadata_Well"].tolist() == ["A01", "B12"]


def without_columns(folder: MadeFolder, *names: str) -> MadeFolder:
    header, values = (
        line.split(",") for line in folder.read("Image.csv").decode().split("\r\n")[:2]
    )
    keep = [at for at, name in enumerate(header) if name not in names]
    lines = [",".join(line[at] for at in keep) for line in (header, values)]
    return folder.with_file("Image.csv", "\r\n".join([*lines, ""]))


def test_an_absent_plate_is_taken_from_the_named_column_verbatim(tmp_path: Path):
    site = made_site("A01", plate="000123")
    data = site.read("Image.csv").replace(b"Metadata_Plate", b"Metadata_Barcode")
    result = collate(
        [site.with_file("Image.csv", data)],
        tmp_path,
        options=CollateOptions(plate_column_from="Metadata_Barcode"),
        key=PlateKey("b", "000123"),
    )
    image = stored_tables(tmp_path / "backend.sqlite")["Image"]
    assert [name for name, _ in image.columns][-1] == "Metadata_Plate"  # as ALTER TABLE adds it
    assert column(image, "Metadata_Plate") == ("TEXT", ["000123"])
    assert result.warnings == ()


def test_a_named_column_that_is_absent_is_an_error_and_one_not_needed_is_not(tmp_path: Path):
    options = CollateOptions(plate_column_from="Metadata_Barcode")
    with pytest.raises(InvalidInputError, match="has a column Metadata_Barcode"):
        collate([without_columns(made_site(), "Metadata_Plate")], tmp_path, options=options)
    collate([made_site()], tmp_path, options=options)


def test_absent_plate_well_and_site_come_from_the_names_with_a_warning(tmp_path: Path):
    bare = without_columns(made_site("B03", 7), "Metadata_Plate", "Metadata_Well", "Metadata_Site")
    result = collate([bare], tmp_path)
    image = stored_tables(tmp_path / "backend.sqlite")["Image"]
    assert column(image, "Metadata_Plate") == ("TEXT", ["P1"])
    assert column(image, "Metadata_Well") == ("TEXT", ["B03"])
    assert column(image, "Metadata_Site") == ("BIGINT", [7])
    assert any("no Metadata_Plate: taken from the plate's name P1" in w for w in result.warnings)
    assert any("no Metadata_Well" in w for w in result.warnings)


def test_an_image_without_a_well_anywhere_is_an_error_with_a_remedy(tmp_path: Path):
    bare = without_columns(made_site(), "Metadata_Well").renamed("17")
    with pytest.raises(InvalidInputError, match="no Metadata_Well") as caught:
        collate([bare], tmp_path)
    assert caught.value.remedy is not None
    other = collate([bare, made_site("A02")], tmp_path)
    assert [record.state.value for record in other.sites] == ["unreadable", "complete"]
    assert other.cells == 3


def test_another_plate_name_in_the_image_files_stays_with_a_warning(tmp_path: Path):
    result = collate([made_site(plate="Q9").renamed("P1-A01-1")], tmp_path)
    assert any("Q9" in warning for warning in result.warnings)
    assert result.aggregate is not None
    assert result.aggregate["Metadata_Plate"].tolist() == ["Q9"]


def test_compartments_are_those_of_the_files(tmp_path: Path):
    site = made_site()
    tables = {"Cells_Cellpose3.csv": site.read("Cells.csv"), "PH3.csv": site.read("Nuclei.csv")}
    folder = MadeFolder(
        site.name,
        {
            "Image.csv": site.read("Image.csv"),
            "Experiment.csv": b"Key,Value\r\na,b\r\n",
            "object.csv": b"anything",
            ".hidden.csv": b"",
            "notes.txt": b"",
            **tables,
        },
    )
    result = collate([folder], tmp_path)
    assert list(result.tables) == ["Image", "Cells_cellpose3", "Ph3"]
    stored = stored_tables(tmp_path / "backend.sqlite")
    assert stored["Ph3"].columns[3][0] == "Ph3_AreaShape_Area"
    assert set(index_sql(tmp_path / "backend.sqlite")) == {
        "table_image_idx",
        "plate_well_image_idx",
        "table_image_object_ph3_idx",
        "table_image_object_cells_cellpose3_idx",
    }


def test_a_name_from_a_file_cannot_be_sql(tmp_path: Path):
    evil = 'x"; DROP TABLE "Image"; --'
    site = made_site().with_file(f"{evil}.csv", made_site().read("Cells.csv"))
    header = f'ImageNumber,ObjectNumber,"{evil.replace(chr(34), chr(34) * 2)}"\r\n10101,1,5\r\n'
    collate([site.with_file("Cells.csv", header)], tmp_path)
    stored = stored_tables(tmp_path / "backend.sqlite")
    assert evil.capitalize() in stored
    assert column(stored["Cells"], f"Cells_{evil}") == ("BIGINT", [5])
    assert len(stored["Image"].rows) == 1


def test_the_five_indices_are_those_of_collate(tmp_path: Path):
    collate([made_site()], tmp_path)
    assert index_sql(tmp_path / "backend.sqlite") == {
        "table_image_idx": ("Image", "TableNumber", "ImageNumber"),
        **{
            f"table_image_object_{table.lower()}_idx": (
                table,
                "TableNumber",
                "ImageNumber",
                "ObjectNumber",
            )
            for table in ("Cells", "Cytoplasm", "Nuclei")
        },
        "plate_well_image_idx": ("Image", "Metadata_Plate", "Metadata_Well"),
    }


def test_two_runs_give_the_same_bytes(tmp_path: Path):
    folders = [made_site("A01"), made_site("B02")]
    for name in ("a", "b"):
        collate(folders, tmp_path / name, parquet=True)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_the_header_pass_tells_columns_and_the_tables_a_site_must_have():
    survey = survey_headers([shortened(made_site("A01")), made_site("B02")])
    assert list(survey.tables) == ["Image", "Cells", "Cytoplasm", "Nuclei"]
    assert required_tables(survey.presence, None) == {"Cells", "Cytoplasm", "Nuclei"}
    assert survey.widest == ("Image", 8)
    assert absent_categories(survey, ("Granularity", "Threshold", "Count")) == ("Threshold",)
    assert absent_categories(["Image_Count_Cells"], ("Count", "Texture")) == ("Texture",)


def test_a_header_that_the_survey_did_not_see_is_learned_in_the_pass(tmp_path: Path):
    folders = [made_site("A01"), made_site("B02")]
    extra = csv_text(["ImageNumber", "ObjectNumber", "New"], [[20201, 1, 5]])
    folders[1] = folders[1].with_file("Cells.csv", extra).with_file("PH3.csv", extra)
    stale = survey_headers(folders[:1])
    for name, survey in (("stale", stale), ("fresh", None)):
        collate_plate(
            KEY, folders, None, CollateOptions(), sqlite_file=tmp_path / name,
            parquet_folder=None, aggregate=AggregateOptions("mean"), path="x", survey=survey,
        )  # fmt: skip
    stale_tables, fresh = stored_tables(tmp_path / "stale"), stored_tables(tmp_path / "fresh")
    assert stale_tables == fresh
    assert column(stale_tables["Cells"], "Cells_New") == ("BIGINT", [None, None, None, 5])


def wide_site(columns: int) -> MadeFolder:
    site = made_site()
    header = ["ImageNumber", "ObjectNumber", *(f"F{n}" for n in range(columns))]
    rows = [[10101, n, *(n + 0.5 for _ in range(columns))] for n in (1, 2)]
    return site.with_file("Nuclei.csv", csv_text(header, rows))


def test_a_table_of_2000_columns_is_written(tmp_path: Path):
    result = collate([wide_site(MAX_COLUMNS - 3)], tmp_path)
    assert result.sqlite_withheld is None
    assert result.tables["Nuclei"].columns == MAX_COLUMNS
    assert len(stored_tables(tmp_path / "backend.sqlite")["Nuclei"].columns) == MAX_COLUMNS


def test_beyond_2000_columns_the_sqlite_file_is_withheld_and_the_rest_comes_out(tmp_path: Path):
    result = collate([wide_site(2050)], tmp_path, parquet=True)
    assert result.sqlite_withheld is not None
    assert "Nuclei has 2,053 columns" in result.sqlite_withheld
    assert "P1-A01-1/Nuclei.csv has 2,052 of them" in result.sqlite_withheld


def test_one_image_file_of_thousands_of_columns_is_named_with_what_to_do(tmp_path: Path):
    more = ",".join(f"X{n}" for n in range(2100)), ",".join(["1"] * 2100)
    site = made_site("B02")
    head, row = site.contents["Image.csv"].decode().splitlines()
    odd = site.with_file("Image.csv", f"{head},{more[0]}\r\n{row},{more[1]}\r\n")
    result = collate([made_site("A01"), odd, made_site("C03")], tmp_path)
    assert result.sqlite_withheld is not None
    assert "P1-B02-1/Image.csv has 2,107 of them" in result.sqlite_withheld
    assert "mend or take out that one" in result.sqlite_withheld


def test_beyond_2000_columns_the_profiles_are_the_same(tmp_path: Path):
    result = collate([wide_site(2050)], tmp_path, parquet=True)
    assert not (tmp_path / "backend.sqlite").exists()
    assert set(result.parquet_files) == {"Image", "Cells", "Cytoplasm", "Nuclei"}
    assert result.aggregate is not None
    assert result.aggregate["Nuclei_F2049"].tolist() == [2.0]
