"""A whole workspace with one damaged file: check it, collate a plate of it, annotate it.

Put here: which file is damaged, the way of a plate from files to annotated profiles.
Do not put here: single readers (`hostile_readers`), plates in memory (`hostile_plates`).
"""

import random
import shutil
from pathlib import Path

from profiling_assets.errors import ProfilingError
from profiling_assets.profiles.tables import ledger_tsv, profiles_csv
from profiling_assets.settings import Settings
from profiling_assets.steps.catalog import scanned_catalog
from profiling_assets.steps.collate import make_plate
from profiling_assets.steps.outputs import FileOutput, Stored, TableOutput
from profiling_assets.steps.preflight import everything, preflight
from profiling_assets.steps.profiles import annotated
from profiling_assets.steps.results import AGGREGATED, SQLITE
from profiling_assets.steps.sources import plate_source
from profiling_assets.workspace import layout
from profiling_assets.workspace.names import PlateKey
from profiling_assets.workspace.registry import update_registry
from profiling_assets_tests.dagster.desk import config_text
from profiling_assets_tests.faults.hostile_bytes import damaged
from profiling_assets_tests.faults.hostile_limits import no_hang
from profiling_assets_tests.faults.hostile_readers import EXCLUSIONS, told

KEY = PlateKey("2026_03_02_Batch1", "000123")
_ANALYSIS = f"analysis/{KEY}/analysis"
_SITE = f"{_ANALYSIS}/000123-A01-1"
DAMAGED = (
    f"metadata/platemaps/{KEY.batch}/barcode_platemap.csv",
    f"metadata/platemaps/{KEY.batch}/platemap/TINY-MAP-1.txt",
    f"load_data_csv/{KEY}/load_data_with_illum.csv",
    "metadata/exclusions.tsv",
    layout.REGISTRY,
    layout.site_ledger(KEY),
    f"{_SITE}/Image.csv",
    f"{_SITE}/Cells.csv",
    "config.yml",
)


def prepared(root: Path) -> Path:
    """Complete a made workspace by what a run and a person leave there."""
    (root / "config.yml").write_text(config_text({}), encoding="utf-8")
    (root / "metadata/exclusions.tsv").write_bytes(EXCLUSIONS)
    catalog = scanned_catalog(Settings(str(root), str(root / "config.yml")))
    update_registry(catalog.workspace, lambda known: catalog.registry)
    made(root)
    return root


def made(root: Path) -> TableOutput:
    """Check a workspace, collate a plate and annotate its profiles, as a run does."""
    catalog = scanned_catalog(Settings(str(root), str(root / "config.yml")))
    plates = dict.fromkeys(catalog.asked_for.plates, everything(catalog))
    for finding in preflight(catalog, plates).findings:
        assert finding.what.strip()
    workspace, config = catalog.workspace, catalog.config
    scratch = root.parent / f"{root.name} scratch"
    scratch.mkdir()
    source = plate_source(workspace, config, KEY)
    collated = make_plate(workspace, config, KEY, source, scratch, wanted=(SQLITE, AGGREGATED))
    backend = collated.made[SQLITE]
    assert isinstance(backend, FileOutput)
    (root / layout.sqlite_backend(KEY)).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(backend.local, root / layout.sqlite_backend(KEY))
    shutil.rmtree(scratch)
    profiles = collated.made[AGGREGATED]
    assert isinstance(profiles, TableOutput)
    for path, frame in profiles.ledgers.items():
        workspace.publish_bytes(ledger_tsv(frame), path)
    path = layout.profile(KEY)
    workspace.publish_bytes(profiles_csv(profiles.frame, float_format=None, gzip=True), path)
    return annotated(workspace, config, KEY, Stored(workspace, path, AGGREGATED, str(KEY)))


def tried_workspace(sound: Path, root: Path, number: int, seed: int = 0) -> str:
    """Damage one file of a copy of a workspace and go the way of a plate through it.

    Returns
    -------
    str
        `made` or `refused`.
    """
    shutil.copytree(sound, root)
    rng = random.Random(f"workspace/{seed}/{number}")
    path = DAMAGED[number % len(DAMAGED)]
    how, data = damaged(rng, (root / path).read_bytes())
    (root / path).write_bytes(data)
    beside = {file for file in root.parent.iterdir() if file != root}
    try:
        with no_hang():
            made(root)
        end = "made"
    except ProfilingError as error:
        told(error)
        end = "refused"
    except Exception as error:
        error.add_note(f"{path}, case {number}: {how}: {data[:300]!r}")
        raise
    shutil.rmtree(root.parent / f"{root.name} scratch", ignore_errors=True)
    shutil.rmtree(root)
    assert {file for file in root.parent.iterdir() if file != root} == beside
    return end
