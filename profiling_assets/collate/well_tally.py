"""The wells ledger of an aggregation: which wells have a profile, and why the others have none.

Put here: counting sites and cells of wells.
Do not put here: the profiles (`collate.aggregate`), wells of the plate map (`annotate`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from profiling_assets.workspace.ledger import KEPT_WHOLE, SiteRecord, WellRecord, WellState
from profiling_assets.workspace.wells import normalized_well


@dataclass
class _Well:
    sites: int = 0
    chosen_sites: int = 0
    cells: int = 0
    profile: bool = False
    lacking: dict[str, None] = field(default_factory=dict[str, None])


class WellTally:
    """Counts sites and cells by well."""

    def __init__(self) -> None:
        self._wells: dict[str, _Well] = {}

    def add_site(self, well: str, *, in_fields: bool) -> None:
        """Count an Image row."""
        tally = self._wells.setdefault(well, _Well())
        tally.sites += 1
        tally.chosen_sites += in_fields

    def add_cells(self, well: str, cells: int) -> None:
        """Count objects of the first compartment."""
        self._wells.setdefault(well, _Well()).cells += cells

    def close(self, well: str, lacking: Iterable[str]) -> None:
        """Note whether a well (or one of its sites) got a profile.

        Parameters
        ----------
        well : str
            The well.
        lacking : iterable of str
            Compartments without an object; none where it has a profile.
        """
        tally = self._wells.setdefault(well, _Well())
        absent = dict.fromkeys(lacking)
        tally.profile = tally.profile or not absent
        tally.lacking.update(absent)

    @property
    def cells(self) -> int:
        """Objects of the first compartment in all wells."""
        return sum(tally.cells for tally in self._wells.values())

    @property
    def sites(self) -> int:
        """Image rows of all wells."""
        return sum(tally.sites for tally in self._wells.values())

    def records(self, expected: Iterable[str] = ()) -> tuple[WellRecord, ...]:
        """Return a record for each well.

        Parameters
        ----------
        expected : iterable of str
            Wells that the load data or the site folders name.

        Returns
        -------
        tuple of WellRecord
            Sorted by well.
        """
        found = [_record(well, tally) for well, tally in self._wells.items()]
        known = {normalized_well(well) or well for well in self._wells}
        reason = "no site of it is in the backend"
        absent = {
            normalized_well(well) or well: WellRecord(well, WellState.NO_SITES, reason)
            for well in expected
            if well and (normalized_well(well) or well) not in known
        }
        return tuple(sorted([*found, *absent.values()], key=lambda record: record.well))


def _record(well: str, tally: _Well) -> WellRecord:
    if tally.profile:
        return WellRecord(well, WellState.PROFILE, "", tally.sites, tally.cells)
    if tally.chosen_sites == 0:
        reason = "none of its sites is among aggregate.fields"
        return WellRecord(well, WellState.NOT_IN_FIELDS, reason, tally.sites, tally.cells)
    reason = f"no object in {', '.join(tally.lacking)}"
    return WellRecord(well, WellState.NO_OBJECTS, reason, tally.sites, tally.cells)


def with_sites(wells: Iterable[WellRecord], sites: Iterable[SiteRecord]) -> tuple[WellRecord, ...]:
    """Add to the reason of wells without a profile what became of their sites.

    Parameters
    ----------
    wells : iterable of WellRecord
        The wells ledger.
    sites : iterable of SiteRecord
        The site ledger.

    Returns
    -------
    tuple of WellRecord
        The same wells.
    """
    lost: dict[str, list[str]] = {}
    for site in sites:
        if site.folder and site.state not in KEPT_WHOLE:
            well = normalized_well(site.well) or site.well
            lost.setdefault(well, []).append(f"{site.folder} is {site.state.value}")
    told: list[WellRecord] = []
    for record in wells:
        reasons = lost.get(normalized_well(record.well) or record.well, [])
        bare = record.state is WellState.PROFILE or not reasons
        told.append(
            record if bare else replace(record, reason="; ".join([record.reason, *reasons]))
        )
    return tuple(told)
