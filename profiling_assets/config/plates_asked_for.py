"""Which plates are asked for: the config's wishes against the plates that are there.

Put here: the rule which plates make a batch and a config's whole.
Do not put here: finding plates (`storage`), the registry's file, what is built of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from profiling_assets.config.model import Config
from profiling_assets.workspace.names import PlateKey


@dataclass(frozen=True)
class PlatesAskedFor:
    """The plates a config asks for, and what becomes of the others.

    Every registered plate is in exactly one of `plates`, `not_asked` and `excluded`.

    Attributes
    ----------
    plates : tuple of PlateKey
        Asked for, registered and not excluded, sorted.
    not_asked : tuple of PlateKey
        Registered, and not named by the config or named with `process: false`, sorted.
    absent : tuple of PlateKey
        Asked for by the config and not registered, sorted; a batch that lacks them is not whole.
    excluded : mapping of PlateKey to str
        Taken out by hand, with the reason, whether the config names them or not, sorted.
    """

    plates: tuple[PlateKey, ...]
    not_asked: tuple[PlateKey, ...]
    absent: tuple[PlateKey, ...]
    excluded: Mapping[PlateKey, str]

    @property
    def batches(self) -> dict[str, tuple[PlateKey, ...]]:
        """The plates asked for of each batch that has any, sorted."""
        batches = dict[str, tuple[PlateKey, ...]]()
        for key in self.plates:
            batches[key.batch] = (*batches.get(key.batch, ()), key)
        return batches


def plates_asked_for(
    config: Config, registered: Iterable[PlateKey], excluded: Mapping[PlateKey, str]
) -> PlatesAskedFor:
    """Say which plates are asked for.

    A config without batch documents asks for every registered plate. With batch documents it asks
    for the plates whose own and whose batch's `process` are true; plates and batches that it does
    not name are not asked for. An excluded plate is never asked for, and never absent.

    Parameters
    ----------
    config : Config
        The config.
    registered : iterable of PlateKey
        The plates of the workspace, complete or not.
    excluded : mapping of PlateKey to str
        Plates taken out by hand, with the reason.

    Returns
    -------
    PlatesAskedFor
        The plates, those left out and those that are not there.
    """
    there = set(registered)
    wanted = asked_for(config)
    if wanted is None:
        wanted = there
    candidates = wanted - excluded.keys()
    return PlatesAskedFor(
        plates=tuple(sorted(candidates & there)),
        not_asked=tuple(sorted(there - wanted - excluded.keys())),
        absent=tuple(sorted(candidates - there)),
        excluded={key: excluded[key] for key in sorted(excluded)},
    )


def asked_for(config: Config) -> set[PlateKey] | None:
    """Return the plates that a config names with `process: true` at both levels.

    Parameters
    ----------
    config : Config
        The config.

    Returns
    -------
    set of PlateKey or None
        None where the config has no batch document and takes the whole workspace.
    """
    if not config.batches:
        return None
    return {
        PlateKey(batch.batch, plate.name)
        for batch in config.batches
        if batch.process
        for plate in batch.plates
        if plate.process
    }
