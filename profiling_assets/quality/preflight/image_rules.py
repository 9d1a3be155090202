"""Rules about a plate's Image files: which cannot be read, and who their sites are.

Put here: findings from a look into Image files.
Do not put here: the looking (`collate.image_look`), what names alone tell (`plate_rules`).
"""

from collections.abc import Iterator

from profiling_assets.collate.image_csv import remedy_of, well_remedy
from profiling_assets.collate.image_look import ImageLook
from profiling_assets.errors import listed
from profiling_assets.quality.preflight.facts import PreflightFacts
from profiling_assets.quality.preflight.finding import Finding, Severity
from profiling_assets.quality.preflight.rule_names import IMAGES


def image_files(plate: PreflightFacts) -> Iterator[Finding]:
    """Find Image files that cannot be used, and sites that nothing tells or that are repeated."""
    look = plate.images
    if look is None or not plate.wanted.collate:
        return
    yield from _unusable(plate, look)
    if look.rows and look.without_well == look.rows:
        rows = "none of the Image rows" if look.whole else "no Image row that was looked at"
        what = f"{rows} names its well, nor does a folder's name"
        # of folders that were not looked at, nothing is known
        yield _finding(plate, what, well_remedy(look.like_wells), error=look.whole)
    if look.plates and not plate.config.collate.split_plates:
        what = f"Image.csv has rows of {len(look.plates)} plates: {listed(look.plates)}"
        remedy = (
            "set collate.split_plates: true, so that the plate takes its own rows, and give each "
            "other plate a folder with the same files; or mend Metadata_Plate in Image.csv"
        )
        yield _finding(plate, what, remedy, error=True)
    some = "" if look.whole else "of the Image.csv files that were looked at, "
    if look.repeated is not None:
        what, remedy = look.repeated
        strict = plate.config.collate.on_repeated_site == "fail"
        yield _finding(plate, some + what, remedy, error=strict)
    for what in look.warnings:
        yield _finding(plate, some + what, "see whether that is meant: what Image.csv says counts")


def _unusable(plate: PreflightFacts, look: ImageLook) -> Iterator[Finding]:
    if not look.defects:
        return
    folder, reason = next(iter(look.defects.items()))
    all_of_them = len(look.defects) == look.looked
    strict = plate.config.collate.on_defective_site == "fail"
    what = (
        f"none of {look.looked} Image.csv files can be used: {reason}"
        if all_of_them
        else f"{len(look.defects)} of {look.looked} Image.csv files cannot be used, and their "
        f"sites are left out: {listed(look.defects)}; {folder}: {reason}"
    )
    yield _finding(plate, what, remedy_of(reason), error=all_of_them or strict)


def _finding(plate: PreflightFacts, what: str, remedy: str, *, error: bool = False) -> Finding:
    severity = Severity.ERROR if error else Severity.WARNING
    return Finding(severity, IMAGES, what, plate.source_path, remedy, plate.scope)
