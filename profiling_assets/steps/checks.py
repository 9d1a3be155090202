"""Which checks are made of which result, before it is published.

Put here: one function a result, from what its step holds in memory to verdicts.
Do not put here: the checks (`quality.checks`), the refusal and its display
(`dagster.asset_checks`).
"""

from collections.abc import Collection, Mapping

import pandas as pd

from profiling_assets.collate.options import CollateResult
from profiling_assets.config.model import Config
from profiling_assets.config.recipe_steps import Step
from profiling_assets.profiles.annotate import AnnotateResult
from profiling_assets.profiles.column_kinds import column
from profiling_assets.profiles.feature_list import FeatureSelection
from profiling_assets.profiles.normalize import NormalizeResult
from profiling_assets.profiles.plate_map import join_name
from profiling_assets.quality.checks.files import (
    broken_cells,
    gct_is_whole,
    objects_as_counted,
    rows_as_in_ledger,
)
from profiling_assets.quality.checks.rows import (
    Row,
    no_well_lost,
    no_well_twice,
    one_plate_only,
    only_measurements,
    plates_of,
    rows_conserved,
    rows_of,
    same_features,
    wells_accounted_for,
    wells_of,
)
from profiling_assets.quality.checks.values import (
    FeatureCells,
    feature_cells,
    negative_controls_present,
    no_unflagged_inf,
    share_of_nan,
)
from profiling_assets.quality.checks.verdict import CheckResult, as_warnings
from profiling_assets.workspace.ledger import WellRecord, WellState
from profiling_assets.workspace.names import PlateKey

_DEGENERATE = "degenerate scale"  # what the list of selected features says of infinite cells

Checks = tuple[CheckResult, ...]


def backend_checks(result: CollateResult) -> Checks:
    """Check a backend against its site ledger."""
    rows = {table: summary.rows for table, summary in result.tables.items()}
    return (rows_as_in_ledger(rows, result.sites), objects_as_counted(result.sites))


def aggregated_checks(
    config: Config, key: PlateKey, frame: pd.DataFrame, wells: Collection[WellRecord]
) -> Checks:
    """Check aggregated profiles against the wells' ledger.

    Infinite values that were measured are told, and block nothing.
    """
    rules = config.aggregation
    rows = rows_of(frame, rules.well_column, *rules.splits)
    cells = feature_cells(frame)
    return (
        wells_accounted_for(wells_of(frame, rules.well_column), wells),
        only_measurements(_without_strata(frame, config)),
        no_well_lost(wells),
        one_plate_only(frame, key.plate),
        no_well_twice(rows),
        no_unflagged_inf(cells, (), blocking=False),
        share_of_nan(cells, _names(rows)),
    )


def standing_checks(key: PlateKey, frame: pd.DataFrame) -> Checks:
    """Check a table that stood in the workspace and was not made here: warnings at most.

    Checked is what can be told without the table that it was made from.
    """
    rows, cells = rows_of(frame), feature_cells(frame)
    return as_warnings(
        (
            one_plate_only(frame, key.plate),
            no_well_twice(rows),
            only_measurements(list(frame.columns), None),
            no_unflagged_inf(cells, (), blocking=False),
            share_of_nan(cells, _names(rows)),
        )
    )


def annotated_checks(
    config: Config, key: PlateKey, before: pd.DataFrame, result: AnnotateResult, plate_map_path: str
) -> Checks:
    """Check annotated profiles against the aggregated ones.

    Wells that the plate map does not have, and excluded ones, are dropped with that reason.
    """
    rules, frame = config.aggregation, result.frame
    well = config.annotate.well_column
    came = rows_of(before, rules.well_column, *rules.splits)
    went = rows_of(frame, rules.well_column, *rules.splits)
    reasons = {
        join_name(record.well): record.reason
        for record in result.wells
        if record.state in {WellState.NOT_IN_PLATE_MAP, WellState.EXCLUDED}
    }
    wells = wells_of(before, well) or [""] * len(before)
    dropped = {row: reasons[at] for row, at in zip(came, wells, strict=True) if at in reasons}
    own = _from(before, frame, key, came, went, dropped)
    needed = (Step.NORMALIZE_NEGCON, Step.FEATURE_SELECT_NEGCON)
    if not any(map(config.performs, needed)):
        return own
    negative = config.controls_of(key.batch).negative
    controls = negative_controls_present(
        frame, plate_map_path=plate_map_path, key=key, query=negative
    )
    return (*own, controls)


def normalized_checks(
    config: Config, key: PlateKey, before: pd.DataFrame, result: NormalizeResult
) -> Checks:
    """Check normalized profiles against the annotated ones.

    An infinite value of a feature with another scale than zero blocks.
    """
    rules = config.aggregation
    came = rows_of(before, rules.well_column, *rules.splits)
    went = rows_of(result.frame, rules.well_column, *rules.splits)
    return _from(before, result.frame, key, came, went, {}, flagged=result.degenerate)


def feature_selected_checks(
    key: PlateKey, before: pd.DataFrame, frame: pd.DataFrame, selection: FeatureSelection
) -> Checks:
    """Check feature-selected profiles against the normalized ones and the list of features.

    Infinite cells that the list does not tell of are a warning: the list may be another's.
    """
    ledger = selection.ledger
    pairs = zip(column(ledger, "feature"), column(ledger, "reason"), strict=True)
    flagged = [str(name) for name, reason in pairs if _DEGENERATE in str(reason)]
    cells = feature_cells(frame)
    came, went = rows_of(before), rows_of(frame)
    return (
        rows_conserved(came, went),
        one_plate_only(frame, key.plate, plates_of(before)),
        no_well_twice(went, came),
        only_measurements(list(frame.columns), list(before.columns)),
        no_unflagged_inf(cells, flagged, blocking=False),
        share_of_nan(cells, _names(went)),
    )


def selection_checks(columns: Mapping[PlateKey, Collection[str]]) -> Checks:
    """Compare the features of the plates that vote together."""
    return (same_features(columns),)


def stacked_checks(frames: Mapping[PlateKey, pd.DataFrame], stacked: pd.DataFrame) -> Checks:
    """Check that a batch's table has every row of its plates, once.

    Plates of one name count as they are named in their tables.
    """
    came = [row for frame in frames.values() for row in rows_of(frame)]
    went = rows_of(stacked)
    return (rows_conserved(came, went), no_well_twice(went, came))


def gct_checks(
    text: bytes,
    table: pd.DataFrame,
    metadata: Collection[str],
    features: Collection[str],
    path: str,
) -> Checks:
    """Check a GCT file against the table and the columns that it is to hold."""
    sizes = {"samples": len(table), "features": len(features), "descriptions": len(metadata)}
    return (gct_is_whole(text, **sizes, broken=broken_cells(table), path=path),)


def _from(
    before: pd.DataFrame,
    frame: pd.DataFrame,
    key: PlateKey,
    came: list[Row],
    went: list[Row],
    dropped: Mapping[Row, str],
    *,
    flagged: Collection[str] = (),
) -> Checks:
    cells: FeatureCells = feature_cells(frame)
    unknown = [name for name in cells.with_inf() if name not in flagged and name in before.columns]
    known = {*flagged, *(feature_cells(before.loc[:, unknown]).with_inf() if unknown else ())}
    return (
        rows_conserved(came, went, dropped),
        one_plate_only(frame, key.plate, plates_of(before)),
        no_well_twice(went, came),
        only_measurements(list(frame.columns), list(before.columns)),
        no_unflagged_inf(cells, known, blocking=True),
        share_of_nan(cells, _names(went)),
    )


def _without_strata(frame: pd.DataFrame, config: Config) -> list[str]:
    """List the columns without those that the config names: a site column may be any."""
    rules = config.aggregation
    return [
        name
        for name in frame.columns
        if name not in (rules.plate_column, rules.well_column, rules.site_column)
    ]


def _names(rows: Collection[Row]) -> list[str]:
    return [" ".join(row[1:] or row) for row in rows]
