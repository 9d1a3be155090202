"""Which sites were expected, and which of them were found.

Put here: matching image rows and folders with the load data.
Do not put here: reading load data (`workspace.sites`), states of what was found (`collate.site`).
"""

from collections.abc import Sequence

from profiling_assets.workspace.ledger import SiteRecord, SiteState
from profiling_assets.workspace.sites import ExpectedSite, site_identity


class ExpectedSites:
    """The expected sites of a plate, ticked off as they turn up.

    Parameters
    ----------
    sites : sequence of ExpectedSite or None
        From the load data; None where there is none, and nothing is unexpected or missing then.
    """

    def __init__(self, sites: Sequence[ExpectedSite] | None) -> None:
        self._sites = {site_identity(s.well, s.site): s for s in sites or ()}
        self._known = sites is not None
        self._found: set[tuple[str, str]] = set()

    def find(self, well: str, site: str) -> bool:
        """Tick a site off.

        Parameters
        ----------
        well, site : str
            As in `Image.csv` or in the folder's name; `A1` is `A01`, `01` is `1`.

        Returns
        -------
        bool
            False where the load data do not name it.
        """
        identity = site_identity(well, site)
        self._found.add(identity)
        return not self._known or identity in self._sites

    def missing(self) -> tuple[SiteRecord, ...]:
        """Return a record for each expected site that was not found."""
        return tuple(
            SiteRecord(
                "",
                expected.well,
                expected.site,
                SiteState.MISSING,
                "named in the load data; no folder has it",
            )
            for identity, expected in sorted(self._sites.items())
            if identity not in self._found
        )

    def wells(self) -> tuple[str, ...]:
        """Return the wells that the load data name, as written there, each once."""
        return tuple(dict.fromkeys(site.well for site in self._sites.values()))
