"""The reports in the graph: made of what is there, current afterwards, the same each time."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from profiling_assets.quality.report.contents import ReportFacts, facts_of_page
from profiling_assets.workspace.layout import batch_report, plate_report, site_ledger
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.registry import exclude, update_registry
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.dagster.desk import BATCH1, BATCH2, P1, P2, P3, Desk, expected_tasks
from profiling_assets_tests.quality.report_pages import Page, parsed

PLATE, BATCH = "plate_report", "batch_report"
ON = {"quality_control.perform": True}
WITHOUT_PICTURES = {**ON, "quality_control.heatmap.perform": False}
EVIL = "<b>DMSO</b> \"&'"


def plate_file(desk: Desk, plate: str) -> Path:
    key = PlateKey.parse(plate)
    return desk.file(plate_report(key))


def facts_of(desk: Desk, plate: str) -> ReportFacts:
    facts = facts_of_page(plate_file(desk, plate).read_bytes())
    assert facts is not None
    return facts


def batch_of(desk: Desk, batch: str) -> Page:
    return parsed(desk.file(batch_report(batch)).read_bytes())


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory, built: Desk) -> Desk:
    """The built workspace with pictures and reports; not to be changed."""
    desk = built.copied_to(tmp_path_factory.mktemp("reports"))
    desk.configure(ON)
    desk.run()
    return desk


def test_every_plate_and_batch_has_its_page_and_is_current(reported: Desk) -> None:
    assert reported.to_build() == set()
    for plate in (P1, P2, P3):
        key = PlateKey.parse(plate)
        page = parsed(plate_file(reported, plate).read_bytes())
        assert f"Plate {key.plate}" in page.text
        assert len(page.all("img", "src")) == 6
        first, *others = page.all("a", "href")
        assert first == f"../{key.batch}.html"
        assert all(address.startswith("#") for address in others)
        assert (plate_file(reported, plate).parent / f"../{key.batch}.html").is_file()
    page = batch_of(reported, BATCH1)
    links = {address for address in page.all("a", "href") if not address.startswith("#")}
    assert links == {"./000123/000123.html", "./PL-01-x/PL-01-x.html"}
    assert len(page.all("img", "src")) == 8


def test_a_page_says_what_the_files_say(reported: Desk) -> None:
    facts = facts_of(reported, P1)
    assert facts.sites is not None
    assert facts.wells is not None
    ledger = reported.file(site_ledger(PlateKey.parse(P1))).read_text().splitlines()[1:]
    assert sum(facts.sites.states.values()) == len(ledger)
    assert facts.cells == facts.objects["Cells"].kept
    assert [one.reference for one in facts.normalizations] == ["all wells", "negative controls"]
    told = reported.metadata("selected_features_batch", BATCH1)["features_kept"].value
    assert facts.selections[0].kept == told
    drawn = reported.metadata("correlation_heatmaps", P1)
    assert facts.position["position_effect_row"] == drawn["position_effect_row"].value
    assert facts.likeness["negcon_correlation"] == drawn["negcon_correlation"].value
    assert not facts.unknown


def test_the_ui_has_a_link_to_the_page(reported: Desk) -> None:
    for name, partition, path in (
        (PLATE, P1, plate_report(PlateKey.parse(P1))),
        (BATCH, BATCH1, batch_report(BATCH1)),
    ):
        metadata = reported.metadata(name, partition)
        assert isinstance(metadata["report"], dg.UrlMetadataValue)
        assert metadata["report"].value == reported.file(path).as_uri()
        assert metadata["path"].value == str(reported.file(path))


def test_no_page_names_where_or_when_it_was_made(reported: Desk) -> None:
    pages = list(reported.file("quality_control/report").rglob("*.html"))
    assert len(pages) == 5
    for page in pages:
        assert str(reported.root).encode() not in page.read_bytes()


def test_made_again_in_another_folder_each_page_has_the_same_bytes(
    reported: Desk, tmp_path: Path
) -> None:
    desk = reported.copied_to(tmp_path)
    folder = desk.file("quality_control/report")
    before = {file: file.read_bytes() for file in folder.rglob("*.html")}
    desk.run(names=(PLATE, BATCH), force=True)
    assert {file: file.read_bytes() for file in folder.rglob("*.html")} == before


def test_names_of_a_plate_map_do_not_become_markup(reported: Desk, tmp_path: Path) -> None:
    desk = reported.copied_to(tmp_path)
    ledger = desk.file(site_ledger(PlateKey.parse(P3)))
    text = ledger.read_text()
    ledger.write_text(text.replace("\tcomplete\t\t", f"\ttruncated\t{EVIL}\t", 1))
    desk.run([P3], (PLATE,), force=True)
    page = parsed(plate_file(desk, P3).read_bytes())
    assert EVIL in page.text
    assert "1 site: truncated" in page.text


def test_of_published_profiles_alone_there_is_a_report_that_says_what_is_not_known(
    reported: Desk, tmp_path: Path
) -> None:
    desk = reported.cut_down_to(tmp_path, f"profiles/{BATCH2}")
    for ledger in desk.file("profiles").rglob("*_wells.tsv"):
        ledger.unlink()
    desk.configure(WITHOUT_PICTURES)
    plan = desk.run(names=(PLATE, BATCH))
    assert {str(task) for task in plan.build} == expected_tasks([PLATE], [P3]) | expected_tasks(
        [BATCH], [BATCH2]
    )
    facts = facts_of(desk, P3)
    assert (facts.sites, facts.wells) == (None, None)
    assert facts.cells is not None
    assert facts.cells > 0
    assert facts.normalizations
    assert facts.selections
    unknown = "\n".join(facts.unknown)
    assert f"sites whole: there is no {site_ledger(PlateKey.parse(P3))}" in unknown
    assert "not drawn" in unknown
    assert "not known" in batch_of(desk, BATCH2).text


def test_an_excluded_plate_is_named_with_its_reason(reported: Desk, tmp_path: Path) -> None:
    desk = reported.copied_to(tmp_path)
    key = PlateKey.parse(P2)
    update_registry(open_workspace(str(desk.root)), lambda known: exclude(known, key, EVIL))
    assert f"{BATCH} of {BATCH1}" in desk.to_build(names=[BATCH])
    desk.run(names=[BATCH])
    page = batch_of(desk, BATCH1)
    assert f"excluded: {EVIL}" in page.text
    assert "./PL-01-x/PL-01-x.html" not in page.all("a", "href")


def test_a_plate_without_a_list_of_features_has_a_report_meanwhile(
    reported: Desk, tmp_path: Path
) -> None:
    paths = ("_augmented", "_normalized", "_normalized_negcon")
    files = (f"profiles/{P3}/000123{step}.csv.gz" for step in paths)
    desk = reported.cut_down_to(tmp_path, *files)
    # a second plate with nothing to start from: the features of the batch cannot be selected
    desk.configure(WITHOUT_PICTURES, {BATCH2: ["000123", "absent"]})
    plan = desk.run()
    assert any("selected_features" in str(task) for task in plan.impossible)
    assert facts_of(desk, P3).selections == ()
    page = batch_of(desk, BATCH2)
    assert "1 of 2" in page.text
    assert "not in the workspace" in page.text


def test_without_reports_in_the_config_none_are_written(reported: Desk, tmp_path: Path) -> None:
    desk = reported.copied_to(tmp_path)
    desk.configure({**ON, "quality_control.report": {"perform": False}})
    assert not {PLATE, BATCH} & set(desk.catalog().results)
    desk.configure({**ON, "quality_control.report": None})
    assert {PLATE, BATCH} <= set(desk.catalog().results)


def test_a_report_is_current_after_what_it_was_made_of_was_removed_for_good(
    reported: Desk, tmp_path: Path
) -> None:
    desk = reported.copied_to(tmp_path)
    for folder in ("analysis", "backend"):
        shutil.rmtree(desk.file(f"{folder}/{P3}"))
    for name in ("", "_augmented"):
        desk.file(f"profiles/{P3}/000123{name}.csv.gz").unlink()
    assert desk.to_build(plates=[P3]) == {f"{PLATE} of {P3}", f"{BATCH} of {BATCH2}"}
    desk.run(plates=[P3])
    assert desk.to_build(plates=[P3]) == set()
