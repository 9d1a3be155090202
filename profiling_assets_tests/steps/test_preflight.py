"""Every rule of preflight, each with the fault it is there for, planted in a small workspace."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from profiling_assets.config.load import parse_config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import tiny_spec
from profiling_assets.errors import InvalidInputError
from profiling_assets.quality.preflight.facts import PreflightFacts, WorkspaceFacts
from profiling_assets.quality.preflight.finding import Finding, Severity, together
from profiling_assets.quality.preflight.rule_names import RULE_NAMES
from profiling_assets.quality.preflight.rules import RULES, findings
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import read_config, scanned_catalog
from profiling_assets.steps.preflight import everything, preflight
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.parallel import map_at_once
from profiling_assets_tests.dagster.desk import BATCH1, BATCH2, P1, P2, P3, config_text

ERROR, WARNING = Severity.ERROR, Severity.WARNING
MAPS = f"metadata/platemaps/{BATCH1}"
MAP = f"{MAPS}/platemap/TINY-MAP-1.txt"
BARCODES = f"{MAPS}/barcode_platemap.csv"
SITES = f"analysis/{P1}/analysis"
LISTS = ("feature_select", "feature_select_negcon")
LOAD_DATA = f"load_data_csv/{P1}/load_data_with_illum.csv"

Plant = Callable[[Path], None]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("preflight") / "workspace"
    make_workspace(root, tiny_spec())
    return root


def looked_at(root: Path | str, config: Path | None) -> tuple[Finding, ...]:
    catalog = scanned_catalog(Settings(str(root), None if config is None else str(config)))
    return preflight(catalog, dict.fromkeys(catalog.asked_for.plates, everything(catalog))).findings


def edited(path: str, old: str, new: str, count: int = 1) -> Plant:
    def plant(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        assert old in text, text[:200]
        (root / path).write_text(text.replace(old, new, count), encoding="utf-8")

    return plant


def removed(path: str) -> Plant:
    def plant(root: Path) -> None:
        file = root / path
        shutil.rmtree(file) if file.is_dir() else file.unlink()

    return plant


def written(path: str, text: str = "") -> Plant:
    def plant(root: Path) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")

    return plant


def copied(source: str, target: str) -> Plant:
    return lambda root: [shutil.copytree(root / source, root / target)].clear()


def configured(changes: Mapping[str, object], plates: dict[str, list[str]] | None = None) -> Plant:
    return lambda root: [
        (root.parent / "config.yml").write_text(config_text(changes, plates or {}), "utf-8")
    ].clear()


def both(*plants: Plant) -> Plant:
    def plant(root: Path) -> None:
        for one in plants:
            one(root)

    return plant


def controls_excluded(root: Path) -> None:
    """Leave one negative control of P1; the other plate of its plate map keeps all."""
    header, *rows = (root / MAP).read_text(encoding="utf-8").splitlines()
    at = header.split("\t").index("well_position")
    wells = [row.split("\t")[at] for row in rows if "\tnegcon" in row]
    lines = "".join(f"{BATCH1}\t000123\t{well}\tleaking\n" for well in wells[1:])
    text = f"batch\tplate\twell\treason\n{lines}"
    (root / "metadata/exclusions.tsv").write_text(text, encoding="utf-8")


def without_wells(root: Path) -> None:
    lines = (root / MAP).read_text(encoding="utf-8").splitlines(keepends=True)
    (root / MAP).write_text("".join(lines[:1] + lines[2:]), encoding="utf-8")


def other_wells(root: Path) -> None:
    text = (root / MAP).read_text(encoding="utf-8")
    (root / MAP).write_text(
        text.replace("\tA0", "\tP1").replace("\tB0", "\tO1").replace("\tC0", "\tN1"),
        encoding="utf-8",
    )


def without_images(root: Path) -> None:
    for file in (root / SITES).rglob("*.csv"):
        file.unlink()


def too_wide(root: Path) -> None:
    header = ["ImageNumber", "ObjectNumber", *(f"AreaShape_{n}" for n in range(2100))]
    for file in (root / SITES).rglob("Cells.csv"):
        file.write_text(",".join(header) + "\n")


def huge(root: Path) -> None:
    file = root / SITES / "000123-A01-1" / "Cells.csv"
    with file.open("r+b") as stream:
        stream.truncate(8 * 2**40)  # a hole: it takes no space, and counts as that large


EXTERNAL = {
    "annotate.external.perform": True,
    "annotate.external.file": "more.tsv",
    "annotate.external.merge_column": "broad_sample",
}
MORE = "metadata/external_metadata/more.tsv"

# what is planted; rule, severity, whom it concerns; words of file, sentence and remedy
Fault = tuple[Plant, str, Severity, str, str, str, str]
FAULTS: dict[str, Fault] = {
    "a placeholder in the config": (
        configured(EXTERNAL | {"annotate.external.file": "<metadata file name>"}),
        "config",
        ERROR,
        "",
        "config.yml:",
        "placeholder",
        "write what is meant",
    ),
    "a plate of the config is not there": (
        configured({}, {BATCH1: ["000123", "PL-01-x", "PL-99"], BATCH2: ["000123"]}),
        "config_plates",
        ERROR,
        f"{BATCH1}/PL-99",
        "config.yml:",
        "PL-99",
        "process: false",
    ),
    "a plate is not in the config": (
        configured({}, {BATCH1: ["000123"], BATCH2: ["000123"]}),
        "config_plates",
        WARNING,
        "",
        "config.yml",
        P2,
        "process: true",
    ),
    "results cannot be written": (
        written("profiles", "a file where a folder should be"),
        "write_permission",
        ERROR,
        "",
        "profiles/",
        "",
        "",
    ),
    "the disk is too small": (
        huge,
        "disk_space",
        ERROR,
        P1,
        SITES,
        "are free",
        "free space on that disk",
    ),
    "a plate has folders and no image": (
        without_images,
        "source",
        ERROR,
        P1,
        SITES,
        "nothing to aggregate",
        f"exclude {P1}",
    ),
    "the load data cannot be read": (
        written(LOAD_DATA, "Metadata_Plate,Metadata_Field\n000123,1\n"),
        "source",
        ERROR,
        P1,
        LOAD_DATA,
        "Metadata_Well",
        "",
    ),
    "a site is missing": (
        removed(f"{SITES}/000123-A01-1"),
        "sites",
        WARNING,
        P1,
        LOAD_DATA,
        "A01 site 1",
        "CellProfiler",
    ),
    "a site is not expected": (
        copied(f"{SITES}/000123-A01-1", f"{SITES}/000123-A01-9"),
        "sites",
        WARNING,
        P1,
        SITES,
        "000123-A01-9",
        "load data",
    ),
    "a table twice": (
        written(f"{SITES}/000123-A01-1/Image.csv.gz", "x"),
        "unread_input",
        WARNING,
        P1,
        "000123-A01-1/Image.csv.gz",
        "Image.csv is the same table",
        "move it out",
    ),
    "a job left no Image.csv": (
        removed(f"{SITES}/000123-A01-1/Image.csv"),
        "sites",
        WARNING,
        P1,
        SITES,
        "000123-A01-1",
        "CellProfiler",
    ),
    "a site lacks a table": (
        removed(f"{SITES}/000123-A01-1/Cells.csv"),
        "sites",
        WARNING,
        P1,
        SITES,
        "000123-A01-1",
        "ledger",
    ),
    "a site lacks a table, and none may": (
        both(
            removed(f"{SITES}/000123-A01-1/Cells.csv"),
            configured({"collate.on_defective_site": "fail"}),
        ),
        "sites",
        ERROR,
        P1,
        SITES,
        "000123-A01-1",
        "on_defective_site: drop",
    ),
    "a CSV file is empty": (
        written(f"{SITES}/000123-A01-1/Nuclei.csv"),
        "sites",
        WARNING,
        P1,
        SITES,
        "000123-A01-1",
        "CellProfiler",
    ),
    "an Image.csv that a spreadsheet saved again": (
        lambda root: [
            file.write_text(file.read_text("utf-8").replace(",", ";"), encoding="utf-8")
            for file in sorted((root / SITES).rglob("Image.csv"))[:1]
        ].clear(),
        "image_files",
        Severity.WARNING,
        P1,
        SITES,
        "1 of",
        "as CellProfiler wrote them",
    ),
    "a site is there twice": (
        copied(f"{SITES}/000123-A01-1", f"{SITES}/A1-01"),
        "sites_twice",
        WARNING,
        P1,
        SITES,
        "A1-01",
        "one folder for each site",
    ),
    "object tables with two lines of names": (
        lambda root: [
            file.write_bytes(b"Cells,Cells\n" + file.read_bytes())
            for table in ("Cells", "Cytoplasm", "Nuclei")
            for file in (root / SITES).rglob(f"{table}.csv")
        ].clear(),
        "compartments",
        WARNING,
        P1,
        SITES,
        "no object table",
        "collate.munge",
    ),
    "a compartment that no file has": (
        configured({"compartments": ["cells", "nuclei", "ph3"]}),
        "compartments",
        WARNING,
        P1,
        "config.yml:",
        "ph3",
        "Cells, Cytoplasm, Nuclei",
    ),
    "no compartment that a file has": (
        configured({"compartments": ["ph3"]}),
        "compartments",
        ERROR,
        P1,
        SITES,
        "ph3",
        "compartments",
    ),
    "a well column that no file has": (
        configured({"aggregate": {"perform": True, "well_column": "Metadata_Wel"}}),
        "image_columns",
        ERROR,
        P1,
        "config.yml:",
        "Metadata_Wel",
        "aggregate.well_column",
    ),
    "an image feature category that no file has": (
        configured({"collate.image_feature_categories": ["Granularity", "Flavour"]}),
        "image_features",
        WARNING,
        P1,
        "config.yml:",
        "Flavour",
        "image_feature_categories",
    ),
    "a table too wide for SQLite": (
        too_wide,
        "table_width",
        ERROR,
        P1,
        SITES,
        "Cells has 2,103 columns",
        "parquet",
    ),
    "a plate has no plate map": (
        edited(BARCODES, "PL-01-x", "PL-01-y"),
        "plate_map",
        ERROR,
        P2,
        BARCODES,
        "PL-01-x is not listed",
        "add a line with PL-01-x",
    ),
    "a batch has no plate maps": (
        removed(BARCODES),
        "plate_map",
        ERROR,
        P1,
        BARCODES,
        "no barcode_platemap",
        "put it there",
    ),
    "a well is in the plate map twice": (
        edited(MAP, "\tA02", "\tA1"),
        "plate_map",
        ERROR,
        P2,
        MAP,
        "A01 in lines 2, 3",
        "one row for each well",
    ),
    "a plate map without wells": (
        edited(MAP, "well_position", "position"),
        "plate_map",
        ERROR,
        P1,
        MAP,
        "no column well_position",
        "platemap_well_column",
    ),
    "a row without a well": (
        edited(MAP, "\tA02", "\t"),
        "plate_map",
        WARNING,
        P1,
        MAP,
        "ignored: lines 3",
        "mend",
    ),
    "a plate map of a plate that is not there": (
        edited(BARCODES, "PL-01-x", "PL-77,TINY-MAP-1\nPL-01-x"),
        "plate_map_plates",
        WARNING,
        BATCH1,
        BARCODES,
        "PL-77",
        "mend the names",
    ),
    "two plate maps of one name": (
        written(MAP.replace(".txt", ".csv"), "well_position\nA01\n"),
        "plate_map_plates",
        WARNING,
        BATCH1,
        MAP.replace(".txt", ".csv"),
        "not used",
        "keep one",
    ),
    "a well is not in the plate map": (
        without_wells,
        "plate_map_wells",
        WARNING,
        P2,
        MAP,
        "1 well is not in",
        "add a row",
    ),
    "a well of the plate map has no image": (
        edited(MAP, "\tA02", "\tH12"),
        "plate_map_wells",
        WARNING,
        P1,
        MAP,
        "no image: H12",
        "sites are missing",
    ),
    "no well is in the plate map": (
        other_wells,
        "plate_map_wells",
        ERROR,
        P1,
        MAP,
        "no well of the plate",
        "mend the wells",
    ),
    "external metadata is not there": (
        configured(EXTERNAL),
        "plate_map",
        ERROR,
        P1,
        MORE,
        "not in the workspace",
        "perform",
    ),
    "external metadata twice for one treatment": (
        both(configured(EXTERNAL), written(MORE, "broad_sample\tmoa\nDMSO\ta\nDMSO\tb\n")),
        "external_metadata",
        ERROR,
        P1,
        MORE,
        "'DMSO' is there more than once",
        "keep one row",
    ),
    "external metadata without a treatment": (
        both(configured(EXTERNAL), written(MORE, "broad_sample\tmoa\nDMSO\ta\n")),
        "external_metadata",
        WARNING,
        P1,
        MORE,
        "has no row for",
        "stay empty",
    ),
    "no negative control": (
        edited(MAP, "\tnegcon", "\ttrt", 99),
        "controls",
        ERROR,
        P1,
        MAP,
        "0 wells with control_type negcon",
        "control_type",
    ),
    "all negative controls but one are excluded": (
        controls_excluded,
        "controls",
        ERROR,
        P1,
        MAP,
        "1 wells with control_type negcon",
        "control_type",
    ),
    "a query for samples that takes no well": (
        configured({"options.samples": "Metadata_control_type == 'NEGCON'"}),
        "samples",
        ERROR,
        P1,
        "config.yml",
        "the nearest is negcon (other capitals)",
        "mend options.samples",
    ),
    "a query for samples over a column that is not there": (
        configured({"normalize.samples": "Metadata_Control_Type == 'negcon'"}),
        "samples",
        ERROR,
        P1,
        "config.yml",
        "there is no column Metadata_Control_Type",
        "mend normalize.samples",
    ),
    "groups of a column that is not there": (
        configured({"normalize.groups": ["Metadata_cell_line"]}),
        "samples",
        ERROR,
        P1,
        "config.yml",
        "there is no column Metadata_cell_line",
        "mend groups",
    ),
    "a frozen list of features is not there": (
        configured({"feature_select.frozen": "config_files/f.tsv"}),
        "frozen_features",
        ERROR,
        "",
        "config_files/f.tsv",
        "is not in the workspace",
        "take feature_select.frozen out",
    ),
    "a frozen list of features names one twice": (
        both(
            configured({"feature_select_negcon.frozen": "config_files/f.tsv"}),
            written("config_files/f.tsv", "Cells_a\nCells_a\n"),
        ),
        "frozen_features",
        ERROR,
        "",
        "config_files/f.tsv",
        "lines 1 and 2 both name Cells_a",
        "take one of them out",
    ),
    "few negative controls": (
        lambda root: None,
        "controls",
        WARNING,
        P3,
        "TINY-MAP-2.txt",
        "only 4 negative",
        "negcon",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_told_with_file_and_remedy(
    sound: Path, tmp_path: Path, fault: str
) -> None:
    plant, rule, severity, scope, where, what, remedy = FAULTS[fault]
    root = tmp_path / "workspace"
    shutil.copytree(sound, root)
    plant(root)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}
    config = tmp_path / "config.yml"
    found = looked_at(root, config if config.exists() else None)
    told = [f for f in found if (f.rule, f.severity, f.scope) == (rule, severity, scope)]
    assert any(where in f.where and what in f.what and remedy in f.remedy for f in told), found
    assert all(f.what and f.where and f.remedy for f in found)
    assert before == {p: p.stat().st_mtime_ns for p in root.rglob("*") if p.is_file()}
    assert not (root / ".profiling_assets").exists()


def test_every_rule_has_a_planted_fault() -> None:
    assert {fault[1] for fault in FAULTS.values()} == set(RULES)
    assert [rule.name for rule in RULE_NAMES] == list(RULES)


def test_a_sound_workspace_has_nothing_to_mend_but_few_controls(sound: Path) -> None:
    assert {finding.rule for finding in looked_at(sound, None)} == {"controls"}


def test_a_first_site_that_failed_qc_does_not_make_a_category_absent(sound: Path) -> None:
    # the first site of P2 failed QC and has an Image.csv without measurements
    assert not [f for f in looked_at(sound, None) if f.scope == P2 and f.rule == "image_features"]


def test_all_problems_are_told_at_once_and_what_plates_share_once(
    sound: Path, tmp_path: Path
) -> None:
    root = tmp_path / "workspace"
    shutil.copytree(sound, root)
    for fault in ("a well is in the plate map twice", "a site is missing"):
        FAULTS[fault][0](root)
    told = together(looked_at(root, None))
    assert [entry.finding.severity for entry in told] == [ERROR, WARNING, WARNING]
    assert told[0].scopes == (P1, P2)


def test_a_list_of_the_twin_is_told_with_the_twins_line_of_the_config() -> None:
    own = [f"{name}:\n  frozen: config_files/f.tsv\n" for name in LISTS]
    config = parse_config(f"pipeline: p\n{''.join(own)}", path="config.yml")
    errors = {f"{name}.frozen": InvalidInputError(f"no list of {name}") for name in LISTS}
    found = findings(WorkspaceFacts("/w", config, frozen_errors=errors))
    lines = [one.where for one in found if one.rule == "frozen_features"]
    assert lines == ["config.yml:3", "config.yml:5"]


def test_backends_that_do_not_fit_together_are_a_warning() -> None:
    config = read_config(None)
    plate = PreflightFacts(PlateKey.parse(P1), config, SITES)
    facts = WorkspaceFacts("/w", config, needed=3 * 10**12, free=10**12, plates=[plate])
    (found,) = findings(facts)
    assert (found.rule, found.severity) == ("disk_space", WARNING)
    assert "3000.0 GB" in found.what
    assert "--plate" in found.remedy


def test_a_workspace_on_s3_is_looked_at_alike_and_left_as_it_is(sound: Path, bucket: str) -> None:
    workspace = open_workspace(f"s3://{bucket}/w")
    wanted = ("metadata/", SITES, LOAD_DATA)
    paths = [f.relative_to(sound).as_posix() for f in sound.rglob("*") if f.is_file()]
    paths = [path for path in paths if path.startswith(wanted) and "Cytoplasm" not in path]
    map_at_once(
        lambda path: workspace.publish_bytes((sound / path).read_bytes(), path),
        [path for path in paths if path != f"{SITES}/000123-A01-1/Cells.csv"],
        at_once=workspace.at_once,
    )
    found = looked_at(f"s3://{bucket}/w", None)
    assert [(f.rule, f.scope) for f in found] == [
        ("sites", P1),
        ("plate_map_plates", BATCH1),
        ("controls", P1),
    ]
    level = workspace.list_folder("")
    assert level.files == ()
    assert set(level.folders) == {"analysis", "load_data_csv", "metadata"}
