"""Several machines on one: PostgreSQL, redis, and hosts with nothing in common but the network.

As root each host is a network, process and host name space of its own, joined by a bridge that
leads nowhere else; killing its first process kills all of it, as pulling the plug does. Else hosts
are processes with folders of their own, and the reason is told.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from profiling_assets_tests.cli.commands import wait_for
from profiling_assets_tests.s3_servers import free_ports

BIN = Path(sys.executable).parent
_NET = "10.213.77"
_END_SECONDS = 30.0


@dataclass
class Network:
    """Where services listen, and whether hosts are separate."""

    address: str
    bridge: str | None = None
    made: list[str] = field(default_factory=list)
    reason: str = "network namespaces"

    def join(self, name: str) -> tuple[str, list[str]]:
        """Make a host; return its address, and the words before a command that runs there."""
        if self.bridge is None:
            return self.address, []
        space, number = f"{self.bridge}{name}", len(self.made) + 2
        inner, outer = f"{self.bridge}i{number}", f"{self.bridge}o{number}"
        _ip("netns", "add", space)
        self.made.append(space)
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        _ip("link", "set", inner, "netns", space)
        _ip("link", "set", outer, "master", self.bridge, "up")
        _ip("-n", space, "addr", "add", f"{_NET}.{number}/24", "dev", inner)
        _ip("-n", space, "link", "set", inner, "up")
        _ip("-n", space, "link", "set", "lo", "up")
        own = ["unshare", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"]
        named = ["sh", "-c", f'hostname {name}; exec "$@"', name]
        return f"{_NET}.{number}", ["ip", "netns", "exec", space, *own, *named]


@contextmanager
def network() -> Iterator[Network]:
    """Make the bridge, or fall back to loopback with the reason."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        yield Network("127.0.0.1", reason="loopback only: namespaces need root and iproute2")
        return
    bridge = f"pa{os.getpid() % 10_000}"
    found = Network(f"{_NET}.1", bridge)
    try:
        _ip("link", "add", bridge, "type", "bridge")
        _ip("addr", "add", f"{_NET}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
    except subprocess.CalledProcessError as error:
        subprocess.run(["ip", "link", "del", bridge], check=False, capture_output=True)
        told = error.stderr.decode(errors="replace").strip()
        yield Network("127.0.0.1", reason=f"loopback only: no bridge here ({told})")
        return
    try:
        yield found
    finally:
        for space in found.made:
            _ip("netns", "del", space)
        _ip("link", "del", bridge)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@dataclass
class Host:
    """A machine: the words that lead there, a folder, an environment, and what runs on it."""

    name: str
    address: str
    words: list[str]
    folder: Path
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def command(self, *words: str | Path) -> list[str]:
        """Return a command as it is started on this host."""
        return [*self.words, *map(str, words)]

    def start(self, log: str, *words: str | Path) -> subprocess.Popen[bytes]:
        """Start a service; what it prints goes to a file of the host."""
        with (self.folder / log).open("ab") as file:
            process = subprocess.Popen(
                self.command(*words),
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def call(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*words),
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def log(self, name: str) -> str:
        """The end of what a service printed."""
        return (self.folder / name).read_text(errors="replace")[-6000:]

    def stop(self) -> None:
        """End what runs here."""
        for process in reversed(self.processes):
            end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group, kindly first."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            break
        try:
            os.killpg(process.pid, number)
            process.wait(_END_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


@contextmanager
def redis_server(address: str) -> Iterator[str]:
    """Start redis without a disk; give its URL."""
    (port,) = free_ports(1)
    words = ["redis-server", "--bind", address, "--port", str(port), "--save", ""]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [*words, "--protected-mode", "no"], stdout=quiet, stderr=quiet, start_new_session=True
    )
    try:
        probe = ["redis-cli", "-h", address, "-p", str(port), "ping"]
        assert wait_for(lambda: _answers(probe), 20, every=0.2), "redis does not start"
        yield f"redis://{address}:{port}/0"
    finally:
        end(process)


@contextmanager
def postgres_server(address: str) -> Iterator[dict[str, str]]:
    """Start PostgreSQL on an empty folder; give the variables that lead there."""
    (port,) = free_ports(1)
    programs = _postgres_programs()
    # not below pytest's folder, which another user may not enter, and PostgreSQL refuses root
    folder = Path(tempfile.mkdtemp(prefix="profiling_assets_pg_"))
    folder.chmod(0o755)
    other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if other:
        shutil.chown(folder, "postgres")
    data, password = folder / "data", folder / "password"
    password.write_text("secret of a test\n")
    password.chmod(0o644)
    options = f"-c listen_addresses={address} -c port={port} -c unix_socket_directories={folder}"
    try:
        made = [*other, str(programs / "initdb"), "-D", str(data), "-U", "profiling_assets"]
        made += ["--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"]
        _quiet(made)
        with (data / "pg_hba.conf").open("a") as file:
            file.write(f"host all all {_NET}.0/24 scram-sha-256\n")
        control = [*other, str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log")]
        _quiet([*control, "-o", f"{options} -c fsync=off", "-w", "start"])
        try:
            variables = {
                "PGHOST": address,
                "PGPORT": str(port),
                "PGUSER": "profiling_assets",
                "PGPASSWORD": "secret of a test",
                "PGDATABASE": "postgres",
            }
            yield variables
        finally:
            _quiet([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _quiet(words: Sequence[str]) -> None:
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, (words, done.stdout, done.stderr)


def _postgres_programs() -> Path:
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert folders, "PostgreSQL is not installed: `make test-celery` installs it"
    return folders[-1]


def _answers(words: Sequence[str]) -> bool:
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


@contextmanager
def hosts(
    net: Network, names: Sequence[str], folder: Path, make: Callable[[str, Path], dict[str, str]]
) -> Iterator[dict[str, Host]]:
    """Make hosts with folders and environments of their own; end what runs there."""
    with ExitStack() as stack:
        found: dict[str, Host] = {}
        for name in names:
            own = folder / name
            own.mkdir(parents=True)
            found[name] = Host(name, *net.join(name), own, make(name, own))
            stack.callback(found[name].stop)
        yield found
        time.sleep(0.1)
