"""What a failed step says to its user: our sentence, file and remedy; the rest is in the log."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from dagster import DagsterEventType

from profiling_assets.collate.from_backend import open_backend
from profiling_assets.dagster.launchers.follow import error_text


def _said(act: Callable[[], object]) -> str:
    @dg.op
    def failing() -> None:
        act()

    @dg.job
    def work() -> None:
        failing()

    result = work.execute_in_process(raise_on_error=False)
    (event,) = [
        event
        for event in result.all_node_events
        if event.event_type is DagsterEventType.STEP_FAILURE
    ]
    return error_text(event)


def test_an_error_of_ours_is_shown_whole_whatever_a_library_said_below_it(tmp_path: Path) -> None:
    file = tmp_path / "P1.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("create table Image (a)")
    connection.close()
    file.write_bytes(file.read_bytes()[:4097])  # an upload that was cut off

    def read() -> None:
        with open_backend(file, "backend/B/P1/P1.sqlite"):
            pass

    text = _said(read)
    assert text.startswith("backend/B/P1/P1.sqlite: ")
    assert "\nRemedy: " in text


@pytest.mark.parametrize("chained", [True, False])
def test_of_errors_that_are_not_ours_the_innermost_is_shown(chained: bool) -> None:
    def fail() -> None:
        error = KeyError("innermost")
        if not chained:
            raise error
        raise RuntimeError("outer") from error

    assert "innermost" in _said(fail)
