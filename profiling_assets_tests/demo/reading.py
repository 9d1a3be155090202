"""Readers of a made-up workspace that know nothing of how it was written."""

import csv
from pathlib import Path

import pandas as pd

from profiling_assets.demo.spec import DefectKind
from profiling_assets.demo.truth import GroundTruth, PlateTruth, SiteTruth
from profiling_assets.workspace.names import PlateKey


def site_folder(truth: GroundTruth, plate: PlateTruth, site: SiteTruth) -> Path:
    return truth.root / "analysis" / plate.key.batch / plate.key.plate / "analysis" / site.folder


def defective(truth: GroundTruth, kind: DefectKind) -> list[tuple[PlateTruth, SiteTruth]]:
    return [
        (plate, site)
        for plate in truth.plates
        for site in plate.sites
        if site.defect is not None and site.defect.kind is kind
    ]


def texts(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def load_data(truth: GroundTruth, key: PlateKey) -> pd.DataFrame:
    folder = truth.root / "load_data_csv" / key.batch / key.plate
    return pd.read_csv(folder / "load_data_with_illum.csv", dtype=str, keep_default_na=False)


def plate_cells(truth: GroundTruth, plate: PlateTruth, table: str) -> pd.DataFrame:
    frames: list[pd.DataFrame] = []
    for site in plate.sites:
        path = site_folder(truth, plate, site) / f"{table}.csv"
        if site.cells and path.exists():
            frame = pd.read_csv(path).add_prefix(f"{table}_")
            frame.insert(0, "well", site.well)
            frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def all_files(root: Path) -> list[Path]:
    return sorted(path.relative_to(root) for path in root.rglob("*") if path.is_file())
