"""Every reader of a file that a user or another program wrote, and what must hold of what it read.

Put here: a sound file of each kind, its reader, and the rule in = kept + dropped.
Do not put here: how files are damaged (`hostile_bytes`), single cells (`hostile_plates`).
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from profiling_assets.config.load import parse_config
from profiling_assets.config.template import render_config
from profiling_assets.dagster.sensors.queue import plates_named
from profiling_assets.dagster.sensors.turns import parse_watch_json, watch_json
from profiling_assets.errors import ProfilingError
from profiling_assets.profiles.annotate import annotate_profiles
from profiling_assets.profiles.excluded_wells import read_exclusions
from profiling_assets.profiles.feature_list import apply_selection, selection_from_table
from profiling_assets.profiles.frozen_features import frozen_selection, read_frozen_features
from profiling_assets.profiles.hand_written import read_hand_made
from profiling_assets.profiles.plate_map import (
    ExternalMetadata,
    join_name,
    plate_map_name_of,
    read_barcode_platemap,
    read_external_metadata,
    read_plate_map,
)
from profiling_assets.profiles.tables import profiles_csv, read_profiles, read_tsv, table_facts
from profiling_assets.quality.report.contents import facts_of_page
from profiling_assets.quality.report.page import plate_page
from profiling_assets.quality.summary_table import sites_of_load_data
from profiling_assets.steps.provenance import (
    FileMark,
    Origin,
    changed_provenance,
    parse_provenance,
)
from profiling_assets.workspace.ledger import WellState
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.plates import Source
from profiling_assets.workspace.registry import PlateEntry, Registry, parse_registry, registry_json
from profiling_assets.workspace.sites import expected_sites
from profiling_assets_tests.faults.hostile_bytes import damaged
from profiling_assets_tests.faults.hostile_limits import no_hang
from profiling_assets_tests.quality.test_report_page import FULL, PICTURE

KEY = PlateKey("2026_03_02_Batch1", "000123")
WELLS = tuple(f"{row}{number:02d}" for row in "ABC" for number in range(1, 5))


Reader = Callable[[bytes], None]


def _table(header: str, rows: list[str], mark: str = ",") -> bytes:
    return "".join(f"{line.replace(',', mark)}\n" for line in (header, *rows)).encode()


BARCODES = _table(
    "Assay_Plate_Barcode,Plate_Map_Name",
    ["000123,MAP-1", "PL-01-x,MAP-1", "OASIS--20Xvs40X,MAP.2", "A01,map 3"],
)
PLATE_MAP = _table(
    "plate_map_name,well_position,broad_sample,control_type,concentration",
    [f"MAP-1,{w},B-{n},{'negcon' if n < 4 else ''},{n}.50" for n, w in enumerate(WELLS)],
    "\t",
)
EXTERNAL = _table(
    "broad_sample,gene,smiles", [f"B-{n},G{n},C(=O){n}" for n in range(len(WELLS))], "\t"
)
EXCLUSIONS = _table(
    "batch,plate,well,reason", [f"{KEY.batch},{KEY.plate},{w},leaking" for w in WELLS[:3]], "\t"
)
LOAD_DATA = _table(
    "Metadata_Plate,Metadata_Well,Metadata_Site,FileName_OrigDNA",
    [f"000123,{well},{site},r{site}.tiff" for well in WELLS for site in (1, 2)],
)
FEATURES = ("Cells_AreaShape_Area", "Cytoplasm_Texture_Contrast_DNA", "Nuclei_Intensity_Mean")
PROFILES = _table(
    ",".join(("Metadata_Plate,Metadata_Well,Metadata_Object_Count", *FEATURES)),
    [f"000123,{well},{20 + n},{n}.5,1e-{n},-{n}.25" for n, well in enumerate(WELLS)],
)
FROZEN = "\n".join(("feature", *FEATURES, "")).encode()
SELECTION = _table(
    "column,kind,outcome,operation,level,value,reason",
    [
        "Metadata_Well,metadata,kept,,,,",
        *(f"{name},feature,kept,,batch,," for name in FEATURES),
        "Cells_X,feature,dropped,blocklist,batch,,on the blocklist",
    ],
    "\t",
)
CONFIG = render_config({"2026_B1": ["000123", "P-2"]}, pipeline="x", negcon=True).encode()
REGISTRY = registry_json(
    Registry(
        {
            KEY: PlateEntry(frozenset({Source.CSVS}), 24, 23, "abc", None),
            PlateKey("B", "P"): PlateEntry(frozenset({Source.SQLITE}), None, None, None, "focus"),
        }
    )
)
CURSOR = (
    b'{"version":1,"rotation":"B/P","reloaded":["x",12],'
    b'"pending":{"B/P":[1,2,3,4,"m",5.5,null],"B/Q":[1,2,3,4,"m",5.5,6.5]}}'
)
NOTICE = (
    b'{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"w/analysis/B/P/analysis/x"}}}]}'
)
MADE = {"profiles/B/P/P.csv.gz": Origin("a", FileMark(3, "ab"), "1", "c", {"i": "f"}, {"p": "1"})}
PROVENANCE = changed_provenance(None, MADE)


def _wells_frame() -> pd.DataFrame:
    return read_profiles(PROFILES, path="profiles.csv")


def _barcodes(data: bytes) -> None:
    named = read_barcode_platemap(data, path="barcode_platemap.csv")
    table = read_hand_made(data, path="x", expected=("Assay_Plate_Barcode", "Plate_Map_Name"))
    plates = {cell.strip() for cell in table.values("Assay_Plate_Barcode")} - {""}
    assert set(named) == plates
    for plate in (*named, "000123", "absent"):
        try:
            name = plate_map_name_of(plate, named, path="barcode_platemap.csv")
        except ProfilingError as error:
            told(error)
        else:
            assert not set("/\\\0") & set(name)
            assert not name.startswith(".")


def _joined(data: bytes, external: ExternalMetadata | None) -> None:
    plate_map = read_plate_map(data, path="map.txt")
    rows = read_hand_made(data, path="map.txt", expected=("well_position",)).rows
    assert len(plate_map.frame) + plate_map.ignored_rows == len(rows)
    profiles = _wells_frame()
    result = annotate_profiles(
        profiles,
        plate_map,
        well_column="Metadata_Well",
        platemap_well_column="well_position",
        external=external,
        key=KEY,
    )
    states = Counter(record.state for record in result.wells)
    assert states[WellState.PROFILE] == len(result.frame)
    assert states[WellState.PROFILE] + states[WellState.NOT_IN_PLATE_MAP] == len(profiles)
    names = Counter(join_name(record.well) for record in result.wells)
    assert names == Counter({*plate_map.wells, *WELLS})
    assert not result.frame.columns.has_duplicates
    back = read_profiles(profiles_csv(result.frame, float_format="%.5g", gzip=True), path="again")
    assert len(back) == len(result.frame)


def _plate_map(data: bytes) -> None:
    _joined(data, None)


def _external(data: bytes) -> None:
    frame = read_external_metadata(data, path="external.tsv")
    _joined(PLATE_MAP, ExternalMetadata("external.tsv", frame, "broad_sample"))


def _excluded(data: bytes) -> None:
    exclusions = read_exclusions(data, KEY, path="exclusions.tsv")
    profiles = _wells_frame()
    result = annotate_profiles(
        profiles,
        read_plate_map(PLATE_MAP, path="map.txt"),
        well_column="Metadata_Well",
        platemap_well_column="well_position",
        external=None,
        key=KEY,
        exclusions=exclusions,
    )
    states = Counter(record.state for record in result.wells)
    assert states[WellState.EXCLUDED] == len(set(exclusions.wells) & set(WELLS))
    assert len(result.frame) + states[WellState.EXCLUDED] == len(WELLS)


def _load_data(data: bytes) -> None:
    assert expected_sites(data, path="load_data.csv", plate="000123")


def _load_data_summary(data: bytes) -> None:
    sites_of_load_data(
        data, path="load_data.csv", plate="000123", row="Metadata_Row", column="Metadata_Col"
    )


def _profiles(data: bytes) -> None:
    frame = read_profiles(data, path="profiles.csv")
    table_facts(frame)
    back = read_profiles(profiles_csv(frame, float_format=None, gzip=False), path="again")
    assert list(back.columns) == list(frame.columns)
    assert len(back) == len(frame)


def _frozen(data: bytes) -> None:
    frozen = read_frozen_features(data, path="frozen.tsv")
    selection = frozen_selection({KEY: _wells_frame()}, frozen, level="batch")
    assert set(frozen.names) <= set(selection.columns)


def _selection(data: bytes) -> None:
    selection = selection_from_table(read_tsv(data, path="list.tsv"), path="list.tsv")
    assert len(apply_selection(_wells_frame(), selection)) == len(WELLS)


def _config(data: bytes) -> None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:  # `read_config` says so
        return
    parse_config(text, path="config.yml")


def _registry(data: bytes) -> None:
    registry = parse_registry(data, path="plates.json")
    assert parse_registry(registry_json(registry), path="plates.json") == registry


def _cursor(data: bytes) -> None:
    watch_json(parse_watch_json(data.decode("utf-8", "replace")))


def _notice(data: bytes) -> None:
    plates_named([data.decode("utf-8", "replace")], ["s3://b/w"])


def _provenance(data: bytes) -> None:
    # it is no input of anything: what cannot be read is begun anew
    written = changed_provenance(data, MADE, [("profiles/B/P/P.csv.gz", FileMark(9))])
    assert set(MADE) <= set(parse_provenance(written, path="provenance.json"))
    parse_provenance(data, path="provenance.json")


def _page(data: bytes) -> None:
    facts_of_page(data)


@dataclass(frozen=True)
class Kind:
    """A kind of file."""

    sound: bytes
    read: Reader


KINDS: dict[str, Kind] = {
    "barcode map": Kind(BARCODES, _barcodes),
    "plate map": Kind(PLATE_MAP, _plate_map),
    "external metadata": Kind(EXTERNAL, _external),
    "exclusions": Kind(EXCLUSIONS, _excluded),
    "load data": Kind(LOAD_DATA, _load_data),
    "load data for the summary": Kind(LOAD_DATA, _load_data_summary),
    "profile table": Kind(PROFILES, _profiles),
    "frozen list": Kind(FROZEN, _frozen),
    "frozen list of a run": Kind(SELECTION, _frozen),
    "list of selected features": Kind(SELECTION, _selection),
    "config": Kind(CONFIG, _config),
    "registry": Kind(REGISTRY, _registry),
    "sensor cursor": Kind(CURSOR, _cursor),
    "queue message": Kind(NOTICE, _notice),
    "provenance": Kind(PROVENANCE, _provenance),
    "report page": Kind(plate_page(FULL, PICTURE, "../B.html"), _page),
}


def told(error: ProfilingError) -> None:
    """Check what a user reads: a sentence of bearable length."""
    text = str(error)
    assert text.strip()
    assert len(text) < 100_000


@dataclass(frozen=True)
class Case:
    """One damaged file."""

    kind: str
    number: int
    how: str
    data: bytes


def cases(kind: str, count: int, seed: int = 0) -> Iterator[Case]:
    """Give the damaged files of a kind, the same at every call."""
    for number in range(count):
        rng = random.Random(f"{kind}/{seed}/{number}")
        how, data = damaged(rng, KINDS[kind].sound)
        yield Case(kind, number, how, data)


def tried(case: Case) -> str:
    """Read one damaged file.

    Returns
    -------
    str
        `read` or `refused`; any other end is an exception that says which case it was.
    """
    try:
        with no_hang():
            KINDS[case.kind].read(case.data)
    except ProfilingError as error:
        told(error)
        return "refused"
    except Exception as error:
        error.add_note(f"{case.kind}, case {case.number}: {case.how}: {case.data[:300]!r}")
        raise
    return "read"
