"""How preflight's findings are printed: grouped by `check`, one after the other by `run`.

Put here: findings to lines.
Do not put here: the rules (`quality.preflight`), the commands.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from profiling_assets.errors import WorkspaceError, listed, printable
from profiling_assets.quality.preflight.finding import Finding, Severity, Told, counted, together
from profiling_assets.quality.preflight.rule_names import RULE_NAMES

_SHOWN = 6  # plates of one finding


def grouped_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the findings below their severity and rule; what plates share is said once."""
    told = together(findings)
    titles = {rule.name: rule.title for rule in RULE_NAMES}
    for severity in Severity:
        entries = [entry for entry in told if entry.finding.severity is severity]
        if not entries:
            continue
        yield f"{severity.value}s"
        last = ""
        for entry in entries:
            if entry.finding.rule != last:
                last = entry.finding.rule
                yield f"  {titles[last]}" + (f" ({last})" if titles[last] != last else "")
            for number, line in enumerate(_sentence(entry).splitlines()):
                yield f"    {'  ' if number else '- '}{line}"
            yield f"      Remedy: {printable(entry.finding.remedy)}"
        yield ""


def run_lines(findings: Iterable[Finding]) -> Iterator[tuple[str, Severity]]:
    """Yield the findings as `run` says everything else: severity, plate, file, sentence, remedy."""
    for entry in together(findings):
        severity = entry.finding.severity
        if severity is Severity.ERROR and not entry.scopes:
            continue  # `refuse_whole` says it
        yield f"{severity.value}: {_sentence(entry)}", severity
        yield f"    Remedy: {printable(entry.finding.remedy)}", severity


def counts(findings: Collection[Finding]) -> str:
    """Return `1 error, 2 warnings`."""
    told = together(findings)
    numbers = {s: sum(entry.finding.severity is s for entry in told) for s in Severity}
    return ", ".join(counted(number, severity.value) for severity, number in numbers.items())


def drop_told(warnings: Mapping[str, list[str]], findings: Iterable[Finding]) -> None:
    """Take out what steps warned of and preflight has said already.

    `warnings` has `BATCH/PLATE` or `BATCH` to what its steps warned of, and is changed in place.
    """
    told = {(finding.scope, finding.what) for finding in findings}
    for partition, texts in warnings.items():
        texts[:] = [
            text
            for text in texts
            # preflight says `the plate`, so that what plates have in common is one sentence
            if not {(partition, text), (partition, text.replace(partition, "the plate"))} & told
        ]


def refuse_whole(findings: Iterable[Finding]) -> None:
    """Refuse a run of a workspace in which nothing at all can be made.

    Raises `WorkspaceError` where an error concerns no single plate or batch. What concerns one is
    left to the step that meets it: the others go on, and it may be mended while they do.
    """
    for finding in findings:
        if finding.severity is Severity.ERROR and not finding.scope:
            raise WorkspaceError(finding.what, path=finding.where, remedy=finding.remedy)


def _sentence(entry: Told) -> str:
    scopes = listed(entry.scopes, shown=_SHOWN)
    finding = entry.finding
    # a sentence about a file names it already
    where = "" if finding.where in finding.what else finding.where
    return ": ".join(printable(part) for part in (scopes, where, finding.what) if part)
