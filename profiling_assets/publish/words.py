"""A publication in words, for the command line and for the log of a job.

Put here: the lines that are printed, what is noted beside them, and the message of the commit.
Do not put here: what they are about (`wish`), printing.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from profiling_assets.errors import MissingInputError, listed
from profiling_assets.publish.data_repository import PINS, pinned_version
from profiling_assets.publish.wish import Publication
from profiling_assets.workspace.copying import ComparedFile, batch_of
from profiling_assets.workspace.layout import CONFIGS
from profiling_assets.workspace.public_files import PublicationPlan, Stays, plate_of
from profiling_assets.workspace.storage.interface import Workspace

_SHOWN = 5
_SUBJECT = 72  # characters; longer ones are cut where histories are listed
_MOST_PLATES = 100  # plates a batch


def lines_of(done: Publication, *, dry_run: bool) -> Iterator[str]:
    """Tell a publication, after its files.

    `dry_run`: whether it was a look only; then every file that stays is named.
    """
    yield from _staying(done, every=dry_run)
    yield from _kept(done, every=dry_run)
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


def copied_line(one: ComparedFile, *, dry_run: bool) -> str | None:
    """Say that a file was copied, or would be; None where it is the same."""
    if not one.differs:
        return None
    verb = "would publish" if dry_run else "published"
    source, target = one.transfer.source, one.transfer.target
    origin = "" if source == target else f" (from {source})"
    return f"{verb} {target}{origin}, {one.size:,} bytes"


def _staying(done: Publication, *, every: bool) -> Iterator[str]:
    for why in Stays:
        files = [one for one in done.plan.staying if one.why is why]
        if every or len(files) <= 1:
            for one in files:
                yield f"not published ({why.value}): {one.path}, {one.size:,} bytes"
        else:
            size = sum(one.size for one in files)
            yield f"not published ({why.value}): {len(files)} files, {size:,} bytes"


def _kept(done: Publication, *, every: bool) -> Iterator[str]:
    """Name the files of the workspace's batches that stay in the target, and count the others."""
    here = {batch_of(one.source) for one in done.plan.transfers}
    here |= {batch_of(one.path) for one in done.plan.staying}
    own = [path for path in done.gone if batch_of(path) in here or batch_of(path) is None]
    yield from _named("kept, though not published now", own, every=every)
    others = {batch_of(path) for path in done.gone} - here - {None}
    if others:
        batches = _count(len(others), "batch", "batches")
        number = _count(len(done.gone) - len(own), "file")
        yield f"kept: {number} of {batches} that this workspace does not have"


def _named(what: str, paths: Iterable[str], *, every: bool) -> Iterator[str]:
    found = list(paths)
    shown = found if every else found[:_SHOWN]
    for path in shown:
        yield f"{what}: {path}"
    if len(found) > len(shown):
        yield f"{what}: and {len(found) - len(shown)} more"


def _history(done: Publication, *, dry_run: bool) -> Iterator[str]:
    if dry_run:
        if done.unpushed:
            yield f"{done.unpushed} earlier commits are not pushed to {done.upstream} yet"
        return
    if done.commit is not None:
        yield f"commit {done.commit[:12]}"
    if done.pushed:
        yield f"pushed to {done.upstream}"


def commit_message(
    changed: Iterable[str], *, version: str, configs: Mapping[str, str] | None = None
) -> str:
    """Write the message of a commit.

    `configs`: name of each config file to the SHA-256 of its bytes, hexadecimal. Subject, the
    plates of each batch, version and configs. The same for the same changes.
    """
    paths = sorted(set(changed))
    batches: dict[str, set[str]] = {}
    for path in paths:
        batch, key = batch_of(path), plate_of(path)
        if batch is not None:
            batches.setdefault(batch, set()).update([] if key is None else [key.plate])
    lines = [_subject(paths, batches), ""]
    for batch, plates in sorted(batches.items()):
        lines.append(f"{batch}: {listed(sorted(plates), shown=_MOST_PLATES)}" if plates else batch)
    if batches:
        lines.append("")
    lines.append(f"profiling_assets {version}")
    lines += [f"config {name} sha256 {mark[:12]}" for name, mark in sorted((configs or {}).items())]
    return "\n".join(lines) + "\n"


def _subject(paths: list[str], batches: Mapping[str, set[str]]) -> str:
    files = _count(len(paths), "file")
    plates = _count(sum(map(len, batches.values())), "plate")
    if not batches:
        return f"Publish {files}"
    if len(batches) == 1:
        named = f"Publish {next(iter(batches))}: {plates}, {files}"
        if len(named) <= _SUBJECT:
            return named
    return f"Publish {_count(len(batches), 'batch', 'batches')}: {plates}, {files}"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def config_marks(workspace: Workspace, plan: PublicationPlan, config: str | None) -> dict[str, str]:
    """Return the hashes of the config files that a commit names.

    `config`: the config file that the results were made with; None for all that are published. Name
    to the SHA-256 of its bytes. Raises `MissingInputError` where the config file cannot be read.
    """
    if config is not None:
        name = config.replace("\\", "/").rpartition("/")[2].partition("?")[0]
        return {name: _mark(_config_bytes(workspace, config))}
    return {
        path.removeprefix(f"{CONFIGS}/"): _mark(workspace.read_bytes(path))
        for path in _configs(plan)
    }


def notes_on(
    workspace: Workspace, clone: Path, plan: PublicationPlan, config: str | None, version: str
) -> tuple[str, ...]:
    """Say what does not fit together, and is no reason to stop.

    `config`: the config file that the results were made with, where named.
    """
    notes: list[str] = []
    pins = clone / PINS
    pinned = pinned_version(pins.read_text("utf-8", "replace")) if pins.is_file() else None
    if pinned not in {None, version}:
        notes.append(
            f"{PINS} of the data repository pins profiling_assets {pinned}, and this is {version}: "
            "change the pin if the results were made with this one"
        )
    if config is not None:
        wanted = _mark(_config_bytes(workspace, config))
        known = {_mark(workspace.read_bytes(path)) for path in _configs(plan)}
        known |= {
            _mark(file.read_bytes()) for file in (clone / CONFIGS).glob("*") if file.is_file()
        }
        if wanted not in known:
            notes.append(
                f"the config file that was named is not published, as it is not in {CONFIGS}/ of "
                "the workspace: copy it there"
            )
    return tuple(notes)


def _configs(plan: PublicationPlan) -> list[str]:
    return [one.source for one in plan.transfers if one.source.startswith(f"{CONFIGS}/")]


def _config_bytes(workspace: Workspace, config: str) -> bytes:
    plain = config.partition("?")[0]
    if plain.startswith(f"{workspace.root}/"):
        return workspace.read_bytes(plain.removeprefix(f"{workspace.root}/"))
    try:
        return Path(config).read_bytes()
    except OSError as error:
        raise MissingInputError(
            f"the config file cannot be read ({error.strerror})",
            path=plain,
            remedy="name a file of this machine, or one of the workspace",
        ) from error


def _mark(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
