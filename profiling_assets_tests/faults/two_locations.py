"""A web server and a daemon with two code locations that both serve one workspace."""

import os
import subprocess
import sys
import urllib.error
from collections.abc import Sequence
from pathlib import Path

import yaml

from profiling_assets.dagster.instance import prepared_home
from profiling_assets_tests.cli.commands import Place
from profiling_assets_tests.cli.web_ui import WebUI, free_port

LOCATIONS = ("one", "other")
_LAUNCH = """
mutation($p: ExecutionParams!) { launchRun(executionParams: $p) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_LOADED = """
{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus
    locationOrLoadError { __typename ... on PythonError { message } } } } } }"""
_STATUSES = "{ runsOrError { ... on Runs { results { runId status } } } }"


class TwoLocations(WebUI):
    """`dagster dev` with a workspace file that names the code location twice."""

    def __init__(self, place: Place, folder: Path, *, watched: bool) -> None:
        self._place = place
        self.port = free_port()
        self._log = folder / "dagster.log"
        file = folder / "workspace.yaml"
        entries = [
            {
                "python_module": {
                    "module_name": "profiling_assets.definitions",
                    "location_name": name,
                }
            }
            for name in LOCATIONS
        ]
        file.write_text(yaml.safe_dump({"load_from": entries}))
        environment = {
            **place.environment(),
            "PROFILING_ASSETS_WORKSPACE": str(place.root),
            "PROFILING_ASSETS_CONFIG": str(place.config),
            "PROFILING_ASSETS_WEBSERVER": f"http://127.0.0.1:{self.port}",
            "PROFILING_ASSETS_WATCH": "1" if watched else "",
            "DAGSTER_HOME": str(place.home),
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "dagster", "dev", "--workspace", str(file)),
                    *("--host", "127.0.0.1", "--port", str(self.port)),
                ],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
                process_group=0,
            )

    def _is_up(self) -> bool:
        try:
            entries = self.ask(_LOADED)["workspaceOrError"]["locationEntries"]
        except (OSError, ValueError, KeyError, urllib.error.URLError):
            return False
        for entry in entries:
            assert (entry["locationOrLoadError"] or {}).get("__typename") != "PythonError", entry
        return sorted(
            entry["name"]
            for entry in entries
            if entry["loadStatus"] == "LOADED" and entry["locationOrLoadError"] is not None
        ) == sorted(LOCATIONS)

    def launch(self, location: str, assets: Sequence[str], partition: str) -> str:
        """Start a run from one of the two; return its id."""
        answer = self.ask(
            _LAUNCH,
            p={
                "selector": {
                    "repositoryLocationName": location,
                    "repositoryName": "__repository__",
                    "jobName": "__ASSET_JOB",
                    "assetSelection": [{"path": [name]} for name in assets],
                },
                "runConfigData": {},
                "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition}]},
            },
        )["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def statuses(self) -> dict[str, str]:
        """Return the status of every run."""
        runs = self.ask(_STATUSES)["runsOrError"]["results"]
        return {run["runId"]: run["status"] for run in runs}


def home_of(place: Place) -> Path:
    """Make the folder of the place's event log ready, as `profiling-assets` does."""
    former = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(place.state)
    try:
        return prepared_home(str(place.root.resolve()))
    finally:
        if former is None:
            del os.environ["XDG_STATE_HOME"]
        else:
            os.environ["XDG_STATE_HOME"] = former
