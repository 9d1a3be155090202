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


CANONICAL = Layout()
Row = Mapping[str, str]


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


def plate_rows(rng: Random) -> dict[tuple[str, int], dict[str, list[Row]]]:
    """Draw the rows of each site's tables; each site has an ImageNumber of its own."""
    drawn: dict[tuple[str, int], dict[str, list[Row]]] = {}
    for number, place in enumerate(((w, s) for w in WELLS for s in SITES), start=1):
        cells = rng.randint(1, 4)
        image = {
            "ImageNumber": str(number),
            "Count_Cells": str(cells),
            "Metadata_Plate": KEY.plate,
            "Metadata_Well": place[0],
            "Metadata_Site": str(place[1]),
            "FileName_OrigDNA": "a, b.tif" if rng.random() < 0.1 else f"{number}.tif",
        }
        drawn[place] = {"Image": [image], "Experiment": [{"Key": "Version", "Value": "4"}]}
        for table in OBJECTS:
            drawn[place][table] = [
                {
                    "ImageNumber": str(number),
                    "ObjectNumber": str(cell + 1),
                    "AreaShape_Area": str(rng.randint(1, 9999)),
                    "Intensity_Mean_DNA": "nan" if rng.random() < 0.1 else repr(rng.random()),
                }
                for cell in range(cells)
            ]
    return drawn


def write_plate(root: Path, layout: Layout, rng: Random) -> None:
    """Write a plate in a layout; the same state of `rng` gives the same values in any."""
    rows = plate_rows(rng)
    base = root / "analysis" / KEY.batch / KEY.plate
    base = base / "analysis" if layout.inner else base
    written = 0
    for folder, prefix, places in _folders(layout):
        (base / folder).mkdir(parents=True, exist_ok=True)
        for table in ("Image", *OBJECTS, "Experiment"):
            together = [row for place in places for row in rows[place][table]]
            if table == "Experiment":
                together = together[:1]
            ending = layout.endings[written % len(layout.endings)]
            written += 1
            name = f"{prefix}{table}{ending.removesuffix(', tabs')}"
            (base / folder / name).write_bytes(_content(together, ending))


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
    writer.writerow(rows[0])
    writer.writerows(row.values() for row in rows)
    data = text.getvalue().encode()
    return gzip.compress(data, mtime=0) if ending.endswith(".gz") else data
