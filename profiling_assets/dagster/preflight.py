"""Preflight in the web UI: one asset check a rule, on what the lab and CellProfiler put there.

Put here: the checks of the two external assets, made when a user asks for them.
Do not put here: the rules (`core.preflight`), what they look at (`steps.preflight`).
They look at all plates at once, as `profiling-assets check` does: so one result a rule is right,
though the assets have a partition a plate. `run` looks by itself; these are for who has the UI.
"""

from collections.abc import Iterator

import dagster as dg

from profiling_assets.quality.preflight.rule_names import RULE_NAMES
from profiling_assets.steps.catalog import Catalog, scanned_catalog

_SCHEMA = dg.TableSchema(
    [dg.TableColumn(name) for name in ("severity", "of", "where", "what", "remedy")]
)
_MAX_ROWS = 200


def preflight_checks(catalog: Catalog) -> list[dg.AssetChecksDefinition]:
    """Return the preflight checks of the external assets.

    Parameters
    ----------
    catalog : Catalog
        Says which workspace and config.

    Returns
    -------
    list of dagster.AssetChecksDefinition
        One definition with a check for each rule; none where no workspace is set.
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
        look = look_at(now, dict.fromkeys(now.cohort.plates, everything(now)))
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
                    "findings": dg.MetadataValue.table(rows, schema=_SCHEMA),
                },
            )

    return [preflight]
