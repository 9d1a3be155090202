"""One bad input stops one plate: every input of a plate broken in every way, all sections on."""

import gzip
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from profiling_assets.demo.generate import make_workspace
from profiling_assets.demo.presets import PHENOTYPES
from profiling_assets.demo.spec import BatchSpec, WorkspaceSpec
from profiling_assets.quality.preflight.finding import Severity
from profiling_assets.steps.results import AGGREGATED
from profiling_assets_tests.dagster.desk import config_text
from profiling_assets_tests.steps.in_process import Carried, carried_out

SHORT = "PROFILING_ASSETS_TEST_EVERY_PAIR" not in os.environ
BATCH = "2026_03_02_Batch1"
CSVS, SQLITE, PROFILES, SOUND = "P-csvs", "P-sqlite", "P-profiles", "P-sound"
PLATES = (CSVS, SQLITE, PROFILES, SOUND)
CONFIG = {
    # its pictures take most of the time, and read results alone
    "quality_control.perform": False,
    "feature_select.level": "plate",
    "feature_select_negcon.level": "plate",
    "feature_select.gct": False,
    "feature_select_negcon.gct": False,
}
_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"


def _plain(data: bytes) -> bytes:
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def _as_before(old: bytes, new: bytes) -> bytes:
    return gzip.compress(new, mtime=0) if old.startswith(b"\x1f\x8b") else new


def _other_header(data: bytes) -> bytes:
    head, end, body = _plain(data).partition(b"\n")
    return _as_before(data, head.replace(b"Metadata_", b"Meta_").replace(b"well", b"place")
                      .replace(b"Number", b"Nummer") + end + body)  # fmt: skip


def _rewritten(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(change(file.read_bytes()))


def _in_its_place(put: Callable[[Path], object]) -> Callable[[Path], object]:
    def replaced(file: Path) -> None:
        file.unlink()
        put(file)

    return replaced


BREAKS: dict[str, Callable[[Path], object]] = {
    "absent": Path.unlink,
    "empty": _rewritten(lambda _: b""),
    "cut": _rewritten(lambda data: data[: len(data) * 2 // 3]),
    "another header": _rewritten(_other_header),
    "a Git LFS pointer": _rewritten(lambda _: _LFS),
    "a folder": _in_its_place(Path.mkdir),
    "a link to nowhere": _in_its_place(lambda file: file.symlink_to("nowhere")),
    "a link to itself": _in_its_place(lambda file: file.symlink_to(file.name)),
    "UTF-16": _rewritten(lambda data: _plain(data).decode("latin-1").encode("utf-16")),
    "a web page": _rewritten(lambda _: b"<!DOCTYPE html><title>403</title>"),
    "noise": _rewritten(lambda _: bytes(range(256)) * 40),
}


_NOT_A_FILE = ("absent", "a folder", "a link to nowhere", "a link to itself")


def _site(plate: str) -> str:
    return f"analysis/{BATCH}/{plate}/analysis/{plate}-A01-1"


# each input of one plate: whose it is, and its path
INPUTS: dict[str, tuple[str, str]] = {
    "Image.csv": (CSVS, f"{_site(CSVS)}/Image.csv"),
    "Cells.csv": (CSVS, f"{_site(CSVS)}/Cells.csv"),
    "load data": (CSVS, f"load_data_csv/{BATCH}/{CSVS}/load_data_with_illum.csv"),
    "plate map": (CSVS, f"metadata/platemaps/{BATCH}/platemap/{CSVS}-map.txt"),
    "backend": (SQLITE, f"backend/{BATCH}/{SQLITE}/{SQLITE}.sqlite"),
    "profiles": (PROFILES, f"profiles/{BATCH}/{PROFILES}/{PROFILES}.csv.gz"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four plates that start at CSVs, a backend, profiles and CSVs, each with its own plate map."""
    folder = tmp_path_factory.mktemp("inputs")
    root, config = folder / "ws", folder / "config.yml"
    batch = BatchSpec(BATCH, PLATES, "MAP")
    spec = WorkspaceSpec(
        (batch,), wells=6, cells=6, width=24, image_width=30, negcons=3, poscons=1,
        phenotypes=PHENOTYPES[:1],
    )  # fmt: skip
    make_workspace(root, spec)
    maps = root / "metadata" / "platemaps" / BATCH
    text = (maps / "platemap" / "MAP.txt").read_text("utf-8")
    lines = ["Assay_Plate_Barcode,Plate_Map_Name"]
    for plate in PLATES:
        lines.append(f"{plate},{plate}-map")
        own = text.replace("MAP", f"{plate}-map")
        (maps / "platemap" / f"{plate}-map.txt").write_text(own, "utf-8")
    (maps / "platemap" / "MAP.txt").unlink()
    (maps / "barcode_platemap.csv").write_text("\n".join(lines) + "\n", "utf-8")
    config.write_text(config_text(CONFIG, {BATCH: PLATES}), "utf-8")
    assert not carried_out(root, config).failed
    for plate in (SQLITE, PROFILES):
        shutil.rmtree(root / "analysis" / BATCH / plate)
    shutil.rmtree(root / "backend" / BATCH / PROFILES)
    kept = {SQLITE: "backend", PROFILES: "profiles"}
    for plate in PLATES:
        for area in ("backend", "profiles"):
            place = root / area / BATCH / plate
            for file in sorted(place.glob("*")) if kept.get(plate) == area else ():
                if file.name not in {f"{plate}.sqlite", f"{plate}.csv.gz"}:
                    file.unlink()
            if kept.get(plate) != area:
                shutil.rmtree(place, ignore_errors=True)
    shutil.rmtree(root / ".profiling_assets", ignore_errors=True)
    shutil.rmtree(root / "gct", ignore_errors=True)
    return folder


def _made(done: Carried, plate: str) -> set[str]:
    return {task.name for task in done.made if task.partition == f"{BATCH}/{plate}"}


# a database has no header to change
PAIRS = [
    (what, how) for what in INPUTS for how in BREAKS if (what, how) != ("backend", "another header")
]


# every fourth pair: each input and each way is among them; all pairs are in `make test-faults`
@pytest.mark.parametrize(("what", "how"), PAIRS[::4] if SHORT else PAIRS)
def test_a_bad_input_of_a_plate_is_named_with_a_remedy_and_the_others_are_built(
    what: str, how: str, sound: Path, tmp_path: Path
) -> None:
    plate, path = INPUTS[what]
    shutil.copytree(sound, tmp_path / "w", symlinks=True)
    root = tmp_path / "w" / "ws"
    whole = {one: _whole(one) for one in PLATES}
    BREAKS[how](root / path)
    done = carried_out(root, tmp_path / "w" / "config.yml")
    for other in set(PLATES) - {plate}:
        assert _made(done, other) >= whole[other], (other, whole[other] - _made(done, other))
    for task, error in done.failed.items():
        assert error.remedy, task
        if task.partition == f"{BATCH}/{plate}":
            assert error.path is not None
    told = [f for f in done.findings if plate in f.scope or plate in f.where]
    assert all(finding.remedy and finding.where for finding in told)
    errors = [f for f in told if f.severity is Severity.ERROR]
    said = [f"{f.where} {f.what}" for f in told] + done.warnings
    said += [f"{error.path} {error.what}" for error in done.failed.values()]
    names = {Path(path).name, Path(path).parent.name} - {plate, BATCH}
    if _made(done, plate) >= whole[plate]:
        assert not errors
        # without load data, or with no file where they should be, a plate is whole
        assert how in _NOT_A_FILE or any(name in one for name in names for one in said), said
    else:
        # what is not built is a problem by name: nobody takes it for done
        assert errors or done.failed
        assert any(name in one for name in {*names, plate} for one in said), said


def _whole(plate: str) -> set[str]:
    """Return the results of a plate that can be made while nothing is broken."""
    names = {"annotated_profiles", "normalized_profiles", "feature_selected_profiles"}
    return names | ({AGGREGATED} if plate != PROFILES else set())
