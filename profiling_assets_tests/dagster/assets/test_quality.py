"""Quality control in the graph: what is made of which plate, and what is told of the rest."""

import base64
import io
from collections.abc import Iterable
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from PIL import Image

from profiling_assets.quality.pictures.draw import PREVIEW_BYTES
from profiling_assets.workspace.layout import QUALITY_SUMMARY, quality_picture
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.registry import exclude, update_registry
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.dagster.desk import BATCH1, BATCH2, P1, P2, P3, Desk, expected_tasks

PLATES = (P1, P2, P3)
SITES, SUMMARY = "quality_control_sites", "quality_control_summary"
HEATMAPS = ("cell_count_heatmaps", "correlation_heatmaps")
PICTURES = {
    HEATMAPS[0]: ("cell_count", "cell_count_distribution", "site_completeness"),
    HEATMAPS[1]: ("correlation", "position_effect", "controls"),
}
ON = {"quality_control.perform": True, "quality_control.report.perform": False}


def switched_on(desk: Desk) -> Desk:
    desk.configure(ON)
    return desk


def lines(desk: Desk) -> list[list[str]]:
    table = pd.read_csv(desk.file(QUALITY_SUMMARY), sep="\t", dtype=str, keep_default_na=False)
    return table.to_numpy().tolist()


def picture(desk: Desk, plate: str, name: str) -> Path:
    return desk.file(quality_picture(PlateKey.parse(plate), name))


def everything_of(plates: Iterable[str], batches: Iterable[str]) -> set[str]:
    return expected_tasks((SITES, *HEATMAPS), plates) | expected_tasks([SUMMARY], batches)


@pytest.fixture(scope="module")
def controlled(tmp_path_factory: pytest.TempPathFactory, built: Desk) -> Desk:
    """The built workspace with quality control; not to be changed."""
    desk = switched_on(built.copied_to(tmp_path_factory.mktemp("quality")))
    assert desk.to_build() == everything_of(PLATES, (BATCH1, BATCH2))
    desk.run()
    return desk


def test_every_plate_has_its_line_and_its_pictures_and_is_current(controlled: Desk) -> None:
    assert lines(controlled) == [
        [BATCH1, "000123", "12", "5", "2", "0.000"],
        [BATCH1, "PL-01-x", "12", "5", "2", "0.000"],
        [BATCH2, "000123", "12", "5", "2", "0.000"],
    ]
    for plate in PLATES:
        for names in PICTURES.values():
            assert all(picture(controlled, plate, name).stat().st_size > 5000 for name in names)
    assert controlled.to_build() == set()
    assert not controlled.plan().adopt


@pytest.mark.parametrize("name", HEATMAPS)
def test_the_ui_shows_numbers_then_small_pictures(controlled: Desk, name: str) -> None:
    metadata = controlled.metadata(name, P1)
    shown = [key for key, value in metadata.items() if isinstance(value, dg.MarkdownMetadataValue)]
    assert [key for key in shown if key != "warning_texts"] == list(PICTURES[name])
    keys = list(metadata)
    first = "cells_per_well_median" if name == HEATMAPS[0] else "position_effect_row"
    assert keys.index(first) == 0
    for key in PICTURES[name]:
        text = str(metadata[key].value)
        head, _, data = text.partition(";base64,")
        assert head == f"![{key}](data:image/webp"
        content = base64.b64decode(data.removesuffix(")"), validate=True)
        assert len(content) <= PREVIEW_BYTES
        with Image.open(io.BytesIO(content)) as image:
            assert image.width == 760


def test_the_verdicts_on_pictures_and_summary_are_with_each_plate(controlled: Desk) -> None:
    for name, partition, check in (
        (HEATMAPS[0], P1, "every_well_drawn"),
        (HEATMAPS[1], P2, "every_well_drawn"),
        (SUMMARY, BATCH1, "every_plate_has_a_line"),
    ):
        metadata = controlled.metadata(name, partition)
        assert metadata["checks_not_passed"].value == 0
        table = metadata["checks"]
        assert isinstance(table, dg.TableMetadataValue)
        assert [row.data["check"] for row in table.records] == [check]


def test_the_numbers_are_those_of_the_profiles(controlled: Desk) -> None:
    key = PlateKey.parse(P1)
    profiles = pd.read_csv(controlled.file(f"profiles/{P1}/{key.plate}_augmented.csv.gz"))
    counts = profiles["Metadata_Object_Count"]
    metadata = controlled.metadata(HEATMAPS[0], P1)
    assert metadata["cells_per_well_median"].value == counts.median()
    assert metadata["cells_per_well_cv"].value == pytest.approx(
        counts.std() / counts.mean(), abs=1e-4
    )
    assert metadata["share_of_empty_wells"].value == 0
    assert controlled.metadata(SITES, P1)["images_per_site"].value == 5
    assert controlled.metadata(SUMMARY, BATCH1)["plates"].value == 2
    profiles = str(controlled.metadata(HEATMAPS[1], P1)["profiles"].value)
    assert profiles.endswith("_normalized_feature_select_negcon_batch.csv.gz")


def test_made_again_each_picture_has_the_same_bytes(controlled: Desk, tmp_path: Path) -> None:
    desk = controlled.copied_to(tmp_path)
    folder = desk.file("quality_control")
    before = {file: file.read_bytes() for file in folder.rglob("*.*")}
    desk.run([P3], HEATMAPS, force=True)
    assert {file: file.read_bytes() for file in folder.rglob("*.*")} == before
    assert len(before) == 19


def test_a_site_more_in_the_load_data_changes_the_line(controlled: Desk, tmp_path: Path) -> None:
    desk = controlled.copied_to(tmp_path)
    file = desk.file(f"load_data_csv/{P3}/load_data_with_illum.csv")
    text = file.read_text().splitlines()
    file.write_text("\n".join([*text, text[-1].replace(",2,", ",3,")]) + "\n")
    names = [SITES, SUMMARY]
    assert desk.to_build(names=names) == expected_tasks([SITES], [P3]) | expected_tasks(
        [SUMMARY], [BATCH2]
    )
    desk.run(names=names)
    assert lines(desk)[2] == [BATCH2, "000123", "12", "5", "2", "0.153"]
    assert lines(desk)[:2] == lines(controlled)[:2]


def test_a_summary_that_was_removed_is_made_again_with_all_lines(
    controlled: Desk, tmp_path: Path
) -> None:
    desk = controlled.copied_to(tmp_path)
    desk.file(QUALITY_SUMMARY).unlink()
    assert desk.to_build() == expected_tasks([SUMMARY], [BATCH1, BATCH2])
    assert desk.materialize([SUMMARY], BATCH2).success
    assert lines(desk) == lines(controlled)


def test_an_excluded_plate_loses_its_line_with_the_next_run(
    controlled: Desk, tmp_path: Path
) -> None:
    desk = controlled.copied_to(tmp_path)
    key = PlateKey.parse(P2)
    update_registry(
        open_workspace(str(desk.root)), lambda known: exclude(known, key, "out of focus")
    )
    desk.run(names=[SITES, SUMMARY])
    assert [line[:2] for line in lines(desk)] == [[BATCH1, "000123"], [BATCH2, "000123"]]
    told = str(desk.metadata(SUMMARY, BATCH1)["warning_texts"].value)
    assert "out of focus" in told


def test_a_summary_of_the_recipe_is_continued(controlled: Desk, tmp_path: Path) -> None:
    desk = controlled.copied_to(tmp_path).without_records()
    theirs = "2020_Batch\tP\t384\t5\t9\t0.000"
    file = desk.file(QUALITY_SUMMARY)
    file.write_text(file.read_text().splitlines()[0] + "\n" + theirs + "\n")
    desk.run(names=[SITES, SUMMARY])
    assert [line[0] for line in lines(desk)] == ["2020_Batch", BATCH1, BATCH1, BATCH2]


# a narrow Image.csv names two of the five images
@pytest.mark.parametrize(
    ("paths", "line", "told"),
    [
        ([f"backend/{P3}/000123.sqlite"], ["12", "2", "2", "0.000"], "no load data: counted on"),
        ([f"backend/{P3}/000123.csv"], ["12", "", "2", "0.000"], "nothing tells the images"),
        ([f"analysis/{P3}"], ["12", "2", "2", "0.000"], "no load data: counted on"),
    ],
    ids=["sqlite", "profiles", "CSVs without load data"],
)
def test_what_a_plate_without_load_data_tells_is_told_with_its_source(
    controlled: Desk, tmp_path: Path, paths: list[str], line: list[str], told: str
) -> None:
    desk = switched_on(controlled.cut_down_to(tmp_path, *paths))
    desk.run(names=[SITES, SUMMARY])
    assert lines(desk) == [[BATCH2, "000123", *line]]
    assert told in str(desk.metadata(SITES, P3)["warning_texts"].value).replace("\\", "")


def test_of_a_plate_of_published_profiles_what_can_be_drawn_is_drawn(
    controlled: Desk, tmp_path: Path
) -> None:
    desk = switched_on(controlled.cut_down_to(tmp_path, f"profiles/{BATCH2}"))
    plan = desk.run(names=(SITES, SUMMARY, *HEATMAPS))
    assert not plan.impossible
    assert {str(task) for task in plan.build} == everything_of([P3], [BATCH2])
    metadata = desk.metadata(HEATMAPS[0], P3)
    assert "cell_count" in metadata
    assert "site_completeness" not in metadata
    assert "was not collated here" in str(metadata["warning_texts"].value).replace("\\", "")
    assert all(picture(desk, P3, name).exists() for name in PICTURES[HEATMAPS[1]])
    assert lines(desk) == [[BATCH2, "000123", "12", "", "2", "0.000"]]


def test_without_controls_the_plain_twin_is_drawn(controlled: Desk, tmp_path: Path) -> None:
    desk = controlled.copied_to(tmp_path)
    desk.configure({**ON, "normalize_negcon": None, "feature_select_negcon": None})
    assert desk.to_build() == expected_tasks([HEATMAPS[1]], PLATES)
    catalog = desk.catalog()
    assert catalog.results[HEATMAPS[1]].upstream == ("feature_selected_profiles",)
    desk.configure({**ON, "feature_select": None, "feature_select_negcon": None})
    assert HEATMAPS[1] not in desk.catalog().results


def test_heatmaps_of_the_recipe_are_kept(controlled: Desk, tmp_path: Path) -> None:
    desk = controlled.copied_to(tmp_path).without_records()
    theirs = picture(desk, P1, "cell_count")
    theirs.write_bytes(b"another picture")
    plan = desk.plan()
    assert f"{HEATMAPS[0]} of {P1}" in {str(task) for task in plan.adopt}
