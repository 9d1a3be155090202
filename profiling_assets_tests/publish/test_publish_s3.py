"""`publish` with a bucket as its target."""

import pytest
from click.testing import CliRunner

from profiling_assets.cli.publish import command
from profiling_assets.errors import DataRepositoryError
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.data_repositories import TARGETS, Repositories


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--branch", "main"], "--branch: a bucket"),
        (["--limit-mb", "100"], "--limit-mb: a bucket"),  # also where it is the default
        (["--warn-mb", "1", "--no-push"], "--push/--no-push, --warn-mb: a bucket"),
        (["--config", "config.yml", "--dry-run"], "--config: a bucket"),
    ],
)
def test_options_of_git_are_refused_and_not_ignored(
    place: Repositories, words: list[str], named: str
) -> None:
    # no such bucket is asked for: the refusal comes first
    target = ["s3://no-such-bucket/public", "--workspace", str(place.workspace)]
    done = CliRunner().invoke(command, [*target, *words])
    error = done.exception
    assert isinstance(error, DataRepositoryError)
    assert named in error.what
    assert "leave these options out" in str(error.remedy)


def test_the_command_copies_to_a_bucket_once(place: Repositories, bucket: str) -> None:
    target = f"s3://{bucket}/by-command?path_style=true"
    words = [target, "--workspace", str(place.workspace)]
    first, second = (CliRunner().invoke(command, words) for _ in range(2))
    assert first.exception is None, first.output
    assert f"{len(TARGETS)} published (" in first.output
    assert f"0 published (0 bytes), {len(TARGETS)} the same" in second.output
    copied = open_workspace(target)
    assert all(copied.stat(path) is not None for path in TARGETS)
