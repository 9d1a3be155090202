"""The Dagster instance of a workspace: where its event log lives, and opening it safely.

Put here: which folder, what is written there the first time.
Do not put here: what is in the event log (`event_log`), the settings inside `yaml`.
One instance a workspace: equal partition keys of two workspaces would mix their histories.
"""

import hashlib
import os
import re
from importlib import resources
from pathlib import Path

import dagster as dg
import platformdirs
from filelock import FileLock

from profiling_assets.errors import WorkspaceError

HOME_VARIABLE = "DAGSTER_HOME"
# SQLAlchemy 2.1 takes psycopg 3 for `postgresql:`; dagster-postgres brings psycopg2.
_DRIVER = (
    "name the driver: `scheme: postgresql+psycopg2` in `postgres_db`, or an address in "
    "`postgres_url` that begins with postgresql+psycopg2://"
)
_STORAGE = (
    "see that what the file says is right, that the database runs and lets you in, and that its "
    "package is installed, as by pip install 'profiling_assets[postgres]'"
)


def instance_home(workspace_root: str) -> Path:
    """Return the folder of a workspace's Dagster instance.

    It is `DAGSTER_HOME` where that is set, else a folder in the user's state directory whose name
    holds the last part of the root and a hash of the whole. `workspace_root`: as the workspace
    itself gives it.
    """
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen)
    mark = hashlib.sha256(workspace_root.encode()).hexdigest()[:12]
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(workspace_root).name)[:40] or "workspace"
    return platformdirs.user_state_path("profiling_assets") / f"{name}-{mark}"


def prepared_home(workspace_root: str) -> Path:
    """Make the folder of a workspace's Dagster instance ready for several processes.

    It has `dagster.yaml` and an event log then. An empty SQLite event log must be set up by one
    process alone; a lock sees to that. Raises `WorkspaceError` where the folder cannot be written,
    or the storage that its `dagster.yaml` names cannot be opened.
    """
    home = instance_home(workspace_root)
    try:
        home.mkdir(parents=True, exist_ok=True)
        new = HOME_VARIABLE not in os.environ or not any(home.iterdir())
        with FileLock(home / ".setup.lock"):
            config = home / "dagster.yaml"
            if not config.exists() and new:
                shipped = resources.files("profiling_assets.dagster").joinpath("dagster.yaml")
                config.write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
            _try(home)
    except OSError as error:
        raise WorkspaceError(
            f"the folder of the event log cannot be written ({error})",
            path=str(home),
            remedy=f"set {HOME_VARIABLE} to a folder that you can write",
        ) from error
    return home


def _try(home: Path) -> None:
    try:
        with dg.DagsterInstance.from_config(str(home)) as instance:
            instance.get_runs_count()
            instance.all_asset_keys()
    except OSError:
        raise
    except Exception as error:
        # storages of other packages raise what they like; after their first line, and where they
        # quote the file, there may be a password
        remedy = _DRIVER if getattr(error, "name", None) == "psycopg" else _STORAGE
        said = next(iter(str(error.__cause__ or error).splitlines()), type(error).__name__)
        raise WorkspaceError(
            f"the event log cannot be opened ({said.partition(', instead got')[0].strip()})",
            path=str(home / "dagster.yaml"),
            remedy=remedy,
        ) from error


def open_instance(home: Path) -> dg.DagsterInstance:
    """Open the instance of a prepared folder, here and in child processes: a context manager."""
    os.environ[HOME_VARIABLE] = str(home)
    return dg.DagsterInstance.get()
