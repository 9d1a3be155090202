"""One small plate, written in any layout in which CellProfiler output is found.

`random_layout` draws one; `write_plate` writes it below a workspace. What is read of it must be
what is read of the plate in `CANONICAL`. A loop over seeds makes as many plates as one likes.
"""

import csv
import gzip
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from profiling_assets.workspace.names import PlateKey

KEY = PlateKey("2024_01_01_Batch1", "PL-01-x")
WELLS = ("A01", "A02", "B01")
SITES = (1, 2)
OBJECTS = ("Cells", "Cytoplasm", "Nuclei")

PLACES = tuple((well, site) for well in WELLS for site in SITES)
Place = tuple[str, int]
ARRANGEMENTS = ("site", "well", "plate", "nested", "deeper", "flat")
NAMES = ("{plate}-{well}-{site}", "{well}-{site}", "{plate}_{well}_{site}", "{well}_s{site}")
PREFIXES = ("", "MyExpt_", "exp 1 ", "{plate}_{well}_{site}_")
ENDINGS = (".csv", ".csv.gz", ".CSV", ".csv, tabs", ".txt", ".txt.gz", ".tsv")


@dataclass(frozen=True)
class Layout:
    """How a plate's CSVs are laid out."""

    arrangement: str = "site"
    inner: bool = True  # whether they lie in `analysis` below the plate's folder
    name: str = NAMES[0]  # of a site's folder
    prefix: str = ""
    endings: tuple[str, ...] = (".csv",)  # of the files, in turn


@dataclass(frozen=True)
class Accidents:
    """What is odd about a plate, whatever its layout."""

    missing: frozenset[Place] = frozenset()  # sites that the load data name and nobody analysed
    repeated: frozenset[Place] = frozenset()  # sites that were imaged twice
    without_cells: frozenset[Place] = frozenset()
    stray: frozenset[Place] = frozenset()  # sites with a table that the others do not have
    further: bool = False  # whether every site has a table of PH3, mostly without objects
    load_data: bool = False


CANONICAL = Layout()
SOUND = Accidents()
Row = Mapping[str, str]
Tables = Mapping[str, Sequence[Row]]
_OBJECT_COLUMNS = ("ImageNumber", "ObjectNumber", "AreaShape_Area", "Intensity_Mean_DNA")


def random_layout(rng: Random) -> Layout:
    """Draw a layout."""
    arrangement = rng.choice(ARRANGEMENTS)
    prefix = rng.choice(PREFIXES)
    if arrangement == "flat":
        prefix = PREFIXES[-1]
    elif arrangement in {"well", "plate"} and "{" in prefix:
        prefix = "MyExpt_"
    text = rng.random() < 0.3  # CellProfiler writes all tables of a run alike
    endings = ENDINGS[4:] if text else ENDINGS[:4]
    return Layout(
        arrangement,
        inner=rng.random() < 0.7,
        name=rng.choice(NAMES),
        prefix=prefix,
        endings=tuple(rng.choice(endings) for _ in range(rng.choice((1, 3, 5)))),
    )


def random_accidents(rng: Random, layout: Layout) -> Accidents:
    """Draw what is odd about a plate; one site at least is sound."""

    def some(most: int) -> frozenset[Place]:
        return frozenset(rng.sample(PLACES[1:], rng.randint(0, most)))

    missing = some(2)
    # a folder of several sites has a table or has not
    alone = layout.arrangement not in {"well", "plate"}
    return Accidents(
        missing=missing,
        repeated=some(2) - missing,
        without_cells=some(3) - missing,
        stray=some(1) - missing if alone else frozenset(),
        further=rng.random() < 0.5,
        load_data=rng.random() < 0.7,
    )


def plate_rows(rng: Random, accidents: Accidents = SOUND) -> dict[Place, dict[str, list[Row]]]:
    """Draw the rows of each site's tables; each Image row has an ImageNumber of its own."""
    drawn: dict[Place, dict[str, list[Row]]] = {}
    for number, place in enumerate(PLACES, start=1):
        if place in accidents.missing:
            continue
        drawn[place] = _site_rows(rng, number, place, accidents)
        if place in accidents.repeated:
            again = _site_rows(rng, number + len(PLACES), place, accidents)
            for table, rows in again.items():
                drawn[place][table].extend(rows if table != "Experiment" else ())
    return drawn


def _site_rows(
    rng: Random, number: int, place: Place, accidents: Accidents
) -> dict[str, list[Row]]:
    cells = 0 if place in accidents.without_cells else rng.randint(1, 4)
    image = {
        "ImageNumber": str(number),
        "Count_Cells": str(cells),
        "Metadata_Plate": KEY.plate,
        "Metadata_Well": place[0],
        "Metadata_Site": str(place[1]),
        "FileName_OrigDNA": "a, b.tif" if rng.random() < 0.1 else f"{number}.tif",
    }
    rows: dict[str, list[Row]] = {
        "Image": [image],
        "Experiment": [{"Key": "Version", "Value": "4"}],
        **{table: _objects(rng, number, cells) for table in OBJECTS},
    }
    if accidents.further:
        rows["PH3"] = _objects(rng, number, rng.choice((0, 0, 0, 1)))
    if place in accidents.stray:
        rows["Stray"] = _objects(rng, number, 2)
    return rows


def _objects(rng: Random, image: int, count: int) -> list[Row]:
    return [
        {
            "ImageNumber": str(image),
            "ObjectNumber": str(number + 1),
            "AreaShape_Area": str(rng.randint(1, 9999)),
            "Intensity_Mean_DNA": "nan" if rng.random() < 0.1 else repr(rng.random()),
        }
        for number in range(count)
    ]


def write_plate(root: Path, layout: Layout, rng: Random, accidents: Accidents = SOUND) -> None:
    """Write a plate in a layout; the same state of `rng` gives the same values in any."""
    rows = plate_rows(rng, accidents)
    base = root / "analysis" / KEY.batch / KEY.plate
    base = base / "analysis" if layout.inner else base
    written = 0
    for folder, prefix, all_places in _folders(layout):
        places = [place for place in all_places if place in rows]
        if not places:
            continue
        (base / folder).mkdir(parents=True, exist_ok=True)
        tables = dict.fromkeys(table for place in places for table in rows[place])
        for table in tables:
            together = [row for place in places for row in rows[place].get(table, ())]
            if table == "Experiment":
                together = together[:1]
            ending = layout.endings[written % len(layout.endings)]
            written += 1
            name = f"{prefix}{table}{ending.removesuffix(', tabs')}"
            (base / folder / name).write_bytes(_content(together, ending))
    if accidents.load_data:
        path = root / "load_data_csv" / KEY.batch / KEY.plate / "load_data.csv"
        path.parent.mkdir(parents=True)
        lines = [f"{KEY.plate},{well},{site}" for well, site in PLACES]
        path.write_text("\n".join(["Metadata_Plate,Metadata_Well,Metadata_Site", *lines]) + "\n")


def _folders(layout: Layout) -> Iterator[tuple[str, str, Sequence[tuple[str, int]]]]:
    """Yield each folder, the prefix of its files, and the sites in them."""
    places = [(well, site) for well in WELLS for site in SITES]
    if layout.arrangement == "plate":
        yield "", layout.prefix, places
        return
    if layout.arrangement == "well":
        for well in WELLS:
            yield f"{KEY.plate}-{well}", layout.prefix, [(well, site) for site in SITES]
        return
    for well, site in places:
        words = {"plate": KEY.plate, "well": well, "site": site}
        folder = {
            "site": layout.name,
            "nested": "{well}/{site}",
            "deeper": "run 1/{well}/" + layout.name,
            "flat": "",
        }[layout.arrangement]
        yield folder.format(**words), layout.prefix.format(**words), [(well, site)]


def _content(rows: Sequence[Row], ending: str) -> bytes:
    text = io.StringIO(newline="")
    tabs = ending.startswith((".txt", ".tsv")) or ending.endswith("tabs")
    writer = csv.writer(text, delimiter="\t" if tabs else ",")
    writer.writerow(rows[0] if rows else _OBJECT_COLUMNS)
    writer.writerows(row.values() for row in rows)
    data = text.getvalue().encode()
    return gzip.compress(data, mtime=0) if ending.endswith(".gz") else data
