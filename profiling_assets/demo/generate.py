"""Write a made-up workspace: what CellProfiler, load data and the plate maps would have left.

Put here: the files, their places and their text formats.
Do not put here: what is planted (`spec`, `from_spec`), how values are drawn (`drawn_values`).
Files are written with `csv.writer` as CellProfiler does: CRLF line ends, shortest text of a float,
`nan`. Nothing is copied from a real data set; names follow the rules, values are drawn.
"""

import csv
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from profiling_assets.demo import widths
from profiling_assets.demo.drawn_values import Floats, Table, draw_traits
from profiling_assets.demo.from_spec import ground_truth, stream
from profiling_assets.demo.laws import BODY, IMAGE_SIDE, law_of
from profiling_assets.demo.measurement_names import COMPARTMENTS, image_columns_of_failed
from profiling_assets.demo.spec import BatchSpec, DefectKind, WorkspaceSpec
from profiling_assets.demo.truth import GroundTruth, PlateTruth, SiteTruth
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import well_position

_PLATE_EFFECT, _WELL_EFFECT = 0.3, 0.2  # standard deviations of cells
_PATCHY_SHARE = 0.01
_NAN = float("nan")
_MAP_COLUMNS = (
    *("plate_map_name", "well_position", "broad_sample", "compound_id", "solvent"),
    "control_type",
)
_EXPERIMENT = (
    ("Key", "Value"),
    ("Metadata_GroupingTags", '["Metadata_Plate", "Metadata_Well", "Metadata_Site"]'),
    ("Pipeline_Pipeline", "made up by profiling_assets\nno image was measured\n"),
)


def make_workspace(root: Path, spec: WorkspaceSpec, *, processes: int = 1) -> GroundTruth:
    """Write a workspace.

    The same specification gives the same bytes. What is returned is equal to
    `ground_truth(root, spec)`. Raises `FileExistsError` where the root already has CellProfiler
    output.
    """
    if (root / layout.ANALYSIS).exists():
        raise FileExistsError(root / layout.ANALYSIS)
    truth = ground_truth(root, spec)
    tables = _Tables(truth)
    for batch in spec.batches:
        plates = [plate for plate in truth.plates if plate.key.batch == batch.name]
        _write_metadata(root, batch, plates)
        for plate in plates:
            _write_load_data(root, plate, tables.channels)
            _write_analysis(root, plate, spec, tables, processes)
    return truth


class _Tables:
    """The laws of all tables of a workspace and what treatments add to them."""

    def __init__(self, truth: GroundTruth) -> None:
        self.columns = truth.columns
        widest = max(truth.spec.width, truth.spec.image_width)
        self.channels = widths.rules_for(widest).channels
        self.laws = {
            table: Table(table, [n for n in names if _is_measured(table, n)], self.channels)
            for table, names in truth.columns.items()
        }
        self.shifted = truth.shifted
        self.sparse = truth.sparse
        self.patchy = frozenset(truth.patchy)

    def shift(self, table: str, treatment: str) -> Floats:
        """Return what a treatment adds to each measurement of a table."""
        shifts = self.shifted.get(treatment, {})
        return np.array([shifts.get(f"{table}_{name}", 0.0) for name in self.laws[table].names])


def _is_measured(table: str, name: str) -> bool:
    if table == "Image" and name.startswith(("ImageNumber", "Count_")):
        return False
    return name != "ImageNumber" and law_of(name) is not None


def _write_metadata(root: Path, batch: BatchSpec, plates: Sequence[PlateTruth]) -> None:
    folder = root / layout.platemap_folders(batch.name)[0]
    (folder / "platemap").mkdir(parents=True)
    barcodes = [("Assay_Plate_Barcode", "Plate_Map_Name")]
    barcodes += [(plate.key.plate, plate.plate_map) for plate in plates]
    _write_rows(folder / "barcode_platemap.csv", barcodes, ends="\n")
    rows: list[tuple[str, ...]] = [_MAP_COLUMNS]
    for well, sample in plates[0].treatments.items():
        if well in batch.unmapped_wells:
            continue
        column = well_position(well)[1]
        written = well if batch.padded_wells else f"{well.rstrip('0123456789')}{column}"
        # digits with leading zeros: an identifier that must stay text
        identifier = f"{zlib.crc32(sample.encode()) % 10**6:08d}"
        kind = plates[0].controls[well]
        rows.append((batch.plate_map, written, sample, identifier, "DMSO", kind))
    _write_rows(folder / "platemap" / f"{batch.plate_map}.txt", rows, ends="\n", delimiter="\t")


def _write_load_data(root: Path, plate: PlateTruth, channels: Sequence[str]) -> None:
    folder = root / layout.load_data_folder(plate.key)
    folder.mkdir(parents=True)
    for name, kinds in (
        ("load_data.csv", ("Orig",)),
        ("load_data_with_illum.csv", ("Orig", "Illum")),
    ):
        images = [f"{kind}{channel}" for kind in kinds for channel in channels]
        header = [f"{part}_{image}" for image in images for part in ("FileName", "PathName")]
        header += [f"Metadata_{tag}" for tag in ("Plate", "Well", "Site", "Row", "Col")]
        rows = [[_image_text(plate, site, name) for name in header] for site in plate.sites]
        _write_rows(folder / name, [header, *rows], ends="\n")


def _write_analysis(
    root: Path, plate: PlateTruth, spec: WorkspaceSpec, tables: _Tables, processes: int
) -> None:
    parent = root / layout.analysis_folder(plate.key)
    parent.mkdir(parents=True)
    if processes == 1:
        _write_sites(parent, plate, plate.sites, spec, tables)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        shares = (plate.sites[number::processes] for number in range(processes))
        written = [
            pool.submit(_write_sites, parent, plate, share, spec, tables) for share in shares
        ]
    for share in written:
        share.result()


def _write_sites(
    parent: Path,
    plate: PlateTruth,
    sites: Sequence[SiteTruth],
    spec: WorkspaceSpec,
    tables: _Tables,
) -> None:
    traits = tables.laws["Image"].traits
    biased = [trait for trait in traits if trait in BODY or trait in tables.channels]
    key = plate.key
    of_plate = stream(spec, "plate", key.batch, key.plate).standard_normal(len(biased))
    for site in sites:
        defect = site.defect
        if defect and defect.kind is DefectKind.MISSING_SITE:
            continue
        folder = parent / site.folder
        folder.mkdir()
        of_well = stream(spec, "well", key.batch, key.plate, site.well).standard_normal(len(biased))
        around = dict(zip(biased, _PLATE_EFFECT * of_plate + _WELL_EFFECT * of_well, strict=True))
        rng = stream(spec, "site", key.batch, key.plate, site.well, site.site)
        cells = draw_traits(site.cells, around, traits, rng)
        mean = cells.mean(axis=0) if site.cells else draw_traits(1, around, traits, rng)[0]
        absent = defect.file if defect and defect.kind is DefectKind.MISSING_CSV else None
        for table in ("Image", *COMPARTMENTS, "Experiment"):
            rows: Iterable[Sequence[object]]
            if table == "Image":
                rows = _image_rows(plate, site, tables, mean, rng)
            elif table == "Experiment":
                rows = _EXPERIMENT
            else:
                objects = _object_rows(table, plate, site, tables, cells, rng)
                rows = [tables.columns[table], *objects]
            if f"{table}.csv" != absent:
                _write_rows(folder / f"{table}.csv", rows)


def _object_rows(
    table: str,
    plate: PlateTruth,
    site: SiteTruth,
    tables: _Tables,
    cells: Floats,
    rng: np.random.Generator,
) -> Iterable[tuple[float, ...]]:
    if not site.cells:
        return []
    laws = tables.laws[table]
    values = laws.draw(cells, tables.shift(table, plate.treatments[site.well]), rng)
    by_name: dict[str, Sequence[float]] = dict(zip(laws.names, values, strict=True))
    for name in laws.names:
        feature = f"{table}_{name}"
        if site.well in tables.sparse.get(feature, ()):
            by_name[name] = [_NAN] * site.cells
        elif feature in tables.patchy:
            absent = rng.random(site.cells) < _PATCHY_SHARE
            by_name[name] = np.where(absent, _NAN, by_name[name]).tolist()
    by_name["ImageNumber"] = [site.image_number] * site.cells
    return zip(*(by_name[name] for name in tables.columns[table]), strict=True)


def _image_rows(
    plate: PlateTruth, site: SiteTruth, tables: _Tables, traits: Floats, rng: np.random.Generator
) -> list[Sequence[str | float]]:
    laws = tables.laws["Image"]
    values = laws.draw(traits[None, :], np.zeros(len(laws.names)), rng)
    measured = {name: value[0] for name, value in zip(laws.names, values, strict=True)}
    names = tables.columns["Image"]
    if site.defect and site.defect.kind is DefectKind.QC_FAILED:
        names = image_columns_of_failed(names)
    row = [measured[n] if n in measured else _image_text(plate, site, n) for n in names]
    return [names, row]


def _image_text(plate: PlateTruth, site: SiteTruth, name: str) -> str | float:
    """Return what is no measurement: names, places, numbers and flags of an image."""
    kind, _, of = name.partition("_")
    if kind in {"FileName", "PathName", "URL", "MD5Digest"}:
        return _file_text(plate, site, kind, of)
    match kind:
        case "Height" | "Width":
            return IMAGE_SIDE
        case "Scaling":
            return 65535 if of.startswith("Orig") else 1.0
        case "Count":
            return float(site.cells)
        case "Group" | "ImageNumber":
            return 1 if of in {"Index", "Length"} else site.image_number
        case "Metadata":
            return _tag(plate, site, of)
        case "ModuleError":
            return 0
        case _:
            message = f"no value for {name!r}"
            raise ValueError(message)


def _file_text(plate: PlateTruth, site: SiteTruth, kind: str, image: str) -> str:
    file = _file_name(plate, site, image)
    folder = "illum" if image.startswith("Illum") else "images"
    place = f"/data/{plate.key.batch}/{folder}/{plate.key.plate}"
    digest = hashlib.md5(f"{place}/{file}".encode(), usedforsecurity=False).hexdigest()
    return {
        "FileName": file,
        "PathName": place,
        "URL": f"file:{place}/{file}",
        "MD5Digest": digest,
    }[kind]


def _tag(plate: PlateTruth, site: SiteTruth, tag: str) -> str | int:
    row, column = well_position(site.well)
    failed = site.defect is not None and site.defect.kind is DefectKind.QC_FAILED
    return {
        "Plate": plate.key.plate,
        "Well": site.well,
        "Site": site.site,
        "Row": row,
        "Col": column,
        "QCFlag": int(failed),
    }[tag]


def _file_name(plate: PlateTruth, site: SiteTruth, image: str) -> str:
    if image.endswith("Outlines"):
        objects = image.removesuffix("Outlines").lower()
        return f"{site.well}_s{site.site}--{objects}_outlines.png"
    if image.startswith("Illum"):
        return f"{plate.key.plate}_{image}.npy"
    return f"{site.well}_s{site.site}_{image.removeprefix('Orig')}.tiff"


def _write_rows(
    path: Path,
    rows: Iterable[Sequence[object]],
    *,
    ends: str = "\r\n",
    delimiter: str = ",",
) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator=ends, delimiter=delimiter).writerows(rows)
