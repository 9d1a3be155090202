"""Wells that are taken out by hand, each with its reason.

Put here: reading the table of excluded wells.
Do not put here: dropping them (`annotate`), plates that are taken out (`workspace.registry`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from profiling_assets.errors import PlateMapError, listed
from profiling_assets.profiles.hand_written import read_hand_made, text_lines
from profiling_assets.profiles.plate_map import join_name
from profiling_assets.workspace.names import PlateKey

COLUMNS = ("batch", "plate", "well", "reason")


@dataclass(frozen=True)
class Exclusions:
    """The excluded wells of one plate."""

    path: str  # the file, for messages
    # the name by which a well is joined (`A01` for `a1`) to the reason, sorted
    wells: Mapping[str, str]


def read_exclusions(data: bytes, key: PlateKey, *, path: str) -> Exclusions:
    """Read which wells of a plate are excluded.

    Raises `PlateMapError` where a column is missing, or a row of this plate has no well or no
    reason.
    """
    if sum(bool(line.strip()) for line in text_lines(data, path)) < 2:
        return Exclusions(path, {})  # a header is left where the last line was taken out
    table = read_hand_made(data, path=path, expected=COLUMNS)
    absent = [name for name in COLUMNS if name not in table.names]
    if absent:
        raise PlateMapError(
            f"there is no column {absent[0]}; the columns are {', '.join(table.names)}",
            path=path,
            remedy=f"give the table the columns {', '.join(COLUMNS)}",
        )
    found: dict[str, list[str]] = {}
    columns = (table.values(name) for name in COLUMNS)
    for line, *cells in zip(table.lines, *columns, strict=True):
        batch, plate, well, reason = (cell.strip() for cell in cells)
        if (batch, plate) != (key.batch, key.plate):
            continue
        if not well:
            raise PlateMapError(
                f"line {line} names plate {key} and no well",
                path=path,
                remedy=f"name the wells, or take the plate out with `profiling-assets exclude "
                f"{key} --reason ... --workspace ...`",
            )
        if not reason:
            raise PlateMapError(
                f"line {line} gives no reason for well {well} of {key}",
                path=path,
                remedy="write in the column reason why the well is excluded",
            )
        reasons = found.setdefault(join_name(well), [])
        if reason not in reasons:
            reasons.append(reason)
    return Exclusions(path, {well: "; ".join(found[well]) for well in sorted(found)})


def exclusion_warnings(exclusions: Exclusions, wells: Collection[str]) -> list[str]:
    """Say which wells of a plate are dropped, and which are named and have no profile.

    At most one sentence of each.
    """
    known = set(wells)
    there = [well for well in exclusions.wells if well in known]
    absent = [well for well in exclusions.wells if well not in known]
    said = f"{len(there)} wells are excluded by {exclusions.path} and are dropped: "
    lacking = f"{exclusions.path} names {len(absent)} wells without a profile: "
    return [
        *([said + listed(there)] if there else []),
        *([lacking + listed(absent)] if absent else []),
    ]


def no_well_is_left(exclusions: Exclusions, key: PlateKey) -> PlateMapError:
    """Return the error of a plate of which every well is excluded."""
    return PlateMapError(
        f"no well of {key} is left: all that are in the plate map are excluded",
        path=exclusions.path,
        remedy=f"take lines out, or take the plate out with `profiling-assets exclude {key} "
        "--reason ... --workspace ...`",
    )
