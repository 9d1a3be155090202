"""The results of quality control: names, paths and what they are made from.

Put here: what quality control adds to the graph (`steps.results` puts it there).
Do not put here: how they are made (`quality_control`, `steps.pictures`).
"""

from collections.abc import Collection
from dataclasses import dataclass

from profiling_assets.config.model import Config
from profiling_assets.config.step import Step
from profiling_assets.workspace import layout
from profiling_assets.workspace.scopes import BATCH, PLATE

LOAD_DATA = "load_data"
SITES = "quality_control_sites"
SUMMARY = "quality_control_summary"
CELL_COUNTS = "cell_count_heatmaps"
CORRELATIONS = "correlation_heatmaps"
PLATE_REPORT = "plate_report"
BATCH_REPORT = "batch_report"

_HEATMAP = f"{layout.QUALITY_CONTROL}/heatmap/{{batch}}/{{plate}}/{{plate}}"


@dataclass(frozen=True)
class QualityResult:
    """What `results` asks of a result; `upstream` and `external` are names."""

    name: str
    level: str
    step: Step
    template: str
    upstream: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    overwrite: bool = False
    partial: bool = False


def quality_results(
    config: Config, *, counted: str, selected: Collection[str], described: Collection[str] = ()
) -> list[QualityResult]:
    """List the results of quality control that a config asks for.

    Parameters
    ----------
    config : Config
        The config.
    counted : str
        Name of the profiles whose cells are counted: the annotated ones, where there are some.
    selected : collection of str
        Names of the feature-selected profiles that the config makes, the negative-control twin
        last. It is preferred, as in the recipe.
    described : collection of str, optional
        Names of the further results that a plate's report describes.

    Returns
    -------
    list of QualityResult
        Upstream before downstream.
    """
    found: list[QualityResult] = []
    if config.performs(Step.SUMMARY):
        record = f"{layout.QUALITY_RECORDS}/{{batch}}/{{plate}}.tsv"
        found += [
            QualityResult(SITES, PLATE, Step.SITES, record, external=(LOAD_DATA,)),
            # the recipe's table is continued, not kept as it is
            QualityResult(
                SUMMARY, BATCH, Step.SUMMARY, layout.QUALITY_SUMMARY, (SITES,), overwrite=True
            ),
        ]
    if config.performs(Step.CELL_COUNTS):
        template = f"{_HEATMAP}_cell_count.png"
        found.append(QualityResult(CELL_COUNTS, PLATE, Step.CELL_COUNTS, template, (counted,)))
    if config.performs(Step.CORRELATIONS) and selected:
        source = list(selected)[-1]
        template = f"{_HEATMAP}_correlation.png"
        found.append(QualityResult(CORRELATIONS, PLATE, Step.CORRELATIONS, template, (source,)))
    if config.performs(Step.PLATE_REPORT):
        made = [one.name for one in found if one.level == PLATE]
        read = (counted, *described, *list(selected)[-1:], *made)
        template, of_batch = layout.PLATE_REPORT, layout.BATCH_REPORT
        found += [
            QualityResult(PLATE_REPORT, PLATE, Step.PLATE_REPORT, template, read, partial=True),
            QualityResult(
                BATCH_REPORT, BATCH, Step.BATCH_REPORT, of_batch, (PLATE_REPORT,), partial=True
            ),
        ]
    return found
