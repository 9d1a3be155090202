"""The steps whose results a config file rules.

Put here: the names of the steps.
Do not put here: which keys rule a step (`step_keys`), the assets that perform it.
"""

from enum import StrEnum


class Step(StrEnum):
    """A step of the pipeline; the `_NEGCON` twins fit on the negative controls."""

    COLLATE = "collate"
    AGGREGATE = "aggregate"
    ANNOTATE = "annotate"
    NORMALIZE = "normalize"
    NORMALIZE_NEGCON = "normalize_negcon"
    SELECT = "select"
    SELECT_NEGCON = "select_negcon"
    FEATURE_SELECT = "feature_select"
    FEATURE_SELECT_NEGCON = "feature_select_negcon"
    STACK = "stack"
    STACK_NEGCON = "stack_negcon"
    SITES = "quality_control_sites"
    SUMMARY = "quality_control_summary"
    CELL_COUNTS = "cell_count_heatmaps"
    CORRELATIONS = "correlation_heatmaps"
    PLATE_REPORT = "plate_report"
    BATCH_REPORT = "batch_report"
