"""Which part of the config rules which step, as one canonical text a step.

Put here: the keys that influence each step's result.
Do not put here: comparing parts of two runs, the inputs' fingerprints.
A key that changes nothing in a step's files is not in its part, so that editing the config builds
only what the edit can change. Batches are in none: which plates there are `plates_asked_for` says.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict

from profiling_assets.config.metadata_sections import ExternalConfig
from profiling_assets.config.model import Config
from profiling_assets.config.queries import ALL, NEGATIVE
from profiling_assets.config.recipe_steps import Step
from profiling_assets.config.sections import (
    OPERATION_KEYS,
    FeatureSelectConfig,
    NormalizeConfig,
)
from profiling_assets.config.types import Section
from profiling_assets.workspace.site_folder import CANONICAL

__all__ = ["Step", "config_part"]

_Part = dict[str, object]


def config_part(config: Config, step: Step) -> str:
    """Return the keys that influence one step.

    Parameters
    ----------
    config : Config
        The config.
    step : Step
        The step.

    Returns
    -------
    str
        Canonical JSON: equal texts for equal influence, whatever the order or layout of the file.
    """
    return json.dumps(
        _PARTS[step](config),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


def _reading(config: Config) -> _Part:
    """How CSVs are read; `overwrite` is a permission and changes no content."""
    rules = config.collate
    return {
        "csv_dir": rules.csv_dir,
        "munge": rules.munge,
        "column": rules.column,
        "engine": rules.engine,
        "on_defective_site": rules.on_defective_site,
        **_set(rules, "on_repeated_site", "split_plates", "on_count_differs"),
        **_further_tables(config),
        # they tell who is a site; where the section is off, its keys rule nothing
        **(_set(config.aggregate, "well_column", "strata") if config.aggregate.perform else {}),
    }


def _further_tables(config: Config) -> _Part:
    """Name the tables beside the usual ones that a site must have, if any."""
    named = {name.lower() for name in config.compartments or ()}
    further = sorted(named - {name.lower() for name in CANONICAL})
    return {"required": further} if further else {}


def _collate(config: Config) -> _Part:
    return {**_reading(config), "backend": config.collate.backend}


def _writing(config: Config) -> _Part:
    options = config.options
    return {
        "compression": options.compression,
        "float_format": options.float_format,
        "formats": options.formats,
    }


def _aggregate(config: Config) -> _Part:
    # `aggregation` is the section that rules, so the other one's keys are not in it.
    only = config.collate.aggregate_only
    reading = {"engine": config.collate.engine} if only else _reading(config)
    options = asdict(config.aggregation)
    compartments = options.pop("compartments")
    if not options["strata"]:  # it came after 0.1.0
        del options["strata"]
    return {
        **_writing(config),
        "reading": reading,
        "aggregate_only": only,
        "compartments": compartments,
        "aggregation": options,
    }


def _annotate(config: Config) -> _Part:
    rules = config.annotate
    if not rules.perform:
        return {"perform": False}
    tables = [_external(entry) for entry in rules.externals]
    barcode = rules.barcode_platemap
    return {
        **_writing(config),
        "perform": True,
        "platemap_well_column": config.platemap_well_column,
        "well_column": rules.well_column,
        # one table as it was written before there could be several
        "external": (tables[0] if tables else None) if len(tables) < 2 else tables,
        **_set(barcode),
        **({"add_batch": True} if config.options.add_batch else {}),
    }


def _external(entry: ExternalConfig) -> _Part:
    if isinstance(entry.merge_column, str):
        return {"file": entry.file, "merge_column": entry.merge_column}
    return {"file": entry.file, "left_on": entry.on, "right_on": entry.own}


def _set(section: Section, *keys: str) -> _Part:
    """Return the keys of a section, all or some, that are not as they are by default.

    Keys that came later are in a part only where they are used: results of a config that does not
    have them stay current.
    """
    fields = type(section).model_fields
    values: dict[str, object] = {key: getattr(section, key) for key in keys or fields}
    return {key: value for key, value in values.items() if value != fields[key].default}


def _fitting(config: Config, rules: NormalizeConfig | FeatureSelectConfig) -> _Part:
    """Which wells and features a step is fitted on."""
    infers = rules.features == "infer"
    samples = rules.samples or config.options.samples
    return {
        "samples": samples,
        # numbers were compared as text before: what was fitted so is not current
        **({} if samples == ALL else {"compares": "numbers"}),
        "min_cells": rules.min_cells,
        "features": rules.features,
        # with a list of features, nothing is inferred from the compartments
        "compartments": config.compartments if infers else None,
        "image_features": rules.image_features,
    }


_SCALES = {
    "spherize": ("spherize_center", "spherize_method", "spherize_epsilon"),
    "inverse_normal": ("inverse_normal_n_quantiles",),
}


def _controls(config: Config) -> _Part:
    """Which wells are negative controls, where that is not what it is by default."""
    chosen = {batch.batch: config.controls_of(batch.batch).negative for batch in config.batches}
    chosen[""] = config.controls.negative
    others = {batch: query for batch, query in chosen.items() if query != NEGATIVE}
    return {"negative": others} if others else {}


def _normalize(config: Config, rules: NormalizeConfig, *, negcon: bool = False) -> _Part:
    if not rules.perform:
        return {"perform": False}
    robust = rules.method == "mad_robustize"
    return {
        **_set(rules, "groups", *_SCALES.get(rules.method, ())),
        **(_controls(config) if negcon else {}),
        **_writing(config),
        **_fitting(config, rules),
        "perform": True,
        "method": rules.method,
        "mad_robustize_fudge_factor": rules.mad_robustize_fudge_factor if robust else None,
    }


def _select(config: Config, rules: FeatureSelectConfig) -> _Part:
    if not rules.perform:
        return {"perform": False}
    if rules.frozen:  # what it says is an input; the operations and who votes are not looked at
        return {"perform": True, "level": rules.level, "frozen": True}
    cutoffs = [key for name in rules.operations for key in OPERATION_KEYS.get(name, ())]
    return {
        **_fitting(config, rules),
        **(_set(rules, *cutoffs) if cutoffs else {}),
        "perform": True,
        "level": rules.level,
        "operations": rules.operations,
    }


def _feature_select(config: Config, rules: FeatureSelectConfig) -> _Part:
    if not rules.perform:
        return {"perform": False}
    return {**_writing(config), "perform": True, "level": rules.level}


def _stack(config: Config, rules: FeatureSelectConfig) -> _Part:
    if not (rules.perform and rules.gct):
        return {"perform": False}
    return {
        **_writing(config),
        "perform": True,
        "level": rules.level,
        "compartments": config.compartments,  # whose features a GCT file holds
    }


def _sites(config: Config) -> _Part:
    rules = config.quality_control.summary
    return {"row": rules.row, "column": rules.column, "csv_dir": config.collate.csv_dir}


def _correlations(config: Config) -> _Part:
    tables = config.annotate.externals
    on = [name for table in tables for name in table.on]
    return {
        "compartments": config.compartments,
        "merge_column": (on[0] if on else None) if len(on) < 2 else on,
        **_drawn_controls(config),
    }


def _drawn_controls(config: Config) -> _Part:
    drawn = {"": config.controls, **{b.batch: config.controls_of(b.batch) for b in config.batches}}
    told = {batch: _set(controls) for batch, controls in drawn.items()}
    return {"controls": told} if any(told.values()) else {}


_PARTS: Mapping[Step, Callable[[Config], _Part]] = {
    Step.COLLATE: _collate,
    Step.AGGREGATE: _aggregate,
    Step.ANNOTATE: _annotate,
    Step.NORMALIZE: lambda c: _normalize(c, c.normalize),
    Step.NORMALIZE_NEGCON: lambda c: _normalize(c, c.normalize_negcon, negcon=True),
    Step.SELECT: lambda c: _select(c, c.feature_select),
    Step.SELECT_NEGCON: lambda c: _select(c, c.feature_select_negcon),
    Step.FEATURE_SELECT: lambda c: _feature_select(c, c.feature_select),
    Step.FEATURE_SELECT_NEGCON: lambda c: _feature_select(c, c.feature_select_negcon),
    Step.STACK: lambda c: _stack(c, c.feature_select),
    Step.STACK_NEGCON: lambda c: _stack(c, c.feature_select_negcon),
    Step.SITES: _sites,
    Step.SUMMARY: lambda _: {},
    Step.CELL_COUNTS: _drawn_controls,
    Step.CORRELATIONS: _correlations,
    Step.PLATE_REPORT: _correlations,  # which results it describes is told by its inputs
    Step.BATCH_REPORT: lambda _: {},
}
