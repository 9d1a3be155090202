"""Checks of a result's rows: none lost unsaid, none twice, none of another plate.

Put here: what is compared of the rows before and after a step, and of the columns of plates.
Do not put here: the values in them (`values`), files (`files`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
# ^ pandas ships partial types

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from profiling_assets.errors import listed
from profiling_assets.profiles.column_kinds import (
    PLATE_COLUMNS,
    WELL_COLUMNS,
    column,
    is_measured,
    is_metadata,
)
from profiling_assets.profiles.plate_map import join_name
from profiling_assets.quality.checks.verdict import CheckResult, not_passed
from profiling_assets.workspace.ledger import LOST_REMEDY, WellRecord, WellState
from profiling_assets.workspace.names import PlateKey

ROWS = "rows_conserved"
PLATE = "one_plate_only"
WELLS = "no_well_twice"
LOST = "no_well_lost"
SCHEMA = "same_features_on_all_plates"
MEASURED = "only_measurements"
_SITE = "Metadata_Site"
_REPORT = "this is a defect of this package: please report it with the plate's log"
Row = tuple[str, ...]


def rows_of(frame: pd.DataFrame, *further: str | None) -> list[Row]:
    """Name each row of a profile table by plate and well.

    `further`: further columns that tell rows apart, where the table has them; `Metadata_Site`
    always is. One entry a row, in order; wells as they are joined (`A01` for `a1`). A table without
    such columns gives empty tuples.
    """
    wells = wells_of(frame)
    taken = [_first(frame, PLATE_COLUMNS), *dict.fromkeys((_SITE, *further))]
    parts = [
        [str(value) for value in column(frame, name).tolist()]
        for name in taken
        if name is not None and name in frame.columns and name not in WELL_COLUMNS
    ]
    parts[1:1] = [wells] if wells is not None else []
    return list(zip(*parts, strict=True)) if parts else [()] * len(frame)


def wells_of(frame: pd.DataFrame, *names: str) -> list[str] | None:
    """Return the well of each row, as it is joined; None where the table has no such column."""
    name = _first(frame, (*names, *WELL_COLUMNS))
    if name is None:
        return None
    return [join_name(str(well)) for well in column(frame, name).tolist()]


def wells_accounted_for(wells: Sequence[str] | None, records: Iterable[WellRecord]) -> CheckResult:
    """Check that each well of the ledger has a profile or a reason, and each profile a line."""
    ledger = list(records)
    told = {join_name(r.well) for r in ledger if r.state is WellState.PROFILE}
    there = told if wells is None else set(wells)
    silent = [r.well for r in ledger if r.state is not WellState.PROFILE and not r.reason]
    numbers = {"wells": len(ledger), "wells_with_profile": len(there)}
    problems = [
        *([f"wells without a profile and a reason: {listed(silent)}"] if silent else []),
        *_sides(sorted(told - there), sorted(there - told)),
    ]
    return _verdict(ROWS, problems, _REPORT, numbers)


def no_well_lost(records: Iterable[WellRecord]) -> CheckResult:
    """Check that every well that has cells has a profile.

    It fails where a well has objects in one required compartment and none in another; the profiles
    of the other wells are published all the same.
    """
    lost = [record for record in records if record.state is WellState.INCOMPLETE]
    numbers = {"wells_lost": len(lost)}
    if not lost:
        return CheckResult(LOST, numbers=numbers)
    wells = listed([f"{record.well} ({record.reason})" for record in lost], between="; ")
    what = f"{len(lost)} {'well has' if len(lost) == 1 else 'wells have'} cells and no profile: "
    return not_passed(LOST, what + wells, LOST_REMEDY, numbers, grave=True)


def rows_conserved(
    before: Sequence[Row], after: Sequence[Row], dropped: Mapping[Row, str] | None = None
) -> CheckResult:
    """Check that every row that came in went out once, or was dropped with a reason.

    Blocking; rows are compared by their number alone where one of the tables does not name them.
    """
    reasons = dict(dropped or {})
    came, went = Counter(before), Counter(after)
    out = sum(came[row] for row in reasons)
    numbers = {"rows_in": len(before), "rows_out": len(after), "rows_dropped": out}
    if {len(row) for row in (*came, *reasons)} != {len(row) for row in went}:
        lost, new = list[str](), list[str]()
    else:
        kept = Counter({row: n for row, n in came.items() if row not in reasons})
        lost = sorted(_named(row) for row in kept - went)
        new = sorted(_named(row) for row in went - kept)
    silent = sorted(_named(row) for row, reason in reasons.items() if not reason)
    problems = [
        *([f"dropped without a reason: {listed(silent)}"] if silent else []),
        *_sides(lost, new),
    ]
    if not problems and len(before) != len(after) + out:
        problems = [f"{len(before)} rows came in, {len(after)} went out and {out} were dropped"]
    return _verdict(ROWS, problems, _REPORT, numbers)


def _sides(lost: Sequence[str], new: Sequence[str]) -> list[str]:
    return [
        *([f"lost without a word: {listed(lost)}"] if lost else []),
        *([f"there more often than before: {listed(new)}"] if new else []),
    ]


def _verdict(
    name: str, problems: Sequence[str], remedy: str, numbers: Mapping[str, int]
) -> CheckResult:
    if not problems:
        return CheckResult(name, numbers=numbers)
    return not_passed(name, "; ".join(problems), remedy, numbers, blocking=True)


def _named(row: Row) -> str:
    return " ".join(row[1:] or row)


def one_plate_only(frame: pd.DataFrame, plate: str, before: Collection[str] = ()) -> CheckResult:
    """Check that a plate's table holds rows of that plate only.

    Blocking where rows of several plates came together in this step; a table that calls its one
    plate by another name, or whose input was so already, is a warning.
    """
    plates = plates_of(frame)
    told = plates == sorted(before)  # where it came in
    if not plates or plates == [plate] or (told and len(plates) == 1):
        return CheckResult(PLATE, numbers={"plates": len(plates)})
    if len(plates) == 1:
        what = f"Metadata_Plate says {plates[0]}, and the plate is {plate}"
        remedy = "mend Metadata_Plate in Image.csv where that is wrong; values are not changed"
    else:
        what = f"it holds rows of {len(plates)} plates: {listed(plates)}"
        remedy = (
            "set collate.split_plates: true, so that the plate takes its own rows, and give each "
            "other plate a folder with the same files; or mend Metadata_Plate in Image.csv"
        )
    news = len(plates) > 1 and not told
    return not_passed(PLATE, what, remedy, {"plates": len(plates)}, blocking=news)


def plates_of(frame: pd.DataFrame) -> list[str]:
    """List the plates that a profile table names, sorted."""
    name = _first(frame, PLATE_COLUMNS)
    return [] if name is None else sorted(set(map(str, column(frame, name).unique().tolist())))


def _first(frame: pd.DataFrame, names: Iterable[str]) -> str | None:
    return next((name for name in names if name in frame.columns), None)


def no_well_twice(rows: Sequence[Row], before: Sequence[Row] = ()) -> CheckResult:
    """Check that no well has two profiles.

    Blocking where the step made a second row of a well; a warning where the input had it.
    """
    twice = {row: n for row, n in Counter(rows).items() if n > 1 and row}
    numbers = {"wells_twice": len(twice)}
    if not twice:
        return CheckResult(WELLS, numbers=numbers)
    known = Counter(before)
    names = sorted(map(_named, twice))
    what = f"{len(twice)} wells have more than one row: {listed(names)}"
    remedy = "keep one row for each well in the plate map, the external metadata and the profiles"
    news = any(n > known[row] for row, n in twice.items())
    return not_passed(WELLS, what, remedy, numbers, blocking=news)


def only_measurements(columns: Collection[str], before: Collection[str] | None = ()) -> CheckResult:
    """Check that no column beside the metadata tells where images come from.

    `before`: the columns of the step's input; None for a table that was not made here. Blocking
    where the step brought such a column in; where it was there before, it is a warning: it passes,
    and no step takes it for a feature.
    """
    found = [name for name in columns if not is_metadata(name) and not is_measured(name)]
    numbers = {"columns_no_measurement": len(found)}
    if not found:
        return CheckResult(MEASURED, numbers=numbers)
    news = before is not None and not set(found) <= set(before)
    what = f"{len(found)} columns are no measurements: {listed([n or '(no name)' for n in found])}"
    remedy = (
        _REPORT
        if news
        else "go on: no step takes them for features; or take them out of the table that was put "
        "there"
    )
    return not_passed(MEASURED, what, remedy, numbers, blocking=news)


def same_features(columns: Mapping[PlateKey, Collection[str]]) -> CheckResult:
    """Compare the features of the plates that vote together.

    Names plates and columns. What half of the plates have is what a plate should have: a plate that
    lacks some of it, or has more, is a warning (the missing features are empty there); one that
    lacks half of it or more was measured with another pipeline, and blocks. Metadata columns may
    differ, as plate maps do.
    """
    features = {
        key: [name for name in names if is_measured(name)] for key, names in columns.items()
    }
    counts = Counter(name for names in features.values() for name in names)
    usual = {name for name, count in counts.items() if 2 * count >= len(features)}
    numbers = {"plates": len(features), "features": len(counts)}
    told: list[str] = []
    foreign: list[PlateKey] = []
    for key, names in features.items():
        own = set(names)
        lacking = [name for name in counts if name in usual and name not in own]
        more = [name for name in names if name not in usual]
        if lacking:
            told.append(f"{key} lacks {len(lacking)} features ({listed(lacking)})")
        if more:
            told.append(f"{key} has {len(more)} that most plates lack ({listed(more)})")
        if lacking and 2 * len(lacking) >= len(usual):
            foreign.append(key)
    if not told:
        return CheckResult(SCHEMA, numbers=numbers)
    what = listed(told, shown=20, between="; ")
    first = foreign[0] if foreign else next(iter(features))
    remedy = "analyse the plates of a batch with one CellProfiler pipeline, or " + (
        f"take out the one that differs: `profiling-assets exclude {first} --reason ... "
        "--workspace ...`"
        if foreign
        else "go on: features that a plate lacks are empty there, and drop_na_columns drops them"
    )
    return not_passed(SCHEMA, what, remedy, numbers, blocking=bool(foreign))
