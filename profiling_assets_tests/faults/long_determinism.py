"""The same workspace built twice, with everything different that must not matter.

Order of files, their times, time zone, locale, hash seed, threads, runs at a time, root and
event log. It takes minutes, so `make test-faults` names this file and `make test` does not.
"""

import io
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
from matplotlib.image import imread

import profiling_assets
from profiling_assets.demo.presets import tiny_spec
from profiling_assets_tests.cli.commands import Place, finished, new_place
from profiling_assets_tests.dagster.desk import config_text

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

SAME_CONTENT = {".png", ".parquet", ".h5ad"}
HERE = {
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "ARROW_NUM_THREADS": "1",
}
THERE = {
    "TZ": "Pacific/Kiritimati",
    "LC_ALL": "POSIX",
    "LANG": "de_DE.UTF-8",
    "PYTHONHASHSEED": "4242",
    "OMP_NUM_THREADS": "4",
    "ARROW_NUM_THREADS": "3",
}


def backwards(source: Path, target: Path) -> None:
    """Copy a tree with its files in the opposite order, and with other times."""
    for path in sorted(source.rglob("*"), reverse=True):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _german(folder: Path) -> dict[str, str]:
    """Make a locale with decimal commas, where this machine can; else take the plainest one."""
    maker = shutil.which("localedef")
    if maker is None:
        return {}
    folder.mkdir()
    words = [maker, "-i", "de_DE", "-f", "UTF-8", str(folder / "de_DE.UTF-8")]
    done = subprocess.run(words, capture_output=True, check=False)
    return {"LOCPATH": str(folder), "LC_ALL": "de_DE.UTF-8"} if done.returncode == 0 else {}


def _run(place: Place, variables: dict[str, str], patch: pytest.MonkeyPatch, at_once: int) -> None:
    assert place.dagster_home is not None
    place.dagster_home.mkdir()
    text = (Path(profiling_assets.__file__).parent / "dagster" / "dagster.yaml").read_text(
        encoding="utf-8"
    )
    assert "max_concurrent_runs: 3" in text
    (place.dagster_home / "dagster.yaml").write_text(
        text.replace("max_concurrent_runs: 3", f"max_concurrent_runs: {at_once}"), encoding="utf-8"
    )
    with patch.context() as patched:
        for name, value in variables.items():
            patched.setenv(name, value)
        done = finished(place.start_run(), 600)
    assert done.code == 0, done.text


def _h5(data: bytes) -> dict[str, object]:
    found: dict[str, object] = {}

    def visit(name: str, item: object) -> None:
        attributes = {key: str(value) for key, value in item.attrs.items()}  # type: ignore[attr-defined]
        if isinstance(item, h5py.Dataset):
            found[name] = (attributes, str(item.dtype), np.asarray(item[()]).tolist())
        else:
            found[name] = attributes

    with h5py.File(io.BytesIO(data), "r") as file:
        file.visititems(visit)
    return found


def _same(first: bytes, second: bytes, suffix: str) -> bool:
    if suffix == ".png":
        return np.array_equal(imread(io.BytesIO(first)), imread(io.BytesIO(second)))
    if suffix == ".parquet":
        return pq.read_table(io.BytesIO(first)).equals(pq.read_table(io.BytesIO(second)))
    return repr(_h5(first)) == repr(_h5(second))  # as text NaN equals NaN


def test_nothing_but_input_and_config_decides_what_is_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_plates = replace(tiny_spec(), batches=tiny_spec().batches[:1])
    first = replace(new_place(tmp_path / "workspace", two_plates), dagster_home=tmp_path / "home")
    inputs = first.files()
    first.config.parent.mkdir(exist_ok=True)
    changes = {
        "quality_control.perform": True,
        "options.formats": ["csv.gz", "parquet", "h5ad"],
        "collate.backend": "both",
    }
    first.config.write_text(config_text(changes), encoding="utf-8")
    far = tmp_path / "another folder" / "Zürich 'lab'" / "w"
    second = replace(new_place(far, None), dagster_home=tmp_path / "another home")
    backwards(first.root, far)
    try:
        _run(first, HERE, monkeypatch, 3)
        _run(second, THERE | _german(tmp_path / "locales"), monkeypatch, 1)
    finally:
        first.kill_all()
        second.kill_all()

    names = first.files() | {
        path.relative_to(first.root).as_posix() for path in first.root.rglob("*_provenance.json")
    }
    assert names == second.files() | {
        path.relative_to(far).as_posix() for path in far.rglob("*_provenance.json")
    }
    names -= inputs | {first.config.relative_to(first.root).as_posix()}
    kinds, bytes_differ, differ = Counter[str](), list[str](), list[str]()
    for name in sorted(names):
        one, other = (first.root / name).read_bytes(), (far / name).read_bytes()
        suffix = Path(name).suffix
        kinds[".csv.gz" if name.endswith(".csv.gz") else suffix] += 1
        if one != other:
            same = suffix in SAME_CONTENT and _same(one, other, suffix)
            (bytes_differ if same else differ).append(name)
    assert differ == []
    assert {".sqlite", ".csv", ".csv.gz", ".gct", ".tsv", ".json", ".html"} | SAME_CONTENT <= set(
        kinds
    )
    sys.stdout.write(
        f"\n{len(names)} files of two builds {dict(kinds)}: {len(names) - len(bytes_differ)} have "
        f"the same bytes, {len(bytes_differ)} the same content, 0 differ"
    )
