"""The stacked profiles of a batch, and their GCT file.

Put here: what is told of both.
Do not put here: stacking (`profiles.stack`), the text of a GCT file (`profiles.gct`), the refusal
while a plate is missing (`whole_batch`).
"""

from collections import Counter
from collections.abc import Collection, Mapping

from profiling_assets.config.model import Config
from profiling_assets.config.recipe_steps import Step
from profiling_assets.errors import InvalidInputError
from profiling_assets.profiles.column_kinds import is_metadata
from profiling_assets.profiles.gct import gct_bytes, gct_columns
from profiling_assets.profiles.stack import StackedProfiles, stack_profiles, stack_warnings
from profiling_assets.profiles.tables import table_facts
from profiling_assets.steps.checks import gct_checks, stacked_checks
from profiling_assets.steps.outputs import Fact, Stored, TableOutput
from profiling_assets.steps.whole_batch import refuse_while_missing
from profiling_assets.workspace.names import PlateKey


def stacked(
    batch: str, profiles: Mapping[str, Stored], absent: Collection[PlateKey]
) -> TableOutput:
    """Stack the feature-selected profiles of a batch's plates, in the order of their names.

    `absent`: plates of the batch that the config names and the workspace does not have. Raises
    `MissingPlatesError` where a plate's profiles are not there.
    """
    refuse_while_missing(Step.STACK, profiles, absent)
    frames = {PlateKey.parse(key): profiles[key].frame() for key in sorted(profiles)}
    wells = sum(table_facts(frame).wells for frame in frames.values())
    result = stack_profiles(frames, batch)
    return TableOutput(
        result.frame,
        facts=_facts(result, plates=len(frames), wells=wells),
        warnings=stack_warnings(result),
        checks=stacked_checks(frames, result.frame),
    )


def _facts(result: StackedProfiles, *, plates: int, wells: int) -> dict[str, Fact]:
    facts = table_facts(result.frame)
    found: dict[str, Fact] = {
        "plates": plates,
        "rows": facts.rows,
        "wells": wells,
        "features": facts.features,
        "metadata_columns": sum(map(is_metadata, result.frame.columns)),
        "nan_share": facts.nan_share,
        "inf_cells": facts.inf_cells,
    }
    if result.partly_empty:
        # united columns: a plate that has none of the values is empty in its rows
        found["columns_empty_on_some_plates"] = len(result.partly_empty)
        found["plates_without_a_value"] = {
            name: len(on) for name, on in list(result.partly_empty.items())[:50]
        }
    return found


def gct(config: Config, stacked_profiles: Stored, path: str) -> TableOutput:
    """Choose what goes into the GCT file of a batch.

    `path`: workspace path of that file, for messages. Raises `InvalidInputError` where no feature
    of a compartment is left.
    """
    frame = stacked_profiles.frame()
    metadata, features = gct_columns(frame, config.compartments)
    if not features:
        raise InvalidInputError(
            "no feature of a compartment was selected, and a GCT file holds no other",
            path=stacked_profiles.path,
            remedy="set `gct: false`, or mend the list of features",
        )
    chosen = [*metadata, *features]
    left_out = sorted(set(frame.columns).difference(chosen))
    facts: dict[str, Fact] = {
        "samples": len(frame),
        "features": len(features),
        "sample_descriptions": len(metadata),
    }
    if left_out:
        facts["columns_left_out"] = len(left_out)
        facts["left_out_because"] = (
            "a GCT file holds Metadata_ columns and features of compartments, as pycytominer's"
        )
        facts["left_out"] = dict(sorted(Counter(map(_table, left_out)).items()))
    table = frame.loc[:, chosen]
    text = gct_bytes(table)
    checks = gct_checks(text, table, metadata, features, path)
    return TableOutput(table, facts=facts, checks=checks, unchanged=text)


def _table(name: str) -> str:
    return name.partition("_")[0]
