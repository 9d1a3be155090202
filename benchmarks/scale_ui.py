"""A web server with its daemon, asked what its pages ask, with seconds and bytes of each answer.

Put here: starting and stopping `profiling-assets ui`, GraphQL, memory of its processes.
Do not put here: the order of things and what is judged (`scale`).
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOADED = """{ workspaceOrError { ... on Workspace { locationEntries {
  loadStatus locationOrLoadError { __typename ... on PythonError { message } } } } } }"""
PAGES = {
    "lineage: the graph": """{ assetNodes { id groupName isPartitioned isExecutable description
      assetKey { path } dependencyKeys { path } dependedByKeys { path } opNames computeKind
      automationCondition { label } partitionDefinition { name type } } }""",
    "lineage: status of all assets": """{ assetNodes { id assetKey { path }
      partitionStats { numMaterialized numMaterializing numPartitions numFailed } } }""",
    "asset: status of its partitions": """{ assetNodeOrError(assetKey: {path: "%s"}) {
      ... on AssetNode { partitionKeysByDimension { name partitionKeys }
      assetPartitionStatuses { __typename ... on DefaultPartitionStatuses {
        materializedPartitions failedPartitions unmaterializedPartitions
        materializingPartitions } } } } }""",
    "asset: one partition": """{ assetNodeOrError(assetKey: {path: "%s"}) { ... on AssetNode {
      assetMaterializations(partitions: ["%s"], limit: 10) { timestamp runId partition
      metadataEntries { label description } } } } }""",
    "asset: latest events": """{ assetOrError(assetKey: {path: "%s"}) { ... on Asset {
      assetMaterializations(limit: 50) { timestamp runId partition
      metadataEntries { label description } } } } }""",
    "runs": """{ runsOrError(limit: 25) { ... on Runs { results { id status startTime endTime
      tags { key value } assetSelection { path } } } } }""",
    "automation": """{ sensorsOrError(repositorySelector: {repositoryLocationName:
      "profiling_assets.definitions", repositoryName: "__repository__"}) { ... on Sensors {
      results { name description sensorState { status ticks(limit: 10) {
      timestamp endTimestamp status } } } } } }""",
}
TICKS = """{ sensorOrError(sensorSelector: {repositoryLocationName:
  "profiling_assets.definitions", repositoryName: "__repository__", sensorName: "%s"}) {
  ... on Sensor { sensorState { id selectorId status ticks(limit: %d) {
  timestamp endTimestamp status skipReason runIds error { message } } } } } }"""
START = """mutation { startSensor(sensorSelector: {repositoryLocationName:
  "profiling_assets.definitions", repositoryName: "__repository__", sensorName: "%s"}) {
  __typename ... on Sensor { name } ... on PythonError { message } } }"""
STOP = """mutation { stopSensor(id: "%s") { __typename ... on PythonError { message } } }"""
RELOAD = """mutation { reloadRepositoryLocation(
  repositoryLocationName: "profiling_assets.definitions") { __typename } }"""


@dataclass(frozen=True)
class Answer:
    """One answer: its data, how long it took (seconds) and how much came (bytes)."""

    data: dict[str, Any]
    seconds: float
    bytes: int


class UI:
    """`profiling-assets ui` as a child process.

    Parameters
    ----------
    workspace, config, log : pathlib.Path
        What it serves, and where it prints.
    environment : mapping of str to str
        Its environment, whole.
    """

    def __init__(
        self, workspace: Path, config: Path, log: Path, environment: Mapping[str, str]
    ) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        command = [sys.executable, "-m", "profiling_assets", "ui", "--port", str(self.port)]
        places = ["--workspace", str(workspace), "--config", str(config)]
        with log.open("ab") as printed:
            self.process = subprocess.Popen(
                [*command, *places],
                stdout=printed,
                stderr=printed,
                env=dict(environment),
                start_new_session=True,
            )

    def ask(self, query: str, timeout: float = 600.0, **variables: object) -> Answer:
        """Ask the web server."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"content-type": "application/json"},
        )
        begun = time.perf_counter()
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            body = answer.read()
        seconds = time.perf_counter() - begun
        found = json.loads(body)
        if found.get("errors"):
            raise RuntimeError(str(found["errors"])[:2000])
        return Answer(found["data"], seconds, len(body))

    def wait_until_loaded(self, seconds: float) -> float:
        """Wait until the code location is served; return how long that took."""
        begun = time.perf_counter()

        def loaded() -> bool:
            try:
                (entry,) = self.ask(LOADED).data["workspaceOrError"]["locationEntries"]
            except (OSError, ValueError, KeyError, urllib.error.URLError):
                return False
            if (entry["locationOrLoadError"] or {}).get("__typename") == "PythonError":
                raise RuntimeError(entry["locationOrLoadError"]["message"])
            return entry["loadStatus"] == "LOADED" and entry["locationOrLoadError"] is not None

        self.wait(loaded, seconds, every=0.2)
        return time.perf_counter() - begun

    def wait(self, there: Callable[[], bool], seconds: float, *, every: float = 1.0) -> None:
        """Wait for something; raise TimeoutError where it does not come."""
        end = time.monotonic() + seconds
        while not there():
            if self.process.poll() is not None:
                raise RuntimeError("the web UI has ended")
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(every)

    def ticks(self, sensor: str, limit: int = 200) -> list[dict[str, Any]]:
        """Return the ticks of a sensor that have ended, the newest first."""
        state = self.ask(TICKS % (sensor, limit)).data["sensorOrError"]["sensorState"]
        return [tick for tick in state["ticks"] if tick["status"] != "STARTED"]

    def switch_on(self, sensor: str) -> None:
        """Start a sensor."""
        answer = self.ask(START % sensor).data["startSensor"]
        if answer["__typename"] != "Sensor":
            raise RuntimeError(str(answer))

    def switch_off(self, sensor: str) -> None:
        """Stop a sensor."""
        state = self.ask(TICKS % (sensor, 1)).data["sensorOrError"]["sensorState"]
        self.ask(STOP % state["id"])

    def memory(self) -> dict[str, float]:
        """Return resident MiB of the largest web server, daemon and code server."""
        found: dict[str, float] = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.getsid(int(process.name)) != self.process.pid:
                    continue
                words = (process / "cmdline").read_text().replace("\0", " ")
                status = (process / "status").read_text()
            except OSError:
                continue
            kinds = {"dagster_webserver": "web server", "dagster._daemon": "daemon"}
            kinds |= {"code-server": "code server", "grpc": "code server"}
            kind = next((kinds[word] for word in kinds if word in words), "other")
            resident = status.partition("VmRSS:")[2].split()
            if resident:
                found[kind] = max(found.get(kind, 0.0), int(resident[0]) / 1024)
        return dict(sorted(found.items()))

    def stop(self) -> None:
        """End it and all that it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
