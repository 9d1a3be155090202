"""Scratch space of a build: at most 1.3 times the SQLite file, wherever the bytes lie."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from profiling_assets.collate import aggregate, sqlite_backend
from profiling_assets.collate.block import Block
from profiling_assets.collate.block_spool import BlockSpool
from profiling_assets.collate.collate_plate import collate_plate
from profiling_assets.collate.column_types import ColumnTypes
from profiling_assets.collate.columns import TableLayout
from profiling_assets.collate.options import CollateOptions, CollateResult
from profiling_assets.collate.sqlite_backend import SqliteSink
from profiling_assets.config.aggregation import AggregateOptions
from profiling_assets_tests.collate.scratch_support import ScratchMeter, metered, names, numbers
from profiling_assets_tests.collate.support import KEY, MadeFolder, csv_text, stored_tables

BOUND = 1.3


@dataclass(frozen=True)
class Shape:
    wells: int
    sites: int
    cells: int
    features: int
    texts: int = 0
    image_features: int = 300


def plate(shape: Shape, *, scattered: bool = False) -> list[MadeFolder]:
    """Make a plate; the folders of a scattered one are named by a number that tells no well."""
    header = ["ImageNumber", "ObjectNumber", *names("F", shape.features)]
    header += names("Text", shape.texts)
    image_header = ["ImageNumber", "Metadata_Well", "Metadata_Site", "URL"]
    image_header += names("Texture_", shape.image_features)
    folders: list[MadeFolder] = []
    for site in range(1, shape.sites + 1):
        for well in range(shape.wells):
            number = site * shape.wells + well
            name = f"{chr(65 + well // 12)}{well % 12 + 1:02d}"
            row = numbers(shape.features, number) + ",some text" * shape.texts
            body = "".join(f"{number},{cell},{row}\n" for cell in range(1, shape.cells + 1))
            data = (",".join(header) + "\n" + body).encode()
            measured = numbers(shape.image_features, number).split(",")
            image = csv_text(image_header, [[number, name, site, f"file:/{number}", *measured]])
            tables = dict.fromkeys(("Cells.csv", "Nuclei.csv"), data)
            folder = f"job{number:04d}" if scattered else f"P1-{name}-{site}"
            folders.append(MadeFolder(folder, {"Image.csv": image.encode(), **tables}))
    return folders


def built(
    folders: list[MadeFolder], out: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[CollateResult, ScratchMeter]:
    # as if memory were small: what waits for its well does not fit, what SQLite is given is written
    monkeypatch.setattr(sqlite_backend, "_CACHE_PAGES", 8)
    monkeypatch.setattr(aggregate, "BlockSpool", lambda folder, _: BlockSpool(folder, 2**20))
    meter = metered(out, monkeypatch)
    result = collate_plate(
        KEY,
        folders,
        None,
        CollateOptions(),
        sqlite_file=out / "backend.sqlite",
        parquet_folder=None,
        aggregate=AggregateOptions("median", image_feature_categories=("Texture",)),
        path="x",
        progress=meter.at_site,
    )
    meter.look()
    return result, meter


ORDINARY = Shape(24, 3, 60, 300)
SHAPES = {
    "ordinary": ORDINARY,
    "scattered": ORDINARY,
    "many_texts": Shape(24, 2, 90, 100, texts=60),
    "no_cells": Shape(24, 20, 0, 300, image_features=1800),
    "narrow": Shape(12, 3, 2500, 3),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_scratch_space_is_at_most_1_3_times_the_sqlite_file(
    shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folders = plate(SHAPES[shape], scattered=shape == "scattered")
    _, meter = built(folders, tmp_path, monkeypatch)
    size = (tmp_path / "backend.sqlite").stat().st_size
    sys.stdout.write(f"{shape}: {meter.peak / size:.2f} of {size:,} bytes\n")  # pytest -s shows it
    assert size > 8 * 10**6
    assert meter.looks > len(folders) / 8
    assert meter.unnamed > 0  # what has no name is seen
    assert meter.peak <= BOUND * size, f"{meter.peak / size:.2f} of {size:,} bytes"
    assert meter.elsewhere == set()


def test_a_scattered_plate_has_the_profiles_of_an_ordinary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shape = Shape(12, 3, 30, 200)
    outs = [tmp_path / "ordinary", tmp_path / "scattered"]
    for out in outs:
        out.mkdir()
    ordinary, _ = built(plate(shape), outs[0], monkeypatch)
    scattered, meter = built(plate(shape, scattered=True), outs[1], monkeypatch)
    assert meter.unnamed < 0.3 * meter.peak  # most of what waits is read back from the backend
    assert ordinary.aggregate is not None
    assert scattered.aggregate is not None
    assert scattered.aggregate.equals(ordinary.aggregate)
    tables = [stored_tables(out / "backend.sqlite")["Cells"] for out in outs]
    assert tables[0].columns == tables[1].columns


def test_sqlite_sorts_its_indices_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # long enough that the index does not fit in what SQLite sorts in memory, 16 MiB
    layout = TableLayout("Cells", ("ImageNumber", "ObjectNumber", "Cells_F"), frozenset())
    layouts = {"Cells": layout}
    meter = metered(tmp_path, monkeypatch, steps=500_000)
    sink = SqliteSink(tmp_path / "backend.sqlite", layouts, ColumnTypes(layouts, {}))
    count = 100_000
    for site in range(12):
        objects = np.arange(count, dtype=float)
        values = np.stack([np.full(count, site + 0.5), objects + 0.5, objects / 7], axis=1)
        sink.add_objects(Block(layout, values, {}, {}), 2**31 + site * 10**8)
    sink.finish([])
    assert meter.unnamed > 10**7
    assert meter.elsewhere == set()
