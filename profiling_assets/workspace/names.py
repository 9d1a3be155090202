"""Names of batches and plates, and the key that joins them.

Put here: what a name may look like, and the one place that splits a `BATCH/PLATE` key.
Do not put here: paths (`workspace.layout`), well names (`workspace.wells`).
"""

import re
from dataclasses import dataclass

from profiling_assets.errors import InvalidNameError

# A name becomes a folder, a file stem and half of a partition key: no separator, no control
# character, no leading dot or blank, nothing that a shell or a URL would read as another place.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f/\\]")
_MAX_BYTES = 200  # a file name adds a suffix and stays below the 255 bytes of a file system


def name_problem(name: str) -> str | None:
    """Say why a name cannot be used.

    Parameters
    ----------
    name : str
        A batch or plate name, verbatim.

    Returns
    -------
    str or None
        The reason, or None where the name can be used.
    """
    if not name or name != name.strip():
        return "it is empty, or begins or ends with a blank"
    if name.startswith(".") or name in {".", ".."}:
        return "it begins with a dot"
    if _FORBIDDEN.search(name):
        return "it has a path separator or a control character"
    if "..." in name:
        return "it has three dots in a row, with which a range of plates is written"
    if len(name.encode("utf-8", "surrogatepass")) > _MAX_BYTES:
        return f"it is longer than {_MAX_BYTES} bytes"
    return None


def checked_name(name: str, kind: str) -> str:
    """Return the name unchanged, or refuse it.

    Parameters
    ----------
    name : str
        The name, verbatim.
    kind : str
        `batch`, `plate` or `plate map`, for the message.

    Returns
    -------
    str
        The same name.

    Raises
    ------
    InvalidNameError
        Where the name could leave the workspace.
    """
    problem = name_problem(name)
    if problem is not None:
        raise InvalidNameError(
            f"{name!r} cannot be the name of a {kind}: {problem}",
            remedy=f"rename the {kind}; letters, digits, dots, dashes and blanks are fine",
        )
    return name


@dataclass(frozen=True, order=True)
class PlateKey:
    """A plate of a batch; the same plate name may occur in two batches."""

    batch: str
    plate: str

    def __post_init__(self) -> None:
        """Refuse names that could leave the workspace."""
        checked_name(self.batch, "batch")
        checked_name(self.plate, "plate")

    def __str__(self) -> str:
        """Return the partition key, `BATCH/PLATE`."""
        return f"{self.batch}/{self.plate}"

    @classmethod
    def parse(cls, key: str) -> "PlateKey":
        """Split a `BATCH/PLATE` key.

        Parameters
        ----------
        key : str
            The partition key.

        Returns
        -------
        PlateKey
            Its two halves.

        Raises
        ------
        InvalidNameError
            Where it is not two names with one slash between them.
        """
        batch, slash, plate = key.partition("/")
        if not slash:
            raise InvalidNameError(f"{key!r} does not name a plate", remedy="write BATCH/PLATE")
        return cls(batch, plate)
