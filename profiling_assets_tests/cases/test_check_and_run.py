"""`check` knows what a run will find: for every input of the collection."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from profiling_assets.quality.preflight.finding import Severity
from profiling_assets.steps.results import AGGREGATED
from profiling_assets_tests.cases.conftest import CASES
from profiling_assets_tests.dagster.desk import config_text
from profiling_assets_tests.steps.in_process import carried_out

CONFIG = {
    "feature_select.level": "plate",
    "feature_select_negcon.level": "plate",
    "feature_select.gct": False,
    "feature_select_negcon.gct": False,
}
_AREAS = ("analysis", "backend", "profiles")


def names() -> list[str]:
    """Name the cases that have a workspace."""
    if not CASES.is_file():
        return ["absent"]
    with tarfile.open(CASES) as archive:
        paths = [member.name.removeprefix("./").split("/") for member in archive]
    found = {p[1] for p in paths if len(p) > 2 and {p[2], *p[3:4]} & {*_AREAS}}
    return sorted(found)


@pytest.mark.parametrize("name", names())
def test_an_error_of_check_is_an_error_of_run_and_no_plate_is_passed_over(
    name: str, case: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = case(name)
    root = folder / "ws" if (folder / "ws").is_dir() else folder
    config = tmp_path / "config.yml"
    config.write_text(config_text(CONFIG), "utf-8")
    done = carried_out(root, config)
    problems = [*done.failed, *done.after, *done.plan.impossible]
    errors = [f for f in done.findings if f.severity is Severity.ERROR]
    assert bool(problems) >= bool(errors), errors
    for task, error in done.failed.items():
        assert error.remedy, task
        same = [f for f in errors if task.partition in f.scope or f.scope in task.partition]
        assert same, (task, str(error))  # what a run fails for, check has told
    # a plate has a profile, or is a problem by name
    built = {task.partition for task in (*done.made, *done.plan.adopt) if task.name == AGGREGATED}
    named = {task.partition for task in problems} | {f.scope for f in errors}
    assert done.plates <= built | named, done.plates - built - named
