"""The files of `deploy/`: linters accept them, and what they name is there."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import profiling_assets.dagster.instance
from profiling_assets.settings import CONFIG_VARIABLE, WORKSPACE_VARIABLE
from profiling_assets_tests.operations.reading import template_resources

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def test_the_template_passes_cfn_lint() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), DEPLOY / "ecs" / "template.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_roles_have_the_rights_of_the_guide_on_the_workspace() -> None:
    guide = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```json\n(.*?)```", guide, re.DOTALL)
    wanted = {one["Sid"]: set(one["Action"]) for one in json.loads(text)["Statement"]}
    resources = template_resources()
    policy = resources["WorkspacePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    given = {one["Sid"]: set(one["Action"]) for one in policy if one["Sid"] in wanted}
    assert given == wanted
    roles = (resources[name]["Properties"] for name in ("RunRole", "ServerRole"))
    assert all(len(role["ManagedPolicyArns"]) == 1 for role in roles)
    assert "Policies" not in resources["RunRole"]["Properties"]


def test_the_template_sets_every_variable_that_its_dagster_yaml_takes() -> None:
    text = (DEPLOY / "ecs" / "dagster.yaml").read_text(encoding="utf-8")
    taken = set(re.findall(r"\{env: (\w+)\}", text))
    image = set(re.findall(r"(\w+)=", (DEPLOY / "ecs" / "Dockerfile").read_text(encoding="utf-8")))
    for task in ("RunTask", "ServerTask"):
        for container in template_resources()[task]["Properties"]["ContainerDefinitions"]:
            named = {one["Name"] for one in (*container["Environment"], *container["Secrets"])}
            assert taken <= named | image, (task, container["Name"])


def test_the_daemon_knows_the_workspace_of_whose_plates_it_chooses_tasks() -> None:
    of_runs = template_resources()["RunTask"]["Properties"]["ContainerDefinitions"]
    of_server = template_resources()["ServerTask"]["Properties"]["ContainerDefinitions"]
    for container in (*of_runs, *(one for one in of_server if one["Name"] in {"code", "daemon"})):
        named = {one["Name"] for one in container["Environment"]}
        assert {WORKSPACE_VARIABLE, CONFIG_VARIABLE} <= named, container["Name"]


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in (DEPLOY / "systemd").glob("*.service"):
        text = unit.read_text(encoding="utf-8")
        # it looks whether programs are there
        there = re.sub(r"/opt/profiling-assets/\.venv/bin/[\w-]+", sys.executable, text)
        assert there != text
        (tmp_path / unit.name).write_text(there, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *sorted(tmp_path.glob("*.service"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "profiling-assets" not in done.stderr, done.stderr


@pytest.mark.parametrize("folder", ["local", "postgres", "celery", "ecs"])
def test_web_server_and_daemon_look_for_the_code_location_by_its_one_name(folder: str) -> None:
    (entry,) = yaml.safe_load((DEPLOY / folder / "workspace.yaml").read_text())["load_from"]
    assert entry["grpc_server"]["location_name"] == "profiling_assets.definitions"
    starts = [(DEPLOY / "systemd" / "profiling-assets-code.service"), DEPLOY / "ecs/template.yaml"]
    for file in starts:
        text = file.read_text(encoding="utf-8")
        assert "--module-name profiling_assets.definitions" in text
        assert "--location-name profiling_assets.definitions" in text


def test_what_the_dockerfile_copies_is_in_the_repository() -> None:
    lines = (DEPLOY / "ecs" / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]]
    assert copied
    assert [word for word in copied if not (ROOT / word).exists()] == []


def test_one_machine_is_deployed_as_the_command_line_runs_it() -> None:
    shipped = Path(profiling_assets.dagster.instance.__file__).with_name("dagster.yaml")
    of_commands = yaml.safe_load(shipped.read_text(encoding="utf-8"))
    deployed = yaml.safe_load((DEPLOY / "local" / "dagster.yaml").read_text(encoding="utf-8"))
    del deployed["run_retries"]  # commands say what failed, and need no daemon
    del deployed["run_monitoring"]["free_slots_after_run_end_seconds"]
    assert deployed == of_commands
