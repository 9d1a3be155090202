"""Commands that are killed or stopped half way, and the `run` that comes after."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from profiling_assets.dagster.launchers.dead_runs import living_processes
from profiling_assets.demo.presets import plate_spec
from profiling_assets_tests.cli.commands import Place, finished, new_place, wait_for
from profiling_assets_tests.cli.event_log import PLATE_STEPS, made, opened, runs, tasks

pytestmark = pytest.mark.integration

KEY = "2026_03_02_Batch1/PLATE-1"
COLLATE = ("--select", "sqlite_backend", "--select", "aggregated_profiles")


@pytest.fixture(scope="module")
def plate(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Give a workspace with one plate, large enough to be caught while it is read."""
    place = new_place(tmp_path_factory.mktemp("plate") / "workspace", plate_spec(24, 2, 100, 150))
    assert place("init-config", place.root).code == 0
    return place


@pytest.fixture(scope="module")
def undisturbed(plate: Place, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a build that nobody stopped."""
    place = plate.copied_to(tmp_path_factory.mktemp("undisturbed"))
    done = place.run(*COLLATE)
    assert done.code == 0, done.text
    return results(place)


@pytest.fixture
def stopped(plate: Place, tmp_path: Path, places: Callable[[Place], Place]) -> Place:
    """Give a copy of the workspace, to be treated badly."""
    return places(plate.copied_to(tmp_path))


@pytest.fixture(scope="module")
def orphans(plate: Place, tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    """Give a copy of the workspace in which a command is killed and its run is not."""
    place = plate.copied_to(tmp_path_factory.mktemp("orphans"))
    yield place
    place.kill_all()


def results(place: Place) -> dict[str, bytes]:
    folder = place.root / "backend" / KEY
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def of_code_server(words: str) -> bool:
    return "dagster api grpc" in words


def process_of_the_run(place: Place) -> int:
    with opened(place) as instance:
        (run,) = instance.get_runs()
        (pid,) = living_processes(instance, run)
    return pid


def caught_in_collate(place: Place) -> "subprocess.Popen[str]":
    """Start `run`, and return when a backend is half written."""
    command = place.start_run(*COLLATE)
    scratch = place.root / ".profiling_assets" / "scratch"
    half_written = wait_for(
        lambda: any(scratch.glob("*/*")) or command.poll() is not None, 120, every=0.002
    )
    assert half_written, "nothing was written"
    assert command.poll() is None, finished(command).text
    return command


def test_after_ctrl_c_and_after_kill_9_a_run_completes_as_if_nothing_had_happened(
    stopped: Place, undisturbed: dict[str, bytes]
) -> None:
    # Ctrl-C in a terminal reaches the whole process group
    command = caught_in_collate(stopped)
    os.killpg(command.pid, signal.SIGINT)
    done = finished(command, 90)
    assert done.code == 130, done.text
    assert "Traceback" not in done.text
    assert done.out.splitlines()[-1] == "0 current, 0 built, stopped"
    assert stopped.processes() == {}
    assert [run.status for run in runs(stopped)] == ["CANCELED"]
    assert stopped.leftovers() == []
    assert results(stopped) == {}

    # nothing can be tidied up after this one
    command = caught_in_collate(stopped)
    os.killpg(command.pid, signal.SIGKILL)
    finished(command, 30)
    assert stopped.wait_until_alone(10), stopped.processes()
    assert stopped.leftovers() != []
    assert results(stopped) == {}
    assert [run.status for run in runs(stopped)] == ["CANCELED", "STARTED"]

    done = stopped.run(*COLLATE)
    assert done.code == 0, done.text
    assert done.err == ""
    assert [run.status for run in runs(stopped)] == ["CANCELED", "FAILURE", "SUCCESS"]
    assert stopped.leftovers() == []
    assert results(stopped) == undisturbed
    assert made(stopped) == sorted(tasks(PLATE_STEPS[:2], KEY), key=made(stopped).index)


def test_whenever_ctrl_c_comes_it_is_obeyed_without_a_traceback(stopped: Place) -> None:
    moments: tuple[Callable[[], object], ...] = (
        lambda: time.sleep(0.5),  # the code server starts
        lambda: wait_for(lambda: runs(stopped), 60),  # a run was created, its process starts
    )
    for moment in moments:
        command = stopped.start_run(*COLLATE)
        assert command.stdout is not None
        assert command.stdout.readline().startswith("0 current, 2 to build")
        moment()
        os.killpg(command.pid, signal.SIGINT)
        done = finished(command, 90)
        assert done.code == 130, done.text
        assert "Traceback" not in done.text
        assert done.err == ""
        assert done.out.splitlines()[-1] == "0 current, 0 built, stopped"
        assert stopped.wait_until_alone(10), stopped.processes()
    assert {run.status for run in runs(stopped)} == {"CANCELED"}


def test_after_kill_9_of_the_command_alone_its_run_is_waited_for_and_not_doubled(
    orphans: Place, undisturbed: dict[str, bytes]
) -> None:
    command = caught_in_collate(orphans)
    command.kill()
    done = finished(orphans.start_run(*COLLATE))
    command.communicate()
    assert done.code == 0, done.text
    assert done.err == ""
    assert [run.status for run in runs(orphans)] == ["SUCCESS"]
    assert sorted(made(orphans)) == tasks(PLATE_STEPS[:2], KEY)
    assert results(orphans) == undisturbed
    assert orphans.leftovers() == []
    # what is left is the dead command's code server, which misses its heartbeat
    assert wait_for(lambda: all(map(of_code_server, orphans.processes().values())), 20), (
        orphans.processes()
    )


def test_a_run_whose_process_is_killed_fails_with_the_signal_and_the_step(stopped: Place) -> None:
    # so ends a step that brings the system out of memory, or a segmentation fault
    command = caught_in_collate(stopped)
    os.kill(process_of_the_run(stopped), signal.SIGKILL)
    done = finished(command)
    assert done.code == 1, done.text
    assert "was killed by SIGKILL (a machine that runs out of memory does so)" in done.err
    assert "during collate" in done.err
    assert [run.status for run in runs(stopped)] == ["FAILURE"]
    assert stopped.wait_until_alone(10), stopped.processes()


def test_a_run_is_stopped_from_another_process_as_the_web_server_does(stopped: Place) -> None:
    command = caught_in_collate(stopped)
    # opening the event log here takes longer than the rest of the build may
    os.killpg(command.pid, signal.SIGSTOP)
    try:
        with opened(stopped) as instance:
            assert instance.run_launcher.terminate(runs(stopped)[0].run_id)
    finally:
        os.killpg(command.pid, signal.SIGCONT)
    done = finished(command, 60)
    assert done.code == 1, done.text
    assert "the run was canceled" in done.err
    assert [run.status for run in runs(stopped)] == ["CANCELED"]
    assert stopped.leftovers() == []
    assert results(stopped) == {}


def test_a_run_whose_processes_die_while_another_command_waits_for_it_is_taken_over(
    stopped: Place,
) -> None:
    command = caught_in_collate(stopped)
    os.killpg(command.pid, signal.SIGSTOP)
    waiting = stopped.start_run(*COLLATE)
    try:
        # it sees the other's run, and starts none of its own
        assert not wait_for(lambda: len(runs(stopped)) > 1, 12, every=1.0)
        assert waiting.poll() is None
    finally:
        os.killpg(command.pid, signal.SIGKILL)
    command.communicate()
    done = finished(waiting)
    assert done.code == 0, done.text
    assert [run.status for run in runs(stopped)] == ["FAILURE", "SUCCESS"]
    assert stopped.leftovers() == []
    assert stopped.wait_until_alone(10), stopped.processes()


def test_a_command_that_planned_before_another_one_built_builds_nothing_again(
    stopped: Place,
) -> None:
    late = stopped.start_run(*COLLATE)
    assert late.stdout is not None
    assert late.stdout.readline().startswith("0 current, 2 to build")
    os.killpg(late.pid, signal.SIGSTOP)
    try:
        early = stopped.start_run(*COLLATE)
        assert finished(early).code == 0
    finally:
        os.killpg(late.pid, signal.SIGCONT)
    done = finished(late)
    assert done.code == 0, done.text
    assert done.err == ""
    assert [run.status for run in runs(stopped)] == ["SUCCESS"]
    assert sorted(made(stopped)) == tasks(PLATE_STEPS[:2], KEY)


def test_the_code_server_of_a_killed_command_ends_by_itself(orphans: Place) -> None:
    # idle waiting; the tests before this one took most of the time
    assert orphans.wait_until_alone(120), orphans.processes()
