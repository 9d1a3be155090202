"""The config's section on quality control.

Put here: the keys of `quality_control`.
Do not put here: what is counted and drawn (`quality`), the recipe's other steps (`sections`).
"""

from pydantic import Field

from profiling_assets.config.types import PERFORM, Flag, Section, Text


class SummaryConfig(Section):
    """The table of wells and sites of every plate."""

    perform: Flag = Field(default=True, description=PERFORM)
    row: Text = Field(
        default="Metadata_Row",
        description="Column of load_data.csv with the row; where it is absent or empty, row and "
        "column come from Metadata_Well.",
    )
    column: Text = Field(
        default="Metadata_Col", description="Column of load_data.csv with the column."
    )


class HeatmapConfig(Section):
    """Pictures of every plate: cells, sites, correlation, position effect, controls."""

    perform: Flag = Field(default=True, description=PERFORM)


class ReportConfig(Section):
    """One page for every plate and every batch: all of the above, to be read or sent."""

    perform: Flag = Field(
        default=True,
        description="Whether to write the reports; true also where the section is absent.",
    )


class QualityControlConfig(Section):
    """Quality control of the plates."""

    perform: Flag = Field(default=True, description=PERFORM)
    summary: SummaryConfig = Field(
        default_factory=lambda: SummaryConfig(perform=False),
        description="The table quality_control/summary/summary.tsv.",
    )
    heatmap: HeatmapConfig = Field(
        default_factory=lambda: HeatmapConfig(perform=False),
        description="The pictures below quality_control/heatmap.",
    )
    report: ReportConfig = Field(
        default_factory=ReportConfig,
        description="The pages below quality_control/report; absent: written.",
    )
