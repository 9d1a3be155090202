"""Rules about the workspace as a whole: config against plates, permission, free space.

Put here: rules that look at more than one plate, plate maps aside.
Do not put here: rules of one plate (`plate_rules`), of plate maps (`plate_map_rules`).
"""

from collections.abc import Iterator

from profiling_assets.errors import listed
from profiling_assets.quality.preflight.facts import WorkspaceFacts
from profiling_assets.quality.preflight.finding import Finding, Severity, of_error, size
from profiling_assets.quality.preflight.rule_names import CONFIG, CONFIG_PLATES, DISK, FROZEN, WRITE
from profiling_assets.workspace.unread import of_plate


def config_ready(facts: WorkspaceFacts) -> Iterator[Finding]:
    """Find placeholders that nobody has filled in, and a config that asks for nothing."""
    for problem in facts.config.problems_before_run():
        where, _, rest = problem.partition(": ")
        what, _, remedy = rest.rpartition("; ")
        yield Finding(Severity.ERROR, CONFIG, what or rest, where, remedy)


def config_plates(facts: WorkspaceFacts) -> Iterator[Finding]:
    """Compare the plates of the config with those of the workspace."""
    for key in facts.absent:
        left = of_plate(facts.unread, key)
        what = f"plate {key} is in the config and not in the workspace"
        remedy = f"put its CellProfiler output into analysis/{key}, or set `process: false`"
        if left:
            what = f"plate {key} is in the config, and nothing of it can be used: {left}"
            remedy = "mend what is named, or set `process: false`"
        yield Finding(
            Severity.ERROR, CONFIG_PLATES, what, facts.config.where(key), remedy, str(key)
        )
    if facts.not_asked:
        yield Finding(
            Severity.WARNING,
            CONFIG_PLATES,
            f"{len(facts.not_asked)} plates of the config's batches are not asked for: "
            f"{listed(facts.not_asked)}",
            facts.config.path,
            "name them in their batch with `process: true` (or `process: false`, to say that they "
            "are left out)",
        )


def frozen_features(facts: WorkspaceFacts) -> Iterator[Finding]:
    """Find frozen lists of features that cannot be used."""
    for key, error in facts.frozen_errors.items():
        where = facts.config.where(key)
        yield of_error(FROZEN, error, where=where, remedy="mend the list")


def write_permission(facts: WorkspaceFacts) -> Iterator[Finding]:
    """Find a workspace in which results cannot be written."""
    if facts.write_error is not None:
        remedy = "give this user the right to write there, or name another workspace"
        yield of_error(WRITE, facts.write_error, where=facts.root, remedy=remedy)


def disk_space(facts: WorkspaceFacts) -> Iterator[Finding]:
    """Find builds that do not fit: each plate's own, and all of them together."""
    blocked = False
    for plate in facts.plates:
        if plate.no_space is not None:
            blocked = True
            error = plate.no_space
            yield of_error(
                DISK, error, where=facts.root, remedy="free disk space", scope=plate.scope
            )
    if not blocked and facts.needed is not None and facts.free is not None:
        if facts.needed <= facts.free:
            return
        yield Finding(
            Severity.WARNING,
            DISK,
            f"the backends of all plates together need up to {size(facts.needed)}, and "
            f"{size(facts.free)} are free",
            facts.root,
            "free space on that disk, or build some plates at a time with --plate and --batch",
        )
