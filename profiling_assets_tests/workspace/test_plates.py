"""Which folders are plates, and where each can start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.errors import ConfigError
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import (
    AreaFacts,
    FolderFacts,
    IgnoredEntry,
    PlateFound,
    Source,
    WorkspaceScan,
    csv_folder,
    entry_problem,
    find_plates,
    site_folder_problem,
)

KEY = PlateKey("B1", "PL-01-x")


def area(plate: FolderFacts, key: PlateKey = KEY) -> AreaFacts:
    return AreaFacts(
        FolderFacts((key.batch,)), {key.batch: FolderFacts((key.plate,))}, {key: plate}
    )


def reasons(scan: WorkspaceScan) -> dict[str, str]:
    return {entry.path: entry.reason for entry in scan.ignored}


@pytest.mark.parametrize(
    ("where", "file", "source"),
    [
        ("backend", "PL-01-x.sqlite", Source.SQLITE),
        ("backend", "PL-01-x.sqlite3", Source.SQLITE),
        ("backend", "DefaultDB.db", Source.SQLITE),
        ("backend", "PL-01-x.sqlite.dvc", Source.SQLITE),
        ("backend", "PL-01-x.parquet", Source.PARQUET),
        ("profiles", "PL-01-x.parquet", Source.AGGREGATE),
        ("profiles", "PL-01-x.csv.gz.dvc", Source.AGGREGATE),
        ("profiles", "PL-01-x_augmented.parquet", Source.PROFILES),
        ("backend", "PL-01-x.csv", Source.AGGREGATE),
        ("backend", "PL-01-x.csv.gz", Source.AGGREGATE),
        ("profiles", "PL-01-x.csv.gz", Source.AGGREGATE),
        ("profiles", "PL-01-x.csv", Source.AGGREGATE),
        ("profiles", "PL-01-x_augmented.csv.gz", Source.PROFILES),
        ("profiles", "PL-01-x_normalized_negcon.csv", Source.PROFILES),
    ],
)
def test_a_plate_that_starts_at_a_published_file_is_a_plate_too(
    where: str, file: str, source: Source
) -> None:
    scan = find_plates({where: area(FolderFacts(files={file: 5}))}, "analysis")
    assert scan == WorkspaceScan((PlateFound(KEY, frozenset({source})),), ())


@pytest.mark.parametrize(
    "file",
    [
        "PL-01.csv",
        "Thumbs.db",
        "PL-01-x_sites.tsv",
        "PL-01-x.sqlite-journal",
        "other_augmented.csv.gz",
    ],
)
def test_a_folder_without_a_file_of_the_plate_is_ignored_and_the_reason_names_what_it_has(
    file: str,
) -> None:
    scan = find_plates({"backend": area(FolderFacts(files={file: 5}))}, "analysis")
    assert scan.plates == ()
    assert file in reasons(scan)["backend/B1/PL-01-x"]


def test_an_empty_table_is_no_source_and_an_empty_database_is_for_its_plate_to_say() -> None:
    files = {"PL-01-x.csv": 0, "PL-01-x.csv.gz": 7}
    scan = find_plates({"backend": area(FolderFacts(files=files))}, "analysis")
    assert scan.plates == (PlateFound(KEY, frozenset({Source.AGGREGATE})),)
    assert "empty" in reasons(scan)["backend/B1/PL-01-x/PL-01-x.csv"]
    files = {"PL-01-x.sqlite": 0}
    scan = find_plates({"backend": area(FolderFacts(files=files))}, "analysis")
    assert scan.plates == (PlateFound(KEY, frozenset({Source.SQLITE})),)


def test_a_plate_is_one_plate_wherever_its_files_lie() -> None:
    scan = find_plates(
        {
            "analysis": area(FolderFacts(("analysis",))),
            "backend": area(FolderFacts(files={"PL-01-x.sqlite": 1})),
            "profiles": area(FolderFacts()),
        },
        "analysis",
    )
    assert scan == WorkspaceScan((PlateFound(KEY, frozenset({Source.CSVS, Source.SQLITE})),), ())


@pytest.mark.parametrize(
    ("folders", "csv_dir", "words"),
    [
        ((), "analysis", "no folder analysis"),
        (("analysis_v2",), "analysis", "it has analysis_v2"),
        (("PL-01-x-A01-1",), "csvs", "set collate.csv_dir to '.'"),
        (("analysis",), "out/csvs", "no folder out/csvs"),
        ((), ".", "no site folder"),
    ],
)
def test_a_plate_folder_without_the_csv_folder_is_ignored_with_what_to_set(
    folders: tuple[str, ...], csv_dir: str, words: str
) -> None:
    scan = find_plates({"analysis": area(FolderFacts(folders))}, csv_dir)
    assert scan.plates == ()
    assert words in reasons(scan)["analysis/B1/PL-01-x"]


@pytest.mark.parametrize("csv_dir", ["", ".", "analysis"])
def test_site_folders_directly_in_the_plate_folder_are_found(csv_dir: str) -> None:
    scan = find_plates({"analysis": area(FolderFacts(("PL-01-x-A01-1",)))}, csv_dir)
    assert [plate.key for plate in scan.plates] == [KEY]


def test_an_unreadable_plate_stays_a_plate_and_is_named() -> None:
    scan = find_plates({"analysis": area(FolderFacts(unreadable=True))}, "analysis")
    assert scan.plates == (PlateFound(KEY, frozenset({Source.CSVS})),)
    assert "permission" in reasons(scan)["analysis/B1/PL-01-x"]


@pytest.mark.parametrize("where", ["backend", "profiles"])
def test_results_that_cannot_be_read_are_named_and_not_taken_for_absent(where: str) -> None:
    scan = find_plates({where: area(FolderFacts(unreadable=True))}, "analysis")
    assert (scan.plates, scan.unreadable) == ((), {KEY})
    assert "permission" in reasons(scan)[f"{where}/B1/PL-01-x"]


def test_the_same_plate_name_in_two_batches_is_two_plates_sorted_by_batch() -> None:
    plate = FolderFacts(("analysis",))
    keys = [PlateKey("B2", "000123"), PlateKey("B1", "000123")]
    facts = AreaFacts(
        FolderFacts(("B1", "B2")),
        {key.batch: FolderFacts((key.plate,)) for key in keys},
        dict.fromkeys(keys, plate),
    )
    scan = find_plates({"analysis": facts}, "analysis")
    assert [str(found.key) for found in scan.plates] == ["B1/000123", "B2/000123"]


def test_foreign_entries_are_listed_and_our_own_batch_files_are_not() -> None:
    facts = AreaFacts(
        FolderFacts(
            (".git", "B1"),
            dict.fromkeys(("README.md", "selected_features_all.tsv", "provenance.json"), 1),
        ),
        {
            "B1": FolderFacts(
                ("bad\nname",),
                {"B1_selected_features_negcon_batch.tsv": 1, "B1_provenance.json": 1},
            )
        },
    )
    scan = find_plates({"profiles": facts}, "analysis")
    assert scan.plates == ()
    assert {path.split("/", 1)[1] for path in reasons(scan)} == {
        ".git",
        "README.md",
        "B1/bad\\nname",
    }


@pytest.mark.parametrize("where", ["analysis", "profiles"])
def test_keys_that_are_no_paths_are_ignored_at_every_level(where: str) -> None:
    facts = AreaFacts(
        FolderFacts(("B1",), no_paths=("x//",)),
        {"B1": FolderFacts(("PL-01-x",), no_paths=("x/B1/../",))},
        {KEY: FolderFacts(("analysis",), no_paths=("x/B1/PL-01-x/\x1b//",))},
    )
    found = reasons(find_plates({where: facts}, "analysis"))
    odd = {"x//", "x/B1/../", "x/B1/PL-01-x/\\x1b//"}
    assert odd <= set(found)
    assert {found[path] for path in odd} == {
        "its key cannot be a path: a part of it is empty, '.' or '..', or has a NUL"
    }


def test_an_empty_batch_folder_is_listed() -> None:
    facts = AreaFacts(FolderFacts(("B1",)), {"B1": FolderFacts()})
    scan = find_plates({"analysis": facts}, "analysis")
    assert scan.ignored == (IgnoredEntry("analysis/B1", "it holds no plate folder"),)


def test_names_that_are_not_utf_8_are_refused() -> None:
    assert entry_problem("caf\udce9") == "its name is not UTF-8 text"
    assert entry_problem("café") is None


@pytest.mark.parametrize(
    ("csv_dir", "folder"),
    [
        ("analysis", "analysis/B1/PL-01-x/analysis"),
        ("analysis/", "analysis/B1/PL-01-x/analysis"),
        ("out//csvs", "analysis/B1/PL-01-x/out/csvs"),
        ("", "analysis/B1/PL-01-x"),
        (".", "analysis/B1/PL-01-x"),
    ],
)
def test_the_csv_folder_lies_below_the_plate(csv_dir: str, folder: str) -> None:
    assert csv_folder(KEY, csv_dir) == folder


@pytest.mark.parametrize("csv_dir", ["..", "a/../..", "/etc", "a\0b"])
def test_a_csv_dir_that_leaves_the_plate_is_refused(csv_dir: str) -> None:
    with pytest.raises(ConfigError, match=r"collate\.csv_dir"):
        csv_folder(KEY, csv_dir)


@given(st.text(max_size=20))
def test_a_csv_folder_never_leaves_the_plate(csv_dir: str) -> None:
    try:
        folder = csv_folder(KEY, csv_dir)
    except ConfigError:
        return
    assert folder == "analysis/B1/PL-01-x" or folder.startswith("analysis/B1/PL-01-x/")
    assert ".." not in folder.split("/")


@pytest.mark.parametrize(
    ("name", "files", "is_site"),
    [
        ("PL-01-x-A01-1", ["Image.csv"], True),
        ("PL-01-x-A01-1", [], True),
        ("A01", [], True),
        ("any name", ["Cells.csv"], True),
        ("outlines", ["a.png"], False),
        ("logs", ["Experiment.csv"], False),
        (".ipynb_checkpoints", ["Image.csv"], False),
    ],
)
def test_site_folders_are_told_by_csv_files_or_by_name(
    name: str, files: list[str], is_site: bool
) -> None:
    assert (site_folder_problem(name, files, "PL-01-x") is None) == is_site


def test_a_batch_s_own_results_are_not_told_as_foreign() -> None:
    ours = {"B1_provenance.json": 5, "B1_selected_features_batch.tsv": 5}
    facts = area(FolderFacts(files={"PL-01-x.csv.gz": 5}))
    batch = FolderFacts((KEY.plate,), {**ours, "notes.txt": 5})
    scan = find_plates(
        {"profiles": AreaFacts(facts.top, {KEY.batch: batch}, facts.plates)}, "analysis"
    )
    assert list(reasons(scan)) == ["profiles/B1/notes.txt"]
