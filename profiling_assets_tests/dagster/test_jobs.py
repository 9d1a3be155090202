"""The job `publish`: what a user starts in the UI."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from profiling_assets.dagster.build import build_defs
from profiling_assets.settings import Settings
from profiling_assets_tests.data_repositories import (
    TARGETS,
    Repositories,
    everything,
    git_of_nobody,
    repositories,
)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Repositories:
    git_of_nobody(monkeypatch, tmp_path)
    return repositories(tmp_path)


def run(place: Repositories, **config: Any) -> dg.ExecuteInProcessResult:
    job = build_defs(Settings(str(place.workspace))).resolve_job_def("publish")
    settings = {"data_repository": str(place.clone), **config}
    with dg.DagsterInstance.ephemeral() as instance:
        return job.execute_in_process(
            run_config={"ops": {"publish_results": {"config": settings}}},
            instance=instance,
            raise_on_error=False,
        )


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    (event,) = [event for event in result.all_events if event.is_successful_output]
    return {name: value.value for name, value in event.step_output_data.metadata.items()}


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    return "" if data is None else str(data.description)


def test_the_job_publishes_and_a_second_run_makes_no_commit(place: Repositories) -> None:
    first = run(place)
    assert first.success
    told = metadata(first)
    assert told["files_published"] == len(TARGETS)
    assert told["commit"] == place.git("rev-parse", "main", at=place.bare)
    assert told["upstream"] == "origin/main"
    again = run(place)
    assert again.success
    assert "commit" not in metadata(again)
    assert place.commits(place.bare) == 2


def test_a_dry_run_of_the_job_changes_nothing(place: Repositories) -> None:
    before = everything(place.clone)
    assert metadata(run(place, dry_run=True))["files_published"] == len(TARGETS)
    assert everything(place.clone) == before
    refused = run(place, dry_run=True, limit_mb=0.00001)
    assert not refused.success
    assert "larger than 10 bytes" in failure(refused)


def test_a_clone_that_is_not_ready_fails_the_job_with_the_remedy(place: Repositories) -> None:
    refused = run(place, branch="release")
    assert not refused.success
    assert "git switch release" in failure(refused)
