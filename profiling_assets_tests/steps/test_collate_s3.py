"""A plate on S3, or in two roots, gives the files that it gives on a folder."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from profiling_assets.config.load import parse_config
from profiling_assets.config.model import Config
from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import tiny_spec
from profiling_assets.steps.collate import PassOutputs, make_plate
from profiling_assets.steps.outputs import FileOutput, TableOutput
from profiling_assets.steps.sources import plate_source
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.storage.s3.workspace import S3Workspace

KEY = PlateKey("2026_03_02_Batch1", "000123")
BOTH = ("sqlite_backend", "aggregated_profiles")
OURS = parse_config("pipeline: p\n", path="c.yml")
REFERENCE = parse_config("pipeline: p\ncollate: {engine: cytominer-database}\n", path="c.yml")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("demo")
    make_workspace(root, tiny_spec())
    return root


@pytest.fixture
def on_s3(demo: Path, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("PROFILING_ASSETS_SCRATCH", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    workspace = open_workspace(f"s3://{bucket}/a project/workspace")
    for file in sorted(demo.rglob("*")):
        path = file.relative_to(demo).as_posix()
        if file.is_file() and (str(KEY) in path or path.startswith("metadata")):
            workspace.publish_bytes(file.read_bytes(), path)
    return workspace


def made(workspace: Workspace, config: Config, scratch: Path) -> PassOutputs:
    scratch.mkdir()
    source = plate_source(workspace, config, KEY)
    return make_plate(workspace, config, KEY, source, scratch, wanted=BOTH)


def content(collated: PassOutputs) -> dict[str, object]:
    sqlite, profiles = collated.made["sqlite_backend"], collated.made["aggregated_profiles"]
    assert isinstance(sqlite, FileOutput)
    assert isinstance(profiles, TableOutput)
    return {
        "sqlite": sqlite.local.read_bytes(),
        "profiles": profiles.frame.to_csv(),
        "ledgers": {path: frame.to_csv() for path, frame in profiles.ledgers.items()},
        "facts": profiles.facts,
        "warnings": profiles.warnings,
    }


def test_backend_and_profiles_from_s3_have_the_bytes_of_those_from_a_folder(
    demo: Path, on_s3: Workspace, tmp_path: Path
) -> None:
    folder = open_workspace(str(demo))
    assert content(made(on_s3, OURS, tmp_path / "a")) == content(made(folder, OURS, tmp_path / "b"))


def test_each_object_of_a_plate_is_asked_for_once_and_a_sample_of_headers_before(
    on_s3: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = plate_source(on_s3, OURS, KEY)
    reads, heads = Counter[str](), Counter[str]()
    read_bytes, read_head = S3Workspace.read_bytes, S3Workspace.read_head

    def read(self: S3Workspace, path: str) -> bytes:
        reads[path] += 1
        return read_bytes(self, path)

    def head(self: S3Workspace, path: str, size: int) -> bytes:
        heads[path] += 1
        return read_head(self, path, size)

    monkeypatch.setattr(S3Workspace, "read_bytes", read)
    monkeypatch.setattr(S3Workspace, "read_head", head)
    make_plate(on_s3, OURS, KEY, source, tmp_path, wanted=BOTH)
    assert source.listing is not None
    folders = source.listing.folders
    files = {
        f"{folder.path}/{file}"
        for folder in folders
        for file in folder.files
        if file in {"Image.csv", "Cells.csv", "Cytoplasm.csv", "Nuclei.csv"}
    }
    assert {path: n for path, n in reads.items() if path.startswith(source.path)} == dict.fromkeys(
        files, 1
    )
    assert set(heads.values()) == {1}
    assert len(heads) < len(files)


def test_the_reference_engine_gets_local_copies_of_what_lies_on_s3(
    demo: Path, on_s3: Workspace, tmp_path: Path
) -> None:
    folder = open_workspace(str(demo))
    theirs, ours = (
        made(folder, REFERENCE, tmp_path / "b"),
        made(on_s3, REFERENCE, tmp_path / "a"),
    )
    assert content(ours)["profiles"] == content(theirs)["profiles"]
    assert content(ours)["ledgers"] == content(theirs)["ledgers"]
    left = {file.name for file in (tmp_path / "a").iterdir()}
    assert left == {"000123.sqlite"}  # the copies are gone before the backend is published


@pytest.mark.parametrize("config", [OURS, REFERENCE], ids=["ours", "reference"])
def test_a_plate_whose_sites_lie_in_two_roots_is_that_of_one(
    demo: Path, tmp_path: Path, config: Config
) -> None:
    inputs, outputs = tmp_path / "inputs", tmp_path / "outputs"
    shutil.copytree(demo, inputs)
    analysis = f"analysis/{KEY}/analysis"
    sites = sorted((inputs / analysis).iterdir())
    for site in sites[::2]:  # every other site, and one file of another, were delivered here
        (outputs / analysis).mkdir(parents=True, exist_ok=True)
        shutil.move(site, outputs / analysis / site.name)
    (outputs / analysis / sites[1].name).mkdir()
    shutil.move(sites[1] / "Cells.csv", outputs / analysis / sites[1].name / "Cells.csv")
    workspace = open_workspace(str(outputs), inputs=str(inputs))
    two, one = (
        content(made(workspace, config, tmp_path / "a")),
        content(made(open_workspace(str(demo)), config, tmp_path / "b")),
    )
    assert two == one if config is OURS else two["profiles"] == one["profiles"]
