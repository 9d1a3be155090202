"""The errors a user can cause and mend, and the words in which they are said.

Put here: exception classes that more than one module raises or catches; text that is safe to print,
and not endless; what is there instead of what was looked for; which extra is lacking.
Do not put here: programming errors (they stay `ValueError` and `TypeError`), which command prints
what (`cli.common`).
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from importlib.util import find_spec


class ProfilingError(Exception):
    """Root of every error that a user can mend.

    Sentence and remedy may quote what a file holds: they are kept as `bearable` text.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence, in the field's terms.
    path : str, optional
        The file (workspace path or config file) that is at fault.
    remedy : str, optional
        What the user can do about it.
    """

    def __init__(self, what: str, *, path: str | None = None, remedy: str | None = None) -> None:
        self.what = bearable(what)
        self.path = path
        self.remedy = None if remedy is None else bearable(remedy)
        super().__init__(self.what)

    def __str__(self) -> str:
        """Return file and sentence, then the remedy on a line of its own."""
        parts = [self.what if self.path is None else f"{_shown_path(self.path)}: {self.what}"]
        if self.remedy:
            parts.append(f"Remedy: {self.remedy}")
        return "\n".join(parts)

    def __reduce__(self) -> tuple[object, ...]:
        """Keep path and remedy when the error crosses a process boundary."""
        return (_rebuild, (type(self), self.what, self.path, self.remedy))


def _shown_path(path: str) -> str:
    return printable(without_passwords(path))


def _rebuild(
    kind: type[ProfilingError], what: str, path: str | None, remedy: str | None
) -> ProfilingError:
    return kind(what, path=path, remedy=remedy)


class ConfigError(ProfilingError):
    """A config file that cannot be used: unknown key, wrong type, impossible combination."""


class InvalidNameError(ProfilingError):
    """A batch, plate or file name that could leave the workspace or break a partition key."""


class WorkspaceError(ProfilingError):
    """A workspace that is absent, unreadable, empty or not writable."""


class ConflictError(ProfilingError):
    """Someone else changed a file between reading it and writing it back."""


class MissingInputError(ProfilingError):
    """A file that a step needs is not in the workspace."""


class InvalidInputError(ProfilingError):
    """A file is there, and its content cannot be used."""


class PlateMapError(InvalidInputError):
    """A barcode_platemap, plate map or external metadata file that cannot be joined."""


class ControlsError(InvalidInputError):
    """A plate without the negative controls that a negcon step needs."""


class BackendError(InvalidInputError):
    """A SQLite file that is not a backend, or a table that SQLite cannot hold."""


class DefectiveSiteError(InvalidInputError):
    """A defective site while `collate.on_defective_site` is `fail`."""


class DataRepositoryError(ProfilingError):
    """A data repository, or its clone, that cannot be published to as it is."""


class CheckError(ProfilingError):
    """A result that was made and is not published, because a check of it failed."""


# Control characters, line separators and marks that turn the direction of text would break a table
# or command a terminal; lone surrogates stand for bytes that are not UTF-8.
_MARKS = r"\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_UNPRINTABLE = re.compile(rf"[\x00-\x1f{_MARKS}]")
_WITHIN_LINES = re.compile(rf"[\x00-\x09\x0b-\x1f{_MARKS}]")
# `//USER:PASSWORD@HOST`, quoted in an option of an address or not; a token may be the whole of it
_PASSWORD = re.compile(r"(?i)(?P<slashes>//|%2f%2f)(?!git@)[^\s/?#\"']+?(?:@|%40)")
_LONGEST = 10_000  # characters: the wells of a plate fit, a file of one cell does not


def printable(text: str) -> str:
    r"""Return a name or path, as a file system or a bucket gives it, as text that can be printed.

    On one line, with escapes (`\n`, `\x1b`, `\udcff`) for control characters, what breaks lines or
    turns the direction of text, and bytes that are not UTF-8.
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNPRINTABLE.sub(_escaped, text)


def without_passwords(text: str) -> str:
    """Return text without the user names and passwords that addresses in it hold.

    `https://***@HOST/PATH` for `https://USER:PASSWORD@HOST/PATH`.
    """
    return _PASSWORD.sub(r"\g<slashes>***@", text) if "//" in text or "%2" in text else text


def bearable(text: str) -> str:
    """Return a message that may quote what a file holds as one that can be printed.

    As `printable`, but line by line, and without passwords of addresses; of a line of more than
    10,000 characters the beginning, and how much of it is left out.
    """
    text = without_passwords(text)
    if len(text) <= _LONGEST and text.isascii() and text.isprintable():
        return text
    return "\n".join(map(_cut, _WITHIN_LINES.sub(_escaped, text).split("\n")))


def listed(things: Iterable[object], *, shown: int = 8, between: str = ", ") -> str:
    """Return the first of some names as a part of a sentence: `a, b and 3 more`."""
    names = [str(thing) for thing in things]
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return between.join(names[:shown]) + more


def there_is(wanted: str, there: Mapping[str, int] | Iterable[str], *, what: str) -> str:
    """Say what is there where something was looked for and not found, and what may have been meant.

    `there`: the names or values, in order; a mapping says how often each is there, and the most
    frequent ones come first. `what`: what they are, as `columns`. `the values are NC 20, allele 76;
    the nearest is 'negcon ' (a blank behind it)`.
    """
    counts = dict(there) if isinstance(there, Mapping) else None
    names = list(there)
    if not names:
        return f"there are no {what}"
    if counts is not None:
        names.sort(key=lambda name: -counts[name])
    shown = [shown_value(name) + (f" {counts[name]}" if counts else "") for name in names]
    near = nearest(wanted, names)
    if near is None:
        return f"the {what} are {listed(shown)}"
    why = _difference(wanted, near)
    return f"the {what} are {listed(shown)}; the nearest is {shown_value(near)}{why}"


def nearest(wanted: str, names: Iterable[str]) -> str | None:
    """Return the name that was probably meant; None where none is alike.

    One that differs in capitals, blanks and the like comes before one with other letters.
    """
    known = list(names)
    for fold in (str.strip, lambda name: name.strip().lower(), _letters):
        for name in known:
            if fold(name) and fold(name) == fold(wanted):
                return name
    folded = {_letters(name): name for name in reversed(known)}
    found = difflib.get_close_matches(_letters(wanted), folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else None


def shown_value(value: str) -> str:
    """Return a name or value as it can be told from the words around it."""
    plain = bool(value) and value == value.strip() and value.isprintable()
    return value if plain else repr(value)


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.removeprefix("Metadata_").lower())


def _difference(wanted: str, near: str) -> str:
    notes = [
        f"a blank {side} it"
        for side, text in (("in front of", near.lstrip()), ("behind", near.rstrip()))
        if text != near
    ]
    if near.strip() != wanted.strip() and near.strip().lower() == wanted.strip().lower():
        notes.append("other capitals")
    return f" ({', '.join(notes)})" if notes else ""


def _escaped(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]


def _cut(line: str) -> str:
    if len(line) <= _LONGEST:
        return line
    kept = _LONGEST - 50  # with what is said of the rest it is no longer than what is left alone
    return f"{line[:kept]}… ({len(line) - kept} more characters)"


H5AD = "h5ad"
H5AD_REMEDY = "install the extra: `pip install 'profiling_assets[anndata]'`, or take h5ad out"


def h5ad_problem() -> str | None:
    """Say why AnnData files cannot be written here; None where they can."""
    return None if find_spec("h5py") else "lists h5ad, and the package h5py is not installed"
