"""The reports of a plate and of a batch, from what stands in the workspace.

Put here: which file is read for which part of a report, what is to be looked at.
Do not put here: the layout of the pages (`quality.report`), drawing (`quality.pictures`), reading
files (`report_inputs`).
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from profiling_assets.config.recipe_steps import Step
from profiling_assets.profiles.feature_list import selection_from_table
from profiling_assets.profiles.tables import read_tsv
from profiling_assets.quality.cell_count import cell_counts
from profiling_assets.quality.checks.values import negative_controls_present
from profiling_assets.quality.report.contents import (
    BatchReportFacts,
    Normalization,
    ReportFacts,
    Selection,
    Share,
    cells_of,
    facts_of_page,
    ledger_part,
    normalization,
    objects_of,
    selection,
    site_share,
    well_share,
)
from profiling_assets.quality.report.page import PICTURES, batch_page, data_uri, link, plate_page
from profiling_assets.quality.summary_table import COLUMNS
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.checks import standing_checks
from profiling_assets.steps.outputs import Fact, PageOutput
from profiling_assets.steps.pictures import (
    correlation_numbers,
    count_facts,
    known_numbers,
    ledger_wells,
)
from profiling_assets.steps.report_inputs import Reader, provenance
from profiling_assets.steps.results import (
    AGGREGATED,
    ANNOTATED,
    BATCH_REPORT,
    CELL_COUNTS,
    PLATE_REPORT,
    SITES,
    Result,
    normalized_name,
    selected_name,
)
from profiling_assets.workspace import layout
from profiling_assets.workspace.ledger import SiteState, WellState
from profiling_assets.workspace.names import PlateKey

_REFERENCES = {
    Step.NORMALIZE: "all wells",
    Step.NORMALIZE_NEGCON: "negative controls",
    Step.SELECT: "normalized on all wells",
    Step.SELECT_NEGCON: "normalized on negative controls",
}
_NORMALIZE = (Step.NORMALIZE, Step.NORMALIZE_NEGCON)
_SELECT = (Step.SELECT, Step.SELECT_NEGCON)
# Every real plate has some (105 of 3,903 on a published one), and selection drops them.
MANY = 0.1
_FINE = {SiteState.COMPLETE.value, WellState.PROFILE.value}
_PICTURES = ("site_completeness", "cell_count", "position_effect", "controls")


def plate_report(catalog: Catalog, key: PlateKey) -> PageOutput:
    """Write the report of a plate; what is not in the workspace is named in it as not known."""
    reader = Reader(catalog.workspace)
    facts = _with_tables(_books(catalog, reader, key), catalog, reader, key)
    pictures = plate_pictures(catalog, reader, key)
    lacking = [name.replace("_", " ") for name in PICTURES if name not in pictures]
    if lacking:
        reader.unknown.append(f"not drawn: {', '.join(lacking)}")
    facts = replace(
        facts,
        unknown=tuple(reader.unknown),
        provenance=provenance(reader, catalog, PLATE_REPORT),
    )
    path = layout.plate_report(key)
    page = plate_page(facts, pictures, link("..", f"{key.batch}.html"))
    return PageOutput(path, page, facts=_told(facts))


def plate_pictures(catalog: Catalog, reader: Reader, key: PlateKey) -> dict[str, str]:
    """Return the pictures of a plate that stand, small, as data URIs by name, in the page's order.

    There are none where the config asks for none: those that stand may be of another time.
    """
    from profiling_assets.quality.pictures.draw import preview  # loads matplotlib

    if CELL_COUNTS not in catalog.results:
        return {}
    paths = {name: layout.quality_picture(key, name) for name in PICTURES}
    return {
        name: data_uri(*preview(reader.content(path)))
        for name, path in paths.items()
        if reader.exists(path)
    }


def _books(catalog: Catalog, reader: Reader, key: PlateKey) -> ReportFacts:
    """Read the ledgers, and what the load data tell."""
    path_of_sites, path_of_wells = layout.site_ledger(key), layout.annotated_well_ledger(key)
    sites = reader.ledger(path_of_sites, "sites whole")
    made = reader.ledger(layout.aggregated_well_ledger(key), "cells and wells of the backend")
    wells = reader.ledger(path_of_wells, "wells of the plate map without a profile")
    ledgers = [
        ledger_part(title, path, ledger)
        for title, path, ledger in (
            ("Sites", path_of_sites, sites),
            ("Wells of the backend", layout.aggregated_well_ledger(key), made),
            ("Wells and plate map", path_of_wells, wells),
        )
        if ledger is not None
    ]
    images: dict[str, str] = {}
    if SITES in catalog.results:
        asked = "wells and sites of the load data"
        images = reader.line(layout.quality_record(key), COLUMNS[2:], asked)
    best = wells if wells is not None else made
    site_numbers = None if sites is None else site_share(sites)
    well_numbers = None if best is None else well_share(best)
    return ReportFacts(
        key.batch,
        key.plate,
        sites=site_numbers,
        wells=well_numbers,
        cells=None if made is None else cells_of(made),
        objects={} if sites is None else objects_of(sites),
        images=images,
        ledgers=tuple(ledgers),
        warnings=tuple(share_warnings(site_numbers, well_numbers)),
    )


def _with_tables(
    facts: ReportFacts, catalog: Catalog, reader: Reader, key: PlateKey
) -> ReportFacts:
    """Add what the tables of profiles and the lists of features say."""
    results = catalog.results
    warnings = list(facts.warnings)
    profiles = reader.profiles(
        _path(results.get(ANNOTATED, results[AGGREGATED]), key), "cells of each well"
    )
    counts: dict[str, Fact] = {}
    cells = facts.cells
    if profiles is not None:
        chosen = catalog.config.controls_of(key.batch)
        found = cell_counts(profiles, negative=chosen.negative, positive=chosen.positive)
        counts = known_numbers(count_facts(found, ledger_wells(catalog.workspace, key)))
        if cells is None and found.column:
            cells = round(sum(n for n in found.counts.values() if not math.isnan(n)))
        negcon = normalized_name(negcon=True) in results
        warnings += table_warnings(key, profiles, negative=chosen.negative if negcon else None)
    normalizations = [
        one for name in results if (one := _normalization(results[name], reader, key)) is not None
    ]
    for one in normalizations:
        warnings += normalization_warnings(one)
    selections = [
        one for name in results if (one := _selection(results[name], reader, key)) is not None
    ]
    numbers = _correlations(catalog, reader, key)
    return replace(
        facts,
        cells=cells,
        counts=_numbers(counts),
        position=_numbers({k: v for k, v in numbers.items() if k.startswith("position_")}),
        likeness=_numbers({k: v for k, v in numbers.items() if not k.startswith("position_")}),
        normalizations=tuple(normalizations),
        selections=tuple(selections),
        warnings=tuple(warnings),
    )


def _path(result: Result, key: PlateKey) -> str:
    return result.template.format(batch=key.batch, plate=key.plate)


def _normalization(result: Result, reader: Reader, key: PlateKey) -> Normalization | None:
    if result.step not in _NORMALIZE:
        return None
    reference, path = _REFERENCES[result.step], _path(result, key)
    frame = reader.profiles(path, f"normalization on {reference}")
    return None if frame is None else normalization(frame, reference=reference, path=path)


def _selection(result: Result, reader: Reader, key: PlateKey) -> Selection | None:
    if result.step not in _SELECT:
        return None
    path = _path(result, key)
    found = reader.parsed(
        path,
        lambda content: selection_from_table(read_tsv(content, path=path), path=path),
        f"features {_REFERENCES[result.step]}",
    )
    if found is None:
        return None
    return selection(found, reference=_REFERENCES[result.step], level=result.level, path=path)


def _correlations(catalog: Catalog, reader: Reader, key: PlateKey) -> dict[str, Fact]:
    names = [name for name in map(selected_name, (True, False)) if name in catalog.results]
    if not names:
        reader.unknown.append("correlations: no features are selected")
        return {}
    frame: pd.DataFrame | None = reader.profiles(
        _path(catalog.results[names[0]], key), "correlations"
    )
    if frame is None or frame.empty:
        return {}
    return correlation_numbers(catalog.config, key, frame)


def _numbers(facts: dict[str, Fact]) -> dict[str, float | int | str]:
    return {name: value for name, value in facts.items() if isinstance(value, (int, float, str))}


def _told(facts: ReportFacts) -> dict[str, Fact]:
    told: dict[str, Fact] = {}
    if facts.sites is not None:
        told |= {"sites_whole": facts.sites.whole, "sites_expected": facts.sites.expected}
    if facts.wells is not None:
        told |= {"wells_with_profile": facts.wells.whole, "wells_expected": facts.wells.expected}
    if facts.cells is not None:
        told["cells"] = facts.cells
    return {**told, "to_be_looked_at": len(facts.warnings), "not_known": len(facts.unknown)}


def share_warnings(sites: Share | None, wells: Share | None) -> list[str]:
    """Name the states of sites and wells that are not fine, with their numbers."""
    found: list[str] = []
    for what, share in (("well", wells), ("site", sites)):
        states: Mapping[str, int] = {} if share is None else share.states
        found += [
            f"{count:,} {what}{'' if count == 1 else 's'}: {state.replace('_', ' ')}"
            for state, count in states.items()
            if state not in _FINE
        ]
    return found


def table_warnings(key: PlateKey, annotated: pd.DataFrame, *, negative: str | None) -> list[str]:
    """Say what the checks find in the annotated profiles.

    `negative`: the query for negative controls, where the config asks for a step that needs them.
    """
    checks = list(standing_checks(key, annotated))
    if negative is not None:
        checks.append(
            negative_controls_present(
                annotated, plate_map_path="plate map", key=key, query=negative
            )
        )
    return [check.what for check in checks if not check.passed]


def normalization_warnings(found: Normalization) -> list[str]:
    """Name many features without spread, and infinite values of a normalized table."""
    told: list[str] = []
    if found.without_spread > MANY * found.features:
        told.append(
            f"normalized on {found.reference}: {found.without_spread:,} of {found.features:,} "
            "features have no spread on this plate"
        )
    if found.inf_cells:
        told.append(f"normalized on {found.reference}: {found.inf_cells:,} values are infinite")
    return told


def batch_report(catalog: Catalog, batch: str) -> PageOutput:
    """Write the report of a batch, with a row also for plates of which nothing can be said."""
    asked_for = catalog.asked_for
    without = {
        k.plate: f"excluded: {why}" for k, why in asked_for.excluded.items() if k.batch == batch
    }
    without |= {k.plate: "not in the workspace" for k in asked_for.absent if k.batch == batch}
    reader = Reader(catalog.workspace)
    plates: list[ReportFacts] = []
    pictures: dict[str, dict[str, str]] = {}
    keys = sorted(key for key in asked_for.plates if key.batch == batch)
    for key in keys:
        facts = _facts(reader, key)
        if facts is None:
            without[key.plate] = "it has no report yet"
            continue
        plates.append(facts)
        pictures[key.plate] = _pictures(catalog, reader, key, plates=len(keys))
    # lists of one plate each are in the plates' own reports
    lists = {s.path: s for facts in plates for s in facts.selections if s.level != "plate"}
    facts = BatchReportFacts(
        batch,
        tuple(plates),
        dict(sorted(without.items())),
        tuple(lists.values()),
        provenance(reader, catalog, BATCH_REPORT),
    )
    links = {one.plate: link(".", one.plate, f"{one.plate}.html") for one in plates}
    return PageOutput(
        layout.batch_report(batch),
        batch_page(facts, pictures, links),
        facts={
            "plates": len(plates),
            "plates_without_report": len(without),
            "plates_to_be_looked_at": sum(bool(one.warnings) for one in plates),
        },
    )


def _facts(reader: Reader, key: PlateKey) -> ReportFacts | None:
    path = layout.plate_report(key)
    return facts_of_page(reader.content(path)) if reader.exists(path) else None


def _pictures(catalog: Catalog, reader: Reader, key: PlateKey, *, plates: int) -> dict[str, str]:
    from profiling_assets.quality.pictures.draw import thumbnail  # loads matplotlib

    if CELL_COUNTS not in catalog.results:
        return {}
    paths = {name: layout.quality_picture(key, name) for name in _PICTURES}
    return {
        name: data_uri(*thumbnail(reader.content(path), plates * len(_PICTURES)))
        for name, path in paths.items()
        if reader.exists(path)
    }
