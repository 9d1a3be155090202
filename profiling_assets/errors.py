"""The errors a user can cause and mend; each names the file and the remedy.

Put here: exception classes that more than one module raises or catches.
Do not put here: programming errors (they stay `ValueError` and `TypeError`).
"""

from profiling_assets.printable import bearable, printable, without_passwords


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
        """Return the sentence, then the file, then the remedy."""
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
