"""Preflight: gathering what the rules look at, with bounded reads, several plates at a time.

Put here: facts of workspace, batches and plates, put together; trying whether results can be
written.
Do not put here: the rules (`quality.preflight`), printing (`cli`).
Of a plate are read: its load data, its plate map, the headers of three site folders with their
Image files, and in a folder (not on S3) the header of every Image file.
"""

import shutil
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from profiling_assets.collate.image_look import ImageLook, header_problems, look_at_sites
from profiling_assets.collate.sqlite_backend import too_wide_survey
from profiling_assets.config.model import Config
from profiling_assets.config.recipe_steps import Step
from profiling_assets.errors import InvalidInputError, ProfilingError, WorkspaceError
from profiling_assets.profiles.column_kinds import is_metadata
from profiling_assets.profiles.plate_map import read_barcode_platemap
from profiling_assets.profiles.tables import read_profiles
from profiling_assets.quality.preflight.facts import (
    ForeignFiles,
    PlateMapFacts,
    PreflightFacts,
    Wanted,
    WorkspaceFacts,
)
from profiling_assets.quality.preflight.finding import Finding
from profiling_assets.quality.preflight.query_rules import queries
from profiling_assets.quality.preflight.rules import findings
from profiling_assets.steps.catalog import Catalog
from profiling_assets.steps.collate import collate_options, listing_of
from profiling_assets.steps.frozen_lists import FROZEN, frozen_errors
from profiling_assets.steps.plate_maps import barcode_columns, load_exclusions, load_plate_map
from profiling_assets.steps.results import PARQUET, PLATE, SQLITE, result_path
from profiling_assets.steps.sources import (
    PlateSource,
    SourceKind,
    few_headers,
    plate_source,
    refuse_foreign_images,
    slim,
)
from profiling_assets.steps.standing_sources import refuse_unusable, refuse_unusable_tables
from profiling_assets.steps.unread_input import unread_entries
from profiling_assets.workspace import layout
from profiling_assets.workspace.file_kind import HEAD_BYTES, foreign_kind
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plate_map_files import find_platemap_files
from profiling_assets.workspace.plates import Source
from profiling_assets.workspace.scan_workspace import read_expected
from profiling_assets.workspace.site_folder import IMAGE
from profiling_assets.workspace.site_layouts import plate_site_folders
from profiling_assets.workspace.storage.disk_space import backend_bytes, check_space
from profiling_assets.workspace.storage.interface import Workspace
from profiling_assets.workspace.storage.parallel import map_at_once
from profiling_assets.workspace.storage.snapshot import snapshot

NAME = ".profiling_assets_probe"
_SMALL_LOOKED_AT = 3  # files of a plate
_OUTPUTS = (layout.BACKEND, layout.PROFILES, layout.GCT)


@dataclass(frozen=True)
class Preflight:
    """What preflight found, and what it looked at."""

    findings: tuple[Finding, ...]
    facts: WorkspaceFacts


def everything(catalog: Catalog) -> Wanted:
    """Say which steps the config asks for of every plate."""
    config = catalog.config
    negcon = config.performs(Step.NORMALIZE_NEGCON) or config.performs(Step.FEATURE_SELECT_NEGCON)
    annotate = config.performs(Step.ANNOTATE)
    return Wanted(annotate=annotate, negcon=annotate and negcon)


def preflight(
    catalog: Catalog,
    wanted: Mapping[PlateKey, Wanted],
    *,
    source_of: Callable[[PlateKey], PlateSource] | None = None,
    lists: Collection[str] = tuple(FROZEN),
    whole: bool = True,
    unread: bool = True,
) -> Preflight:
    """Look at workspace, config and plates before anything is computed.

    `wanted`: the plates, and which steps of each are to be made. `lists`: the frozen lists of
    features (`FROZEN`) that the steps to be made need; by default all. `whole`: whether plates that
    are absent or not asked for are told. `unread`: whether input that is not used is told.
    """
    workspace = catalog.workspace
    look = snapshot(workspace)
    source_of = source_of or partial(_read_source, look, catalog)
    with ExitStack() as stack:
        denied = write_error(workspace, {key.batch for key in wanted})
        scratch = None if denied else _scratch(workspace, stack)
        plates = map_at_once(
            lambda entry: _plate(catalog, look, *entry, source_of, scratch),
            list(wanted.items()),
            at_once=workspace.at_once,
        )
    if not unread:
        plates = [replace(plate, unread=()) for plate in plates]
    needed, free = _disk(catalog, plates)
    facts = WorkspaceFacts(
        root=workspace.root,
        config=catalog.config,
        absent=catalog.asked_for.absent if whole else (),
        not_asked=_forgotten(catalog) if whole else (),
        frozen_errors=frozen_errors(look, catalog.config, lists),
        write_error=denied,
        needed=needed,
        free=free,
        unread=unread_entries(catalog, look, wanted) if unread else (),
        batches=_batches(look, catalog, wanted),
        plates=plates,
    )
    return Preflight(tuple(findings(facts)), facts)


def _scratch(workspace: Workspace, stack: ExitStack) -> Path:
    root = Path(workspace.location(""))  # scratch space of a folder is below it: none is made
    return root if root.is_dir() else stack.enter_context(workspace.scratch("preflight"))


def _read_source(look: Workspace, catalog: Catalog, key: PlateKey) -> PlateSource:
    return plate_source(look, catalog.config, key)


def _plate(
    catalog: Catalog,
    look: Workspace,
    key: PlateKey,
    wanted: Wanted,
    source_of: Callable[[PlateKey], PlateSource],
    scratch: Path | None,
) -> PreflightFacts:
    path = layout.analysis_folder(key, catalog.config.collate.csv_dir)
    facts = PreflightFacts(key, catalog.config, path, wanted)
    try:
        source = source_of(key)
        facts = replace(facts, source_path=source.path or path, source_notes=source.notes)
        if not source.unusable:  # its error says it
            facts = replace(facts, unread=source.unread)
        starts_later = source.kind is SourceKind.NONE and not source.unusable
        if starts_later and _starts_later(catalog, key):
            # it has later results only: neither cells nor plate map are asked for
            facts = _with_load_data(look, facts)
            refuse_unusable_tables(look, _later_tables(catalog, key))
            return replace(facts, wanted=Wanted(collate=False, annotate=False, negcon=False))
        source.required(key)
        if wanted.collate:
            refuse_unusable(look, catalog.config, source)
        if source.listing is None:
            facts = _with_load_data(look, facts)
        if wanted.collate and source.kind is SourceKind.CSVS:
            facts = replace(facts, images=_images(look, catalog.config, key, source))
        slimmed = source if source.shape is not None else slim(source)
        facts = _with_source(catalog, facts, slimmed, scratch)
    except ProfilingError as error:  # this plate's alone; the others are looked at
        return replace(facts, source_error=error if wanted.collate else None)
    if not (wanted.annotate or wanted.negcon):
        return facts
    return _with_plate_map(catalog, look, _with_profiles(catalog, look, facts, source))


def _images(look: Workspace, config: Config, key: PlateKey, source: PlateSource) -> ImageLook:
    """Look into Image files: the headers of all where that is cheap, the sites of the largest."""
    is_slim = source.shape is not None
    folders = listing_of(source).folders
    few = folders if is_slim else listing_of(slim(source)).folders
    number = source.shape.folders if source.shape is not None else len(folders)
    if look.at_once > 1:  # on S3 a header is a request
        folders = few
    elif is_slim and number > len(few):
        folders = plate_site_folders(look, key, config.collate.csv_dir).folders
    looked, problems = header_problems(folders)
    whole = number == len(few)
    sites = look_at_sites(few, key.plate, collate_options(config), whole=whole)
    return replace(sites, looked=looked, defects={**sites.defects, **problems})


def _foreign(workspace: Workspace, small: Sequence[str]) -> ForeignFiles | None:
    """Look at the first few of a plate's small files: one that is no table tells of the others."""
    for path in small[:_SMALL_LOOKED_AT]:
        kind = foreign_kind(workspace.read_head(path, HEAD_BYTES))
        if kind is not None:
            return ForeignFiles(path, kind.what, kind.remedy, len(small))
    return None


def _with_load_data(look: Workspace, facts: PreflightFacts) -> PreflightFacts:
    """Look whether load data can be used that is not needed for cells."""
    try:
        read_expected(look, facts.key, facts.config.aggregation.well_column)
    except InvalidInputError as error:
        return replace(facts, load_data_error=error)
    return facts


def _starts_later(catalog: Catalog, key: PlateKey) -> bool:
    entry = catalog.registry.plates.get(key)
    return entry is not None and Source.PROFILES in entry.sources


def _later_tables(catalog: Catalog, key: PlateKey) -> list[str]:
    paths = [
        result_path(result.template, str(key))
        for result in catalog.results.values()
        if result.level == PLATE and result.upstream
    ]
    return [path for path in paths if path.endswith((".csv", ".csv.gz"))]


def _with_source(
    catalog: Catalog, facts: PreflightFacts, source: PlateSource, scratch: Path | None
) -> PreflightFacts:
    if source.listing is None or source.shape is None:
        return facts
    config = catalog.config
    known = replace(
        facts,
        completeness=source.listing.completeness,
        load_data_path=source.listing.load_data_path,
        foreign=_foreign(catalog.workspace, source.shape.small),
        wells=source.shape.wells,
        tables=source.shape.tables,
        csv_bytes=source.shape.csv_bytes,
    )
    if not facts.wanted.collate:
        return known
    refuse_foreign_images(source)
    survey = few_headers(source, munge=config.collate.munge)
    image = survey.tables.get(IMAGE)
    wide = too_wide_survey(survey) if SQLITE in catalog.results else None
    known = replace(
        known,
        image_columns=() if image is None else image.columns,
        no_object_table=image is not None and set(survey.tables) <= {IMAGE},
        too_wide=wide or "",
    )
    if scratch is None or _backend_stands(catalog, facts.key):
        return known
    try:
        needed = _backends(catalog) * backend_bytes(known.csv_bytes)
        what = f"the backend of plate {facts.key}"
        check_space(catalog.workspace, scratch, needed, what=what, path=source.path)
    except ProfilingError as error:
        return replace(known, no_space=error)
    return replace(known, needed=needed)


def _with_plate_map(catalog: Catalog, look: Workspace, facts: PreflightFacts) -> PreflightFacts:
    try:
        plate_map, externals, files = load_plate_map(look, catalog.config, facts.key)
        excluded = load_exclusions(look, facts.key).wells
    except ProfilingError as error:
        return replace(facts, plate_map_error=error)
    return replace(
        facts,
        plate_map=plate_map,
        externals=externals,
        of_plate=files.of_plate,
        excluded=frozenset(excluded),
    )


def _with_profiles(
    catalog: Catalog, look: Workspace, facts: PreflightFacts, source: PlateSource
) -> PreflightFacts:
    """Read the finished table that a plate starts from, where the config asks for some wells."""
    config = catalog.config
    asked = queries(config, facts.key.batch)
    groups = config.normalize.groups or config.normalize_negcon.groups
    if source.kind is not SourceKind.PROFILES or not (asked or groups):
        return facts
    try:
        frame = read_profiles(
            look.read_bytes(source.path),
            path=source.path,
            well_column=config.annotate.well_column,
        )
    except ProfilingError as error:
        return replace(facts, source_error=error)
    return replace(facts, profiles=frame.loc[:, [n for n in frame.columns if is_metadata(n)]])


def _backends(catalog: Catalog) -> int:
    return sum(name in catalog.results for name in (SQLITE, PARQUET))


def _backend_stands(catalog: Catalog, key: PlateKey) -> bool:
    return catalog.workspace.stat(layout.sqlite_backend(key)) is not None


def _disk(catalog: Catalog, plates: list[PreflightFacts]) -> tuple[int | None, int | None]:
    root = Path(catalog.workspace.location(""))
    if not root.is_dir():  # on S3 there is no end of it
        return None, None
    return sum(plate.needed for plate in plates), shutil.disk_usage(root).free


def _forgotten(catalog: Catalog) -> tuple[PlateKey, ...]:
    named = {
        PlateKey(batch.batch, plate.name)
        for batch in catalog.config.batches
        if batch.process
        for plate in batch.plates
    }
    batches = {key.batch for key in named}
    return tuple(
        key for key in catalog.asked_for.not_asked if key.batch in batches and key not in named
    )


def _batches(
    look: Workspace, catalog: Catalog, wanted: Mapping[PlateKey, Wanted]
) -> list[PlateMapFacts]:
    names = sorted({key.batch for key, steps in wanted.items() if steps.annotate})
    found: list[PlateMapFacts] = []
    for batch in names:
        files = find_platemap_files(look, batch)
        try:
            path = files.barcode_path()
            barcodes = read_barcode_platemap(
                look.read_bytes(path), path=path, **barcode_columns(catalog.config)
            )
        except ProfilingError:  # each plate's own finding says it
            continue
        known = frozenset(key.plate for key in catalog.registry.plates if key.batch == batch)
        found.append(PlateMapFacts(batch, path, barcodes, known, files.shadowed))
    return found


def write_error(workspace: Workspace, batches: Collection[str]) -> ProfilingError | None:
    """Write a small file where results go, read it back and remove it; return what is in the way.

    `batches`: batches whose folders, where they are there already, are tried too.
    """
    root = Path(workspace.location(""))
    folders = [""]
    if root.is_dir():  # on S3 there are no folders, and no rights of them
        tried = [f"{area}/{batch}" for area in _OUTPUTS for batch in sorted(batches)]
        folders += [folder for folder in (*_OUTPUTS, *tried) if (root / folder).exists()]
    for folder in folders:
        try:
            _probe(workspace, f"{folder}/" if folder else "")
        except ProfilingError as error:
            return error
    return None


def _probe(workspace: Workspace, prefix: str) -> None:
    path, text = f"{prefix}{NAME}_{uuid.uuid4().hex}", b"can be removed\n"
    try:
        workspace.publish_bytes(text, path)
        if workspace.read_bytes(path) != text:
            raise WorkspaceError(
                "what was written there is not what is read from it",
                path=path,
                remedy="see whether another disk or bucket lies behind it",
            )
    finally:
        workspace.remove(path)
