"""`profiling-assets diff`: what differs between two results.

Put here: the command and its lines.
Do not put here: which files are compared (`steps.differences`), comparing
(`quality.table_differences`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from profiling_assets.errors import MissingInputError, listed

if TYPE_CHECKING:  # pandas takes a second to import
    from profiling_assets.quality.table_differences import (
        LinesDifference,
        MetadataChange,
        TableDifference,
        ValueChange,
    )
    from profiling_assets.steps.differences import FileDifference, Side

_NAMED = 10  # wells, columns or lines that are written out


@click.command("diff")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "--tolerance",
    type=click.FloatRange(0, 2),
    default=0.0,
    metavar="SHARE",
    help="Values whose difference is at most this share of the larger one count as close.",
)
@click.option(
    "--largest",
    type=click.IntRange(0),
    default=10,
    metavar="N",
    help="Name the N largest changes of a table; 10 by default.",
)
def command(a: str, b: str, tolerance: float, largest: int) -> int:
    """Say what differs between the results A and B.

    Each is a profile, or the folder of a plate, of a batch or of a workspace, on this machine or on
    S3. Files of the same name are compared well by well. Exit code 0 if nothing differs, 1 if
    something does.
    """
    from profiling_assets.steps.differences import differences, open_side

    sides = open_side(a), open_side(b)
    equal, differs = 0, 0
    for found in differences(*sides, tolerance=tolerance, largest=largest):
        equal += found.found.is_empty
        differs += not found.found.is_empty
        for line in _lines(found):
            click.echo(line)
    alone = [*_alone("A", *sides), *_alone("B", sides[1], sides[0])]
    if not equal + differs:
        raise MissingInputError(
            f"no file has the same name in both: A has {_named(sides[0].files.values())}; "
            f"B has {_named(sides[1].files.values())}",
            path=a,
            remedy="compare two files, two plates' folders, two batches' or two workspaces",
        )
    for line in alone:
        click.echo(line)
    click.echo(f"{equal} files equal, {differs} different, {len(alone)} in one of the two only")
    return 1 if differs or alone else 0


def _alone(which: str, side: Side, other: Side) -> list[str]:
    return [
        f"only in {which}: {path}" for name, path in side.files.items() if name not in other.files
    ]


def _lines(found: FileDifference) -> Iterator[str]:
    from profiling_assets.quality.table_differences import LinesDifference

    difference = found.found
    if difference.is_empty and not found.origins and not _notes(difference):
        return
    yield f"{found.name}:"
    told = (
        _line_lines(difference)
        if isinstance(difference, LinesDifference)
        else _table_lines(difference)
    )
    for line in told:
        yield f"  {line}"
    for origin in found.origins:
        yield f"  made from: {origin}"


def _notes(difference: TableDifference | LinesDifference) -> bool:
    from profiling_assets.quality.table_differences import TableDifference

    return isinstance(difference, TableDifference) and bool(
        difference.close or difference.reordered
    )


def _line_lines(found: LinesDifference) -> Iterator[str]:
    for which, lines in (("A", found.only_in_a), ("B", found.only_in_b)):
        for line in lines[:_NAMED]:
            yield f"only in {which}: {' | '.join(line.split(chr(9)))}"
        if len(lines) > _NAMED:
            yield f"only in {which}: {len(lines) - _NAMED} more lines"


def _table_lines(found: TableDifference) -> Iterator[str]:
    for what, in_a, in_b in (
        ("wells", found.wells_only_in_a, found.wells_only_in_b),
        ("features", found.features_only_in_a, found.features_only_in_b),
        ("metadata columns", found.metadata_only_in_a, found.metadata_only_in_b),
    ):
        for which, names in (("A", in_a), ("B", in_b)):
            if names:
                yield f"{what} only in {which}: {len(names)}: {_named(names)}"
    total = found.equal + found.close + found.different
    yield (
        f"{total} values of {found.wells} wells and {found.features} features: "
        f"{found.equal} equal, {found.close} close, {found.different} different"
        + (f" (in {found.features_that_differ} features)" if found.different else "")
    )
    for change in found.largest:
        yield _change(change)
    if found.not_finite:
        yield f"{found.not_finite} of them are empty or infinite in one of the tables"
    for change in found.first_not_finite:
        yield _values(change)
    for change in found.metadata:
        yield _metadata(change)
    if found.reordered:
        yield "rows or columns stand in another order"


def _change(change: ValueChange) -> str:
    return f"{_values(change)} ({change.relative:.2%}, {change.spreads:.3g} standard deviations)"


def _values(change: ValueChange) -> str:
    return f"{change.feature} {change.well}: {_text(change.before)} -> {_text(change.after)}"


def _text(value: float) -> str:
    return "empty" if math.isnan(value) else f"{value:.6g}"


def _metadata(change: MetadataChange) -> str:
    return (
        f"{change.column} differs in {change.wells} wells, first in {change.first_well}: "
        f"{change.before!r} -> {change.after!r}"
    )


def _named(names: Iterable[str]) -> str:
    return listed(names, shown=_NAMED)
