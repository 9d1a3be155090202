"""What a change of an input, of the config or of the code makes to be built again."""

from typing import Any

import pytest

from profiling_assets.steps.plan import Plan
from profiling_assets_tests.dagster.desk import (
    BACKEND,
    BATCH1,
    BATCH2,
    BATCH_ASSETS,
    NORMALIZED,
    P1,
    P2,
    P3,
    PLATE_ASSETS,
    PLATES,
    SELECTED,
    STACKS,
    Desk,
    everything,
    expected_tasks,
    replaced,
    touch_later,
)

ANNOTATED = "annotated_profiles"


def test_the_first_plan_builds_everything(fresh: Desk) -> None:
    plan = fresh.plan()
    assert plan == Plan(current=(), adopt={}, build=plan.build)
    assert {str(task) for task in plan.build} == everything()


def test_after_building_everything_is_current(desk: Desk) -> None:
    plan = desk.plan()
    assert plan == Plan(current=plan.current, adopt={}, build=())
    assert {str(task) for task in plan.current} == everything()


def test_force_builds_everything_again(desk: Desk) -> None:
    assert desk.to_build(force=True) == everything()


def _after_annotation(*partitions: str) -> set[str]:
    batches = {partition.partition("/")[0] for partition in partitions}
    of_batches = [plate for plate in PLATES if plate.partition("/")[0] in batches]
    return (
        expected_tasks((ANNOTATED, *NORMALIZED), partitions)
        | expected_tasks(BATCH_ASSETS, batches)
        | expected_tasks(SELECTED, of_batches)
    )


def test_a_corrected_plate_map_builds_annotation_and_what_follows_for_the_plates_that_use_it(
    desk: Desk,
) -> None:
    replaced(
        desk.file(f"metadata/platemaps/{BATCH1}/platemap/TINY-MAP-1.txt"), "\tCPD-1\t", "\tCPD-9\t"
    )
    assert desk.to_build() == _after_annotation(P1, P2)


def test_another_plate_map_for_one_plate_builds_that_plate_and_its_batch(desk: Desk) -> None:
    folder = desk.file(f"metadata/platemaps/{BATCH1}")
    text = (folder / "platemap/TINY-MAP-1.txt").read_text()
    (folder / "platemap/CORRECTED.txt").write_text(text.replace("\tCPD-1\t", "\tCPD-9\t"))
    replaced(folder / "barcode_platemap.csv", "PL-01-x,TINY-MAP-1", "PL-01-x,CORRECTED")
    assert desk.to_build() == _after_annotation(P2)


def test_a_plate_map_that_was_saved_again_unchanged_builds_nothing(desk: Desk) -> None:
    touch_later(desk.file(f"metadata/platemaps/{BATCH1}/platemap/TINY-MAP-1.txt"))
    assert desk.to_build() == set()


def test_corrected_external_metadata_build_annotation_and_what_follows(desk: Desk) -> None:
    external = desk.file("metadata/external_metadata/compounds.tsv")
    external.parent.mkdir()
    external.write_text("broad_sample\ttarget\nCPD-1\tKIF11\n")
    desk.configure(
        {
            "annotate.external.perform": True,
            "annotate.external.file": "compounds.tsv",
            "annotate.external.merge_column": "Metadata_broad_sample",
        }
    )
    assert desk.to_build() == _after_annotation(*PLATES)
    desk.run(names=[ANNOTATED])
    assert desk.to_build(names=[ANNOTATED]) == set()
    replaced(external, "KIF11", "PLK1")
    assert desk.to_build(names=[ANNOTATED]) == expected_tasks([ANNOTATED], PLATES)


def test_a_redelivered_site_builds_its_plate_and_the_selection_of_its_batch(desk: Desk) -> None:
    site = desk.file(f"analysis/{P1}/analysis/000123-A02-1/Cells.csv")
    site.write_bytes(site.read_bytes())  # a new delivery of the same size
    touch_later(site)
    assert desk.to_build() == (
        expected_tasks(PLATE_ASSETS, [P1])
        | expected_tasks(BATCH_ASSETS, [BATCH1])
        | expected_tasks(SELECTED, [P1, P2])
    )


def test_a_site_more_in_the_load_data_builds_its_plate(desk: Desk) -> None:
    folder = desk.file(f"load_data_csv/{P3}")
    for name in ("load_data.csv", "load_data_with_illum.csv"):
        lines = (folder / name).read_text().splitlines()
        (folder / name).write_text("\n".join([*lines, lines[-1].replace("C04", "D04")]) + "\n")
    assert desk.to_build() == expected_tasks(PLATE_ASSETS, [P3]) | expected_tasks(
        BATCH_ASSETS, [BATCH2]
    )


_BELOW_NEGCON = expected_tasks(["normalized_negcon_profiles"], PLATES) | expected_tasks(
    ["selected_features_negcon_batch", *STACKS[2:]], [BATCH1, BATCH2]
)
_SELECTION = expected_tasks(BATCH_ASSETS, [BATCH1, BATCH2]) | expected_tasks(SELECTED, PLATES)


@pytest.mark.parametrize(
    ("changes", "affected"),
    [
        ({"pipeline": "another name"}, set()),
        ({"quality_control.perform": False}, set()),
        ({"feature_select.gct": False}, set()),
        ({"aggregate.method": "mean"}, set()),  # the section is off
        ({"collate.on_defective_site": "fail"}, everything()),
        ({"collate.method": "median"}, everything() - expected_tasks(["sqlite_backend"], PLATES)),
        (
            {"options.float_format": "%.6g"},
            everything() - expected_tasks(["sqlite_backend"], PLATES),
        ),
        ({"platemap_well_column": "Metadata_well"}, _after_annotation(*PLATES)),
        (
            {"normalize_negcon.method": "standardize"},
            _BELOW_NEGCON | expected_tasks(["feature_selected_negcon_profiles"], PLATES),
        ),
        (
            {"options.samples": "Metadata_control_type != 'poscon'"},
            expected_tasks(NORMALIZED, PLATES) | _SELECTION,
        ),
        (
            {"feature_select.operations": ["variance_threshold"]},
            expected_tasks(["selected_features_batch", *STACKS[:2]], [BATCH1, BATCH2])
            | expected_tasks(["feature_selected_profiles"], PLATES),
        ),
        (
            {"feature_select.level": "all"},
            {"selected_features_all of all"}
            | expected_tasks(["feature_selected_profiles"], PLATES)
            | expected_tasks(STACKS[:2], [BATCH1, BATCH2]),
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_edit_of_the_config_builds_what_it_can_change(
    desk: Desk, changes: dict[str, Any], affected: set[str]
) -> None:
    desk.configure(changes)
    assert desk.to_build() == affected


def test_an_excluded_plate_builds_the_selection_of_its_batch_without_it(desk: Desk) -> None:
    desk.configure({}, {BATCH1: ["PL-01-x"], BATCH2: ["000123"]})
    assert desk.to_build() == expected_tasks(BATCH_ASSETS, [BATCH1]) | expected_tasks(
        SELECTED, [P2]
    )


@pytest.mark.parametrize(
    ("path", "task"),
    [
        (f"backend/{P1}/000123.sqlite", f"sqlite_backend of {P1}"),
        (f"profiles/{P1}/000123.csv.gz", f"aggregated_profiles of {P1}"),
        (f"profiles/{P1}/000123_normalized.csv.gz", f"normalized_profiles of {P1}"),
        (
            f"profiles/{BATCH1}/{BATCH1}_selected_features_batch.tsv",
            f"selected_features_batch of {BATCH1}",
        ),
    ],
)
def test_a_deleted_result_is_built_again_and_nothing_else(desk: Desk, path: str, task: str) -> None:
    desk.file(path).unlink()
    assert desk.to_build() == {task}


def test_a_raised_code_version_builds_the_step_and_what_follows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from profiling_assets.config.recipe_steps import Step
    from profiling_assets.steps import results

    monkeypatch.setitem(results._CODE, Step.NORMALIZE_NEGCON, 2)
    assert desk.to_build() == _BELOW_NEGCON | expected_tasks(
        ["feature_selected_negcon_profiles"], PLATES
    )


def test_archived_csvs_leave_everything_current(desk: Desk) -> None:
    desk.file("analysis").rename(desk.root.parent / "archive")
    plan = desk.run()
    assert {str(task) for task in plan.current} == everything()
    # and the UI shows no new input either
    assert desk.to_build() == set()


def test_archived_csvs_that_leave_their_folders_behind_leave_everything_current(
    desk: Desk,
) -> None:
    for file in desk.file("analysis").rglob("*.csv"):
        file.unlink()
    assert {str(task) for task in desk.plan().current} == everything()


def test_with_archived_csvs_another_method_aggregates_the_backend(desk: Desk) -> None:
    desk.file("analysis").rename(desk.root.parent / "archive")
    desk.configure({"collate.method": "median"})
    assert desk.to_build() == everything() - expected_tasks(["sqlite_backend"], PLATES)
    desk.run([P1], ["aggregated_profiles"])
    assert desk.to_build(plates=[P1], names=["aggregated_profiles"]) == set()
    assert desk.metadata("aggregated_profiles", P1)["source"].value == "sqlite"


def test_with_archived_csvs_and_backends_the_profiles_stay_as_they_are(desk: Desk) -> None:
    desk.file("analysis").rename(desk.root.parent / "archive")
    for plate in PLATES:
        next(desk.file(f"backend/{plate}").glob("*.sqlite")).unlink()
    plan = desk.plan()
    assert not plan.build
    assert {str(task) for task in plan.no_source} == expected_tasks(BACKEND[:1], PLATES)
    desk.configure({"collate.method": "median"})
    assert desk.to_build() == set()
