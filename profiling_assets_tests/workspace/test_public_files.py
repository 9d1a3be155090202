"""What may be published, where it goes, and what is said of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiling_assets.publish.data_repository import is_pinned, pinned_version, repository_files
from profiling_assets.publish.words import commit_message
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.public_files import (
    PUBLISHED,
    Sized,
    Stays,
    no_longer,
    over,
    plate_of,
    publication_plan,
)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("profiles/B/000123/000123.csv.gz", None),
        ("profiles/B/000123/000123.csv", None),
        ("profiles/B/a plate/a plate_normalized.parquet", None),
        ("profiles/B/B_selected_features_batch.tsv", None),
        ("profiles/selected_features_all.tsv", None),
        ("gct/B/B_normalized_feature_select_batch.gct", None),
        ("quality_control/summary/summary.tsv", None),
        ("quality_control/heatmap/B/P/P_cell_count.png", None),
        ("quality_control/report/B/P/P.html", None),
        ("quality_control/report/B/B.html", None),
        ("config_files/config.yml", None),
        ("config_files/pilot/frozen.CSV", None),
        ("backend/B/P/P_sites.tsv", None),
        ("metadata/external_metadata/compounds.tsv", None),
        ("metadata/exclusions.tsv", None),
        ("profiles/B1/000123/000123_provenance.json", None),
        ("metadata/platemaps/B/platemap/M.txt", None),
        ("metadata/B/platemap/M.txt", "metadata/platemaps/B/platemap/M.txt"),
        ("load_data_csv/B/P/load_data.csv", "load_data_csv/B/P/load_data.csv.gz"),
        ("load_data_csv/B/P/load_data.csv.gz", None),
        ("profiles/heatmap/Cells/Cells.csv.gz.tsv", None),
    ],
)
def test_results_and_what_they_were_made_from_are_published(path: str, target: str | None) -> None:
    plan = publication_plan({path: 7})
    assert [one.target for one in plan.transfers] == [target or path]
    assert plan.staying == ()


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("backend/B/P/P.sqlite", Stays.DATABASE),
        ("profiles/B/P/P.SQLITE", Stays.DATABASE),
        ("profiles/B/P/old.db", Stays.DATABASE),
        ("profiles/B/P/Image.csv", Stays.CELLPROFILER),
        ("profiles/B/P/cells.csv.gz", Stays.CELLPROFILER),
        ("load_data_csv/B/P/Experiment.csv", Stays.CELLPROFILER),
        ("backend/B/P/P.csv", Stays.BACKEND),
        ("backend/B/P/P_Cells.parquet", Stays.BACKEND),
        ("profiles/B/P/P.tiff", Stays.KIND),
        ("config_files/secret.env", Stays.KIND),
        ("metadata/platemaps/B/map.xlsx", Stays.KIND),
        ("profiles/B/P/two\nlines.csv.gz", Stays.NAME),
    ],
)
def test_raw_data_and_unknown_kinds_stay_with_a_reason(path: str, why: Stays) -> None:
    plan = publication_plan({path: 7})
    assert plan.transfers == ()
    assert [(one.path, one.size, one.why) for one in plan.staying] == [(path, 7, why)]


@pytest.mark.parametrize(
    "path",
    [
        "analysis/B/P/analysis/P-A01-1/Image.csv",
        "profiles/B/P/.P.csv.gz.0123456789abcdef.part",
        "profiles/.git/config",
        ".profiling_assets/plates.json",
        "profiles/README.md",
        "notes.tsv",
    ],
)
def test_hidden_files_and_other_folders_are_passed_over(path: str) -> None:
    plan = publication_plan({path: 7})
    assert (plan.transfers, plan.staying) == ((), ())


def test_of_two_files_for_one_place_one_goes_and_the_other_is_named() -> None:
    plan = publication_plan(
        {"load_data_csv/B/P/load_data.csv": 3, "load_data_csv/B/P/load_data.csv.gz": 2}
    )
    assert [one.source for one in plan.transfers] == ["load_data_csv/B/P/load_data.csv"]
    assert [one.why for one in plan.staying] == [Stays.SUPERSEDED]


def test_files_of_an_excluded_plate_stay_and_of_its_namesake_in_another_batch_go() -> None:
    files = dict.fromkeys(
        [
            "profiles/B/000123/000123.csv.gz",
            "profiles/C/000123/000123.csv.gz",
            "quality_control/heatmap/B/000123/000123_cell_count.png",
            "profiles/B/B_selected_features_batch.tsv",
        ],
        1,
    )
    plan = publication_plan(files, (), {PlateKey("B", "000123")})
    assert [one.target for one in plan.transfers] == [
        "profiles/B/B_selected_features_batch.tsv",
        "profiles/C/000123/000123.csv.gz",
    ]
    assert {one.why for one in plan.staying} == {Stays.EXCLUDED}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("profiles/B/000123/000123.csv.gz", PlateKey("B", "000123")),
        ("quality_control/heatmap/heatmap/P/P.png", PlateKey("heatmap", "P")),
        ("quality_control/report/B/P/P.html", PlateKey("B", "P")),
        ("quality_control/report/B/B.html", None),
        ("profiles/profiles/profiles/x.csv.gz", PlateKey("profiles", "profiles")),
        ("profiles/B/B_selected_features_batch.tsv", None),
        ("metadata/platemaps/B/platemap/M.txt", None),
        ("gct/B/B.gct", None),
        ("config_files/config.yml", None),
        ("quality_control/summary/summary.tsv", None),
    ],
)
def test_the_plate_of_a_file_is_told_by_its_path(path: str, key: PlateKey | None) -> None:
    assert plate_of(path) == key


def test_only_files_above_the_limit_and_outside_git_lfs_are_too_large() -> None:
    files = [Sized("a", 100), Sized("b", 101), Sized("c", 500), Sized("d", 300)]
    assert over(100, files, {"c"}) == (Sized("d", 300), Sized("b", 101))


def test_what_was_published_and_is_gone_is_named_and_nothing_foreign() -> None:
    tracked = ["profiles/B/P/P.csv.gz", "profiles/C/P/P.csv.gz", "README.md", "profiles/README.md"]
    tracked.append("config_files/config.yml")
    assert no_longer(tracked, ["profiles/C/P/P.csv.gz"]) == ("profiles/B/P/P.csv.gz",)
    assert no_longer(tracked, ["profiles/C/P/P.csv.gz"], ["C"]) == ()


def test_a_message_names_batches_plates_version_and_configs() -> None:
    assert commit_message(
        ["profiles/B/000123/a.csv.gz", "profiles/B/P 2/a.csv.gz", "gct/C/C.gct"],
        version="1.2",
        configs={"b.yml": "f" * 64, "a.yml": "0" * 64},
    ) == (
        "Publish 2 batches: 2 plates, 3 files\n\nB: 000123, P 2\nC\n\nprofiling_assets 1.2\n"
        "config a.yml sha256 000000000000\nconfig b.yml sha256 ffffffffffff\n"
    )
    assert commit_message(["config_files/a.yml"], version="1").splitlines() == [
        "Publish 1 file",
        "",
        "profiling_assets 1",
    ]
    long = commit_message([f"profiles/{'B' * 90}/P{n:04}/x.tsv" for n in range(3000)], version="1")
    assert long.splitlines()[0] == "Publish 1 batch: 3000 plates, 3000 files"
    assert " and 2900 more" in long


NAMES = st.sampled_from(["B", "C", "000123", "Cells.csv", "x.csv.gz", "y.tsv", ".z", "a b.sqlite"])
PATHS = st.builds(
    lambda top, rest: "/".join([top, *rest]),
    st.sampled_from([*PUBLISHED, "analysis"]),
    st.lists(NAMES, min_size=1, max_size=4),
)


@given(st.lists(PATHS, unique=True), st.lists(st.sampled_from(["B", "C"]), unique=True))
def test_every_file_is_published_once_or_stays_for_a_reason(
    paths: list[str], batches: list[str]
) -> None:
    plan = publication_plan(dict.fromkeys(paths, 1), batches)
    going = [one.source for one in plan.transfers]
    staying = [one.path for one in plan.staying]
    assert len(going + staying) == len({*going, *staying})
    assert {*going, *staying} <= set(paths)
    targets = [one.target for one in plan.transfers]
    assert targets == sorted(set(targets))
    for target in targets:
        assert target.partition("/")[0] in PUBLISHED
        assert not target.endswith((".sqlite", "/Cells.csv"))
    # what is published is published again from the repository itself, to the same place
    again = publication_plan(dict.fromkeys(targets, 1), batches)
    assert [(one.source, one.target) for one in again.transfers] == [(t, t) for t in targets]


def test_a_new_data_repository_pins_what_it_was_made_with() -> None:
    files = repository_files("1.2", {"pandas": "3.0.1"}, "pipeline: x\n", lfs=True)
    assert files["requirements.txt"].splitlines()[1:] == ["profiling_assets==1.2", "pandas==3.0.1"]
    assert pinned_version(files["requirements.txt"]) == "1.2"
    assert files["config_files/config.yml"] == "pipeline: x\n"
    assert "*.csv.gz filter=lfs" in files[".gitattributes"]
    assert {path.partition("/")[0] for path in files} >= set(PUBLISHED)
    assert "lfs" not in "".join(repository_files("1", {}, "", lfs=False).values()).lower()


@pytest.mark.parametrize(
    ("text", "is_ours", "version"),
    [
        ("numpy==1\nprofiling-assets == 0.1.0  # ours\n", True, "0.1.0"),
        ("profiling_assets @ git+https://example.org/x@v1\n", True, None),
        ("profiling_assets_more==1\n", False, None),
        ("# profiling_assets==1\n", False, None),
        ("", False, None),
    ],
)
def test_a_pin_is_read_as_people_write_it(text: str, is_ours: bool, version: str | None) -> None:
    assert (is_pinned(text), pinned_version(text)) == (is_ours, version)
