"""The lists of features that a config names: their files, content and fingerprints.

A selection is told the features to keep (`frozen`), or those that go (`blocklist`); never both, as
with a frozen list nothing is selected.

Put here: finding and reading such a list in a workspace.
Do not put here: what may be in it, the selection it makes (`profiles.frozen_features`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Protocol

from profiling_assets.config.model import Config
from profiling_assets.config.sections import FeatureSelectConfig
from profiling_assets.errors import MissingInputError, ProfilingError
from profiling_assets.steps.sources import ABSENT, content_fingerprint
from profiling_assets.workspace.names import Level, PlateKey, scope_of
from profiling_assets.workspace.storage.interface import Workspace

if TYPE_CHECKING:  # for annotations alone: planning does not load pandas
    from profiling_assets.profiles.frozen_features import FrozenFeatures


def frozen_name(*, negcon: bool) -> str:
    """Return the name of the external asset that is the frozen list, or that of the twin."""
    return "frozen_negcon_features" if negcon else "frozen_features"


class _Selection(Protocol):
    """What is asked of a result (`results.Result`, whose module imports this one)."""

    @property
    def level(self) -> Level: ...
    @property
    def external(self) -> tuple[str, ...]: ...


FROZEN = {frozen_name(negcon=negcon): negcon for negcon in (False, True)}


def frozen_path(config: Config, *, negcon: bool) -> str:
    """Return the workspace path of a config's frozen list, or else blocklist; empty without."""
    section = _section(config, negcon=negcon)
    if not section.perform:
        return ""
    blocklist = section.blocklist if "blocklist" in section.operations else None
    return section.frozen or blocklist or ""


def is_frozen(config: Config, *, negcon: bool) -> bool:
    """Say whether the list of a config is one of the features to keep."""
    section = _section(config, negcon=negcon)
    return bool(section.perform and section.frozen)


def frozen_fingerprint(workspace: Workspace, config: Config, *, negcon: bool) -> str:
    """Return the fingerprint of a frozen list: of its content, or `absent`."""
    return content_fingerprint(workspace, frozen_path(config, negcon=negcon))


def frozen_fingerprints(
    workspace: Workspace, config: Config, names: Collection[str]
) -> dict[str, str]:
    """Return the fingerprint of each frozen list among the external inputs of a result."""
    return {
        name: frozen_fingerprint(workspace, config, negcon=FROZEN[name])
        for name in names
        if name in FROZEN
    }


def frozen_marks(
    workspace: Workspace,
    config: Config,
    graph: Mapping[str, _Selection],
    plates: Collection[PlateKey],
) -> dict[str, dict[str, str]]:
    """Return the fingerprints of all frozen lists, once for each selection that one replaces.

    By name of the external asset and by partition, which has none where the list is not there.
    """
    found: dict[str, dict[str, str]] = {}
    for result in graph.values():
        for name, mark in frozen_fingerprints(workspace, config, result.external).items():
            there = plates if mark != ABSENT else ()
            found[name] = {scope_of(key, result.level): mark for key in there}
    return found


def load_frozen(workspace: Workspace, config: Config, *, negcon: bool) -> FrozenFeatures:
    """Read a frozen list.

    Raises `MissingInputError` where it is not there, `InvalidInputError` where it cannot be used.
    """
    from profiling_assets.profiles.frozen_features import (  # it loads pandas
        BLOCKLIST,
        FROZEN_LIST,
        read_frozen_features,
    )

    path = frozen_path(config, negcon=negcon)
    what = FROZEN_LIST if is_frozen(config, negcon=negcon) else BLOCKLIST
    if workspace.stat(path) is None:
        raise MissingInputError(
            f"the {what} is not in the workspace",
            path=path,
            remedy=f"put it there, or take {_key(config, negcon=negcon)} out of the config",
        )
    return read_frozen_features(workspace.read_bytes(path), path=path, what=what)


def frozen_errors(
    workspace: Workspace, config: Config, names: Collection[str]
) -> dict[str, ProfilingError]:
    """Find frozen lists that cannot be used, before anything runs: by the config's key, and why."""
    found: dict[str, ProfilingError] = {}
    for name, negcon in FROZEN.items():
        if name in names and frozen_path(config, negcon=negcon):
            try:
                load_frozen(workspace, config, negcon=negcon)
            except ProfilingError as error:
                found[_key(config, negcon=negcon)] = error
    return found


def _key(config: Config, *, negcon: bool) -> str:
    section = "feature_select_negcon" if negcon else "feature_select"
    return f"{section}.{'frozen' if is_frozen(config, negcon=negcon) else 'blocklist'}"


def _section(config: Config, *, negcon: bool) -> FeatureSelectConfig:
    return config.feature_select_negcon if negcon else config.feature_select
