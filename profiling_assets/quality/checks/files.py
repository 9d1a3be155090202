"""Checks of files: a backend against its ledger, a GCT file against the stacked profiles.

Put here: rows, lines and fields as a reader of the file counts them, against what they come from.
Do not put here: writing the file (`profiles.gct`), rows of tables (`rows`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from profiling_assets.errors import listed
from profiling_assets.profiles.column_kinds import column
from profiling_assets.quality.checks.rows import ROWS, rows_of
from profiling_assets.quality.checks.verdict import CheckResult, not_passed
from profiling_assets.workspace.ledger import SiteRecord, SiteState
from profiling_assets.workspace.site_folder import IMAGE

GCT = "gct_is_whole"
COUNTS = "objects_as_counted"
_HEAD = 3  # version, dimensions, names of samples
_REPORT = "this is a defect of this package: please report it with the batch's log"
_BREAKS = re.compile(r'[\t\r\n"]')  # viewers split at the first three, and keep quotes as they are
_LONG = 40  # characters of a value in a sentence


def objects_as_counted(sites: Iterable[SiteRecord]) -> CheckResult:
    """Check that each table has as many objects of a site as its `Image.csv` counts."""
    told = [f"{s.folder} ({s.reason})" for s in sites if s.state is SiteState.COUNT_DIFFERS]
    numbers = {"sites_with_other_counts": len(told)}
    if not told:
        return CheckResult(COUNTS, numbers=numbers)
    what = "site has" if len(told) == 1 else "sites have"
    remedy = (
        "bring whole CSVs of these sites; or set collate.on_count_differs to drop, which leaves "
        "their objects out, or to fail"
    )
    found = f"{len(told)} {what} other numbers of objects than Image.csv counts: "
    return not_passed(COUNTS, found + listed(told, between="; "), remedy, numbers)


def rows_as_in_ledger(rows: Mapping[str, int], sites: Iterable[SiteRecord]) -> CheckResult:
    """Compare the rows of a backend's tables with the site ledger.

    Blocking: a site whose rows were not all kept without a reason, or a table with other rows than
    the ledger says.
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


def broken_cells(table: pd.DataFrame) -> list[str]:
    """Name the words that a viewer of a GCT file reads otherwise than they were written.

    Column, plate and well (else the number of the sample), and value of each cell with a tab, a
    line break or a quote; the columns so named first.
    """
    found = [f"the column named {name!r}" for name in table.columns if _BREAKS.search(str(name))]
    rows: list[str] | None = None
    for name in table.columns:
        if pd.api.types.is_numeric_dtype(column(table, name)):
            continue
        for place, value in enumerate(column(table, name).tolist()):
            if isinstance(value, str) and _BREAKS.search(value):
                if rows is None:
                    rows = [" ".join(row) for row in rows_of(table)]
                shown = value if len(value) <= _LONG else f"{value[:_LONG]}…"
                at = repr(rows[place])[1:-1] or f"sample {place}"
                found.append(f"{name} of {at}: {shown!r}")
    return found


def gct_is_whole(
    text: bytes,
    *,
    samples: int,
    features: int,
    descriptions: int,
    broken: Sequence[str] = (),
    path: str = "the file",
) -> CheckResult:
    """Compare a GCT file with the table that it was made from.

    Blocking where the dimensions that the file names are not those of the table, or a line or a
    field is absent that no broken cell accounts for. A broken cell is a warning: viewers split at
    tabs and line ends alone, and such a value shifts what follows it.
    """
    told = [features, samples, 1, descriptions]
    whole = samples + 2
    lines, wrong = 0, list[str]()
    named: list[int] = []
    for line in io.BytesIO(text):
        lines += 1
        if lines == 2:
            named = [int(word) for word in line.split() if word.isdigit()]
        elif lines >= _HEAD and line.count(b"\t") + 1 != whole:
            wrong.append(line.partition(b"\t")[0].strip().decode(errors="replace"))
    numbers = {"samples": samples, "features": features, "sample_descriptions": descriptions}
    expected = _HEAD + descriptions + features
    if named != told or lines < expected:
        what = (
            f"{path} names {named} and has {lines} lines; the stacked profiles make it {told} "
            f"(features, samples, feature and sample descriptions) and {expected} lines"
        )
        return not_passed(GCT, what, _REPORT, numbers, blocking=True)
    if broken:
        what = (
            f"{path} has words with a tab, a line break or a quote, which viewers of GCT files "
            f"take as ends of fields or show otherwise: {len(broken)} ({listed(broken)})"
        )
        remedy = (
            "take tabs, line breaks and quotes out of these values of the plate map or the "
            "external metadata"
        )
        return not_passed(GCT, what, remedy, numbers)
    if wrong or lines > expected:
        what = f"{path} has lines with more or fewer than {whole} fields: {listed(wrong)}"
        return not_passed(GCT, what, _REPORT, numbers, blocking=True)
    return CheckResult(GCT, numbers=numbers)
