"""A publication in words, for the command line and for the log of a job.

Put here: the lines that are printed.
Do not put here: what they are about (`publish.wish`), printing.
"""

from collections.abc import Iterable, Iterator

from profiling_assets.publish.wish import Published
from profiling_assets.workspace.public_files import Stays
from profiling_assets.workspace.sync import Compared

_SHOWN = 5


def copied_line(one: Compared, *, dry_run: bool) -> str | None:
    """Say that a file was copied, or would be; None where it is the same."""
    if not one.differs:
        return None
    verb = "would publish" if dry_run else "published"
    source, target = one.transfer.source, one.transfer.target
    origin = "" if source == target else f" (from {source})"
    return f"{verb} {target}{origin}, {one.size:,} bytes"


def lines_of(done: Published, *, dry_run: bool) -> Iterator[str]:
    """Tell a publication, after its files.

    Parameters
    ----------
    done : Published
        The publication.
    dry_run : bool
        Whether it was a look only; then every file that stays is named.

    Yields
    ------
    str
        A line.
    """
    yield from _staying(done, every=dry_run)
    yield from _named("kept, though not published now", done.gone, every=dry_run)
    for one in done.large:
        yield f"large: {one.path}, {one.size:,} bytes; Git LFS is the place for it"
    for note in done.notes:
        yield f"note: {note}"
    changed = [one for one in done.compared if one.differs]
    size = sum(one.size for one in changed)
    verb = "to publish" if dry_run else "published"
    same = len(done.compared) - len(changed)
    yield f"{len(changed)} {verb} ({size:,} bytes), {same} the same"
    yield from _history(done, dry_run=dry_run)


def _staying(done: Published, *, every: bool) -> Iterator[str]:
    for why in Stays:
        files = [one for one in done.plan.staying if one.why is why]
        if every or len(files) <= 1:
            for one in files:
                yield f"not published ({why.value}): {one.path}, {one.size:,} bytes"
        else:
            size = sum(one.size for one in files)
            yield f"not published ({why.value}): {len(files)} files, {size:,} bytes"


def _named(what: str, paths: Iterable[str], *, every: bool) -> Iterator[str]:
    found = list(paths)
    shown = found if every else found[:_SHOWN]
    for path in shown:
        yield f"{what}: {path}"
    if len(found) > len(shown):
        yield f"{what}: and {len(found) - len(shown)} more"


def _history(done: Published, *, dry_run: bool) -> Iterator[str]:
    if dry_run:
        if done.unpushed:
            yield f"{done.unpushed} earlier commits are not pushed to {done.upstream} yet"
        return
    if done.commit is not None:
        yield f"commit {done.commit[:12]}"
    if done.pushed:
        yield f"pushed to {done.upstream}"
