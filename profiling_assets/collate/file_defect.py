"""Why a file of a site cannot be used.

Put here: what a reader returns instead of a file's rows, and checks that every reader makes.
Do not put here: what becomes of the site (`site`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from profiling_assets.errors import listed
from profiling_assets.workspace.compression import is_packed
from profiling_assets.workspace.file_kind import HEAD_BYTES, foreign_kind
from profiling_assets.workspace.ledger import SiteState

_LINE_ENDS = (b"\n", b"\r")


@dataclass(frozen=True)
class FileDefect:
    """A file that cannot be used."""

    state: SiteState  # what its site is for it: truncated, empty, ragged or unreadable
    reason: str  # a sentence that begins with the file's name
    rows: int = 0  # data lines that are there nevertheless


def count_lines(body: bytes) -> int:
    """Count the data lines that are not blank, whatever is in them."""
    return sum(1 for line in body.splitlines() if line.strip())


def bytes_defect(data: bytes, file: str, state: SiteState) -> FileDefect | None:
    """Refuse bytes that are no text; None where they may be a CSV.

    `state`: the state for a file that is not empty.
    """
    if not data or data.isspace():
        return FileDefect(SiteState.EMPTY, f"{file} is empty")
    if is_packed(data):
        return FileDefect(SiteState.TRUNCATED, f"{file}, a gzipped file, is cut off or damaged")
    kind = foreign_kind(data[:HEAD_BYTES])
    if kind is None and b"\0" not in data:
        return None
    reason = f"{file} has NUL bytes: it is damaged, or not UTF-8 text"
    if kind is not None:
        reason = f"{file} is {kind.what}: {kind.remedy}"
    return FileDefect(state, reason, max(count_lines(data.replace(b"\0", b"")) - 1, 0))


def unequal_defect(names: Iterable[str], rows: int, file: str, state: SiteState) -> FileDefect:
    """Refuse columns of one name with different values."""
    what = f"{file} has columns of one name with different values: {listed(list(names))}"
    return FileDefect(state, what, rows)


def width_defect(
    rows: Sequence[Sequence[str]], width: int, body: bytes, file: str
) -> FileDefect | None:
    """Refuse rows with too few or too many fields; blank ones are not given.

    The file is truncated where only the last line is short and has no line end, as of a file whose
    writer was killed; else ragged.
    """
    wrong = [number for number, row in enumerate(rows, start=1) if len(row) != width]
    if not wrong:
        return None
    number, fields = wrong[0], len(rows[wrong[0] - 1])
    cut = not body.endswith(_LINE_ENDS) and wrong == [len(rows)] and fields < width
    state = SiteState.TRUNCATED if cut else SiteState.RAGGED
    what = "is cut off in" if cut else "has the wrong number of fields in"
    reason = f"{file} {what} data row {number}: {fields} fields, the header has {width}"
    return FileDefect(state, reason, count_lines(body))


def end_note(body: bytes, file: str) -> str:
    """Return a remark where the last line lacks its line end; some tools write such files."""
    return "" if body.endswith(_LINE_ENDS) else f"{file} has no line end after its last row"
