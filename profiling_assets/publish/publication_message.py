"""The message of a publishing commit.

Put here: its text, from what changed.
Do not put here: committing (`publish.clone`), what is published (`workspace.public_files`).
No clock, no host, no path of this machine: the commit itself knows when, and by whom.
"""

from collections.abc import Iterable, Mapping

from profiling_assets.workspace.copying import batch_of
from profiling_assets.workspace.public_files import plate_of

_SUBJECT = 72  # characters; longer ones are cut where histories are listed
_SHOWN = 100  # plates a batch


def commit_message(
    changed: Iterable[str], *, version: str, configs: Mapping[str, str] | None = None
) -> str:
    """Write the message of a commit.

    Parameters
    ----------
    changed : iterable of str
        Paths in the data repository that the commit changes.
    version : str
        Version of this package.
    configs : mapping of str to str, optional
        Name of each config file to the SHA-256 of its bytes, hexadecimal.

    Returns
    -------
    str
        Subject, the plates of each batch, version and configs. The same for the same changes.
    """
    paths = sorted(set(changed))
    batches: dict[str, set[str]] = {}
    for path in paths:
        batch, key = batch_of(path), plate_of(path)
        if batch is not None:
            batches.setdefault(batch, set()).update([] if key is None else [key.plate])
    lines = [_subject(paths, batches), ""]
    for batch, plates in sorted(batches.items()):
        lines.append(f"{batch}: {_listed(sorted(plates))}" if plates else batch)
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


def _listed(plates: list[str]) -> str:
    more = len(plates) - _SHOWN
    return ", ".join(plates[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
