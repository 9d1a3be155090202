"""The asset graph as text, reviewed: an accidental change is a diff.

After an intended change: PROFILING_ASSETS_SNAPSHOTS=write pytest profiling_assets_tests/graph -k
snapshot, then look at the diff of `snapshots/`.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from profiling_assets_tests.dagster.desk import Desk

SNAPSHOTS = Path(__file__).with_name("snapshots")
_LEVEL_PLATE = {
    **{f"feature_select{twin}.level": "plate" for twin in ("", "_negcon")},
    **{f"feature_select{twin}.gct": False for twin in ("", "_negcon")},
}
CONFIGS: dict[str, dict[str, Any]] = {
    "handbook": {},
    "level_plate": _LEVEL_PLATE,
    "level_all": {f"feature_select{twin}.level": "all" for twin in ("", "_negcon")},
    "without_negcon_sections": {"normalize_negcon": None, "feature_select_negcon": None},
    "frozen_features": {
        **_LEVEL_PLATE,
        "feature_select.frozen": "config_files/f.tsv",
        "feature_select_negcon.frozen": "config_files/f.tsv",
        "feature_select_negcon.level": "batch",
    },
    "backend_parquet": {"collate.backend": "parquet"},
    "backend_both": {"collate.backend": "both"},
    "normalize_off": {"normalize.perform": False},
    "annotate_only": {
        f"{step}{twin}.perform": False
        for step in ("normalize", "feature_select")
        for twin in ("", "_negcon")
    },
}


def described(definitions: dg.Definitions) -> str:
    """Every asset with what other code, the daemon and users rely on."""
    graph = definitions.resolve_asset_graph()
    blocks = []
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        code = re.sub("-[0-9a-f]{12}$", "-(hash of the config)", node.code_version or "none")
        condition = node.automation_condition
        pools = ", ".join(node.pools or ()) or "none"
        lines = [
            key.to_user_string() + (" (external)" if node.is_external else ""),
            f"group {node.group_name}, kinds {', '.join(sorted(node.kinds))}",
            f"partitions: {_partitions(node.partitions_def)}",
            *(f"from {dep}" for dep in _dependencies(node)),
        ]
        if not node.is_external:
            lines += [
                *(f"{name}: {template}" for name, template in sorted(node.metadata.items())),
                f"step {node.assets_def.op.name}, pool {pools}, io manager {node.io_manager_key}",
                f"code {code}, automation: {condition.get_label() if condition else 'none'}",
            ]
        blocks.append("\n    ".join(lines))
    return "\n\n".join(blocks) + "\n"


def _partitions(definition: dg.PartitionsDefinition | None) -> str:
    if definition is None:
        return "none"
    keys = definition.get_partition_keys()
    shape = "BATCH/PLATE" if "/" in keys[0] else "all" if keys == ["all"] else "BATCH"
    return f"{type(definition).__name__} of {len(keys)} {shape}"


def _dependencies(node: Any) -> Iterator[str]:
    for parent in sorted(node.parent_keys):
        mapping = node.partition_mappings.get(parent)
        yield f"{parent.to_user_string()}, {type(mapping).__name__ if mapping else 'identity'}"


@pytest.mark.parametrize("name", CONFIGS)
def test_the_graph_of_a_config_is_the_reviewed_snapshot(
    inputs: Desk, tmp_path: Path, name: str
) -> None:
    desk = inputs.copied_to(tmp_path)
    desk.configure({"quality_control.perform": True, **CONFIGS[name]})
    found, file = described(desk.definitions()), SNAPSHOTS / f"{name}.txt"
    if os.environ.get("PROFILING_ASSETS_SNAPSHOTS") == "write":
        file.write_text(found, encoding="utf-8")
    assert found == file.read_text(encoding="utf-8")


def test_no_snapshot_is_left_over() -> None:
    assert {file.stem for file in SNAPSHOTS.iterdir()} == set(CONFIGS)
