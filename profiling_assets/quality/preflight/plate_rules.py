"""Rules about one plate's measurements: what it starts from, its sites, its tables.

Put here: what names, sizes and a few headers tell.
Do not put here: plate maps (`plate_map_rules`), the looking (`steps.preflight`).
"""

from collections.abc import Iterator

from profiling_assets.collate.columns import absent_categories
from profiling_assets.collate.table_choice import checked_choice
from profiling_assets.errors import InvalidInputError, listed
from profiling_assets.quality.preflight.facts import ForeignFiles, PreflightFacts
from profiling_assets.quality.preflight.finding import (
    Finding,
    Severity,
    config_place,
    counted,
    of_error,
)
from profiling_assets.quality.preflight.rule_names import (
    CATEGORIES,
    COMPARTMENTS,
    IMAGE_COLUMNS,
    SITES,
    SOURCE,
    TWICE,
    WIDTH,
)
from profiling_assets.workspace.completeness import PlateCompleteness


def source(plate: PreflightFacts) -> Iterator[Finding]:
    """Find a plate that has nothing to start from, or that cannot be read."""
    if plate.source_error is not None:
        remedy = (
            "give this user the right to read it, or take the plate out: "
            f"`profiling-assets exclude {plate.key} --reason ... --workspace ...`"
        )
        yield of_error(
            SOURCE, plate.source_error, where=plate.source_path, remedy=remedy, scope=plate.scope
        )
    for note in plate.source_notes if plate.wanted.collate else ():
        remedy = "name the file that holds the plate's cells PLATE.sqlite or PLATE.parquet, and "
        remedy += "move the others away, if that is not meant"
        yield _warning(SOURCE, note, plate.source_path, remedy, plate)


def sites(plate: PreflightFacts) -> Iterator[Finding]:
    """Compare expected and found sites, and find those that names show to be defective."""
    if plate.load_data_error is not None:
        error = plate.load_data_error
        what = f"its load data cannot be used, which it can be built without: {error.what}"
        remedy = error.remedy or "mend the file"
        yield _warning(SITES, what, error.path or plate.source_path, remedy, plate)
    look = plate.completeness
    if look is None or not plate.wanted.collate:
        return
    where = plate.source_path
    again = _again(plate)
    if plate.foreign is not None:
        yield _foreign(plate, plate.foreign)
    if look.missing:
        named = listed([f"{site.well} site {site.site}" for site in look.missing])
        what = (
            f"{len(look.missing)} of the {counted(look.expected or 0, 'site')} that the load data "
            f"names missing: {named}"
        )
        remedy = f"{again} on them again, or go on: they are left out and named in the ledger"
        yield _warning(SITES, what, plate.load_data_path or where, remedy, plate)
    if look.unexpected:
        what = f"{counted(len(look.unexpected), 'folder')} of sites that the load data does not "
        what += f"name: {listed(look.unexpected)}"
        remedy = "mend the load data, or take the folders away; else they are used"
        yield _warning(SITES, what, where, remedy, plate)
    if look.without_image:
        what = f"{counted(len(look.without_image), 'folder')} without an Image.csv: "
        what += listed(look.without_image)
        remedy = f"{again} on these sites again; else they are left out"
        yield _warning(SITES, what, where, remedy, plate)
    yield from _defective(plate, look)


def _again(plate: PreflightFacts) -> str:
    """Begin a remedy: nobody is to run CellProfiler again while its files lie there unread."""
    if any(entry.unread for entry in plate.unread):
        return "mend what is said of input that is not used (unread_input), or run CellProfiler"
    return "run CellProfiler"


def _foreign(plate: PreflightFacts, found: ForeignFiles) -> Finding:
    what = f"it is {found.what}"
    if found.small > 1:
        what += f"; {found.small} tables of the plate are as small as that"
    return _warning(SITES, what, found.path, found.remedy, plate)


def _defective(plate: PreflightFacts, look: PlateCompleteness) -> Iterator[Finding]:
    strict = plate.config.collate.on_defective_site == "fail"
    severity = Severity.ERROR if strict else Severity.WARNING
    remedy = f"{_again(plate)} on these sites again" + (
        ", or set collate.on_defective_site: drop"
        if strict
        else "; else their objects are left out, and the ledger says so"
    )
    if look.lacking:
        what = f"{counted(len(look.lacking), 'site')} without a table that most sites have: "
        what += listed(look.lacking)
        yield Finding(severity, SITES, what, plate.source_path, remedy, plate.scope)
    empty = [file for file in look.empty if file.partition("/")[0] not in look.lacking]
    if empty:
        what = f"{counted(len(empty), 'CSV file')} of 0 bytes: {listed(empty)}"
        yield Finding(severity, SITES, what, plate.source_path, remedy, plate.scope)


def sites_twice(plate: PreflightFacts) -> Iterator[Finding]:
    """Find folders that hold a site which another folder holds too."""
    if plate.completeness is not None and plate.wanted.collate and plate.completeness.repeated:
        what = repeated_warning(plate.completeness.repeated)
        yield _warning(TWICE, what, plate.source_path, "keep one folder for each site", plate)


def repeated_warning(folders: tuple[str, ...]) -> str:
    """Say that folders hold a site that another folder holds too."""
    return (
        f"{len(folders)} folders hold a site that another folder holds too, and both are counted "
        f"in its well: {listed(folders)}"
    )


def compartments(plate: PreflightFacts) -> Iterator[Finding]:
    """Compare the config's compartments with the tables that CellProfiler wrote."""
    if plate.no_object_table and plate.wanted.collate:
        whole = plate.images is not None and plate.images.whole
        yield Finding(
            Severity.ERROR if whole else Severity.WARNING,
            COMPARTMENTS,
            "no object table of the sites that were looked at can be used: there is none, a column "
            "ImageNumber or ObjectNumber is absent, or a header has a name twice",
            plate.source_path,
            "put the tables there as CellProfiler's ExportToSpreadsheet writes them; where a site "
            "has one object.csv of all compartments, set collate.munge: true",
            plate.scope,
        )
    if plate.tables is None or not plate.tables.sites or not plate.wanted.collate:
        return
    where = config_place(plate.config, "compartments")
    try:
        _, warnings = checked_choice(plate.tables, plate.config.compartments, plate.source_path)
    except InvalidInputError as error:
        yield of_error(COMPARTMENTS, error, where=where, remedy="", scope=plate.scope)
        return
    remedy = f"name in compartments the tables that are wanted: {', '.join(plate.tables.sites)}"
    for warning in warnings:
        yield _warning(COMPARTMENTS, warning, where, remedy, plate)


def image_columns(plate: PreflightFacts) -> Iterator[Finding]:
    """Find strata that no Image.csv has as a column."""
    rules = plate.config.aggregation
    if not plate.image_columns or not plate.wanted.collate:
        return
    there = {name.removeprefix("Image_").lower() for name in plate.image_columns}
    named = (
        ("plate_column", rules.plate_column),
        ("well_column", rules.well_column),
        ("site_column", rules.site_column),
        *(("strata", name) for name in rules.strata),
    )
    for key, name in named:
        if name is not None and name.removeprefix("Image_").lower() not in there:
            yield Finding(
                Severity.ERROR,
                IMAGE_COLUMNS,
                f"no Image.csv has a column {name} (aggregate.{key})",
                config_place(plate.config, f"aggregate.{key}"),
                f"correct aggregate.{key}; see the header of an Image.csv in {plate.source_path}",
                plate.scope,
            )


def image_features(plate: PreflightFacts) -> Iterator[Finding]:
    """Find image feature categories that no Image.csv has."""
    if not plate.image_columns or not plate.wanted.collate:
        return
    rules = plate.config.aggregation
    absent = absent_categories(plate.image_columns, rules.image_feature_categories)
    if not absent:
        return
    section = "aggregate" if plate.config.aggregate.perform else "collate"
    what = (
        f"no Image.csv has features of the categories {', '.join(absent)}, which the config "
        "asks for (image_feature_categories); the profiles come out without them"
    )
    where = config_place(plate.config, f"{section}.image_feature_categories")
    remedy = f"take them out of {section}.image_feature_categories in the config, or go on"
    yield _warning(CATEGORIES, what, where, remedy, plate)


def table_width(plate: PreflightFacts) -> Iterator[Finding]:
    """Find tables that are wider than SQLite can hold."""
    if plate.too_wide and plate.wanted.collate:
        what = f"there will be no SQLite backend: {plate.too_wide}"
        remedy = "set collate.backend: parquet; the profiles are the same"
        yield Finding(Severity.ERROR, WIDTH, what, plate.source_path, remedy, plate.scope)


def _warning(rule: str, what: str, where: str, remedy: str, plate: PreflightFacts) -> Finding:
    return Finding(Severity.WARNING, rule, what, where, remedy, plate.scope)
