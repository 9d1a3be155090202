"""Expected against found sites, from names and sizes alone."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.workspace.completeness import PlateState, SiteFolderFacts, site_matrix
from profiling_assets.workspace.sites import ExpectedSite, parse_site_folder

IMAGED = {"Image.csv": 10, "Cells.csv": 10, "Experiment.csv": 0}
EXPECTED = [ExpectedSite(well, site) for well in ("A01", "a2") for site in ("1", "02")]


def facts(name: str, files: Mapping[str, int] = IMAGED) -> SiteFolderFacts:
    return SiteFolderFacts(name, parse_site_folder(name, "PL-01-x"), files)


def plate(*names: str) -> list[SiteFolderFacts]:
    return [facts(name) for name in names]


def test_all_expected_sites_with_an_image_csv_make_a_plate_complete() -> None:
    got = site_matrix(EXPECTED, plate("PL-01-x-A01-1", "PL-01-x-A01-2", "A02-1", "a2-2"))
    assert (got.state, got.expected, got.found) == (PlateState.COMPLETE, 4, 4)
    assert (got.missing, got.unexpected, got.repeated, got.untold, got.empty) == ((),) * 5


def test_an_absent_folder_and_one_without_image_csv_are_both_missing_sites() -> None:
    folders = [*plate("PL-01-x-A01-1", "PL-01-x-A02-2"), facts("PL-01-x-A02-1", {})]
    got = site_matrix(EXPECTED, folders)
    assert got.state is PlateState.INCOMPLETE
    assert (got.expected, got.found) == (4, 2)
    assert got.missing == (ExpectedSite("A01", "02"), ExpectedSite("a2", "1"))
    assert got.without_image == ("PL-01-x-A02-1",)


def test_a_site_that_is_not_in_the_load_data_is_unexpected_and_counted() -> None:
    names = ("PL-01-x-A01-1", "PL-01-x-A01-2", "PL-01-x-A02-1", "PL-01-x-A02-2", "PL-01-x-H12-1")
    got = site_matrix(EXPECTED, plate(*names))
    assert (got.state, got.expected, got.found) == (PlateState.COMPLETE, 4, 5)
    assert got.unexpected == ("PL-01-x-H12-1",)


def test_without_load_data_the_found_sites_are_counted_and_no_verdict_is_given() -> None:
    got = site_matrix(None, [*plate("A01-1", "A01-2"), facts("A01-3", {"Cells.csv": 1})])
    assert (got.state, got.expected, got.found) == (PlateState.NO_LOAD_DATA, None, 2)
    assert got.without_image == ("A01-3",)


def test_folders_of_whole_wells_do_not_tell_how_many_sites_are_there() -> None:
    got = site_matrix(EXPECTED, plate("PL-01-x-A01", "PL-01-x-A02"))
    assert (got.state, got.found) == (PlateState.NOT_TOLD, None)
    assert got.untold == ("PL-01-x-A01", "PL-01-x-A02")


def test_a_well_without_its_folder_misses_all_its_sites() -> None:
    got = site_matrix(EXPECTED, plate("PL-01-x-A01", "PL-01-x-B07"))
    assert (got.state, got.found) == (PlateState.INCOMPLETE, None)
    assert got.missing == (ExpectedSite("a2", "1"), ExpectedSite("a2", "02"))
    assert got.unexpected == ("PL-01-x-B07",)


def test_no_site_is_called_missing_while_a_folder_may_hold_any_site() -> None:
    got = site_matrix(EXPECTED, plate("analysis"))
    assert (got.state, got.found, got.missing) == (PlateState.NOT_TOLD, None, ())


def test_two_folders_of_one_site_count_once_and_the_second_is_named() -> None:
    got = site_matrix(None, plate("A01-1", "PL-01-x-A01-1", "PL-01-x-A01-2"))
    assert got.found == 2
    assert got.repeated == ("PL-01-x-A01-1",)


def test_zero_byte_csvs_are_named_but_not_an_empty_experiment_csv() -> None:
    got = site_matrix(None, [facts("A01-1", {**IMAGED, "Cells.csv": 0, "notes.txt": 0})])
    assert got.empty == ("A01-1/Cells.csv",)
    assert got.found == 1


SITES = st.tuples(st.sampled_from(["A01", "A02", "P24"]), st.integers(1, 4).map(str))


@given(expected=st.lists(SITES, unique=True, min_size=1), found=st.lists(SITES, unique=True))
def test_expected_sites_are_found_or_missing_and_found_ones_expected_or_unexpected(
    expected: list[tuple[str, str]], found: list[tuple[str, str]]
) -> None:
    sites = [ExpectedSite(*site) for site in expected]
    got = site_matrix(sites, plate(*(f"PL-01-x-{well}-{site}" for well, site in sorted(found))))
    assert {(s.well, s.site) for s in got.missing} == set(expected) - set(found)
    assert len(got.unexpected) == len(set(found) - set(expected))
    assert got.found == len(found)
    assert (got.state is PlateState.COMPLETE) == (set(expected) <= set(found))


FILES = st.dictionaries(
    st.sampled_from(
        ["Image.csv", "image.CSV", "Cells.csv", "Nuclei.csv", "Experiment.csv", "x.png"]
    ),
    st.integers(0, 1),
)


def _first_of_each(files: dict[str, int]) -> dict[str, int]:
    return {file.lower(): size for file, size in sorted(files.items(), reverse=True)}


@given(st.lists(FILES, max_size=6))
def test_what_folders_lack_is_told_of_each_folder_by_itself(folders: list[dict[str, int]]) -> None:
    named = {f"A01-{number}": files for number, files in enumerate(folders)}
    got = site_matrix(None, [facts(name, files) for name, files in named.items()])
    imaged = {
        name: files for name, files in named.items() if {"Image.csv", "image.CSV"} & set(files)
    }
    tables = {"image.csv", "cells.csv", "nuclei.csv"}
    common = {
        table
        for table in tables
        if 2 * sum(table in map(str.lower, files) for files in imaged.values()) > len(imaged)
    }
    assert got.without_image == tuple(name for name in named if name not in imaged)
    assert got.lacking == tuple(
        name
        for name, files in imaged.items()
        # of two files of one table the first is read
        if common - {table for table, size in _first_of_each(files).items() if size}
    )
    assert got.empty == tuple(
        f"{name}/{file}"
        for name, files in named.items()
        for file, size in sorted(files.items())
        if size == 0 and file.lower() in tables
    )
