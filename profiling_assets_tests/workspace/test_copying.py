"""Which files are pulled and pushed, and to where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.workspace.copying import (
    FOLDERS,
    Direction,
    Superseded,
    Transfer,
    batch_of,
    is_entered,
    transfer,
    transfer_plan,
)

PULL, PUSH = Direction.PULL, Direction.PUSH


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("backend/B/000123/000123.csv", "backend/B/000123/000123.csv"),
        ("backend/B/000123/000123_sites.tsv", "backend/B/000123/000123_sites.tsv"),
        ("backend/B/000123/deeper/x.csv.gz", "backend/B/000123/deeper/x.csv.gz"),
        ("backend/B/000123/000123.sqlite", None),
        ("backend/B/000123/000123_Cells.parquet", None),
        ("backend/B/.old/000123.csv", None),
        ("backend/B/000123/._000123.csv", None),
        ("load_data_csv/B/P/load_data.csv", "load_data_csv/B/P/load_data.csv.gz"),
        ("load_data_csv/B/P/load_data.csv.gz", "load_data_csv/B/P/load_data.csv.gz"),
        ("metadata/platemaps/B/barcode_platemap.csv", "metadata/platemaps/B/barcode_platemap.csv"),
        ("metadata/B/barcode_platemap.csv", "metadata/platemaps/B/barcode_platemap.csv"),
        ("metadata/B/platemap/M 1.txt", "metadata/platemaps/B/platemap/M 1.txt"),
        ("metadata/external_metadata/x.tsv", "metadata/external_metadata/x.tsv"),
        ("metadata/exclusions.tsv", "metadata/exclusions.tsv"),
        ("metadata/README.md", None),
        ("analysis/B/P/analysis/P-A01-1/Image.csv", None),
        ("profiles/B/P/P.csv.gz", None),
        (".profiling_assets/plates.json", None),
    ],
)
def test_what_profiling_starts_from_is_pulled(path: str, target: str | None) -> None:
    got = transfer(path, PULL)
    assert (None if got is None else got.target) == target
    zipped = path.endswith("load_data.csv")
    assert got is None or got == Transfer(path, str(target), zipped)


@pytest.mark.parametrize(
    ("path", "goes"),
    [
        ("config_files/config.yml", True),
        ("gct/B/B_normalized_feature_select_batch.gct", True),
        ("profiles/B/P/P_normalized.csv.gz", True),
        ("profiles/B/P/.P.csv.gz.123.part", False),
        ("quality_control/summary/summary.tsv", True),
        ("backend/B/P/P.csv", False),
        ("metadata/platemaps/B/barcode_platemap.csv", False),
        ("profiles.txt", False),
    ],
)
def test_what_was_made_is_pushed_to_the_same_path(path: str, goes: bool) -> None:
    assert transfer(path, PUSH) == (Transfer(path, path) if goes else None)


@pytest.mark.parametrize(
    ("path", "batch"),
    [
        ("backend/B/P/P.csv", "B"),
        ("load_data_csv/B/P/load_data.csv", "B"),
        ("metadata/platemaps/B/barcode_platemap.csv", "B"),
        ("metadata/B/barcode_platemap.csv", "B"),
        ("metadata/external_metadata/x.tsv", None),
        ("profiles/B/P/P.csv.gz", "B"),
        ("profiles/B/B_selected_features_batch.tsv", "B"),
        ("profiles/selected_features_all.tsv", None),
        ("quality_control/heatmap/B/P/P_cell_count.png", "B"),
        ("quality_control/report/B/P/P.html", "B"),
        ("quality_control/report/B/B.html", "B"),
        ("quality_control/summary/summary.tsv", None),
        ("config_files/B.yml", None),
    ],
)
def test_the_batch_of_a_file_is_told_by_its_path(path: str, batch: str | None) -> None:
    assert batch_of(path) == batch
    assert is_entered(path.rpartition("/")[0], ["B"])
    assert is_entered(path.rpartition("/")[0], ["other"]) == (batch is None)
    direction = PULL if transfer(path, PULL) else PUSH
    assert len(transfer_plan([path], direction, ["B"]).transfers) == 1
    assert len(transfer_plan([path], direction, ["other"]).transfers) == (batch is None)


def test_of_two_files_for_one_place_the_one_that_is_read_today_goes() -> None:
    plan = transfer_plan(
        [
            "load_data_csv/B/P/load_data.csv.gz",
            "load_data_csv/B/P/load_data.csv",
            "metadata/B/barcode_platemap.csv",
            "metadata/platemaps/B/barcode_platemap.csv",
        ],
        PULL,
    )
    assert [one.source for one in plan.transfers] == [
        "load_data_csv/B/P/load_data.csv",
        "metadata/platemaps/B/barcode_platemap.csv",
    ]
    assert plan.superseded == (
        Superseded("load_data_csv/B/P/load_data.csv.gz", "load_data_csv/B/P/load_data.csv"),
        Superseded("metadata/B/barcode_platemap.csv", "metadata/platemaps/B/barcode_platemap.csv"),
    )


NAMES = st.sampled_from(["B", "C", "000123", "x.csv", "y.csv.gz", ".z", "platemaps", "a b"])
PATHS = st.builds(
    lambda top, rest: "/".join([top, *rest]),
    st.sampled_from([*FOLDERS[PULL], *FOLDERS[PUSH], "analysis"]),
    st.lists(NAMES, min_size=1, max_size=4),
)


@given(st.lists(PATHS, unique=True), st.sampled_from([PULL, PUSH]))
def test_every_target_is_written_once_and_below_the_folders_of_its_direction(
    paths: list[str], direction: Direction
) -> None:
    plan = transfer_plan(paths, direction)
    targets = [one.target for one in plan.transfers]
    assert targets == sorted(set(targets))
    assert all(target.split("/")[0] in FOLDERS[direction] for target in targets)
    told = {one.source for one in plan.transfers} | {one.source for one in plan.superseded}
    assert told == {path for path in paths if transfer(path, direction)}


@given(PATHS, st.sampled_from(["B", "C"]))
def test_a_folder_is_entered_where_a_file_below_it_may_be_copied(path: str, batch: str) -> None:
    for direction in (PULL, PUSH):
        if transfer_plan([path], direction, [batch]).transfers:
            parts = path.split("/")
            for depth in range(1, len(parts)):
                assert is_entered("/".join(parts[:depth]), [batch])
