"""Options and small helpers that several commands share.

Put here: how a workspace, a config and plates are named on the command line.
Do not put here: what a command does.
"""

import difflib
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import click

from profiling_assets.config.model import Config
from profiling_assets.errors import ConfigError, MissingInputError, WorkspaceError
from profiling_assets.settings import (
    CONFIG_VARIABLE,
    INPUT_VARIABLE,
    WORKSPACE_VARIABLE,
    Settings,
)
from profiling_assets.steps.catalog import Catalog
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.off_root import no_plates
from profiling_assets.workspace.plates import PlateFound


def workspace_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--workspace`, required unless the environment has it."""
    return click.option(
        "--workspace",
        metavar="ROOT",
        envvar=WORKSPACE_VARIABLE,
        required=True,
        help=f"Folder of the workspace, or s3://BUCKET/PREFIX (or {WORKSPACE_VARIABLE}).",
    )(function)


def input_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--input`: a second root that is read and never written."""
    return click.option(
        "--input",
        "inputs",
        metavar="ROOT",
        envvar=INPUT_VARIABLE,
        help="Second root that is read and never written, such as a public bucket "
        f"(or {INPUT_VARIABLE}).",
    )(function)


def config_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--config`; without it the handbook's choices hold for every plate."""
    return click.option(
        "--config",
        metavar="FILE",
        envvar=CONFIG_VARIABLE,
        help=f"Config file (or {CONFIG_VARIABLE}); without one, the handbook's choices for every "
        "plate.",
    )(function)


def applied_settings(workspace: str, config: str | None, inputs: str | None = None) -> Settings:
    """Make settings of flags, for this process and its children.

    Paths become absolute, because child processes may run in another folder.
    """
    settings = Settings(
        workspace=_absolute(workspace),
        config=None if not config else _absolute(config),
        inputs=None if not inputs else _absolute(inputs),
    )
    os.environ.update(settings.environment())
    return settings


def _absolute(root: str) -> str:
    return root if "://" in root else str(Path(root).expanduser().absolute())


def chosen_plates(
    known: Collection[PlateKey], batches: Iterable[str], plates: Iterable[str]
) -> list[PlateKey]:
    """Choose plates by the names a user typed.

    Plates are named as `PLATE` or `BATCH/PLATE`; no name means all. Sorted. Raises
    `MissingInputError` where a name fits no plate, and names the nearest.
    """
    chosen = set(known)
    wanted_batches = list(batches)
    for batch in wanted_batches:
        if batch not in {key.batch for key in known}:
            raise _unknown("batch", batch, sorted({key.batch for key in known}))
    if wanted_batches:
        chosen = {key for key in chosen if key.batch in wanted_batches}
    wanted_plates = list(plates)
    for plate in wanted_plates:
        if not any(plate in (key.plate, str(key)) for key in chosen):
            raise _unknown("plate", plate, [str(key) for key in sorted(known)])
    if wanted_plates:
        chosen = {key for key in chosen if {key.plate, str(key)} & set(wanted_plates)}
    return sorted(chosen)


def chosen_batches(plates: Iterable[PlateFound], batches: Iterable[str]) -> list[PlateFound]:
    """Choose the plates of some batches, of those that a scan found.

    No name means all; the order is that of `plates`. Raises `MissingInputError` where a batch has
    no plate, and names the nearest.
    """
    found, wanted = list(plates), set(batches)
    known = sorted({plate.key.batch for plate in found})
    for batch in sorted(wanted.difference(known)):
        near = difflib.get_close_matches(batch, known, n=1, cutoff=0.5)
        raise MissingInputError(
            f"there is no batch {batch} with a plate in it"
            + (f"; the nearest is {near[0]}" if near else ""),
            remedy="leave out --batch to see all",
        )
    return [plate for plate in found if not wanted or plate.key.batch in wanted]


def check_assets(known: Iterable[str], names: Iterable[str]) -> None:
    """Refuse names of assets that the config does not have.

    Raises `MissingInputError` where a name fits no asset, and names the nearest, and all.
    """
    assets = list(known)
    for name in names:
        if name not in assets:
            raise _unknown("asset", name, assets, remedy=f"choose from {', '.join(assets)}")


def check_ready(config: Config) -> None:
    """Refuse a config that can be read and cannot be run.

    Raises `ConfigError` where placeholders are left, each with its line.
    """
    problems = config.problems_before_run()
    if problems:
        several = "s" if len(problems) > 1 else ""
        raise ConfigError(
            "\n".join([f"{len(problems)} problem{several} in the config", *problems]),
            path=config.path,
            remedy="mend the lines named; `profiling-assets init-config WORKSPACE` writes a config "
            "with the batches and plates found",
        )


def check_plates(catalog: Catalog) -> None:
    """Refuse a config that asks for no plate of the workspace.

    Raises `WorkspaceError` where there is none, and says whether all are excluded, elsewhere, or
    not found.
    """
    if not catalog.asked_for.plates and catalog.asked_for.excluded:
        names = ", ".join(f"{key} ({why})" for key, why in catalog.asked_for.excluded.items())
        raise WorkspaceError(
            f"every plate that the config asks for is excluded: {names}",
            path=catalog.workspace.root,
            remedy="take one back in with `profiling-assets include BATCH/PLATE`",
        )
    if not catalog.registry.plates:
        raise no_plates(catalog.workspace, catalog.ignored)
    if not catalog.asked_for.plates:
        raise WorkspaceError(
            "none of the plates that the config asks for is in the workspace",
            path=catalog.workspace.root,
            remedy="plates are expected in analysis/BATCH/PLATE/analysis/PLATE-WELL-SITE/; see "
            "`profiling-assets scan` for what is there",
        )


def _unknown(
    kind: str, name: str, known: list[str], *, remedy: str | None = None
) -> MissingInputError:
    tails = {entry.rpartition("/")[2]: entry for entry in known}
    near = difflib.get_close_matches(name, [*known, *tails], n=1, cutoff=0.5)
    hint = f"; the nearest is {tails.get(near[0], near[0])}" if near else ""
    return MissingInputError(
        f"there is no {kind} {name} among those that the config asks for{hint}",
        remedy=remedy or "see `profiling-assets scan` for what is there",
    )
