"""Rules about the config's queries for wells: that each can be asked, and takes some.

Put here: which queries a config has, and the wells that each takes, before there are profiles.
Do not put here: which rows a query takes (`profiles.samples`), how many controls are needed
(`plate_map_rules`).
"""

# pyright: reportMissingTypeStubs=false, reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# ^ pandas ships partial types

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import pandas as pd

from profiling_assets.config.model import Config
from profiling_assets.config.queries import ALL, NEGATIVE, parsed_query
from profiling_assets.errors import InvalidInputError, ProfilingError
from profiling_assets.profiles.column_kinds import WELL_COLUMNS, column, is_count, is_metadata
from profiling_assets.profiles.joining import joined_tables, metadata_of_wells, with_batch
from profiling_assets.profiles.plate_map import join_name
from profiling_assets.profiles.reference_wells import groups_of, no_well_taken
from profiling_assets.profiles.samples import near_misses, taken_rows
from profiling_assets.quality.preflight.facts import PreflightFacts
from profiling_assets.quality.preflight.finding import Finding, Severity, config_place
from profiling_assets.quality.preflight.rule_names import QUERIES


def queries(config: Config, batch: str) -> Mapping[str, str]:
    """Return the queries that steps of a batch ask: the config's key, and the query."""
    found: dict[str, str] = {}
    for name in ("normalize", "normalize_negcon", "feature_select", "feature_select_negcon"):
        section = getattr(config, name)
        if section.perform and not getattr(section, "frozen", None):
            own = section.samples is not None
            key = f"{name}.samples" if own else "options.samples"
            found[key] = section.samples if own else config.options.samples
    controls = config.controls_of(batch)
    if controls.negative != NEGATIVE and config.normalize_negcon.perform:
        found["controls.negative"] = controls.negative
    if controls.positive is not None:
        found["controls.positive"] = controls.positive
    return {key: query for key, query in found.items() if query != ALL}


def told_by_cells(plate: PreflightFacts, query: str, frame: pd.DataFrame) -> bool:
    """Say whether a query asks for what cells alone give: counts, features, sites, time points."""
    parsed = parsed_query(query)
    given = asdict(plate.config.aggregation).values()
    strata = {part for value in given for part in (value if isinstance(value, tuple) else (value,))}
    return any(
        is_count(name) or not is_metadata(name) or name in strata
        for name in (parsed.columns.values() if parsed else ())
        if name not in frame.columns
    )


def annotated_wells(plate: PreflightFacts) -> pd.DataFrame | None:
    """Return the metadata that the annotated profiles will have; None where that cannot be told."""
    found = plate.plate_map
    if found is None:
        return None
    column_name = plate.config.annotate.well_column
    well_column = column_name if column_name in WELL_COLUMNS else WELL_COLUMNS[0]
    try:
        if plate.profiles is not None and column_name in plate.profiles.columns:
            profiles = plate.profiles.reset_index(drop=True)
            if plate.config.options.add_batch:
                profiles = with_batch(profiles, plate.key)
            wells = [join_name(str(text)) for text in column(profiles, column_name).tolist()]
            stays = [well not in plate.excluded for well in wells]
            frame, _ = joined_tables(
                profiles.loc[stays].reset_index(drop=True),
                [well for well in wells if well not in plate.excluded],
                found,
                plate.externals,
                well_column=column_name,
                of_plate=plate.of_plate,
            )
            return frame
        own = set(found.wells if plate.wells is None else plate.wells) - plate.excluded
        frame, _ = metadata_of_wells(
            [well for well in found.wells if well in own],
            found,
            plate.externals,
            key=plate.key,
            well_column=well_column,
            of_plate=plate.of_plate,
            add_batch=plate.config.options.add_batch,
        )
    except ProfilingError:  # another rule says it
        return None
    return frame


def wells_taken(plate: PreflightFacts) -> Iterator[tuple[str, str, str]]:
    """Yield each query with its key and how many wells it takes, or why that cannot be told."""
    frame = annotated_wells(plate)
    if frame is None:
        return
    for key, query in queries(plate.config, plate.key.batch).items():
        if told_by_cells(plate, query, frame):
            yield key, query, "told by run, as it asks for what is counted"
            continue
        try:
            taken = int(taken_rows(frame, query, of=str(plate.key)).sum())
        except InvalidInputError:
            continue  # `sample_queries` says it
        yield key, query, f"{taken} of {len(frame)} wells"


def sample_queries(plate: PreflightFacts) -> Iterator[Finding]:
    """Ask each query of the wells that a plate will have."""
    frame = annotated_wells(plate)
    if frame is None:
        return
    for key, query in queries(plate.config, plate.key.batch).items():
        if told_by_cells(plate, query, frame):
            continue
        error: InvalidInputError | None = None
        try:
            if not taken_rows(frame, query, of=str(plate.key)).any():
                error = no_well_taken(frame, query, of=str(plate.key))
        except InvalidInputError as refused:
            error = refused
        for miss in near_misses(frame, query) if key != "controls.negative" else ():
            where, remedy = config_place(plate.config, key), "mend the plate map, or go on"
            yield Finding(Severity.WARNING, QUERIES, miss, where, remedy, plate.scope)
        if error is not None and key != "controls.negative":
            what = of_plate(error.what, plate)
            where, remedy = config_place(plate.config, key), f"mend {key} in the config"
            severity = Severity.WARNING if key == "controls.positive" else Severity.ERROR
            yield Finding(severity, QUERIES, what, where, remedy, plate.scope)
    yield from _groups(plate, frame)


def _groups(plate: PreflightFacts, frame: pd.DataFrame) -> Iterator[Finding]:
    for name in ("normalize", "normalize_negcon"):
        section = getattr(plate.config, name)
        if section.perform and section.groups:
            try:
                groups_of(frame, section.groups, of=str(plate.key))
            except InvalidInputError as refused:
                what = of_plate(refused.what, plate)
                where = config_place(plate.config, f"{name}.groups")
                remedy = str(refused.remedy)
                yield Finding(Severity.ERROR, QUERIES, what, where, remedy, plate.scope)


def of_plate(sentence: str, plate: PreflightFacts) -> str:
    """Say the same of all plates that share a plate map, so that it is printed once."""
    return sentence.replace(str(plate.key), "the plate")
