"""The results that a config asks for: names, paths, inputs and versions, as one table.

Put here: what the graph consists of, so that assets, planning and adoption agree on it.
Do not put here: how a result is made (`collate`, `profiles`, `feature_list`), Dagster definitions.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from profiling_assets.config.model import Config
from profiling_assets.config.step_keys import Step, config_part
from profiling_assets.steps.frozen_features import frozen_name, frozen_path
from profiling_assets.workspace import layout
from profiling_assets.workspace.layout import GCT
from profiling_assets.workspace.names import ALL, BATCH, PLATE, PlateKey, scope_of

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

    `counted`: name of the profiles whose cells are counted: the annotated ones, where there are
    some. `selected`: names of the feature-selected profiles that the config makes, the
    negative-control twin last. It is preferred, as in the recipe.
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


CSVS = "cellprofiler_csvs"
PLATE_MAP = "plate_map"
SQLITE = "sqlite_backend"
PARQUET = "parquet_backend"
AGGREGATED = "aggregated_profiles"
ANNOTATED = "annotated_profiles"

# Raise a number when the code of a step changes what it writes: results made by older code are
# then built again.
_CODE = {
    Step.COLLATE: 1,
    Step.AGGREGATE: 1,
    Step.ANNOTATE: 1,
    Step.NORMALIZE: 1,
    Step.NORMALIZE_NEGCON: 1,
    Step.SELECT: 2,
    Step.SELECT_NEGCON: 2,
    Step.FEATURE_SELECT: 1,
    Step.FEATURE_SELECT_NEGCON: 1,
    Step.STACK: 1,
    Step.STACK_NEGCON: 1,
    Step.SITES: 1,
    Step.SUMMARY: 1,
    Step.CELL_COUNTS: 2,
    Step.CORRELATIONS: 2,
    Step.PLATE_REPORT: 2,
    Step.BATCH_REPORT: 2,
}


@dataclass(frozen=True)
class Result:
    """One result of the graph."""

    name: str  # the asset's name
    level: str  # `plate`, `batch` or `all`: what it exists once of
    step: Step  # the step that makes it; says which part of the config rules it
    template: str  # workspace path with `{batch}` and `{plate}`
    upstream: tuple[str, ...]  # names of the results that it is made from
    external: tuple[str, ...]  # names of the external inputs that it is made from
    performs: bool  # whether the config asks for the step; else a standing file is adopted
    code_version: str  # version of the step's code and of its part of the config
    # whether a standing file that was not made here is built over (`collate.overwrite`)
    overwrite: bool = False
    partial: bool = False  # whether it is made of those of its inputs that are there


@dataclass(frozen=True, order=True)
class Task:
    """One result of one partition."""

    name: str
    partition: str

    def __str__(self) -> str:
        """Return `asset of PARTITION`."""
        return f"{self.name} of {self.partition}"


def results(config: Config) -> dict[str, Result]:
    """List the results of a config in the order in which they are made.

    A step that is switched off is in the list where a later step that is on needs its file.

    Name to result, upstream before downstream.
    """
    found: dict[str, Result] = {}

    def add(
        name: str,
        level: str,
        step: Step,
        template: str,
        upstream: Sequence[str] = (),
        external: Sequence[str] = (),
        *,
        performs: bool = True,
    ) -> None:
        found[name] = Result(
            name=name,
            level=level,
            step=step,
            template=template,
            upstream=tuple(upstream),
            external=tuple(external),
            performs=performs,
            code_version=_code_version(config, step),
            overwrite=config.collate.overwrite and CSVS in external,
        )

    for name, step in _backends(config):
        add(name, PLATE, step, _BACKEND_TEMPLATES[name], external=[CSVS])
    add(AGGREGATED, PLATE, Step.AGGREGATE, _profile(config, ""), external=[CSVS])
    twins = [twin for twin in (False, True) if _wanted(config, negcon=twin)]
    if twins or config.performs(Step.ANNOTATE):
        add(
            ANNOTATED,
            PLATE,
            Step.ANNOTATE,
            _profile(config, "_augmented"),
            [AGGREGATED],
            [PLATE_MAP],
            performs=config.performs(Step.ANNOTATE),
        )
    for negcon in twins:
        normalize = Step.NORMALIZE_NEGCON if negcon else Step.NORMALIZE
        add(
            normalized_name(negcon=negcon),
            PLATE,
            normalize,
            _profile(config, "_normalized_negcon" if negcon else "_normalized"),
            [ANNOTATED],
            performs=config.performs(normalize),
        )
    for negcon in twins:
        _add_selection(config, add, negcon=negcon)
    counted = ANNOTATED if ANNOTATED in found else AGGREGATED
    selected = [name for name in map(selected_name, (False, True)) if name in found]
    lists = [name for name, one in found.items() if one.step in (Step.SELECT, Step.SELECT_NEGCON)]
    described = [*(normalized_name(negcon=twin) for twin in twins), *lists]
    for extra in quality_results(config, counted=counted, selected=selected, described=described):
        add(extra.name, extra.level, extra.step, extra.template, extra.upstream, extra.external)
        made = found[extra.name]
        found[extra.name] = replace(made, overwrite=extra.overwrite, partial=extra.partial)
    return found


def _add_selection(config: Config, add, *, negcon: bool) -> None:
    chosen = Step.FEATURE_SELECT_NEGCON if negcon else Step.FEATURE_SELECT
    if not config.performs(chosen):
        return
    level = selection_level(config, negcon=negcon)
    twin = "_negcon" if negcon else ""
    source = normalized_name(negcon=negcon)
    listed = f"selected_features{twin}_{level}"
    add(
        listed,
        level,
        Step.SELECT_NEGCON if negcon else Step.SELECT,
        _LIST_TEMPLATES[level].format(name=f"{listed}.tsv", batch="{batch}", plate="{plate}"),
        [source],
        [frozen_name(negcon=negcon)] if frozen_path(config, negcon=negcon) else (),
    )
    add(
        selected_name(negcon),
        PLATE,
        chosen,
        _profile(config, f"_normalized_feature_select{twin}_{level}"),
        [source, listed],
    )
    stack = Step.STACK_NEGCON if negcon else Step.STACK
    if config.performs(stack):
        # a batch has its own files also where features are selected over all batches
        path = f"{GCT}/{{batch}}/{{batch}}_normalized_feature_select{twin}_{level}"
        name = stacked_name(negcon=negcon)
        add(name, BATCH, stack, path + _suffix(config), [selected_name(negcon)])
        add(gct_name(negcon=negcon), BATCH, stack, f"{path}.gct", [name])


_BACKEND_TEMPLATES = {
    SQLITE: "backend/{batch}/{plate}/{plate}.sqlite",
    PARQUET: "backend/{batch}/{plate}/{plate}_Image.parquet",
}
_LIST_TEMPLATES = {
    PLATE: "profiles/{batch}/{plate}/{plate}_{name}",
    BATCH: "profiles/{batch}/{batch}_{name}",
    ALL: "profiles/{name}",
}


def normalized_name(*, negcon: bool) -> str:
    """Return the name of the normalized profiles or of their negative-control twin."""
    return "normalized_negcon_profiles" if negcon else "normalized_profiles"


def selected_name(negcon: bool) -> str:  # noqa: FBT001 - mapped over both
    """Return the name of the feature-selected profiles or of their negative-control twin."""
    return f"feature_selected{'_negcon' if negcon else ''}_profiles"


def stacked_name(*, negcon: bool) -> str:
    """Return the name of the stacked profiles or of their negative-control twin."""
    return "stacked_negcon_profiles" if negcon else "stacked_profiles"


def gct_name(*, negcon: bool) -> str:
    """Return the name of the GCT file or of its negative-control twin."""
    return "gct_negcon" if negcon else "gct"


def selection_level(config: Config, *, negcon: bool) -> str:
    """Return the level of feature selection, `plate`, `batch` or `all`."""
    section = config.feature_select_negcon if negcon else config.feature_select
    return section.level


def result_path(template: str, partition: str) -> str:
    """Fill a path template for one partition."""
    if "{plate}" in template:
        key = PlateKey.parse(partition)
        return template.format(batch=key.batch, plate=key.plate)
    return template.format(batch=partition)


def input_partitions(
    result: Result, upstream: Result, partition: str, plates: Iterable[PlateKey]
) -> list[str]:
    """Say which partitions of an upstream result one partition of a result is made from."""
    if result.level == upstream.level:
        return [partition]
    if upstream.level == PLATE:
        return sorted(str(k) for k in plates if scope_of(k, result.level) == partition)
    return [scope_of(PlateKey.parse(partition), upstream.level)]


def _backends(config: Config) -> list[tuple[str, Step]]:
    wanted = {"sqlite": [SQLITE], "parquet": [PARQUET], "both": [SQLITE, PARQUET]}
    return [(name, Step.COLLATE) for name in wanted[str(config.collate.backend)]]


def _wanted(config: Config, *, negcon: bool) -> bool:
    steps = (
        (Step.NORMALIZE_NEGCON, Step.FEATURE_SELECT_NEGCON)
        if negcon
        else (Step.NORMALIZE, Step.FEATURE_SELECT)
    )
    return any(config.performs(step) for step in steps)


def _profile(config: Config, step: str) -> str:
    return "profiles/{batch}/{plate}/{plate}" + step + _suffix(config)


def _suffix(config: Config) -> str:
    return ".csv.gz" if config.options.compression == "gzip" else ".csv"


def _code_version(config: Config, step: Step) -> str:
    part = hashlib.sha256(config_part(config, step).encode()).hexdigest()[:12]
    return f"{_CODE[step]}-{part}"


def input_name(name: str, partition: str) -> str:
    """Name one input of a result in its fingerprint: the upstream result and its partition."""
    return f"{name}:{partition}"
