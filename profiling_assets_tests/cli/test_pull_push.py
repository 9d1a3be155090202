"""`pull` and `push`: the handbook's transfers between real folders and a real S3 server."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.cli.commands import Place, new_place
from profiling_assets_tests.cli.story import FIRST, GOOD, SECOND, Story

pytestmark = pytest.mark.integration


@pytest.fixture
def source(story: Story, tmp_path: Path, places: Callable[[Place], Place]) -> Place:
    """A workspace with results; batch maps of the second batch lie in the other layout."""
    place = places(story.place.copied_to(tmp_path))
    platemaps = place.root / "metadata" / "platemaps"
    (platemaps / SECOND).rename(place.root / "metadata" / SECOND)
    external = place.root / "metadata" / "external_metadata"
    external.mkdir(exist_ok=True)
    (external / "compounds.tsv").write_text("broad_sample\tmoa\n")
    return place


def upload(folder: Path, root: str) -> Workspace:
    target = open_workspace(root)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".profiling_assets" not in path.parts:
            target.publish_bytes(path.read_bytes(), path.relative_to(folder).as_posix())
    return target


def below(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def check_pulled(source: dict[str, bytes], got: dict[str, bytes]) -> None:
    backend = {
        path: data
        for path, data in source.items()
        if path.startswith("backend/") and path.endswith((".csv", ".tsv"))
    }
    assert backend
    assert {path: data for path, data in got.items() if path.startswith("backend/")} == backend
    loads = {path: data for path, data in got.items() if path.startswith("load_data_csv/")}
    assert {path.removesuffix(".gz"): gzip.decompress(data) for path, data in loads.items()} == {
        path: data for path, data in source.items() if path.startswith("load_data_csv/")
    }
    assert all(path.endswith(".csv.gz") for path in loads)
    assert {path for path in got if path.startswith("metadata/")} >= {
        f"metadata/platemaps/{FIRST}/barcode_platemap.csv",
        f"metadata/platemaps/{SECOND}/barcode_platemap.csv",
        "metadata/external_metadata/compounds.tsv",
    }
    assert not any(path.startswith(f"metadata/{SECOND}") for path in got)
    assert {path.split("/")[0] for path in got} == {"backend", "load_data_csv", "metadata"}


def test_a_folder_is_pulled_and_only_what_differs_the_next_time(
    source: Place, tmp_path: Path
) -> None:
    target = tmp_path / "new" / "workspace"
    before = below(source.root)
    dry = source("pull", source.root, "--workspace", target, "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert not target.exists()
    done = source("pull", source.root, "--workspace", target)
    assert (done.code, done.err) == (0, "")
    check_pulled(before, below(target))
    assert below(source.root) == before
    lines = done.out.splitlines()
    assert sorted(line.replace("would copy", "copied") for line in dry.out.splitlines()[:-1]) == (
        sorted(lines[:-1])
    )
    assert lines[-1].startswith(f"{len(lines) - 1} copied (")
    assert lines[-1].endswith(" bytes), 0 the same")
    again = source("pull", source.root, "--workspace", target)
    assert again.out == f"0 copied (0 bytes), {len(lines) - 1} the same\n"
    table = f"backend/{GOOD}/000123.csv"
    (target / table).write_bytes(b"damaged")
    (target / "backend" / "mine.csv").write_bytes(b"mine")
    mended = source("pull", source.root, "--workspace", target)
    assert mended.out.splitlines()[0] == f"copied {table} (over a newer file)"
    assert len(mended.out.splitlines()) == 2
    assert (target / table).read_bytes() == before[table]
    assert (target / "backend" / "mine.csv").read_bytes() == b"mine"


def test_a_bucket_is_pulled_worked_on_and_pushed_back(
    source: Place, tmp_path: Path, bucket: str
) -> None:
    root = f"s3://{bucket}/projects/a project/workspace"
    remote = upload(source.root, root)
    target = tmp_path / "local"
    done = source("pull", root, "--workspace", target)
    assert (done.code, done.err) == (0, "")
    check_pulled(below(source.root), below(target))
    again = source("pull", root, "--workspace", target)
    assert again.out.startswith("0 copied (0 bytes), ")
    for path, data in {
        "config_files/new.yml": b"pipeline: new\n",
        f"profiles/{GOOD}/000123_normalized.csv.gz": b"another",
        f"gct/{FIRST}/{FIRST}.gct": b"#1.3\n",
        "quality_control/summary/summary.tsv": b"x",
        f"quality_control/heatmap/{SECOND}/P/P.png": b"png",
    }.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(data)
    one = source("push", root, "--workspace", target, "--batch", FIRST, "--folder", "gct")
    assert one.out.splitlines() == [
        f"copied gct/{FIRST}/{FIRST}.gct",
        "1 copied (5 bytes), 0 the same",
    ]
    rest = source("push", root, "--workspace", target)
    assert (rest.code, rest.err) == (0, "")
    assert rest.out.splitlines()[-1] == "4 copied (25 bytes), 1 the same"
    assert remote.read_bytes(f"profiles/{GOOD}/000123_normalized.csv.gz") == b"another"
    assert remote.read_bytes("config_files/new.yml") == b"pipeline: new\n"
    assert remote.stat("backend/mine.csv") is None


def test_batches_and_folders_narrow_a_pull(source: Place, tmp_path: Path) -> None:
    target = tmp_path / "t"
    words = ("--batch", SECOND, "--folder", "metadata", "--folder", "load_data_csv")
    assert source("pull", source.root, "--workspace", target, *words).code == 0
    got = below(target)
    assert {path.split("/")[0] for path in got} == {"load_data_csv", "metadata"}
    assert not any(FIRST in path for path in got)
    assert "metadata/external_metadata/compounds.tsv" in got


def test_files_that_are_read_before_what_was_pulled_are_told(source: Place, tmp_path: Path) -> None:
    target = tmp_path / "t"
    plain = target / "load_data_csv" / GOOD / "load_data.csv"
    plain.parent.mkdir(parents=True)
    plain.write_bytes(b"older")
    done = source("pull", source.root, "--workspace", target)
    told = f"load_data_csv/{GOOD}/load_data.csv"
    assert f"note: {told} stands in the target and is read before {told}.gz\n" in done.out


def test_what_cannot_be_copied_is_told_and_leaves_nothing(
    source: Place, empty: Place, tmp_path: Path
) -> None:
    target = tmp_path / "t"
    for words, told in (
        (("pull", empty.root, "--workspace", target), "nothing to pull"),
        (
            ("pull", source.root, "--workspace", target, "--batch", "X"),
            "nothing to pull of batch X",
        ),
        (("pull", tmp_path / "nowhere", "--workspace", target), "nowhere"),
        (("pull", source.root, "--workspace", source.root), "the same workspace"),
        (("push", target, "--workspace", empty.root), "nothing to push"),
        (("push", "ftp://x/y", "--workspace", source.root), "ftp://"),
    ):
        done = source(*words)
        assert done.code == 1, done.text
        assert told in done.err
        assert "Remedy: " in done.err
        assert "Traceback" not in done.err
    assert not target.exists()


def test_a_workspace_that_was_pulled_can_be_run(source: Place, tmp_path: Path) -> None:
    pulled = new_place(tmp_path / "pulled", None)
    assert source("pull", source.root, "--workspace", pulled.root).code == 0
    assert pulled("init-config", pulled.root, "--no-negcon").code == 0
    done = pulled.run("--select", "aggregated_profiles", "--select", "annotated_profiles")
    assert done.code == 0, done.text
    ours, theirs = (
        place.root / "profiles" / GOOD / "000123_augmented.csv.gz" for place in (pulled, source)
    )
    assert ours.read_bytes() == theirs.read_bytes()
