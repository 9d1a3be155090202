"""The web UI of a place: start it, ask it, launch a backfill in it, as a browser would."""

import ipaddress
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from profiling_assets_tests.cli.commands import Done, Place, wait_for

_BACKFILL = """
mutation($p: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $p) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
    ... on PartitionKeysNotFoundError { message }
  }
}"""
_STATUS = """
query($i: String!) {
  partitionBackfillOrError(backfillId: $i) {
    __typename
    ... on PartitionBackfill { status error { message } }
  }
}"""
_LOCATIONS = """
{ workspaceOrError { ... on Workspace { locationEntries {
    name loadStatus locationOrLoadError { __typename ... on PythonError { message } } } } } }"""

LONGEST_ANSWER = 60.0  # seconds
_LISTENING = "0A"


class WebUI:
    """A running `profiling-assets ui`."""

    def __init__(self, place: Place, log: Path, *more: str) -> None:
        self._place = place
        self.port = free_port()
        words = ("ui", "--workspace", place.root, "--config", place.config, "--port", self.port)
        words = (*words, *more)
        self._log = log
        self._process = place.start(*map(str, words), log=log)

    def wait_until_up(self, seconds: float = 120.0) -> None:
        """Wait until the code location is loaded."""
        end = time.monotonic() + seconds
        while not self._is_up():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, "the web UI did not come up"
            time.sleep(0.5)

    def _is_up(self) -> bool:
        try:
            (entry,) = self.ask(_LOCATIONS)["workspaceOrError"]["locationEntries"]
        except (OSError, ValueError, KeyError, urllib.error.URLError):
            return False
        assert (entry["locationOrLoadError"] or {}).get("__typename") != "PythonError", entry
        return entry["loadStatus"] == "LOADED" and entry["locationOrLoadError"] is not None

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """Ask through GraphQL."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=LONGEST_ANSWER) as answer:
            found = json.load(answer)
        assert not found.get("errors"), found["errors"]
        return found["data"]

    def launch_backfill(self, assets: Sequence[str], partitions: Sequence[str]) -> str:
        """Do what *Materialize all* does for some plates; return the backfill's id."""
        answer = self.ask(
            _BACKFILL,
            p={
                "assetSelection": [{"path": [name]} for name in assets],
                "partitionNames": list(partitions),
            },
        )["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return answer["backfillId"]

    def wait_for_backfill(self, backfill: str, seconds: float = 400.0) -> str:
        """Wait for the end of a backfill and return its status."""
        status = "REQUESTED"

        def ended() -> bool:
            nonlocal status
            status = self.ask(_STATUS, i=backfill)["partitionBackfillOrError"]["status"]
            return status not in {"REQUESTED", "CANCELING", "FAILING"}

        assert wait_for(ended, seconds, every=1.0), status
        return status

    def listening(self) -> set[str]:
        """Return the IP addresses on which processes of the place listen."""
        inodes = {
            str(file.readlink()).removeprefix("socket:[").removesuffix("]")
            for pid in self._place.processes()
            for file in _opened(pid)
        }
        found: set[str] = set()
        for table in ("tcp", "tcp6"):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                _, local, _, state, *more = line.split()
                if state == _LISTENING and more[5] in inodes:
                    words = bytes.fromhex(local.partition(":")[0])
                    # each 32-bit word is in the order of this machine
                    turned = b"".join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
                    found.add(str(ipaddress.ip_address(turned)))
        return found

    def stop(self) -> Done:
        """Press Ctrl-C."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        return Done(self._process.returncode, self._log.read_text(), "")


def _opened(pid: int) -> Iterator[Path]:
    """Yield what a process has open, as far as it still is."""
    for file in Path(f"/proc/{pid}/fd").glob("*"):
        if file.is_symlink():
            yield file


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
