"""What a pass over a plate must know beforehand, and what it hands back.

Put here: the plan of a pass, and what folder names alone tell.
Do not put here: the pass (`collate.plate_pass`), headers (`collate.columns`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from profiling_assets.collate.column_types import ColumnTypes, TextColumns
from profiling_assets.collate.columns import Survey
from profiling_assets.workspace.ledger import SiteRecord
from profiling_assets.workspace.site_folder import IMAGE, SiteFolder, site_files
from profiling_assets.workspace.sites import parse_site_folder


@dataclass(frozen=True)
class Plan:
    """What a pass must know beforehand.

    Attributes
    ----------
    survey : Survey
        Tables and columns.
    text : mapping of str to frozenset of str
        Object columns that hold text.
    scattered : bool
        Whether the sites of a well may lie apart in the order of folders, so that a well is
        complete only at the end.
    """

    survey: Survey
    text: TextColumns = field(default_factory=dict[str, frozenset[str]])
    scattered: bool = False


@dataclass
class PassResult:
    """What a pass found, beside what it wrote.

    Attributes
    ----------
    survey : Survey
        The headers, those that turned up in the pass among them.
    records : list of SiteRecord
        The site ledger.
    warnings : list of str
        Sentences for the user.
    rows : dict of str to int
        Table to rows written.
    better : Plan or None
        What to repeat the pass with; None where it holds.
    """

    survey: Survey
    records: list[SiteRecord] = field(default_factory=list[SiteRecord])
    warnings: list[str] = field(default_factory=list[str])
    rows: dict[str, int] = field(default_factory=dict[str, int])
    better: Plan | None = None


def lies_scattered(plate: str, folders: Sequence[SiteFolder]) -> bool:
    """Tell whether folder names leave open where the sites of a well end.

    Parameters
    ----------
    plate : str
        The plate's name.
    folders : sequence of SiteFolder
        In sorted order.

    Returns
    -------
    bool
        True where the name of a folder with an Image file tells no well.
    """
    return any(
        parse_site_folder(folder.name, plate).well is None
        for folder in folders
        if site_files(folder).image is not None
    )


def last_of_well(plate: str, folders: Sequence[SiteFolder]) -> list[int]:
    """Return for each folder the place of the last folder of its well."""
    wells = [parse_site_folder(folder.name, plate).well for folder in folders]
    last = {well: at for at, well in enumerate(wells)}
    return [last[well] for well in wells]


def text_columns(types: ColumnTypes, survey: Survey) -> Mapping[str, list[str]]:
    """Return the object columns that hold text, by table."""
    return {
        table: [layout.columns[place] for place in sorted(types.text(table))]
        for table, layout in survey.tables.items()
        if table != IMAGE
    }


def scratch_folder(sqlite_file: Path | None, parquet_folder: Path | None) -> Path | None:
    """Return where temporary files may lie: beside the results, which have room for the data."""
    return sqlite_file.parent if sqlite_file is not None else parquet_folder
