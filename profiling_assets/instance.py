"""The Dagster instance of a workspace: where its event log lives, and opening it safely.

Put here: which folder, what is written there the first time.
Do not put here: what is in the event log (`records`), the settings inside `dagster.yaml`.
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

from profiling_assets.core.errors import WorkspaceError

HOME_VARIABLE = "DAGSTER_HOME"


def instance_home(workspace_root: str) -> Path:
    """Return the folder of a workspace's Dagster instance.

    Parameters
    ----------
    workspace_root : str
        The root, as the workspace itself gives it.

    Returns
    -------
    pathlib.Path
        `DAGSTER_HOME` where that is set, else a folder in the user's state directory whose name
        holds the last part of the root and a hash of the whole.
    """
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen)
    mark = hashlib.sha256(workspace_root.encode()).hexdigest()[:12]
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(workspace_root).name)[:40] or "workspace"
    return platformdirs.user_state_path("profiling_assets") / f"{name}-{mark}"


def prepared_home(workspace_root: str) -> Path:
    """Make the folder of a workspace's Dagster instance ready for several processes.

    An empty SQLite event log must be set up by one process alone; a lock sees to that.

    Parameters
    ----------
    workspace_root : str
        The root of the workspace.

    Returns
    -------
    pathlib.Path
        The folder, with `dagster.yaml` and an initialised event log.

    Raises
    ------
    WorkspaceError
        Where the folder cannot be written.
    """
    home = instance_home(workspace_root)
    try:
        home.mkdir(parents=True, exist_ok=True)
        new = HOME_VARIABLE not in os.environ or not any(home.iterdir())
        with FileLock(home / ".setup.lock"):
            config = home / "dagster.yaml"
            if not config.exists() and new:
                shipped = resources.files("profiling_assets").joinpath("dagster.yaml")
                config.write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
            with dg.DagsterInstance.from_config(str(home)) as instance:
                instance.get_runs_count()
                instance.all_asset_keys()
    except OSError as error:
        raise WorkspaceError(
            f"the folder of the event log cannot be written ({error})",
            path=str(home),
            remedy=f"set {HOME_VARIABLE} to a folder that you can write",
        ) from error
    return home


def open_instance(home: Path) -> dg.DagsterInstance:
    """Open the instance of a prepared folder, here and in child processes.

    Parameters
    ----------
    home : pathlib.Path
        What `prepared_home` returned.

    Returns
    -------
    dagster.DagsterInstance
        To be used as a context manager.
    """
    os.environ[HOME_VARIABLE] = str(home)
    return dg.DagsterInstance.get()
