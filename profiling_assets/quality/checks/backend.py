"""Check that a backend holds the rows that its site ledger says were kept.

Put here: the comparison of tables and ledger.
Do not put here: making either (`collate`).
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from profiling_assets.quality.checks.check import CheckResult, not_passed
from profiling_assets.quality.checks.rows import ROWS
from profiling_assets.workspace.ledger import SiteRecord
from profiling_assets.workspace.site_folder import IMAGE


def rows_as_in_ledger(rows: Mapping[str, int], sites: Iterable[SiteRecord]) -> CheckResult:
    """Compare the rows of a backend's tables with the site ledger.

    Parameters
    ----------
    rows : mapping of str to int
        Table name to its rows in the backend.
    sites : iterable of SiteRecord
        The site ledger.

    Returns
    -------
    CheckResult
        Blocking: a site whose rows were not all kept without a reason, or a table with other rows
        than the ledger says.
    """
    kept, found = Counter[str](), Counter[str]()
    silent: list[str] = []
    for site in sites:
        kept[IMAGE] += site.image_rows_kept
        found[IMAGE] += site.image_rows_in
        kept.update(site.objects_kept)
        found.update(site.objects_in)
        lost = site.image_rows_in != site.image_rows_kept or any(
            site.objects_kept.get(table, 0) != count for table, count in site.objects_in.items()
        )
        if lost and not site.reason:
            silent.append(site.folder)
    problems = [
        f"{table} has {rows.get(table, 0)} rows, and the site ledger says {kept[table]}"
        for table in sorted({*rows, *kept})
        if rows.get(table, 0) != kept[table]
    ]
    if silent:
        problems.append(f"rows of {len(silent)} sites are dropped without a reason: {silent[0]}")
    numbers = {"rows_found": found.total(), "rows_kept": kept.total()}
    if not problems:
        return CheckResult(ROWS, numbers=numbers)
    remedy = "this is a defect of this package: please report it with the plate's log"
    return not_passed(ROWS, "; ".join(problems), remedy, numbers, blocking=True)
