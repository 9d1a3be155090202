"""What a code location serves: one workspace, one config, the plates both have in common.

Put here: opening workspace, config and registry together, once.
Do not put here: partitions or assets made from it (`dagster.partitions`, `dagster.assets`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from profiling_assets.config.load import parse_config
from profiling_assets.config.model import Config
from profiling_assets.config.plates_asked_for import PlatesAskedFor, plates_asked_for
from profiling_assets.config.template import render_config
from profiling_assets.config.yaml_nodes import MAX_BYTES
from profiling_assets.errors import (
    ConfigError,
    InvalidInputError,
    MissingInputError,
    WorkspaceError,
)
from profiling_assets.settings import WORKSPACE_VARIABLE, Settings
from profiling_assets.steps.results import ALL, BATCH, Result, results
from profiling_assets.workspace.names import Level, PlateKey
from profiling_assets.workspace.plates import IgnoredEntry
from profiling_assets.workspace.registry import Registry, load_registry, registered, update_registry
from profiling_assets.workspace.scan_workspace import WorkspaceScan, scan_workspace
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.opening import open_workspace
from profiling_assets.workspace.text_encoding import decoded_text


@dataclass(frozen=True)
class Catalog:
    """A workspace, a config, and the plates that are asked for."""

    settings: Settings  # where both came from
    config: Config
    registry: Registry = field(repr=False)  # the plates known when the code location was loaded
    opened: Workspace | None = None  # None where none is set
    # what a scan left out; empty where the plates are those that were known already
    ignored: tuple[IgnoredEntry, ...] = field(default=(), repr=False)

    @property
    def workspace(self) -> Workspace:
        """The workspace.

        Raises `WorkspaceError` where none is set.
        """
        if self.opened is None:
            raise WorkspaceError(
                "no workspace is set", remedy=f"set {WORKSPACE_VARIABLE}, or pass --workspace"
            )
        return self.opened

    @cached_property
    def asked_for(self) -> PlatesAskedFor:
        """The plates that the config asks for."""
        return self.asked_for_of(self.registry)

    def asked_for_of(self, registry: Registry) -> PlatesAskedFor:
        """Return the plates of a registry that the config asks for."""
        excluded = {
            key: entry.excluded
            for key, entry in registry.plates.items()
            if entry.excluded is not None
        }
        return plates_asked_for(self.config, registry.plates, excluded)

    @cached_property
    def results(self) -> Mapping[str, Result]:
        """The results that the config asks for."""
        return results(self.config)

    def absent_of(self, level: Level, partition: str) -> tuple[PlateKey, ...]:
        """Return the plates of a scope that the config names and the workspace does not have.

        Empty for a plate: it is there if it has a partition.
        """
        if level == ALL:
            return self.asked_for.absent
        if level == BATCH:
            return tuple(key for key in self.asked_for.absent if key.batch == partition)
        return ()


def read_config(path: str | None, workspace: Workspace | None = None) -> Config:
    """Read a config file, or without one take the handbook's choices for the whole workspace.

    `path`: on this machine, or the address of an object. `workspace`: reads an address below its
    own root, with the options that it was opened with. Raises `ConfigError` where the file cannot
    be read, or says something that cannot be done.
    """
    if path is None:
        return parse_config(render_config({}, pipeline="profiling", negcon=True), path="(defaults)")
    try:
        if "://" in path:
            data = _object(path, workspace)
        else:
            with Path(path).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except (OSError, MissingInputError) as error:
        raise ConfigError(
            f"the config file cannot be read ({getattr(error, 'what', error)})",
            path=path,
            remedy="write one with `profiling-assets init-config WORKSPACE`",
        ) from error
    try:
        text, _ = decoded_text(_within_limit(data, path), path=path)
    except InvalidInputError as error:
        raise ConfigError(error.what, path=path, remedy=error.remedy) from error
    return parse_config(text, path=path)


def _within_limit(data: bytes, path: str) -> bytes:
    """Refuse what is no config for its size alone, as a device that never ends."""
    if len(data) > MAX_BYTES:
        raise ConfigError(
            f"the file has more than {MAX_BYTES // 1024 // 1024} MiB: it is no config file",
            path=path,
            remedy="name the config file of the workspace",
        )
    return data


def _object(address: str, workspace: Workspace | None) -> bytes:
    plain, _, options = address.partition("?")
    if workspace is not None and plain.startswith(f"{workspace.root}/"):
        return workspace.read_bytes(plain.removeprefix(f"{workspace.root}/"))
    folder, _, name = plain.rpartition("/")
    if folder.endswith("/") or not name:
        raise MissingInputError("the address names no object")
    return open_workspace(f"{folder}?{options}" if options else folder).read_bytes(name)


def load_catalog(settings: Settings, *, patient: bool = False) -> Catalog:
    """Open what the settings name, without changing anything.

    The plates are those of the registry; a workspace without one is scanned, so that it shows its
    plates before anything was run. There is no plate where no workspace is set.

    `patient`: as in `open_workspace`. Raises `ConfigError` where the config cannot be used, and
    `WorkspaceError` where the workspace cannot be read.
    """
    if settings.workspace is None:
        return Catalog(settings, read_config(settings.config), Registry({}))
    workspace = open_workspace(settings.workspace, inputs=settings.inputs, patient=patient)
    config = read_config(settings.config, workspace)
    registry = load_registry(workspace)
    if not registry.plates:
        registry = registered(registry, scan_workspace(workspace, config.collate.csv_dir).plates)
    return Catalog(settings, config, registry, workspace)


def scanned_catalog(settings: Settings) -> Catalog:
    """Open what the settings name with the plates found now, without changing anything.

    The workspace must be set. Raises `ConfigError` where the config cannot be used, and
    `WorkspaceError` where the workspace cannot be read.
    """
    workspace = open_workspace(str(settings.workspace), inputs=settings.inputs)
    config = read_config(settings.config, workspace)
    scan = scan_workspace(workspace, config.collate.csv_dir)
    registry = registered(load_registry(workspace), scan.plates, unreadable=scan.unreadable)
    return Catalog(settings, config, registry, workspace, scan.ignored)


def refreshed_catalog(settings: Settings) -> tuple[Catalog, WorkspaceScan]:
    """Scan the workspace, bring its registry up to date, and open both.

    Returns the scan too, with what it ignored. Raises `WorkspaceError` where the workspace is not
    set, cannot be read or cannot be written.
    """
    catalog = load_catalog(settings)
    scan = scan_workspace(catalog.workspace, catalog.config.collate.csv_dir)
    if not scan.plates and not catalog.registry.plates:
        return replace(
            catalog, ignored=scan.ignored
        ), scan  # most likely not a workspace: nothing is to be left there
    registry = update_registry(
        catalog.workspace,
        lambda known: registered(known, scan.plates, unreadable=scan.unreadable),
    )
    return Catalog(settings, catalog.config, registry, catalog.workspace, scan.ignored), scan
