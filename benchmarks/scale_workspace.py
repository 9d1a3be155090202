"""A workspace of thousands of tiny plates, and an event log that remembers making them.

Put here: the files, and the events of steps that are said to have run.
Do not put here: what is measured on it (`scale`).
The plates are copies of one made-up plate: CSVs that do not name their plate are hard links, so
that 5,000 plates need little room; each plate can be run for real.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy import Engine, event

from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.spec import BatchSpec, WorkspaceSpec

_BATCH, _PLATE, _MAP = "BATCH", "TEMPLATE", "MAP"
_LOAD_DATA = "load_data_with_illum.csv"


def batch_names(batches: int) -> list[str]:
    """Return the names of the batches."""
    return [f"2026_Batch{number:04}" for number in range(1, batches + 1)]


def plate_names(batch: int, count: int) -> list[str]:
    """Return the barcodes of the plates of a batch, numbered over all batches."""
    return [f"BR{batch * count + number:06}" for number in range(count)]


def plate_keys(batches: int, each: int) -> list[str]:
    """Return the plates of the first batches, as `BATCH/PLATE`."""
    return [
        f"{batch}/{plate}"
        for number, batch in enumerate(batch_names(batches))
        for plate in plate_names(number, each)
    ]


def make_many(root: Path, plates: int, batches: int) -> None:
    """Write the workspace; what stands there already is left alone.

    Parameters
    ----------
    root : pathlib.Path
        Its root.
    plates, batches : int
        Plates in all, evenly in batches.
    """
    template = root.with_name(root.name + ".template")
    if not template.exists():
        batch = BatchSpec(_BATCH, (_PLATE,), _MAP)
        spec = WorkspaceSpec(
            (batch,),
            wells=6,
            sites=1,
            cells=6,
            width=30,
            image_width=30,
            negcons=2,
            poscons=1,
        )
        make_workspace(template, spec)
    each = plates // batches
    for number, batch in enumerate(batch_names(batches)):
        names = plate_names(number, each)
        if (root / "analysis" / batch / names[-1]).exists():
            continue
        _put_map(template, root, batch, names)
        for plate in names:
            _put_plate(template, root, batch, plate)


def _put_map(template: Path, root: Path, batch: str, plates: Iterable[str]) -> None:
    maps = root / "metadata/platemaps" / batch
    shutil.copytree(template / "metadata/platemaps" / _BATCH, maps, dirs_exist_ok=True)
    rows = [f"{plate},{_MAP}" for plate in plates]
    text = "\n".join(["Assay_Plate_Barcode,Plate_Map_Name", *rows, ""])
    (maps / "barcode_platemap.csv").write_text(text)


def _put_plate(template: Path, root: Path, batch: str, plate: str) -> None:
    load_data = root / "load_data_csv" / batch / plate
    load_data.mkdir(parents=True, exist_ok=True)
    _put_named(template / "load_data_csv" / _BATCH / _PLATE / _LOAD_DATA, load_data, plate)
    source = template / "analysis" / _BATCH / _PLATE / "analysis"
    target = root / "analysis" / batch / plate / "analysis"
    for site in source.iterdir():
        folder = target / site.name.replace(_PLATE, plate)
        folder.mkdir(parents=True, exist_ok=True)
        for file in site.iterdir():
            if file.stem == "Image":
                _put_named(file, folder, plate)
            else:
                os.link(file, folder / file.name)


def _put_named(file: Path, folder: Path, plate: str) -> None:
    (folder / file.name).write_bytes(file.read_bytes().replace(_PLATE.encode(), plate.encode()))


def remember(instance: dg.DagsterInstance, made: dict[str, list[str]]) -> int:
    """Write one materialization for each partition of each asset, oldest asset first.

    Parameters
    ----------
    instance : dagster.DagsterInstance
        Whose event log is written.
    made : dict of str to list of str
        Partitions by asset, upstream before downstream.

    Returns
    -------
    int
        How many events were written.
    """
    # what is made up need not survive a power cut; a commit then costs no wait for the disk
    event.listen(Engine, "connect", _without_waiting)
    for asset, partitions in made.items():
        for partition in partitions:
            instance.report_runless_asset_event(
                dg.AssetMaterialization(
                    asset,
                    partition=partition,
                    metadata={
                        "path": f"profiles/{partition}/{asset}.csv.gz",
                        "rows": 384,
                        "columns": 3600,
                        "wells_dropped": 0,
                        "remark": "made up to measure the event log",
                    },
                )
            )
    event.remove(Engine, "connect", _without_waiting)
    return sum(map(len, made.values()))


def _without_waiting(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")
