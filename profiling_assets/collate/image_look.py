"""What Image files tell before a plate is collated: which cannot be read, and who their sites are.

Put here: looks at headers and at some whole files, by the functions that the pass reads them with.
Do not put here: which files are looked at (`steps.preflight`), the findings
(`quality.preflight`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from profiling_assets.collate.block import places_of
from profiling_assets.collate.columns import lay_out
from profiling_assets.collate.file_defect import FileDefect
from profiling_assets.collate.header import read_header
from profiling_assets.collate.image_csv import (
    ImageRows,
    image_header_problem,
    like_wells,
    read_image,
)
from profiling_assets.collate.options import CollateOptions
from profiling_assets.collate.repeats import Repeats
from profiling_assets.workspace.site_folder import IMAGE, SiteFolder, site_files
from profiling_assets.workspace.sites import parse_site_folder

_MOST_BYTES = 64 * 1024 * 1024  # of a file that is read for its sites


@dataclass(frozen=True)
class ImageLook:
    """What was found in Image files."""

    looked: int = 0  # files whose header was read
    # folder to why its file cannot be used
    defects: Mapping[str, str] = field(default_factory=dict[str, str])
    whole: bool = False  # whether every file was read for its sites, and not only some
    rows: int = 0  # of the files that were read for their sites
    without_well: int = 0  # of these rows
    like_wells: tuple[str, ...] = ()  # columns that may hold the well
    # plates that the rows name, where they are several and none is left out
    plates: tuple[str, ...] = ()
    # which sites are there more than once, and what can be done; None where none is
    repeated: tuple[str, str] | None = None
    warnings: tuple[str, ...] = ()  # sentences about what is odd of the sites


def header_problems(folders: Iterable[SiteFolder]) -> tuple[int, dict[str, str]]:
    """Read the header of each folder's Image file.

    Returns how many there are, and of which folder the file cannot be used, and why.
    """
    looked, problems = 0, dict[str, str]()
    for folder in folders:
        file = site_files(folder).image
        if file is None or folder.files[file] == 0:
            continue
        looked += 1
        header = read_header(folder.head(file))
        problem = f"{file} has no header" if header is None else image_header_problem(header, file)
        if problem is not None:
            problems[folder.name] = problem
    return looked, problems


def look_at_sites(
    folders: Sequence[SiteFolder], plate: str, options: CollateOptions, *, whole: bool
) -> ImageLook:
    """Read Image files for the sites that they name.

    `whole`: whether these are all folders of the plate.
    """
    rows = ImageRows(
        plate, options.plate_column_from, options.well_column, split=options.split_plates
    )
    repeats = Repeats(options.strata)
    plates, columns = dict[str, None](), dict[str, None]()
    count = without_well = 0
    defects = dict[str, str]()
    for folder in sorted(folders, key=lambda folder: folder.name):
        file = site_files(folder).image
        if file is None or not 0 < folder.files[file] <= _MOST_BYTES:
            whole = False
            continue
        image = read_image(folder.read(file), file, only=_tells_the_site(options))
        if isinstance(image, FileDefect):
            defects[folder.name] = image.reason
            continue
        table = lay_out({IMAGE: [image.names]})[IMAGE]
        places = places_of(table, image.names) or ()
        columns |= dict.fromkeys(image.names)
        for row in rows.lay_out(image, table, places, parse_site_folder(folder.name, plate)):
            if options.split_plates and row.plate != plate:
                continue
            count += 1
            without_well += not row.well
            plates.setdefault(row.plate)
            if row.well:
                repeats.earlier(folder.name, row.plate, row.well, row.site, row.text)
    return ImageLook(
        defects=defects,
        whole=whole,
        rows=count,
        without_well=without_well,
        like_wells=like_wells(columns, options.well_column),
        plates=tuple(sorted(plates)) if len(plates) > 1 else (),
        repeated=repeats.told(options.on_repeated_site),
        warnings=(*rows.disagreements(), *(() if len(plates) > 1 else rows.other_plates())),
    )


def _tells_the_site(options: CollateOptions) -> Callable[[str], bool]:
    named = {
        name.lower()
        for name in (options.plate_column_from, options.well_column, *options.strata)
        if name is not None
    }
    return lambda name: name.lower().startswith("metadata_") or name.lower() in named
