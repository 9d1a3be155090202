"""The results that a config asks for: names, paths, inputs and versions, as one table.

Put here: what the graph consists of, so that assets, planning and adoption agree on it.
Do not put here: how a result is made (`makers`), Dagster definitions (`dagster.assets`).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from profiling_assets.config.model import Config
from profiling_assets.config.step_keys import Step, config_part
from profiling_assets.steps.frozen_lists import frozen_name, frozen_path
from profiling_assets.workspace import layout
from profiling_assets.workspace.layout import EVERY_PLATE
from profiling_assets.workspace.names import ALL, BATCH, PLATE, Level, PlateKey, scope_of
from profiling_assets.workspace.site_folder import IMAGE

# what lies outside the graph
CSVS = "cellprofiler_csvs"
PLATE_MAP = "plate_map"
LOAD_DATA = "load_data"

SQLITE = "sqlite_backend"
PARQUET = "parquet_backend"
AGGREGATED = "aggregated_profiles"
ANNOTATED = "annotated_profiles"
NORMALIZED = "normalized_profiles"
FEATURE_LIST = "selected_features"
FEATURE_SELECTED = "feature_selected_profiles"
STACKED = "stacked_profiles"
GCT_FILE = "gct"
SITES = "quality_control_sites"
SUMMARY = "quality_control_summary"
CELL_COUNTS = "cell_count_heatmaps"
CORRELATIONS = "correlation_heatmaps"
PLATE_REPORT = "plate_report"
BATCH_REPORT = "batch_report"

_TWIN = "_negcon"  # in names of results whose reference is the negative controls

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
    level: Level  # what it exists once of
    step: Step  # the step that makes it; says which part of the config rules it
    template: str  # workspace path with `{batch}` and `{plate}`
    upstream: tuple[str, ...]  # names of the results that it is made from
    external: tuple[str, ...]  # names of the external inputs that it is made from
    performs: bool  # whether the config asks for the step; else a standing file is adopted
    code_version: str  # version of the step's code and of its part of the config
    # whether a standing file that was not made here is built over
    overwrite: bool = False
    partial: bool = False  # whether it is made of those of its inputs that are there

    @property
    def kind(self) -> str:
        """What it shares with results that are made alike: its name without twin and level."""
        return self.name.replace(_TWIN, "").removesuffix(f"_{self.level}")

    @property
    def is_twin(self) -> bool:
        """Whether the negative controls are its reference."""
        return _TWIN in self.name


@dataclass(frozen=True, order=True)
class Task:
    """One result of one partition."""

    name: str
    partition: str

    def __str__(self) -> str:
        """Return `asset of PARTITION`."""
        return f"{self.name} of {self.partition}"

    @property
    def key(self) -> PlateKey:
        """The plate, where the result is one of a plate."""
        return PlateKey.parse(self.partition)


def results(config: Config) -> dict[str, Result]:
    """Return the results of a config by name, upstream before downstream.

    A step that is switched off is in the list where a later step that is on needs its file.
    """
    graph = _Graph(config)
    add, found = graph.add, graph.found
    overwrite = config.collate.overwrite
    for name in _BACKENDS[str(config.collate.backend)]:
        template = _BACKEND_TEMPLATES[name]
        add(name, PLATE, Step.COLLATE, template, external=[CSVS], overwrite=overwrite)
    aggregated = _profile(config, "")
    add(AGGREGATED, PLATE, Step.AGGREGATE, aggregated, external=[CSVS], overwrite=overwrite)
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
        _add_selection(graph, negcon=negcon)
    _add_quality_control(graph)
    return found


class _Graph:
    """The results found so far, in the order in which they are made."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.found: dict[str, Result] = {}

    def add(
        self,
        name: str,
        level: Level,
        step: Step,
        template: str,
        upstream: Sequence[str] = (),
        external: Sequence[str] = (),
        *,
        performs: bool = True,
        overwrite: bool = False,
        partial: bool = False,
    ) -> None:
        self.found[name] = Result(
            name=name,
            level=level,
            step=step,
            template=template,
            upstream=tuple(upstream),
            external=tuple(external),
            performs=performs,
            code_version=_code_version(self.config, step),
            overwrite=overwrite,
            partial=partial,
        )


def _add_selection(graph: _Graph, *, negcon: bool) -> None:
    config, add = graph.config, graph.add
    chosen = Step.FEATURE_SELECT_NEGCON if negcon else Step.FEATURE_SELECT
    if not config.performs(chosen):
        return
    level = selection_level(config, negcon=negcon)
    twin = _TWIN if negcon else ""
    source = normalized_name(negcon=negcon)
    listed = f"{FEATURE_LIST}{twin}_{level}"
    add(
        listed,
        level,
        Step.SELECT_NEGCON if negcon else Step.SELECT,
        layout.selected_features(_SCOPES[level], level, negcon=negcon),
        [source],
        [frozen_name(negcon=negcon)] if frozen_path(config, negcon=negcon) else (),
    )
    add(
        selected_name(negcon),
        PLATE,
        chosen,
        _profile(config, layout.feature_select_step(level, negcon=negcon)),
        [source, listed],
    )
    stack = Step.STACK_NEGCON if negcon else Step.STACK
    if config.performs(stack):
        path = partial(layout.stacked, layout.EVERY_BATCH, level, negcon=negcon)
        name = stacked_name(negcon=negcon)
        add(name, BATCH, stack, path(suffix=_suffix(config)), [selected_name(negcon)])
        add(gct_name(negcon=negcon), BATCH, stack, path(suffix=".gct"), [name])


def _add_quality_control(graph: _Graph) -> None:
    config, add, found = graph.config, graph.add, graph.found
    counted = ANNOTATED if ANNOTATED in found else AGGREGATED
    # the negative-control twin is preferred, as in the recipe
    chosen = [name for name in map(selected_name, (False, True)) if name in found][-1:]
    read = [counted]
    read += [name for name, one in found.items() if one.kind == NORMALIZED]
    read += [name for name, one in found.items() if one.kind == FEATURE_LIST]
    read += chosen
    if config.performs(Step.SUMMARY):
        record = layout.quality_record(EVERY_PLATE)
        add(SITES, PLATE, Step.SITES, record, external=[LOAD_DATA])
        # the recipe's table is continued, not kept as it is
        add(SUMMARY, BATCH, Step.SUMMARY, layout.QUALITY_SUMMARY, [SITES], overwrite=True)
        read.append(SITES)
    if config.performs(Step.CELL_COUNTS):
        template = layout.quality_picture(EVERY_PLATE, "cell_count")
        add(CELL_COUNTS, PLATE, Step.CELL_COUNTS, template, [counted])
        read.append(CELL_COUNTS)
    if config.performs(Step.CORRELATIONS) and chosen:
        template = layout.quality_picture(EVERY_PLATE, "correlation")
        add(CORRELATIONS, PLATE, Step.CORRELATIONS, template, chosen)
        read.append(CORRELATIONS)
    if config.performs(Step.PLATE_REPORT):
        template = layout.plate_report(EVERY_PLATE)
        of_batch = layout.batch_report(layout.EVERY_BATCH)
        add(PLATE_REPORT, PLATE, Step.PLATE_REPORT, template, read, partial=True)
        add(BATCH_REPORT, BATCH, Step.BATCH_REPORT, of_batch, [PLATE_REPORT], partial=True)


_BACKENDS = {"sqlite": [SQLITE], "parquet": [PARQUET], "both": [SQLITE, PARQUET]}
_BACKEND_TEMPLATES = {
    SQLITE: layout.sqlite_backend(EVERY_PLATE),
    PARQUET: layout.parquet_table(EVERY_PLATE, IMAGE),
}
_SCOPES = {PLATE: EVERY_PLATE, BATCH: layout.EVERY_BATCH, ALL: None}


def normalized_name(*, negcon: bool) -> str:
    """Return the name of the normalized profiles or of their negative-control twin."""
    return _twin(NORMALIZED, negcon=negcon)


def selected_name(negcon: bool) -> str:  # noqa: FBT001 - mapped over both
    """Return the name of the feature-selected profiles or of their negative-control twin."""
    return _twin(FEATURE_SELECTED, negcon=negcon)


def stacked_name(*, negcon: bool) -> str:
    """Return the name of the stacked profiles or of their negative-control twin."""
    return _twin(STACKED, negcon=negcon)


def gct_name(*, negcon: bool) -> str:
    """Return the name of the GCT file or of its negative-control twin."""
    return f"{GCT_FILE}{_TWIN}" if negcon else GCT_FILE


def _twin(name: str, *, negcon: bool) -> str:
    return name.replace("_profiles", f"{_TWIN}_profiles") if negcon else name


def selection_level(config: Config, *, negcon: bool) -> Level:
    """Return the level of feature selection."""
    section = config.feature_select_negcon if negcon else config.feature_select
    return Level(section.level)


def _wanted(config: Config, *, negcon: bool) -> bool:
    steps = (
        (Step.NORMALIZE_NEGCON, Step.FEATURE_SELECT_NEGCON)
        if negcon
        else (Step.NORMALIZE, Step.FEATURE_SELECT)
    )
    return any(config.performs(step) for step in steps)


def _profile(config: Config, step: str) -> str:
    return layout.profile(EVERY_PLATE, step, _suffix(config))


def _suffix(config: Config) -> str:
    return ".csv.gz" if config.options.compression == "gzip" else ".csv"


def _code_version(config: Config, step: Step) -> str:
    part = hashlib.sha256(config_part(config, step).encode()).hexdigest()[:12]
    return f"{_CODE[step]}-{part}"


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


def input_name(name: str, partition: str) -> str:
    """Name one input of a result in its fingerprint: the upstream result and its partition."""
    return f"{name}:{partition}"
