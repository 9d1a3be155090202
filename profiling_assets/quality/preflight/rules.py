"""What each rule is, and what all of them find.

Put here: rule name to function.
Do not put here: the rules (`workspace_rules`, `plate_rules`, `image_rules`,
`plate_map_rules`), titles (`rule_names`).
"""

from collections.abc import Callable, Iterator

from profiling_assets.quality.preflight import (
    image_rules,
    plate_map_rules,
    plate_rules,
    query_rules,
    workspace_rules,
)
from profiling_assets.quality.preflight import rule_names as n
from profiling_assets.quality.preflight.facts import PlateMapFacts, PreflightFacts, WorkspaceFacts
from profiling_assets.quality.preflight.finding import Finding
from profiling_assets.quality.preflight.unread_rules import unread_findings

_Rule = Callable[[WorkspaceFacts], Iterator[Finding]]


def _each_plate(rule: Callable[[PreflightFacts], Iterator[Finding]]) -> _Rule:
    def find(facts: WorkspaceFacts) -> Iterator[Finding]:
        for plate in facts.plates:
            yield from rule(plate)

    return find


def _each_batch(rule: Callable[[PlateMapFacts], Iterator[Finding]]) -> _Rule:
    def find(facts: WorkspaceFacts) -> Iterator[Finding]:
        for batch in facts.batches:
            yield from rule(batch)

    return find


def _unread(facts: WorkspaceFacts) -> Iterator[Finding]:
    yield from unread_findings(facts.unread)
    for plate in facts.plates:
        yield from unread_findings(plate.unread, plate.scope)


RULES: dict[str, _Rule] = {
    n.CONFIG: workspace_rules.config_ready,
    n.CONFIG_PLATES: workspace_rules.config_plates,
    n.FROZEN: workspace_rules.frozen_features,
    n.WRITE: workspace_rules.write_permission,
    n.DISK: workspace_rules.disk_space,
    n.SOURCE: _each_plate(plate_rules.source),
    n.SITES: _each_plate(plate_rules.sites),
    n.TWICE: _each_plate(plate_rules.sites_twice),
    n.UNREAD: _unread,
    n.COMPARTMENTS: _each_plate(plate_rules.compartments),
    n.IMAGES: _each_plate(image_rules.image_files),
    n.IMAGE_COLUMNS: _each_plate(plate_rules.image_columns),
    n.CATEGORIES: _each_plate(plate_rules.image_features),
    n.WIDTH: _each_plate(plate_rules.table_width),
    n.PLATE_MAP: _each_plate(plate_map_rules.plate_map),
    n.PLATES: _each_batch(plate_map_rules.plate_map_plates),
    n.WELLS: _each_plate(plate_map_rules.plate_map_wells),
    n.EXTERNAL: _each_plate(plate_map_rules.external_metadata),
    n.CONTROLS: _each_plate(plate_map_rules.controls),
    n.QUERIES: _each_plate(query_rules.sample_queries),
}


def findings(facts: WorkspaceFacts) -> list[Finding]:
    """Apply every rule.

    In the order of the rules, then of the plates.
    """
    return [finding for rule in RULES.values() for finding in rule(facts)]
