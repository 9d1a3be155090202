"""One line a plate: wells, images a site, sites a well, as the recipe's summary.tsv has them.

Put here: what is counted of a plate's load data (or what there is in its place), and the table of
all plates.
Do not put here: finding the load data (`steps.plate_sites`), writing under a condition.
Source: `pipeline_quality_control` of cytomining/profiling-recipe.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from profiling_assets.errors import InvalidInputError
from profiling_assets.workspace.compression import unpacked
from profiling_assets.workspace.file_kind import refuse_foreign
from profiling_assets.workspace.load_data import is_parquet, parquet_rows
from profiling_assets.workspace.names import PlateKey, normalized_well, well_position

COLUMNS = (
    "Batch_Name",
    "Plate_Name",
    "Well_Count",
    "Images_per_site",
    "Sites_per_well_Median",
    "Sites_per_well_mad",
)
_PLATE, _WELL, _SITE = "Metadata_Plate", "Metadata_Well", "Metadata_Site"
_IMAGE, _ILLUMINATION = "FileName", "FileName_Illum"


@dataclass(frozen=True)
class PlateSites:
    """The line of one plate."""

    wells: int  # wells with a site
    # images that the microscope took of a site; None where nothing tells
    images_per_site: int | None
    sites_median: float  # median of the sites a well
    sites_mad: float  # mean absolute deviation of the sites a well from their mean


def sites_of_wells(sites: Sequence[float], images_per_site: int | None) -> PlateSites:
    """Describe a plate by the number of sites of each well.

    `sites`: sites of each well; at least one well. The mean absolute deviation is that of
    `Series.mad`, as pandas had it before version 2.
    """
    counts = np.asarray(sites, dtype=np.float64)
    return PlateSites(
        wells=len(counts),
        images_per_site=images_per_site,
        sites_median=float(np.median(counts)),
        sites_mad=float(np.abs(counts - counts.mean()).mean()),
    )


def image_columns(names: Iterable[str]) -> int:
    """Count the image columns of load data or of an Image table.

    Those that begin with `FileName`, without illumination functions (`FileName_Illum*`), which no
    microscope took.
    """
    return sum(n.startswith(_IMAGE) and not n.startswith(_ILLUMINATION) for n in names)


def sites_of_load_data(data: bytes, *, path: str, plate: str, row: str, column: str) -> PlateSites:
    """Describe a plate by its load data.

    `plate`: the plate; where the file has rows of several plates, its rows alone count. `row,
    column`: columns with row and column of the well (`quality_control.summary.row` and `.column`).
    Where one of them is absent or empty, both come from `Metadata_Well`. Rows with a site are
    counted for each (row, column). Raises `InvalidInputError` where the file cannot be read, or
    names no site of this plate.
    """
    wanted = (_PLATE, _WELL, _SITE, row, column)
    names, read, lines = _load_data(data, path, wanted)
    at = {name: place for place, name in reversed(list(enumerate(read)))}
    if _SITE not in at or not ({row, column} <= at.keys() or _WELL in at):
        raise InvalidInputError(
            f"it lacks {_SITE}, or the well ({row} and {column}, or {_WELL})",
            path=path,
            remedy="add the columns, or name those of row and column in quality_control.summary",
        )
    sites = [
        {name: line[place].strip() if place < len(line) else "" for name, place in at.items()}
        for line in lines
    ]
    if len({site.get(_PLATE, "") for site in sites} - {""}) > 1:
        sites = [site for site in sites if site[_PLATE] == plate]
    sites = [site for site in sites if site[_SITE]]
    told = all(site.get(row) and site.get(column) for site in sites)
    places = [
        (site[row], site[column]) if told or _WELL not in at else _place(site[_WELL])
        for site in sites
    ]
    counts = Counter(place for place in places if all(place))
    if not counts:
        raise InvalidInputError(
            f"it names no site of plate {plate}",
            path=path,
            remedy="put the load data of the plate there, or remove the file",
        )
    return sites_of_wells(list(counts.values()), image_columns(names))


def _place(name: str) -> tuple[object, ...]:
    well = normalized_well(name)
    return (name,) if well is None else well_position(well)


def _load_data(
    data: bytes, path: str, wanted: Collection[str]
) -> tuple[Sequence[str], Sequence[str], Sequence[Sequence[str]]]:
    """Return the names of all columns, those that were read, and the rows of these."""
    if is_parquet(data):
        return parquet_rows(data, wanted, path=path)
    content = unpacked(data, path=path)
    refuse_foreign(content, path)
    try:
        # newline=None: a CR alone ends a line too (files of old Mac programs)
        text = io.StringIO(content.decode("utf-8-sig"), newline=None)
        header = text.readline()
        text.seek(0)
        tabs = "\t" in header and "," not in header
        lines = list(csv.reader(text, delimiter="\t" if tabs else ","))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError(
            f"it cannot be read as CSV: {error}",
            path=path,
            remedy="save it as CSV in UTF-8, or remove the file",
        ) from error
    names = [name.strip() for name in lines[0]] if lines else []
    return names, names, lines[1:]


def summary_row(key: PlateKey, sites: PlateSites) -> dict[str, str]:
    """Write a plate's line as the recipe writes it.

    Column to text; the median cut to a whole number, the deviation with three decimals; empty where
    it is not known how many images a site has.
    """
    images = "" if sites.images_per_site is None else str(sites.images_per_site)
    cells = (
        key.batch,
        key.plate,
        str(sites.wells),
        images,
        str(int(sites.sites_median)),
        f"{sites.sites_mad:.3f}",
    )
    return dict(zip(COLUMNS, cells, strict=True))


def summary_table(
    standing: pd.DataFrame | None,
    rows: Mapping[PlateKey, Mapping[str, str]],
    excluded: Collection[PlateKey],
) -> pd.DataFrame:
    """Put the lines of all plates together.

    `standing`: the table that stands, as text: its lines stay where no record of the plate is
    given, so that what the recipe wrote of other plates is not lost. Text, in the recipe's columns
    (further columns of the standing table follow), sorted by batch and plate.
    """
    lines: dict[tuple[str, str], Mapping[str, str]] = {}
    further: list[str] = []
    if standing is not None:
        further = [name for name in map(str, standing.columns) if name not in COLUMNS]
        for line in cast("list[dict[str, str]]", standing.to_dict("records")):
            lines[line[COLUMNS[0]], line[COLUMNS[1]]] = line
    lines |= {(key.batch, key.plate): row for key, row in rows.items()}
    for key in excluded:
        lines.pop((key.batch, key.plate), None)
    names = [*COLUMNS, *further]
    table = [[line.get(name, "") for name in names] for _, line in sorted(lines.items())]
    return pd.DataFrame(table, columns=pd.Index(names), dtype=str)
