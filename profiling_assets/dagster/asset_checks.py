"""The check of each asset: what `quality.checks` says of a result, shown, and heeded.

Put here: verdicts as asset check and as metadata, the refusal of a result that a check blocks.
Do not put here: the checks (`quality.checks`), which are made of what (`steps.checks`).
An asset has one check, with a table of verdicts: each further one costs every run of every plate
two more entries of the event log. A check of a partitioned asset shows the last plate's verdict
only, so that each plate's own is in its materialization too (docs/decisions/checks.md).
Concept: https://docs.dagster.io/guides/test/asset-checks
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from profiling_assets.quality.checks.verdict import CheckResult, refuse_failed
from profiling_assets.quality.preflight.rule_names import RULE_NAMES
from profiling_assets.steps.catalog import Catalog, scanned_catalog
from profiling_assets.steps.outputs import Kept, Output
from profiling_assets.steps.results import PLATE, Result, result_path
from profiling_assets.workspace.names import PlateKey

CHECK = "contents"
_TABLES = (".csv", ".csv.gz")
_SCHEMA = dg.TableSchema([dg.TableColumn(name) for name in ("check", "verdict", "found", "remedy")])
_FINDINGS = dg.TableSchema(
    [dg.TableColumn(name) for name in ("severity", "of", "where", "what", "remedy")]
)
_MAX_ROWS = 200
Checked = dg.Output[Any] | dg.AssetCheckResult
Value = Output | Kept


def check_specs(result: Result) -> list[dg.AssetCheckSpec]:
    """Return the check of an asset."""
    return [
        dg.AssetCheckSpec(
            CHECK,
            asset=result.name,
            description="Rows and plate, wells, controls, infinite and missing values, features of "
            "a batch, as far as the asset has them: docs/checks.md. A result that a check blocks "
            "is not published.",
        )
    ]


def checked(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    result: Result,
    output: dg.Output[Any],
) -> Iterator[Checked]:
    """Yield a result that no check blocks, and the verdicts on it.

    Raises `CheckError` where a check blocks; the verdict is yielded first.
    """
    yield from refused(context, {result.name: output.value})
    told = verdict(context, catalog, result, output.value)
    yield with_verdicts(context, output)
    yield told


def refused(
    context: dg.AssetExecutionContext, values: Mapping[str, Value]
) -> Iterator[dg.AssetCheckResult]:
    """Refuse what a check blocks, before anything of the step is handed over.

    Raises `CheckError` where a check blocks; the verdict is yielded first.
    """
    for name, value in values.items():
        checks = _checks(value)
        if any(check.blocking and not check.passed for check in checks):
            yield _shown(context, name, checks)
            template = str(context.assets_def.metadata_by_key[dg.AssetKey(name)]["path_template"])
            path = result_path(template, context.partition_key)
            refuse_failed(checks, path=path, made=f"{name} of {context.partition_key}")


def with_verdicts(context: dg.AssetExecutionContext, output: dg.Output[Any]) -> dg.Output[Any]:
    """Put the verdicts on a result into its metadata, and its warnings into the log."""
    checks = _checks(output.value)
    told = () if isinstance(output.value, Kept) else output.value.warnings
    for check in checks:
        if not check.passed and check.what not in told:
            context.log.warning(check.what)
    if not checks:
        return output
    open_ones = sum(not check.passed for check in checks)
    metadata = {**output.metadata, "checks_not_passed": open_ones, "checks": _table(checks)}
    return output.with_metadata(metadata)


def verdict(
    context: dg.AssetExecutionContext,
    catalog: Catalog,
    result: Result,
    value: Value,
) -> dg.AssetCheckResult:
    """Return the asset check of a result that is handed over; standing files are warned of."""
    if not isinstance(value, Kept):
        return _shown(context, result.name, _checks(value))
    if result.level != PLATE or not value.path.endswith(_TABLES):
        return _shown(context, result.name, ())
    # here and not above: pandas is loaded by the steps that read a table, and not by others
    from profiling_assets.profiles.tables import read_profiles
    from profiling_assets.steps.checks import standing_checks

    frame = read_profiles(catalog.workspace.read_bytes(value.path), path=value.path)
    key = PlateKey.parse(context.partition_key)
    return _shown(context, result.name, standing_checks(key, frame))


def _checks(value: Value) -> tuple[CheckResult, ...]:
    return () if isinstance(value, Kept) else value.checks


def _shown(
    context: dg.AssetExecutionContext, name: str, checks: Sequence[CheckResult]
) -> dg.AssetCheckResult:
    failed = any(check.verdict == "failed" for check in checks)
    open_ones = [check for check in checks if not check.passed]
    numbers = {name: number for check in checks for name, number in check.numbers.items()}
    first = f"{context.partition_key}: "
    said = "; ".join(f"{check.what} ({check.name})" for check in open_ones)
    return dg.AssetCheckResult(
        asset_key=name,
        check_name=CHECK,
        passed=not open_ones,
        severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
        description=first + (said or ("passed" if checks else "a standing file, kept as it is")),
        metadata={"partition": context.partition_key, "checks": _table(checks), **numbers},
    )


def _table(checks: Sequence[CheckResult]) -> dg.MetadataValue:
    rows = [
        dg.TableRecord(
            {
                "check": check.name,
                "verdict": check.verdict,
                "found": check.what
                or ", ".join(
                    f"{n.replace('_', ' ')} {number}" for n, number in check.numbers.items()
                ),
                "remedy": check.remedy,
            }
        )
        for check in checks
    ]
    return dg.MetadataValue.table(rows, schema=_SCHEMA)


def preflight_checks(catalog: Catalog) -> list[dg.AssetChecksDefinition]:
    """Return the preflight checks of the external assets, one for each rule.

    There is none where no workspace is set.
    """
    if catalog.opened is None:
        return []
    settings = catalog.settings

    @dg.multi_asset_check(
        name="preflight",
        specs=[
            dg.AssetCheckSpec(
                rule.name,
                asset=rule.asset,
                description=f"{rule.title[0].upper()}{rule.title[1:]}, of all plates: what "
                "`profiling-assets check` says of it (docs/checks.md).",
            )
            for rule in RULE_NAMES
        ],
    )
    def preflight() -> Iterator[dg.AssetCheckResult]:
        from profiling_assets.steps.preflight import everything
        from profiling_assets.steps.preflight import preflight as look_at

        now = scanned_catalog(settings)
        look = look_at(now, dict.fromkeys(now.asked_for.plates, everything(now)))
        for rule in RULE_NAMES:
            found = [finding for finding in look.findings if finding.rule == rule.name]
            failed = any(finding.severity == "error" for finding in found)
            rows = [
                dg.TableRecord(
                    {
                        "severity": finding.severity.value,
                        "of": finding.scope,
                        "where": finding.where,
                        "what": finding.what,
                        "remedy": finding.remedy,
                    }
                )
                for finding in found[:_MAX_ROWS]
            ]
            yield dg.AssetCheckResult(
                asset_key=rule.asset,
                check_name=rule.name,
                passed=not found,
                severity=dg.AssetCheckSeverity.ERROR if failed else dg.AssetCheckSeverity.WARN,
                description=f"{len(found)} found" if found else "nothing to mend",
                metadata={
                    "plates": len(look.facts.plates),
                    "findings": dg.MetadataValue.table(rows, schema=_FINDINGS),
                },
            )

    return [preflight]
