"""Check quality control: every plate has its line, every well its place in the pictures.

Put here: what is compared of pictures and summary with the plates and wells they are of.
Do not put here: drawing and counting (`core.quality`).
"""

from collections.abc import Collection, Mapping

from profiling_assets.quality.checks.check import CheckResult, not_passed, some
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.wells import normalized_well

DRAWN = "every_well_drawn"
LINES = "every_plate_has_a_line"


def every_well_drawn(wells: Collection[str], drawn: Collection[str]) -> CheckResult:
    """Compare the wells of pictures with those of the profiles that they show.

    Parameters
    ----------
    wells : collection of str
        Wells of the profiles.
    drawn : collection of str
        Wells with a value for the pictures.

    Returns
    -------
    CheckResult
        A warning: nothing is made from a picture. A name that is no well of a plate (A01 to AF48)
        has no place in it.
    """
    there = {normalized_well(well) or well for well in wells}
    shown = {name for well in drawn if (name := normalized_well(well)) is not None}
    lost, new = sorted(there - shown), sorted(shown - there)
    numbers = {"wells_of_profiles": len(there), "wells_drawn": len(shown)}
    if not lost and not new:
        return CheckResult(DRAWN, numbers=numbers)
    parts = [
        *([f"wells with a profile are not drawn: {some(lost)}"] if lost else []),
        *([f"wells are drawn that have no profile: {some(new)}"] if new else []),
    ]
    remedy = (
        "write wells as A01 to AF48, in Image.csv (or the load data) as in the plate map; where "
        "they are written so, please report this with the plate's log"
    )
    return not_passed(DRAWN, "; ".join(parts), remedy, numbers)


def every_plate_has_a_line(
    plates: Collection[PlateKey], lines: Collection[PlateKey], reasons: Mapping[PlateKey, str]
) -> CheckResult:
    """Check that each plate of a batch has one line in the summary.

    Parameters
    ----------
    plates : collection of PlateKey
        The plates that should have one: those of the batch that are not excluded.
    lines : collection of PlateKey
        The lines of the batch, as often as they are in the summary.
    reasons : mapping of PlateKey to str
        Why a plate has none, where its own record tells.

    Returns
    -------
    CheckResult
        A warning: nothing is made from the summary.
    """
    have = list(lines)
    lacking = sorted(set(plates) - set(have))
    twice = sorted({key for key in have if have.count(key) > 1})
    numbers = {"plates_expected": len(set(plates)), "lines": len(have)}
    told = [f"{key} ({reasons[key]})" if reasons.get(key) else str(key) for key in lacking]
    parts = [
        *([f"plates have no line: {some(told)}"] if told else []),
        *([f"plates have more than one line: {some(twice)}"] if twice else []),
    ]
    if not parts:
        return CheckResult(LINES, numbers=numbers)
    remedy = (
        "bring the load data of these plates and build again, or take out the lines that "
        "another program wrote twice"
    )
    return not_passed(LINES, "; ".join(parts), remedy, numbers)
