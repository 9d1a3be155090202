"""Rules about input that lies in the workspace and is not used.

Put here: entries of a scan to findings.
Do not put here: what looks like input (`workspace.unread`), plates without any source
(`plate_rules`).
No pandas here: `run` tells these before there is anything to build.
"""

from collections.abc import Iterable, Iterator

from profiling_assets.errors import listed
from profiling_assets.quality.preflight.finding import Finding, Severity
from profiling_assets.quality.preflight.rule_names import UNREAD
from profiling_assets.workspace.plates import IgnoredEntry

_SHOWN = 3  # files of one finding


def unread_findings(entries: Iterable[IgnoredEntry], scope: str = "") -> Iterator[Finding]:
    """Name what looks like input and is not used; entries of one reason and kind together.

    `scope`: the plate that they are of; empty for what lies elsewhere.
    """
    alike: dict[str, list[str]] = {}
    for entry in entries:
        if entry.unread:
            alike.setdefault(entry.reason, []).append(entry.path)
    for reason, paths in alike.items():
        more = f"{len(paths)} of them: " if len(paths) > 1 else ""
        yield Finding(
            Severity.WARNING,
            UNREAD,
            f"it looks like input and is not used ({reason})"
            + (f"; {more}{listed(paths, shown=_SHOWN)}" if more else ""),
            paths[0],
            "put it where it is read, or move it out of the workspace",
            scope,
        )
