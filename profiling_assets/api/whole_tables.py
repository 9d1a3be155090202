"""What is done with tables of profiles as wholes: stacked, written as GCT, compared.

Put here: `stack`, `write_gct`, `compare`.
Do not put here: the steps themselves (`profiles.stack`, `profiles.gct`,
`quality.table_differences`).
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from profiling_assets.api.given import File, Table, key_of, table_of, with_wells
from profiling_assets.api.outcome import Compared, WithFrame
from profiling_assets.errors import InvalidInputError, listed
from profiling_assets.profiles.column_kinds import CANONICAL_COMPARTMENTS
from profiling_assets.profiles.gct import gct_bytes, gct_columns
from profiling_assets.profiles.stack import stack_profiles, stack_warnings
from profiling_assets.quality.table_differences import TableDifference, table_difference
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.storage.os_errors import writing


def stack(profiles: Iterable[Table], batch: str) -> WithFrame:
    """Put the profiles of several plates one below the other.

    Source: `concat_dataframes` of cytomining/profiling-recipe; pycytominer has no such function.

    Parameters
    ----------
    profiles : iterable of pandas.DataFrame, str or path
        Profiles of one plate each.
    batch : str
        What becomes the column `Metadata_batch`.

    Returns
    -------
    WithFrame
        All rows, in the order given: the metadata of all plates, `Metadata_batch`, then all other
        columns, in the order of their first appearance. What a plate lacks is empty in its rows,
        which a warning says.

    Raises
    ------
    ProfilingError
        Where there is no table, a file cannot be read, or a plate is there twice.

    Examples
    --------
    >>> pa.stack(["P1_normalized.csv.gz", "P2_normalized.csv.gz"], "BATCH").frame
    """
    frames: dict[PlateKey, pd.DataFrame] = {}
    for number, one in enumerate(profiles, 1):
        frame, path = table_of(one)
        key = key_of(frame, path, f"table {number}")
        if key in frames:
            raise InvalidInputError(
                f"plate {key} is there twice", path=path, remedy="give each plate once"
            )
        frames[key] = frame
    if not frames:
        raise InvalidInputError("there is no table to stack", remedy="give one at least")
    done = stack_profiles(frames, batch)
    return WithFrame(done.frame, stack_warnings(done))


def write_gct(
    profiles: Table,
    output_file: File,
    *,
    compartments: Sequence[str] | None = CANONICAL_COMPARTMENTS,
) -> WithFrame:
    """Write profiles as a GCT file, version 1.3, for Morpheus and other viewers.

    Source: the file is that of pycytominer 1.7.1, `write_gct`, byte by byte, and UTF-8 wherever it
    is written. Format: https://clue.io/connectopedia/gct_format

    Parameters
    ----------
    profiles : pandas.DataFrame, str or path
        One row a sample.
    output_file : str or path
        The file to write; it is replaced where it is there.
    compartments : sequence of str or None, default ("Cells", "Cytoplasm", "Nuclei")
        The tables whose features go into the file; None for every table.

    Returns
    -------
    WithFrame
        What is in the file: `Metadata_*` columns and features. A warning counts what is not.

    Raises
    ------
    ProfilingError
        Where there is no such feature, or the file cannot be written.

    Examples
    --------
    >>> pa.write_gct("BATCH_normalized_feature_select.csv.gz", "BATCH.gct")
    """
    frame, path = table_of(profiles)
    metadata, features = gct_columns(frame, compartments)
    if not features:
        raise InvalidInputError(
            "there is no feature of a compartment, and a GCT file holds no other",
            path=path,
            remedy="set compartments to the tables that the features are of",
        )
    written = frame.loc[:, [*metadata, *features]]
    target = Path(output_file).expanduser()
    with writing(str(output_file), folder=target.parent):
        target.write_bytes(gct_bytes(written))
    lost = frame.shape[1] - written.shape[1]
    return WithFrame(written, (f"{lost} columns are not in the file",) if lost else ())


def compare(a: Table, b: Table, *, tolerance: float = 0.0, largest: int = 10) -> Compared:
    """Say what differs between two tables of profiles.

    Parameters
    ----------
    a, b : pandas.DataFrame, str or path
        One row per well. Where each is of one plate, wells are compared by their names alone, so
        that two plates can be compared.
    tolerance : float, default 0
        The difference that counts as none, as a share of the larger of two values.
    largest : int, default 10
        How many changes are listed.

    Returns
    -------
    Compared
        One row a change, the largest first, in standard deviations of the feature (`spreads`):
        `feature`, `well`, `before`, `after`, `relative`, `spreads`. The warnings say what else
        differs; `.is_empty` whether anything does.

    Raises
    ------
    ProfilingError
        Where a table cannot be read or has no well column.

    Examples
    --------
    >>> pa.compare("old.csv.gz", "new.csv.gz", tolerance=1e-6).is_empty
    """
    one, other = (with_wells(*table_of(table)) for table in (a, b))
    found = table_difference(one, other, tolerance=tolerance, largest=largest)
    names = ["feature", "well", "before", "after", "relative", "spreads"]
    changes = pd.DataFrame(list(map(asdict, found.largest)), columns=pd.Index(names))
    return Compared(changes, tuple(_told(found)), found)


def _told(found: TableDifference) -> Generator[str]:
    for what in ("wells", "features", "metadata"):
        for side in ("a", "b"):
            names: tuple[str, ...] = getattr(found, f"{what}_only_in_{side}")
            if names:
                yield f"{len(names)} {what} only in {side}: {listed(names)}"
    if found.different:
        yield (
            f"{found.different} of {found.wells * found.features} values differ, "
            f"in {found.features_that_differ} features"
        )
    if found.not_finite:
        yield f"{found.not_finite} of them are empty or infinite in one table"
    for change in found.metadata:
        yield (
            f"{change.column} differs in {change.wells} wells, "
            f"first {change.first_well}: {change.before!r}, {change.after!r}"
        )
