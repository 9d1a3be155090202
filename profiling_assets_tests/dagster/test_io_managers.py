"""How results are handed from step to step: lazily, by path, and never half."""

import gzip
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from profiling_assets.dagster.build import build_defs
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import plate_spec
from profiling_assets.errors import MissingInputError
from profiling_assets.steps.outputs import Stored
from profiling_assets_tests.dagster.desk import (
    BATCH1,
    BATCH2,
    P1,
    P2,
    P3,
    Desk,
    failure_text,
)

ANNOTATED = "annotated_profiles"


def _loaded(desk: Desk, name: str, partition: str) -> Stored:
    with desk.instance() as instance:
        value = build_defs(desk.settings).load_asset_value(
            name, partition_key=partition, instance=instance
        )
    assert isinstance(value, Stored)
    return value


def test_a_result_is_handed_over_unread_and_reads_as_it_was_stored(built: Desk) -> None:
    stored = _loaded(built, ANNOTATED, P1)
    frame = stored.frame()
    assert list(frame["Metadata_Plate"].unique()) == ["000123"]
    assert stored.content() == built.file(stored.path).read_bytes()


def test_a_result_that_is_gone_is_an_error_with_asset_plate_path_and_remedy(desk: Desk) -> None:
    path = f"profiles/{P2}/PL-01-x_augmented.csv.gz"
    desk.file(path).unlink()
    stored = _loaded(desk, ANNOTATED, P2)  # nothing is read yet
    with pytest.raises(MissingInputError) as caught:
        stored.frame()
    assert caught.value.path == path
    assert caught.value.what == f"{ANNOTATED} of {P2} is not in the workspace"
    assert caught.value.remedy == f"materialize {ANNOTATED} of {P2} again"
    text = failure_text(desk.materialize(["normalized_profiles"], P2))
    assert path in text
    assert f"materialize {ANNOTATED} of {P2} again" in text


def test_a_step_that_leaves_a_standing_file_alone_needs_no_input(desk: Desk) -> None:
    other = desk.without_records()
    other.file(f"profiles/{P2}/PL-01-x_augmented.csv.gz").unlink()
    assert other.materialize(["normalized_profiles"], P2).success
    assert other.recorded("normalized_profiles", P2).adopted


@pytest.mark.parametrize(("batch", "plates"), [(BATCH1, {P1, P2}), (BATCH2, {P3})])
def test_a_batch_asset_gets_a_dict_also_for_one_plate(
    built: Desk, batch: str, plates: set[str]
) -> None:
    definitions = build_defs(built.settings)
    handed: list[object] = []

    @dg.asset(
        partitions_def=definitions.resolve_asset_graph()
        .get(dg.AssetKey("selected_features_batch"))
        .partitions_def,
        ins={
            "normalized": dg.AssetIn(
                "normalized_profiles",
                partition_mapping=definitions.resolve_asset_graph()
                .get(dg.AssetKey("selected_features_batch"))
                .partition_mappings[dg.AssetKey("normalized_profiles")],
            )
        },
    )
    def probe(normalized: dict[str, Stored]) -> None:
        handed.append(normalized)

    merged = dg.Definitions.merge(definitions, dg.Definitions(assets=[probe]))
    with dg.DagsterInstance.ephemeral() as instance:
        merged.resolve_implicit_global_asset_job_def().execute_in_process(
            asset_selection=[dg.AssetKey("probe")], partition_key=batch, instance=instance
        )
    (given,) = handed
    assert isinstance(given, dict)
    assert set(given) == plates
    assert all(isinstance(stored, Stored) for stored in given.values())


PLATE = "2026_03_02_Batch1/PLATE-1"
WIDE_BACKEND = ("sqlite_backend", "aggregated_profiles", "annotated_profiles")


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory, inputs: Desk) -> Desk:
    """A plate whose compartments have more columns than a SQLite table holds; not to be changed."""
    folder = tmp_path_factory.mktemp("wide")
    make_workspace(folder / "workspace", plate_spec(4, 1, 2, 2052))
    return Desk(folder / "workspace", folder / "home", blank=inputs.blank)


@pytest.fixture(scope="module")
def wide_result(wide: Desk) -> dg.ExecuteInProcessResult:
    return wide.materialize(WIDE_BACKEND, PLATE)


def test_a_plate_too_wide_for_sqlite_gives_parquet_and_profiles_and_says_why(
    wide: Desk, wide_result: dg.ExecuteInProcessResult
) -> None:
    assert wide_result.success
    made = {event.asset_key for event in wide_result.get_asset_materialization_events()}
    assert made == {dg.AssetKey(name) for name in WIDE_BACKEND[1:]}  # what follows was not skipped
    reason = wide.metadata("aggregated_profiles", PLATE)["sqlite_withheld"].value
    assert isinstance(reason, str)
    assert "2,000" in reason or "2000" in reason
    folder = wide.file(f"backend/{PLATE}")
    assert not list(folder.glob("*.sqlite*"))
    for table in ("Image", "Cells", "Cytoplasm", "Nuclei"):
        rows = pq.read_metadata(folder / f"PLATE-1_{table}.parquet").num_rows
        assert rows == (4 if table == "Image" else 8)


def test_the_withheld_backend_is_told_again_and_not_tried_again(
    wide: Desk, wide_result: dg.ExecuteInProcessResult
) -> None:
    assert wide_result.success
    plan = wide.plan(names=WIDE_BACKEND)
    ((task, reason),) = plan.impossible.items()
    assert str(task) == f"sqlite_backend of {PLATE}"
    assert reason == wide.metadata("aggregated_profiles", PLATE)["sqlite_withheld"].value
    assert not plan.build


def test_a_backend_that_sqlite_cannot_hold_asked_for_alone_is_an_error(wide: Desk) -> None:
    text = failure_text(wide.materialize(["sqlite_backend"], PLATE))
    assert "columns" in text
    assert "collate.backend" in text
    assert "parquet" in text


def test_with_parquet_as_backend_nothing_is_withheld(wide: Desk, tmp_path: Path) -> None:
    desk = wide.cut_down_to(tmp_path, "analysis", "load_data_csv")
    desk.configure({"collate.backend": "parquet"})
    desk.run(names=["parquet_backend", "aggregated_profiles"])
    assert "sqlite_withheld" not in desk.metadata("aggregated_profiles", PLATE)
    plan = desk.plan(names=["parquet_backend", "aggregated_profiles"])
    assert len(plan.current) == 2


def test_parquet_beside_the_csv_holds_the_same_values(desk: Desk) -> None:
    desk.configure({"options.formats": ["csv.gz", "parquet"]})
    assert desk.materialize([ANNOTATED], P3).success
    table = pq.read_table(desk.file(f"profiles/{P3}/000123_augmented.parquet"))
    frame = _loaded(desk, ANNOTATED, P3).frame()
    assert table.to_pandas().equals(frame)


def test_the_full_precision_table_lies_in_backend_and_the_rounded_one_in_profiles(
    built: Desk,
) -> None:
    full = built.file(f"backend/{P1}/000123.csv").read_text().splitlines()
    zipped = built.file(f"profiles/{P1}/000123.csv.gz").read_bytes()
    rounded = gzip.decompress(zipped).decode().splitlines()
    assert full[0] == rounded[0]
    pairs = zip(full[1].split(",")[-20:], rounded[1].split(",")[-20:], strict=True)
    for exact, short in pairs:
        assert short == (f"{float(exact):.5g}" if exact else "")
    assert full[1] != rounded[1]
