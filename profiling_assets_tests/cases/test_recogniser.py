"""Cases of input that was not recognised: the same plate, found and read in any form."""

import gzip
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pandas as pd
import pytest
from click.testing import CliRunner

from profiling_assets.cli.main import cli
from profiling_assets.config.load import parse_config
from profiling_assets.errors import InvalidInputError, ProfilingError
from profiling_assets.steps.collate import make_plate
from profiling_assets.steps.outputs import TableOutput
from profiling_assets.steps.results import AGGREGATED
from profiling_assets.steps.sources import SourceKind, plate_source
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.opening import open_workspace

KEY = PlateKey("2026_11_22_SynBatch1", "SYN0000001")
Case = Callable[[str], Path]
SITES = f"analysis/{KEY}/analysis"


def aggregated(root: Path, key: PlateKey = KEY, more: str = "") -> pd.DataFrame:
    workspace = open_workspace(str(root))
    config = parse_config(f"pipeline: p\n{more}", path="c.yml")
    source = plate_source(workspace, config, key).required(key)
    with workspace.scratch("test") as scratch:
        made = make_plate(workspace, config, key, source, scratch, wanted=(AGGREGATED,)).made
    return cast("TableOutput", made[AGGREGATED]).frame


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    text: str
    code: int


def command(*words: str | Path) -> Said:
    """Run a command in this process."""
    try:
        done = CliRunner().invoke(cli, [*map(str, words)], standalone_mode=False)
        if isinstance(done.exception, ProfilingError):
            return Said(str(done.exception), 1)
        assert done.exception is None, done.output
        return Said(done.output, int(done.return_value or 0))
    finally:
        for name in ("WORKSPACE", "CONFIG", "INPUT"):
            os.environ.pop(f"PROFILING_ASSETS_{name}", None)


@pytest.fixture
def base(case: Case) -> pd.DataFrame:
    frame = aggregated(case("00-base") / "ws")
    assert len(frame) == 7
    assert sum(frame["Metadata_Object_Count"].tolist()) == 173
    return frame


@pytest.mark.parametrize("name", ["prefix", "site-gz", "nested-well-site", "direct-sites"])
def test_the_plate_is_the_one_without_prefix_gzip_or_other_folders(
    case: Case, base: pd.DataFrame, name: str
) -> None:
    root = case(name) / "ws"
    pd.testing.assert_frame_equal(aggregated(root), base)
    assert "16     16  complete" in command("scan", root).text
    assert "16 of 16 expected sites" in command("check", "--workspace", root).text


def test_new_gzipped_csvs_are_the_source_and_not_an_older_backend(
    case: Case, base: pd.DataFrame
) -> None:
    root = case("gz-with-old-backend") / "ws"
    assert (root / f"backend/{KEY}/{KEY.plate}.sqlite").is_file()
    source = plate_source(open_workspace(str(root)), parse_config("pipeline: p", path="c"), KEY)
    assert source.kind is SourceKind.CSVS
    pd.testing.assert_frame_equal(aggregated(root), base)


def test_an_older_backend_is_never_taken_where_newer_input_cannot_be_read(case: Case) -> None:
    root = case("gz-with-old-backend") / "ws"
    for file in (root / SITES).rglob("*.csv.gz"):
        file.rename(file.with_suffix(".bz2"))
    with pytest.raises(InvalidInputError, match="none of it can be used") as caught:
        aggregated(root)
    assert caught.value.path == SITES
    assert "CellProfiler again" not in str(caught.value)
    said = command("check", "--workspace", root)
    assert said.code == 1
    assert ".csv.bz2" in said.text
    # who wants the backend says so
    assert len(aggregated(root, more="collate:\n  aggregate_only: true\n")) == 7


def test_a_table_that_is_there_twice_is_read_once_and_named(case: Case) -> None:
    root = case("00-base") / "ws"
    base = aggregated(root)
    site = root / SITES / f"{KEY.plate}-A01-1"
    (site / "Image.csv.gz").write_bytes(gzip.compress((site / "Image.csv").read_bytes()))
    pd.testing.assert_frame_equal(aggregated(root), base)
    for said in (command("scan", root), command("check", "--workspace", root)):
        assert f"{SITES}/{KEY.plate}-A01-1/Image.csv.gz" in said.text
        assert "Image.csv is the same table" in said.text


def test_load_data_in_parquet_name_the_missing_sites(case: Case) -> None:
    root = case("load-data-parquet") / "ws"
    said = command("scan", root, "--sites")
    assert "16     13  incomplete: 3 missing" in said.text
    assert "missing: well A01, site 2" in said.text
    found = json.loads(command("check", "--workspace", root, "--json").text)
    (missing,) = [one for one in found if one["rule"] == "sites"]
    assert "3 of the 16 sites that the load data names missing" in missing["what"]


@pytest.mark.parametrize(
    ("name", "plates", "words"),
    [
        ("load-data-crash", ["B1/P1", "B1/P2"], "no column Metadata_Well"),
        ("lfs-pointer", ["2020_11_04_CPJUMP1/BR00117015"], "git lfs pull"),
    ],
)
def test_unusable_load_data_are_told_and_stop_no_plate_that_needs_none(
    case: Case, name: str, plates: list[str], words: str
) -> None:
    root = case(name)
    said = command("check", "--workspace", root, "--config", root / "config_files/config.yml")
    assert (said.code, words in said.text) == (0, True)
    assert "load_data_csv/" in said.text
    for plate in plates:
        assert len(aggregated(root, PlateKey.parse(plate))) > 0


def test_a_plate_of_pointers_is_told_what_they_are(case: Case) -> None:
    root = case("00-base") / "ws"
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
    for file in (root / SITES).rglob("*.csv"):
        file.write_text(pointer)
    said = command("check", "--workspace", root)
    assert said.code == 1
    assert "a Git LFS pointer, not the file" in said.text
    assert "git lfs pull" in said.text
    with pytest.raises(InvalidInputError, match="a Git LFS pointer"):
        aggregated(root)


@pytest.mark.parametrize(
    ("below", "words"),
    [
        ("", "a workspace lies below it: {root}/ws"),
        ("ws/analysis", "within the workspace {root}/ws"),
        (f"ws/analysis/{KEY.batch}", "within the workspace {root}/ws"),
        (f"ws/analysis/{KEY}", "within the workspace {root}/ws"),
        (f"ws/{SITES}", "within the workspace {root}/ws"),
        ("ws/metadata", "within the workspace {root}/ws"),
    ],
)
def test_a_root_one_level_off_is_told_with_the_command(case: Case, below: str, words: str) -> None:
    root = case("00-base")
    for said in (
        command("scan", root / below),
        command("check", "--workspace", root / below),
        command("init-config", root / below),
    ):
        assert said.code == 1
        assert words.format(root=root) in said.text
        assert f"`profiling-assets scan {root}/ws`" in said.text


@pytest.mark.parametrize("link", ["--link", "--copy"])
def test_a_plain_folder_is_made_a_workspace_by_the_command_that_is_named(
    case: Case, link: str
) -> None:
    flat = case("flat-gui") / "flat"
    before = {file.name: file.read_bytes() for file in flat.iterdir()}
    said = command("scan", flat)
    assert f"`profiling-assets init-workspace {flat} --batch BATCH --plate flat`" in said.text
    made = command("init-workspace", flat, "--batch", "B", "--plate", KEY.plate, link)
    assert made.code == 0
    root = flat.with_name("flat_workspace")
    assert f"next: profiling-assets init-config {root}" in made.text
    assert "platemap/platemap.txt" in made.text
    image = root / f"analysis/B/{KEY.plate}/analysis/MyExpt_Image.csv"
    assert image.is_symlink() == (link == "--link")
    key = PlateKey("B", KEY.plate)
    assert len(aggregated(root, key)) == 7
    assert command("check", "--workspace", root).code == 0
    again = command("init-workspace", flat, "--batch", "B", "--plate", KEY.plate)
    assert (again.code, "nothing is overwritten" in again.text) == (1, True)
    assert {file.name: file.read_bytes() for file in flat.iterdir()} == before


def test_input_in_the_wrong_place_is_named_in_scan_and_check(case: Case) -> None:
    root = case("00-base") / "ws"
    places = {
        f"analysis/{KEY}/A05-1/Image.csv": "it lies beside analysis",
        f"{SITES}/Cells.csv": "where site folders lie",
        f"analysis/{KEY.batch}/Image.csv": "where plate folders lie",
        f"backend/{KEY}/old.sqlite": "are read from its CSVs",
        f"load_data_csv/{KEY.batch}/load_data.csv": "the folder of a plate",
        f"load_data_csv/{KEY.batch}/SYN1/load_data.csv": "does not have",
        f"metadata/platemaps/{KEY.batch}/map.xlsx": "beside barcode_platemap.csv",
        f"metadata/platemaps/{KEY.batch}/platemap/map.xlsx": "a .txt, .csv or .tsv file",
    }
    for place in places:
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_bytes(b"x")
    for said in (command("scan", root), command("check", "--workspace", root)):
        assert [words for words in places.values() if words not in said.text] == []
