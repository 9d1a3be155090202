"""Results whose run was killed between their publication and their record."""

import json
import time
from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from profiling_assets.dagster.announcer import forget_settled
from profiling_assets.dagster.io_managers import WorkspaceIOManager
from profiling_assets.steps.journal import (
    announced_lookup,
    intent_of,
    intents_json,
    intents_path,
    parse_intents,
    read_announced,
)
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets_tests.dagster.desk import P3, Desk
from profiling_assets_tests.s3_servers import S3Server

AGGREGATED = f"profiles/{P3}/000123.csv.gz"
FULL = f"backend/{P3}/000123.csv"
SQLITE = f"backend/{P3}/000123.sqlite"
PROVENANCE = f"profiles/{P3}/000123_provenance.json"

Kill = Callable[..., None]


@pytest.fixture
def desk(fresh: Desk) -> Desk:
    fresh.configure({})
    return fresh


@pytest.fixture
def kill(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Kill:
    """Run, and be killed after the publication of an asset and before its record."""
    real = WorkspaceIOManager._tell_origin

    def killed(*names: str, at: str, told: bool = False) -> None:
        def stop(manager: Any, context: dg.OutputContext, *rest: Any) -> None:
            here = context.asset_key.to_user_string() == at
            if told or not here:
                real(manager, context, *rest)
            if here:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(WorkspaceIOManager, "_tell_origin", stop)
            with pytest.raises(KeyboardInterrupt):
                desk.run([P3], names)

    return killed


def _announced(desk: Desk) -> list[str]:
    found = read_announced(open_workspace(str(desk.root)))
    return sorted(intent.path for one in found for intent in one.intents)


def _forget(desk: Desk) -> None:
    with desk.instance() as instance:
        forget_settled(instance, open_workspace(str(desk.root)))


def _end_runs(desk: Desk) -> None:
    # what the next `run` does with runs whose process is dead
    with desk.instance() as instance:
        for run in instance.get_runs():
            if not run.is_finished:
                instance.report_run_failed(run)


def test_a_run_that_records_what_it_published_leaves_no_intents(desk: Desk) -> None:
    desk.run([P3], ["aggregated_profiles", "sqlite_backend"])
    assert _announced(desk) == []


@pytest.mark.parametrize(
    ("name", "told"), [("aggregated_profiles", False), ("sqlite_backend", True)]
)
def test_a_result_that_was_published_and_not_recorded_is_made_again_and_never_adopted(
    desk: Desk, kill: Kill, name: str, *, told: bool
) -> None:
    kill("aggregated_profiles", "sqlite_backend", at=name, told=told)
    path = AGGREGATED if name == "aggregated_profiles" else SQLITE
    before = desk.file(path).read_bytes()
    assert path in _announced(desk)
    plan = desk.run([P3], ["aggregated_profiles", "sqlite_backend"])
    assert plan.adopt == {}
    assert f"{name} of {P3}" in map(str, plan.build)
    assert desk.file(path).read_bytes() == before
    assert desk.recorded(name, P3).adopted is False
    assert path in json.loads(desk.file(PROVENANCE).read_bytes())["results"]
    assert not desk.plan([P3], [name]).build
    _end_runs(desk)
    _forget(desk)
    assert _announced(desk) == []


def test_a_result_that_nobody_recorded_follows_an_edit_of_the_config(
    desk: Desk, kill: Kill
) -> None:
    kill("aggregated_profiles", at="aggregated_profiles")
    table, full = desk.file(AGGREGATED).read_bytes(), desk.file(FULL).read_bytes()
    desk.configure({"collate.method": "median"})
    assert desk.to_build(plates=[P3], names=["aggregated_profiles"]) != set()
    desk.run([P3], ["aggregated_profiles"])
    assert desk.file(AGGREGATED).read_bytes() != table
    assert desk.file(FULL).read_bytes() != full  # the copy at full precision is ours, too


def test_a_result_of_another_config_that_nobody_recorded_is_made_again(
    desk: Desk, kill: Kill
) -> None:
    desk.run([P3], ["aggregated_profiles"])
    old = desk.file(AGGREGATED).read_bytes()
    desk.configure({"collate.method": "median"})
    kill("aggregated_profiles", at="aggregated_profiles")
    assert desk.file(AGGREGATED).read_bytes() != old
    desk.configure({})
    plan = desk.run([P3], ["aggregated_profiles"])
    assert plan.adopt == {}
    assert desk.file(AGGREGATED).read_bytes() == old


def test_what_the_web_interface_makes_again_is_ours(desk: Desk, kill: Kill) -> None:
    kill("aggregated_profiles", at="aggregated_profiles")
    assert desk.materialize(["aggregated_profiles"], P3).success
    assert desk.recorded("aggregated_profiles", P3).adopted is False


def test_another_file_that_somebody_put_there_after_the_kill_is_adopted(
    desk: Desk, kill: Kill
) -> None:
    kill("aggregated_profiles", "sqlite_backend", at="aggregated_profiles")
    theirs = desk.file(FULL).read_bytes().replace(b"1", b"2")
    desk.file(AGGREGATED).write_bytes(theirs)
    same_size = bytearray(desk.file(SQLITE).read_bytes())
    same_size[200] ^= 255
    desk.file(SQLITE).write_bytes(same_size)
    other = desk.without_records()  # so that the backend is judged by the intent as well
    plan = other.run([P3], ["aggregated_profiles", "sqlite_backend"])
    assert {task.name for task in plan.adopt} == {"aggregated_profiles", "sqlite_backend"}
    assert desk.file(AGGREGATED).read_bytes() == theirs
    assert desk.file(SQLITE).read_bytes() == bytes(same_size)


def test_the_next_run_forgets_what_a_dead_one_announced(desk: Desk, kill: Kill) -> None:
    kill("aggregated_profiles", at="aggregated_profiles")
    _end_runs(desk)
    assert AGGREGATED in _announced(desk)
    desk.run([P3], ["aggregated_profiles"])
    assert _announced(desk) == []


def test_intents_stay_as_long_as_a_file_needs_them_and_a_stranger_s_a_month(
    desk: Desk, kill: Kill
) -> None:
    workspace = open_workspace(str(desk.root))
    kill("aggregated_profiles", at="aggregated_profiles")
    _forget(desk)
    assert AGGREGATED in _announced(desk)
    _end_runs(desk)
    _forget(desk)  # its run has ended, and nobody has made it again
    assert AGGREGATED in _announced(desk)
    never = intents_json([intent_of("a", P3, "profiles/never", b"published")])
    stranger = intents_path("stranger", "tables")
    workspace.publish_bytes(never, stranger)
    desk.file(AGGREGATED).unlink()
    desk.file(FULL).unlink()
    _forget(desk)
    assert _announced(desk) == ["profiles/never"]
    with pytest.MonkeyPatch.context() as patch:
        later = time.time() + 31 * 24 * 3600
        patch.setattr("profiling_assets.dagster.announcer.time.time", lambda: later)
        _forget(desk)
    assert _announced(desk) == []


def test_a_file_in_a_bucket_is_known_by_its_intent(s3: S3Server, bucket: str) -> None:
    workspace = open_workspace(f"s3://{bucket}/w")
    content = bytes(range(256)) * 10
    said = [
        intent_of("a", P3, "whole", content),
        intent_of("a", P3, "large", content[:100], size=len(content)),
        intent_of("a", P3, "empty", b""),
        intent_of("a", P3, "absent", content),
    ]
    workspace.publish_bytes(intents_json(said), intents_path("run", "tables"))
    assert not announced_lookup(workspace)("whole")
    workspace.publish_bytes(content, "whole")
    workspace.publish_bytes(content, "large")
    workspace.publish_bytes(b"", "empty")
    is_ours = announced_lookup(workspace)
    assert [is_ours(path) for path in ("whole", "large", "empty", "absent", "other")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    workspace.publish_bytes(content[:-1] + b"x", "whole")
    workspace.publish_bytes(content + b"x", "large")
    assert not announced_lookup(workspace)("whole")
    assert not announced_lookup(workspace)("large")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"files": 3}', b'{"files": [{}]}', b"\xff", b"[" * 100_000]
)
def test_intents_that_cannot_be_read_say_nothing(content: bytes) -> None:
    assert parse_intents(content) == ()


@pytest.mark.parametrize(("size", "head"), [(1, -1), (1, 2), (-1, -1)])
def test_an_intent_of_impossible_sizes_says_nothing(size: int, head: int) -> None:
    said = json.loads(intents_json([intent_of("a", "p", "x.csv", b"1")]))
    said["files"][0] |= {"size": size, "head": head}
    assert parse_intents(json.dumps(said).encode()) == ()


def test_an_intent_of_a_file_outside_of_the_workspace_fails_no_run(desk: Desk) -> None:
    desk.run([P3], ["aggregated_profiles"])
    workspace = open_workspace(str(desk.root))
    with desk.instance() as instance:
        (run, *_) = instance.get_runs()
    said = intents_json([intent_of("aggregated_profiles", P3, "../outside.csv", b"1")])
    workspace.publish_bytes(said, intents_path(run.run_id, "tables"))
    _end_runs(desk)
    _forget(desk)
    assert not desk.plan([P3], ["aggregated_profiles"]).build
