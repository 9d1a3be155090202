"""`run` on S3: what is in the bucket afterwards is what a run on a folder leaves, byte for byte."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from profiling_assets.demo.presets import tiny_spec
from profiling_assets_tests.cli.buckets import Bucket
from profiling_assets_tests.cli.commands import new_place
from profiling_assets_tests.s3_servers import S3Server

pytestmark = pytest.mark.integration


@pytest.fixture
def on_s3(s3: S3Server, bucket: str, tmp_path: Path) -> Iterator[Bucket]:
    del s3
    place = new_place(tmp_path / "workspace", tiny_spec())
    found = Bucket(bucket, place)
    found.put_folder(place.root)
    yield found
    place.kill_all()


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.relative_to(root).as_posix().startswith(".")
    }


def test_a_run_on_s3_leaves_what_a_run_on_a_folder_leaves_byte_for_byte(on_s3: Bucket) -> None:
    place = on_s3.place
    done = on_s3.place("init-config", on_s3.root)
    assert done.code == 0, done.text
    assert place("init-config", place.root).code == 0
    there = on_s3.run()
    assert there.code == 0, there.text
    here = place.run()
    assert here.code == 0, here.text
    assert there.out.splitlines()[-1] == here.out.splitlines()[-1]
    expected = files(place.root)
    found = on_s3.objects()
    assert sorted(found) == sorted(expected)
    assert [path for path, data in expected.items() if found[path] != data] == []
    assert re.search(r"[1-9][0-9]* built", there.out)

    again = on_s3.run()
    assert again.code == 0, again.text
    assert re.fullmatch(r"[1-9][0-9]* current, 0 built", again.out.splitlines()[-1])


def test_a_workspace_that_is_only_read_stays_as_it_is_and_results_go_to_the_other_root(
    on_s3: Bucket, tmp_path: Path
) -> None:
    before = on_s3.objects()
    results = tmp_path / "results"
    results.mkdir()
    words = ("--batch", "2026_03_09_Batch2", "--select", "aggregated_profiles")
    done = on_s3.place("run", "--workspace", results, "--input", on_s3.root, *words)
    assert done.code == 0, done.text
    assert on_s3.objects() == before
    made = {path.split("/")[0] for path in files(results)}
    assert made == {"backend", "profiles"}
