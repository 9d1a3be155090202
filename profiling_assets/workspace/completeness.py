"""Whether a plate is complete, told from names and sizes alone, and whether it may be started.

Put here: the comparison of expected sites with the site folders that are there, and the rules of
arrival.
Do not put here: defects inside files (`collate`), listing (`scan_workspace`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from profiling_assets.workspace.site_folder import CANONICAL, IMAGE, SiteFiles, site_files
from profiling_assets.workspace.sites import ExpectedSite, SiteName, site_identity

_MINUTE = 60.0


class PlateState(StrEnum):
    """What the listing says of a plate."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    NO_LOAD_DATA = "no load data"
    NOT_TOLD = "sites not told by folder names"


class ListedSiteFolder(Protocol):
    """A site folder as listed."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def site(self) -> SiteName:
        """What the name tells."""
        ...

    @property
    def files(self) -> Mapping[str, int]:
        """File name to size in bytes."""
        ...


@dataclass(frozen=True)
class SiteFolderFacts:
    """A site folder of which nothing else is known."""

    name: str
    site: SiteName
    files: Mapping[str, int]


@dataclass(frozen=True)
class PlateCompleteness:
    """Expected and found sites of a plate."""

    # `NOT_TOLD` where no expected site is known to be missing, but some folders hold
    # several sites or are not named after one: only reading them tells
    state: PlateState
    expected: int | None  # sites in the load data; None without load data
    found: int | None  # sites with an `Image.csv`; None where folder names do not tell sites apart
    # expected, and in no folder with an `Image.csv`, as far as names tell
    missing: tuple[ExpectedSite, ...] = ()
    # folders with an `Image.csv` whose site (or well) is not expected
    unexpected: tuple[str, ...] = ()
    without_image: tuple[str, ...] = ()  # folders without an `Image.csv`
    empty: tuple[str, ...] = ()  # CSV files of 0 bytes, `FOLDER/FILE`
    repeated: tuple[str, ...] = ()  # folders of a site that a folder before them has already
    # folders with an `Image.csv` whose name does not tell well and site
    untold: tuple[str, ...] = ()
    # folders with an `Image.csv` that lack a table which most such folders have; a file of 0 bytes
    # counts as lacking
    lacking: tuple[str, ...] = ()


def site_matrix(
    expected: Sequence[ExpectedSite] | None, folders: Iterable[ListedSiteFolder]
) -> PlateCompleteness:
    """Compare the expected sites of a plate with its site folders.

    `expected`: sites of the load data; None where there is none. `folders`: the plate's site
    folders, sorted by name. Sites are compared by `site_identity`: `a1` and site `01` are well A01,
    site 1. A folder of a whole well (`PLATE-A01`) stands for every expected site of that well.
    """
    listed = [(folder, site_files(folder)) for folder in folders]
    imaged = [(folder, files) for folder, files in listed if files.image is not None]
    by_site: dict[tuple[str, str], list[str]] = {}
    by_well: dict[str, list[str]] = {}
    untold: list[str] = []
    for folder, _ in imaged:
        well, site = folder.site.well, folder.site.site
        if well is not None and site is not None:
            by_site.setdefault(site_identity(well, site), []).append(folder.name)
            continue
        untold.append(folder.name)
        if well is not None:
            by_well.setdefault(site_identity(well, "")[0], []).append(folder.name)
    nameless = len(untold) > sum(map(len, by_well.values()))
    missing, unexpected = _differences(expected, by_site, by_well, nameless=nameless)
    return PlateCompleteness(
        state=_state(expected, missing, untold),
        expected=None if expected is None else len(expected),
        found=None if untold else len(by_site),
        missing=missing,
        unexpected=unexpected,
        without_image=tuple(folder.name for folder, files in listed if files.image is None),
        empty=tuple(
            f"{folder.name}/{file}"
            for folder, files in listed
            if 0 in folder.files.values()
            for file in sorted(files.inputs)
            if folder.files[file] == 0
        ),
        repeated=tuple(
            name for names in (*by_site.values(), *by_well.values()) for name in names[1:]
        ),
        untold=tuple(untold),
        lacking=_lacking(imaged),
    )


def _lacking(imaged: Sequence[tuple[ListedSiteFolder, SiteFiles]]) -> tuple[str, ...]:
    """Return the folders without a table that more than half of them have, and that is required.

    A table beside Cells, Cytoplasm and Nuclei is not, where there are such.
    """
    held = [frozenset(files.by_table) for _, files in imaged]
    number = Counter[str]()
    for tables, count in Counter(held).items():
        number.update(dict.fromkeys(tables, count))
    common = {table for table, count in number.items() if 2 * count > len(imaged)}
    if not common.isdisjoint(CANONICAL):
        common &= {IMAGE, *CANONICAL}
    return tuple(
        folder.name
        for (folder, files), tables in zip(imaged, held, strict=True)
        if not common <= (tables if 0 not in folder.files.values() else _filled(folder, files))
    )


def _filled(folder: ListedSiteFolder, files: SiteFiles) -> set[str]:
    return {table for table, file in files.by_table.items() if folder.files[file] > 0}


def _differences(
    expected: Sequence[ExpectedSite] | None,
    by_site: Mapping[tuple[str, str], list[str]],
    by_well: Mapping[str, list[str]],
    *,
    nameless: bool,
) -> tuple[tuple[ExpectedSite, ...], tuple[str, ...]]:
    """Return the missing sites and the unexpected folders."""
    if expected is None:
        return (), ()
    identities = {site_identity(site.well, site.site): site for site in expected}
    wells = {well for well, _ in identities}
    missing = tuple(
        site
        for identity, site in identities.items()
        if identity not in by_site and identity[0] not in by_well
    )
    unexpected = [
        name for identity, names in by_site.items() if identity not in identities for name in names
    ] + [name for well, names in by_well.items() if well not in wells for name in names]
    # a folder with another kind of name may hold any site: then none is known to be missing
    return (() if nameless else missing), tuple(sorted(unexpected))


def _state(
    expected: Sequence[ExpectedSite] | None, missing: Sequence[ExpectedSite], untold: Sequence[str]
) -> PlateState:
    if expected is None:
        return PlateState.NO_LOAD_DATA
    if missing:
        return PlateState.INCOMPLETE
    return PlateState.NOT_TOLD if untold else PlateState.COMPLETE


class CompleteWhen(StrEnum):
    """What makes a plate complete."""

    EXPECTED_SITES = "expected_sites"
    QUIET_PERIOD = "quiet_period"


@dataclass(frozen=True)
class ArrivalRules:
    """When a plate may be started."""

    # `expected_sites`: all sites of the load data are there, each with the tables that the plate's
    # other sites have; without load data as `quiet_period`: nothing changed for long
    complete_when: CompleteWhen = CompleteWhen.EXPECTED_SITES
    quiet_minutes: float = 60.0  # how long nothing may have changed for a quiet period
    # how long nothing may have changed on a plate that has all its sites: a site that is delivered
    # again comes file by file
    settle_seconds: float = 60.0


@dataclass(frozen=True)
class Readiness:
    """Whether a plate may be started now."""

    ready: bool
    reason: str  # why, or why not and what a user can do, as words for a table cell
    # when it would be ready if nothing changed any more, in seconds since 1970; None where it is
    # ready, and where waiting alone will not do
    again_at: float | None = None


def readiness(
    completeness: PlateCompleteness,
    *,
    last_change: float | None,
    rules: ArrivalRules,
    now: float,
) -> Readiness:
    """Decide whether a plate may be started.

    `last_change`: when one of the plate's CSV files last changed, in seconds since 1970; None where
    that is not known, which counts as just now. `now`: the time of the look, in seconds since 1970.
    """
    if completeness.found == 0:
        return Readiness(ready=False, reason="no site folder has an Image.csv yet")
    changed = now if last_change is None else min(last_change, now)
    quiet = _MINUTE * rules.quiet_minutes
    if rules.complete_when is CompleteWhen.QUIET_PERIOD:
        return _after(quiet, changed, now, _counted(completeness))
    if completeness.state is PlateState.NO_LOAD_DATA:
        return _after(quiet, changed, now, "no load data")
    if completeness.state is PlateState.NOT_TOLD:
        return _after(quiet, changed, now, "folder names do not tell the sites")
    if completeness.missing:
        return Readiness(
            ready=False,
            reason=f"{_sites(len(completeness.missing))} missing; complete them, set "
            "arrival.complete_when to quiet_period for the batch, exclude the plate, or "
            "materialize it by hand",
        )
    if completeness.lacking:
        lacking = completeness.lacking
        tables = (
            f"{lacking[0]} lacks a table that most sites have"
            if len(lacking) == 1
            else f"{len(lacking)} sites lack a table that most have, the first is {lacking[0]}"
        )
        return _after(quiet, changed, now, tables)
    return _after(rules.settle_seconds, changed, now, "all expected sites are there")


def _after(seconds: float, changed: float, now: float, found: str) -> Readiness:
    if now - changed >= seconds:
        return Readiness(
            ready=True, reason=f"{found}; nothing changed for {duration(now - changed)}"
        )
    left = changed + seconds - now
    return Readiness(
        ready=False,
        reason=f"{found}; waits until nothing changed for {duration(seconds)}, "
        f"{duration(left)} to go",
        again_at=changed + seconds,
    )


def _counted(completeness: PlateCompleteness) -> str:
    if completeness.found is None:
        return "folder names do not tell the sites"
    if completeness.expected is None:
        return _sites(completeness.found)
    return f"{completeness.found} of {_sites(completeness.expected)}"


def _sites(count: int) -> str:
    return f"{count} site" if count == 1 else f"{count} sites"


def duration(seconds: float) -> str:
    """Put a span of time into words: the largest unit that gives 2 or more, rounded down."""
    for unit, size in (("days", 86_400.0), ("h", 3_600.0), ("min", _MINUTE)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, round(seconds))} s"
