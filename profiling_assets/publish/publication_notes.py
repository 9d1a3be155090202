"""What a person should know about a publication: its configs, and the pinned version.

Put here: marks of config files, and notes on what does not fit together.
Do not put here: refusing anything (`publish.before`), the commit's message
(`publish.publication_message`).
"""

import hashlib
from pathlib import Path

from profiling_assets.errors import MissingInputError
from profiling_assets.publish.data_repository import PINS, pinned_version
from profiling_assets.workspace.layout import CONFIGS
from profiling_assets.workspace.public_files import PublicationPlan
from profiling_assets.workspace.storage.interface import Workspace


def config_marks(workspace: Workspace, plan: PublicationPlan, config: str | None) -> dict[str, str]:
    """Return the hashes of the config files that a commit names.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    plan : PublicationPlan
        What is published.
    config : str or None
        The config file that the results were made with; None for all that are published.

    Returns
    -------
    dict of str to str
        Name to the SHA-256 of its bytes.

    Raises
    ------
    MissingInputError
        Where the config file cannot be read.
    """
    if config is not None:
        name = config.replace("\\", "/").rpartition("/")[2].partition("?")[0]
        return {name: _mark(_config_bytes(workspace, config))}
    return {
        path.removeprefix(f"{CONFIGS}/"): _mark(workspace.read_bytes(path))
        for path in _configs(plan)
    }


def notes_on(
    workspace: Workspace, clone: Path, plan: PublicationPlan, config: str | None, version: str
) -> tuple[str, ...]:
    """Say what does not fit together, and is no reason to stop.

    Parameters
    ----------
    workspace : Workspace
        The workspace.
    clone : Path
        Top folder of the clone.
    plan : PublicationPlan
        What is published.
    config : str or None
        The config file that the results were made with, where named.
    version : str
        Version of this package.

    Returns
    -------
    tuple of str
        Sentences.
    """
    notes: list[str] = []
    pins = clone / PINS
    pinned = pinned_version(pins.read_text("utf-8", "replace")) if pins.is_file() else None
    if pinned not in {None, version}:
        notes.append(
            f"{PINS} of the data repository pins profiling_assets {pinned}, and this is {version}: "
            "change the pin if the results were made with this one"
        )
    if config is not None:
        wanted = _mark(_config_bytes(workspace, config))
        known = {_mark(workspace.read_bytes(path)) for path in _configs(plan)}
        known |= {
            _mark(file.read_bytes()) for file in (clone / CONFIGS).glob("*") if file.is_file()
        }
        if wanted not in known:
            notes.append(
                f"the config file that was named is not published, as it is not in {CONFIGS}/ of "
                "the workspace: copy it there"
            )
    return tuple(notes)


def _configs(plan: PublicationPlan) -> list[str]:
    return [one.source for one in plan.transfers if one.source.startswith(f"{CONFIGS}/")]


def _config_bytes(workspace: Workspace, config: str) -> bytes:
    plain = config.partition("?")[0]
    if plain.startswith(f"{workspace.root}/"):
        return workspace.read_bytes(plain.removeprefix(f"{workspace.root}/"))
    try:
        return Path(config).read_bytes()
    except OSError as error:
        raise MissingInputError(
            f"the config file cannot be read ({error.strerror})",
            path=plain,
            remedy="name a file of this machine, or one of the workspace",
        ) from error


def _mark(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
