"""Partitions: plates as `BATCH/PLATE`, batches as `BATCH`, and the mappings between them.

Put here: partition definitions and mappings, made from the plates that a config asks for.
Do not put here: which plates those are (`config.plates_asked_for`), which asset has which
(`assets`).
Static keys and the built-in static mapping, because user-defined mappings are not serialised to
the daemon (docs/decisions/0002-partitions.md). Concept: https://docs.dagster.io/concepts/partitions
"""

from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg

from profiling_assets.steps.results import ALL, BATCH, PLATE, scope_of
from profiling_assets.workspace.names import Level, PlateKey


@dataclass(frozen=True)
class Partitions:
    """The partition definitions of a code location, one object each for all assets."""

    plate_keys: tuple[PlateKey, ...]
    by_level: dict[str, dg.StaticPartitionsDefinition]

    @classmethod
    def of(cls, plates: Iterable[PlateKey]) -> "Partitions":
        """Make the partition definitions of plates, which may be in any order."""
        keys = tuple(sorted(plates))
        return cls(
            plate_keys=keys,
            by_level={
                PLATE: dg.StaticPartitionsDefinition([str(key) for key in keys]),
                BATCH: dg.StaticPartitionsDefinition(sorted({key.batch for key in keys})),
                # plain text: Dagster writes keys into cursors, and knows no enum of ours
                ALL: dg.StaticPartitionsDefinition([str(ALL)]),
            },
        )

    def mapping(self, upstream: Level, downstream: Level) -> dg.PartitionMapping | None:
        """Return the mapping of an edge between two levels, one of which is `plate`.

        None for equal levels: the identity is Dagster's own choice.
        """
        if upstream == downstream:
            return None
        joined: dict[str, list[str]] = {}
        for key in self.plate_keys:
            joined.setdefault(scope_of(key, upstream), []).append(scope_of(key, downstream))
        return dg.StaticPartitionMapping({up: sorted(set(down)) for up, down in joined.items()})
