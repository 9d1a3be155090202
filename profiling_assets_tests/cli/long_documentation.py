"""The first tutorial and the pages that take longer, typed as they stand: `make test-docs`."""

from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.cli.exercises import (
    EXERCISES,
    FIRST_TUTORIAL,
    ON_S3,
    QUICK,
    filled_in,
    reason_not_to_run,
)
from profiling_assets_tests.cli.pages import ROOT, commands
from profiling_assets_tests.cli.sitting import Sitting, exercise_page, follow

pytestmark = [pytest.mark.integration, pytest.mark.timeout(3600)]


def test_the_first_tutorial_prints_what_it_says(
    tmp_path: Path, places: Callable[[Place], Place]
) -> None:
    place = places(Place(tmp_path / "demo" / "workspace", tmp_path / "state"))
    follow(FIRST_TUTORIAL, Sitting(tmp_path, place), {"profiling-assets check": 1})
    assert place.wait_until_alone(10.0), place.processes()


@pytest.mark.parametrize("page", [page for page in EXERCISES if page not in (*QUICK, *ON_S3)])
def test_the_commands_of_a_page_do_what_it_says(
    page: str, built: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    exercise_page(page, built, monkeypatch)


@pytest.mark.parametrize("page", ON_S3)
def test_the_commands_of_a_page_on_s3_do_what_it_says(page: str, built: Place, bucket: str) -> None:
    client = boto3.client("s3")
    for file in built.root.rglob("*"):
        if file.is_file() and file != built.config:
            key = f"a prefix/{file.relative_to(built.root).as_posix()}"
            client.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
    client.close()
    exercise = EXERCISES[page]
    words = {"s3://BUCKET/PREFIX": f"'s3://{bucket}/a prefix'"}
    sitting = Sitting(built.root.parent, built)
    for command in commands(ROOT / page):
        if reason_not_to_run(command) is None:
            line = filled_in(command.text, exercise, words)
            done = sitting.type(line)
            assert done.code == 0, f"{command}\n{line}\n{done.text}"
