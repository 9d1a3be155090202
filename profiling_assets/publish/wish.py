"""What is asked of a publication, and what became of it.

Put here: the two records that commands and jobs share.
Do not put here: doing it (`publish`), what may be published (`workspace.public_files`).
"""

from dataclasses import dataclass, field

from profiling_assets.errors import ProfilingError
from profiling_assets.workspace.copying import Compared
from profiling_assets.workspace.public_files import Limits, PublicationPlan, Sized


@dataclass(frozen=True)
class Wish:
    """What is to be published, and how.

    Attributes
    ----------
    version : str
        Version of this package, for the commit's message.
    batches : tuple of str
        Only these; empty for all.
    config : str or None
        Config file that the results were made with, for the message; None names every config file
        of the workspace.
    branch : str or None
        The branch that must be checked out; None takes the one that is.
    push : bool
        Whether to push what is committed.
    limits : Limits
        Sizes.
    dry_run : bool
        Whether to look only: nothing is changed, and the remote is not asked.
    """

    version: str
    batches: tuple[str, ...] = ()
    config: str | None = None
    branch: str | None = None
    push: bool = True
    limits: Limits = field(default_factory=Limits)
    dry_run: bool = False


@dataclass(frozen=True)
class Published:
    """What became of a publication.

    Attributes
    ----------
    plan : PublicationPlan
        What is published, and what stays.
    compared : tuple of Compared
        Each published file; `differs` where it was copied.
    gone : tuple of str
        Published earlier, and not among these any more; kept.
    large : tuple of Sized
        Files above the size that is worth a warning.
    notes : tuple of str
        What a person should know besides.
    problems : tuple of ProfilingError
        What keeps a dry run from being a real one.
    commit : str or None
        The new commit; None where nothing changed.
    unpushed : int or None
        Commits that the remote lacks; None where that is not known.
    upstream : str or None
        The branch of the remote; None where nothing is pushed.
    pushed : bool
        Whether something was pushed.
    """

    plan: PublicationPlan
    compared: tuple[Compared, ...]
    gone: tuple[str, ...]
    large: tuple[Sized, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[ProfilingError, ...] = ()
    commit: str | None = None
    unpushed: int | None = None
    upstream: str | None = None
    pushed: bool = False
