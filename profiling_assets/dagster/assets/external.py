"""External assets: what CellProfiler and the lab put into the workspace.

Put here: assets that this package observes and never makes.
Do not put here: listing them (`workspace.scan_workspace`), fingerprints (`steps.sources`).
Concept: https://docs.dagster.io/guides/build/assets/external-assets
"""

import dagster as dg

from profiling_assets.dagster.partitions import Partitions
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.frozen_lists import FROZEN, frozen_path, is_frozen
from profiling_assets.steps.results import CSVS, PLATE, PLATE_MAP

GROUP = "workspace"


def external_assets(catalog: Catalog, partitions: Partitions) -> list[dg.AssetSpec]:
    """Return the external assets.

    A frozen list of features has the partitions of the selection that it takes the place of.
    """
    plates = partitions.by_level[PLATE]
    return [
        dg.AssetSpec(
            CSVS,
            description="What a plate starts from: the CSVs of its site folders under `analysis/`; "
            "for a published plate its SQLite backend or its aggregated profiles.",
            partitions_def=plates,
            group_name=GROUP,
            kinds={"csv"},
        ),
        dg.AssetSpec(
            PLATE_MAP,
            description="What a plate is annotated with: its line in `barcode_platemap.csv`, the "
            "plate map, and the external metadata where the config asks for it.",
            partitions_def=plates,
            group_name=GROUP,
            kinds={"csv"},
        ),
        *(
            dg.AssetSpec(
                name,
                description=f"The features that the config {_says(catalog, name)}: "
                f"`{frozen_path(catalog.config, negcon=FROZEN[name])}`.",
                partitions_def=partitions.by_level[result.level],
                group_name=GROUP,
                kinds={"tsv"},
            )
            for result in catalog.results.values()
            for name in result.external
            if name in FROZEN
        ),
    ]


def _says(catalog: Catalog, name: str) -> str:
    frozen = is_frozen(catalog.config, negcon=FROZEN[name])
    return "keeps instead of selecting some" if frozen else "drops (`blocklist`)"
