"""What is asked of a publication, and what became of it.

Put here: the two records that commands and jobs share.
Do not put here: doing it (`destinations`), what may be published (`workspace.public_files`).
"""

from dataclasses import dataclass, field

from profiling_assets.errors import ProfilingError
from profiling_assets.workspace.copying import ComparedFile
from profiling_assets.workspace.public_files import Limits, PublicationPlan, Sized


@dataclass(frozen=True)
class Wish:
    """What is to be published, and how."""

    version: str  # version of this package, for the commit's message
    batches: tuple[str, ...] = ()  # only these; empty for all
    # config file that the results were made with, for the message; None names every config file of
    # the workspace
    config: str | None = None
    branch: str | None = None  # the branch that must be checked out; None takes the one that is
    push: bool = True  # whether to push what is committed
    limits: Limits = field(default_factory=Limits)  # sizes
    dry_run: bool = False  # whether to look only: nothing is changed, and the remote is not asked


@dataclass(frozen=True)
class Publication:
    """What became of a publication."""

    plan: PublicationPlan  # what is published, and what stays
    compared: tuple[ComparedFile, ...]  # each published file; `differs` where it was copied
    gone: tuple[str, ...]  # published earlier, and not among these any more; kept
    large: tuple[Sized, ...] = ()  # files above the size that is worth a warning
    notes: tuple[str, ...] = ()  # what a person should know besides
    problems: tuple[ProfilingError, ...] = ()  # what keeps a dry run from being a real one
    commit: str | None = None  # the new commit; None where nothing changed
    unpushed: int | None = None  # commits that the remote lacks; None where that is not known
    upstream: str | None = None  # the branch of the remote; None where nothing is pushed
    pushed: bool = False  # whether something was pushed
