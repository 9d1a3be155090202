"""Check that a GCT file says what the stacked profiles say.

Put here: the file's lines and fields, as a viewer counts them, against the table.
Do not put here: writing the file (`core.gct`), rows of tables (`rows`).
"""

import io

from profiling_assets.core.checks.verdict import CheckResult, not_passed, some

GCT = "gct_is_whole"

_HEAD = 3  # version, dimensions, names of samples
_REPORT = "this is a defect of this package: please report it with the batch's log"


def gct_is_whole(text: bytes, *, samples: int, features: int, descriptions: int) -> CheckResult:
    """Compare a GCT file with the table that it was made from.

    Parameters
    ----------
    text : bytes
        The file.
    samples, features, descriptions : int
        Rows of the table, its features, its metadata columns.

    Returns
    -------
    CheckResult
        Blocking where the dimensions that the file names are not those of the table, or a line is
        absent. A line of another length is a warning: viewers split at tabs and line ends alone,
        and a metadata value that holds one shifts what follows it.
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
            f"the file names {named} and has {lines} lines; the stacked profiles make it {told} "
            f"(features, samples, feature and sample descriptions) and {expected} lines"
        )
        return not_passed(GCT, what, _REPORT, numbers, blocking=True)
    if wrong or lines > expected:
        what = f"lines with more or fewer than {whole} fields: {len(wrong)} ({some(wrong)})"
        remedy = (
            "take tabs and line breaks out of the values of the plate map and the external "
            "metadata: viewers of GCT files read them as ends of fields"
        )
        return not_passed(GCT, what, remedy, numbers)
    return CheckResult(GCT, numbers=numbers)
